"""What training minimises. Each objective is a module around the model, so that Fabric can wrap it for many processes.

An objective returns a sum over its real tokens and their number: the loop divides by the number over *all* processes,
and so a global batch gives one gradient however it is spread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seesay.metrics import CiderD
from seesay.models.captioner import CaptionModel
from seesay.models.decoders.base import PAD
from seesay.models.memory import Memory
from seesay.search import Hypothesis, SearchOptions, sample
from seesay.text import tokenize
from seesay.training.batches import Captions
from seesay.training.config import SelfCriticalSettings

END_WORD = "<end>"


class CrossEntropy(nn.Module):
    """Label-smoothed cross-entropy (Szegedy et al. 2016, section 7) over real tokens, under teacher forcing.

    A decoder's own `penalty` is added; both are sums, so that it weighs as much as in the decoder's paper.
    """

    def __init__(self, model: CaptionModel, label_smoothing: float) -> None:
        super().__init__()
        self.model = model
        self.label_smoothing = label_smoothing

    def forward(self, memory: Memory | Tensor, captions: Captions) -> Tensor:
        """Sum of the loss over real tokens, scalar.

        Args:
            memory: encoded pictures, or uint8 pixels (B, H, W, 3) when the CNN learns too.
            captions: K rows for each picture.
        """
        if isinstance(memory, Tensor):
            memory = self.model.encode(memory)
        decoder = self.model.decoder
        logits = decoder.output(decoder.hidden(memory, captions.inputs))
        targets = captions.targets[captions.targets != PAD]
        loss = F.cross_entropy(logits.float(), targets, label_smoothing=self.label_smoothing, reduction="sum")
        penalty, decoder.penalty = decoder.penalty, None
        return loss if penalty is None else loss + penalty


class SelfCritical(nn.Module):
    """Policy gradient of CIDEr-D (Rennie et al. 2017, eq. 9), the mean of a picture's other samples as baseline.

    The end of the sentence is a word like any other in both captions and references, so that stopping early, or never,
    costs reward.

    Args:
        model: what is trained.
        reward: CIDEr-D with the training references prepared, their end counted (`prepare_reward`).
        settings: samples, share of cross-entropy, longest sample.
        label_smoothing: of the cross-entropy part.
    """

    def __init__(
        self, model: CaptionModel, reward: CiderD, settings: SelfCriticalSettings, label_smoothing: float
    ) -> None:
        super().__init__()
        self.cross_entropy = CrossEntropy(model, label_smoothing)
        self.reward = reward
        self.settings = settings

    def draw(self, memory: Memory, seed: Sequence[int]) -> list[list[Hypothesis]]:
        """Sample `samples` captions for each picture, dropout off."""
        model = self.cross_entropy.model
        model.eval()
        with torch.no_grad():
            words = model.vocabulary
            state = model.decoder.start(memory)
            drawn = sample(
                model.decoder.step,
                state,
                batch=len(memory),
                samples=self.settings.samples,
                start=words.start,
                end=words.end,
                options=SearchOptions(
                    max_length=self.settings.max_length, forbidden=(words.pad, words.start, words.unk)
                ),
                rng=np.random.default_rng(list(seed)),
                constant=model.decoder.constant(state),
            )
        model.train()
        return drawn

    def rewards(self, ids: Sequence[str], drawn: Sequence[Sequence[Hypothesis]]) -> np.ndarray:
        """CIDEr-D of each sample: (B, samples) float."""
        decode = self.cross_entropy.model.vocabulary.decode
        flat = [
            (i, [*decode(h.tokens), END_WORD] if h.ended else list(decode(h.tokens)))
            for i, hypotheses in zip(ids, drawn, strict=True)
            for h in hypotheses
        ]
        return np.asarray(self.reward.score_items(flat), dtype=np.float64).reshape(len(ids), -1)

    def forward(self, memory: Memory, sampled: Captions, rewards: Tensor, truth: Captions) -> Tensor:
        """Loss summed over pictures, scalar: reward part (mean over sampled tokens) and cross-entropy.

        Args:
            memory: encoded pictures, B of them.
            sampled: the sampled captions (`as_captions`), `samples` rows for each picture.
            rewards: their rewards, (B, samples).
            truth: one true caption for each picture.
        """
        samples = rewards.shape[1]
        advantage = (rewards - rewards.mean(1, keepdim=True)) * samples / (samples - 1)
        decoder = self.cross_entropy.model.decoder
        real = sampled.targets != PAD
        logits = decoder.output(decoder.hidden(memory, sampled.inputs)).float()
        losses = F.cross_entropy(logits, sampled.targets[real], reduction="none")
        weight = advantage.view(-1, 1).expand_as(real)[real]
        policy = (losses * weight).sum() / real.sum() * len(memory)
        tokens = (truth.targets != PAD).sum()
        likelihood: Tensor = self.cross_entropy(memory, truth) / tokens * len(memory)
        return policy + self.settings.cross_entropy * likelihood

    def as_captions(self, drawn: Sequence[Sequence[Hypothesis]]) -> Captions:
        """Samples as teacher-forcing rows, picture by picture."""
        words = self.cross_entropy.model.vocabulary
        targets = [[*h.tokens, *([words.end] if h.ended else [])] for hypotheses in drawn for h in hypotheses]
        inputs = [[words.start, *t[:-1]] for t in targets]
        length = max(map(len, targets))
        pad = [[PAD] * (length - len(t)) for t in targets]
        return Captions(
            torch.tensor([i + p for i, p in zip(inputs, pad, strict=True)]),
            torch.tensor([t + p for t, p in zip(targets, pad, strict=True)]),
        )


def prepare_reward(references: dict[str, Sequence[str]]) -> CiderD:
    """CIDEr-D with the references' document frequencies, the end of each caption counted as a word."""
    return CiderD({i: [[*tokenize(text), END_WORD] for text in texts] for i, texts in references.items()})
