"""The visual sentinel against its equations, written out word by word and place by place."""

import pytest
import torch

from seesay.models.memory import Memory


@pytest.fixture
def decoder(build):
    return build("adaptive_attention", embedding=10, hidden=8, attention=7, dropout=0.0)


def sentinels(decoder, memory, picture, words, normalized):
    """Logits, α and β for each word of one caption, by Lu et al., eq. 3 to 13."""
    v = decoder.annotations(memory.grid[picture])[memory.mask[picture]]
    v_mean = decoder.picture(memory.pooled[picture])
    attention = decoder.attention
    h, m = torch.zeros(8), torch.zeros(8)
    for word in words:
        x = torch.cat([decoder.embedding.weight[word] * 10**0.5, v_mean])
        W_x = torch.cat([decoder.word_gates.weight, decoder.picture_gates.weight], 1)
        projected = W_x @ x + decoder.picture_gates.bias
        enter, forget, new, leave = (projected[:32] + decoder.cell.recurrent(h)).split(8)
        gate = torch.sigmoid(projected[32:] + decoder.sentinel_gate(h))
        m = torch.sigmoid(forget) * m + torch.sigmoid(enter) * torch.tanh(new)
        h = torch.sigmoid(leave) * torch.tanh(m)
        s = gate * torch.tanh(m)
        z = torch.cat([attention.energy(torch.tanh(attention.keys(v_i) + attention.query(h))) for v_i in v])
        alpha = torch.softmax(z, 0)
        c = sum(weight * v_i for weight, v_i in zip(alpha, v, strict=True))
        rival = attention.energy(torch.tanh(decoder.sentinel_key(s) + attention.query(h)))
        beta = torch.softmax(torch.cat([z, rival]), 0)[-1]
        yield decoder.project(normalized(decoder, beta * s + (1 - beta) * c + h)), alpha, beta


def test_it_computes_the_papers_equations(decoder, memory, tokens, captions, normalized):
    whole = decoder(memory, tokens)
    for picture, row, words in captions(memory, tokens):
        for position, (logits, _, _) in enumerate(sentinels(decoder, memory, picture, words, normalized)):
            torch.testing.assert_close(whole[row, position], logits, atol=1e-5, rtol=1e-5)


def test_places_and_sentinel_share_the_whole(decoder, memory, tokens, captions, normalized):
    for picture, row, words in captions(memory, tokens):
        alone = Memory(memory.grid[[picture]], memory.pooled[[picture]], memory.mask[[picture]])
        state = decoder.start(alone)
        for position, (_, alpha, beta) in enumerate(sentinels(decoder, memory, picture, words, normalized)):
            _, state = decoder.step(tokens[[row], position], state)
            weights = state["attention"][0]
            assert 0 < beta < 1
            assert (weights.sum() + beta).item() == pytest.approx(1, abs=1e-5)
            torch.testing.assert_close(weights[: len(alpha)], (1 - beta) * alpha)


def test_a_strong_sentinel_makes_the_picture_matter_less(decoder, memory, tokens):
    """What the sentinel wins, the places lose."""
    attended = []
    for push in (-20.0, 20.0):
        with torch.no_grad():
            decoder.sentinel_key.bias.copy_(push * decoder.attention.energy.weight[0].sign())
        _, state = decoder.step(tokens[[0, 2], 0], decoder.start(memory))
        attended.append(state["attention"].sum(-1))
    assert (attended[0] > attended[1] + 0.2).all()
