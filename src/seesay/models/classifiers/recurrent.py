"""A recurrent net over the frames' vectors: LRCN for activity recognition (Donahue et al. 2015, arXiv:1411.4389)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from seesay.errors import UsageError
from seesay.models.classifiers.base import NETS, Cell, Classifier, ClassifierConfig, State, fuse, register
from seesay.models.dropout import Dropout
from seesay.models.keras import begin_as_keras, one_bias
from seesay.models.memory import Memory
from seesay.models.standardize import Standardize

Pool = Literal["mean", "last", "attention"]


class RecurrentConfig(ClassifierConfig):
    """Settings of the `recurrent` classifier."""

    name: Literal["recurrent"] = "recurrent"
    cell: Cell = "lstm"
    layers: int = Field(1, ge=1)
    bidirectional: bool = False
    """A second net reads the frames backwards; all must be there, so that nothing is carried on."""
    hidden: int = Field(256, ge=1)
    """Width of the net (the paper: 256), in each direction."""
    dropout: float = Field(0.5, ge=0, lt=1)
    """Of what the net reads and gives, and between its layers."""
    pool: Pool = "mean"
    """mean: a judgment after every frame, averaged; last: one, of the state after the last frame (backwards: after the
    first); attention: one, of a weighted mean of the net's outputs."""
    differences: bool = False
    """A second stream reads what changed since the frame before; probabilities of the two are averaged."""
    standardize: bool = False
    """Frames' numbers less their mean over training, by their deviation (`Standardize`)."""

    dense: int = Field(0, ge=0)
    """Width of a fully connected layer with ReLU between the net and the last layer, as CLDNN has it; 0: none."""
    single_logit: bool = False
    """Of two classes one number: the second's logit; the first's is 0, so that the softmax is Keras' sigmoid."""
    single_bias: bool = False
    """One bias for each gate of an LSTM, as Keras has it, in place of PyTorch's two."""
    initial: Literal["pytorch", "keras"] = "pytorch"
    """Weights to begin with: PyTorch's own, or Keras' (Glorot uniform, orthogonal recurrent matrices, zero biases)."""

    @model_validator(mode="after")
    def _exportable(self) -> RecurrentConfig:
        if self.cell == "rnn" and self.bidirectional:
            raise ValueError("bidirectional=true takes cell=lstm or gru")
        return self


