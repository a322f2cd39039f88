"""The files of an artifact on disk: in their place, of their size, with the sum that the manifest gives."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from seesay.artifact.manifest import FileRecord
from seesay.errors import ArtifactError


def check_size(file: Path, record: FileRecord) -> None:
    """Refuse a file that is missing, no plain file, or of another size than recorded.

    Raises:
        ArtifactError: one line that names it.
    """
    try:
        status = file.stat()
    except OSError as error:
        why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise ArtifactError(f"{file}: {why}; get the artifact again") from None
    if not stat.S_ISREG(status.st_mode):
        raise ArtifactError(f"{file}: is no file; get the artifact again")
    if status.st_size != record.size:
        raise ArtifactError(f"{file}: has {status.st_size} bytes, not {record.size}; get the artifact again")


def check_place(file: Path, root: Path) -> None:
    """Refuse a file that is a link out of the artifact's folder, or has another name elsewhere (a hard link).

    The Hugging Face cache is understood: there `snapshots/REVISION/NAME` links to `blobs/SUM` of the same repository.

    Raises:
        ArtifactError: one line that names it.
    """
    try:
        linked, target = file.is_symlink(), file.resolve(strict=True)
        folder = root.resolve(strict=True)
        names = target.stat().st_nlink
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        raise ArtifactError(f"{file}: cannot be read ({error}); get the artifact again") from None
    if linked and target.parent != folder:
        blobs = folder.parent.parent / "blobs"
        if not (folder.parent.name == "snapshots" and target.parent == blobs):
            raise ArtifactError(f"{file}: is a link to a file outside of the artifact; put a copy in its place")
    elif names > 1 and os.name == "posix":
        raise ArtifactError(f"{file}: has another name outside of the artifact (a hard link); put a copy in its place")
