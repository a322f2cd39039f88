"""W3C's decision tree on a labelled set, and that no wrong answer hides a picture."""

import functools
from collections import Counter
from pathlib import Path

import pytest
from alttext_labelled import SETS, labelled, picture

from seesay.apps.alttext.html_uses import read_html
from seesay.apps.alttext.roles import ROLES, Facts, role_of
from seesay.runtime.picture_signals import signals_of

DOCS = Path(__file__).parents[3] / "docs" / "alt-text.md"
HIDING = {"decorative", "duplicate", "group"}


@functools.cache
def answers():
    """(role a person gave, role found, fragment, whether it is sure)."""
    signals = {}
    found = []
    for role, kind, name, fragment in labelled():
        if (kind, name) not in signals:
            signals[kind, name] = signals_of(picture(kind, name))
        html = f'<html lang="en"><body>{fragment.replace("@", name)}</body></html>'
        use = next(use for use in read_html(html.encode()) if use.source == name)
        answer = role_of(use, signals[kind, name], Facts())
        found.append((role, answer.name, fragment.replace("@", name), answer))
    return found


def test_the_set_is_large_enough():
    assert len(answers()) >= 300
    assert set(SETS) == set(ROLES)
    assert min(Counter(role for role, *_ in answers()).values()) >= 10


def test_roles_are_right():
    wrong = [(role, name, text) for role, name, text, _ in answers() if role != name]
    right = 1 - len(wrong) / len(answers())
    assert right >= 0.95, f"{right:.3f}: {wrong}"


def test_nothing_that_says_something_is_hidden_for_sure():
    """A wrong alt="" hides a picture: none is written without a person where the role is another."""
    hidden = [text for role, _, text, answer in answers() if answer.sure and answer.alt == "" and role not in HIDING]
    assert not hidden


def confusion():
    """The table of docs/alt-text.md."""
    counts = Counter((role, name) for role, name, *_ in answers())
    lines = ["| a person says ↓ | " + " | ".join(ROLES) + " | right |", "| --- |" + " ---: |" * (len(ROLES) + 1)]
    for role in ROLES:
        row = [counts[role, name] for name in ROLES]
        cells = " | ".join(str(value or "·") for value in row)
        lines.append(f"| {role} | {cells} | {counts[role, role]} of {sum(row)} |")
    return "\n".join(lines)


def test_the_table_in_the_docs_is_what_is_found():
    if not DOCS.is_file():
        pytest.skip("no docs beside the tests")
    assert confusion() in DOCS.read_text("utf-8"), f"write into docs/alt-text.md:\n{confusion()}"
