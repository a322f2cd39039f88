"""Each write, fsync and rename fails in turn: nothing half-written is left, nothing that was there is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faults import until_it_passes

from seesay.artifact import MANIFEST, WEIGHTS
from seesay.artifact.write import pack, replace_atomically
from seesay.cli.common import output
from seesay.files import write_csv, write_json, write_whole
from seesay.metrics.meteor import convert


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def out(file: Path) -> None:
    with output(file) as stream:
        for line in range(3):
            stream.write(f"{line}\n")


WRITERS = {
    "text": lambda file: write_whole(file, "after"),
    "json": lambda file: write_json(file, {"after": 1}),
    "csv": lambda file: write_csv(file, [["a"], ["b"]]),
    "--out": out,
}


@pytest.mark.parametrize("before", [None, b"before"])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_old_or_new(tmp_path: Path, kind: str, before: bytes | None) -> None:
    file = tmp_path / "file"
    WRITERS[kind](file)
    after = file.read_bytes()
    old = {} if before is None else {"file": before}

    def reset() -> None:
        file.unlink(missing_ok=True)
        if before is not None:
            file.write_bytes(before)

    def check(failed: bool) -> None:
        assert files(tmp_path) == (old if failed else {"file": after})
        reset()

    reset()
    assert until_it_passes(tmp_path, lambda: WRITERS[kind](file), check) >= 3


@pytest.mark.parametrize("before", [None, "old "])
def test_an_artifact_is_old_or_new(tmp_path: Path, before: str | None) -> None:
    folder, zipped = tmp_path / "out" / "model", tmp_path / "out" / "model.zip"
    folder.parent.mkdir()

    def export(what: str) -> None:
        with replace_atomically(folder) as part:
            for name in (MANIFEST, WEIGHTS):
                with (part / name).open("w") as handle:
                    handle.write(what + name)

    def reset() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        if before is not None:
            export(before)

    reset()
    old = files(folder.parent)

    def check(failed: bool) -> None:
        new = {f"model/{name}": f"new {name}".encode() for name in (MANIFEST, WEIGHTS)}
        assert files(folder.parent) == (old if failed else new)
        assert {path.name for path in folder.parent.iterdir()} <= {"model"}, "nothing beside it"
        if failed:
            reset()

    assert until_it_passes(tmp_path / "out", lambda: export("new "), check) > 3
    whole = files(folder.parent)
    artifact: Any = SimpleNamespace(root=folder, files={WEIGHTS: None})

    def check_zip(failed: bool) -> None:
        added = set(files(folder.parent)) - set(whole)
        assert added == (set() if failed else {"model.zip"})
        zipped.unlink(missing_ok=True)

    assert until_it_passes(tmp_path / "out", lambda: pack(artifact, zipped) and None, check_zip) > 3


def test_the_meteor_cache_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(_jar: object, _table: object, part: Path) -> None:
        for name in ("a.npy", "b.npy"):
            with open(part / name, "wb") as handle:  # noqa: PTH123 - as NumPy opens it
                handle.write(b"words")

    monkeypatch.setattr(convert, "_convert", small)
    folder = tmp_path / "cache" / "x"

    def check(failed: bool) -> None:
        assert convert.sound(folder) is not failed
        assert [path.name for path in folder.parent.iterdir()] == ([] if failed else ["x"])

    assert until_it_passes(tmp_path, lambda: convert.convert(tmp_path, tmp_path, folder), check) > 4


TWO = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from seesay.files import write_json
from seesay.metrics.meteor import convert

def small(jar, table, part):
    for name in ("a.npy", "b.npy"):
        (part / name).write_bytes(b"words" * 1000)

convert._convert = small
folder = Path(sys.argv[1])
sys.stdin.readline()
for turn in range(20):
    try:
        (folder / "meteor" / "a.npy").write_bytes(b"damage")
    except OSError:
        pass
    if not convert.sound(folder / "meteor"):
        convert.convert(Path("jar"), Path("table"), folder / "meteor")
    write_json(folder / "same.json", {"by": sys.argv[2], "turn": turn, "long": "x" * 5000})
    json.loads((folder / "same.json").read_text())
print("done")
"""


def test_two_processes_at_one_cache_and_one_file(tmp_path: Path) -> None:
    """Each damages the cache, heals it and writes the same file, twenty times."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    for child in running:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    told = [child.communicate(timeout=120) for child in running]
    assert [out for out, _ in told] == ["done\n", "done\n"], told
    assert json.loads((tmp_path / "same.json").read_text())["turn"] == 19
    assert {path.name for path in tmp_path.iterdir()} == {"meteor", "same.json"}
