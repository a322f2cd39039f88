"""1-D CNNs over sequences that are no pictures: the words of a text, the log-mel frames of a sound.

Convolutions, ReLU and max pooling, as Kim (2014, arXiv:1408.5882) has them over word vectors, with batch norm; their
outputs stay in order for a recurrent net to read (C-LSTM, Zhou et al. 2015, arXiv:1511.08630). They begin with random
weights and learn from the first epoch, with what reads them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch import Tensor, nn

from seesay.media import LogMel, TextPreprocessing
from seesay.media.modality import Modality
from seesay.models import conv as _registers_itself  # noqa: F401
from seesay.models.characters import CharacterWords
from seesay.models.encoders import ENCODERS, EncoderConfig
from seesay.models.memory import Memory
from seesay.text import Vocabulary


class SequenceConfig(BaseModel):
    """Settings that both have."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    modality: ClassVar[Modality]
    """What it reads."""
    name: str
    channels: tuple[int, ...] = Field((128,), min_length=1)
    """Of each convolution; the last is D."""
    kernel: int = Field(3, ge=1)
    """Width of each convolution, in positions; odd."""
    pool: int = Field(1, ge=1)
    """After each convolution the largest of so many neighbors is kept; 1 keeps every position."""

    @field_validator("kernel")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("kernel must be odd, so that positions stay where they are")
        return value


class TextCnnConfig(SequenceConfig):
    """Settings of `text_cnn`."""

    modality = "text"
    name: Literal["text_cnn"] = "text_cnn"
    length: int = Field(64, ge=1)
    """Tokens of a text that are read; those after it are left out."""
    embedding: int = Field(64, ge=1)
    """Width of a word's vector."""
    min_count: int = Field(2, ge=1)
    """Words seen less often in the training texts become the unknown word."""
    words: Literal["table", "characters"] = "table"
    """A vector of its own for each word, `embedding` wide; or vectors made of the words' characters
    (`CharacterWords`)."""
    channels: tuple[int, ...] = (128,)
    """Of each convolution; the last is D. None: words' vectors go to the classifier as they are."""


class SoundCnnConfig(SequenceConfig):
    """Settings of `sound_cnn`; see `seesay.media.LogMel`."""

    modality = "sound"
    name: Literal["sound_cnn"] = "sound_cnn"
    channels: tuple[int, ...] = Field((64, 64, 128), min_length=1)
    kernel: int = Field(5, ge=1)
    pool: int = Field(2, ge=1)
    seconds: float = Field(2.0, gt=0)
    """Of a sound that are read, from its beginning; what comes after is left out."""
    rate: int = Field(16000, ge=1)
    """Samples a second that sounds are brought to."""
    window: float = Field(0.025, gt=0)
    hop: float = Field(0.010, gt=0)
    mels: int = Field(40, ge=1)


class CldnnConfig(SoundCnnConfig):
    """Settings of `cldnn`."""

    name: Literal["cldnn"] = "cldnn"  # type: ignore[assignment]
    channels: tuple[int, ...] = Field((256, 256), min_length=2, max_length=2)
    """Of the two convolutions over time and frequency."""
    kernel: int = Field(9, ge=1)
    """Of the first, in both directions; odd. The second is 3 bands × 5 frames (the paper: 3 × 4)."""
    pool: int = Field(3, ge=1)
    """Bands of which the first keeps the largest; time is not pooled."""
    linear: int = Field(256, ge=1)
    """Width of the layer that brings what the convolutions give of a frame to fewer numbers; D."""


SEQUENCES: dict[str, type[SequenceConfig]] = {
    "text_cnn": TextCnnConfig,
    "sound_cnn": SoundCnnConfig,
    "cldnn": CldnnConfig,
}
for _name, _config in SEQUENCES.items():
    ENCODERS.register(_name)(_config)
AnyEncoderConfig = EncoderConfig | SequenceConfig


def encoder_settings(name: str) -> type[AnyEncoderConfig]:
    """The config class of an encoder: of `ENCODERS`, or that of timm's."""
    if name in ENCODERS:
        found: type[AnyEncoderConfig] = ENCODERS[name]
        return found
    return EncoderConfig


