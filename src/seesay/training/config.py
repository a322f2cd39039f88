"""One tree of typed, frozen settings: a recipe, plus `key=value` from the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from seesay.errors import UsageError
from seesay.media.kinds import Kind
from seesay.models.classifiers import CLASSIFIERS, ClassifierConfig
from seesay.models.decoders import DECODERS, DecoderConfig
from seesay.models.encoders import EncoderConfig
from seesay.models.sequences import SequenceConfig, encoder_settings
from seesay.recipes import RECIPES, recipe_file
from seesay.registry import nearest
from seesay.search import SearchOptions

CAPTIONS_ONLY = ("decoder", "text", "vectors", "self_critical", "distillation")
"""Sections that mean nothing where clips are recognised."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextSettings(_Settings):
    """How captions become ids."""

    min_count: int = Field(5, ge=1)
    """Words seen less often in the training captions become the unknown word."""
    max_length: int = Field(30, ge=1)
    """Longer training captions are cut here, in tokens."""
    remove_stop_words: bool = False
    """Leave `seesay.text.STOP_WORDS` out of the training captions, as some papers do; the model never says them."""
    drop_rare: bool = False
    """Leave words below min_count out of the training captions, in place of making them the unknown word."""


class VectorSettings(_Settings):
    """What the decoder's words begin with."""

    source: str = "learned"
    """learned (random at first), cbow or skipgram (trained on the captions), or a GloVe or word2vec text file."""
    tune: bool = True
    """Whether they learn on; false fixes the whole table, words without a vector included."""


class ClipSettings(_Settings):
    """How a clip becomes a sequence: its frames take the place of a picture's positions."""

    frames: int = Field(16, ge=1)
    """Frames that a model sees of a clip, one of each of as many equal parts; a shorter clip's are repeated."""
    kept: int = Field(32, ge=1)
    """Frames encoded once and kept while the CNN is fixed; training draws `frames` of them."""
    positions: bool = False
    """Whether every position of every frame is kept (N = frames · positions), rather than each frame's mean."""
    flow: bool = False
    """Whether each frame comes with its optical flow to the next one in the file, as a second picture for the CNN; for
    recognition. It needs OpenCV."""

    @model_validator(mode="after")
    def _enough(self) -> ClipSettings:
        if self.kept < self.frames:
            raise ValueError(f"kept={self.kept} is less than frames={self.frames}")
        return self


class JointSettings(_Settings):
    """Training the CNN along with the decoder. Off while `from_epoch` is None."""

    from_epoch: int | None = Field(None, ge=0)
    until_epoch: int | None = None
    """First epoch in which the CNN is fixed again (None: never)."""
    layers: int | None = None
    """How many of the last groups of layers learn (None: all)."""
    lr: float = Field(1e-4, gt=0)
    decoder_lr: float = Field(3e-4, gt=0)
    """The decoder's rate in these epochs."""
    batch_norm: bool = False
    """Whether batch norm learns its statistics too: for a CNN that begins with random weights, over large batches."""
    augment: bool = True
    """Random crop, mirror image and brightness while the CNN learns."""
    frames_at_once: int = Field(0, ge=0)
    """Gradient checkpointing of clips: frames whose inner values are held at a time, computed twice for it; 0: all."""

    @model_validator(mode="after")
    def _statistics_once(self) -> JointSettings:
        if self.batch_norm and self.frames_at_once:
            raise ValueError("batch_norm=true would learn its statistics twice with frames_at_once; leave one out")
        return self

    def covers(self, epoch: int) -> bool:
        """Whether the CNN learns in this epoch."""
        return (
            self.from_epoch is not None
            and epoch >= self.from_epoch
            and (self.until_epoch is None or epoch < self.until_epoch)
        )


