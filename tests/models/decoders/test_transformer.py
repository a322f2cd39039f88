"""The transformer against its equations, and its ring of past words against none."""

import math

import pytest
import torch
from torch.nn import functional as F

from seesay.models.decoders.transformer import sinusoids

SETTINGS = {"hidden": 16, "heads": 2, "feed_forward": 24, "dropout": 0.0}


def attend(attention, queries, places):
    """Section 3.2, head by head: queries (T, H), each over its own list of places (n, H)."""
    out = []
    for query, seen in zip(queries, places, strict=True):
        q, k, v = attention.query(query), attention.keys(seen), attention.values(seen)
        heads = []
        for head in range(2):
            part = slice(8 * head, 8 * head + 8)
            weights = torch.softmax(k[:, part] @ q[part] / math.sqrt(8), 0)
            heads.append(weights @ v[:, part])
        out.append(attention.mix(torch.cat(heads)))
    return torch.stack(out)


@pytest.mark.parametrize("window", [32, 2])
def test_it_computes_the_papers_equations(build, memory, tokens, captions, window):
    decoder = build("transformer", **SETTINGS, encoder_layers=2, decoder_layers=2, window=window)
    whole = decoder(memory, tokens)
    for picture, row, words in captions(memory, tokens):
        grid = decoder.grid(memory.grid[picture][memory.mask[picture]])
        grid = grid + sinusoids(torch.arange(len(grid)), 16)
        for layer in decoder.encoder:
            normed = layer.norm_own(grid)
            grid = layer.feed(grid + attend(layer.own, normed, [normed] * len(grid)))
        grid = decoder.norm_grid(grid)
        x = decoder.embedding.weight[words] * 4 + sinusoids(torch.arange(len(words)), 16)
        for layer in decoder.decoder:
            normed = layer.norm_own(x)
            x = x + attend(layer.own, normed, [normed[max(0, t + 1 - window) : t + 1] for t in range(len(words))])
            x = layer.feed(x + attend(layer.picture, layer.norm_picture(x), [grid] * len(words)))
        expected = decoder.norm_words(x) @ decoder.embedding.weight.T + decoder.bias
        torch.testing.assert_close(whole[row, : len(words)], expected, atol=1e-4, rtol=1e-4)


def test_sinusoids_are_those_of_the_paper():
    table = sinusoids(torch.arange(7), 6)
    for position in range(7):
        for i in range(3):
            angle = position / 10000 ** (2 * i / 6)
            assert float(table[position, i]) == pytest.approx(math.sin(angle), abs=1e-5)
            assert float(table[position, 3 + i]) == pytest.approx(math.cos(angle), abs=1e-5)


def test_the_ring_goes_round_and_follows_reordered_rows(build, memory):
    """Rows that search reorders between steps go on as the captions they have become, for many rounds of the ring."""
    decoder = build("transformer", **SETTINGS, encoder_layers=1, decoder_layers=2, window=4)
    torch.manual_seed(1)
    words = torch.randint(4, 23, (4, 14))
    state = decoder.start(memory)
    state |= {name: state[name].repeat_interleave(2, 0) for name in decoder.carried}
    parents = torch.tensor([1, 1, 3, 2])
    for position in range(14):
        logits, state = decoder.step(words[:, position], state)
        expected = decoder(memory, words[:, : position + 1])[:, position]
        torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
        if position in (2, 7, 11):
            words[:, : position + 1] = words[parents, : position + 1]
            state |= {name: state[name][parents] for name in decoder.carried}


def test_a_word_sees_the_last_window_and_no_more(build, memory, tokens):
    decoder = build("transformer", **SETTINGS, encoder_layers=0, decoder_layers=1, window=3)
    before = decoder(memory, tokens)
    changed = tokens.clone()
    changed[0, 1] = 13
    difference = (decoder(memory, changed) - before)[0].abs().amax(-1)
    assert (difference > 1e-3).tolist() == [False, True, True, True, False]


def test_attention_is_the_last_layers(build, memory, tokens):
    decoder = build("transformer", **SETTINGS, encoder_layers=0, decoder_layers=2)
    _, state = decoder.step(tokens[[0, 2], 0], decoder.start(memory))
    torch.testing.assert_close(state["attention"].sum(-1), torch.ones(2))
    assert state["attention"][1, 4:].abs().sum() == 0
    with torch.no_grad():  # a last layer that cannot tell places apart
        decoder.decoder[1].picture.query.weight.zero_()
        decoder.decoder[1].picture.query.bias.zero_()
    _, state = decoder.step(tokens[[0, 2], 0], decoder.start(memory))
    uniform = memory.mask / memory.mask.sum(1, keepdim=True)
    torch.testing.assert_close(state["attention"], uniform.float())


def test_shapes_of_the_state_stay_as_they_begin(build, memory, tokens):
    decoder = build("transformer", **SETTINGS, window=3).train()
    assert F.cross_entropy(decoder(memory, tokens)[tokens != 0], tokens[tokens != 0]).isfinite()
    state = decoder.eval().start(memory)
    shapes = {name: value.shape for name, value in state.items()}
    for position in range(5):
        _, state = decoder.step(tokens[[0, 3], position], state)
        assert {name: value.shape for name, value in state.items()} == shapes
    assert state["position"].tolist() == [5, 5]
