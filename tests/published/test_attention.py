"""Nets that look before or after each word: Show, Attend and Tell, SA-LSTM, Up-Down, adaptive attention."""

import pytest
import torch
from equations import linear, lstm_gates, zeros

from seesay.training.config import load_config

H, E, A = 16, 9, 10
PLAIN = {"norm": False, "scaled_words": False, "embedding": E, "hidden": H, "attention": A}


def cell(weights, name, x, state):
    """An LSTM whose input comes projected to its gates."""
    h, c = state
    return lstm_gates(x + linear(weights, f"{name}.recurrent", h), c)


def attend(weights, places, query):
    """Bahdanau et al. 2015: e_i = wᵀ tanh(U a_i + W q), their softmax, and the weighted sum."""
    scores = torch.stack(
        [
            weights["attention.energy.weight"][0]
            @ torch.tanh(linear(weights, "attention.keys", place) + weights["attention.query.weight"] @ query)
            for place in places
        ]
    )
    shares = torch.softmax(scores, 0)
    return sum(share * place for share, place in zip(shares, places, strict=True))


@pytest.mark.parametrize(
    ("gated", "tanh"), [(True, False), (True, True), (False, True)], ids=["paper", "authors' code", "SA-LSTM"]
)
def test_show_attend_and_tell(build, agrees, gated, tanh):
    """Xu et al. 2015, eq. 1 to 3, 4 to 7 and 13 over the CNN's own places; without a gate: Yao et al. 2015, eq. 7."""
    decoder = build("show_attend_tell", **PLAIN, annotations="raw", gated=gated, deep_tanh=tanh)

    def equations(weights, picture, places, caption):
        begin = torch.tanh(linear(weights, "begin.1", places.mean(0)))
        state = begin.chunk(2)
        logits = []
        for word in caption:
            x = weights["embedding.weight"][word]
            seen = attend(weights, places, state[0])
            if gated:
                seen = torch.sigmoid(linear(weights, "gate", state[0])) * seen
            state = cell(
                weights, "cell", weights["word_gates.weight"] @ x + weights["context_gates.weight"] @ seen, state
            )
            out = x + linear(weights, "of_hidden", state[0]) + weights["of_context.weight"] @ seen
            logits.append(linear(weights, "project", torch.tanh(out) if tanh else out))
        return torch.stack(logits)

    agrees(decoder, equations)


def test_up_down(build, agrees):
    """Anderson et al. 2018, eq. 1 to 7, over the CNN's own places."""
    decoder = build("up_down", **PLAIN, annotations="raw")

    def equations(weights, picture, places, caption):
        first, second = zeros(H), zeros(H)
        logits = []
        for word in caption:
            x = weights["word_gates.weight"] @ weights["embedding.weight"][word]
            x = x + weights["picture_gates.2.weight"] @ places.mean(0) + weights["language_gates.weight"] @ second[0]
            first = cell(weights, "attention_cell", x, first)
            seen = attend(weights, places, first[0])
            second = cell(weights, "language_cell", weights["seen_gates.weight"] @ torch.cat([seen, first[0]]), second)
            logits.append(linear(weights, "project", second[0]))
        return torch.stack(logits)

    agrees(decoder, equations)


def test_adaptive_attention(build, agrees):
    """Lu et al. 2017, eq. 6 to 13: V = ReLU(W a), v = ReLU(W ā), x_t = [w_t; v], and the sentinel."""
    decoder = build("adaptive_attention", **PLAIN)

    def equations(weights, picture, places, caption):
        values = [torch.relu(linear(weights, "annotations.project.1", place)) for place in places]
        whole = torch.relu(linear(weights, "picture.1", places.mean(0)))
        h, c = zeros(H)
        logits = []
        for word in caption:
            x = weights["word_gates.weight"] @ weights["embedding.weight"][word]
            x = x + linear(weights, "picture_gates", whole)
            gate = torch.sigmoid(x[4 * H :] + weights["sentinel_gate.weight"] @ h)
            h, c = cell(weights, "cell", x[: 4 * H], (h, c))
            sentinel = gate * torch.tanh(c)
            query, energy = weights["attention.query.weight"] @ h, weights["attention.energy.weight"][0]
            scores = [energy @ torch.tanh(linear(weights, "attention.keys", value) + query) for value in values]
            scores.append(energy @ torch.tanh(linear(weights, "sentinel_key", sentinel) + query))
            shares = torch.softmax(torch.stack(scores), 0)
            context = sum(share * value for share, value in zip(shares, [*values, sentinel], strict=True))
            logits.append(linear(weights, "project", context + h))
        return torch.stack(logits)

    agrees(decoder, equations)


@pytest.mark.parametrize("recipe", ["show_attend_tell", "sa_lstm", "up_down", "adaptive_attention"])
def test_recipes_with_a_papers_name_add_nothing_to_the_net(recipe):
    decoder = load_config(recipe).decoder
    assert not decoder.norm
    assert not decoder.scaled_words
    assert getattr(decoder, "annotations", "raw") == "raw"
