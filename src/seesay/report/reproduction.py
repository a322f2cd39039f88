"""A published comparison that was run again, as a page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seesay.errors import UsageError
from seesay.files import write_whole
from seesay.metrics.figures import for_people
from seesay.report.page import page, plain_table

if TYPE_CHECKING:
    from seesay.experiments.reproduce import Reproduction


def write_reproduction(found: Reproduction, out: Path) -> Path:
    """Write `index.html` into `out`: the published table beside ours, the usual scores and their significance.

    Raises:
        UsageError: it cannot be written.
    """
    body = [f"<h1>{html.escape(found.comparison.title)}</h1>", _table(found.rows())]
    body += [f"<p class=soft>{html.escape(line)}</p>" for line in found.comparison.how]
    body += ["<h2>By the usual metrics</h2>", _table(found.standard_rows())]
    body.append(f"<p class=soft>{html.escape(for_people(found.trained[0].signature))}</p>")
    body.append(f"<h2>{html.escape(found.item)}</h2>")
    body.append(_table([{"": f"{t.system}, seed {t.seed}", "answer": t.answer} for t in found.trained]))
    file = out / "index.html"
    try:
        write_whole(file, page(found.comparison.title, "\n".join(body)))
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror or error})") from error
    return file


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    return plain_table(list(rows[0]), [list(row.values()) for row in rows])
