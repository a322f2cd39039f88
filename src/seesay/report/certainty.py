"""A captioner's confidence drawn: reliability diagram and risk–coverage curve, as SVG without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seesay.metrics.certainty import COVERAGES, Certainty
from seesay.report.page import plain_table

_SIDE, _LEFT, _TOP = 240, 44, 12


def certainty_section(found: Certainty) -> str:
    """A heading, what the figures say in words, both plots, and a table: HTML."""
    lines = "".join(f"<li>{line}</li>" for line in certainty_lines(found))
    rows = [
        [f"{coverage:.0%}", f"{found.wrong_at(coverage):.0%}", f"{found.wrong_at(coverage, person=True):.0%}"]
        for coverage in COVERAGES
    ]
    table = plain_table(["of the photos, surest first", "a wrong thing or person", "a wrong person"], rows, "certainty")
    return f"<h2>How sure it is</h2><ul>{lines}</ul><p>{reliability_diagram(found)} {risk_coverage(found)}</p>{table}"


def certainty_lines(found: Certainty) -> list[str]:
    """The same in sentences."""
    stated = f"It states {found.sure.mean():.0%} of its captions without doubt"
    if found.sure.any():
        stated += f"; {found.wrong[found.sure].mean():.0%} of these name a thing or person that no reference names"
    return [
        f"{stated}.",
        f"Of all captions {found.wrong.mean():.0%} do, of the half that it is surest of {found.wrong_at(0.5):.0%}.",
        f"Calibration error {found.calibration_error:.3f}: 0 is best, up to 0.05 is good.",
    ]


def reliability_diagram(found: Certainty) -> str:
    """Confidence against the share of captions that are right, a dot for each of ten bins, larger for more captions."""
    most = max(each.count for each in found.bins)
    dots = "".join(
        f'<circle cx="{_x(each.confidence)}" cy="{_y(each.accepted)}" r="{3 + 7 * math.sqrt(each.count / most):.1f}" '
        f'fill="#0072B2" fill-opacity=".75"><title>{each.count} captions: confidence {each.confidence:.2f}, '
        f"{each.accepted:.0%} right</title></circle>"
        for each in found.bins
    )
    ideal = _line([(0, 0), (1, 1)], "currentColor", "4 4")
    label = "Reliability diagram: share of captions that are right, by confidence. " + "; ".join(
        f"{each.confidence:.2f}: {each.accepted:.0%} of {each.count}" for each in found.bins
    )
    return _plot(ideal + dots, "confidence", "share that is right", label)


def risk_coverage(found: Certainty) -> str:
    """The share of captions that name a wrong thing, among the share of photos that the model is surest of."""
    coverage, risk = found.curve()
    step = max(1, len(coverage) // 200)
    points = [(float(c), float(r)) for c, r in zip(coverage[::step], risk[::step], strict=True)]
    points.append((1.0, float(risk[-1])))
    label = "Risk and coverage: share of captions that name a wrong thing, among the surest. " + "; ".join(
        f"{share:.0%} of photos: {found.wrong_at(share):.0%}" for share in COVERAGES
    )
    return _plot(_line(points, "#D55E00"), "share of photos, surest first", "share that is wrong", label)


def _plot(drawn: str, across: str, up: str, label: str) -> str:
    ticks = "".join(
        f'<text x="{_x(v)}" y="{_TOP + _SIDE + 16}" text-anchor="middle">{v:g}</text>'
        f'<text x="{_LEFT - 6}" y="{_y(v)}" text-anchor="end" dominant-baseline="middle">{v:g}</text>'
        for v in (0, 0.25, 0.5, 0.75, 1)
    )
    frame = (
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="currentColor" '
        'stroke-opacity=".3"/>'
    )
    middle = _TOP + _SIDE / 2
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {_LEFT + _SIDE + 14} {_TOP + _SIDE + 42}" width="300" '
        f'font-size="11" fill="currentColor" style="max-width:100%">{frame}{drawn}{ticks}'
        f'<text x="{_LEFT + _SIDE / 2}" y="{_TOP + _SIDE + 34}" text-anchor="middle">{across}</text>'
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{up}</text></svg>'
    )


def _line(points: Sequence[tuple[float, float]], color: str, dashes: str = "") -> str:
    path = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5" stroke-dasharray="{dashes}"/>'


def _x(value: float) -> float:
    return round(_LEFT + value * _SIDE, 1)


def _y(value: float) -> float:
    return round(_TOP + (1 - value) * _SIDE, 1)
