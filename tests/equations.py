"""The equations that recurrent captioners are made of, a vector at a time, with a decoder's weights by name."""

import torch


def linear(weights, name, x):
    """W x + b, or W x where there is no b."""
    bias = weights.get(f"{name}.bias")
    product = weights[f"{name}.weight"] @ x
    return product if bias is None else product + bias


def lstm(weights, net, x, state):
    """Hochreiter and Schmidhuber 1997 with a forget gate; gates in the order input, forget, candidate, output."""
    h, c = state
    gates = weights[f"{net}.weight_ih_l0"] @ x + weights[f"{net}.weight_hh_l0"] @ h + weights[f"{net}.bias_ih_l0"]
    if f"{net}.bias_hh_l0" in weights:
        gates = gates + weights[f"{net}.bias_hh_l0"]
    return lstm_gates(gates, c)


def lstm_gates(gates, c):
    i, f, g, o = gates.chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru(weights, net, x, h):
    """As Keras and cuDNN have it: the reset gate scales what the recurrent product gives."""
    size = len(h)
    into = weights[f"{net}.weight_ih_l0"] @ x + weights[f"{net}.bias_ih_l0"]
    back = weights[f"{net}.weight_hh_l0"] @ h + weights[f"{net}.bias_hh_l0"]
    r = torch.sigmoid(into[:size] + back[:size])
    z = torch.sigmoid(into[size : 2 * size] + back[size : 2 * size])
    n = torch.tanh(into[2 * size :] + r * back[2 * size :])
    return z * h + (1 - z) * n


def gru_reset_before(weights, net, x, h):
    """Cho et al. 2014, eq. 5 to 8: the reset gate scales the state before the recurrent product."""
    size = len(h)
    into = linear(weights, f"{net}.read", x)
    gates = weights[f"{net}.gates.weight"] @ h
    r = torch.sigmoid(into[:size] + gates[:size])
    u = torch.sigmoid(into[size : 2 * size] + gates[size:])
    candidate = torch.tanh(into[2 * size :] + weights[f"{net}.candidate.weight"] @ (r * h))
    return u * h + (1 - u) * candidate


def zeros(size, count=2):
    return tuple(torch.zeros(size) for _ in range(count))
