"""Word vectors: from GloVe and word2vec text files, or trained on the captions (CBOW, skip-gram)."""

from __future__ import annotations

import errno
import gzip
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from seesay.errors import MissingPartError, UsageError
from seesay.text.vocabulary import SPECIALS

Vector = NDArray[np.float32]
_LONGEST = 1 << 20  # bytes; a longer line is none of a vector file
_FIRST = 100  # lines by which a file without a header tells its dimension
_WINDOW, _EPOCHS = 5, 20


@dataclass(frozen=True)
class FoundVectors:
    """The vectors of some words.

    Attributes:
        vectors: (E,) float32 by word.
        dimension: E.
        bad_lines: how many lines of the file were passed over.
        first_bad: the number of the first of them, from 1, and what is wrong with it.
    """

    vectors: Mapping[str, Vector]
    dimension: int
    bad_lines: int = 0
    first_bad: str = ""


def read_vectors(file: Path, words: Collection[str]) -> FoundVectors:
    """The vectors that a text file has for some words; no others are kept in memory.

    A line is a word and its numbers, between spaces; a first line of two numbers (word2vec's count and dimension) is a
    header. The dimension is the header's, else that of most of the first lines. A word that comes twice keeps its
    first vector; words that hold spaces, as some in GloVe's 840B file, are nobody's here. The file may be gzipped.

    Raises:
        UsageError: no such file, or not one of the words has a vector in it.
    """
    wanted = {word.encode(): word for word in words}
    found: dict[str, Vector] = {}
    bad, first_bad, dimension = 0, "", 0
    try:
        with _open(file) as handle:
            lines = enumerate(iter(lambda: handle.readline(_LONGEST), b""), 1)
            dimension, rest = _dimension(lines)
            for number, line in rest:
                fault, word, vector = _parse(line, dimension, wanted, found)
                if fault:
                    bad += 1
                    first_bad = first_bad or f"line {number}: {fault}"
                elif word and vector is not None:
                    found[word] = vector
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"vectors.source: {str(file)!r} cannot be read ({reason})") from error
    if not found:
        note = f"; {bad} lines are of another form, the first: {first_bad}" if bad else ""
        raise UsageError(
            f"vectors.source: {file} has no vector for any of the {len(wanted)} words{note}. "
            "It must be text as GloVe and word2vec write it: a word and its numbers in each line"
        )
    return FoundVectors(found, dimension, bad, first_bad)


def train_vectors(
    captions: Iterable[Sequence[str]], dimension: int, kind: Literal["cbow", "skipgram"], seed: int
) -> FoundVectors:
    """CBOW or skip-gram (Mikolov et al. 2013, arXiv:1301.3781) with negative sampling, by gensim.

    One seed gives one result: gensim runs in one thread.

    Args:
        captions: token lists, each word as often as it comes.
        dimension: E.
        kind: a word from those around it, or those around it from the word.
        seed: of the first vectors and of all that is drawn.

    Raises:
        MissingPartError: gensim is not installed.
    """
    try:
        from gensim.models import Word2Vec
    except ModuleNotFoundError as error:
        raise MissingPartError("word vectors from the captions need gensim: pip install 'seesay[train]'") from error
    net = Word2Vec(
        [list(caption) for caption in captions],
        vector_size=dimension,
        window=_WINDOW,
        min_count=1,
        sg=int(kind == "skipgram"),
        epochs=_EPOCHS,
        seed=seed,
        workers=1,
    )
    return FoundVectors({word: np.array(net.wv[word]) for word in net.wv.index_to_key}, dimension)


def vector_table(found: FoundVectors, tokens: Sequence[str], seed: int) -> tuple[Vector, float]:
    """A row for each token (V, E), and the share of the words (special tokens aside) that have a vector.

    Words without one are drawn from the normal distribution of the mean and spread of those found; the first token,
    padding, is zero.
    """
    rows = np.stack([found.vectors[token] for token in tokens if token in found.vectors])
    rng = np.random.default_rng(seed)
    table = rng.normal(rows.mean(), rows.std(), (len(tokens), found.dimension)).astype(np.float32)
    for place, token in enumerate(tokens):
        if token in found.vectors:
            table[place] = found.vectors[token]
    table[0] = 0
    words = [token for token in tokens if token not in SPECIALS]
    return table, sum(word in found.vectors for word in words) / max(1, len(words))


def _open(file: Path) -> BinaryIO:
    if not file.is_file() and file.exists():
        raise OSError(errno.EINVAL, "is no file", str(file))
    with file.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    return gzip.open(file) if packed else file.open("rb")  # type: ignore[return-value]


def _dimension(lines: Iterator[tuple[int, bytes]]) -> tuple[int, Iterator[tuple[int, bytes]]]:
    """The dimension of a file's vectors, and its lines without the header."""
    first = list(islice(lines, _FIRST))
    header = first[0][1].split() if first else []
    if len(header) == 2 and all(field.isdigit() for field in header):
        return int(header[1]), chain(first[1:], lines)
    widths = Counter(width for _, line in first if (width := len(line.split()) - 1) > 0)
    return (widths.most_common(1)[0][0] if widths else 0), chain(first, lines)


def _parse(
    line: bytes, dimension: int, wanted: Mapping[bytes, str], found: Mapping[str, Vector]
) -> tuple[str, str | None, Vector | None]:
    """What is wrong with a line, or the word and its vector where it is a wanted and new one."""
    fields = line.split()
    if not fields:
        return "", None, None
    if len(fields) <= max(1, dimension):
        return f"{len(fields) - 1} numbers" + (f", not {dimension}" if dimension else ""), None, None
    word = wanted.get(fields[0])
    if len(fields) > dimension + 1 or word is None or word in found:
        return _fault_of_others(fields, dimension), None, None
    try:
        vector = np.array(fields[1:], np.float32)
    except ValueError:
        return f"{word!r} has something among its numbers that is none", None, None
    return (
        ("", word, vector) if np.isfinite(vector).all() else (f"{word!r} has a number that is not finite", None, None)
    )


def _fault_of_others(fields: Sequence[bytes], dimension: int) -> str:
    """What is wrong with a line that is not asked for: looked at no closer than is cheap."""
    try:
        b" ".join(fields[:-dimension]).decode()
        float(fields[-1])
    except UnicodeDecodeError:
        return "a word that is not UTF-8"
    except ValueError:
        return "something that is no number at its end"
    return ""
