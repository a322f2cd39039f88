"""The cell is PyTorch's, and the loop reads each caption to its end and no further."""

import pytest
import torch
from torch import nn

from seesay.models.decoders.additive import AdditiveAttention, Rows, weighted_sum
from seesay.models.decoders.looping import LoopCell, loop_words


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_cell_is_pytorchs(kind, torch_cell):
    torch.manual_seed(0)
    cell, inputs = LoopCell(kind, 8), nn.Linear(5, 32 if kind == "lstm" else 24, bias=False)
    reference = torch_cell(cell, inputs)
    state, x = tuple(torch.randn(3, 8) for _ in cell.entries), torch.randn(3, 5)
    expected = reference(x, state if kind == "lstm" else state[0])
    expected = expected if kind == "lstm" else (expected,)
    for ours, theirs in zip(cell(inputs(x), state), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_loop_runs_real_tokens_only_in_reading_order(tokens):
    sizes = []

    def advance(inputs, state):
        sizes.append(len(inputs))
        return {"sum": state["sum"] + inputs, "row": state["row"]}

    begin = {"sum": torch.zeros(4, 1), "row": torch.arange(4)}
    sums, rows = loop_words(advance, tokens[..., None].float(), tokens, begin, ("sum", "row"))
    assert sums[:, 0].tolist() == [1, 6, 12, 19, 27, 1, 10, 1, 5, 9, 1, 21, 42, 64, 68]
    assert rows.tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
    assert sizes == [4, 4, 3, 2, 2]


def test_chosen_rows_ask_as_all_rows_do():
    torch.manual_seed(0)
    attention = AdditiveAttention(7, 5, 4)
    values, queries = torch.randn(2, 6, 7), attention.query(torch.randn(6, 5))
    keys = attention.keys(values)
    scores = attention(keys, queries)
    rows = Rows(torch.tensor([4, 0, 5]), 3)
    torch.testing.assert_close(attention(keys, queries[rows.index], rows), scores[rows.index])
    weights = scores.softmax(-1)
    seen = weighted_sum(weights, values)
    torch.testing.assert_close(weighted_sum(weights[rows.index], values, rows), seen[rows.index])
    torch.testing.assert_close(seen[4], weights[4] @ values[1])
