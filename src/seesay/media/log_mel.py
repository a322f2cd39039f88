"""Sounds as log-mel frames, what a CNN reads of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seesay.errors import ArtifactError, UsageError
from seesay.media.sound import Samples, load_sound

FLOOR = 1e-8
"""Power, of a full scale of 1, that is about as good as silence: -80 dB."""


@dataclass(frozen=True)
class LogMel:
    """How a sound becomes a model's input: its first `seconds` as log-mel frames, silence after a shorter one.

    A frame is the power spectrum of a Hann window, through triangular filters whose peaks (of height 1) are evenly
    spaced on HTK's mel scale, mel(f) = 2595 log₁₀(1 + f/700), from 0 Hz to half the rate; and of that the logarithm,
    ln(1 + p/FLOOR) / ln(1 + 1/FLOOR): 0 where nothing sounds, near 1 at full scale.

    Attributes:
        rate: samples a second that a sound is brought to.
        window: of a frame, seconds.
        hop: from frame to frame, seconds.
        mels: M, filters.
        seconds: of a sound that are judged.

    Raises:
        UsageError: values that give no frame, or filters narrower than the window can tell apart.
    """

    dtype: ClassVar[type[np.generic]] = np.float32
    rate: int = 16000
    window: float = 0.025
    hop: float = 0.010
    mels: int = 40
    seconds: float = 2.0

    def __post_init__(self) -> None:
        if min(self.rate, self.mels) < 1 or min(self.window, self.hop, self.seconds) * self.rate < 1:
            raise UsageError(f"{self}: rate and mels must be 1 or more, and each span a sample at least")
        if self.seconds < self.window:
            raise UsageError(f"seconds={self.seconds} is less than one window={self.window}")
        if not mel_filters(self.rate, self._points, self.mels).any(1).all():
            raise UsageError(
                f"mels={self.mels} is too many for window={self.window} at rate={self.rate}: filters are empty"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """(T, M) of what `load` gives."""
        samples, window, hop = (round(span * self.rate) for span in (self.seconds, self.window, self.hop))
        return 1 + (samples - window) // hop, self.mels

    @property
    def _points(self) -> int:
        """Of the Fourier transform: the next power of two after the window."""
        return 1 << (round(self.window * self.rate) - 1).bit_length()

    def load(self, source: Any) -> NDArray[np.float32]:
        """Open a sound and give its frames, float32 (T, M).

        Args:
            source: see `seesay.media.sound.load_sound`; or samples at `rate`, float (S,), of -1 to 1.

        Raises:
            MediaError: the sound cannot be read, or is silent.
        """
        samples = source if isinstance(source, np.ndarray) else load_sound(source, self.rate, self.seconds)
        return self.frames(samples)

    def frames(self, samples: Samples) -> NDArray[np.float32]:
        """Samples (S,) at `rate` → float32 (T, M); those past `seconds` are left out."""
        whole = np.zeros(round(self.seconds * self.rate), np.float32)
        whole[: len(samples)] = samples[: len(whole)]
        window = round(self.window * self.rate)
        shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)  # Hann, periodic
        cut = np.lib.stride_tricks.sliding_window_view(whole, window)[:: round(self.hop * self.rate)][: self.shape[0]]
        power = np.abs(np.fft.rfft(cut * shape, self._points)) ** 2 / (shape.sum() / 2) ** 2  # a full-scale tone: 1
        mels = power @ mel_filters(self.rate, self._points, self.mels).T
        found: NDArray[np.float32] = (np.log1p(mels / FLOOR) / np.log1p(1 / FLOOR)).astype(np.float32)
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain values, as an artifact stores them."""
        spans = {"window": self.window, "hop": self.hop, "seconds": self.seconds}
        return {"kind": "sound", "rate": self.rate, "mels": self.mels, **spans}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LogMel:
        """What `to_json` gave.

        Raises:
            ArtifactError: an entry is missing, of another kind or out of range.
        """
        try:
            return cls(**{name: value for name, value in values.items() if name != "kind"})
        except (TypeError, ValueError, UsageError) as error:
            raise ArtifactError(f"the artifact's preprocessing of sounds cannot be read: {error}") from error


@cache
def mel_filters(rate: int, points: int, mels: int) -> NDArray[np.float64]:
    """Triangles over the bins of a Fourier transform of so many points, (M, points/2 + 1); see `LogMel`."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, mels + 2) / 2595) - 1)
    bins = np.arange(points // 2 + 1) * (rate / points)
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters: NDArray[np.float64] = np.clip(np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak)), 0, 1)
    return filters
