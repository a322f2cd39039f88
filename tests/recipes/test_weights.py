"""`seesay recipes` says which recipes download weights: what their encoders do when they are made."""

import pytest

pytest.importorskip("torch")

from seesay.extras import WEIGHT_PACKAGES
from seesay.models.encoders import EncoderConfig
from seesay.recipes import list_recipes, weights_of
from seesay.training.config import load_config


@pytest.mark.parametrize("name", list_recipes())
def test_where_weights_come_from(name):
    encoder = load_config(name).encoder
    if not isinstance(encoder, EncoderConfig) or encoder.weights == "random":
        assert weights_of(name) == "random"
    else:
        assert encoder.weights == "auto"
        assert weights_of(name) == ("installed" if encoder.name in WEIGHT_PACKAGES else "downloaded")
