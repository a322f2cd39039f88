"""Names and what they stand for, from here and from other packages."""

import pytest

from seesay import registry
from seesay.errors import UsageError
from seesay.registry import Registry


class Entry:
    dist, group = None, "seesay.things"

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


def test_a_plug_in_that_breaks_is_named(monkeypatch):
    class Broken(Entry):
        def load(self):
            raise ImportError("No module named 'gone'")

    monkeypatch.setattr(registry, "entry_points", lambda group: [Broken("mine", "Mine", None)])
    things: Registry[type] = Registry("thing", "seesay.things")
    with pytest.raises(UsageError, match=r"'mine' of another package cannot be loaded .ImportError: No module named"):
        list(things)


def test_every_registry_is_a_group_that_is_listed():
    pytest.importorskip("torch")
    from seesay.data.formats import READERS
    from seesay.metrics.registry import METRICS
    from seesay.models.classifiers import CLASSIFIERS
    from seesay.models.decoders import DECODERS
    from seesay.models.encoders import ENCODERS
    from seesay.training.objectives import OBJECTIVES

    every = (READERS, METRICS, DECODERS, CLASSIFIERS, ENCODERS, OBJECTIVES)
    assert {one.group: one.kind for one in every} | {"seesay.verbs": "verb"} == registry.GROUPS


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
