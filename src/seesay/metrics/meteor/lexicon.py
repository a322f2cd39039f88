"""METEOR 1.5's English data: stems, WordNet synonyms, paraphrases, function words, in a form that opens at once.

The data (LGPL and WordNet licence) comes with PyPI's `pycocoevalcap` and is read from there, never shipped: the first
use converts it, once, into arrays in the cache folder, which are memory-mapped from then on.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.cache import cache_folder
from seesay.errors import DataError, MissingPartError
from seesay.metrics.ngrams import Hashes, Ints, extend_hash, find, spans

log = logging.getLogger("seesay.metrics")

_FORMAT = 1
_RULES_AT_ONCE = 200_000
# WordNet's morphology: endings and what stands in their place (its `morph`, as METEOR's synonym module has it).
_ENDINGS = (
    *(("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man")),
    *(("ies", "y"), ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e")),
    *(("ing", ""), ("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
)


class Lexicon:
    """What METEOR knows of words and phrases.

    Attributes:
        prefixes: words that keep a full stop, to whether only before a number.
        longest: words in the longest phrase.
    """

    def __init__(self, folder: Path) -> None:
        """Open converted data; `load_lexicon` finds or makes it."""

        def mapped(name: str) -> NDArray[Any]:
            found: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
            return found

        about = json.loads((folder / "about.json").read_text("utf-8"))
        self.prefixes: dict[str, bool] = about["prefixes"]
        self.longest: int = about["longest"]
        self._words = mapped("words")
        self._stems, self._function, self._phrase_words = mapped("stems"), mapped("function"), mapped("phrase_words")
        self._own, self._synsets = (Lists(mapped(f"{n}_starts"), mapped(n)) for n in ("own", "synsets"))
        self._prefix_hashes, self._phrases = mapped("prefix_hashes"), mapped("phrases")
        self._rules = mapped("rules_starts")
        self._rule_hashes, self._rule_lengths = mapped("rule_hashes"), mapped("rule_lengths")

    def words(self, words: Sequence[str]) -> Words:
        """Look up distinct words."""
        index = self._find(words)
        known = index >= 0
        place = np.where(known, index, 0)
        stems = np.where(known, self._stems[place], np.uint64(0))
        phrase_words = np.where(known, self._phrase_words[place], -1)
        synsets: list[Ints] = [_NOTHING] * len(words)
        for i in np.flatnonzero(known & (np.diff(self._synsets.starts)[place] > 0)).tolist():
            synsets[i] = self._synsets[index[i]]
        strange = np.flatnonzero(~known).tolist()
        if strange:
            stem = _stemmer()
            stems[strange] = [_stem_key(stem(words[i])) for i in strange]
            for i, found in zip(strange, self._stem_synsets([words[i] for i in strange]), strict=True):
                synsets[i] = found
        function = known & (self._function[place] > 0)
        return Words(stems.astype(np.uint64), function, phrase_words.astype(np.int64), synsets)

    def phrases(self, prefixes: Hashes) -> tuple[NDArray[np.bool_], Ints]:
        """For hashes of word sequences: whether any paraphrased phrase begins so, and the phrase it is, -1 for none."""
        return find(self._prefix_hashes, prefixes) >= 0, find(self._phrases, prefixes)

    def paraphrases(self, phrases: NDArray[np.integer]) -> tuple[Ints, Hashes, Ints]:
        """All paraphrases of these phrases, in the table's order.

        Returns:
            For each paraphrase the index into `phrases` of what it stands for, its hash and its number of words.
        """
        starts, counts = self._rules[phrases], self._rules[phrases + 1] - self._rules[phrases]
        owner, rows = spans(starts, counts)
        return owner, self._rule_hashes[rows], self._rule_lengths[rows].astype(np.int64)

    def _find(self, words: Sequence[str]) -> Ints:
        """Row of each word, -1 where unknown."""
        return find(self._words, np.array([word.encode() for word in words], dtype="S"))

    def _stem_synsets(self, words: Sequence[str]) -> list[Ints]:
        """Synsets of the base form of words that the lexicon lacks."""
        guesses = [base_forms(word) for word in words]
        index = iter(self._find([guess for forms in guesses for guess, _ in forms] or [""]).tolist())
        found = []
        for forms in guesses:
            # The first form that WordNet has decides.
            rows = [(row, end) for (_, end), row in zip(forms, [next(index) for _ in forms], strict=True) if row >= 0]
            rows = [(row, end) for row, end in rows if len(self._own[row])]
            found.append(self._own[rows[0][0]] if rows and not rows[0][1] else _NOTHING)
        return found


class Words:
    """Distinct words, looked up.

    Args:
        stems: (V,) key of each word's stem.
        function: (V,) whether it is a function word.
        phrase_words: (V,) id in the paraphrase table, -1 for none.
        synsets: for each word its WordNet synsets and those of its base form.
    """

    def __init__(self, stems: Hashes, function: NDArray[np.bool_], phrase_words: Ints, synsets: Sequence[Ints]) -> None:
        self.function, self.phrase_words = function, phrase_words
        self.stems = pairs_sharing(np.arange(len(stems)), stems)
        lengths = [len(s) for s in synsets]
        sets = np.concatenate(synsets) if sum(lengths) else _NOTHING
        self.synonyms = pairs_sharing(np.repeat(np.arange(len(synsets)), lengths), sets)


class Lists:
    """Lists of integers, end to end in one array.

    Args:
        starts: (N + 1,) where each begins.
        values: all of them.
    """

    def __init__(self, starts: NDArray[Any], values: NDArray[Any]) -> None:
        self.starts, self.values = starts, values

    def __getitem__(self, index: int) -> Ints:
        return self.values[self.starts[index] : self.starts[index + 1]].astype(np.int64)


_NOTHING: Ints = np.empty(0, np.int64)


def pairs_sharing(members: Ints, groups: NDArray[Any]) -> tuple[Ints, Ints]:
    """All ordered pairs of different members that share a group: two arrays, member and member."""
    order = np.argsort(groups, kind="stable")
    members, groups = members[order], groups[order]
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]]) if len(groups) else _NOTHING
    sizes = np.diff(np.r_[starts, len(groups)])
    owner, rows = spans(np.repeat(starts, sizes), np.repeat(sizes, sizes))
    first, second = members[owner], members[rows]
    different = first != second
    pairs = np.unique(np.stack([first[different], second[different]]), axis=1)
    return pairs[0], pairs[1]


def base_forms(word: str) -> list[tuple[str, str]]:
    """Forms that WordNet's morphology tries for a word, in order, and an ending that is put back ("ful")."""
    if word.endswith("ss") or len(word) <= 2:
        return [(word, "")]
    end = "ful" if word.endswith("ful") else ""
    return [(word[: -len(old)] + new, end) for old, new in _ENDINGS if word.endswith(old)]


