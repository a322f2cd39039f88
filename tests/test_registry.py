"""Names and what they stand for, from here and from other packages."""

import pytest

from seesay import registry
from seesay.errors import UsageError
from seesay.registry import Registry


class Entry:
    def __init__(self, name, attr, value):
        self.name, self.attr, self.value = name, attr, value

    def load(self):
        return self.value


def test_an_entry_point_may_name_a_class(monkeypatch):
    class Mine:
        pass

    entries = [Entry("mine", "Mine", Mine), Entry("module", "", object())]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries if group == "seesay.things" else [])
    things: Registry[type] = Registry("thing", "seesay.things")
    assert list(things) == ["mine"]
    assert things["mine"] is Mine


def test_what_is_registered_here_is_not_replaced(monkeypatch):
    monkeypatch.setattr(registry, "entry_points", lambda group: [Entry("own", "Other", str)])
    things: Registry[type] = Registry("thing", "seesay.things")
    things.register("own")(int)
    assert things["own"] is int


def test_order():
    by_name: Registry[int] = Registry("thing", "seesay.none")
    as_given: Registry[int] = Registry("thing", "seesay.none", sort=False)
    for things in (by_name, as_given):
        things.register("b")(1)
        things.register("a")(2)
    assert list(by_name) == ["a", "b"]
    assert list(as_given) == ["b", "a"]
    with pytest.raises(UsageError, match="no thing is called 'c'"):
        by_name["c"]
