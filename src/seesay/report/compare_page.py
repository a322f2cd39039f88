"""A comparison as a page and as Markdown."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from seesay.data import source_of
from seesay.errors import MediaError
from seesay.evaluation.comparison import Comparison, Item
from seesay.evaluation.measures import MetricRow
from seesay.evaluation.tasks import LABELS
from seesay.files import write_whole
from seesay.media.thumbnails import thumbnail
from seesay.metrics.figures import figure_of, for_people, shown, shown_gap
from seesay.report.page import heading_cells, page, photo, plain_table, plot, scrolled, verdict

SURE = 0.05
"""Largest p of a difference that is called one."""
PLOTS_LEFT_OUT = "plots are left out: they need matplotlib (pip install 'seesay[train]')"


def write_pages(found: Comparison, out: Path) -> None:
    """Write `index.html`, `comparison.md` and the plots into `out`."""
    plots = _plots(found, out)
    write_whole(out / "index.html", _page(found, plots))
    write_whole(out / "comparison.md", markdown(found, list(plots)))


def title_of(found: Comparison) -> str:
    """What was compared on what."""
    count = f", {found.count:,} {found.modality}s" if found.count else ", as recorded"
    few = len(found.names) <= 3
    who = " against ".join(found.names) if few else f"{len(found.names)} {found.spec.models}, against {found.names[0]},"
    return f"{who} on {found.split}{count}"


def verdict_of(found: Comparison) -> str:
    """Which is better, by how much, and whether it may be luck; or who leads, where nothing was tested."""
    name, best = found.spec.score, next((m for m in found.measures if m.key == found.spec.score), None)
    label = LABELS.get(name, name)
    tested = {other: each[name] for other, each in found.differences.items() if name in each}
    said = []
    for other, d in tested.items():
        gap = d.first - d.second
        interval = f"95 % interval {shown_gap(name, d.low)} to {shown_gap(name, d.high)}, p {d.p:.3f}"
        if d.p < SURE:
            first, second = (other, found.names[0]) if gap > 0 else (found.names[0], other)
            said.append(f"{first} is better than {second} by {shown(name, abs(gap))} points of {label} ({interval}).")
        else:
            said.append(
                f"{other} and {found.names[0]} are not told apart: {shown_gap(name, gap)} {label} ({interval})."
            )
    if said:
        return " ".join(said)
    values = [] if best is None else [(v, n) for v, n in zip(best.values, found.names, strict=True) if v is not None]
    if not values:
        return f"No {label} is known of any."
    value, leader = max(values, key=lambda one: float(one[0]))
    return f"{leader} leads with {label} {shown(name, value)}; whether that is luck was not tested."


def _plots(found: Comparison, out: Path) -> dict[str, str]:
    """File name of each plot to what the page shows; none without matplotlib."""
    if not _can_plot():
        return {}
    from seesay.report import plots

    made: dict[str, str] = {}
    if found.differences:
        figure = plots.differences(found.differences, found.names[0])
        made["differences.png"] = plots.write_plot(figure, out / "differences.png")
    drawn = plots.curves(found.histories)
    if drawn is not None:
        made["curves.png"] = plots.write_plot(drawn, out / "curves.png")
    return made


def _page(found: Comparison, plots: Mapping[str, str]) -> str:
    body = [f"<h1>{html.escape(title_of(found))}</h1>", verdict(verdict_of(found))]
    body.append(measure_table(found.names, found.measures))
    body.append("<p class=soft>Bold: the best of its row.</p>")
    body += [f"<p>⚠ {html.escape(note)}</p>" for note in _notes(found)]
    if found.differences:
        body.append(f"<h2>Better, or luck? Each against {html.escape(found.names[0])}</h2>")
        if "differences.png" in plots:
            body.append(plot(plots["differences.png"], "Differences with their 95 % intervals, as in the table"))
        heading, rows = _significance(found)
        body.append(plain_table(heading, rows, "differences"))
        body.append(f"<p class=soft>{_how_tested(found)}</p>")
        body += [f"<p>{html.escape(remark)}</p>" for remark in found.remarks]
    if "curves.png" in plots:
        body += ["<h2>Training</h2>", plot(plots["curves.png"], "Curves of the runs over their epochs")]
    if found.settings:
        body += ["<h2>Settings that differ</h2>", plain_table(*_settings(found), "settings that differ")]
    for title, items in _galleries(found):
        cards = "".join(_card(item, found) for item in items)
        body.append(f"<h2>{html.escape(title)}</h2><div class=cards>{cards}</div>")
    body.append(f"<p class=soft>{html.escape(for_people(found.signature))}</p>")
    return page(title_of(found), "\n".join(body))


def markdown(found: Comparison, plots: Sequence[str]) -> str:
    """The tables, plots and captions as Markdown; plots are named as files beside it."""
    parts = [f"# {title_of(found)}", verdict_of(found)]
    rows = []
    for measure in found.measures:
        best = measure.best()
        shown = (f"**{text}**" if i in best else text for i, text in enumerate(measure.shown()))
        rows.append([measure.label, *shown])
    parts += [markdown_table(["", *found.names], rows), *(f"> {note}" for note in _notes(found))]
    if found.differences:
        parts += [f"## Better, or luck? Each against {found.names[0]}", markdown_table(*_significance(found))]
        parts += [_how_tested(found), *found.remarks]
    parts += [f"![{Path(name).stem}]({name})" for name in plots]
    if found.settings:
        parts += ["## Settings that differ", markdown_table(*_settings(found))]
    for title, items in _galleries(found):
        heading = [found.modality, *found.names, "the right one" if items[0].right else "a person"]
        lines = [[i.sample.id, *(i.shown(n) for n in found.names), next(iter(i.references), "")] for i in items]
        parts += [f"## {title}", markdown_table(heading, lines)]
    if found.signature:
        parts.append(f"`{for_people(found.signature)}`")
    return "\n\n".join(parts) + "\n"


def _how_tested(found: Comparison) -> str:
    return (
        f"Paired bootstrap, 1,000 sets of {found.count:,} {found.modality}s; p is two-sided and not corrected for the "
        "number of comparisons."
    )


def _galleries(found: Comparison) -> list[tuple[str, tuple[Item, ...]]]:
    """Titles and items of those groups that have any."""
    things, of = f"{found.modality}s", ""
    if found.differing is not None:
        more = f"{len(found.disputed)} of " if len(found.disputed) < found.differing else ""
        of = f" ({more}{found.differing:,})"
    most = f"The {things} they differ most about" if found.differing is None else f"The {things} they differ about"
    groups = ((f"{most}{of}", found.disputed), (f"{things.capitalize()} at random", found.drawn))
    return [(title, items) for title, items in groups if items]


def _notes(found: Comparison) -> list[str]:
    return [*found.notes, *([] if _can_plot() else [PLOTS_LEFT_OUT])]


def _can_plot() -> bool:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def _significance(found: Comparison) -> tuple[list[str], list[list[str]]]:
    heading = ["score", "run", "difference", "95 % interval", "p"]
    several = [
        [
            LABELS.get(score, score),
            name,
            shown_gap(score, d.first - d.second),
            f"{shown_gap(score, d.low)} … {shown_gap(score, d.high)}",
            f"{d.p:.3f}",
        ]
        for name, each in found.differences.items()
        for score, d in each.items()
    ]
    if len(found.differences) > 1:
        return heading, several
    return [heading[0], *heading[2:]], [[row[0], *row[2:]] for row in several]


def _settings(found: Comparison) -> tuple[list[str], list[list[str]]]:
    names = list(next(iter(found.settings.values())))
    rows = [[key, *("–" if each[n] is None else str(each[n]) for n in names)] for key, each in found.settings.items()]
    return ["setting", *names], rows


def measure_table(names: Sequence[str], measures: Sequence[MetricRow]) -> str:
    """Measures as rows in their groups, one column for each name; the best of a row is bold."""
    lines = [f"<thead><tr><td></td>{heading_cells(names)}{heading_cells(['what it says'])}</tr></thead><tbody>"]
    for group, rows in groupby(measures, key=lambda m: m.group):
        lines.append(f'<tr class="group"><th colspan="{len(names) + 2}">{html.escape(group)}</th></tr>')
        for measure in rows:
            best = measure.best()
            cells = "".join(
                f"<td{' class=best' if i in best else ''}>{html.escape(text)}</td>"
                for i, text in enumerate(measure.shown())
            )
            meaning = f'<td class="meaning soft">{html.escape(figure_of(measure.key).meaning)}</td>'
            lines.append(f'<tr><th scope="row">{html.escape(measure.label)}</th>{cells}{meaning}</tr>')
    return scrolled(f'<table class="figures">{"".join(lines)}</tbody></table>', "figures")


def markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; bars and line breaks in its cells are made harmless."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(heading), line(["---"] * len(heading)), *map(line, rows)])


def _card(item: Item, found: Comparison) -> str:
    try:
        alt = item.outputs[found.names[0]]
        image = photo(thumbnail(source_of(item.sample)), str(alt), 288)
    except MediaError as error:
        image = f"<p class=soft>{html.escape(str(error))}</p>"
    outputs = "".join(
        f"<p class=answer><span class=soft>{html.escape(name)} · {shown(found.item_metric, item.values[name])}"
        "</span><br>"
        f"<span class=sentence>{html.escape(item.shown(name))}</span></p>"
        for name in found.names
    )
    given = [f"the right one: {text}" for text in item.references] if item.right else item.references[:2]
    references = "".join(f"<li>{html.escape(text)}</li>" for text in given)
    below = f"{item.sample.id}; figures: {found.item_metric}"
    return (
        f"<div class=card>{image}<div>{outputs}<ul class=soft>{references}</ul>"
        f"<span class=soft>{html.escape(below)}</span></div></div>"
    )
