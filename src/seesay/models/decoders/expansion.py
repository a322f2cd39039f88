"""The expansion layers of ExpansionNet v2: a sequence is spread over another number of vectors, and gathered back.

Hu et al. 2022 (arXiv:2208.06551), section 3. Both blocks score every vector against every position, Z, and weigh with
ReLU(Z) and ReLU(-Z) apart: the forward weights, normalized over positions, spread the sequence over the vectors; the
backward weights, normalized over vectors, gather it again; a sigmoid mixes the two results.

The expanded sequence (992 vectors for a picture, 16 for every word) is never formed. What position j gives to position
i is a product of backward and forward weights, and these are multiplied first: positions × positions instead of
vectors × width. So dropout falls on the forward weights, where the published code has it on the expanded sequence.

Parameter names are those of the published code, so that its checkpoints load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import State, scatter_real
from seesay.models.dropout import Dropout

EPSILON = 1e-9
"""Added to every normalizer, as published."""


def weigh(scores: Tensor) -> tuple[Tensor, Tensor]:
    """ReLU(Z) and ReLU(-Z), each normalized over the last dimension; zeros where a row has no positive value."""
    return _share(scores.relu()), _share((-scores).relu())


def _share(values: Tensor) -> Tensor:
    return values / (values.sum(-1, keepdim=True) + EPSILON)


def _mix(selector: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """σ(S(x)) of the one class, the rest of the other."""
    share = selector.sigmoid()
    return share * a + (1 - share) * b


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between them."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(width, inner)
        self.linear_2 = nn.Linear(inner, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(…, H) → (…, H)."""
        out: Tensor = self.linear_2(self.dropout(self.linear_1(x).relu()))
        return out


