"""Data sets of described clips: MSVD and MSR-VTT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from seesay.data.assemble import Assembly, Row
from seesay.data.clips import ClipFolder
from seesay.data.files import entries, first_folder, malformed, read_json, read_lines, string
from seesay.data.formats import READERS
from seesay.data.records import csv_records
from seesay.data.sample import Dataset, normal_split
from seesay.errors import DataError
from seesay.text.columns import item_id, media_name, stem
from seesay.text.reading import read_text
from seesay.text.tables import column_name, heading

_MSVD_FOLDERS = ("msvd", "YouTubeClips", "youtubeclips", "videos", "clips")
_MSRVTT_FOLDERS = ("TrainValVideo", "TestVideo", "TrainVal", "Test", "videos/all", "videos", "video", "clips")
_MAPPING = "youtube_video_to_id_mapping.txt"
_CORPUS = ("videoid", "start", "end", "description")
_PUBLISHED: dict[str, float] = {"train": 1200, "dev": 1300, "test": float("inf")}
"""The last number of each split of MSVD (Venugopalan et al. 2015, section 4)."""


@READERS.register("msvd")
def read_msvd(root: Path, clips: Path | None = None) -> Dataset:
    """MSVD: `captions.csv` (clip, split, caption), S2VT's text files, or Microsoft's own corpus.

    Clips are `YOUTUBEID_START_END.avi`. Microsoft's corpus is `*orpus*.csv` with the columns VideoID, Start, End,
    Language and Description; what is not in English is left out. The corpus names no splits: they are those that are
    published, by the clips' numbers, where S2VT's mapping is there.

    S2VT's are `sents_{train,val,test}_lc_nopunc.txt`, a clip's number, a tab and a sentence a line, and
    `youtube_video_to_id_mapping.txt`, a clip's name and its number (`vid1`) a line; without the mapping clips are
    called by their numbers. Clips of one YouTube video in two splits are told and kept: the split is as published.

    Args:
        root: the folder of these files.
        clips: the folder of the clips, where it is none of the usual ones below `root`.

    Raises:
        DataError: there are no such files.
    """
    into = Assembly("msvd", root, published=True)
    table = root if root.is_file() else root / "captions.csv"
    sentences = sorted(root.glob("sents_*.txt")) if root.is_dir() else []
    base = root if root.is_dir() else root.parent
    corpus = next(iter(sorted((*root.glob("*orpus*.csv"), *root.glob("*Description*.csv")))), None)
    folder = ClipFolder(clips or first_folder(base, *_MSVD_FOLDERS, default=base))
    if table.is_file():
        found = _corpus_rows(into, table) if _is_corpus(table) else _msvd_table(into, table)
    elif sentences:
        found = _s2vt_lines(into, sentences, root / _MAPPING)
    elif corpus is not None:
        found = _corpus_rows(into, corpus)
    else:
        raise DataError(f"{root}: holds neither captions.csv nor sents_train_lc_nopunc.txt")
    return into.dataset(
        Row(
            name,
            folder.path(name),
            caption,
            split,
            file,
            line,
            modality="clip",
            group=name.rsplit("_", 2)[0] if name.count("_") > 1 else None,
        )
        for name, caption, split, file, line in found
    )


def _msvd_table(into: Assembly, table: Path) -> Iterator[tuple[str, str, str | None, Path, int]]:
    for line, record in csv_records(into, table, "clip", "split", "caption"):
        name = stem(media_name(record["clip"]))
        try:
            split = normal_split(record.get("split"))
        except ValueError as error:
            into.fault("unknown split", str(error), table, line, fatal=True)
            continue
        if not name:
            into.fault("no clip", "the row names no clip", table, line, fatal=True)
            continue
        yield name, record.get("caption", ""), split, table, line


def _is_corpus(table: Path) -> bool:
    return "videoid" in map(column_name, heading(read_text(table), _CORPUS)[1])


def _corpus_rows(into: Assembly, table: Path) -> Iterator[tuple[str, str, str | None, Path, int]]:
    mapping = table.parent / _MAPPING
    numbers = {name: number for number, name in _mapping_names(into, mapping).items()} if mapping.is_file() else {}
    if not numbers:
        into.fault("no splits", f"the corpus names none, and there is no {_MAPPING}, whose numbers give them", table)
    foreign: list[int] = []
    for line, record in csv_records(into, table, *_CORPUS):
        if record.get("language", "English").strip().lower() != "english":
            foreign.append(line)
            continue
        name = "_".join(record.get(column, "").strip() for column in _CORPUS[:3])
        number = numbers.get(name, "").removeprefix("vid")
        split = None
        if number.isdigit():
            split = next(part for part, last in _PUBLISHED.items() if int(number) <= last)
        yield name, record.get("description", ""), split, table, line
    if foreign:
        message = f"{len(foreign)} rows are not in English and are left out, the first of them here"
        into.fault("another language", message, table, foreign[0])


def _mapping_names(into: Assembly, mapping: Path) -> dict[str, str]:
    """The name of each clip by its number (`vid1`)."""
    names: dict[str, str] = {}
    for line, text in read_lines(mapping, into.on_note(mapping)):
        name, _, number = text.strip().rpartition(" ")
        if not name or names.setdefault(number, name.strip()) != name.strip():
            message = f"expected a clip's name and its number, each once, not {text.strip()!r:.80}"
            into.fault("malformed line", message, mapping, line, fatal=True)
    return names


def _s2vt_lines(
    into: Assembly, files: Iterable[Path], mapping: Path
) -> Iterator[tuple[str, str, str | None, Path, int]]:
    names: dict[str, str] = {}
    if mapping.is_file():
        names = _mapping_names(into, mapping)
    else:
        into.fault("no id mapping", f"there is no {_MAPPING}: clips are called by their numbers", mapping.parent)
    for file in files:
        split = normal_split(file.name.split("_")[1])
        for line, text in read_lines(file, into.on_note(file)):
            number, tab, caption = text.partition("\t")
            number = number.strip()
            if not tab or not number:
                message = "expected a clip's number, a tab and a sentence"
                into.fault("malformed line", message, file, line, fatal=True)
            elif names and number not in names:
                into.fault("unknown clip", f"{number!r} is not in {_MAPPING}", file, line)
            else:
                yield names.get(number, number), caption.strip(), split, file, line


@READERS.register("msrvtt")
def read_msrvtt(root: Path, clips: Path | None = None) -> Dataset:
    """MSR-VTT: its `*videodatainfo*.json` with lists `videos` and `sentences`; clips are `videoN.mp4`.

    The clips as they are handed out are cut already, so that `start time` and `end time` are not applied to them; where
    the whole YouTube video lies there instead, under its own id, they are. Clips of one video in two splits are told
    and kept, as the splits are published.

    Args:
        root: the folder of such files, all of which are read, or one of them.
        clips: the folder of the clips, where it is none of the usual ones below `root`.

    Raises:
        DataError: there are no such files, or they are of another form.
    """
    into = Assembly("msrvtt", root, published=True)
    files = [root] if root.is_file() else sorted((*root.glob("*videodatainfo*.json"), *root.glob("MSRVTT_data.json")))
    if not files:
        raise DataError(f"{root}: holds no train_val_videodatainfo.json")
    base = root.parent if root.is_file() else root
    usual = [base / name for name in _MSRVTT_FOLDERS if (base / name).is_dir()]
    folders = [ClipFolder(folder) for folder in ([clips] if clips else usual or [base])]
    contents: dict[Path, Any] = {}
    videos: dict[str, Row] = {}
    rows: list[Row] = []
    for file in files:
        contents[file] = read_json(file, into.on_note(file))
        for place, entry in entries(contents[file], "videos", file):
            try:
                row = _video(entry, folders, file)
            except (KeyError, TypeError, ValueError) as error:
                raise malformed(file, place, error) from None
            row.line = place.line
            known = videos.setdefault(row.id, row)
            if known is row:
                rows.append(row)
            elif (known.split, known.media) != (row.split, row.media):
                message = f"{place}: {row.id!r} is listed twice, and not the same"
                into.fault("duplicate id", message, file, place.line, fatal=True)
    for file in files:  # the sentences of one file may be of videos in another
        for place, entry in entries(contents[file], "sentences", file):
            try:
                name, caption = item_id(entry["video_id"]), string(entry["caption"])
            except (KeyError, TypeError, ValueError) as error:
                raise malformed(file, place, error) from None
            video = videos.get(name)
            if video is None:
                into.fault("unknown clip", f"{place}: a sentence of {name!r}, which is not listed", file, place.line)
            else:
                start, end = video.start, video.end
                rows.append(Row(name, video.media, caption, video.split, file, place.line, None, start, end, "clip"))
    return into.dataset(rows)


def _video(entry: dict[str, Any], folders: list[ClipFolder], file: Path) -> Row:
    name, split = item_id(entry["video_id"]), normal_split(entry.get("split"))
    start, end = entry.get("start time"), entry.get("end time")
    address = entry.get("url") or ""
    whole = (parse_qs(urlsplit(string(address)).query).get("v") or [""])[0]
    group = whole or None
    for folder in folders:
        if name in folder:
            return Row(name, folder.path(name), None, split, file, modality="clip", group=group)
    for folder in folders:
        if whole and whole in folder:
            first, last = (None if value is None else float(value) for value in (start, end))
            return Row(name, folder.path(whole), None, split, file, start=first, end=last, modality="clip", group=group)
    return Row(name, folders[0].path(name, ".mp4"), None, split, file, modality="clip", group=group)
