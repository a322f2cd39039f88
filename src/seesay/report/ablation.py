"""An ablation as a table, a plot and a page."""

from __future__ import annotations

import html
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seesay.errors import UsageError
from seesay.files import write_csv, write_whole
from seesay.metrics.figures import for_people
from seesay.report.compare_page import markdown_table
from seesay.report.page import page, plain_table, plot, verdict
from seesay.report.plots import write_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seesay.experiments.ablation import Ablated

HEADING = ["changed", "to", "seeds", "score", "± sd", "against the recipe", "95 % interval", "p"]
NOTE = (
    "Differences are in points of {score} on dev, seeds pooled: a paired bootstrap over items, 1,000 sets. They say "
    "whether these runs differ on photos like these, not what other seeds would give: mind the spread beside them. "
    "With {count} comparisons, p below {bound:.4f} is what one would ask of a single one at 0.05 (Bonferroni)."
)


def score_of(found: Sequence[Ablated]) -> str:
    """The score that is shown: CIDEr-D, of recognizers top-1."""
    names = found[0].scores[0].corpus
    return next(name for name in ("CIDEr-D", "top-1", "Bleu_4") if name in names)


def table_of(found: Sequence[Ablated]) -> list[list[str]]:
    """A line for the recipe and for each variant, what costs most first."""
    name = score_of(found)
    lines = []
    for one in [found[0], *sorted(found[1:], key=lambda one: _gap(one, name))]:
        values, gap = one.values(name), one.differences.get(name)
        spread = f"{100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
        line = [one.variant.part or "–", one.variant.name, str(len(values))]
        line += [f"{100 * statistics.fmean(values):.1f}" if values else "failed", spread]
        if gap is None:
            error = next((o.error for o in one.outcomes if o.error), "")
            line += [error, "", ""]
        else:
            line += [f"{100 * (gap.first - gap.second):+.1f}", f"{100 * gap.low:.1f} … {100 * gap.high:.1f}"]
            line += [f"{gap.p:.3f}"]
        lines.append(line)
    return lines


def write_ablation(title: str, found: Sequence[Ablated], out: Path) -> Path:
    """Write `index.html`, `ablation.md`, `ablation.csv` and `ablation.png` into `out`.

    Returns:
        The page.

    Raises:
        UsageError: `out` cannot be written.
    """
    lines, name = table_of(found), score_of(found)
    compared = max(1, sum(bool(one.differences) for one in found))
    note = NOTE.format(score=name, count=compared, bound=0.05 / compared)
    signature = for_people(found[0].scores[0].signature)
    try:
        drawn = write_plot(_draw(found, name), out / "ablation.png")
        write_csv(out / "ablation.csv", [HEADING, *lines])
        parts = [f"# {title}", f"![{name}](ablation.png)", markdown_table(HEADING, lines), note, f"`{signature}`"]
        text = "\n\n".join(parts) + "\n"
        write_whole(out / "ablation.md", text)
        body = [f"<h1>{html.escape(title)}</h1>", verdict(verdict_of(found))]
        body.append(plot(drawn, f"Differences in {name} from the recipe; the table has the numbers"))
        body += [plain_table(HEADING, lines, "variants"), f"<p class=soft>{html.escape(note)}</p>"]
        body.append(f"<p class=soft>{html.escape(signature)}</p>")
        write_whole(out / "index.html", page(title, "\n".join(body)))
    except OSError as error:
        raise UsageError(f"{error.filename or out}: cannot be written ({error.strerror or error})") from error
    return out / "index.html"


def verdict_of(found: Sequence[Ablated]) -> str:
    """What costs most, and what helps most."""
    name = score_of(found)
    tested = sorted((one for one in found[1:] if name in one.differences), key=lambda one: _gap(one, name))
    if not tested:
        return "No variant came to an end."
    said = []
    for one, word in ((tested[0], "costs most"), (tested[-1], "helps most")):
        gap = 100 * _gap(one, name)
        if (gap < 0) == (word == "costs most") and gap:
            said.append(f"{one.variant.name} {word}: {gap:+.1f} points of {name} (p {one.differences[name].p:.3f})")
    return f"{'; '.join(said) or 'No variant changes the score'}."


def _gap(one: Ablated, name: str) -> float:
    gap = one.differences.get(name)
    return math.inf if gap is None else gap.first - gap.second


def _draw(found: Sequence[Ablated], name: str) -> Figure:
    """Differences as bars with their intervals, what costs most at the top."""
    from matplotlib.figure import Figure

    shown = sorted((one for one in found if one.differences), key=lambda one: _gap(one, name), reverse=True)
    figure = Figure(figsize=(8, 1.2 + 0.35 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for place, one in enumerate(shown):
        gap = one.differences[name]
        middle = 100 * (gap.first - gap.second)
        axes.barh(place, middle, color="#c44e52" if middle < 0 else "#55a868", height=0.6)
        axes.plot([100 * gap.low, 100 * gap.high], [place, place], color="black", linewidth=1.5)
    axes.set_yticks(range(len(shown)), [one.variant.name for one in shown])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(f"{name} on dev against the recipe, in points (95 % interval over items)")
    return figure
