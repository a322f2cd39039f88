"""What is taken of a clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seesay.errors import ArtifactError, UsageError

HOW = ("uniform", "stride", "random", "seconds")


@dataclass(frozen=True)
class FrameSampling:
    """Which frames of a clip are taken; each of them at most once.

    Attributes:
        how: "uniform" takes the frames at the centers of `frames` equal segments; "random" one frame drawn in each of
            these segments, for training (Temporal Segment Networks, arXiv:1608.00859, section 3.1); "stride" every
            `stride`-th frame from the start on; "seconds" the frame at the start and at every `every` seconds after it.
        frames: most frames taken, 1 or more; a clip with fewer gives what it has.
        stride: for "stride", in frames, 1 or more.
        every: for "seconds", in seconds, above 0.
        flow: whether each frame comes with its optical flow (see `seesay.media.flow`) to the next frame of the clip,
            taken or not.

    Raises:
        UsageError: a value outside these.
    """

    how: Literal["uniform", "stride", "random", "seconds"] = "uniform"
    frames: int = 16
    stride: int = 1
    every: float = 1.0
    flow: bool = False

    def __post_init__(self) -> None:
        problems = [
            (self.how not in HOW, f"how {self.how!r} must be one of {', '.join(HOW)}"),
            (not _whole(self.frames), f"frames {self.frames!r} must be a whole number, 1 or more"),
            (not _whole(self.stride), f"stride {self.stride!r} must be a whole number, 1 or more"),
            (
                isinstance(self.every, bool)
                or not isinstance(self.every, (int, float))
                or not 0 < self.every < float("inf"),
                f"every {self.every!r} must be a number of seconds above 0",
            ),
            (not isinstance(self.flow, bool), f"flow {self.flow!r} must be true or false"),
        ]
        for wrong, message in problems:
            if wrong:
                raise UsageError(f"frame sampling: {message}")

    def times(self, start: float, end: float, rng: np.random.Generator | None = None) -> NDArray[np.float64]:
        """The instants whose frames are taken, ascending, in seconds; not for "stride", which counts frames.

        Args:
            start: of what is sampled, in seconds.
            end: of the same; nothing at or after it is taken, save at `start` itself.
            rng: draws, for "random".

        Raises:
            UsageError: "random" without `rng`.
        """
        if self.how == "seconds":
            found: NDArray[np.float64] = start + self.every * np.arange(self.frames, dtype=np.float64)
            inside: NDArray[np.bool_] = (found < end) | (found == start)
            return np.asarray(found[inside], np.float64)
        place: float | NDArray[np.float64] = 0.5
        if self.how == "random":
            if rng is None:
                raise UsageError("frame sampling 'random' draws frames: give rng, a numpy Generator")
            place = rng.random(self.frames)
        places: NDArray[np.float64] = np.arange(self.frames, dtype=np.float64) + place
        return start + places * ((end - start) / self.frames)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as an artifact stores them; `flow` where there is any, so that the others stay as they were."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "flow" or value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FrameSampling:
        """What `to_json` gave.

        Raises:
            ArtifactError: a value is unknown or out of range.
        """
        try:
            return cls(**values)
        except (TypeError, UsageError) as error:
            raise ArtifactError(f"the artifact's frame sampling cannot be read: {error}") from error


def spaced(there: int, wanted: int) -> NDArray[np.int64]:
    """Indexes of `wanted` frames out of `there`, evenly spaced; frames are repeated where there are fewer."""
    return (np.arange(wanted) * there) // wanted


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
