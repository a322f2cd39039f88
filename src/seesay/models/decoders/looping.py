"""For nets that look at the picture between two words, and so must be run a word at a time: a cell, and the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import PAD, State
from seesay.models.decoders.recurrent import CELL_ENTRIES, Cell


class LoopCell(nn.Module):
    """An LSTM or GRU cell, with PyTorch's equations, that is given its inputs already projected to its gates.

    Who uses it projects what is known beforehand, such as the words, in one product for all steps.

    Args:
        cell: lstm or gru.
        hidden: H.

    Attributes:
        gates: G, the width of the projected inputs: 4·H for an LSTM, 3·H for a GRU.
        entries: names of the state's entries: hidden, and cell for an LSTM.
    """

    def __init__(self, cell: Cell, hidden: int) -> None:
        super().__init__()
        self.entries = CELL_ENTRIES[cell]
        self.gates = (4 if cell == "lstm" else 3) * hidden
        self.recurrent = nn.Linear(hidden, self.gates)
        with torch.no_grad():
            self.recurrent.bias[hidden : 2 * hidden] += 1  # as `remember` does

    def forward(self, inputs: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """One step: inputs (R, G) and state, each (R, H), in the order of `entries` → the state after it."""
        hidden, *cell = state
        recurrent = self.recurrent(hidden)
        if cell:
            enter, forget, new, leave = (inputs + recurrent).chunk(4, -1)
            after = forget.sigmoid() * cell[0] + enter.sigmoid() * new.tanh()
            return leave.sigmoid() * after.tanh(), after
        (reset, update, new), (reset_too, update_too, new_too) = inputs.chunk(3, -1), recurrent.chunk(3, -1)
        keep = (update + update_too).sigmoid()
        fresh = (new + (reset + reset_too).sigmoid() * new_too).tanh()
        return (keep * hidden + (1 - keep) * fresh,)


def loop_words(
    advance: Callable[[Tensor, State], State], inputs: Tensor, tokens: Tensor, state: State, keep: Sequence[str]
) -> tuple[Tensor, ...]:
    """Run a step over the real tokens only; rows leave the loop as their captions end.

    Args:
        advance: one word on: inputs (n, I) of n rows that still go on, and their state → the state after it.
        inputs: what is known beforehand of each step, (R, T, I).
        tokens: (R, T), to tell padding.
        state: where each row begins, each entry (R, …).
        keep: names of the entries wanted, after each step.

    Returns:
        Each entry of `keep` as (M, …), in the order of `Decoder.hidden`.
    """
    real = tokens != PAD
    lengths = real.sum(1).clamp(min=1).cpu()
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    rows = packed.sorted_indices
    assert rows is not None
    state = {name: value[rows] for name, value in state.items()}
    steps: list[State] = []
    for now in torch.split(packed.data, packed.batch_sizes.tolist()):
        if len(now) < len(rows):
            rows = rows[: len(now)]
            state = {name: value[: len(now)] for name, value in state.items()}
        state = advance(now, state)
        steps.append({name: state[name] for name in keep})

    def in_order(values: list[Tensor]) -> Tensor:
        whole, _ = nn.utils.rnn.pad_packed_sequence(
            packed._replace(data=torch.cat(values)), batch_first=True, total_length=tokens.shape[1]
        )
        return whole[real]

    return tuple(in_order([step[name] for step in steps]) for name in keep)
