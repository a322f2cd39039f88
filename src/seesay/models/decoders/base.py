"""The decoder contract: `start`, `step` and `forward`. Search, training, ensembles and export need nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from seesay.models.memory import Memory
from seesay.registry import Registry

State = dict[str, Tensor]
Cell = Literal["lstm", "gru"]
CELL_ENTRIES: dict[Cell, tuple[str, ...]] = {"lstm": ("hidden", "cell"), "gru": ("hidden",)}
PAD = 0  # Vocabulary.pad, the one id every decoder must know


class DecoderConfig(BaseModel):
    """Settings every decoder has; each family adds its own beside its class.

    A family that reads only so many tokens says so by a setting `max_length`: the start and the words. Config and
    runtime refuse longer captions by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str


class Decoder(nn.Module, ABC):
    """Words from a `Memory`, one at a time (`step`) or a whole caption at once (`forward`); both agree to 1e-5.

    Attributes:
        carried: the state entries that `step` changes; every other entry stays what `start` made it, one row for each
            picture.
        penalty: what the last `hidden` in training mode wants added to the loss, a sum over its captions; None for
            nothing. `training.objectives.CrossEntropy` takes it.
        tied: whether the output layer is the words' table.
    """

    carried: tuple[str, ...]
    penalty: Tensor | None = None
    tied: ClassVar[bool] = False
    config_class: ClassVar[type[DecoderConfig]]

    @abstractmethod
    def start(self, memory: Memory) -> State:
        """Everything that can be computed once per picture: a flat mapping, name to tensor, batch first."""

    @abstractmethod
    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One word on: tokens (R,) int64 just emitted → logits (R, V) of the next, and the new state.

        R is a multiple of B: rows i·R/B … (i+1)·R/B-1 belong to picture i. Carried entries of the state have R rows,
        the others B.
        """

    @abstractmethod
    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """Teacher forcing without the output layer, for real tokens only: tokens (B·K, T) int64 → (M, H).

        Rows i·K … i·K+K-1 are the K captions of picture i. M is the number of tokens that are not padding,
        in reading order, as `x[tokens != PAD]` gives them.
        """

    def constant(self, state: Mapping[str, object]) -> set[str]:
        """Names of the state's entries that `step` leaves as they are."""
        return set(state) - set(self.carried)

    @abstractmethod
    def output(self, hidden: Tensor) -> Tensor:
        """Hidden states (…, H) → logits (…, V)."""

    def forward(self, memory: Memory, tokens: Tensor) -> Tensor:
        """Teacher forcing in fused operations: tokens (B·K, T) → logits (B·K, T, V), zero on padding."""
        return spread(self.output(self.hidden(memory, tokens)), tokens != PAD)


DECODERS: Registry[type[Any]] = Registry("decoder", "seesay.decoders")
register = DECODERS.register


def spread(values: Tensor, real: Tensor) -> Tensor:
    """Put values (M, …) back where real (R, T) is True: (R, T, …), zero elsewhere."""
    whole = values.new_zeros(*real.shape, *values.shape[1:])
    whole[real] = values
    return whole


def each(values: Tensor, rows: Tensor) -> Tensor:
    """Repeat what each picture has, (B, …), for its rows (R, …): (R, …)."""
    times = rows.shape[0] // values.shape[0]
    return values[:, None].expand(-1, times, *values.shape[1:]).flatten(0, 1)


def mask_bias(memory: Memory) -> Tensor:
    """What to add to attention scores, (B, N): 0, and -inf where a position is not real."""
    zero = torch.zeros_like(memory.grid[..., 0])
    return zero if memory.mask is None else zero.masked_fill(~memory.mask, float("-inf"))


def drop_channels(dropout: nn.Dropout, grid: Tensor) -> Tensor:
    """Dropout of whole channels of a picture, (B, N, H): positions agree too much for single values to matter."""
    kept: Tensor = dropout(torch.ones_like(grid[:, :1]))
    return grid * kept


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
    """

    def __init__(
        self, cell: Cell, inputs: int, hidden: int, layers: int = 1, dropout: float = 0.0, prefix: str = ""
    ) -> None:
        super().__init__()
        kind: type[nn.LSTM | nn.GRU] = nn.LSTM if cell == "lstm" else nn.GRU
        self.net = kind(inputs, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.entries = tuple(prefix + name for name in CELL_ENTRIES[cell])
        self.shape = (layers, hidden)
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
        _, after = self.net(packed._replace(data=embed(packed.data)))
        last_state: Tensor = (after[0] if isinstance(after, tuple) else after)[-1]
        return last_state


@torch.no_grad()
def remember(net: nn.LSTM | nn.GRU) -> None:
    """Let a new net keep what it was told: 1 is added to the bias of an LSTM's forget gate, of a GRU's update gate.

    Jozefowicz et al. 2015 (PMLR 37), section 5. Else half of the picture is gone after each word, and captions are
    learned long before pictures are.
    """
    for name, bias in net.named_parameters():
        if name.startswith("bias_ih"):
            bias[net.hidden_size : 2 * net.hidden_size] += 1


def read_words(net: nn.LSTM | nn.GRU, inputs: Tensor, tokens: Tensor, begin: Any = None) -> Tensor:
    """Run a recurrent net over the real tokens only: inputs (R, T, I) → (M, H), as `Decoder.hidden` orders them.

    Args:
        net: batch first.
        inputs: what is read at each step.
        tokens: (R, T), to tell padding.
        begin: the net's own state, layers first; None for zeros.
    """
    lengths = (tokens != PAD).sum(1).clamp(min=1).cpu()
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    states, _ = net(packed, begin)
    padded, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=tokens.shape[1])
    return padded[tokens != PAD]
