"""An artifact read from a folder or zip: its manifest checked, its files of the size that it lists."""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seesay.artifact import rules
from seesay.artifact.files import check_place, check_size
from seesay.artifact.manifest import FILES, FORMAT, MANIFEST, NETWORKS_OF, FileRecord, Manifest
from seesay.errors import ArtifactError
from seesay.files import sha256
from seesay.reading import read_file

EMBEDDED = Path(__file__).parent.with_name("embedded")


@dataclass(frozen=True)
class Artifact:
    """An artifact on disk, its manifest read and the sizes of its files checked.

    Attributes:
        root: the folder it lies in (for a zip, where it was unpacked for as long as this object lives).
        source: what the user named: a folder or a zip.
        manifest: what it says of itself.
        files: the other files, by name.
    """

    root: Path
    source: Path
    manifest: Manifest
    files: Mapping[str, FileRecord]
    _checked: set[str] = field(default_factory=set, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return (self.root / MANIFEST).stat().st_size + sum(record.size for record in self.files.values())

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks that the runtime needs."""
        return NETWORKS_OF[self.manifest.task]

    @property
    def exported(self) -> bool:
        """Whether it holds the networks that the runtime needs."""
        return all(name in self.files for name in self.networks)

    def file(self, name: str) -> Path:
        """Path of one of its files, whose bytes are what the manifest says; compared once for each object.

        Raises:
            ArtifactError: it has no such file, or another one than the manifest lists.
        """
        if name not in self.files:
            todo = f"run: seesay export {self.source} --out DIR" if name in FILES[1:] else "get the artifact again"
            raise ArtifactError(f"{self.source}: has no {name}; {todo}")
        if name not in self._checked:
            self._check(name)
            self._checked.add(name)
        return self.root / name

    def verify(self) -> None:
        """Compare every file with its SHA-256.

        Raises:
            ArtifactError: a file is missing, truncated or changed; the message names it.
        """
        for name in self.files:
            self._check(name)

    def _check(self, name: str) -> None:
        check_size(self.root / name, self.files[name])
        if self.root.parent != EMBEDDED:  # installers may keep a package's files as links to a store of their own
            check_place(self.root / name, self.root)
        if sha256(self.root / name) != self.files[name].sha256:
            raise ArtifactError(f"{self.source}: {name} was changed (other SHA-256); get the artifact again")


def read_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Read an artifact from a folder or zip and check its format and the sizes of its files.

    Raises:
        ArtifactError: missing, damaged, or of a newer format; the message names the file.
    """
    source = Path(path)
    if source.is_dir():
        return read_folder(source, source)
    if source.is_file():
        return _read_zip(source)
    if source.exists():
        raise ArtifactError(f"{source}: is neither a folder nor a zip")
    raise ArtifactError(f"{source}: no such file or folder; give a folder or .zip that holds a {MANIFEST}")


def read_folder(root: Path, source: Path) -> Artifact:
    """Read an artifact from `root`; `source` is what the user named."""
    where = f"{source}: {MANIFEST}"
    try:
        text = read_file(root / MANIFEST, rules.MOST_BYTES)
    except FileNotFoundError:
        raise ArtifactError(f"{source}: holds no {MANIFEST}, so it is no artifact") from None
    except OSError as error:
        raise ArtifactError(f"{where} cannot be read ({error.strerror})") from error
    values, records = parse_manifest(text, where)
    for name, record in records.items():
        check_size(root / name, record)
    return Artifact(root, source, Manifest.from_json(values, where), records)


def parse_manifest(text: bytes, where: str) -> tuple[dict[str, Any], dict[str, FileRecord]]:
    """A manifest's values, and the files that it lists.

    Raises:
        ArtifactError: it is damaged, or of a newer format.
    """
    try:
        values = rules.parse(text)
        version = values.get("format")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError("it names no format")
        if version > FORMAT:
            raise ArtifactError(
                f"{where} is of format {version:.0e}, this SeeSay reads up to {FORMAT}: pip install --upgrade seesay"
                if version > 10**6
                else f"{where} is of format {version}, this SeeSay reads up to {FORMAT}: pip install --upgrade seesay"
            )
        listed = rules.check_records(values.get("files"), FILES)
    except ValueError as error:
        raise ArtifactError(f"{where} is damaged ({error}); get the artifact again") from error
    return values, {name: FileRecord(*record) for name, record in listed.items()}


def _read_zip(source: Path) -> Artifact:
    """Unpack the files that the manifest lists, and no others, to a temporary folder that goes with the artifact."""
    import tempfile

    from seesay.artifact.zips import unpack

    root = Path(tempfile.mkdtemp(prefix="seesay-"))
    try:
        unpack(source, root)
        artifact = read_folder(root, source)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    weakref.finalize(artifact, shutil.rmtree, root, ignore_errors=True)
    return artifact
