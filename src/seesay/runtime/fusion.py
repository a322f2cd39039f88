"""Several models that recognize as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from seesay.errors import UsageError
from seesay.runtime.ensemble import JointPreprocessing
from seesay.runtime.networks import Array
from seesay.runtime.recognizer import WINDOW, Probabilities, Recognizer


class Fusion(Recognizer):
    """Recognizers of the same classes whose probabilities are averaged: late fusion; see `Recognizer`.

    LRCN fuses a net over frames and one over their optical flow so (Donahue et al. 2015, section 4).

    Args:
        members: two or more; each keeps its own encoder, preprocessing and frames.

    Raises:
        UsageError: they do not know the same classes, or one reads clips and another texts or sounds.
    """

    def __init__(self, members: Sequence[Recognizer]) -> None:
        first = members[0]
        for other in members[1:]:
            if other.modality != first.modality:
                raise UsageError(
                    f"{first.name} reads {first.modality}s and {other.name} {other.modality}s; take one kind"
                )
            different = sorted(set(first.labels) ^ set(other.labels))
            if different:
                raise UsageError(
                    f"{first.artifact.source} and {other.artifact.source} do not know the same classes, for example "
                    f"{different[0]!r}; models that judge together must"
                )
        self.members = tuple(members)
        self.artifact = first.artifact
        self.labels = first.labels
        self.modality = first.modality
        self.sampling = first.sampling
        self.joint = JointPreprocessing([member.preprocessing for member in members])
        self.preprocessing = self.joint
        self._columns = [[member.labels.index(label) for label in first.labels] for member in members]

    def close(self) -> None:
        """See `LoadedModel.close`."""
        for member in self.members:
            member.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Fusion, (self.members,)

    @property
    def name(self) -> str:
        """The members' names."""
        return " + ".join(member.name for member in self.members)

    def probabilities(self, pixels: Array) -> Probabilities:
        """What `preprocessing.load` gives of B clips, in rows → (B, C) float32."""
        parts = self.joint.split(pixels)
        return self._mean([member.probabilities(part) for member, part in zip(self.members, parts, strict=True)])

    def spacing(self, every: float, window: float) -> float:
        """The smallest of the members'; see `Recognizer.spacing`."""
        return min(member.spacing(every, window) for member in self.members)

    def timeline(
        self, source: Any, *, every: float = 1.0, window: float = WINDOW
    ) -> Iterator[tuple[float, Probabilities]]:
        """See `Recognizer.timeline`; the clip is read once for each member; moments that not all judge are left out."""
        each = [member.timeline(source, every=every, window=window) for member in self.members]
        return ((found[0][0], self._mean([p for _, p in found])) for found in zip(*each, strict=False))

    def follow(self, source: Any, *, every: float = 1.0, window: float = WINDOW) -> NoReturn:
        """A camera or a stream is read once, by one model.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"a camera or stream is followed by one model, and {len(self.members)} were named")

    def _mean(self, each: Sequence[Probabilities]) -> Probabilities:
        ordered = [found[..., columns] for found, columns in zip(each, self._columns, strict=True)]
        mean: Probabilities = np.mean(ordered, 0, dtype=np.float32)
        return mean
