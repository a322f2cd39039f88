"""The functions of `import seesay` and the verbs of the command: same words, same defaults, same answers."""

import inspect
import json
from pathlib import Path

import pytest
import typer.main

import seesay
from seesay.cli import app, run

SAMPLES = Path(__file__).parent.parent / "samples"
VERBS = {"train": "train", "evaluate": "evaluate", "compare": "compare", "export": "export", "describe": "caption"}
"""Function → verb."""
SPELLED = {"paths": "paths", "models": "runs", "recipe": "recipe", "settings": "settings"}
"""Arguments without a name on the command line; there they are places."""
PYTHON_ALONE = {("evaluate", "predictions"), ("train", "recipe")}
"""What the command has no option for, or always asks for."""


def options(verb):
    command = typer.main.get_command(app).commands[verb]
    return {name: parameter for parameter in command.params for name in (parameter.name, *option_names(parameter))}


def option_names(parameter):
    return [o.lstrip("-").replace("-", "_") for o in parameter.opts]


def of_functions():
    for function, verb in VERBS.items():
        for parameter in inspect.signature(getattr(seesay, function)).parameters.values():
            if parameter.kind != parameter.VAR_KEYWORD and (function, parameter.name) not in PYTHON_ALONE:
                yield pytest.param(function, verb, parameter, id=f"{function}({parameter.name})")


@pytest.mark.parametrize(("function", "verb", "parameter"), list(of_functions()))
def test_a_parameter_is_an_option_with_the_same_default(function, verb, parameter):
    known = options(verb)
    option = known.get(parameter.name) or known.get(SPELLED.get(parameter.name, ""))
    assert option is not None, f"{function}({parameter.name}) is no option of seesay {verb}: {sorted(known)}"
    if parameter.default is not parameter.empty and not option.required:
        default = option.default if option.default not in ((), []) else None
        assert (parameter.default or None) == (default or None), f"seesay {verb}: {option.opts}"


def test_describe_says_what_the_command_says(capsys):
    assert run(["caption", str(SAMPLES), "--json", "--beam", "3"]) == 0
    said = json.loads(capsys.readouterr().out)
    found = seesay.describe([SAMPLES], beam=3)
    assert [str(one.source) for one in found] == [one["path"] for one in said]
    assert [one.result[0].to_json() for one in found] == [
        {key: value for key, value in one["captions"][0].items() if key in found[0].result[0].to_json()} for one in said
    ]


def test_one_path_is_no_list():
    with pytest.raises(seesay.UsageError, match="takes a list"):
        seesay.describe("samples")


def test_a_recognizer_takes_no_search():
    with pytest.raises(seesay.UsageError, match="beam is of sentences"):
        seesay.evaluate("activities", data="ucf101:nowhere", split="test", beam=3)


def test_lists():
    assert {model.name for model in seesay.list_models()} >= {"default", "clips", "activities"}
    assert "default" in seesay.list_recipes()
    assert {"merge", "show_attend_tell"} <= set(seesay.list_decoders())


def test_a_data_set_and_scores(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("image,caption,split\n" + "".join(f"{s},a thing,train\n" for s in sorted(SAMPLES.glob("*.jpg"))))
    assert len(seesay.read_dataset(f"csv:{table}").split("train")) == 5
    found = seesay.score({"a": "a dog runs"}, {"a": ["a dog runs"]}, metrics=["bleu"])
    assert found.corpus["Bleu_1"] == pytest.approx(1)
