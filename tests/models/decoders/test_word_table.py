"""What a decoder begins with: words of unit size in a table that learns, and cells that keep what they were told."""

import pytest
import torch

from seesay.models.decoders.base import PAD
from seesay.models.decoders.looping import LoopCell
from seesay.models.decoders.recurrent import Recurrent
from seesay.models.decoders.words import WordTable


def test_words_begin_at_unit_size_and_padding_is_nothing():
    torch.manual_seed(0)
    table = WordTable(500, 64)
    read = table(torch.arange(500))
    assert read[PAD].abs().max() == 0
    assert read[PAD + 1 :].std().item() == pytest.approx(1, abs=0.02)
    assert table.weight[PAD + 1 :].std().item() == pytest.approx(1 / 8, abs=0.005)


def test_one_step_of_adam_moves_a_word_by_the_scale():
    """That is the point: the rate's step in the table is √E times as long in what the net reads."""
    torch.manual_seed(0)
    table = WordTable(5, 64)
    before = table(torch.tensor([3])).detach()
    optimizer = torch.optim.Adam(table.parameters(), 0.01)
    table(torch.tensor([3])).sum().backward()
    optimizer.step()
    moved = (table(torch.tensor([3])) - before).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 0.08), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gates_begin_open_to_what_is_there(kind):
    torch.manual_seed(0)
    for biases in (LoopCell(kind, 64).recurrent.bias, Recurrent(kind, 64, 64).net.bias_ih_l0):
        keep = biases.view(-1, 64).mean(1)
        expected = torch.tensor([0.0, 1.0, 0.0, 0.0][: len(keep)])
        torch.testing.assert_close(keep, expected, atol=0.05, rtol=0)