class StaticExpansion(nn.Module):
    """Spread a picture's positions over learned vectors and back (section 3.2, "static expansion").

    Args:
        width: H.
        groups: sizes of the groups of vectors; backward weights are normalized within each, results averaged.
        dropout: on the scores, the forward weights and the results.
    """

    def __init__(self, width: int, groups: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.groups = list(groups)
        self.query_exp_vectors = nn.Embedding(sum(groups), width)
        self.bias_exp_vectors = nn.Embedding(sum(groups), width)
        self.key_embed = nn.Linear(width, width)
        self.class_a_embed = nn.Linear(width, width)
        self.class_b_embed = nn.Linear(width, width)
        self.selector_embed = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, N, H) → (B, N, H); positions where mask (B, N) is False are not looked at."""
        scores = self.query_exp_vectors.weight @ self.key_embed(x).transpose(-1, -2) / math.sqrt(x.shape[-1])
        # In full precision: a small sum is what the rest is divided by.
        scores = self.dropout(scores.float())
        seen = scores if mask is None else scores.masked_fill(~mask[:, None], 0.0)
        groups = [weigh(group) for group in scores.transpose(-1, -2).split(self.groups, -1)]
        backward = [torch.cat(parts, -1) / len(groups) for parts in zip(*groups, strict=True)]
        found = [
            (gather @ self.dropout(forward)) @ embed(x) + gather @ self.bias_exp_vectors.weight
            for gather, forward, embed in zip(
                backward, weigh(seen), (self.class_a_embed, self.class_b_embed), strict=True
            )
        ]
        return _mix(self.selector_embed(x), *map(self.dropout, found))


class DynamicExpansion(nn.Module):
    """Spread words over vectors of their own and back, seeing no word before its time (section 3.3).

    Vector n of word i is asked with E_q[n] + C(x_i), and has the bias E_b[n] + C(x_i). Forward it sees the words up to
    i; backward, word t sees the vectors of the words up to t. So nothing about a word changes when others follow, and
    a step adds to a cache what the new word brings.

    Args:
        width: H.
        vectors: for each word.
        dropout: on the scores, the forward weights and the results.
    """

    entries = ("conditions", "keys", "class_a", "class_b", "weights")
    """What `step` caches."""

    def __init__(self, width: int, vectors: int, dropout: float) -> None:
        super().__init__()
        self.cond_embed = nn.Linear(width, width)
        self.query_exp_vectors = nn.Embedding(vectors, width)
        self.bias_exp_vectors = nn.Embedding(vectors, width)
        self.key_linear = nn.Linear(width, width)
        self.class_a_embed = nn.Linear(width, width)
        self.class_b_embed = nn.Linear(width, width)
        self.selector_embed = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """Whole captions: real words (M, H) → (M, H), as they lie in `real` (R, T)."""
        conditions, keys, *classes = (scatter_real(value, real) for value in self._project(x))
        scores = self.dropout(self._scores(conditions, keys))
        length = real.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        forward = weigh(scores.masked_fill(later[:, None], 0.0))
        backward = weigh(scores.permute(0, 3, 1, 2).masked_fill(later[:, :, None], 0.0).flatten(2))
        found = [
            self._gather(gather, self.dropout(weights).flatten(1, 2), values, conditions)[real]
            for gather, weights, values in zip(backward, forward, classes, strict=True)
        ]
        return _mix(self.selector_embed(x), *map(self.dropout, found))

    def begin(self, rows: Tensor, positions: int) -> State:
        """Empty caches, one row for each of `rows` (R, …)."""
        vectors, width = self.query_exp_vectors.weight.shape
        zero = rows.new_zeros(rows.shape[0], positions, width)
        weights = rows.new_zeros(rows.shape[0], positions, vectors, positions)
        return {**dict.fromkeys(self.entries[:-1], zero), "weights": weights}

    def step(self, x: Tensor, cache: State, position: Tensor) -> tuple[Tensor, State]:
        """One word on: x (R, H) at `position` (R,) → (R, H), and the caches after it.

        Caches hold P positions: conditions, keys and the two classes (R, P, H), zero where no word has been yet, and
        `weights` (R, P, vectors, P), the forward weights of ReLU(Z) less those of ReLU(-Z): one tensor holds both,
        because where one is positive the other is zero.
        """
        places = torch.arange(cache["keys"].shape[1], device=x.device)
        here = (places == position[:, None])[..., None]
        new = [value[:, None] for value in self._project(x)]
        conditions, keys, *classes = (
            torch.where(here, value, cache[name]) for name, value in zip(self.entries, new, strict=False)
        )
        # Keys of words to come are zero, so they score zero and weigh nothing.
        up, down = weigh(self._scores(new[0], keys))
        signed = torch.where(here[..., None], up - down, cache["weights"])
        past = (places <= position[:, None])[..., None, None]
        scores = self._scores(conditions, new[1]).masked_fill(~past, 0.0)
        backward = weigh(scores.flatten(1)[:, None])
        found = [
            self._gather(gather, weights.flatten(1, 2), values, conditions)[:, 0]
            for gather, weights, values in zip(backward, (signed.relu(), (-signed).relu()), classes, strict=True)
        ]
        after = dict(zip(self.entries, (conditions, keys, *classes, signed), strict=True))
        return _mix(self.selector_embed(x), *map(self.dropout, found)), after

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What a word (…, H) brings along: condition, key and the two classes, as `entries` names them."""
        return self.cond_embed(x), self.key_linear(x), self.class_a_embed(x), self.class_b_embed(x)

    def _scores(self, conditions: Tensor, keys: Tensor) -> Tensor:
        """Z of the vectors of words (R, I, H) with the keys of words (R, J, H): (R, I, vectors, J) float32."""
        keys = keys.transpose(-1, -2)
        scores = (conditions @ keys)[:, :, None] + (self.query_exp_vectors.weight @ keys)[:, None]
        return scores.float() / math.sqrt(keys.shape[1])

    def _gather(self, backward: Tensor, forward: Tensor, values: Tensor, conditions: Tensor) -> Tensor:
        """Backward weights times the expanded sequence and its bias.

        Args:
            backward: (R, Q, I·vectors).
            forward: (R, I·vectors, J).
            values: a class, (R, J, H).
            conditions: of the words that have the vectors, (R, I, H).

        Returns:
            (R, Q, H).
        """
        vectors = self.bias_exp_vectors.weight
        each = backward.reshape(*backward.shape[:-1], -1, vectors.shape[0])
        gathered: Tensor = (backward @ forward) @ values + each.sum(-1) @ conditions + each.sum(-2) @ vectors
        return gathered
