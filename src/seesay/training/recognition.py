"""Learning to recognize: the labels of clips as targets, and accuracy on dev."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from seesay.data import Sample
from seesay.errors import DataError
from seesay.metrics.recognition import recognition
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import average
from seesay.models.memory import Memory
from seesay.progress import ProgressCallback, silent
from seesay.training.batches import Batch
from seesay.training.config import Config
from seesay.training.features import FeatureStore
from seesay.training.inputs import input_source
from seesay.training.tasks import Loss, StepContext, Task

BATCH = 16


class LabelCrossEntropy(nn.Module):
    """Label-smoothed cross-entropy of the clip's label at each of the T judgments, their mean (LRCN, section 4).

    Args:
        model: what is trained.
        label_smoothing: share of the target spread evenly over all classes.
    """

    def __init__(self, model: ClassifyModel, label_smoothing: float) -> None:
        super().__init__()
        self.model = model
        self.label_smoothing = label_smoothing

    def forward(self, source: Memory | Tensor, labels: Tensor) -> Tensor:
        """Sum over clips, scalar.

        Args:
            source: encoded clips, or uint8 pixels (B, F, H, W, 3) when the CNN learns too.
            labels: (B,) int64.
        """
        memory = self.model.encode(source) if isinstance(source, Tensor) else source
        logits, _ = self.model.classifier(memory)
        return label_loss(logits, labels, self.label_smoothing)


def label_loss(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Logits (B, T, C) and labels (B,) → the sum over clips of the mean over T of -ln p, scalar."""
    times = logits.shape[1]
    each = labels[:, None].expand(-1, times).flatten()
    return F.cross_entropy(logits.float().flatten(0, 1), each, reduction="sum", label_smoothing=smoothing) / times


@dataclass(frozen=True, eq=False)
class Recognized:
    """What a model says of clips.

    Attributes:
        probabilities: (clips, classes) float32, averaged over time.
        loss: cross-entropy of the labels, the mean over time and clips, nats.
    """

    probabilities: NDArray[np.float32]
    loss: float


class RecognitionTask(Task):
    """Labels of clips.

    Args:
        config: the run's settings.
        model: what is trained.
        samples: the training samples, labeled.
    """

    score = "top-1"
    validating = "recognizing dev"

    def __init__(self, config: Config, model: ClassifyModel, samples: Sequence[Sample]) -> None:
        self.config = config
        self.model = model
        self.classes = {label: index for index, label in enumerate(model.labels)}
        self.labels = self._numbers(samples)

    def targets(self, indexes: Sequence[int], seed: Sequence[int], *, reward: bool) -> Tensor:
        """Numbers of the classes, (B,) int64."""
        return self.labels[list(indexes)]

    def objective(self, *, reward: bool) -> nn.Module:
        """`LabelCrossEntropy`."""
        return LabelCrossEntropy(self.model, self.config.training.label_smoothing)

    def loss(self, objective: nn.Module, batch: Batch, indexes: Sequence[int], at: StepContext) -> Loss:
        """See `Task.loss`; clips are what counts."""
        clips = float(len(batch.targets))
        return Loss(objective(batch.source, batch.targets), clips, clips)

    def validate(
        self,
        samples: Sequence[Sample],
        fabric: Fabric,
        features: FeatureStore | None,
        on_progress: ProgressCallback = silent,
    ) -> dict[str, float]:
        """Accuracy (top-1, top-5), its mean over classes, and the labels' cross-entropy in nats a clip.

        Args: see `recognize`.
        """
        found = self.recognize(samples, fabric, features, on_progress)
        scores = recognition([str(s.label) for s in samples], found.probabilities, self.model.labels)
        seen = [scores.per_class[label] for label in {str(s.label) for s in samples}]
        return {
            "top-1": scores.top_1,
            "top-5": scores.top_k,
            "per class": float(np.mean(seen)),
            "loss": found.loss,
        }

    def recognize(
        self,
        samples: Sequence[Sample],
        fabric: Fabric,
        features: FeatureStore | None,
        on_progress: ProgressCallback = silent,
    ) -> Recognized:
        """Judge clips with the model as it is; no label smoothing, dropout off.

        Args:
            samples: labeled; spread over the processes.
            fabric: device, precision and processes.
            features: cached encodings, or None to encode the clips anew (the CNN is learning).
            on_progress: called with clips done and clips to do, of this process.
        """
        mine = samples[fabric.global_rank :: fabric.world_size]
        found: dict[str, NDArray[np.float32]] = {}
        loss = 0.0
        self.model.eval()
        with torch.no_grad(), fabric.autocast():
            for batch, memory in self._memories(mine, fabric, features):
                logits, _ = self.model.classifier(memory)
                loss += float(label_loss(logits, self._numbers(batch).to(logits.device)))
                found |= {s.id: p for s, p in zip(batch, average(logits).cpu().numpy(), strict=True)}
                on_progress(len(found), len(mine))
        self.model.train()
        if fabric.world_size > 1:
            parts: list[tuple[dict[str, NDArray[np.float32]], float]] = [({}, 0.0)] * fabric.world_size
            torch.distributed.all_gather_object(parts, (found, loss))
            found = {i: p for part in parts for i, p in part[0].items()}
            loss = sum(part[1] for part in parts)
        return Recognized(np.stack([found[s.id] for s in samples]), loss / len(samples))

    def _memories(
        self, samples: Sequence[Sample], fabric: Fabric, features: FeatureStore | None
    ) -> Iterator[tuple[Sequence[Sample], Memory]]:
        inputs = input_source(self.config)
        for first in range(0, len(samples), BATCH):
            batch = samples[first : first + BATCH]
            if features is None:
                yield batch, self.model.encode(inputs.pixels(batch, self.model.preprocessing, None).to(fabric.device))
            else:
                yield batch, features.memory(batch).to(fabric.device)

    def _numbers(self, samples: Sequence[Sample]) -> Tensor:
        for sample in samples:
            if sample.label not in self.classes:
                raise DataError(f"{sample.media}: its class {sample.label!r} is none of the training clips'")
        return torch.tensor([self.classes[str(sample.label)] for sample in samples])


def labels_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The classes of the training clips, sorted.

    Raises:
        DataError: a clip without a label, or a single class.
    """
    for sample in samples:
        if sample.label is None:
            raise DataError(f"{sample.media}: has no label; recognition needs data that names a class for each clip")
    labels = tuple(sorted({str(sample.label) for sample in samples}))
    if len(labels) < 2:
        raise DataError(f"all training clips are {labels[0]!r}: recognition needs two classes or more")
    return labels
