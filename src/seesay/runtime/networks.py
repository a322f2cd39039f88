"""The exported networks on ONNX Runtime."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seesay.artifact import DECODER_STEP, NETWORKS, Artifact
from seesay.errors import ArtifactError
from seesay.runtime.sessions import open_sessions

Array = NDArray[Any]
State = Mapping[str, Array]
# On a CPU four pictures or frames at a time are as fast as more, in a third of the memory.
_PICTURES_AT_ONCE = 4


class Networks(Protocol):
    """What a captioner needs of a model; ONNX Runtime or PyTorch may stand behind it."""

    @property
    def constant(self) -> frozenset[str]:
        """State entries that a step leaves as they are; known once `start` has run."""

    def start(self, pixels: NDArray[np.uint8]) -> dict[str, Array]:
        """Pixels of pictures (B, H, W, 3) or of clips (B, F, H, W, 3) → the decoder's state, B rows."""

    def start_with_features(self, pixels: NDArray[np.uint8]) -> tuple[dict[str, Array], Array]:
        """As `start`, and the encoder's vector of each picture or clip, (B, D) float32."""

    def step(self, tokens: Array, state: State) -> tuple[Array, dict[str, Array]]:
        """Tokens (R,) int64 just emitted → logits (R, V) float32 of the next, and the new state.

        Constant entries of the state have a row for each picture, the others R.
        """


class OnnxNetworks:
    """The networks of an exported artifact.

    Args:
        artifact: it must be exported.
        threads: CPU threads for the networks; None takes all cores this process may use.

    Raises:
        ArtifactError: not exported, changed since it was made, or a network that the gate or ONNX Runtime refuses.
    """

    def __init__(self, artifact: Artifact, threads: int | None = None) -> None:
        self._encoder, self._start, self._step = open_sessions(artifact, NETWORKS, threads)
        self._start_inputs, self._state_names = list(self._start.inputs), self._start.outputs
        self._step_inputs = list(self._step.inputs)
        carried = self._carried = artifact.manifest.carried
        self._step_outputs = ["logits", *(f"next.{name}" for name in carried)]
        self.constant = frozenset(name.removeprefix("state.") for name in self._state_names) - set(carried)
        self._words = (len(artifact.manifest.vocabulary.get("tokens", ())),)
        self._looks = (math.prod(artifact.manifest.grid_size),)
        self._seen = ["grid", "pooled", *(["words"] if artifact.manifest.model.get("detector") else [])]
        self._encoder.check(inputs=["pixels"], outputs=self._seen)
        self._start.check(inputs=self._seen, outputs=[f"state.{name}" for name in carried])
        self._step.check(inputs=["tokens", *self._state_names], outputs=self._step_outputs)

    def encode(self, pixels: NDArray[np.uint8]) -> tuple[Array, Array]:
        """Pixels uint8 → grid (B, N, D) and pooled (B, D), float32, a few pictures or frames at a time.

        Pictures (B, H, W, 3) have a grid of positions; that of clips (B, F, H, W, 3) is their frames.
        """
        parts = list(self._memories(pixels))
        return np.concatenate([p["grid"] for p in parts]), np.concatenate([p["pooled"] for p in parts])

    def start(self, pixels: NDArray[np.uint8]) -> dict[str, Array]:
        """See `Networks.start`."""
        return self.start_with_features(pixels)[0]

    def start_with_features(self, pixels: NDArray[np.uint8]) -> tuple[dict[str, Array], Array]:
        """See `Networks.start_with_features`."""
        parts = [
            (*self._start.run(self._state_names, {name: memory[name] for name in self._start_inputs}), memory["pooled"])
            for memory in self._memories(pixels)
        ]
        *whole, pooled = (np.concatenate(values) for values in zip(*parts, strict=True))
        names = (name.removeprefix("state.") for name in self._state_names)
        return dict(zip(names, whole, strict=True)), pooled

    def _memories(self, pixels: NDArray[np.uint8]) -> Iterator[dict[str, Array]]:
        if pixels.ndim == 5:
            frames = self._frames(pixels)
            yield {"grid": frames, "pooled": frames.mean(1)}
            return
        for first in range(0, len(pixels), _PICTURES_AT_ONCE):
            outputs = self._encoder.run(self._seen, {"pixels": pixels[first : first + _PICTURES_AT_ONCE]})
            yield dict(zip(self._seen, outputs, strict=True))

    def _frames(self, pixels: NDArray[np.uint8]) -> Array:
        """Clips (B, F, H, W, 3) → their frames' vectors (B, F, D); a frame like the one before is encoded once."""
        flat = pixels.reshape(-1, *pixels.shape[2:])
        new = np.array([not (i and np.array_equal(flat[i - 1], frame)) for i, frame in enumerate(flat)])
        parts = [memory["pooled"] for memory in self._memories(flat[new])]
        vectors: Array = np.concatenate(parts)[np.cumsum(new) - 1]
        return vectors.reshape(*pixels.shape[:2], -1)

    def step(self, tokens: Array, state: State) -> tuple[Array, dict[str, Array]]:
        """See `Networks.step`."""
        rows = len(tokens)
        pictures = next((len(state[name]) for name in self.constant), rows)
        feed = {"tokens": tokens, **{f"state.{name}": value for name, value in state.items()}}
        for name in ("tokens", *(f"state.{name}" for name in self._carried)):
            feed[name] = feed[name].reshape(pictures, -1, *feed[name].shape[1:])
        outputs = self._step.run(self._step_outputs, {name: feed[name] for name in self._step_inputs})
        logits, *carried = (value.reshape(rows, *value.shape[2:]) for value in outputs)
        after = dict(zip(self._carried, carried, strict=True))
        looks = after["attention"].shape[1:] if "attention" in after else self._looks
        if logits.shape[1:] != self._words or looks != self._looks:
            raise ArtifactError(
                f"{DECODER_STEP}: gives logits {logits.shape[1:]} and attention {looks}, where the manifest has words "
                f"{self._words} and a grid {self._looks}; get the artifact again"
            )
        return logits, {**state, **after}
