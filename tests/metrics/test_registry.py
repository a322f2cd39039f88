"""A metric is one class: what is registered is asked for by name, scored, labeled and listed."""

import numpy as np
import pytest

from seesay.cli.score import score as verb
from seesay.errors import UsageError
from seesay.metrics import METRICS, Figure, Metric, Result, score
from seesay.metrics.figures import HEALTH
from seesay.metrics.health import Health
from seesay.metrics.registry import figures_of_captions, metric_called
from seesay.metrics.scores import possible_metrics

HYPOTHESES = {"a": "a dog", "b": "a red ball"}
REFERENCES = {"a": ["a dog runs"], "b": ["a ball", "the red ball"]}


class Length(Metric):
    """Words of a caption."""

    label = "length"
    figures = (Figure("Length", "words in a caption", better=0, digits=1),)
    usual = True
    aliases = ("words",)

    def compute(self, texts):
        lengths = np.array([len(tokens) for tokens in texts.candidates.values()], float)
        return {"Length": Result.mean(lengths)}, "Length()"

    @classmethod
    def missing_for(cls, items):
        return "there are too many items" if items > 3 else None


@pytest.fixture
def added(monkeypatch):
    monkeypatch.setattr(METRICS, "_items", {**METRICS._items, "length": Length})


def test_a_metric_is_added_by_one_class(added):
    found = score(HYPOTHESES, REFERENCES, ["length", "bleu"])
    assert found.corpus["Length"] == 2.5
    assert found.items["Length"] == {"a": 2.0, "b": 3.0}
    assert "Length()" in found.signature
    assert "Bleu_4" in found.corpus
    assert metric_called("Words") == "length"
    assert Length.figures[0] in figures_of_captions()
    assert "length" in possible_metrics(3)[0]
    names, notes = possible_metrics(4)
    assert "length" not in names
    assert "length is left out: there are too many items" in notes


def test_the_order_in_which_scores_are_printed():
    assert list(METRICS) == ["bleu", "rouge", "meteor", "cider", "cider-plain"]
    assert list(score(HYPOTHESES, REFERENCES, ["cider", "bleu"]).corpus)[:2] == ["CIDEr", "CIDEr-D"]


def test_help_lists_all_metrics():
    import inspect

    option = inspect.signature(verb).parameters["metrics"].default
    assert f"{','.join(METRICS)},health" in option.help


def test_every_metric_gives_the_figures_that_it_names():
    names = [name for name in METRICS if METRICS[name].missing_for(2) is None]
    found = score(HYPOTHESES, REFERENCES, names)
    assert list(found.corpus) == [figure.key for name in names for figure in METRICS[name].figures]


def test_names_that_people_write():
    for written, name in (
        ("BLEU-4", "bleu"),
        ("CIDEr_D", "cider"),
        ("ROUGE-L", "rouge"),
        ("cider-plain", "cider-plain"),
    ):
        assert metric_called(written) == name
    with pytest.raises(UsageError, match="no metric 'blue'; choose from bleu, rouge"):
        score(HYPOTHESES, REFERENCES, ["blue"])


def test_signs_of_health_are_attributes():
    assert {figure.key for figure in HEALTH} <= set(Health.__dataclass_fields__)
