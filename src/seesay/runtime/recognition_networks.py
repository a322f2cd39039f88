"""A recognizer's exported networks on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seesay.artifact import CLASSIFIER, ENCODER, Artifact
from seesay.errors import ArtifactError
from seesay.runtime.networks import _PICTURES_AT_ONCE, Array
from seesay.runtime.sessions import open_sessions

_WIDEST = 2**16
Carried = Mapping[str, Array]
"""The classifier's state by name, a row for each clip."""


class RecognitionNetworks:
    """The networks of an exported recognizer.

    Args:
        artifact: it must be exported.
        threads: CPU threads for the networks; None takes all cores this process may use.

    Attributes:
        carried: names of the state's entries; empty where a clip's parts do not know of each other.

    Raises:
        ArtifactError: not exported, changed since it was made, or a network that the gate or ONNX Runtime refuses.
    """

    def __init__(self, artifact: Artifact, threads: int | None = None) -> None:
        self._encoder, self._classifier = open_sessions(artifact, (ENCODER, CLASSIFIER), threads)
        self.carried = tuple(artifact.manifest.carried)
        self._outputs = ["logits", *(f"next.{name}" for name in self.carried)]
        states = [f"state.{name}" for name in self.carried]
        self._encoder.check(inputs=["pixels", "tokens", "frames"], outputs=["grid"])
        self._classifier.check(inputs=["grid", *states], outputs=self._outputs)
        shapes = {name: shape[1:] for name, shape in self._classifier.inputs.items()}
        begin = {name: shapes.get(f"state.{name}", ("?",)) for name in self.carried}
        known = all(isinstance(n, int) and n <= _WIDEST for shape in begin.values() for n in shape)
        if len(self._encoder.inputs) != 1 or len(shapes.get("grid", ())) != 2 or not known:
            raise ArtifactError(
                f"{artifact.source}: {CLASSIFIER} reads arrays of unknown shape; get the artifact again"
            )
        self._input, self._begin, grid = next(iter(self._encoder.inputs)), begin, shapes["grid"]
        self._labels = len(artifact.manifest.labels)
        settings = artifact.manifest.model["classifier"]
        # A graph of one frame at a time has a fixed number of positions in the place of free frames.
        self._step = grid[0] if isinstance(grid[0], int) else None
        self._reads = "pooled" if self._step in (None, 1) else "grid"
        self._once = settings.get("pool", "mean") != "mean"

    def frames(self, pixels: Array) -> Array:
        """Clips (B, F, H, W, 3) → what the classifier reads of them, (B, N, D) float32: N = F, or F · positions.

        A frame like the one before is encoded once. Where it is K pictures, (B, F, H, W, 3·K), as with its flow, their
        vectors are side by side in D. Texts are tokens (B, L) int64, sounds log-mel frames (B, T, M).
        """
        if self._input != "pixels":
            grid: Array = self._encoder.run(["grid"], {self._input: pixels})[0]
            return grid
        flat = pixels.reshape(-1, *pixels.shape[2:])
        new = np.array([not (i and np.array_equal(flat[i - 1], frame)) for i, frame in enumerate(flat)])
        each = flat.shape[-1] // 3
        pictures = np.concatenate(np.split(flat[new], each, -1))
        seen = []
        for first in range(0, len(pictures), _PICTURES_AT_ONCE):
            part = {"pixels": pictures[first : first + _PICTURES_AT_ONCE]}
            seen.append(self._encoder.run([self._reads], part)[0])
        found = np.concatenate(np.split(np.concatenate(seen), each), -1)
        vectors: Array = found[np.cumsum(new) - 1]
        return vectors.reshape(len(pixels), -1, vectors.shape[-1])

    def classify(self, grid: Array, state: Carried | None = None) -> tuple[Array, dict[str, Array]]:
        """Frames of clips (B, N, D) → logits (B, T, C), and the state after them, to go on from.

        Args:
            grid: what `frames` gives.
            state: what the part before gave; None at the beginning.
        """
        at = dict(state) if state is not None else self._zeros(len(grid))
        if self._step is None:
            return self._run(grid, at)
        seen = []
        for first in range(0, grid.shape[1], self._step):
            logits, at = self._run(grid[:, first : first + self._step], at)
            seen.append(logits)
        return seen[-1] if self._once else np.concatenate(seen, 1), at

    def _run(self, grid: Array, state: Carried) -> tuple[Array, dict[str, Array]]:
        feed = {"grid": grid, **{f"state.{name}": value for name, value in state.items()}}
        logits, *after = self._classifier.run(self._outputs, feed)
        if logits.ndim != 3 or logits.shape[-1] != self._labels:
            raise ArtifactError(
                f"{CLASSIFIER}: gives logits of shape {logits.shape} for {self._labels} labels; get the artifact again"
            )
        return logits, dict(zip(self.carried, after, strict=True))

    def _zeros(self, clips: int) -> dict[str, Array]:
        return {name: np.zeros((clips, *shape), np.float32) for name, shape in self._begin.items()}
