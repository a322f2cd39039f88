"""What `seesay caption` and `seesay recognize` print: lines, JSON, a table, or subtitles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from seesay.cli.common import as_text
from seesay.errors import MediaError, UsageError
from seesay.files import CsvWriter

if TYPE_CHECKING:
    from seesay.runtime import Prediction
    from seesay.runtime.describe import Described

UNMET = "holds all that it must"
Form = Literal["text", "json", "jsonl", "csv"]
_BY_ENDING: dict[str, Form] = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".txt": "text"}
_SUBTITLES = (".vtt", ".srt")
_LONGEST_ENDING = 6


class Encoding(str, Enum):
    """Of a table."""

    utf8 = "utf-8"
    excel = "utf-8-sig"


EncodingOption = Annotated[
    Encoding, typer.Option("--encoding", help="Of --csv: utf-8-sig is what Excel opens rightly.")
]


def form_of(
    *, as_json: bool, as_jsonl: bool, as_csv: bool, out: Path | None, encoding: Encoding, subtitles: bool = False
) -> Form:
    """The form that a verb writes in: the one asked for, else the one that the file's ending names, else lines.

    Raises:
        UsageError: two forms are asked for, the file's ending names another one or none that is written here, or an
            encoding is given for what is no table.
    """
    forms: tuple[tuple[Form, bool], ...] = (("json", as_json), ("jsonl", as_jsonl), ("csv", as_csv))
    asked = [name for name, given in forms if given]
    if len(asked) > 1:
        raise UsageError("--json, --jsonl and --csv: choose one")
    ending = "" if out is None or len(out.suffix) > _LONGEST_ENDING else out.suffix.lower()
    named = _BY_ENDING.get(ending)
    if ending and named is None and not (subtitles and ending in _SUBTITLES):
        known = [*_BY_ENDING, *(_SUBTITLES if subtitles else ())]
        raise UsageError(f"--out {out}: {ending} is no format that is written here; use {', '.join(known)}")
    if asked and named not in (None, "text", asked[0]):
        raise UsageError(f"--out {out}: --{asked[0]} and {ending} are two formats; leave one out")
    form = asked[0] if asked else named or "text"
    if encoding is not Encoding.utf8 and form != "csv":
        raise UsageError(f"--encoding {encoding.value} is for tables; add --csv")
    return form


class Writer:
    """Results in one form, each as soon as it can be.

    Args:
        stream: what is written to.
        form: lines of text, JSON, or a table.
        columns: of the table.
        encoding: of the table.
    """

    def __init__(self, stream: IO[str], form: Form, columns: Sequence[str], encoding: Encoding = Encoding.utf8) -> None:
        self.stream, self.form = stream, form
        self.entries: list[dict[str, Any]] = []
        if form == "csv":
            if encoding is Encoding.excel:
                stream.write("\ufeff")
            self.table = CsvWriter(stream)
            self.table.writerow(columns)

    def write(self, entry: dict[str, Any], rows: Sequence[Sequence[Any]], lines: Sequence[str]) -> None:
        """One result: as JSON, as rows of the table, and as lines of text; the form takes its own."""
        if self.form == "json":
            self.entries.append(entry)
            return
        if self.form == "jsonl":
            self.stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        elif self.form == "csv":
            for row in rows:
                self.table.writerow(row)
        else:
            self.stream.writelines(f"{line}\n" for line in lines)
        self.stream.flush()

    def finish(self) -> None:
        """What can only be written at the end."""
        if self.form == "json":
            json.dump(self.entries, self.stream, ensure_ascii=False, indent=1)
            self.stream.write("\n")


class CaptionWriter(Writer):
    """Captions of photos, clips and scenes.

    Args:
        stream: what is written to.
        form: see `Writer`.
        per_scene: whether results have times.
        words: whether the words detected are written too.
        subtitles: the file, where scenes are written as subtitles; its ending says which kind.
        encoding: see `Writer`.
    """

    def __init__(
        self,
        stream: IO[str],
        form: Form,
        *,
        per_scene: bool = False,
        words: bool = False,
        subtitles: Path | None = None,
        encoding: Encoding = Encoding.utf8,
    ) -> None:
        times = ["start", "end"] if per_scene else []
        super().__init__(stream, form, ["path", *times, "caption", "score", "error", "confidence", "sure"], encoding)
        self.per_scene, self.words, self.subtitles = per_scene, words, subtitles
        self.timed: list[tuple[float, float, str]] = []

    def add(self, described: Described) -> None:
        """One photo's, clip's or scene's captions, or its error."""
        from seesay.media import printable
        from seesay.media.subtitles import timestamp

        failed = isinstance(described.result, MediaError)
        captions = [] if isinstance(described.result, MediaError) else described.result
        if self.subtitles is not None:
            if captions and described.times:
                self.timed.append((*described.times, captions[0].text))
            return
        path, error = as_text(described.source), str(described.result) if failed else None
        detected = captions[0].words if captions else ()
        start, end = (round(described.times[0], 3), round(described.times[1], 3)) if described.times else (None, None)
        entry: dict[str, Any] = {
            "path": path,
            **({"start": start, "end": end} if self.per_scene else {}),
            "captions": [one.to_json() for one in captions],
            **({"words": [{"word": w, "probability": round(p, 4)} for w, p in detected]} if self.words else {}),
            "model": described.captioner.name,
            "error": error,
        }
        about = [path, *([start, end] if self.per_scene else [])]
        rows: list[list[Any]] = [[*about, "", "", error, "", ""]] if failed else []
        when = f" {timestamp(described.times[0])} --> {timestamp(described.times[1])}" if described.times else ""
        name = f"{printable(described.source)}{when}"
        lines = []
        for one in captions:
            certain = ["", ""] if one.confidence is None else [round(one.confidence, 4), str(one.sure).lower()]
            rows.append([*about, one.text, one.score, "" if one.satisfied else f"not one {UNMET}", *certain])
            lines.append(f"{name}: {one.stated}")
        if self.words and captions:
            listed = ", ".join(f"{word} {probability:.2f}" for word, probability in detected)
            lines.append(f"{name}: words: {listed or 'none'}")
        self.write(entry, rows, lines)

    def finish(self) -> None:
        """See `Writer.finish`."""
        from seesay.media.subtitles import subtitles

        if self.subtitles is not None:
            self.stream.write(subtitles(self.timed, self.subtitles))
        else:
            super().finish()


