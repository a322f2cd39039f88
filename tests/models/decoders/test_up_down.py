"""Up-Down against its equations, written out word by word and place by place."""

import pytest
import torch


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_it_computes_the_papers_equations(build, memory, tokens, captions, torch_cell, normalized, kind):
    """Anderson et al., eq. 2 to 7."""
    decoder = build("up_down", embedding=10, hidden=8, attention=7, dropout=0.0, cell=kind)
    whole = decoder(memory, tokens)
    attention, mean = decoder.attention, decoder.picture_gates
    attend = torch_cell(decoder.attention_cell, decoder.language_gates, mean[2], decoder.word_gates)
    speak = torch_cell(decoder.language_cell, decoder.seen_gates)

    def read(cell, x, state):
        after = cell(x[None], tuple(s[None] for s in state) if kind == "lstm" else state[0][None])
        return tuple(s[0] for s in after) if kind == "lstm" else (after[0],)

    for picture, row, words in captions(memory, tokens):
        v = decoder.annotations(memory.grid[picture])[memory.mask[picture]]
        v_mean = mean[0](memory.pooled[picture])
        first = second = tuple(torch.zeros(8) for _ in decoder.attention_cell.entries)
        for position, word in enumerate(words):
            first = read(attend, torch.cat([second[0], v_mean, decoder.embedding.weight[word] * 10**0.5]), first)
            a = [attention.energy(torch.tanh(attention.keys(v_i) + attention.query(first[0]))) for v_i in v]
            alpha = torch.softmax(torch.cat(a), 0)
            seen = sum(weight * v_i for weight, v_i in zip(alpha, v, strict=True))
            second = read(speak, torch.cat([seen, first[0]]), second)
            torch.testing.assert_close(
                whole[row, position], decoder.project(normalized(decoder, second[0])), atol=1e-5, rtol=1e-5
            )