class SelfCriticalSettings(_Settings):
    """Self-critical sequence training (Rennie et al. 2017, arXiv:1612.00563). Off while `from_epoch` is None."""

    from_epoch: int | None = Field(None, ge=0)
    samples: int = Field(5, ge=2)
    """Captions sampled for each picture."""
    baseline: Literal["others", "greedy"] = "others"
    """What a sample must be better than: the mean of its picture's other samples, or the greedy caption."""
    lr: float = Field(1e-4, gt=0)
    encoder_lr: float = Field(2e-5, gt=0)
    """The CNN's rate, in epochs that `joint` covers too."""
    cross_entropy: float = Field(0.1, ge=0)
    """Share of cross-entropy mixed into the loss."""
    max_length: int = Field(20, ge=1)
    blend: float = Field(0.0, ge=0, lt=1)
    """Share of the weights from before this phase in the final model (Wortsman et al. 2022, arXiv:2109.01903)."""

    def covers(self, epoch: int) -> bool:
        """Whether this epoch is trained on the reward."""
        return self.from_epoch is not None and epoch >= self.from_epoch


class DistillationSettings(_Settings):
    """Learning from trained models as well as from people. Off while there are no teachers."""

    teachers: tuple[str, ...] = ()
    """Folders of runs or artefacts with the same vocabulary; their mean probabilities are learned."""
    weight: float = Field(0.5, gt=0, le=1)
    """Share of the loss that is the teachers'."""


