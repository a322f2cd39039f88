"""The artifact: what is written is read back, and whatever is damaged is refused by name."""

from __future__ import annotations

import gc
import json
import os
import zipfile
from pathlib import Path

import pytest

from seesay.artifact import (
    FORMAT,
    MANIFEST,
    NETWORKS,
    WEIGHTS,
    Artifact,
    Manifest,
    find_artifact,
    list_artifacts,
    pack,
    read_artifact,
    replace_atomically,
    write_manifest,
)
from seesay.artifact import read as artifacts
from seesay.errors import ArtifactError, UsageError

ABOUT = Manifest(
    name="tiny",
    model={"encoder": {"name": "none"}, "decoder": {"name": "none"}},
    preprocessing={"size": [4, 4]},
    vocabulary={"tokens": ["<pad>", "<start>", "<end>", "<unk>", "häuser", "犬"]},
    grid_size=(2, 3),
    carried=("hidden",),
    search={"beam": 3},
    training={"data": "made up", "license": "none"},
    scores={"CIDEr": 0.1},
    card="# Tiny\nKnows nothing.",
)


def fill(folder: Path) -> Artifact:
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate((WEIGHTS, *NETWORKS)):
        (folder / name).write_bytes(bytes([i]) * (100 + i))
    return write_manifest(folder, ABOUT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "tiny")
    return tmp_path / "tiny"


def edit(folder: Path, **changes: object) -> None:
    values = json.loads((folder / MANIFEST).read_text("utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**values, **changes}), "utf-8")


def test_what_is_sealed_is_read_back(folder: Path) -> None:
    read = read_artifact(folder)
    assert read.manifest == ABOUT
    assert set(read.files) == {WEIGHTS, *NETWORKS}
    assert read.exported
    assert read.name == "tiny"
    assert read.size == sum(path.stat().st_size for path in folder.iterdir())
    assert read.file(WEIGHTS) == folder / WEIGHTS
    read.verify()


def test_a_runs_folder_may_hold_other_things(folder: Path) -> None:
    (folder / "last.safetensors").write_bytes(b"checkpoint")
    assert "last.safetensors" not in write_manifest(folder, ABOUT).files


def test_unexported_artifact_names_the_command(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"x")
    write_manifest(tmp_path, ABOUT)
    trained = read_artifact(tmp_path)
    assert not trained.exported
    with pytest.raises(ArtifactError, match=r"has no encoder\.onnx; run: seesay export"):
        trained.file("encoder.onnx")


def test_newer_format_says_upgrade(folder: Path) -> None:
    edit(folder, format=FORMAT + 1)
    with pytest.raises(ArtifactError, match=rf"format {FORMAT + 1}, this SeeSay reads up to {FORMAT}.*upgrade"):
        read_artifact(folder)


def test_entries_of_later_minor_versions_are_passed_over(folder: Path) -> None:
    edit(folder, mood="cheerful")
    assert read_artifact(folder).manifest == ABOUT


@pytest.mark.parametrize("name", [WEIGHTS, *NETWORKS])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=rf"{name}: is missing"):
        read_artifact(folder)


@pytest.mark.parametrize("name", [WEIGHTS, *NETWORKS])
def test_truncated_file_is_named_without_reading_it(folder: Path, name: str) -> None:
    os.truncate(folder / name, 50)
    with pytest.raises(ArtifactError, match=rf"{name}: has 50 bytes, not 10\d"):
        read_artifact(folder)


def test_changed_file_is_found_by_verify(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[7] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(ArtifactError, match=rf"{WEIGHTS} was changed"):
        read_artifact(folder).verify()


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b'"format"', b"\xff\xfe", b'{"format": 1}', b'{"format": 1, "files": 3}',
     b'{"format": "x", "files": {"weights.safetensors": {}}}', b'{"format": 1, "files": {}}', b"[" * 100_000],
)  # fmt: skip
def test_damaged_manifest_is_one_clear_line(folder: Path, text: bytes) -> None:
    (folder / MANIFEST).write_bytes(text)
    with pytest.raises(ArtifactError, match=MANIFEST) as caught:
        read_artifact(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes", [{"grid_size": [1]}, {"grid_size": None}, {"carried": 3}, {"vocabulary": []}, {"search": "beam"}]
)
def test_wrong_entry_is_refused(folder: Path, changes: dict[str, object]) -> None:
    edit(folder, **changes)
    with pytest.raises(ArtifactError, match=MANIFEST):
        read_artifact(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "extra.bin"])
def test_manifest_may_only_list_an_artifacts_own_files(folder: Path, name: str) -> None:
    edit(folder, files={name: {"size": 1, "sha256": ""}})
    with pytest.raises(ArtifactError, match="is no part of an artifact"):
        read_artifact(folder)


def test_no_artifact_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"holds no seesay\.json"):
        read_artifact(tmp_path)
    with pytest.raises(ArtifactError, match="no such file or folder"):
        read_artifact(tmp_path / "nowhere")