class PredictionWriter(Writer):
    """Activities of clips, or classes of texts and sounds.

    Args:
        stream: what is written to.
        form: see `Writer`.
        model: its name.
        moments: whether results are a camera's, each at its second.
        encoding: see `Writer`.
    """

    def __init__(
        self, stream: IO[str], form: Form, model: str, *, moments: bool = False, encoding: Encoding = Encoding.utf8
    ) -> None:
        columns = ["path", *(["seconds"] if moments else []), "label", "probability", "error"]
        super().__init__(stream, form, columns, encoding)
        self.model, self.moments = model, moments

    def add(
        self, source: object, predictions: list[Prediction], error: str | None, seconds: float | None = None
    ) -> None:
        """One clip's predictions, or its error."""
        from seesay.media import printable

        about: list[Any] = [as_text(source), *([] if seconds is None else [seconds])]
        entry: dict[str, Any] = {"path": about[0], "predictions": [one.to_json() for one in predictions]}
        entry |= {"model": self.model, "error": error, **({"seconds": seconds} if self.moments else {})}
        rows = [[*about, one.label, f"{one.probability:.6f}", ""] for one in predictions]
        if error:
            rows.append([*about, "", "", error])
        at = "" if seconds is None else f" {seconds:g} s"
        likeliest = ", ".join(f"{one.label} {one.probability:.1%}" for one in predictions)
        self.write(entry, rows, [f"{printable(source)}{at}: {likeliest}"] if predictions else [])
