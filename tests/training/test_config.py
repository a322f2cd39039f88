import pytest

from seesay.errors import UsageError
from seesay.recipes import RECIPES, list_recipes
from seesay.training.config import load_config


def test_every_recipe_loads_and_says_how_to_run_it():
    recipes = list_recipes()
    assert {"default", "merge"} <= set(recipes)
    for name, line in recipes.items():
        assert line
        assert load_config(name).name == name
        assert f"seesay train {name} " in (RECIPES / f"{name}.yaml").read_text("utf-8")


def test_overrides_reach_the_tree():
    config = load_config(
        "default", ["training.lr=0.002", "decoder.hidden=64", "encoder=resnet50", "finetune.from_epoch=null"]
    )
    assert config.training.lr == 0.002
    assert config.decoder.model_dump()["hidden"] == 64
    assert config.encoder.name == "resnet50"
    assert config.finetune.from_epoch is None


def test_another_decoder_takes_its_own_defaults():
    config = load_config("default", ["decoder=merge"])
    assert config.decoder.name == "merge"
    assert config.decoder.model_dump()["hidden"] == 256


def test_names_come_first_and_take_the_layer_along():
    config = load_config("default", ["decoder.hidden=64", "decoder=merge", "encoder.layer=fc7", "encoder=vgg16"])
    assert config.decoder.model_dump()["hidden"] == 64
    assert config.encoder.layer == "fc7"
    assert load_config("default", ["encoder={name: vgg16, layer: fc7}"]).encoder.layer == "fc7"


def test_what_a_recipe_says_of_its_own_cnn_is_not_said_of_another():
    assert load_config("expansionnet_v2").encoder.interpolation == "bilinear"
    plain = load_config("default").encoder
    for recipe in ("expansionnet_v2", "vgg16_lstm", "lrcn_small"):
        assert load_config(recipe, ["encoder=tf_efficientnet_lite2"]).encoder == plain
    assert load_config("lrcn_small", ["encoder.size=32", "encoder=resnet18"]).encoder.size == 32
    assert load_config("vgg16_lstm", ["encoder=vgg16"]).encoder.layer == "fc7"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.start_with=encoder", "start_with=encoder needs start_from"),
        ("training.epoch=3", "Did you mean 'epochs'?"),
        ("trainning.epochs=3", "Did you mean 'training'?"),
        ("decoder.hiden=3", "Did you mean 'hidden'?"),
        ("training.lr=fast", "training.lr"),
        ("training.lr=-1", "greater than 0"),
        ("decoder=atention", "Did you mean 'attention'?"),
        ("epochs", "key=value"),
        ("finetune.from_epoch=99", "past the last epoch"),
        ("decoder.hidden=0", "greater than or equal to 1"),
        ("decoder.dropout=2", "less than 1"),
        ("decoder.heads=7", "hidden=512 is not a multiple of heads=7"),
        ("training.beam=1000", "beam is 1000; it must be 100 or less"),
        ("training.length_power=-1", "length_power is -1"),
        ("training.max_length=0", "max_length is 0"),
    ],
)
def test_wrong_overrides_are_explained_in_one_line(override, expected):
    with pytest.raises(UsageError) as error:
        load_config("default", [override])
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("recipe", "overrides", "expected"),
    [
        ("where_init", ["decoder.layers=0"], "greater than or equal to 1"),
        ("transformer", ["decoder.heads=7"], "is not a multiple of heads=7"),
        ("expansionnet_v2", ["decoder.static=[]"], "at least 1 item"),
        ("merge", ["vectors.source=cbow", "training.start_from=a"], "both say what words begin with"),
        ("merge", ["training.scheduled_sampling=0.2", "training.epochs=1"], "there must be two of them"),
        ("merge", ["distillation.teachers=[a]", "self_critical.from_epoch=0"], "every epoch is self_critical"),
    ],
)
def test_settings_that_would_do_nothing_or_fail_later_are_refused(recipe, overrides, expected):
    with pytest.raises(UsageError) as error:
        load_config(recipe, overrides)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_scheduled_sampling_rises_to_its_share_in_the_last_epoch_of_words():
    words = load_config("merge", ["training.scheduled_sampling=0.2", "training.epochs=5"])
    assert [words.sampled_share(e) for e in range(5)] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    then_reward = ["training.scheduled_sampling=0.2", "training.epochs=9", "self_critical.from_epoch=3"]
    assert [load_config("merge", then_reward).sampled_share(e) for e in range(3)] == pytest.approx([0, 0.1, 0.2])


def test_vectors_and_another_models_cnn_go_together():
    load_config("merge", ["vectors.source=cbow", "training.start_from=a", "training.start_with=encoder"])


@pytest.mark.parametrize("section", ["text", "self_critical"])
def test_captions_longer_than_the_decoder_reads_are_refused(section):
    positions = ["decoder=expansionnet_v2", "decoder.max_length=31"]
    load_config("merge", positions)
    with pytest.raises(UsageError, match="31 is too short for captions of 31 words"):
        load_config("merge", [*positions, f"{section}.max_length=31"])


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'default'"):
        load_config("defualt")


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "a: [1\n", "just words"])
def test_a_file_that_is_no_recipe_is_refused(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"mine\.yaml"):
        load_config(file)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")


def test_settings_are_frozen():
    config = load_config("merge")
    with pytest.raises(Exception, match="frozen"):
        config.training.lr = 1.0


def test_settings_by_their_older_names():
    older = load_config("default", ["joint.from_epoch=3", "training.clip=2", "training.views=2"])
    assert older == load_config(
        "default", ["finetune.from_epoch=3", "training.max_grad_norm=2", "training.augmented_copies=2"]
    )


@pytest.mark.parametrize("value", ["{", '"', "9" * 5000, "&a [*a]", "[" * 3000])
def test_a_value_that_cannot_be_read_is_one_line(value):
    with pytest.raises(UsageError, match="the value cannot be read") as error:
        load_config("show_attend_tell", [f"training.epochs={value}"])
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 400
