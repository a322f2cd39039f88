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
    found = loads('{"a": [\n1,\r\n{"x":\n2}, 3],\r"b": [],\n"a": "again"\n}')
    assert found.pairs[0][2].lines == [2, 3, 4]
    assert [(line, key) for line, key, _ in found.pairs] == [(1, "a"), (5, "b"), (6, "a")]
    assert loads("\n[1,\n\n2]").lines == [2, 4]
