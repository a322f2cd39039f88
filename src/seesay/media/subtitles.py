"""Sentences with their times as WebVTT or SubRip (SRT) files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (".vtt", ".srt")
"""Endings of files that are written so."""
Cue = tuple[float, float, str]
"""Start and end in seconds, and what is said."""


def timestamp(seconds: float, comma: bool = False) -> str:
    """`01:02:03.450`, as WebVTT has it; SRT has a comma before the milliseconds."""
    whole = round(max(0.0, seconds) * 1000)
    minutes, thousandths = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{thousandths // 1000:02}{',' if comma else '.'}{thousandths % 1000:03}"


def subtitles(cues: Iterable[Cue], file: Path) -> str:
    """The text of a subtitle file, of the kind that the ending of `file` names."""
    if file.suffix.lower() == ".srt":
        return "".join(
            f"{number}\n{timestamp(start, True)} --> {timestamp(end, True)}\n{text}\n\n"
            for number, (start, end, text) in enumerate(cues, 1)
        )
    # In WebVTT these two begin markup; captions hold neither, sentences of others might.
    plain = ((s, e, text.replace("&", "&amp;").replace("<", "&lt;")) for s, e, text in cues)
    return "WEBVTT\n\n" + "".join(f"{timestamp(s)} --> {timestamp(e)}\n{text}\n\n" for s, e, text in plain)
