"""LRCN's two nets, written out word by word."""

import pytest
import torch


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_first_net_reads_words_the_second_the_picture_too(build, memory, tokens, captions, normalized, kind):
    decoder = build("lrcn", embedding=10, hidden=8, dropout=0.0, cell=kind)
    whole = decoder(memory, tokens)
    for picture, row, words in captions(memory, tokens):
        seen = decoder.picture(memory.pooled[picture])
        first = second = None
        for position, word in enumerate(words):
            out, first = decoder.first.net((decoder.embedding.weight[word] * 10**0.5)[None], first)
            out, second = decoder.second.net(torch.cat([out, seen[None]], -1), second)
            torch.testing.assert_close(
                whole[row, position], decoder.project(normalized(decoder, out[0])), atol=1e-5, rtol=1e-5
            )


def test_the_first_net_knows_nothing_of_the_picture(build, memory, tokens):
    decoder = build("lrcn", embedding=10, hidden=8, dropout=0.0)
    _, state = decoder.step(tokens[[0, 0], 0], decoder.start(memory))
    torch.testing.assert_close(state["first_hidden"][0], state["first_hidden"][1])
    assert not torch.allclose(state["second_hidden"][0], state["second_hidden"][1], atol=1e-3)
