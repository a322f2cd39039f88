"""Cross-checks by the field's own Java programs, for those who have Java: the METEOR jar, and SPICE.

What is missing is said before anything is computed, and what Java prints to standard error is shown.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seesay.errors import MissingPartError, SeeSayError
from seesay.text import detokenize, tokenize

_MODELS = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")
_SHOWN = 5


def preflight() -> tuple[list[str], str | None]:
    """What can be run: "meteor", "spice" or both, and a line on what is missing for the other.

    Raises:
        MissingPartError: nothing can be run; one line that lists all that is missing.
    """
    folder = _folder("spice")
    if shutil.which("java") is None or folder is None:
        missing = [] if shutil.which("java") else ["java (a Java runtime, 8 or newer; SPICE wants 8 to 11)"]
        missing += [] if folder else ["the package pycocoevalcap (pip install 'seesay[metrics]')"]
        raise MissingPartError(f"--java: missing {'; '.join(missing)}")
    lacking = [jar for jar in _MODELS if not (folder / "lib" / jar).is_file()]
    if lacking:
        return ["meteor"], f"SPICE is left out: put {' and '.join(lacking)} (Stanford CoreNLP) into {folder / 'lib'}"
    return ["meteor", "spice"], None


def meteor(captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> tuple[float, list[float]]:
    """METEOR by the jar: corpus score and each item's, in the order of `captions`.

    Raises:
        SeeSayError: Java failed; its last lines are in the message.
    """
    folder = _folder("meteor")
    preflight()
    command = ["java", "-Xmx2G", "-jar", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm"]
    lines = []
    for item, caption in captions.items():
        candidate = detokenize(tokenize(caption)).replace("|||", "").replace("  ", " ")
        lines.append(" ||| ".join(["SCORE", *(detokenize(tokenize(text)) for text in references[item]), candidate]))
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        out, err = process.communicate("\n".join(lines) + "\n")
    statistics = out.splitlines()
    if process.returncode or len(statistics) != len(lines):
        raise SeeSayError(f"--java: METEOR's jar failed: {_tail(err)}")
    found = subprocess.run(
        command, cwd=folder, input=f"EVAL ||| {' ||| '.join(statistics)}\n", capture_output=True, encoding="utf-8"
    )
    scores = [float(line) for line in found.stdout.split()]
    if found.returncode or len(scores) != len(lines) + 1:
        raise SeeSayError(f"--java: METEOR's jar failed: {_tail(found.stderr)}")
    return scores[-1], scores[:-1]


def spice(captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> tuple[float, list[float]]:
    """SPICE (Anderson et al. 2016) by its jar: mean F-score and each item's, in the order of `captions`.

    Raises:
        SeeSayError: Java failed; its last lines are in the message.
    """
    folder = _folder("spice")
    preflight()
    assert folder is not None
    entries = [{"image_id": i, "test": text, "refs": list(references[i])} for i, text in captions.items()]
    with tempfile.TemporaryDirectory(prefix="seesay-spice-") as scratch:
        asked, answered = Path(scratch, "captions.json"), Path(scratch, "scores.json")
        asked.write_text(json.dumps(entries), "utf-8")
        jar = next(iter(sorted(folder.glob("spice-*.jar"))), folder / "spice-1.0.jar")
        command = ["java", "-Xmx8G", "-jar", jar.name, str(asked), "-out", str(answered), "-subset", "-silent"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if run.returncode or not answered.is_file():
            raise SeeSayError(f"--java: SPICE failed: {_tail(run.stderr)}")
        results: list[Any] = json.loads(answered.read_text("utf-8"))
    by_item = {str(entry["image_id"]): float(entry["scores"]["All"]["f"]) for entry in results}
    scores = [by_item[item] for item in captions]
    return sum(scores) / len(scores), scores


def _folder(name: str) -> Path | None:
    spec = importlib.util.find_spec("pycocoevalcap")
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0], name) if places else None


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_SHOWN:]) or "no message"
