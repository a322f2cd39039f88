"""Two small pictures and two captions for each, for the tests of one family's formulas."""

import pytest
import torch

from seesay.models.decoders import DECODERS
from seesay.models.memory import Memory

WORDS, SIZE, GRID = 23, 12, 6


@pytest.fixture
def memory():
    """Two pictures, the second with two places that are not real."""
    torch.manual_seed(5)
    mask = torch.ones(2, GRID, dtype=torch.bool)
    mask[1, 4:] = False
    return Memory(torch.randn(2, GRID, SIZE), torch.randn(2, SIZE), mask)


@pytest.fixture
def tokens():
    """Two captions for each of two pictures, of different lengths."""
    return torch.tensor([[1, 5, 6, 7, 8], [1, 9, 0, 0, 0], [1, 4, 4, 0, 0], [1, 20, 21, 22, 4]])


@pytest.fixture
def build():
    """A decoder with random, lively weights, biases too."""

    def make(name, **settings):
        torch.manual_seed(3)
        kind = DECODERS[name]
        decoder = kind(kind.config_class(**settings), WORDS, SIZE).eval()
        with torch.no_grad():
            for parameter in decoder.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
        return decoder

    return make


@pytest.fixture
def torch_cell():
    """PyTorch's own cell with the weights of a `LoopCell` and of the layers that project its inputs, in order."""

    def make(cell, *inputs):
        kind = torch.nn.LSTMCell if len(cell.entries) == 2 else torch.nn.GRUCell
        made = kind(sum(layer.in_features for layer in inputs), cell.recurrent.in_features)
        with torch.no_grad():
            made.weight_ih.copy_(torch.cat([layer.weight for layer in inputs], 1))
            made.weight_hh.copy_(cell.recurrent.weight)
            made.bias_ih.copy_(sum((layer.bias for layer in inputs if layer.bias is not None), torch.zeros(cell.gates)))
            made.bias_hh.copy_(cell.recurrent.bias)
        return made

    return make


@pytest.fixture
def normalized():
    """What stands before the output layer, by hand: layer normalization with the decoder's own gains and offsets."""

    def norm(decoder, state):
        gains, offsets = decoder.finish.state_dict().values()
        centered = state - state.mean()
        return gains * centered / (centered.square().mean() + 1e-5).sqrt() + offsets

    return norm


@pytest.fixture
def captions():
    """(picture, row, its words) of each caption of a batch."""

    def repeat_per_row(memory, tokens):
        times = len(tokens) // len(memory)
        return [(row // times, row, [t for t in tokens[row].tolist() if t]) for row in range(len(tokens))]

    return repeat_per_row
