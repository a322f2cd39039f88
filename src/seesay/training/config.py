"""One tree of typed, frozen settings: a recipe, plus `key=value` from the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import (
    BaseModel,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from seesay.artifact.older import current_key, current_settings
from seesay.errors import UsageError
from seesay.media.modality import Modality
from seesay.models.classifiers import CLASSIFIERS, ClassifierConfig
from seesay.models.decoders import DECODERS, DecoderConfig
from seesay.models.encoders import EncoderConfig
from seesay.models.sequences import SequenceConfig, encoder_settings
from seesay.reading import read_file
from seesay.recipes import RECIPES, recipe_file
from seesay.registry import nearest
from seesay.search import SearchOptions
from seesay.text.yaml_text import load_yaml, why
from seesay.training.sections import (
    ClipSettings,
    DetectorSettings,
    DistillationSettings,
    FinetuneSettings,
    SelfCriticalSettings,
    Settings,
    TextSettings,
    TrainingSettings,
    VectorSettings,
)

CAPTIONS_ONLY = ("decoder", "text", "detector", "vectors", "self_critical", "distillation")
"""Sections that mean nothing where clips are recognized."""

_LARGEST = 1 << 20  # bytes of a recipe


class Config(Settings):
    """Everything a run needs besides its data; stored in the artifact, and enough to train it again."""

    name: str = "captioner"
    encoder: SerializeAsAny[EncoderConfig | SequenceConfig] = EncoderConfig()
    decoder: SerializeAsAny[DecoderConfig] = Field(default_factory=lambda: _decoder({"name": "attention"}))
    text: TextSettings = TextSettings()
    detector: DetectorSettings = DetectorSettings()
    vectors: VectorSettings = VectorSettings()
    classifier: SerializeAsAny[ClassifierConfig] | None = None
    """In place of `decoder`: clips, texts or sounds are recognized, not described."""
    clip: ClipSettings | None = None
    """None for pictures, texts and sounds."""
    training: TrainingSettings = TrainingSettings()
    finetune: FinetuneSettings = FinetuneSettings()
    self_critical: SelfCriticalSettings = SelfCriticalSettings()
    distillation: DistillationSettings = DistillationSettings()

    @property
    def reads_words(self) -> bool:
        """Whether the decoder reads detected words."""
        return bool(getattr(self.decoder, "words", 0))

    @property
    def modality(self) -> Modality:
        """What the model reads."""
        if isinstance(self.encoder, SequenceConfig):
            return self.encoder.modality
        return "clip" if self.clip else "picture"

    def sampled_share(self, epoch: int) -> float:
        """Scheduled sampling's share of words in this epoch: from none in the first to all of it in the last before the
        reward."""
        first_reward = self.self_critical.from_epoch
        last = (self.training.epochs if first_reward is None else first_reward) - 1
        return self.training.scheduled_sampling * epoch / max(1, last)

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
                raise ValueError("clip.flow=true is for recognizing clips, and decoder for captions; leave it out")
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
        of = f"encoder {self.encoder.name} reads {self.encoder.modality}s"
        if self.classifier is None:
            raise ValueError(f"{of}, which are recognized: give classifier, for example classifier=recurrent")
        if self.clip is not None or self.training.augmented_copies > 1:
            raise ValueError(f"{of}: clip and training.augmented_copies are for pictures; leave them out")
        if CLASSIFIERS[self.classifier.name].positions:
            raise ValueError(f"{of}, and classifier {self.classifier.name} the grids of pictures; take another")
        finetune = self.finetune
        if finetune.from_epoch != 0 or finetune.until_epoch is not None or finetune.layers is not None:
            raise ValueError(f"{of} and begins with random weights: finetune.from_epoch=0, no until_epoch, no layers")
        if finetune.augment or not finetune.batch_norm or finetune.frames_at_once:
            raise ValueError(f"{of}: finetune.augment=false, finetune.batch_norm=true, no frames_at_once")
        return self

    @model_serializer(mode="wrap")
    def _only_what_counts(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = serialize(self)
        return {k: v for k, v in values.items() if self.classifier is None or k not in CAPTIONS_ONLY}

    @model_validator(mode="after")
    def _settings_fit(self) -> Config:
        for section in ("finetune", "self_critical"):
            first = getattr(self, section).from_epoch
            if first is not None and first >= self.training.epochs:
                raise ValueError(f"{section}.from_epoch={first} is past the last epoch ({self.training.epochs - 1})")
        if self.vectors.source == "learned" and not self.vectors.tune:
            raise ValueError("vectors.tune=false would fix random vectors; give vectors.source=FILE, cbow or skipgram")
        training = self.training
        if self.vectors.source != "learned" and training.start_from is not None and training.start_with == "all":
            raise ValueError(
                "vectors.source and training.start_from both say what words begin with; leave one out, or take the CNN "
                "alone (training.start_with=encoder)"
            )
        if self.self_critical.unpaired and not self.text.unpaired:
            raise ValueError("self_critical.unpaired needs captions without pictures (text.unpaired)")
        if self.self_critical.unsupported and not self.reads_words:
            raise ValueError("self_critical.unsupported needs a decoder that reads detected words (decoder.words)")
        supervised = training.epochs if self.self_critical.from_epoch is None else self.self_critical.from_epoch
        if training.scheduled_sampling and supervised < 2:
            raise ValueError(
                "training.scheduled_sampling rises from 0 over the epochs of cross-entropy; there must be two of them"
            )
        if self.distillation.teachers and supervised < 1:
            raise ValueError("distillation.teachers take part in cross-entropy; here every epoch is self_critical")
        SearchOptions(**training.search)
        return self

    @model_validator(mode="after")
    def _words_fit(self) -> Config:
        for key, asked in (("detector.words", self.detector.words), ("text.unpaired", self.text.unpaired)):
            if asked and not self.reads_words:
                raise ValueError(f"{key} needs a decoder that reads detected words: decoder=attention decoder.words=20")
        if self.detector.words and self.finetune.from_epoch is not None:
            raise ValueError(
                "detector.words needs a CNN that stays as it is: train that first, and begin with it "
                "(training.start_from, finetune.from_epoch=null)"
            )
        return self

    @model_validator(mode="after")
    def _positions_suffice(self) -> Config:
        known = getattr(self.decoder, "max_length", None)
        needed = 1 + max(self.text.max_length, self.self_critical.max_length, self.training.max_length or 0)
        if known is not None and known < needed:
            raise ValueError(
                f"decoder.max_length={known} is too short for captions of {needed - 1} words and their start "
                "(text.max_length, self_critical.max_length, training.max_length)"
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
        path = current_key(key.strip()).split(".")
        # `encoder=NAME`, `decoder=NAME` and `classifier=NAME` are short for their name.
        if path in (["encoder"], ["decoder"], ["classifier"]) and not text.lstrip().startswith("{"):
            path.append("name")
        changes.append((path, _value(text, override), override))
    # Names first, because what the recipe says of another encoder or decoder is dropped by them.
    for path, value, override in sorted(changes, key=lambda change: change[0][1:] != ["name"]):
        _set(values, path, value, override)
    return make_config(values, where)


def make_config(values: Mapping[str, Any], where: str) -> Config:
    """Check a tree of values and freeze it; `where` is named in errors."""
    values = current_settings(values)
    _check_keys(values, Config, where, ())
    try:
        return Config(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        got = f" (got {first['input']!r})" if key else ""  # not the whole tree
        raise UsageError(f"{where}: {key or 'config'}: {first['msg']}{got}") from error


def _value(text: str, override: str) -> Any:
    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{override:.80}: the value cannot be read ({why(error)}); put text in quotes") from error


def _read(recipe: str | Path) -> tuple[dict[str, Any], str]:
    file = Path(recipe)
    if file.suffix not in (".yaml", ".yml"):
        file = recipe_file(str(recipe))
    try:
        values = load_yaml(read_file(file, _LARGEST).decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not YAML: {' '.join(str(error).split()):.300}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{file}: a recipe is a mapping of sections, for example 'training: {{epochs: 3}}'")
    return current_settings(values), str(file if file.parent != RECIPES else recipe)


def _set(values: dict[str, Any], path: list[str], value: Any, override: str) -> None:
    here = values
    for part in path[:-1]:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            raise UsageError(f"{override!r}: {part} is a single value and has no keys below it")
    if path[1:] == ["name"] and here.get("name") != value:
        here.clear()  # another backbone's or family's settings do not carry over: its layer, its way to resize
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