class _Stream(nn.Module):
    """One recurrent net and its output layer; entries of its state begin with `prefix`."""

    def __init__(self, config: RecurrentConfig, classes: int, size: int, prefix: str) -> None:
        super().__init__()
        between = config.dropout if config.layers > 1 else 0.0
        self.net = NETS[config.cell](
            size, config.hidden, config.layers, batch_first=True, dropout=between, bidirectional=config.bidirectional
        )
        width = config.hidden * (2 if config.bidirectional else 1)
        self.dropout = Dropout(config.dropout)
        self.single_logit = config.single_logit
        last: nn.Module = nn.Linear(config.dense or width, 1 if config.single_logit else classes)
        dense = [nn.Linear(width, config.dense), nn.ReLU()] if config.dense else []
        self.output = nn.Sequential(*dense, last) if dense else last
        self.pool = config.pool
        if config.pool == "attention":
            self.key = nn.Linear(width, config.hidden)
            self.score = nn.Linear(config.hidden, 1, bias=False)
        self.nets = [prefix + name for name in ("hidden", "cell")[: 2 if config.cell == "lstm" else 1]]
        self.sums = [prefix + name for name in ("peak", "weight", "attended")] if config.pool == "attention" else []
        shapes = {
            **dict.fromkeys(self.nets, (config.layers, config.hidden)),
            **dict(zip(self.sums, ((1,), (1,), (width,)), strict=False)),
        }
        self.carried: dict[str, tuple[int, ...]] = {} if config.bidirectional else shapes
        if config.single_bias:
            one_bias(self.net)
        if config.initial == "keras":
            begin_as_keras(self)

    def forward(self, frames: Tensor, state: State | None) -> tuple[Tensor, State]:
        """(B, F, D) → logits (B, T, C) and the entries after it."""
        begin = None
        if self.carried and state is not None:
            values = [state[name].transpose(0, 1).contiguous() for name in self.nets]
            begin = tuple(values) if len(values) > 1 else values[0]
        out, end = self.net(self.dropout(frames), begin)
        after = dict(zip(self.nets, end if isinstance(end, tuple) else (end,), strict=True))
        after = {name: value.transpose(0, 1).contiguous() for name, value in after.items()}
        if self.pool == "last":
            forwards, backwards = out.split(self.net.hidden_size, -1) if self.net.bidirectional else (out, None)
            out = forwards[:, -1:] if backwards is None else torch.cat([forwards[:, -1:], backwards[:, :1]], -1)
        elif self.pool == "attention":
            out, sums = self._attend(out, state)
            after |= sums
        logits: Tensor = self.output(self.dropout(out))
        if self.single_logit:
            logits = torch.cat([torch.zeros_like(logits), logits], -1)
        return logits, after if self.carried else {}

    def _attend(self, out: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Outputs (B, F, H) → their weighted mean (B, 1, H), with those of earlier parts; and sums for later ones.

        Scores are those of additive attention without a query, as in Yang et al. 2016, eq. 5 to 7.
        """
        scores = self.score(self.key(out).tanh()).float()
        peak = scores.amax(1)  # (B, 1): the softmax is taken from its highest score, so that nothing overflows
        known = state if self.carried and state is not None else None
        if known is not None:
            peak = torch.maximum(peak, known[self.sums[0]])
        weights = (scores - peak[:, None]).exp()
        weight, attended = weights.sum(1), (weights * out).sum(1)
        if known is not None:
            faded = (known[self.sums[0]] - peak).exp()
            weight = weight + faded * known[self.sums[1]]
            attended = attended + faded * known[self.sums[2]]
        return (attended / weight)[:, None], dict(zip(self.sums, (peak, weight, attended), strict=True))


@register("recurrent")
class RecurrentClassifier(Classifier):
    """LSTM, GRU or plain recurrent net over frames, perhaps with a second over their differences.

    Args:
        config: its settings.
        classes: C.
        size: D of the memory's grid.
        grid: rows and columns of a frame's grid; not read.
    """

    config_class = RecurrentConfig

    def __init__(self, config: RecurrentConfig, classes: int, size: int, grid: tuple[int, int]) -> None:
        super().__init__()
        if config.single_logit and classes != 2:
            raise UsageError(f"classifier.single_logit=true is for two classes, and there are {classes}; leave it out")
        self.standardize = Standardize(size) if config.standardize else nn.Identity()
        self.frames = _Stream(config, classes, size, "")
        self.changes = _Stream(config, classes, size, "changes_") if config.differences else None
        self.streams = not config.bidirectional
        self.stepwise = config.cell == "rnn"  # ONNX has it, but PyTorch's exporter would unroll it
        self.carried = dict(self.frames.carried)
        if self.changes is not None and self.streams:
            self.carried |= {**self.changes.carried, "previous": (size,), "begun": (1,)}

    def forward(self, memory: Memory, state: State | None = None) -> tuple[Tensor, State]:
        """See `Classifier.forward`; T = F with pool=mean, else 1."""
        frames = self.standardize(memory.grid)
        logits, after = self.frames(frames, state)
        if self.changes is None:
            return logits, after
        changed, more = self.changes(self._differences(frames, state), state)
        if self.streams:
            more |= {"previous": frames[:, -1], "begun": torch.ones_like(frames[:, -1, :1])}
        return fuse([logits, changed]), {**after, **more}

    def _differences(self, frames: Tensor, state: State | None) -> Tensor:
        """(B, F, D): what each frame has more than the one before; of a clip's first frame nothing."""
        first = torch.zeros_like(frames[:, :1])
        if self.streams and state is not None:
            first = ((frames[:, 0] - state["previous"]) * state["begun"])[:, None]
        return torch.cat([first, frames[:, 1:] - frames[:, :-1]], 1)
