"""What a run learns: its targets, its objective, and how it is judged. The loop knows nothing else of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from seesay.data import Sample
from seesay.metrics.health import ends_badly
from seesay.models.captioner import CaptionModel
from seesay.models.memory import Memory
from seesay.progress import ProgressCallback, silent
from seesay.training.batches import Batch, Captions, CaptionTargets
from seesay.training.config import Config
from seesay.training.detected import Detected, with_words
from seesay.training.distillation import Teachers
from seesay.training.features import FeatureStore
from seesay.training.objectives import OBJECTIVES, SelfCritical, prepare_reward
from seesay.training.validation import validate


@dataclass
class Loss:
    """What a step gives to the loop.

    Attributes:
        total: a sum over what counts, scalar.
        count: how much counts: tokens, pictures.
        rows: captions, people's or sampled, or clips, that were learned from.
        figures: to be averaged over the epoch's steps and logged.
    """

    total: Tensor
    count: float
    rows: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StepContext:
    """Where a run stands in a step: what chance may depend on.

    Attributes:
        fabric: device, precision and processes.
        epoch: from 0.
        seed: for what is drawn at random in this step and process.
    """

    fabric: Fabric
    epoch: int
    seed: tuple[int, ...]


class Task(ABC):
    """What a run learns.

    Attributes:
        score: the figure of `validate` that decides which weights are kept, larger is better; its "loss" where two are
            equal.
        validating: what `validate` does, for the progress bar.
        teachers: distillation's, if any.
    """

    score: ClassVar[str]
    validating: ClassVar[str]
    teachers: Teachers | None = None

    @abstractmethod
    def targets(self, indexes: Sequence[int], seed: Sequence[int], *, reward: bool) -> Any:
        """What these training samples should give; a pure function of its arguments."""

    @abstractmethod
    def objective(self, *, reward: bool) -> nn.Module:
        """A module around the model, for Fabric to wrap."""

    @abstractmethod
    def loss(self, objective: nn.Module, batch: Batch, indexes: Sequence[int], at: StepContext) -> Loss:
        """The loss of a batch.

        Args:
            objective: what `objective` made, as Fabric wraps it.
            batch: on the device.
            indexes: its training samples.
            at: where the run stands.
        """

    @abstractmethod
    def validate(
        self,
        samples: Sequence[Sample],
        fabric: Fabric,
        features: FeatureStore | None,
        on_progress: ProgressCallback = silent,
    ) -> dict[str, float]:
        """Judge the model as it is; see `seesay.training.validation`."""


class CaptionTask(Task):
    """Captions: cross-entropy under teacher forcing, then perhaps the reward.

    Args:
        config: the run's settings.
        model: what is trained.
        samples: the training samples.
        teachers: trained models whose probabilities are learned too.
        detected: words that stand beside the training pictures, and captions without pictures; None for neither.
    """

    score = "CIDEr-D"
    validating = "captioning dev"

    def __init__(
        self,
        config: Config,
        model: CaptionModel,
        samples: Sequence[Sample],
        teachers: Teachers | None = None,
        detected: Detected | None = None,
    ) -> None:
        self.config = config
        self.model = model
        self.samples = samples
        self.teachers = teachers
        self.detected = detected
        self.kind = OBJECTIVES[config.training.objective]
        self.book = CaptionTargets(samples, model.vocabulary, config.text)
        self.reward = (
            prepare_reward({s.id: s.references for s in samples})
            if config.self_critical.from_epoch is not None
            else None
        )

    def targets(self, indexes: Sequence[int], seed: Sequence[int], *, reward: bool) -> Captions:
        """Captions of each picture: one beside the reward, else as many as the settings say."""
        captions = self.book.draw(indexes, 1 if reward else self.config.training.captions_per_photo, seed)
        return captions if self.detected is None else self.detected.beside(captions, indexes, seed)

    def objective(self, *, reward: bool) -> nn.Module:
        """What `training.objective` names, or `SelfCritical`."""
        smoothing = self.config.training.label_smoothing
        if not reward:
            return self.kind(self.model, smoothing, self.teachers, self.config.distillation.weight)
        assert self.reward is not None
        return SelfCritical(self.model, self.reward, self.config.self_critical, smoothing)

    def loss(self, objective: nn.Module, batch: Batch, indexes: Sequence[int], at: StepContext) -> Loss:
        """See `Task.loss`; tokens are what counts, with the reward pictures."""
        source, captions = batch.source, batch.targets
        if isinstance(source, Memory):
            source = with_words(source, captions)
        critic = getattr(objective, "module", objective)  # Fabric wraps it
        if not isinstance(critic, SelfCritical):
            rows = float((captions.inputs[:, 0] != 0).sum())
            total = objective(source, captions, self.config.sampled_share(at.epoch), batch.taught)
            count = float((captions.targets != 0).sum())
            if captions.unpaired is not None:
                absent, alone = captions.unpaired
                total = total + objective(absent, alone)
                rows, count = rows + len(absent), count + float((alone.targets != 0).sum())
            return Loss(total, count, rows)
        with at.fabric.autocast():
            drawn = critic.draw(source, at.seed)
        rewards = critic.rewards([self.samples[i].id for i in indexes], drawn)
        decode = self.model.vocabulary.decode
        settings = critic.settings
        unsupported: dict[str, float] = {}
        if self.detected is not None and settings.unsupported:
            missing = self.detected.unsupported(indexes, [[decode(h.tokens) for h in each] for each in drawn])
            rewards = rewards - settings.unsupported * missing
            unsupported["unsupported"] = float(missing[:, -settings.samples :].mean())
        samples = critic.samples(drawn)
        figures = {
            **unsupported,
            "reward": float(rewards[:, -settings.samples :].mean()),
            "unfinished": float(np.mean([not h.ended for d in samples for h in d])),
            "bad_endings": float(np.mean([ends_badly(decode(h.tokens)) for d in samples for h in d])),
        }
        advantage = torch.as_tensor(critic.advantages(rewards), dtype=torch.float32, device=at.fabric.device)
        sampled = critic.as_captions(samples).to(at.fabric.device)
        total = objective(source, sampled, advantage, captions)
        return Loss(total, float(len(indexes)), float(len(sampled.inputs)), figures)

    def validate(
        self,
        samples: Sequence[Sample],
        fabric: Fabric,
        features: FeatureStore | None,
        on_progress: ProgressCallback = silent,
    ) -> dict[str, float]:
        """By real decoding; see `seesay.training.validation`."""
        return validate(self.model, samples, self.config, fabric, features, on_progress)
