"""Recurrent nets with one bias for each gate, and the weights that Keras begins with: for systems built in Keras."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def one_bias(net: nn.Module) -> None:
    """Leave an LSTM one bias for each gate: the second becomes a constant zero, and no weight of the net any more."""
    if not isinstance(net, nn.LSTM):
        return
    for name in [name for name, _ in net.named_parameters() if name.startswith("bias_hh")]:
        zeros = torch.zeros_like(getattr(net, name)).detach()
        delattr(net, name)
        net.register_buffer(name, zeros, persistent=False)
    net._flat_weights = [getattr(net, name) for name in net._flat_weights_names]


@torch.no_grad()
def begin_as_keras(module: nn.Module) -> None:
    """Draw all weights anew as Keras draws them; an LSTM's forget gate begins at a bias of 1 there too."""
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                part.bias.zero_()
        elif isinstance(part, nn.Embedding):
            part.weight.uniform_(-0.05, 0.05)
            if part.padding_idx is not None:
                part.weight[part.padding_idx] = 0
        elif isinstance(part, (nn.LSTM, nn.GRU)):
            _recurrent_as_keras(part)


def _recurrent_as_keras(net: nn.LSTM | nn.GRU) -> None:
    gates = 4 if isinstance(net, nn.LSTM) else 3
    for name, weight in net.named_parameters():
        if name.startswith("weight_ih"):
            _glorot(weight)
        elif name.startswith("weight_hh"):
            # One orthogonal matrix for all gates together, as Keras draws (H, G·H).
            weight.copy_(nn.init.orthogonal_(torch.empty(net.hidden_size, gates * net.hidden_size)).T)
        else:
            weight.zero_()
            if gates == 4 and name.startswith("bias_ih"):
                weight[net.hidden_size : 2 * net.hidden_size] = 1


def _glorot(weight: Tensor) -> None:
    """Uniform within √(6 / (inputs + outputs)), the gates counted as outputs together, as Keras counts them."""
    outputs, inputs = weight.shape
    bound = (6 / (inputs + outputs)) ** 0.5
    weight.uniform_(-bound, bound)
