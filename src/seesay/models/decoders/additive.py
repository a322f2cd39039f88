"""Additive attention over a picture's annotations (Bahdanau et al. 2015, arXiv:1409.0473, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import drop_channels
from seesay.models.dropout import Dropout


class Annotations(nn.Module):
    """A picture's grid as vectors of one width, whichever CNN it comes from: norm, linear, ReLU, (B, N, D) → (B, N, H).

    Args:
        feature_size: D.
        width: H.
        dropout: of whole channels of a picture.
        norm: false leaves the layer normalization out.
        project: false hands the grid on as it is, and H is D.

    Attributes:
        width: H.
    """

    def __init__(
        self, feature_size: int, width: int, dropout: float, *, norm: bool = True, project: bool = True
    ) -> None:
        super().__init__()
        self.width = width if project else feature_size
        self.project: nn.Module = nn.Identity()
        if project:
            self.project = nn.Sequential(
                nn.LayerNorm(feature_size) if norm else nn.Identity(), nn.Linear(feature_size, width), nn.ReLU()
            )
        self.dropout = Dropout(dropout)

    def forward(self, grid: Tensor) -> Tensor:
        """(B, N, D) → (B, N, H)."""
        return drop_channels(self.dropout, self.project(grid))


@dataclass(frozen=True)
class Rows:
    """Which rows ask, where not all do, of B·K rows in which a picture's lie together.

    Attributes:
        index: (n,) int64.
        per_picture: K.
    """

    index: Tensor
    per_picture: int


class AdditiveAttention(nn.Module):
    """score(q, a_i) = wᵀ tanh(U a_i + W q): U a_i are the `keys`, computed once; W q is `query`.

    Args:
        annotations: size of a_i.
        query: size of q.
        width: A.
    """

    def __init__(self, annotations: int, query: int, width: int) -> None:
        super().__init__()
        self.keys = nn.Linear(annotations, width)
        self.query = nn.Linear(query, width, bias=False)
        self.energy = nn.Linear(width, 1, bias=False)  # a bias here would cancel in the softmax

    def forward(self, keys: Tensor, query: Tensor, rows: Rows | None = None) -> Tensor:
        """Scores (R, N), float32: keys (B, N, A), projected queries (R, A), a picture's rows together, or `rows`."""
        if rows is None:
            met = (keys[:, None] + query.view(keys.shape[0], -1, 1, query.shape[-1])).flatten(0, 1).tanh()
        else:
            met = keys.index_select(0, rows.index // rows.per_picture).add_(query[:, None]).tanh_()
        scores: Tensor = self.energy(met).squeeze(-1).float()
        return scores


def weighted_sum(weights: Tensor, values: Tensor, rows: Rows | None = None) -> Tensor:
    """Weighted sums of a picture's values, read once for all its rows: weights (R, N), values (B, N, H) → (R, H)."""
    whole = weights
    if rows is not None:
        every = weights.new_zeros(values.shape[0] * rows.per_picture, weights.shape[-1])
        whole = every.index_copy(0, rows.index, weights)
    seen = (whole.view(values.shape[0], -1, whole.shape[-1]) @ values).flatten(0, 1)
    return seen if rows is None else seen[rows.index]


def all_rows(tokens: Tensor) -> Tensor:
    """The index of each row of tokens (R, …): (R,) int64."""
    return torch.arange(tokens.shape[0], device=tokens.device)
