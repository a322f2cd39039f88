"""Data sets in WebDataset tars: written from any reader, and read where they lie, on disk or in an object store.

    DIR/train-000000.tar      000000.jpg and 000000.json {"id", "captions" or "label", …}, one pair for each sample
    DIR/train-000000.jsonl    the same records, with where each photo begins in the tar
    DIR/index.json            the shards: samples, bytes, SHA-256; written last

Any sample can be read by itself, so that training shuffles all of them anew in each epoch, as with single files. Tars
from elsewhere, without these indexes, are listed by their headers: `.txt` is a caption, `.cls` a label, `.json` either.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from seesay.addresses import expand, open_binary
from seesay.data.formats import READERS
from seesay.data.sample import Dataset, Fault, Sample, normal_split
from seesay.errors import DataError, UsageError
from seesay.files import replacing, write_json, write_whole
from seesay.media.modality import CLIP_SUFFIXES, SOUND_SUFFIXES, SUFFIXES, TEXT_SUFFIXES, Modality
from seesay.media.packed import PackedFile
from seesay.media.source import MAX_BYTES
from seesay.printable import printable
from seesay.progress import ProgressCallback, silent

INDEX = "index.json"
SHARD_SIZE = 1000
_ENDINGS: dict[Modality, frozenset[str]] = {
    "picture": SUFFIXES,
    "clip": CLIP_SUFFIXES,
    "sound": SOUND_SUFFIXES,
    "text": TEXT_SUFFIXES,
}
_KEPT = ("label", "group")
_LARGEST_RECORD = 1 << 24


def write_shards(
    dataset: Dataset, out: Path, *, shard_size: int = SHARD_SIZE, on_progress: ProgressCallback = silent
) -> dict[str, Any]:
    """Pack a data set into WebDataset tars; the same data gives the same bytes.

    Args:
        dataset: whatever reader it is from.
        out: a new folder.
        shard_size: samples in a tar.
        on_progress: called with samples done and samples in all.

    Returns:
        What `index.json` says: format, modality, and for each shard its file, split, samples, bytes and SHA-256.

    Raises:
        UsageError: `out` holds shards already.
        DataError: a file cannot be read, or a clip is a folder of frames or a part of a file.
    """
    if (out / INDEX).exists():
        raise UsageError(f"{out}: holds shards already; name another --out")
    out.mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, Any]] = []
    done = 0
    for split in [*dataset.splits, None]:
        samples = [sample for sample in dataset.samples if sample.split == split]
        for number, first in enumerate(range(0, len(samples), shard_size)):
            some = samples[first : first + shard_size]
            shards.append({"split": split, **_write_shard(out, f"{split or 'all'}-{number:06d}", some)})
            done += len(some)
            on_progress(done, len(dataset.samples))
    index = {"layout": 1, "format": dataset.format, "modality": dataset.modality, "shards": shards}
    write_json(out / INDEX, index)
    return index


def _write_shard(out: Path, name: str, samples: Sequence[Sample]) -> dict[str, Any]:
    file = out / f"{name}.tar"
    lines = []
    with replacing(file) as part:
        with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
            for number, sample in enumerate(samples):
                content = _content(sample)
                ending = ".txt" if sample.text is not None else sample.media.suffix.lower() or ".bin"
                record = {
                    "id": sample.id,
                    **({"captions": list(sample.references)} if sample.references else {}),
                    **{key: getattr(sample, key) for key in _KEPT if getattr(sample, key) is not None},
                }
                # `offset` is the header's: what follows it begins a block later, or more where the name is long.
                member = f"{number:06d}{ending}"
                _add(tar, member, content)
                place = tar.offset - -(-len(content) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
                _add(tar, f"{number:06d}.json", json.dumps(record, ensure_ascii=False).encode())
                entry = {**record, "modality": sample.modality, "member": member, "offset": place, "size": len(content)}
                lines.append(json.dumps(entry, ensure_ascii=False))
        digest, size = hashlib.sha256(), part.stat().st_size
        with part.open("rb") as handle:
            while block := handle.read(1 << 20):
                digest.update(block)
    write_whole(out / f"{name}.jsonl", "".join(f"{line}\n" for line in lines))
    return {"file": file.name, "samples": len(samples), "bytes": size, "sha256": digest.hexdigest()}


def _content(sample: Sample) -> bytes:
    if sample.text is not None:
        return sample.text.encode()
    if sample.start is not None or sample.end is not None:
        raise DataError(f"{sample.id!r} is a part of {sample.media}; cut the parts into files of their own first")
    try:
        return sample.media.read_bytes()
    except IsADirectoryError:
        raise DataError(f"{sample.media}: is a folder of frames; make a video or GIF of it first") from None
    except OSError as error:
        raise DataError(f"{sample.media}: cannot be read ({error.strerror})") from error


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """A member whose header says nothing of time, owner or machine."""
    header = tarfile.TarInfo(name)
    header.size, header.mode = len(content), 0o644
    tar.addfile(header, io.BytesIO(content))


@READERS.register("shards")
def read_shards(root: Path | str) -> Dataset:
    """WebDataset tars: what `seesay data shard` writes, or any others of photos with captions or labels.

    The folder of the tars, a tar, several as `train-{000..099}.tar`, or any of these at an fsspec address. Of tars
    without an index the split is what their name begins with, or what a record says.

    Raises:
        DataError: there are no tars, one is damaged, or two samples have one id.
    """
    place = str(root)
    samples: list[Sample] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for tar, split in _tars(place):
        for sample in _read_index(tar, split) or _scan(tar, split, faults):
            if sample.id in seen:
                message = f"id {sample.id!r} stands for two samples"
                faults.append(Fault("duplicate id", message, Path(tar), fatal=True))
            seen.add(sample.id)
            samples.append(sample)
    if not samples:
        faults.append(Fault("no samples", "no photo with a caption or label was found", Path(place), fatal=True))
    return Dataset("shards", Path(place), tuple(samples), tuple(faults))


read_shards.takes_addresses = True  # type: ignore[attr-defined]


def _tars(place: str) -> Iterator[tuple[str, str | None]]:
    """Each tar and its split."""
    place = place.rstrip("/")
    if place.endswith(".tar"):
        for file in expand(place):
            yield file, _split_of(file)
        return
    try:
        with open_binary(f"{place}/{INDEX}") as handle:
            shards = json.loads(handle.read())["shards"]
            listed = [(f"{place}/{one['file']}", one["split"]) for one in shards]
    except DataError:  # it has none
        listed = [(file, _split_of(file)) for file in expand(f"{place}/*.tar")]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{printable(place)}/{INDEX}: is damaged ({error})") from error
    for file, split in listed:
        if "/" in file[len(place) + 1 :] or not file.endswith(".tar"):
            raise DataError(f"{printable(place)}/{INDEX}: names {printable(file)}, which is no tar of this folder")
        yield file, split


def _split_of(file: str) -> str | None:
    try:
        return normal_split(PurePosixPath(file).name.partition("-")[0])
    except ValueError:
        return None


def _read_index(tar: str, split: str | None) -> list[Sample]:
    """The samples of a tar by the list beside it; none where it has no list."""
    file = f"{tar.removesuffix('.tar')}.jsonl"
    try:
        with open_binary(file) as handle:
            lines = handle.read().splitlines()
    except DataError:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            offset, size = int(entry["offset"]), int(entry["size"])
            if offset < 0 or not 0 <= size <= MAX_BYTES:
                raise ValueError(f"{size} bytes from {offset} on")
            media = PackedFile.of(tar, str(entry["member"]), offset, size)
            found.append(_sample(entry, str(entry["id"]), media, entry["modality"], split))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{printable(file)}:{number}: is damaged ({error})") from error
    return found


def _sample(record: dict[str, Any], key: str, media: PackedFile, modality: Modality, split: str | None) -> Sample:
    captions = record.get("captions") or record.get("caption") or ()
    references = (captions,) if isinstance(captions, str) else tuple(map(str, captions))
    label = record.get("label")
    part = normal_split(record.get("split")) or split
    return Sample(
        key,
        media,
        references,
        part,
        None if label is None else str(label),
        modality=modality,
        group=record.get("group"),
    )


def _scan(tar: str, split: str | None, faults: list[Fault]) -> Iterator[Sample]:
    """The samples of a tar from elsewhere, by its headers; members of one sample follow one another."""
    with open_binary(tar) as handle:
        try:
            with tarfile.open(fileobj=handle, mode="r:") as archive:
                members = (member for member in archive if member.isreg())
                for key, group in itertools.groupby(members, key=_key):
                    sample = _scanned(archive, tar, key, list(group), split)
                    if isinstance(sample, Fault):
                        faults.append(sample)
                    else:
                        yield sample
                    archive.members = []  # type: ignore[attr-defined] # else it keeps every header
        except (tarfile.TarError, EOFError) as error:
            raise DataError(f"{printable(tar)}: cannot be read as tar ({printable(error)})") from error


def _key(member: tarfile.TarInfo) -> str:
    """What the files of one sample have in common: their name up to its first dot."""
    path = PurePosixPath(member.name)
    return str(path.with_name(path.name.partition(".")[0] or path.name))


def _scanned(
    archive: tarfile.TarFile, tar: str, key: str, members: list[tarfile.TarInfo], split: str | None
) -> Sample | Fault:
    record: dict[str, Any] = {}
    media: tuple[Modality, PackedFile] | None = None
    for member in members:
        ending = PurePosixPath(member.name).suffix.lower()
        if ending in (".json", ".cls") or (ending == ".txt" and len(members) > 1):
            opened = archive.extractfile(member)
            assert opened is not None
            content = opened.read(_LARGEST_RECORD).decode("utf-8", "replace").strip()
            try:
                found = json.loads(content) if ending == ".json" else {}
            except ValueError as error:
                return Fault("not JSON", f"{member.name}: {error}", Path(tar))
            record |= found if isinstance(found, dict) else {}
            if ending != ".json":
                record["label" if ending == ".cls" else "caption"] = content
            continue
        modality = next((one for one, endings in _ENDINGS.items() if ending in endings), None)
        if modality is not None:
            media = modality, PackedFile.of(tar, member.name, member.offset_data, member.size)
    if media is None:
        return Fault("sample without media", f"{key!r} has no photo, clip or sound", Path(tar))
    sample = _sample(record, str(record.get("id", key)), media[1], media[0], split)
    if not sample.references and sample.label is None:
        return Fault(f"{sample.modality} without captions", f"{key!r} has neither caption nor label", Path(tar))
    return sample
