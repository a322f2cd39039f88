"""Optimizer, learning rate and the moving average of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from seesay.training.config import Config

KERAS_EPSILON = 1e-7
"""What Keras adds to the root of the mean square, in Adam and RMSprop."""


def make_optimizer(model: nn.Module, config: Config, *, finetune: bool, reward: bool) -> torch.optim.Optimizer:
    """The optimizer of `training.optimizer`, with the CNN's own rates and those of the rest (decoder, classifier).

    Weight decay is on matrices only.

    Args:
        model: its CNN is `encoder`; parameters that take no gradient are left out.
        config: the run's settings.
        finetune: whether the CNN learns.
        reward: whether the rates are those of self-critical training.
    """
    if reward:
        rates = config.self_critical.lr, config.self_critical.encoder_lr
    else:
        rates = config.finetune.decoder_lr if finetune else config.training.lr, config.finetune.lr
    groups = []
    for encoder, peak in zip((False, True), rates, strict=True):
        if encoder and not finetune:
            continue
        named = model.named_parameters()
        learning = [p for name, p in named if p.requires_grad and name.startswith("encoder.") == encoder]
        for decay, wanted in ((config.training.weight_decay, True), (0.0, False)):
            chosen = [p for p in learning if (p.ndim > 1) == wanted]
            groups.append({"params": chosen, "lr": peak, "peak": peak, "weight_decay": decay})
    if config.training.optimizer == "adam":
        return torch.optim.Adam(groups, betas=(0.9, 0.999), eps=KERAS_EPSILON)
    if config.training.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, alpha=0.9, eps=KERAS_EPSILON)
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def rate_factor(step: int, total: int, warmup: int, schedule: str = "cosine") -> float:
    """Factor on the peak learning rate: linear warm-up, then half a cosine to zero (Loshchilov and Hutter 2017).

    Args:
        step: steps done of a phase.
        total: steps in it.
        warmup: steps of warm-up, at most half of the phase.
        schedule: cosine, or constant: the peak rate stays.
    """
    rise = min(1.0, (step + 1) / max(1, min(warmup, total // 2)))
    if schedule == "constant":
        return rise
    return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))


class MovingAverage:
    """Exponential moving average of a model's learning weights (Polyak and Juditsky 1992).

    The decay warms up as (1 + n) / (10 + n), so that the first steps do not weigh for ever.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.decay = decay
        self.updates = 0
        self.average = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the model's weights, once after each step."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        learning = dict(self.model.named_parameters())
        names = list(self.average)
        torch._foreach_lerp_([self.average[n] for n in names], [learning[n].detach() for n in names], 1 - decay)

    def load(self, average: dict[str, Tensor], updates: int) -> None:
        """Go on from a checkpoint."""
        self.updates = updates
        for name, tensor in average.items():
            self.average[name].copy_(tensor)

    @torch.no_grad()
    def settle(self) -> None:
        """Make the average the model's own weights."""
        for name, parameter in self.model.named_parameters():
            if name in self.average:
                parameter.copy_(self.average[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within the block the model holds the average."""
        learning = {n: p.detach().clone() for n, p in self.model.named_parameters() if n in self.average}
        self.settle()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in self.model.named_parameters():
                    if name in learning:
                        parameter.copy_(learning[name])


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state as named tensors."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value) for index, entry in state.items() for name, value in entry.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give a fresh optimizer over the same parameters the state that `optimizer_tensors` took."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
