"""METEOR's data found, converted where that is still to be done, and opened."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from seesay.errors import MissingPartError
from seesay.files import cache_folder
from seesay.metrics.meteor.lexicon import Lexicon

FORMAT = 3


def load_lexicon() -> Lexicon:
    """METEOR's English data, converted at the first use (half a minute, 64 MB in the cache folder).

    What was converted is compared with its sums at each use (0.05 s), and converted again where it was damaged or cut.

    Raises:
        MissingPartError: the package that carries the data is not installed.
        DataError: the cache folder cannot be written, or the data is damaged.
    """
    sources = _sources()
    if sources is None:
        raise MissingPartError(f"METEOR: {missing_part()}")
    jar, table = sources
    mark = f"{FORMAT}-{jar.stat().st_size}-{table.stat().st_size}"
    folder = cache_folder("meteor") / hashlib.sha256(mark.encode()).hexdigest()[:12]
    from seesay.metrics.meteor.convert import convert, sound

    if not sound(folder):
        convert(jar, table, folder)
    return Lexicon(folder)


def missing_part() -> str | None:
    """What METEOR lacks here, in a line that says how to install it; None when all is there."""
    if _sources() is None:
        return "it needs the word lists in the package pycocoevalcap (no Java): pip install 'seesay[metrics]'"
    return None


def _sources() -> tuple[Path, Path] | None:
    spec = importlib.util.find_spec("pycocoevalcap")
    for place in (spec.submodule_search_locations or []) if spec else []:
        jar, table = Path(place, "meteor", "meteor-1.5.jar"), Path(place, "meteor", "data", "paraphrase-en.gz")
        if jar.is_file() and table.is_file():
            return jar, table
    return None
