"""The one thing that evaluation writes: predictions, before they are scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seesay.errors import UsageError
from seesay.files import write_whole


def save_predictions(file: Path | None, predictions: list[dict[str, Any]]) -> None:
    """Write predictions as JSON, one a line; None writes nothing.

    Raises:
        UsageError: the file cannot be written.
    """
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(predictions, ensure_ascii=False, indent=0))
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror or error})") from error
