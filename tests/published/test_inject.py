"""The picture inside the recurrent net, beside it or before it: Tanti et al. 2018, Show and Tell, LRCN, S2VT."""

import pytest
import torch
from equations import gru_reset_before, linear, lstm, zeros

from seesay.models.decoders import DECODERS
from seesay.training.config import load_config

H = 16
TANTI = {
    "cell": "gru",
    "reset": "before",
    "norm": False,
    "scaled_words": False,
    "begin": "hidden",
    "unit_picture": True,
    "beside_dropout": False,
    "hidden": H,
}


@pytest.mark.parametrize("place", ["init", "pre", "par", "merge"])
def test_where_to_put_the_image(build, agrees, place):
    """Tanti et al. 2018, section 3, with their GRU; the picture is of unit length, its layer linear."""
    learned = place in ("par", "merge")
    decoder = build("inject", conditioning=place, learned_begin=learned, embedding=H, **TANTI)

    def equations(weights, picture, places, caption):
        seen = linear(weights, "picture.1", picture / picture.norm())
        h = torch.zeros(H)
        if learned:
            h = weights["learned_begin.hidden"][0]
        if place == "init":
            h = seen
        if place == "pre":
            h = gru_reset_before(weights, "recurrent.net", seen, h)
        logits = []
        for word in caption:
            x = weights["embedding.weight"][word]
            x = torch.cat([x, seen]) if place == "par" else x
            h = gru_reset_before(weights, "recurrent.net", x, h)
            out = torch.cat([h, seen]) if place == "merge" else h
            logits.append(linear(weights, "project", out))
        return torch.stack(logits)

    agrees(decoder, equations)


def test_init_fills_the_hidden_state_of_an_lstm_and_not_its_cell(build, memory):
    decoder = build("inject", conditioning="init", cell="lstm", begin="hidden", norm=False, embedding=8, hidden=H)
    state = decoder.start(memory)
    assert not state["cell"].any()
    torch.testing.assert_close(state["hidden"][:, 0], decoder.picture[1](memory.pooled))


@pytest.mark.parametrize(
    ("place", "count"), [("init", 6_274_539), ("pre", 6_274_539), ("par", 2_942_187), ("merge", 1_600_747)]
)
def test_parameters_as_published(place, count):
    config = load_config(f"tanti_{place}").decoder
    decoder = DECODERS["inject"](config, 2539, 4096)
    assert sum(p.numel() for p in decoder.parameters()) == count


def test_show_and_tell(build, agrees):
    """Vinyals et al. 2015, eq. 4 to 12: the picture is what the LSTM reads first."""
    decoder = build(
        "inject",
        conditioning="pre",
        cell="lstm",
        norm=False,
        scaled_words=False,
        single_bias=True,
        embedding=9,
        hidden=H,
    )

    def equations(weights, picture, places, caption):
        state = lstm(weights, "recurrent.net", linear(weights, "picture.1", picture), zeros(H))
        logits = []
        for word in caption:
            state = lstm(weights, "recurrent.net", weights["embedding.weight"][word], state)
            logits.append(linear(weights, "project", state[0]))
        return torch.stack(logits)

    agrees(decoder, equations)


def test_lrcn_two_layers_factored(build, agrees):
    """Donahue et al. 2015, section 5: words to the first LSTM, its output and the CNN's vector to the second."""
    decoder = build(
        "lrcn", norm=False, scaled_words=False, single_bias=True, picture_layer=False, embedding=9, hidden=H
    )

    def equations(weights, picture, places, caption):
        first, second = zeros(H), zeros(H)
        logits = []
        for word in caption:
            first = lstm(weights, "first.net", weights["embedding.weight"][word], first)
            second = lstm(weights, "second.net", torch.cat([first[0], picture]), second)
            logits.append(linear(weights, "project", second[0]))
        return torch.stack(logits)

    agrees(decoder, equations)


def test_s2vt(build, agrees):
    """Venugopalan et al. 2015, section 3.2: both LSTMs read the frames, then the second speaks; nothing is zeros."""
    decoder = build("s2vt", norm=False, scaled_words=False, single_bias=True, embedding=9, hidden=H)
    nothing = torch.zeros(9)

    def equations(weights, picture, places, caption):
        first, second = zeros(H), zeros(H)
        for frame in places:
            first = lstm(weights, "first.net", linear(weights, "frames.1", frame), first)
            second = lstm(weights, "second.net", torch.cat([first[0], nothing]), second)
        logits = []
        for word in caption:
            first = lstm(weights, "first.net", nothing, first)
            second = lstm(weights, "second.net", torch.cat([first[0], weights["embedding.weight"][word]]), second)
            logits.append(linear(weights, "project", second[0]))
        return torch.stack(logits)

    agrees(decoder, equations)


PLAIN = ["show_and_tell", "lrcn_caption", "s2vt", "tanti_init", "tanti_pre", "tanti_par", "tanti_merge"]


@pytest.mark.parametrize("recipe", PLAIN)
def test_recipes_with_a_papers_name_add_nothing_to_the_net(recipe):
    decoder = load_config(recipe).decoder
    assert not decoder.norm
    assert not decoder.scaled_words
    assert decoder.single_bias or decoder.reset == "before"