def load_lexicon() -> Lexicon:
    """METEOR's English data, converted at the first use (some 40 s, 60 MB in the cache folder).

    Raises:
        MissingPartError: the package that carries the data is not installed.
        DataError: the cache folder cannot be written, or the data is damaged.
    """
    jar, table = _sources()
    mark = f"{_FORMAT}-{jar.stat().st_size}-{table.stat().st_size}"
    folder = cache_folder("meteor") / hashlib.sha256(mark.encode()).hexdigest()[:12]
    if not (folder / "about.json").is_file():
        log.warning("METEOR: its data is converted once into %s; this takes a minute", folder)
        part = folder.with_name(f"{folder.name}.{os.getpid()}")
        try:
            part.mkdir(parents=True, exist_ok=True)
            _convert(jar, table, part)
            if not folder.exists():
                part.rename(folder)
        except OSError as error:
            raise DataError(f"{folder}: METEOR's data cannot be kept there ({error.strerror or error})") from error
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{jar.parent}: METEOR's data is damaged ({error}); reinstall pycocoevalcap") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return Lexicon(folder)


def _sources() -> tuple[Path, Path]:
    spec = importlib.util.find_spec("pycocoevalcap")
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        jar, table = Path(place, "meteor", "meteor-1.5.jar"), Path(place, "meteor", "data", "paraphrase-en.gz")
        if jar.is_file() and table.is_file():
            return jar, table
    raise MissingPartError(
        "METEOR needs the word lists that the package pycocoevalcap carries (no Java): pip install 'seesay[metrics]'"
    )


def _stemmer() -> Any:
    try:
        from snowballstemmer.english_stemmer import EnglishStemmer  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise MissingPartError(f"METEOR needs {error.name}: pip install 'seesay[metrics]'") from None
    return EnglishStemmer().stemWord


def _stem_key(stem: str) -> int:
    return int.from_bytes(hashlib.blake2b(stem.encode(), digest_size=8).digest(), "little")


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
    stem = _stemmer()
    own = [sorted(synsets.get(word, ())) for word in ordered]
    whole = [sorted({*synsets.get(word, ()), *_base_synsets(word, synsets, bases)}) for word in ordered]
    np.save(out / "words.npy", np.array([word.encode() for word in ordered], dtype="S"))
    np.save(out / "stems.npy", np.array([_stem_key(stem(word)) for word in ordered], np.uint64))
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
    prefixes = np.empty(0, np.uint64)
    longest = 0
    with gzip.open(table, "rt", encoding="utf-8", newline="\n") as handle:
        while lines := list(islice(handle, 3 * _RULES_AT_ONCE)):
            phrase, sizes = _hash_lines(lines[1::3], vocabulary)
            within = np.arange(phrase.shape[1]) < sizes[:, None]
            prefixes = np.union1d(prefixes, phrase[within])
            paraphrase, lengths = _hash_lines(lines[2::3], vocabulary)
            rows = np.arange(len(phrase))
            parts.append((phrase[rows, sizes - 1], paraphrase[rows, lengths - 1], lengths.astype(np.uint8)))
            longest = max(longest, int(sizes.max()), int(lengths.max()))
    phrases, paraphrases, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(phrases, kind="stable")
    unique, starts = np.unique(phrases[order], return_index=True)
    return vocabulary, {
        "prefix_hashes": prefixes,
        "phrases": unique,
        "rules_starts": np.r_[starts, len(order)].astype(np.int64),
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
