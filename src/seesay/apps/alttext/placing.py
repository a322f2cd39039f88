"""New bytes put in the place of a file that is still as it was read."""

from __future__ import annotations

import shutil
from pathlib import Path

from seesay.errors import DataError
from seesay.files import replacing
from seesay.printable import printable
from seesay.reading import read_file

MOST_BYTES = 1 << 30


def put_in_place(target: Path, before: bytes, made: bytes, *, backup: bool = False) -> None:
    """Let new bytes take the place of a file that is still as it was read.

    Raises:
        DataError: it was changed meanwhile, or its backup is there already and is another.
        OSError: it cannot be written.
    """
    exists = target.exists()
    if backup and exists:
        keep = target.with_name(f"{target.name}.bak")
        if not keep.exists():
            shutil.copy2(target, keep)
        # The first backup is the one from before any writing; it stays.
    with replacing(target) as part:
        part.write_bytes(made)
        if exists:
            shutil.copymode(target, part)
            if read_file(target, MOST_BYTES) != before:
                raise DataError(f"{printable(target.name)}: was changed meanwhile; nothing was written")
        elif before:
            raise DataError(f"{printable(target.name)}: is gone; nothing was written")
