"""METEOR's own files (a jar's word lists, the paraphrase table) into the arrays that `Lexicon` maps."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import os
import shutil
import threading
import time
import zipfile
import zlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import DataError
from seesay.files import sha256
from seesay.metrics.meteor.lexicon import FILTER_BITS, base_forms, filter_places, stem_key
from seesay.metrics.ngrams import Hashes, Ints, extend_hash

log = logging.getLogger("seesay.metrics")
_RULES_AT_ONCE = 50_000
_SUMS = "sums.json"
_TURNS = 10
_STALE = 3600.0  # seconds since a conversion, which takes half a minute, last made a file


def sound(folder: Path) -> bool:
    """Whether this is converted data whose files are those that were written, by their SHA-256."""
    try:
        sums = json.loads((folder / _SUMS).read_text("utf-8"))
        names = {file.name for file in folder.iterdir()}
        return isinstance(sums, dict) and names == {*sums, _SUMS} and sums == {n: sha256(folder / n) for n in sums}
    except (OSError, ValueError, RecursionError):
        return False


def convert(jar: Path, table: Path, folder: Path) -> None:
    """Write `folder`, whole or not at all, in the place of a damaged one; several processes may try at once.

    Raises:
        DataError: it cannot be written, or the data is damaged.
    """
    damaged = folder.exists()
    why = "what is there is damaged, so its data is converted again" if damaged else "its data is converted once"
    log.warning("METEOR: %s into %s; this takes half a minute", why, folder)
    _sweep(folder)
    part = folder.with_name(f"{folder.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        part.mkdir(parents=True, exist_ok=True)
        _convert(jar, table, part)
        (part / _SUMS).write_text(json.dumps({file.name: sha256(file) for file in part.iterdir()}), "utf-8")
        _put(part, folder)
    except OSError as error:
        if not sound(folder):
            raise DataError(
                f"{folder}: METEOR's data cannot be kept there ({error.strerror or error}); "
                "set SEESAY_CACHE to another folder, or leave METEOR out: --metrics bleu,rouge,cider"
            ) from error
    except (KeyError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{jar.parent}: METEOR's data is damaged ({error}); reinstall pycocoevalcap") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(part: Path, folder: Path) -> None:
    """Give `part` its place, unless another process was faster; what is damaged there goes.

    Raises:
        OSError: it cannot be put there.
    """
    for turn in range(_TURNS):
        if sound(folder):
            return
        away = part.with_name(f"{part.name}.damaged{turn}")
        with contextlib.suppress(FileNotFoundError):  # another process has taken it away
            folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)
        try:
            part.rename(folder)
            return
        except OSError:
            if turn + 1 == _TURNS:  # before, another process may have been here in between
                raise


def _sweep(folder: Path) -> None:
    """Take away what conversions left beside `folder` that were killed."""
    for left in folder.parent.glob(f"{folder.name}.*") if folder.parent.is_dir() else ():
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE:
                shutil.rmtree(left, ignore_errors=True)


def _convert(jar: Path, table: Path, out: Path) -> None:
    """Write the arrays that `Lexicon` maps."""
    with zipfile.ZipFile(jar) as packed:

        def lines(name: str) -> list[str]:
            return packed.read(name).decode("utf-8").splitlines()

        function = set(lines("function/english.words"))
        bases: dict[str, list[str]] = {}
        for base, forms in _couples(lines("synonym/english.exceptions")):
            for form in forms.split():
                bases.setdefault(form, []).append(base)
        synsets = {word: frozenset(map(int, sets.split())) for word, sets in _couples(lines("synonym/english.synsets"))}
        prefixes: dict[str, bool] = {}
        for line in lines("nonbreaking/english.prefixes"):
            parts = line.split()
            if parts and not parts[0].startswith("#"):
                prefixes[parts[0]] = parts[1:2] == ["#NUMERIC_ONLY#"]
    vocabulary, phrases = _read_table(table)
    longest = phrases.pop("longest")
    for name, values in phrases.items():
        np.save(out / f"{name}.npy", values)
    # A token has no underscore within it, for METEOR makes that a word of its own.
    words = {w for w in (*vocabulary, *synsets, *bases, *function) if "_" not in w or w == "_"}
    ordered = sorted(words, key=str.encode)
    own = [sorted(synsets.get(word, ())) for word in ordered]
    whole = [sorted({*synsets.get(word, ()), *_base_synsets(word, synsets, bases)}) for word in ordered]
    np.save(out / "words.npy", np.array([word.encode() for word in ordered], dtype="S"))
    np.save(out / "stems.npy", np.array([stem_key(word) for word in ordered], np.uint64))
    np.save(out / "function.npy", np.array([word in function for word in ordered], np.uint8))
    np.save(out / "phrase_words.npy", np.array([vocabulary.get(word, -1) for word in ordered], np.int32))
    for name, lists in (("own", own), ("synsets", whole)):
        np.save(out / f"{name}_starts.npy", np.cumsum([0, *map(len, lists)]).astype(np.int64))
        np.save(out / f"{name}.npy", np.array([i for values in lists for i in values], np.int32))
    about = {"longest": longest, "prefixes": prefixes}
    (out / "about.json").write_text(json.dumps(about, ensure_ascii=False), "utf-8")


def _couples(lines: list[str]) -> Iterable[tuple[str, str]]:
    return zip(lines[::2], lines[1::2], strict=True)


def _base_synsets(word: str, synsets: dict[str, frozenset[int]], bases: dict[str, list[str]]) -> set[int]:
    if word in bases:
        return {i for base in bases[word] for i in synsets.get(base, ())}
    if word.endswith("ss") or len(word) <= 2:
        return set(synsets.get(word, ()))
    for form, end in base_forms(word):
        if form in synsets:
            return set(synsets.get(form + end, ()))
    return set()


def _read_table(table: Path) -> tuple[dict[str, int], dict[str, Any]]:
    """Rules of the paraphrase table, three lines each (a probability that METEOR ignores, phrase, paraphrase)."""
    vocabulary: dict[str, int] = {}
    parts: list[tuple[Hashes, Hashes, NDArray[np.uint8]]] = []
    prefixes, bits = np.empty(0, np.uint64), np.zeros(1 << FILTER_BITS - 3, np.uint8)
    longest = 0
    with gzip.open(table, "rt", encoding="utf-8", newline="\n") as handle:
        while lines := list(islice(handle, 3 * _RULES_AT_ONCE)):
            phrase, sizes = _hash_lines(lines[1::3], vocabulary)
            within = np.arange(phrase.shape[1]) < sizes[:, None]
            prefixes = np.union1d(prefixes, phrase[within])
            paraphrase, lengths = _hash_lines(lines[2::3], vocabulary)
            byte, bit = filter_places(paraphrase[np.arange(paraphrase.shape[1]) < lengths[:, None]])
            np.bitwise_or.at(bits, byte, bit)
            rows = np.arange(len(phrase))
            parts.append((phrase[rows, sizes - 1], paraphrase[rows, lengths - 1], lengths.astype(np.uint8)))
            longest = max(longest, int(sizes.max()), int(lengths.max()))
    phrases, paraphrases, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
    parts.clear()
    order = np.argsort(phrases, kind="stable")
    unique, starts = np.unique(phrases[order], return_index=True)
    return vocabulary, {
        "prefix_hashes": prefixes,
        "phrases": unique,
        "rules_starts": np.r_[starts, len(order)].astype(np.int64),
        "filter": bits,
        "rule_hashes": paraphrases[order],
        "rule_lengths": counts[order],
        "longest": longest,
    }


def _hash_lines(lines: list[str], vocabulary: dict[str, int]) -> tuple[Hashes, Ints]:
    """Hashes of every beginning of every line, (lines, longest), and words in each; new words join the vocabulary."""
    split = [line.split() for line in lines]
    counts = np.array([len(words) for words in split])
    flat = np.array([vocabulary.setdefault(word, len(vocabulary)) for words in split for word in words])
    starts = np.cumsum(counts) - counts
    hashes = np.zeros((len(counts), int(counts.max())), np.uint64)
    now = np.zeros(len(counts), np.uint64)
    for n in range(hashes.shape[1]):
        there = counts > n
        now[there] = extend_hash(now[there], flat[starts[there] + n])
        hashes[:, n] = now
    return hashes, counts
