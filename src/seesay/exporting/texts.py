"""What people said of pictures that are not there, put beside an exported model that detects words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from seesay.artifact import TEXTS, Artifact
from seesay.errors import DataError, UsageError
from seesay.reading import read_file
from seesay.runtime.neighbors import Neighbors
from seesay.text import Vocabulary, tokenize
from seesay.text.mentions import Mentions
from seesay.text.reading import MAX_BYTES

FEWEST = 4
"""N-grams of the captions of fewer pictures are left out, to keep the file small."""


def add_texts(artifact: Artifact, files: Sequence[str]) -> None:
    """Write an exported model's `texts.npz`: neighbors by the words that their captions hold.

    A picture's neighbors among them are those whose captions hold the words that are detected in it.

    Args:
        artifact: exported; its folder gets the file, its manifest is not touched.
        files: `IMAGE<tab>CAPTION` lines.

    Raises:
        UsageError: the model detects no words.
        DataError: a file cannot be read, or is of another form.
    """
    detector = artifact.manifest.model.get("detector")
    if not detector:
        raise UsageError(f"{artifact.source}: detects no words, and --texts are found by them; leave out --texts")
    pictures = [captions for file in files for captions in read_grouped(file)]
    vocabulary = Vocabulary.from_json(dict(artifact.manifest.vocabulary))
    counts = Counter(word for captions in pictures for caption in captions for word in caption if word in vocabulary)
    mentions = Mentions(list(detector["words"]), counts)
    encoded = [[vocabulary.encode(caption) for caption in captions] for captions in pictures]
    Neighbors.of(mentions.shares(pictures), encoded, FEWEST).save(artifact.root / TEXTS)


def read_grouped(file: str) -> list[list[list[str]]]:
    """The captions of a file's pictures, as tokens.

    Raises:
        DataError: it cannot be read, or a line has no tab.
    """
    try:
        lines = read_file(Path(file).expanduser(), MAX_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise DataError(f"--texts {file}: cannot be read ({reason})") from error
    pictures: dict[str, list[list[str]]] = {}
    for number, line in enumerate(lines, 1):
        name, tab, caption = line.partition("\t")
        if not tab:
            raise DataError(f"{file}:{number}: expected IMAGE<tab>CAPTION")
        if tokens := tokenize(caption):
            pictures.setdefault(name, []).append(tokens)
    return list(pictures.values())
