"""The GRU as it was published, whose reset gate stands before the recurrent product."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ResetBeforeGru(nn.Module):
    """A GRU as in Cho et al. 2014 (arXiv:1406.1078, eq. 5 to 8) and TensorFlow's `GRUCell`: one bias for each gate.

    PyTorch's and Keras' reset what the recurrent product gives; this one resets the state that goes into it:
    h' = u ⊙ h + (1 - u) ⊙ tanh(W x + U (r ⊙ h)). It has the call of `nn.GRU(…, batch_first=True)` with one layer.

    Args:
        inputs: size of what is read at each step.
        hidden: H.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden_size = hidden
        self.read = nn.Linear(inputs, 3 * hidden)  # reset, update, candidate
        self.gates = nn.Linear(hidden, 2 * hidden, bias=False)
        self.candidate = nn.Linear(hidden, hidden, bias=False)
        with torch.no_grad():
            self.read.bias[: 2 * hidden] = 1  # as TensorFlow's begins: the state is kept

    def forward(self, inputs: Tensor, begin: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Inputs (R, T, I) and a state (1, R, H), zeros where it is None → outputs (R, T, H), the state after them."""
        state = inputs.new_zeros(inputs.shape[0], self.hidden_size) if begin is None else begin[0]
        outputs = []
        for known in self.read(inputs).unbind(1):
            gates, new = known.split([2 * self.hidden_size, self.hidden_size], -1)
            reset, update = (gates + self.gates(state)).sigmoid().chunk(2, -1)
            candidate = (new + self.candidate(reset * state)).tanh()
            state = update * state + (1 - update) * candidate
            outputs.append(state)
        return torch.stack(outputs, 1), state[None]
