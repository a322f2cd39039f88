"""Text in pictures, read by an engine that is installed: RapidOCR, else the tesseract program."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seesay.errors import MissingPartError
from seesay.text.alt_words import plain

SECONDS = 30
SURE = 0.8
"""Mean certainty, from 0 to 1, from which on what was read is believed."""


def reader_of_text() -> Callable[[Path | bytes], str | None]:
    """A function from a picture to the text in it, None where none is read with certainty.

    Raises:
        MissingPartError: no engine is installed.
    """
    if importlib.util.find_spec("rapidocr") is not None:
        return _rapid()
    program = shutil.which("tesseract")
    if program is None:
        raise MissingPartError("--ocr needs an engine: pip install rapidocr, or install the program tesseract")
    return lambda source: _tesseract(program, source)


def _rapid() -> Callable[[Path | bytes], str | None]:
    from rapidocr import RapidOCR

    engine: Any = RapidOCR()

    def read(source: Path | bytes) -> str | None:
        found = engine(source if isinstance(source, bytes) else str(source))
        if not found or found.txts is None or not len(found.txts):
            return None
        return plain(" ".join(found.txts)) if min(found.scores) >= SURE else None

    return read


def _tesseract(program: str, source: Path | bytes) -> str | None:
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        found = subprocess.run(
            [program, "stdin", "stdout", "tsv"], input=data, capture_output=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    words, certain = [], []
    for line in found.stdout.decode("utf-8", "replace").splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) == 12 and cells[11].strip() and float(cells[10]) >= 0:
            words.append(cells[11])
            certain.append(float(cells[10]) / 100)
    if not words or sum(certain) / len(certain) < SURE:
        return None
    return plain(" ".join(words))
