"""Learning from other models' opinions of each word: an ensemble made into one small model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from seesay.data import Sample
from seesay.errors import UsageError
from seesay.exporting.weights import load_model
from seesay.models.captioner import CaptionModel
from seesay.models.memory import Memory
from seesay.training.features import FeatureStore
from seesay.training.inputs import InputSource


class Teachers(nn.Module):
    """Trained models whose mean opinion the student is drawn to (Hinton et al. 2015, arXiv:1503.02531).

    Word by word under teacher forcing, at temperature 1 (Kim and Rush 2016, arXiv:1606.07947, section 3.1).

    Args:
        models: with the student's vocabulary; their weights stay as they are.
    """

    def __init__(self, models: Sequence[CaptionModel]) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> Teachers:
        """Teachers are always in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def probabilities(self, memories: Sequence[Memory] | Tensor, tokens: Tensor) -> Tensor:
        """The mean of the teachers' probabilities after each real token: (M, V) float32, as `Decoder.hidden` orders.

        Args:
            memories: one for each teacher; or uint8 pixels (B, H, W, 3), which each encodes by itself.
            tokens: (B·K, T) int64.
        """
        total: Tensor | float = 0.0
        for place, model in enumerate(self.models):
            assert isinstance(model, CaptionModel)
            memory = model.encode(memories) if isinstance(memories, Tensor) else memories[place]
            decoder = model.decoder
            total = total + decoder.output(decoder.hidden(memory, tokens)).float().softmax(-1)
        assert isinstance(total, Tensor)
        return total / len(self.models)


def load_teachers(sources: Sequence[str], student: CaptionModel, *, finetune: bool) -> Teachers:
    """The models of runs or artifacts, checked against the student.

    Args:
        sources: folders.
        student: what is trained.
        finetune: whether the CNN learns in some epoch, in which the teachers see the student's own pixels.

    Raises:
        ArtifactError: one is no model.
        UsageError: another vocabulary, or another preprocessing where it matters.
    """
    models = []
    for source in sources:
        model = load_model(Path(source))
        if model.vocabulary.tokens != student.vocabulary.tokens:
            raise UsageError(
                f"distillation.teachers: {source} has another vocabulary ({len(model.vocabulary)} words, "
                f"not these {len(student.vocabulary)}); train it on the same captions with the same text settings"
            )
        if finetune and model.preprocessing != student.preprocessing:
            raise UsageError(
                f"distillation.teachers: {source} sees other pixels ({model.preprocessing.size}, not "
                f"{student.preprocessing.size}); while the CNN learns, teacher and student must see the same"
            )
        models.append(model)
    return Teachers(models)


class TeacherFeatures:
    """What each teacher's own CNN makes of the pictures or clips, from one cache each."""

    def __init__(self, teachers: Teachers, directory: Path, fabric: Fabric, inputs: InputSource | None = None) -> None:
        self.teachers = teachers
        self.caches = [FeatureStore(directory, fabric, inputs) for _ in teachers.models]

    def prepare(self, samples: Sequence[Sample]) -> None:
        """Have every sample's features at hand."""
        for model, cache in zip(self.teachers.models, self.caches, strict=True):
            assert isinstance(model, CaptionModel)
            cache.prepare(model.encoder, samples)

    def memories(self, samples: Sequence[Sample]) -> list[Memory]:
        """One Memory for each teacher."""
        return [cache.memory(samples) for cache in self.caches]
