"""Several models that caption as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import UsageError
from seesay.media import Preprocessing, open_picture
from seesay.runtime.captioner import Captioner
from seesay.runtime.networks import Array, Networks, State
from seesay.search import combine, union, union_constant


class Ensemble(Captioner):
    """Captioners of one vocabulary whose probabilities are averaged at every word; see `Captioner`.

    The first one's search settings hold, and it is its neighbors that captions agree with, if it keeps any. Attention
    is the mean of those that attend, where they share one grid.

    Args:
        members: two or more; each keeps its own encoder and preprocessing.

    Raises:
        UsageError: their vocabularies are not the same; the message says which words differ. Or some describe photos
            and some clips.
    """

    def __init__(self, members: Sequence[Captioner]) -> None:
        first = members[0]
        for other in members[1:]:
            if (other.clip is None) != (first.clip is None):
                kinds = ["photos" if one.clip is None else "clips" for one in (first, other)]
                raise UsageError(
                    f"{first.name} describes {kinds[0]} and {other.name} {kinds[1]}; an ensemble's models "
                    "describe the same"
                )
            names = [str(m.artifact.source if other.name == first.name else m.name) for m in (first, other)]
            first.vocabulary.check_same(other.vocabulary, *names)
        self.joint = JointPreprocessing([member.preprocessing for member in members])
        super().__init__(first.artifact, _Networks([member.networks for member in members], self.joint))
        self.members = tuple(members)
        self.preprocessing = self.joint
        grids = [member.grid_size for member in members if member.attends]
        self.attends = len(set(grids)) == 1
        self.grid_size = grids[0] if grids else self.grid_size

    def close(self) -> None:
        """See `LoadedModel.close`."""
        for member in self.members:
            member.close()
        super().close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Ensemble, (self.members,)

    @property
    def name(self) -> str:
        """The members' names."""
        return " + ".join(member.name for member in self.members)


class JointPreprocessing:
    """A source for every member: prepared as each wants it, and laid in one row. A picture is opened once for all.

    Args:
        each: the members' preprocessings.
    """

    def __init__(self, each: Sequence[Any]) -> None:
        self.different: list[Any] = list(dict.fromkeys(each))
        self.place = [self.different.index(one) for one in each]
        ends = np.cumsum([int(np.prod(one.shape)) for one in self.different])
        self.shape = (int(ends[-1]),)
        self._cuts = ends[:-1]

    def load(self, source: Any) -> Array:
        """Open a picture (see `open_picture`) and give its bytes for all members; else once for each kind of them."""
        if not all(isinstance(one, Preprocessing) for one in self.different):
            return np.concatenate([one.load(source).reshape(-1) for one in self.different])
        heights, widths = zip(*(one.target for one in self.different), strict=True)
        most = max(one.max_pixels for one in self.different)
        picture = open_picture(source, target=(max(heights), max(widths)), max_pixels=most)
        return np.concatenate([one.pixels(picture).reshape(-1) for one in self.different])

    def split(self, pixels: Array) -> list[Array]:
        """What `load` gave for B sources → their pixels for each member."""
        parts = np.split(pixels, self._cuts, axis=1)
        shaped = [part.reshape(len(pixels), *one.shape) for part, one in zip(parts, self.different, strict=True)]
        return [shaped[place] for place in self.place]


class _Networks:
    """The members' networks as one; see `Networks`."""

    def __init__(self, members: Sequence[Networks], joint: JointPreprocessing) -> None:
        self.members = members
        self.joint = joint
        self._step = combine([member.step for member in members])

    def step(self, tokens: Array, state: State) -> tuple[Array, dict[str, Array]]:
        """See `Networks.step`."""
        logits, after = self._step(tokens, dict(state))
        return logits, dict(after)

    @property
    def constant(self) -> frozenset[str]:
        return union_constant([member.constant for member in self.members])

    def start(self, pixels: NDArray[np.uint8]) -> dict[str, Array]:
        """See `Networks.start`."""
        return union([m.start(part) for m, part in zip(self.members, self.joint.split(pixels), strict=True)])

    def start_with_features(self, pixels: NDArray[np.uint8]) -> tuple[dict[str, Array], Array]:
        """See `Networks.start_with_features`; the vector is the first one's."""
        first, *others = zip(self.members, self.joint.split(pixels), strict=True)
        state, pooled = first[0].start_with_features(first[1])
        return union([state, *(m.start(part) for m, part in others)]), pooled
