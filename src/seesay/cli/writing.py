"""What `seesay caption` prints: lines, JSON, a table, or subtitles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from seesay.cli.common import as_text
from seesay.errors import MediaError
from seesay.files import CsvWriter
from seesay.media import printable
from seesay.media.subtitles import subtitles, timestamp
from seesay.runtime.caption import Caption
from seesay.runtime.describe import Described

UNMET = "holds all that it must"


class Writer:
    """Results in the form asked for, each as soon as it can be."""

    def __init__(self, stream: IO[str], cues: Path | None, form: str, per_scene: bool, words: bool = False) -> None:
        self.words = words
        self.stream, self.cues, self.form, self.per_scene = stream, cues, form, per_scene
        self.entries: list[dict[str, Any]] = []
        self.timed: list[tuple[float, float, str]] = []
        if form == "csv":
            self.table = CsvWriter(stream)
            times = ["start", "end"] if per_scene else []
            self.table.writerow(["path", *times, "caption", "score", "error", "confidence", "sure"])

    def add(self, described: Described) -> None:
        """One photo's, clip's or scene's captions, or its error."""
        path = as_text(described.source)
        captions, error = (
            ([], str(described.result)) if isinstance(described.result, MediaError) else (described.result, None)
        )
        start, end = (round(described.times[0], 3), round(described.times[1], 3)) if described.times else (None, None)
        if self.cues is not None:
            if captions and described.times:
                self.timed.append((*described.times, captions[0].text))
        elif self.form == "csv":
            about = [path, *([start, end] if self.per_scene else [])]
            for one in captions:
                certain = ["", ""] if one.confidence is None else [round(one.confidence, 4), str(one.sure).lower()]
                unmet = "" if one.satisfied else f"not one {UNMET}"
                self.table.writerow([*about, one.text, one.score, unmet, *certain])
            if error:
                self.table.writerow([*about, "", "", error, "", ""])
        elif self.form:
            entry: dict[str, Any] = {
                "path": path,
                **({"start": start, "end": end} if self.per_scene else {}),
                "captions": [one.to_json() for one in captions],
                **({"words": _as_json(captions)} if self.words else {}),
                "model": described.captioner.name,
                "error": error,
            }
            if self.form == "json":
                self.entries.append(entry)
                return
            self.stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        else:
            when = f" {timestamp(described.times[0])} --> {timestamp(described.times[1])}" if described.times else ""
            for one in captions:
                shown = one.text if one.sure is not False else f"(not sure) perhaps: {one.perhaps}"
                self.stream.write(f"{printable(described.source)}{when}: {shown}\n")
            if self.words and captions:
                listed = ", ".join(f"{word} {probability:.2f}" for word, probability in captions[0].words)
                self.stream.write(f"{printable(described.source)}{when}: words: {listed or 'none'}\n")
        self.stream.flush()

    def finish(self) -> None:
        """What can only be written at the end."""
        if self.form == "json":
            json.dump(self.entries, self.stream, ensure_ascii=False, indent=1)
            self.stream.write("\n")
        if self.cues is not None:
            self.stream.write(subtitles(self.timed, self.cues))


def _as_json(captions: list[Caption]) -> list[dict[str, Any]]:
    """The words detected in a picture, likeliest first."""
    return [{"word": word, "probability": round(p, 4)} for word, p in captions[0].words] if captions else []