class TrainingSettings(_Settings):
    """The loop."""

    epochs: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=1)
    """Photos in one step, over all processes."""
    captions_per_photo: int = Field(5, ge=1)
    views: int = Field(1, ge=1)
    """Versions of each photo (crops, mirror images) that are encoded and kept while the CNN is fixed; drawn from."""
    lr: float = Field(1e-3, gt=0)
    warmup_steps: int = Field(200, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    scheduled_sampling: float = Field(0.0, ge=0, lt=1)
    """Share of the words read that are the model's own (Bengio et al. 2015): rises from 0 to this over the epochs."""
    clip: float = Field(1.0, gt=0)
    """Largest norm of the whole gradient."""
    ema: float = Field(0.998, ge=0, lt=1)
    """Decay of the moving average of the weights; what is evaluated and kept. 0 turns it off."""
    precision: Literal["auto", "bf16", "float32"] = "auto"
    """auto: bfloat16 autocast where the hardware has it."""
    patience: int | None = 5
    """Stop after this many epochs without a better CIDEr-D (of recognition: accuracy) on dev (None: never)."""
    keep: Literal["best", "last"] = "best"
    """Weights of the epoch that was best on dev; or of the last one, where dev is so small that the best is luck."""
    beam: int = Field(3, ge=1)
    length_power: float = 0.7
    no_repeat_ngram: int = Field(0, ge=0)
    seed: int = 1
    start_from: str | None = None
    """A run's or artefact's folder whose weights to begin with; words it does not know begin anew."""
    checkpoint_minutes: float = Field(5.0, ge=0)
    """Minutes between checkpoints inside an epoch; one is written after every epoch in any case."""


class Config(_Settings):
    """Everything a run needs besides its data; stored in the artefact, and enough to train it again."""

    name: str = "captioner"
    encoder: SerializeAsAny[EncoderConfig | SequenceConfig] = EncoderConfig()
    decoder: SerializeAsAny[DecoderConfig] = Field(default_factory=lambda: _decoder({"name": "attention"}))
    text: TextSettings = TextSettings()
    vectors: VectorSettings = VectorSettings()
    classifier: SerializeAsAny[ClassifierConfig] | None = None
    """In place of `decoder`: clips, texts or sounds are recognised, not described."""
    clip: ClipSettings | None = None
    """None for pictures, texts and sounds."""
    training: TrainingSettings = TrainingSettings()
    joint: JointSettings = JointSettings()
    self_critical: SelfCriticalSettings = SelfCriticalSettings()
    distillation: DistillationSettings = DistillationSettings()

    @property
    def kind(self) -> Kind:
        """What the model reads."""
        if isinstance(self.encoder, SequenceConfig):
            return self.encoder.kind
        return "clip" if self.clip else "picture"

    @field_validator("encoder", mode="before")
    @classmethod
    def _encoder_by_name(cls, value: Any) -> Any:
        return encoder_settings(str(value.get("name")))(**value) if isinstance(value, Mapping) else value

    @field_validator("decoder", mode="before")
    @classmethod
    def _decoder_by_name(cls, value: Any) -> Any:
        return _decoder(value) if isinstance(value, Mapping) else value

    @field_validator("classifier", mode="before")
    @classmethod
    def _classifier_by_name(cls, value: Any) -> Any:
        return classifier_settings(str(value.get("name")))(**value) if isinstance(value, Mapping) else value

    @model_validator(mode="before")
    @classmethod
    def _one_task(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("classifier"):
            for section in CAPTIONS_ONLY:
                if values.get(section):
                    raise ValueError(f"{section} is for captions, and classifier for labels; leave one out")
        return values

    @model_validator(mode="after")
    def _frames_fit(self) -> Config:
        if self.classifier is None:
            if self.clip is not None and self.clip.flow:
                raise ValueError("clip.flow=true is for recognising clips, and decoder for captions; leave it out")
            return self
        if isinstance(self.encoder, SequenceConfig):
            return self
        if self.clip is None:
            raise ValueError("classifier judges clips; say how many frames of each: clip.frames=16")
        if self.training.scheduled_sampling:
            raise ValueError("training.scheduled_sampling is for captions, and classifier for labels; leave one out")
        wanted = CLASSIFIERS[self.classifier.name].positions
        if self.clip.positions != wanted:
            raise ValueError(f"classifier {self.classifier.name} needs clip.positions={str(wanted).lower()}")
        return self

    @model_validator(mode="after")
    def _sequences_fit(self) -> Config:
        if not isinstance(self.encoder, SequenceConfig):
            return self
        of = f"encoder {self.encoder.name} reads {self.encoder.kind}s"
        if self.classifier is None:
            raise ValueError(f"{of}, which are recognised: give classifier, for example classifier=recurrent")
        if self.clip is not None or self.training.views > 1:
            raise ValueError(f"{of}: clip and training.views are for pictures; leave them out")
        if CLASSIFIERS[self.classifier.name].positions:
            raise ValueError(f"{of}, and classifier {self.classifier.name} the grids of pictures; take another")
        joint = self.joint
        if joint.from_epoch != 0 or joint.until_epoch is not None or joint.layers is not None:
            raise ValueError(f"{of} and begins with random weights: joint.from_epoch=0, no until_epoch, no layers")
        if joint.augment or not joint.batch_norm or joint.frames_at_once:
            raise ValueError(f"{of}: joint.augment=false, joint.batch_norm=true, no frames_at_once")
        return self

    @model_serializer(mode="wrap")
    def _only_what_counts(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = serialize(self)
        return {k: v for k, v in values.items() if self.classifier is None or k not in CAPTIONS_ONLY}

    @model_validator(mode="after")
    def _settings_fit(self) -> Config:
        for section in ("joint", "self_critical"):
            first = getattr(self, section).from_epoch
            if first is not None and first >= self.training.epochs:
                raise ValueError(f"{section}.from_epoch={first} is past the last epoch ({self.training.epochs - 1})")
        if self.vectors.source == "learned" and not self.vectors.tune:
            raise ValueError("vectors.tune=false would fix random vectors; give vectors.source=FILE, cbow or skipgram")
        return self

    @model_validator(mode="after")
    def _positions_suffice(self) -> Config:
        known = getattr(self.decoder, "max_length", None)
        needed = 1 + max(self.text.max_length, self.self_critical.max_length, SearchOptions().max_length)
        if known is not None and known < needed:
            raise ValueError(
                f"decoder.max_length={known} is too short for captions of {needed - 1} words and their start "
                "(text.max_length, self_critical.max_length, 20 where captions are judged)"
            )
        return self


def _decoder(values: Mapping[str, Any]) -> DecoderConfig:
    config: DecoderConfig = decoder_settings(str(values.get("name", "attention")))(**values)
    return config


def decoder_settings(name: str) -> type[DecoderConfig]:
    """The config class of the decoder registered under `name`."""
    settings: type[DecoderConfig] = DECODERS[name].config_class
    return settings


def classifier_settings(name: str) -> type[ClassifierConfig]:
    """The config class of the classifier registered under `name`."""
    settings: type[ClassifierConfig] = CLASSIFIERS[name].config_class
    return settings


def load_config(recipe: str | Path, overrides: Sequence[str] = ()) -> Config:
    """A recipe by name or YAML file, with `section.key=value` overrides.

    Raises:
        UsageError: no such recipe, an unknown key (the nearest right one is named), or a value of the wrong kind.
    """
    values, where = _read(recipe)
    changes = []
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise UsageError(f"{override!r} is not of the form key=value, for example training.epochs=3")
        path = key.strip().split(".")
        # `encoder=NAME`, `decoder=NAME` and `classifier=NAME` are short for their name.
        if path in (["encoder"], ["decoder"], ["classifier"]) and not text.lstrip().startswith("{"):
            path.append("name")
        changes.append((path, yaml.safe_load(text), override))
    # Names first, because what the recipe says of another encoder or decoder is dropped by them.
    for path, value, override in sorted(changes, key=lambda change: change[0][1:] != ["name"]):
        _set(values, path, value, override)
    return make_config(values, where)


def make_config(values: Mapping[str, Any], where: str) -> Config:
    """Check a tree of values and freeze it; `where` is named in errors."""
    _check_keys(values, Config, where, ())
    try:
        return Config(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        got = f" (got {first['input']!r})" if key else ""  # not the whole tree
        raise UsageError(f"{where}: {key or 'config'}: {first['msg']}{got}") from error


def _read(recipe: str | Path) -> tuple[dict[str, Any], str]:
    file = Path(recipe)
    if file.suffix not in (".yaml", ".yml"):
        file = recipe_file(str(recipe))
    try:
        values = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{file}: a recipe is a mapping of sections, for example 'training: {{epochs: 3}}'")
    return values, str(file if file.parent != RECIPES else recipe)


def _set(values: dict[str, Any], path: list[str], value: Any, override: str) -> None:
    here = values
    for part in path[:-1]:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            raise UsageError(f"{override!r}: {part} is a single value and has no keys below it")
    if path in (["decoder", "name"], ["classifier", "name"]) and here.get("name") != value:
        here.clear()  # another family's settings do not carry over
    if path == ["encoder", "name"] and here.get("name") != value:
        here.pop("layer", None)  # a layer of another backbone
        if encoder_settings(str(value)) is not encoder_settings(str(here.get("name"))):
            here.clear()
    here[path[-1]] = value


def _check_keys(values: Mapping[str, Any], model: type[BaseModel], where: str, path: tuple[str, ...]) -> None:
    for key, value in values.items():
        if key not in model.model_fields:
            full = ".".join((*path, key))
            known = ", ".join(model.model_fields)
            raise UsageError(f"{where}: unknown key {full!r}.{nearest(key, model.model_fields)} There are: {known}")
        if not isinstance(value, Mapping):
            continue
        kind: Any = model.model_fields[key].annotation
        kind = next((part for part in get_args(kind) if part is not type(None)), kind)  # X of X | None
        if key == "encoder" and not path:
            kind = encoder_settings(str(value.get("name")))
        if key == "decoder" and not path:
            kind = decoder_settings(str(value.get("name", "attention")))
        if key == "classifier" and not path:
            kind = classifier_settings(str(value.get("name")))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            _check_keys(value, kind, where, (*path, key))
