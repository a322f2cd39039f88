"""What `key=a,b,c` means, and that wrong ones are told before anything is trained."""

import pytest

from seesay.errors import UsageError
from seesay.experiments.search_space import Axis, Range, folder_name, read_plan, read_setting


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1,2,3", (1, 2, 3)),
        ("a=lstm,gru", ("lstm", "gru")),
        ("a='x,y',z", ("x,y", "z")),
        ('a="x,y", z', ("x,y", "z")),
        ("a=0.5,null,true", (0.5, None, True)),
        ("a=[1, 2],[3]", ([1, 2], [3])),
        ("a=1e-3", ("1e-3",)),
        ("a=../x..y", ("../x..y",)),
    ],
)
def test_values_are_those_of_a_yaml_list(text, values):
    assert read_setting(text) == Axis("a", values)


def test_ranges():
    assert read_setting("a=64..512") == Range("a", 64, 512, False)
    assert read_setting("a=1e-4..1e-2,log") == Range("a", 1e-4, 1e-2, True)
    assert read_setting("a=0..0.5") == Range("a", 0.0, 0.5, False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["decoder.cell"], "not of the form key=a,b,c"),
        (["=1,2"], "not of the form"),
        (["decoder.cell="], "no value"),
        (["decoder.cell='lstm"], "not a list of values"),
        (["decoder.cell=lstm,gru,lstm"], '"lstm" is given twice'),
        (["decoder.cell=lstm", "decoder.cell=gru"], "decoder.cell is given twice"),
        (["training.seed=1,2"], "seeds are counted by --seeds"),
        (["decoder.hiden=64,128"], "unknown key 'decoder.hiden'. Did you mean 'hidden'"),
        (["decoder.hidden=64,large"], "decoder.hidden"),
        (["decoder.cell=lstm,rnn"], "decoder.cell"),
        (["training.beam=3,1000"], "beam is 1000; it must be 100 or less"),
        (["training.beam=3,0"], "training.beam"),
        (["training.max_length=10,null"], "null is no value to search with"),
        (["training.lr=1e-2..1e-4"], "the lower end must be below"),
        (["decoder.dropout=0..1,log"], "log needs a lower end above 0"),
        (["training.lr=-1.0..1.0"], "training.lr"),
    ],
)
def test_wrong_settings_are_told_at_once(settings, message):
    with pytest.raises(UsageError) as caught:
        read_plan("merge", settings, 3)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_seeds_are_refused():
    with pytest.raises(UsageError, match="--seeds 0"):
        read_plan("merge", [], 0)


def test_points_of_a_plan():
    plan = read_plan(
        "merge", ["training.epochs=1", "training.beam=1,5", "decoder.cell=lstm,gru", "text.min_count=1,5"], 2
    )
    assert plan.seeds == (1, 2)
    assert plan.fixed == ("training.epochs=1",)
    assert len(plan.trained) == 4
    assert plan.searched == [{"training.beam": 1}, {"training.beam": 5}]
    config = plan.config(plan.trained[2], 2)
    assert (config.decoder.cell, config.text.min_count, config.training.seed, config.training.epochs) == (
        "gru",
        1,
        2,
        1,
    )
    assert read_plan("merge", [], 1).trained == [{}]


def test_a_family_comes_before_its_settings():
    """`decoder=NAME` clears what belonged to another family, and must not clear what is asked for."""
    plan = read_plan("merge", ["decoder.hidden=64", "decoder=merge,inject"], 1)
    assert [plan.config(p).decoder.hidden for p in plan.trained] == [64, 64]
    assert [plan.config(p).decoder.name for p in plan.trained] == ["merge", "inject"]


def test_folders_are_fit_for_files_and_differ():
    assert folder_name({"decoder.cell": "gru", "training.lr": 0.001}, "x") == "decoder.cell=gru,training.lr=0.001"
    assert folder_name({}, "merge") == "merge"
    one, two = folder_name({"k": "a/b"}, "x"), folder_name({"k": "a b"}, "x")
    assert one != two
    assert "/" not in one + two
    assert len(folder_name({"k": "a" * 500}, "x")) < 200
