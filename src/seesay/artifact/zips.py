"""A zipped artifact unpacked: what it says of its sizes is checked before a byte is taken."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from seesay.artifact import rules
from seesay.artifact.manifest import MANIFEST
from seesay.errors import ArtifactError

MOST_RATIO = 200
"""Bytes for each packed byte; weights have about 1, and nothing that people keep has 100."""
_SMALL = 2**20
"""Bytes for which no ratio counts."""
MOST_MEMBERS = 1000
_LARGEST_DIRECTORY = 4 * 2**20
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack(source: Path, root: Path) -> None:
    """Unpack the manifest and the files that it lists, and no others, into `root`.

    Raises:
        ArtifactError: no readable zip, no artifact, or one whose sizes are not what it says or more than there is
            room for.
    """
    try:
        _check_directory(source)
        with zipfile.ZipFile(source) as archive:
            _unpack(archive, source, root)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise ArtifactError(f"{source}: not a readable zip ({why}); get the artifact again") from error


def _check_directory(source: Path) -> None:
    """Refuse a zip whose list of members is large itself, before it is read."""
    with source.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - 2**16 - 22 - 76))
        tail = handle.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise zipfile.BadZipFile("File is not a zip file")
    listed = int.from_bytes(tail[end + 12 : end + 16], "little")
    if listed == 0xFFFFFFFF:
        large = tail.rfind(b"PK\x06\x06")
        listed = int.from_bytes(tail[large + 40 : large + 48], "little") if large >= 0 else listed
    if listed > _LARGEST_DIRECTORY:
        raise zipfile.BadZipFile(f"its list of members has {listed} bytes")


def _unpack(archive: zipfile.ZipFile, source: Path, root: Path) -> None:
    from seesay.artifact.read import parse_manifest

    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise zipfile.BadZipFile(f"it has {len(members)} members")
    found: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        if member.filename in found and PurePosixPath(member.filename).name != "":
            raise zipfile.BadZipFile(f"it has two members of the name {member.filename!r:.80}")
        found[member.filename] = member
    manifests_there = [name for name in found if PurePosixPath(name).name == MANIFEST]
    if not manifests_there:
        raise ArtifactError(f"{source}: holds no {MANIFEST}, so it is no artifact")
    manifest = min(manifests_there, key=len)
    _check(found[manifest], rules.MOST_BYTES)
    _copy(archive, found[manifest], root / MANIFEST)
    _, records = parse_manifest((root / MANIFEST).read_bytes(), f"{source}: {MANIFEST}")
    wanted = {}
    for name, record in records.items():
        member_name = manifest[: -len(MANIFEST)] + name
        if member_name not in found:
            raise ArtifactError(f"{source}: {name} is missing; get the artifact again")
        wanted[name] = found[member_name]
        if wanted[name].file_size != record.size:
            raise ArtifactError(
                f"{source}: {name} has {wanted[name].file_size} bytes, not {record.size}; get the artifact again"
            )
        _check(wanted[name], record.size)
    total, room = sum(member.file_size for member in wanted.values()), shutil.disk_usage(root).free
    if total > room:
        raise ArtifactError(f"{source}: unpacks to {total} bytes, and {root.parent} has room for {room}")
    for name, member in wanted.items():
        _copy(archive, member, root / name)


def _check(member: zipfile.ZipInfo, limit: int) -> None:
    name, size = member.filename[:80], member.file_size
    if member.compress_type not in _KINDS or member.flag_bits & 1:
        raise zipfile.BadZipFile(f"{name!r} is encrypted or packed in an unusual way")
    if size > limit:
        raise zipfile.BadZipFile(f"{name!r} has {size} bytes; at most {limit} are read")
    if size > _SMALL and size > MOST_RATIO * member.compress_size:
        raise zipfile.BadZipFile(f"{name!r} unpacks {member.compress_size} bytes to {size}")


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path) -> None:
    """Copy one member, at most one byte past the size it names."""
    with archive.open(member) as packed, file.open("wb") as out:
        left = member.file_size + 1
        while left and (block := packed.read(min(left, 2**20))):
            out.write(block)
            left -= len(block)
    if left != 1:
        raise zipfile.BadZipFile(f"{member.filename[:80]!r} does not have the {member.file_size} bytes it names")
