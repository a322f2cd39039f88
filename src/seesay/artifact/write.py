"""An artifact written: whole, or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from seesay.artifact.manifest import FILES, FORMAT, MANIFEST, FileRecord, Manifest
from seesay.artifact.read import Artifact, read_artifact
from seesay.errors import ArtifactError
from seesay.files import replacing, sha256, sweep_parts, write_whole


def write_manifest(folder: Path, manifest: Manifest) -> Artifact:
    """Write `seesay.json` for the artifact files that lie in `folder`; other files there are no part of it.

    The manifest is written last and at once, so that a folder with a manifest is a whole artifact.
    """
    present = [name for name in FILES if (folder / name).is_file()]
    records = {name: FileRecord((folder / name).stat().st_size, sha256(folder / name)) for name in present}
    values = {"format": FORMAT, **manifest.to_json(), "files": {name: asdict(r) for name, r in records.items()}}
    write_whole(folder / MANIFEST, json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    return Artifact(folder, folder, manifest, records)


@contextmanager
def replace_atomically(out: Path, *, force: bool = False) -> Iterator[Path]:
    """A new folder to fill and `write_manifest`, put in place of `out` at the end; after an error `out` is as before.

    Args:
        out: a folder that does not exist, is empty, or is an artifact and nothing else; or a file name ending in .zip.
        force: write over a .zip that is there.

    Raises:
        ArtifactError: `out` holds other things, is a .zip that is there, or cannot be written.
    """
    _check_replaceable(out, force)
    part = out.with_name(f".{out.name}.{os.getpid()}.folder.part")
    sweep_parts(out)
    try:
        part.mkdir(parents=True)
        yield part
        if out.suffix == ".zip":
            pack(read_artifact(part), out)
        else:
            _swap(part, out)
    except OSError as error:
        raise ArtifactError(f"{out}: artifact not written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def pack(artifact: Artifact, file: Path) -> Path:
    """Write an artifact as one zip, whole or not at all; the same artifact gives the same bytes."""
    import zipfile

    with replacing(file) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (MANIFEST, *artifact.files):
            entry = zipfile.ZipInfo(name)  # dated 1980: no trace of when it was packed
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (artifact.root / name).read_bytes())
    return file


def _check_replaceable(out: Path, force: bool) -> None:
    if not out.exists():
        return
    if out.suffix == ".zip":
        if not out.is_file():
            raise ArtifactError(f"{out}: is not a file; name another --out")
        if not force:
            raise ArtifactError(f"{out}: is there already; name another --out (seesay export --force writes over it)")
        return
    own = {MANIFEST, *FILES}
    others = [path.name for path in out.iterdir() if path.name not in own] if out.is_dir() else [out.name]
    if others:
        raise ArtifactError(f"{out}: holds something else ({min(others)}); name a new folder")


def _swap(part: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    existed = out.exists()
    if existed:
        out.rename(old)
    try:
        part.rename(out)
    except OSError:
        if existed:
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
