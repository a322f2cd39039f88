"""Recurrent nets over words: a word at a time, or whole captions at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import PAD, State

Cell = Literal["lstm", "gru"]
CELL_ENTRIES: dict[Cell, tuple[str, ...]] = {"lstm": ("hidden", "cell"), "gru": ("hidden",)}


class Recurrent(nn.Module):
    """An LSTM or GRU over words, read a word at a time or whole captions at once.

    Its state is a decoder's, rows first: `hidden` (R, layers, H), and `cell` of the same shape for an LSTM.

    Args:
        cell: lstm or gru.
        inputs: size of what is read at each step.
        hidden: H.
        layers: nets on top of each other.
        dropout: between them.
        prefix: of the entries' names, where a decoder has two such nets.
        net: something else with the call of `nn.GRU` and its one state, in place of PyTorch's own.
    """

    def __init__(
        self,
        cell: Cell,
        inputs: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        prefix: str = "",
        net: nn.Module | None = None,
    ) -> None:
        super().__init__()
        kind: type[nn.LSTM | nn.GRU] = nn.LSTM if cell == "lstm" else nn.GRU
        self.net = net or kind(inputs, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.entries = tuple(prefix + name for name in CELL_ENTRIES[cell])
        self.shape = (layers, hidden)
        if isinstance(self.net, (nn.LSTM, nn.GRU)):
            remember(self.net)

    def begin(self, pictures: Tensor) -> State:
        """Zeros, one row for each of `pictures` (B, …)."""
        return {name: pictures.new_zeros(pictures.shape[0], *self.shape) for name in self.entries}

    def step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """One word on: inputs (R, I) → output (R, H) and the entries after it."""
        out, after = self.net(inputs[:, None], self._layers_first(state))
        return out[:, 0], self._rows_first(after)

    def run(self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Whole sequences: inputs (R, T, I) → outputs (R, T, H) and the entries after the last of each.

        Args:
            inputs: what is read at each step.
            state: where each row begins; None for zeros.
            lengths: (R,) how many of each row's steps are real, 1 or more; the outputs of the others are zero. None
                for all.
        """
        begin = None if state is None else self._layers_first(state)
        if lengths is None:
            out, after = self.net(inputs, begin)
            return out, self._rows_first(after)
        packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, after = self.net(packed, begin)
        out, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=inputs.shape[1])
        return out, self._rows_first(after)

    def read(self, inputs: Tensor, tokens: Tensor, state: State | None = None) -> Tensor:
        """Real tokens only: inputs (R, T, I) → outputs (M, H), as `Decoder.hidden` orders them.

        Args:
            inputs: what is read at each step.
            tokens: (R, T), to tell padding.
            state: where each row begins; None for zeros.
        """
        return read_words(self.net, inputs, tokens, None if state is None else self._layers_first(state))

    def _rows_first(self, after: Any) -> State:
        values = after if isinstance(after, tuple) else (after,)
        return {n: v.transpose(0, 1).contiguous() for n, v in zip(self.entries, values, strict=True)}

    def _layers_first(self, state: State) -> Any:
        values = tuple(state[name].transpose(0, 1).contiguous() for name in self.entries)
        return values if len(values) > 1 else values[0]


class LastState(nn.Module):
    """An LSTM or GRU that reads whole sequences and gives its state after the last word of each.

    Args:
        cell: lstm or gru.
        inputs: size of what is read for each word.
        hidden: H.
    """

    def __init__(self, cell: Cell, inputs: int, hidden: int) -> None:
        super().__init__()
        kind: type[nn.LSTM | nn.GRU] = nn.LSTM if cell == "lstm" else nn.GRU
        self.net = kind(inputs, hidden, batch_first=True)
        self.entries = CELL_ENTRIES[cell]

    def forward(self, tokens: Tensor, embed: Callable[[Tensor], Tensor]) -> Tensor:
        """Tokens (R, T), padding after the last → (R, H); a row of padding alone gives something that means nothing.

        Args:
            tokens: what is read, in reading order.
            embed: tokens (…) → what the net reads (…, I).
        """
        lengths = (tokens != PAD).sum(1).clamp(min=1)
        if torch.compiler.is_exporting():
            # Packing does not export. What is read after the last word does not change the state after it.
            states, _ = self.net(embed(tokens))
            last = (lengths - 1)[:, None, None].expand(-1, 1, states.shape[-1])
            state: Tensor = states.gather(1, last)[:, 0]
            return state
        packed = nn.utils.rnn.pack_padded_sequence(tokens, lengths.cpu(), batch_first=True, enforce_sorted=False)
        # Step by step: the net's own backward makes, for each step, a gradient as large as all that it read.
        sizes = packed.batch_sizes.tolist()
        steps = torch.split_with_sizes(embed(packed.data), sizes)
        after = [steps[0].new_zeros(sizes[0], self.net.hidden_size) for _ in self.entries]
        ended = []
        for inputs, rows, staying in zip(steps, sizes, [*sizes[1:], 0], strict=True):
            after = self._cell(inputs, [state[:rows] for state in after])
            ended.append(after[0][staying:])
        return torch.cat(ended[::-1])[packed.unsorted_indices]

    def _cell(self, inputs: Tensor, state: list[Tensor]) -> list[Tensor]:
        """One step of the net on plain rows: inputs (R, I), state (R, H) each → the state after it."""
        weights = [getattr(self.net, name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
        if isinstance(self.net, nn.LSTM):
            return list(torch.lstm_cell(inputs, state, *weights))
        return [torch.gru_cell(inputs, state[0], *weights)]


@torch.no_grad()
def remember(net: nn.LSTM | nn.GRU) -> None:
    """Let a new net keep what it was told: 1 is added to the bias of an LSTM's forget gate, of a GRU's update gate.

    Jozefowicz et al. 2015 (PMLR 37), section 5. Else half of the picture is gone after each word, and captions are
    learned long before pictures are.
    """
    for name, bias in net.named_parameters():
        if name.startswith("bias_ih"):
            bias[net.hidden_size : 2 * net.hidden_size] += 1


def read_words(net: nn.Module, inputs: Tensor, tokens: Tensor, begin: Any = None) -> Tensor:
    """Run a recurrent net over the real tokens only: inputs (R, T, I) → (M, H), as `Decoder.hidden` orders them.

    Args:
        net: batch first.
        inputs: what is read at each step.
        tokens: (R, T), to tell padding.
        begin: the net's own state, layers first; None for zeros.
    """
    if not isinstance(net, (nn.LSTM, nn.GRU)):  # it takes no packed sequences; what comes after a row's end is dropped
        whole: Tensor = net(inputs, begin)[0]
        return whole[tokens != PAD]
    lengths = (tokens != PAD).sum(1).clamp(min=1).cpu()
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    states, _ = net(packed, begin)
    padded, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=tokens.shape[1])
    return padded[tokens != PAD]
