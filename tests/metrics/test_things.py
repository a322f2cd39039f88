"""What a caption names that nobody else names."""

from seesay.metrics.things import unsupported

REFERENCES = ["A woman rides her bike past a jet.", "someone on a bicycle"]


def test_what_nobody_names_is_found():
    assert unsupported("a dog on a bike", REFERENCES) == ["dog"]
    assert unsupported("two pizzas on a table", ["a plate on a wall"]) == ["pizza", "table"]


def test_kin_and_plurals_and_what_is_no_thing_pass():
    assert unsupported("a man with two bicycles near an airplane running quickly", REFERENCES) == []
    assert unsupported("", REFERENCES) == []
