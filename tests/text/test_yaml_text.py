"""YAML that is short and means much, or nothing."""

from __future__ import annotations

import pytest
import yaml

from seesay.text.yaml_text import load_yaml, why


def test_as_pyyaml_reads_it() -> None:
    text = "a: 1\nb: [x, 2.5, null, 'y']\nc: {d: true, e: 1e-3}\n"
    assert load_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &a [x]\nb: [*a, *a]", "*a is an alias, which is not read"),
        ("&a [*a]", "alias"),
        ("{", "expected the node content"),
        ('"', "unexpected end of stream"),
        ("9" * 5000, "4300 digits"),
        ("[" * 5000, "nested too deep"),
        ("2026-13-45", "month must be in 1..12"),
        ("x" * (1 << 21), "too long"),
        ("a: \x00", "not allowed"),
        ("!!python/object/apply:os.system [true]", "could not determine a constructor"),
    ],
)
def test_what_is_none_is_one_error(text: str, told: str) -> None:
    with pytest.raises(yaml.YAMLError) as error:
        load_yaml(text)
    assert told in why(error.value)
    assert "\n" not in why(error.value)
    assert len(why(error.value)) <= 200
