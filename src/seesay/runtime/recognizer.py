"""Clips in, activities out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.artifact import Artifact
from seesay.errors import MediaError, UsageError
from seesay.media import (
    ClipPreprocessing,
    FrameSampling,
    LogMel,
    Preprocessing,
    Preprocessor,
    TextPreprocessing,
    decode_ahead,
    frames_of,
)
from seesay.media.frame_source import ROUNDING
from seesay.media.modality import Modality
from seesay.media.sampling import spaced
from seesay.runtime.model import LoadedModel, size_and_score
from seesay.runtime.networks import Array
from seesay.runtime.recognition_networks import RecognitionNetworks

CLIPS = 4
"""Clips taken through the networks together."""
WINDOW = 4.0
"""Seconds that are judged together where a clip is judged over time."""
Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """What a clip shows, perhaps.

    Attributes:
        label: the class, as the training data names it.
        probability: 0 to 1; those of all classes add up to 1.
    """

    label: str
    probability: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"label": self.label, "probability": self.probability}


class Recognizer(LoadedModel):
    """A model ready to recognize what clips show; make one with `seesay.load`.

    A source is a path of a video, of an animated picture or of a folder of numbered frames, the bytes of a file, an
    open binary file, a `seesay.media.Section` of one of these, or uint8 frames (F, H, W, 3). What is said of a clip
    does not depend on the clips beside it. A model of texts or sounds takes these in place of clips: a path, bytes, or
    an open binary file.

    Attributes:
        artifact: what it was loaded from.
        labels: the classes it knows, in the order of its probabilities.
        modality: "clip", "text" or "sound".
        sampling: which frames of a clip it judges, and whether with their optical flow.
        preprocessing: how a clip becomes pixels, a text tokens, a sound log-mel frames.
    """

    def __init__(self, artifact: Artifact, networks: RecognitionNetworks) -> None:
        described = artifact.manifest
        self.artifact = artifact
        self.networks = networks
        self.labels = described.labels
        self.sampling = FrameSampling.from_json(described.clip or {})
        self.modality: Modality = described.preprocessing.get("kind", "clip")
        self.preprocessing: Preprocessor
        if self.modality == "text":
            self.preprocessing = TextPreprocessing.from_json(described.preprocessing, described.vocabulary)
        elif self.modality == "sound":
            self.preprocessing = LogMel.from_json(described.preprocessing)
        else:
            self.preprocessing = ClipPreprocessing(self.each, self.sampling)

    @property
    def each(self) -> Preprocessing:
        """What is done to a frame of a clip."""
        return Preprocessing.from_json(self.artifact.manifest.preprocessing)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.artifact.name

    def about(self) -> list[str]:
        """See `LoadedModel.about`."""
        scores = size_and_score(self.artifact, "top-1")
        return [f"{self.name}: recognizes {self.modality}s", f"{len(self.labels):,} classes", *scores]

    def __call__(self, source: Any, top: int = 5) -> list[Prediction]:
        """The likeliest activities of one clip, likeliest first; see `recognize`."""
        return self.recognize([source], top=top)[0]

    def recognize(self, sources: Sequence[Any], *, top: int = 5) -> list[list[Prediction]]:
        """The `top` likeliest activities of each clip, likeliest first; fewer where the model knows fewer.

        Raises:
            MediaError: a clip cannot be read; the message names it.
            UsageError: `top` below 1, or a single path where a list belongs.
        """
        if isinstance(sources, (str, bytes, os.PathLike)):
            raise UsageError("recognize() takes a list of clips; for one: recognizer(clip)")
        found = []
        for _, result in self.stream(sources, top=top):
            if isinstance(result, MediaError):
                raise result
            found.append(result)
        return found

    def stream(
        self, sources: Iterable[Any], *, top: int = 5, workers: int | None = None
    ) -> Iterator[tuple[int, list[Prediction] | MediaError]]:
        """Any number of clips, in order, as they are done; the next ones are decoded meanwhile.

        Args:
            sources: clips, read as they are needed.
            top: how many activities of each.
            workers: threads that decode; None for `decode_ahead`'s own number.

        Yields:
            The source's index, and its likeliest activities or the `MediaError` that says why there are none.
        """
        self.best(np.zeros(len(self.labels), np.float32), top)  # refuses a wrong `top` at once
        return self._stream(sources, top, workers)

    def _stream(
        self, sources: Iterable[Any], top: int, workers: int | None
    ) -> Iterator[tuple[int, list[Prediction] | MediaError]]:
        for indices, pixels, faults in decode_ahead(
            sources, self.preprocessing, CLIPS, workers=workers, on_error="yield"
        ):
            results: list[tuple[int, list[Prediction] | MediaError]] = list(faults)
            if indices:
                results += [(i, self.best(p, top)) for i, p in zip(indices, self.probabilities(pixels), strict=True)]
            yield from sorted(results, key=lambda item: item[0])

    def probabilities(self, pixels: Array) -> Probabilities:
        """Preprocessed clips, uint8 (B, F, H, W, 3 or 6), as `preprocessing.load` gives them → (B, C) float32.

        Texts are tokens (B, L) int64, sounds log-mel frames (B, T, M) float32.
        """
        return average(self.networks.classify(self.networks.frames(pixels))[0])

    def best(self, probabilities: Probabilities, top: int = 5) -> list[Prediction]:
        """Probabilities (C,) as predictions, the likeliest first.

        Raises:
            UsageError: `top` below 1.
        """
        if top < 1:
            raise UsageError(f"top is {top}; it must be 1 or more")
        order = np.argsort(-probabilities, kind="stable")[:top]
        return [Prediction(self.labels[i], float(probabilities[i])) for i in order]

    def timeline(
        self, source: Any, *, every: float = 1.0, window: float = WINDOW
    ) -> Iterator[tuple[float, Probabilities]]:
        """What a clip shows from moment to moment: a window slides over it, and each is judged as a clip by itself.

        Each frame is encoded once, and memory holds a window's frames, however long the clip.

        Args:
            source: see `seesay.media.frames_of`; a camera's number and a stream too.
            every: seconds from one judgment to the next.
            window: seconds judged together, half of them before the moment and half after it; at the clip's ends less.

        Yields:
            The moment in seconds on the clip's time line, from the last before its first picture on, and probabilities
            (C,). One moment at least.

        Raises:
            MediaError: the clip cannot be read.
            UsageError: at the call, for seconds that are not above 0, or a model of texts or sounds.
        """
        step = self.spacing(every, window)
        return self._timeline(source, every, window, step)

    def _timeline(self, source: Any, every: float, window: float, step: float) -> Iterator[tuple[float, Probabilities]]:
        held: deque[tuple[float, Array]] = deque()
        newest: tuple[float, Array] | None = None
        tick = begun = 0
        for now, pixels in frames_of(source, self.each, step, flow=self.sampling.flow):
            if newest is None:  # there may be nothing to see at first
                tick = begun = floor((now + ROUNDING) / every)
            while newest is not None and now >= tick * every + window / 2:
                yield tick * every, self._window(held or [newest])
                tick += 1
                _forget(held, tick * every - window / 2)
            newest = now, self.networks.frames(pixels[None, None])
            held.append(newest)
            _forget(held, tick * every - window / 2)
        assert newest is not None, "a clip that opens has a frame"
        while tick == begun or tick * every <= newest[0]:
            yield tick * every, self._window(held or [newest])
            tick += 1
            _forget(held, tick * every - window / 2)

    def follow(
        self, source: Any, *, every: float = 1.0, window: float = WINDOW
    ) -> Iterator[tuple[float, Probabilities]]:
        """What a camera or stream shows now, as it comes: the net's state is carried from frame to frame for good.

        The judgments after the frames of the last `window` seconds are averaged. A model that must see all frames of a
        window at once (bidirectional, attention over time) judges the window anew each time.

        Args:
            source: see `seesay.media.frames_of`: a camera's number, a `WebPicture`, or a clip.
            every: seconds from one judgment to the next.
            window: seconds averaged.

        Yields:
            Seconds since the beginning, and probabilities (C,).

        Raises:
            MediaError: it cannot be read, or breaks off.
            UsageError: at the call, for seconds that are not above 0, or a model of texts or sounds.
        """
        step = self.spacing(every, window)
        return self._follow(source, every, window, step)

    def _follow(self, source: Any, every: float, window: float, step: float) -> Iterator[tuple[float, Probabilities]]:
        held: deque[tuple[float, Array]] = deque()
        state: dict[str, Array] | None = None
        due = 0.0
        for now, pixels in frames_of(source, self.each, step, flow=self.sampling.flow):
            frame = self.networks.frames(pixels[None, None])
            if self.streams:
                logits, state = self.networks.classify(frame, state)
                frame = average(logits)
            held.append((now, frame))
            _forget(held, now - window + step / 2)
            if now >= due:
                yield now, np.mean([p[0] for _, p in held], 0) if self.streams else self._window(held)
                due += every * (1 + (now - due) // every)

    @property
    def streams(self) -> bool:
        """Whether a clip's frames can be judged as they come: their state is carried, or they need none.

        Not for a bidirectional net; nor for attention over time, whose sums would hold all that ever was.
        """
        classifier = self.artifact.manifest.model["classifier"]
        return not classifier.get("bidirectional", False) and classifier.get("pool") != "attention"

    def spacing(self, every: float, window: float) -> float:
        """Seconds between frames: a window has as many as the model judges of a clip, and each moment one at least.

        Raises:
            UsageError: seconds that are not above 0, or a model of texts or sounds.
        """
        if self.modality != "clip":
            raise UsageError(f"{self.name} judges whole {self.modality}s; only clips are judged over time")
        if not (0 < every < float("inf") and 0 < window < float("inf")):
            raise UsageError(f"every ({every}) and window ({window}) must be seconds above 0")
        return min(window / self.sampling.frames, every)

    def _window(self, held: Iterable[tuple[float, Array]]) -> Probabilities:
        """Frames' features → probabilities (C,), as of a clip with these frames."""
        frames = np.stack([frame[0] for _, frame in held])  # (F, positions, D)
        chosen = frames[spaced(len(frames), self.sampling.frames)]
        (found,) = average(self.networks.classify(chosen.reshape(1, -1, chosen.shape[-1]))[0])
        return np.asarray(found, np.float32)


def _forget(held: deque[tuple[float, Array]], before: float) -> None:
    while held and held[0][0] < before:
        held.popleft()


def average(logits: Array) -> Probabilities:
    """Logits (B, T, C) → probabilities (B, C): the mean over time, as training has it."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    found: Probabilities = (shifted / shifted.sum(-1, keepdims=True)).mean(1).astype(np.float32)
    return found
