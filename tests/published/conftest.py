"""Small nets after the papers' equations, a word at a time, with the decoder's weights; pictures and captions for them.

Nothing here comes from anybody's code: each test writes its paper's equations down once more, without `torch.nn`.
"""

import pytest
import torch

from seesay.models.decoders import DECODERS
from seesay.models.memory import Memory

WORDS, SIZE, GRID = 23, 12, 6


@pytest.fixture
def memory():
    torch.manual_seed(5)
    grid = torch.randn(2, GRID, SIZE)
    return Memory(grid, grid.mean(1))


@pytest.fixture
def tokens():
    """Two captions for each of two pictures, of different lengths."""
    return torch.tensor([[1, 5, 6, 7, 8], [1, 9, 0, 0, 0], [1, 4, 4, 0, 0], [1, 20, 21, 22, 4]])


@pytest.fixture
def build():
    """A decoder with random, lively weights, biases too."""

    def make(name, words=WORDS, size=SIZE, **settings):
        torch.manual_seed(3)
        kind = DECODERS[name]
        decoder = kind(kind.config_class(**settings), words, size).eval()
        with torch.no_grad():
            for parameter in decoder.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
        return decoder

    return make


@pytest.fixture
def agrees(memory, tokens):
    """Hold a decoder to a paper's equations: whole captions at once, and word by word.

    `equations(weights, picture, places, caption)` gives the logits after each word of a caption, (T, V).
    """

    def check(decoder, equations):
        weights = {name: value.detach() for name, value in decoder.named_parameters()}
        whole = decoder(memory, tokens)
        state = decoder.start(memory)
        state |= {name: state[name].repeat_interleave(2, 0) for name in decoder.carried}
        steps = []
        for position in range(tokens.shape[1]):
            logits, state = decoder.step(tokens[:, position], state)
            steps.append(logits)
        for row, caption in enumerate(tokens.tolist()):
            words = [word for word in caption if word]
            picture = row // 2
            wanted = equations(weights, memory.pooled[picture], memory.grid[picture], words)
            torch.testing.assert_close(whole[row, : len(words)], wanted, atol=1e-5, rtol=1e-5)
            found = torch.stack([steps[t][row] for t in range(len(words))])
            torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)

    return check
