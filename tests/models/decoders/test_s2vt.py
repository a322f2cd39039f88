"""S2VT against the paper's figure: one pair of LSTMs, unrolled by hand over frames and words."""

import pytest
import torch
from torch import nn

from seesay.models.decoders.s2vt import S2vtConfig, S2vtDecoder
from seesay.models.memory import Memory


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    return S2vtDecoder(S2vtConfig(embedding=6, hidden=8), 11, 5).eval()


def cell_of(net: nn.LSTM) -> nn.LSTMCell:
    cell = nn.LSTMCell(net.input_size, net.hidden_size)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in net.state_dict().items()})
    return cell


@torch.no_grad()
def test_frames_then_words_by_the_same_two_nets(decoder, normalized):
    frames, tokens = torch.randn(1, 4, 5), torch.tensor([[1, 7, 3]])
    first, second = cell_of(decoder.first.net), cell_of(decoder.second.net)
    below = above = (torch.zeros(1, 8), torch.zeros(1, 8))
    nothing = torch.zeros(1, 6)
    for frame in decoder.frames(frames)[0]:
        below = first(frame[None], below)
        above = second(torch.cat([below[0], nothing], 1), above)
    for place, token in enumerate(tokens[0]):
        below = first(nothing, below)
        above = second(torch.cat([below[0], (decoder.embedding.weight[token] * 6**0.5)[None]], 1), above)
        expected = decoder.project(normalized(decoder, above[0][0])[None])
        torch.testing.assert_close(decoder(Memory(frames, frames.mean(1)), tokens)[:, place], expected)


@torch.no_grad()
def test_the_order_of_frames_matters(decoder):
    frames, tokens = torch.randn(1, 4, 5), torch.tensor([[1, 7, 3]])
    forwards = decoder(Memory(frames, frames.mean(1)), tokens)
    assert (forwards - decoder(Memory(frames.flip(1), frames.mean(1)), tokens)).abs().max() > 1e-3


@torch.no_grad()
def test_frames_that_are_not_real_are_passed_over_wherever_they_are(decoder):
    frames, tokens = torch.randn(2, 5, 5), torch.tensor([[1, 7, 3], [1, 2, 0]])
    mask = torch.tensor([[True, False, True, True, False], [True, True, True, True, True]])
    found = decoder(Memory(frames, frames.mean(1), mask), tokens)
    alone = decoder(Memory(frames[:1, [0, 2, 3]], frames[:1].mean(1)), tokens[:1])
    torch.testing.assert_close(found[:1], alone)
    whole = decoder(Memory(frames, frames.mean(1)), tokens)
    torch.testing.assert_close(found[1], whole[1])
