"""Nets that read words alone and add the picture afterwards: the Keras tutorial's, "LSTM and GRU", LSTM and BLSTM."""

import pytest
import torch
from equations import gru, linear, lstm, zeros

from seesay.models.decoders import DECODERS
from seesay.training.config import load_config

H = 16


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_tutorials_merge_net(build, agrees, cell):
    """Picture → Dense, ReLU; words → embedding → LSTM or GRU; added → Dense, ReLU → softmax."""
    decoder = build("merge", cell=cell, embedding=12, hidden=H, norm=False, single_bias=True, initial="keras")

    def equations(weights, picture, places, caption):
        seen = torch.relu(linear(weights, "picture.1", picture))
        h, c = zeros(H)
        logits = []
        for word in caption:
            x = weights["embedding.weight"][word]
            if cell == "lstm":
                h, c = lstm(weights, "recurrent.net", x, (h, c))
            else:
                h = gru(weights, "recurrent.net", x, h)
            logits.append(linear(weights, "project", torch.relu(linear(weights, "meet.0", h + seen))))
        return torch.stack(logits)

    agrees(decoder, equations)


def test_the_norm_that_was_ours_is_what_differs(build, memory, tokens):
    settings = {"embedding": 12, "hidden": H, "single_bias": True}
    plain, ours = build("merge", **settings, norm=False), build("merge", **settings)
    shared = {n: v for n, v in plain.state_dict().items() if n in ours.state_dict()}
    ours.load_state_dict({**ours.state_dict(), **shared})
    assert (plain(memory, tokens) - ours(memory, tokens)).abs().max() > 0.1


def test_stacked_lstms_with_the_picture_added_at_every_step(build, agrees):
    decoder = build("stacked", embedding=10, hidden=H, initial="keras")

    def equations(weights, picture, places, caption):
        seen = torch.relu(linear(weights, "picture.1", picture))
        states = [zeros(H) for _ in range(3)]
        logits = []
        for word in caption:
            states[0] = lstm(weights, "nets.0", weights["embedding.weight"][word], states[0])
            x = linear(weights, "each_word", states[0][0]) + seen
            states[1] = lstm(weights, "nets.1", x, states[1])
            states[2] = lstm(weights, "nets.2", states[1][0], states[2])
            logits.append(linear(weights, "project", torch.relu(linear(weights, "meet.0", states[2][0]))))
        return torch.stack(logits)

    agrees(decoder, equations)


def test_stacked_bidirectional_lstms_read_each_finished_prefix(build, agrees):
    decoder = build("stacked", bidirectional=True, embedding=10, hidden=H, window=9)

    def one_way(weights, net, sequence):
        state, out = zeros(H), []
        for x in sequence:
            state = lstm(weights, net, x, state)
            out.append(state[0])
        return out

    def both_ways(weights, net, sequence):
        there = one_way(weights, f"{net}.forwards", sequence)
        back = one_way(weights, f"{net}.backwards", sequence[::-1])[::-1]
        return there, back

    def side_by_side(there, back):
        return [torch.cat(pair) for pair in zip(there, back, strict=True)]

    def equations(weights, picture, places, caption):
        seen = torch.relu(linear(weights, "picture.1", picture))
        logits = []
        for end in range(1, len(caption) + 1):
            x = [weights["embedding.weight"][word] for word in caption[:end]]
            x = [linear(weights, "each_word", v) + seen for v in side_by_side(*both_ways(weights, "nets.0", x))]
            x = side_by_side(*both_ways(weights, "nets.1", x))
            there, back = both_ways(weights, "nets.2", x)
            last = torch.cat([there[-1], back[0]])
            logits.append(linear(weights, "project", torch.relu(linear(weights, "meet.0", last))))
        return torch.stack(logits)

    agrees(decoder, equations)


@pytest.mark.parametrize(
    ("recipe", "words", "features", "count"),
    [
        ("vgg16_lstm", 7579, 4096, 5_527_963),
        ("mobilenet_lstm", 8256, 1024, 6_715_032),
        ("mobilenet_blstm", 8256, 1024, 9_047_704),
    ],
)
def test_parameters_as_published(recipe, words, features, count):
    config = load_config(recipe).decoder
    decoder = DECODERS[config.name](config, words, features)
    assert sum(p.numel() for p in decoder.parameters()) == count


def test_stacked_recipes_differ_in_cnn_and_direction_alone():
    def rest(name):
        values = load_config(name).model_dump()
        values["decoder"].pop("bidirectional")
        return {key: value for key, value in values.items() if key not in ("name", "encoder")}

    names = ["inceptionv3_lstm", "inceptionv3_blstm", "mobilenet_lstm", "mobilenet_blstm"]
    assert [rest(name) for name in names] == [rest(names[0])] * 4
    assert [load_config(name).decoder.bidirectional for name in names] == [False, True, False, True]
