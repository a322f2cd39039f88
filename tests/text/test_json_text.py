"""JSON with lines."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seesay.text.json_text import loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_as_pythons_json(value, indent, ascii_only):
    text = "\n " + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + "\r\n"
    assert loads(text) == json.loads(text)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('[]{}:,"a1\\ \n'), max_size=12))
def test_refuses_what_python_refuses(text):
    try:
        expected = json.loads(text)
    except json.JSONDecodeError:
        with pytest.raises(json.JSONDecodeError):
            loads(text)
    else:
        assert loads(text) == expected


def test_entries_know_their_lines():
    found = loads('{"a": [\n1,\r\n{"x":\n2}, 3],\r"b": [],\n"a": "again", "c": [\n\n[], 1]\n}')
    assert found == {"a": "again", "b": [], "c": [[], 1]}
    assert [(line, key) for line, (key, _) in zip(found.lines, found.pairs, strict=True)] == [
        (1, "a"),
        (5, "b"),
        (6, "a"),
        (6, "c"),
    ]
    assert (found.lines_of("a"), found.lines_of("b"), found.lines_of("c")) == ([2, 3, 4], [], [8, 8])
    assert loads("\n[1,\n\n2]").lines == [2, 4]


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES) | st.dictionaries(st.text(), VALUES), st.sampled_from([None, 0, 2]))
def test_as_many_lines_as_entries(value, indent):
    found = loads(json.dumps(value, indent=indent))
    assert len(found.lines) == len(value)
    if isinstance(value, dict):
        for name, entries in value.items():
            assert len(found.lines_of(name)) == (len(entries) if isinstance(entries, list) else 0)


def test_a_number_of_thousands_of_digits_is_no_json():
    with pytest.raises(json.JSONDecodeError, match="digits"):
        loads("[" + "1" * 5000 + "]")