class SequenceEncoder(nn.Module, ABC):
    """Convolutions over a sequence; `read` makes vectors of what is read.

    Nothing of the padding reaches what reads the grid: it is made zero after every convolution, and the grid's N
    positions are those of the real part, in order, each as often as it takes to fill N, as a clip with fewer frames
    repeats some. (While it learns, batch norm's statistics count the padding too.)

    Args:
        config: its settings.
        preprocessing: how a text or sound becomes this net's input, of a fixed length.
        inputs: channels of what `read` gives.

    Attributes:
        grid_size: 1 and N.
        dim: D.
    """

    frames_at_once: int = 0
    input_name: ClassVar[str]
    """Of the exported graph."""

    def __init__(self, config: SequenceConfig, preprocessing: TextPreprocessing | LogMel, inputs: int) -> None:
        super().__init__()
        self.config = config
        self.preprocessing = preprocessing
        self.convolutions = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(before, width, config.kernel, padding=config.kernel // 2, bias=False),
                nn.BatchNorm1d(width),
                nn.ReLU(),
            )
            for before, width in zip((inputs, *config.channels), config.channels, strict=False)
        )
        self.pool = nn.MaxPool1d(config.pool, ceil_mode=True) if config.pool > 1 else nn.Identity()
        positions = preprocessing.shape[0]
        for _ in config.channels:
            positions = -(-positions // config.pool)
        self.grid_size = (1, positions)
        self.dim = config.channels[-1] if config.channels else inputs

    @abstractmethod
    def read(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """What is read → vectors (B, L, inputs), and (B, L) bool, True where there is something."""

    def forward(self, sequence: Tensor) -> Memory:
        """Tokens (B, L) int64, or frames (B, T, M) float32 → Memory with grid (B, N, D) and pooled (B, D), its mean."""
        vectors, there = self.read(sequence)
        numbers = torch.arange(1, there.shape[1] + 1, device=there.device)
        length = (there * numbers).amax(1).clamp(min=1)  # (B,): up to the last that is real
        features = vectors.transpose(1, 2)
        for convolution in self.convolutions:
            real = torch.arange(features.shape[2], device=length.device) < length[:, None]
            # Nothing is below zero after ReLU, so that zeros are nothing to the pooling.
            features = self.pool(convolution(features) * real[:, None])
            length = (length + self.config.pool - 1) // self.config.pool
        wanted = features.shape[2]
        places = torch.arange(wanted, device=length.device) * length[:, None] // wanted
        grid = features.gather(2, places[:, None].expand_as(features)).transpose(1, 2)
        return Memory(grid, grid.mean(1))

    def freeze(self, except_last: int | None = 0, batch_norm: bool = False) -> list[nn.Parameter]:
        """Fix all weights (0), or none (None), and return those that learn; batch norm learns with them."""
        for parameter in self.parameters():
            parameter.requires_grad_(except_last is None)
        return [p for p in self.parameters() if p.requires_grad]


class TextCnn(SequenceEncoder):
    """Words' vectors, learned along, and convolutions over them.

    Args:
        config: its settings.
        vocabulary: of the training texts.
    """

    input_name = "tokens"

    def __init__(self, config: TextCnnConfig, vocabulary: Vocabulary) -> None:
        spelled = CharacterWords(vocabulary) if config.words == "characters" else None
        width = config.embedding if spelled is None else spelled.width
        super().__init__(config, TextPreprocessing(vocabulary, config.length), width)
        self.embedding: nn.Module = spelled or nn.Embedding(len(vocabulary), width, padding_idx=Vocabulary.pad)

    def read(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, L) int64 → vectors (B, L, embedding), and where there is a word."""
        return self.embedding(sequence), sequence != Vocabulary.pad


class SoundCnn(SequenceEncoder):
    """Convolutions over log-mel frames, whose bands are the channels; silence after a sound is padding.

    Args:
        config: its settings.
    """

    input_name = "frames"

    def __init__(self, config: SoundCnnConfig) -> None:
        spans = {"window": config.window, "hop": config.hop, "seconds": config.seconds}
        super().__init__(config, LogMel(rate=config.rate, mels=config.mels, **spans), config.mels)

    def read(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, M) float32 → the same, and where there is any sound."""
        return sequence, (sequence > 0).any(2)


class Cldnn(SequenceEncoder):
    """The convolutions of CLDNN (Sainath et al. 2015, section 2), over time and frequency, and its linear layer.

    Two convolutions with ReLU, the largest of each few bands between them, and a linear layer over all that a frame
    gives; every frame stays.

    Args:
        config: its settings.
    """

    input_name = "frames"

    def __init__(self, config: CldnnConfig) -> None:
        spans = {"window": config.window, "hop": config.hop, "seconds": config.seconds}
        log_mel = LogMel(rate=config.rate, mels=config.mels, **spans)
        super().__init__(config.model_copy(update={"channels": (), "pool": 1}), log_mel, config.linear)
        self.config = config
        first, second = config.channels
        bands = -(-config.mels // config.pool)
        self.first = nn.Conv2d(1, first, config.kernel, padding=config.kernel // 2)
        self.bands = nn.MaxPool2d((1, config.pool), ceil_mode=True)
        self.second = nn.Conv2d(first, second, (5, 3), padding=(2, 1))
        self.reduce = nn.Linear(second * bands, config.linear)

    def read(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, M) float32 → vectors (B, T, D), and where there is any sound."""
        there = (sequence > 0).any(2)
        maps = self.bands(self.first(sequence[:, None]).relu()) * there[:, None, :, None]
        maps = self.second(maps).relu()
        reduced: Tensor = self.reduce(maps.transpose(1, 2).flatten(2))
        return reduced, there


def build_sequence_encoder(config: SequenceConfig, vocabulary: Vocabulary | None = None) -> SequenceEncoder:
    """The encoder of these settings, with random weights.

    Args:
        config: one of `SEQUENCES`.
        vocabulary: for texts.
    """
    if isinstance(config, TextCnnConfig):
        assert vocabulary is not None, "texts need a vocabulary"
        return TextCnn(config, vocabulary)
    if isinstance(config, CldnnConfig):
        return Cldnn(config)
    assert isinstance(config, SoundCnnConfig)
    return SoundCnn(config)


def example_input(encoder: SequenceEncoder, count: int, seed: int = 0) -> Tensor:
    """What it could read, at random, some of it padded: tokens (B, L) or frames (B, T, M)."""
    chance = torch.Generator().manual_seed(seed)
    preprocessing: Any = encoder.preprocessing
    shape = (count, *preprocessing.shape)
    if isinstance(preprocessing, TextPreprocessing):
        made = torch.randint(1, len(preprocessing.vocabulary), shape, generator=chance)
    else:
        made = torch.rand(shape, generator=chance)
    made[-1, (preprocessing.shape[0] + 1) // 2 :] = 0
    return made