def test_zip_reads_as_the_folder_and_cleans_up(folder: Path, tmp_path: Path) -> None:
    packed = pack(read_artifact(folder), tmp_path / "tiny.zip")
    read = read_artifact(packed)
    read.verify()
    assert read.manifest == ABOUT
    assert read.source == packed
    root = read.root
    assert root.is_dir()
    del read
    gc.collect()
    assert not root.exists()


def test_zip_of_the_same_artifact_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = pack(read_artifact(folder), tmp_path / "a.zip").read_bytes()
    os.utime(folder / WEIGHTS, (0, 0))
    assert pack(read_artifact(folder), tmp_path / "b.zip").read_bytes() == first


def test_zip_made_by_hand_with_the_folder_inside(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "hand.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"tiny/{path.name}")
    read_artifact(tmp_path / "hand.zip").verify()


def test_zip_writes_nothing_outside_its_folder(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
        archive.writestr("../../evil.txt", "x")
        archive.writestr("/tmp/evil.txt", "x")
    read = read_artifact(tmp_path / "evil.zip")
    assert sorted(path.name for path in read.root.iterdir()) == sorted([MANIFEST, WEIGHTS, *NETWORKS])


def test_zip_bomb_stops_at_the_recorded_size(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.iterdir():
            archive.writestr(path.name, bytes(50_000_000) if path.name == WEIGHTS else path.read_bytes())
    with pytest.raises(ArtifactError, match=rf"{WEIGHTS} has 50000000 bytes, not 100"):
        read_artifact(tmp_path / "bomb.zip")


def test_broken_zip(folder: Path, tmp_path: Path) -> None:
    packed = pack(read_artifact(folder), tmp_path / "tiny.zip")
    whole = packed.read_bytes()
    for content in (b"", b"PK", whole[: len(whole) // 2], b"text" * 100):
        packed.write_bytes(content)
        with pytest.raises(ArtifactError, match="not a readable zip"):
            read_artifact(packed)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(ArtifactError, match=r"holds no seesay\.json"):
        read_artifact(packed)


def test_writing_is_all_or_nothing(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def interrupted() -> None:
        with replace_atomically(folder) as part:
            fill(part)
            (part / WEIGHTS).write_bytes(b"half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        interrupted()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_writing_replaces_an_artifact(folder: Path) -> None:
    (folder / NETWORKS[0]).unlink()
    with replace_atomically(folder) as part:
        fill(part)
    read_artifact(folder).verify()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_writing_a_zip(tmp_path: Path) -> None:
    with replace_atomically(tmp_path / "new" / "tiny.zip") as part:
        fill(part)
    read_artifact(tmp_path / "new" / "tiny.zip").verify()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["tiny.zip"]


def test_a_zip_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "holiday.zip"
    out.write_bytes(b"photos")
    with pytest.raises(ArtifactError, match=r"is there already; .*--force"), replace_atomically(out):
        pytest.fail("must refuse before anything is written")
    assert out.read_bytes() == b"photos"
    with replace_atomically(out, force=True) as part:
        fill(part)
    read_artifact(out).verify()


def test_writing_never_deletes_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ArtifactError, match=r"holds something else \(thesis\.tex\)"), replace_atomically(tmp_path):
        pytest.fail("must refuse before anything is written")
    with pytest.raises(ArtifactError, match="holds something else"), replace_atomically(tmp_path / "thesis.tex"):
        pytest.fail("must refuse before anything is written")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(artifacts, "EMBEDDED", tmp_path / "embedded")
    fill(tmp_path / "embedded" / "default")
    fill(tmp_path / "embedded" / "merge")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "embedded"


def test_find_by_name_path_or_nothing(embedded: Path, folder: Path) -> None:
    assert find_artifact().root == embedded / "default"
    assert find_artifact("merge").root == embedded / "merge"
    assert find_artifact(str(folder)).root == folder
    assert find_artifact(folder).root == folder
    assert find_artifact("tiny").root == Path("tiny")
    assert [a.root.name for a in list_artifacts()] == ["default", "merge"]


def test_an_embedded_name_wins_over_a_folder(embedded: Path) -> None:
    fill(Path("merge"))
    assert find_artifact("merge").root == embedded / "merge"
    assert find_artifact("./merge").root == Path("merge")
    assert find_artifact(Path("merge")).root == Path("merge")


def test_unknown_name_lists_the_names_and_the_nearest(embedded: Path) -> None:
    with pytest.raises(UsageError, match=r"'defualt'. Did you mean 'default'\? Embedded models: default, merge"):
        find_artifact("defualt")
    with pytest.raises(ArtifactError, match="no such file or folder"):
        find_artifact("runs/nowhere")
    with pytest.raises(ArtifactError, match="no such file or folder"):
        find_artifact("nowhere.zip")
