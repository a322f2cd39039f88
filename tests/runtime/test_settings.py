"""What a caller asks for in words, as options."""

import pytest

from seesay.errors import UsageError
from seesay.runtime.settings import SearchSettings, search_options, unknown_words
from seesay.search import SearchOptions
from seesay.text import Vocabulary

WORDS = Vocabulary.build([["dog"] * 9, ["dogs"] * 8, ["red"] * 7, ["ball"] * 6, ["man"] * 5], min_count=1)
DEFAULTS = {"beam": 4, "length_power": 1.0, "no_repeat_ngram": 3}


def options(**asked):
    return search_options(WORDS, DEFAULTS, asked)


def test_the_models_own_settings_hold_where_nothing_is_asked():
    found = options(beam=None, num=None, must=None)
    assert (found.beam, found.length_power, found.no_repeat_ngram, found.num) == (4, 1.0, 3, 1)
    assert found.forbidden == (WORDS.pad, WORDS.start, WORDS.unk)
    assert options(beam=2, length_power=0.0).beam == 2
    assert options(length_power=0.0).length_power == 0.0


def test_every_setting_reaches_the_search():
    asked = {"beam": 6, "num": 2, "max_length": 9, "min_length": 2, "length_power": 0.5, "groups": 3, "diversity": 0.7}
    found = options(**asked)
    assert {name: getattr(found, name) for name in asked} == asked
    asked = {"sample": True, "temperature": 0.8, "top_k": 50, "top_p": 0.9, "seed": 1, "num": 5}
    found = options(**asked)
    assert {name: getattr(found, name) for name in asked} == asked
    assert options(consensus=1.5).consensus == 1.5
    assert options(charge_end=False).charge_end is False
    beams = {"beam", "max_length", "min_length", "length_power", "charge_end", "consensus", "groups", "diversity"}
    beams |= {"must", "must_not", "no_repeat_ngram"}
    assert options(no_repeat_ngram=3).no_repeat_ngram == 3
    named = {*asked, *beams}
    assert named == set(SearchSettings.__annotations__)


def test_words_become_tokens():
    red, ball, man = WORDS.encode(["red", "ball", "man"])
    found = options(must=["Red ball.", "dog"], must_not=["man", "MAN", "zebra"])
    assert found.must == ((red, ball), tuple(WORDS.encode(["dog"])))
    assert found.forbidden == (WORDS.pad, WORDS.start, WORDS.unk, man)
    assert options(must="red ball").must == ((red, ball),)
    assert unknown_words(WORDS, ["man", "zebra"]) == ["zebra"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"must": ["dgo"]}, r"does not know the word 'dgo'\. Near it: 'dog'"),
        ({"must": ["a red ball"]}, "does not know the word 'a'"),
        ({"must": ["zebra"]}, "does not know the word 'zebra'.$"),
        ({"must": ["..."]}, "holds no word"),
        ({"must_not": ["red ball"]}, "single words, and 'red ball' is 2"),
        ({"must_not": [""]}, "single words"),
        ({"must": ["red ball"], "must_not": ["ball"]}, "'ball' is in must and in must_not"),
        ({"sample": True, "beam": 3}, "beam and sample do not go together"),
        ({"sample": True, "length_power": 1.0}, "length_power and sample"),
        ({"temperature": 2.0}, "temperature is for sampling"),
        ({"groups": 3}, "beam of 4 cannot be divided in 3 equal groups; .* for example 3"),
        ({"bean": 3}, "no search setting is called 'bean'; there are: beam, num"),
    ],
)
def test_what_makes_no_sense_is_refused(asked, words):
    with pytest.raises(UsageError, match=words) as caught:
        options(**asked)
    assert "\n" not in str(caught.value)


def test_a_length_power_of_hundreds_is_refused() -> None:
    with pytest.raises(UsageError, match="length_power is 300; it must be 10 or less"):
        SearchOptions(length_power=300)


def test_one_list_names_the_options_everywhere():
    import typer.main

    from seesay.apps.service.options import SEARCH as OF_SERVICE
    from seesay.artifact.rules import _RANGES
    from seesay.cli import app
    from seesay.search_options import FLAGS, OPTIONS, RANGES
    from seesay.training.sections import SEARCH, TrainingSettings

    fields = set(SearchOptions.__dataclass_fields__)
    assert set(OPTIONS) - {"must_not"} == fields - {"forbidden"}  # forbidden words are those of must_not, in tokens
    assert set(OPTIONS) == set(OF_SERVICE) == set(SearchSettings.__annotations__)
    assert set(_RANGES["search"]) | set(FLAGS) == set(OPTIONS) - {"must", "must_not"}
    assert set(SEARCH) <= fields & set(TrainingSettings.model_fields)
    command = typer.main.get_command(app).commands["caption"]
    assert set(OPTIONS) <= {parameter.name for parameter in command.params}
    for name in set(RANGES) | set(FLAGS):  # what is usual is within the range
        options(**{name: getattr(SearchOptions(), name)})


def test_charge_end_of_a_manifest_is_checked():
    from seesay.artifact.rules import check_manifest

    manifest = {
        "name": "m", "model": {}, "preprocessing": {}, "vocabulary": {"tokens": []}, "grid_size": [1, 1], "carried": [],
    }  # fmt: skip
    check_manifest({**manifest, "search": {"charge_end": False, "sample": True}}, ["caption"])
    with pytest.raises(ValueError, match="'charge_end' of 'search' must be true or false"):
        check_manifest({**manifest, "search": {"charge_end": 1}}, ["caption"])
    with pytest.raises(ValueError, match="'search' holds 'beams'"):
        check_manifest({**manifest, "search": {"beams": 1}}, ["caption"])
