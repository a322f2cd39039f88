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
    by_value: Registry[int] = Registry("thing", "seesay.none", order=lambda item: item)
    for things in (by_name, by_value):
        things.register("b")(1)
        things.register("a")(2)
        things.register("0")(2)
    assert list(by_name) == ["0", "a", "b"]
    assert list(by_value) == ["b", "0", "a"]
    with pytest.raises(UsageError, match="no thing is called 'c'"):
        by_name["c"]
