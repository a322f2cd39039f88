"""What training minimizes. Each objective is a module around the model, so that Fabric can wrap it for many processes.

An objective returns a sum, over real tokens or, with the reward, pictures: the loop divides by their number over *all*
processes. So cross-entropy of a global batch gives one gradient however it is spread. The reward's is a mean over the
tokens that one process drew, and each draws by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seesay.metrics import CiderD
from seesay.models.captioner import CaptionModel
from seesay.models.decoders.base import PAD, scatter_real
from seesay.models.memory import Memory
from seesay.registry import Registry
from seesay.search import Hypothesis, SearchOptions, sample
from seesay.text import tokenize
from seesay.training.batches import Captions
from seesay.training.cross_entropy import token_losses
from seesay.training.distillation import Teachers
from seesay.training.sections import SelfCriticalSettings

END_WORD = "<end>"
NO_CHANCE = -1e4
"""A logit so low that its probability is 0, and finite, so that a loss that weighs it with 0 is."""


OBJECTIVES: Registry[type[CrossEntropy]] = Registry("objective", "seesay.objectives")
"""What decoders learn before the reward, by name; a new one derives from `CrossEntropy`."""


@OBJECTIVES.register("cross_entropy")
class CrossEntropy(nn.Module):
    """Label-smoothed cross-entropy (Szegedy et al. 2016, section 7) over real tokens, under teacher forcing.

    A decoder's own `penalty` is added; both are sums, so that it weighs as much as in the decoder's paper.

    Args:
        model: what is trained.
        label_smoothing: share of the target spread evenly over all words.
        teachers: trained models whose probabilities are learned too.
        teacher_weight: their share of the loss.
    """

    def __init__(
        self,
        model: CaptionModel,
        label_smoothing: float,
        teachers: Teachers | None = None,
        teacher_weight: float = 0.0,
    ) -> None:
        super().__init__()
        self.model = model
        self.label_smoothing = label_smoothing
        self.teachers = teachers
        self.teacher_weight = teacher_weight

    def forward(
        self,
        memory: Memory | Tensor,
        captions: Captions,
        sampled_share: float = 0.0,
        taught: Sequence[Memory] = (),
    ) -> Tensor:
        """Sum of the loss over real tokens, scalar.

        Args:
            memory: encoded pictures, or uint8 pixels (B, H, W, 3) when the CNN learns too.
            captions: K rows for each picture.
            sampled_share: share of the words read that are the model's own (`with_own_words`).
            taught: a Memory for each teacher; not needed with pixels, which they see too.
        """
        seen: Sequence[Memory] | Tensor = taught
        if isinstance(memory, Tensor):
            seen, memory = memory, self.model.encode(memory)
        decoder, inputs = self.model.decoder, captions.inputs
        if sampled_share > 0:
            inputs = with_own_words(self.model, memory, inputs, sampled_share)
        logits = decoder.output(decoder.hidden(memory, inputs))
        targets = captions.targets[captions.targets != PAD]
        loss = token_losses(logits, targets, self.label_smoothing).sum()
        if self.teachers is not None:
            wanted = self.teachers.probabilities(seen, captions.inputs)
            loss = torch.lerp(loss, F.cross_entropy(logits.float(), wanted, reduction="sum"), self.teacher_weight)
        penalty, decoder.penalty = decoder.penalty, None
        return loss if penalty is None else loss + penalty


@torch.no_grad()
def with_own_words(model: CaptionModel, memory: Memory, inputs: Tensor, share: float) -> Tensor:
    """Scheduled sampling (Bengio et al. 2015, arXiv:1506.03099) in two passes: what is read is partly the model's own.

    A first pass under teacher forcing draws a word at each place, and these take the place of `share` of the true ones
    (Mihaylova and Martins 2019, arXiv:1906.07651), so that whole captions are still read at once.

    Args:
        model: its dropout as it is.
        memory: B encoded pictures.
        inputs: (B·K, T) int64; its padding and each row's first token stay.
        share: chance of each word to be replaced.
    """
    words = model.vocabulary
    logits = model.decoder.output(model.decoder.hidden(memory, inputs)).float()
    logits[:, [words.pad, words.start, words.end]] = -torch.inf
    own = torch.multinomial(logits.softmax(-1), 1)[:, 0]
    real = inputs != PAD
    drawn = scatter_real(own, real)[:, :-1]
    chosen = real[:, 1:] & (torch.rand(drawn.shape, device=drawn.device) < share)
    mixed = inputs.clone()
    mixed[:, 1:] = torch.where(chosen, drawn, inputs[:, 1:])
    return mixed


class SelfCritical(nn.Module):
    """Policy gradient of CIDEr-D (Rennie et al. 2017, eq. 9).

    The baseline is the mean of a picture's other samples (Luo 2020, arXiv:2003.09971), or the greedy caption as in the
    paper, decoded in the same batch.

    The end of the sentence is a word like any other in both captions and references, so that stopping early, or never,
    costs reward. Captions are drawn without dropout, their probabilities raised or lowered with it.

    Args:
        model: what is trained.
        reward: CIDEr-D with the training references prepared, their end counted (`prepare_reward`).
        settings: samples, their temperature, share of cross-entropy, longest sample.
        label_smoothing: of the cross-entropy part.
    """

    def __init__(
        self, model: CaptionModel, reward: CiderD, settings: SelfCriticalSettings, label_smoothing: float
    ) -> None:
        super().__init__()
        self.cross_entropy = CrossEntropy(model, label_smoothing)
        self.reward = reward
        self.settings = settings

    def draw(self, memory: Memory | Tensor, seed: Sequence[int]) -> list[list[Hypothesis]]:
        """Draw captions of each picture, or its pixels, dropout off; first the greedy one, where it is the baseline."""
        model = self.cross_entropy.model
        model.eval()
        with torch.no_grad():
            words = model.vocabulary
            if isinstance(memory, Tensor):
                memory = model.encode(memory)
            state = model.decoder.start(memory)
            drawn = sample(
                model.decoder.step,
                state,
                batch=len(memory),
                samples=self.settings.samples + self._greedy,
                start=words.start,
                end=words.end,
                options=SearchOptions(
                    max_length=self.settings.max_length,
                    sample=True,
                    temperature=self.settings.temperature,
                    forbidden=self._never,
                ),
                rng=np.random.default_rng(list(seed)),
                constant=model.decoder.constant(state),
                greedy=self._greedy,
            )
        model.train()
        return drawn

    def rewards(self, ids: Sequence[str], drawn: Sequence[Sequence[Hypothesis]]) -> np.ndarray:
        """CIDEr-D of each caption: (B, captions) float."""
        decode = self.cross_entropy.model.vocabulary.decode
        flat = [
            (i, [*decode(h.tokens), END_WORD] if h.ended else list(decode(h.tokens)))
            for i, hypotheses in zip(ids, drawn, strict=True)
            for h in hypotheses
        ]
        return np.asarray(self.reward.score_items(flat), dtype=np.float64).reshape(len(ids), -1)

    def advantages(self, rewards: np.ndarray) -> np.ndarray:
        """How much better than its baseline each sample is, from the rewards of what was drawn: (B, samples)."""
        if self._greedy:
            return np.asarray(rewards[:, 1:] - rewards[:, :1])
        count = rewards.shape[1]
        return np.asarray((rewards - rewards.mean(1, keepdims=True)) * count / (count - 1))

    def samples(self, drawn: Sequence[Sequence[Hypothesis]]) -> list[Sequence[Hypothesis]]:
        """What was drawn, without the baseline."""
        return [hypotheses[int(self._greedy) :] for hypotheses in drawn]

    @property
    def _greedy(self) -> bool:
        return self.settings.baseline == "greedy"

    @property
    def _never(self) -> tuple[int, ...]:
        words = self.cross_entropy.model.vocabulary
        return words.pad, words.start, words.unk

    def forward(self, memory: Memory | Tensor, sampled: Captions, advantage: Tensor, references: Captions) -> Tensor:
        """Loss summed over pictures, scalar: reward part (mean over sampled tokens) and cross-entropy.

        Args:
            memory: encoded pictures, or uint8 pixels (B, H, W, 3) when the CNN learns too.
            sampled: the sampled captions (`as_captions`), `samples` rows for each picture.
            advantage: of each, (B, samples).
            references: a reference caption for each picture, and perhaps captions without pictures beside them.
        """
        if isinstance(memory, Tensor):
            memory = self.cross_entropy.model.encode(memory)
        decoder, words = self.cross_entropy.model.decoder, self.cross_entropy.model.vocabulary
        real = sampled.targets != PAD
        logits = decoder.output(decoder.hidden(memory, sampled.inputs)) / self.settings.temperature
        # What is never drawn is no part of the policy.
        logits = logits.index_fill(1, torch.tensor(self._never, device=logits.device), NO_CHANCE)
        first = torch.zeros_like(real)
        first[:, 0] = True
        logits[first[real], words.end] = NO_CHANCE
        losses = token_losses(logits, sampled.targets[real])
        weight = advantage.view(-1, 1).expand_as(real)[real]
        policy = (losses * weight).sum() / real.sum() * len(memory)
        tokens = (references.targets != PAD).sum()
        likelihood: Tensor = self.cross_entropy(memory, references) / tokens * len(memory)
        total = policy + self.settings.cross_entropy * likelihood
        if references.unpaired is not None and self.settings.unpaired:
            absent, alone = references.unpaired
            words_alone = (alone.targets != PAD).sum()
            total = total + self.settings.unpaired * self.cross_entropy(absent, alone) / words_alone * len(memory)
        return total

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
