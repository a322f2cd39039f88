"""Words made of their characters (Kim et al. 2016, arXiv:1508.06615): a CNN over letters, maxima, a highway layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seesay.text import SPECIALS, Vocabulary

PADDING, BEGIN, END, UNKNOWN = 0, 1, 2, 3
LETTER, WIDTHS, PER_WIDTH = 15, (1, 2, 3, 4, 5, 6), 25
"""The paper's small net: vectors of 15 numbers a character; filters of 1 to 6 characters, 25 × their width of each."""
LONGEST = 30


class CharacterWords(nn.Module):
    """Vectors of a vocabulary's words from their spelling, so that words spelled alike begin alike.

    For each width w 25·w filters over the characters, tanh, the largest over all places (section 2.2); then one highway
    layer (section 2.3, transform bias -2). A word stands between a mark of its beginning and one of its end; characters
    after the 30th are left out.

    Args:
        vocabulary: whose words are spelled. Its padding has the vector of nothing, zero.

    Attributes:
        width: D, 525.
    """

    spelling: Tensor

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        letters = sorted({letter for word in vocabulary.tokens[len(SPECIALS) :] for letter in word})
        number = {letter: place for place, letter in enumerate(letters, UNKNOWN + 1)}
        length = max(WIDTHS[-1], 2 + min(LONGEST, max(map(len, vocabulary.tokens))))
        rows = torch.full((len(vocabulary), length), PADDING)
        for row, word in zip(rows, vocabulary.tokens, strict=True):
            spelled = [UNKNOWN] if word in SPECIALS else [number[letter] for letter in word[:LONGEST]]
            row[: len(spelled) + 2] = torch.tensor([BEGIN, *spelled, END])
        self.register_buffer("spelling", rows, persistent=False)
        self.letters = nn.Embedding(UNKNOWN + 1 + len(letters), LETTER, padding_idx=PADDING)
        self.filters = nn.ModuleList(nn.Conv1d(LETTER, PER_WIDTH * width, width) for width in WIDTHS)
        self.width = sum(PER_WIDTH * width for width in WIDTHS)
        self.carry = nn.Linear(self.width, self.width)
        self.change = nn.Linear(self.width, self.width)
        with torch.no_grad():
            self.carry.bias.fill_(-2.0)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (…) int64 → (…, D), zero where they are padding."""
        characters = self.letters(self.spelling).transpose(1, 2)  # (V, 15, characters)
        y = torch.cat([layer(characters).tanh().amax(2) for layer in self.filters], 1)
        through = self.carry(y).sigmoid()
        words = through * self.change(y).relu() + (1 - through) * y
        found: Tensor = words[tokens]
        return found * (tokens != Vocabulary.pad)[..., None]
