"""Several decoders as one, in PyTorch: for validation, and as the teacher of a distillation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seesay.models.captioner import CaptionModel
from seesay.models.decoders import State
from seesay.models.memory import Memory
from seesay.search import Hypothesis, SearchOptions, average, combine, decode, union


class ModelEnsemble(nn.Module):
    """Models of one vocabulary whose probabilities are averaged at every word.

    It decodes by the step contract, as a decoder does, and gives whole captions' log-probabilities under teacher
    forcing. Put it in `eval` where it is a teacher.

    Args:
        models: two or more; each keeps its own encoder.

    Raises:
        UsageError: their vocabularies are not the same; the message says which words differ.
    """

    def __init__(self, models: Sequence[CaptionModel]) -> None:
        super().__init__()
        self.models: Sequence[CaptionModel] = nn.ModuleList(models)  # type: ignore[assignment]
        self.vocabulary = models[0].vocabulary
        for number, other in enumerate(models[1:], 2):
            self.vocabulary.check_same(other.vocabulary, "model 1", f"model {number}")
        self.step = combine([model.decoder.step for model in models])

    def start(self, memory: Memory | Sequence[Memory]) -> State:
        """The union of the members' states, one row for each picture.

        Args:
            memory: what each member's encoder made of the same pictures; one for all, where they share an encoder.
        """
        return union([m.decoder.start(own) for m, own in zip(self.models, self._memories(memory), strict=True)])

    def constant(self, state: Mapping[str, object]) -> set[str]:
        """Names of the state's entries that `step` leaves as they are."""
        carried = {f"{i}.{name}" for i, model in enumerate(self.models) for name in model.decoder.carried}
        return set(state) - carried - {"attention"}

    def forward(self, memory: Memory | Sequence[Memory], tokens: Tensor) -> Tensor:
        """Teacher forcing: tokens (B·K, T) → log-probabilities (B·K, T, V) of the mean, without meaning on padding."""
        logits = [m.decoder(own, tokens) for m, own in zip(self.models, self._memories(memory), strict=True)]
        flat: Tensor = average([values.flatten(0, 1) for values in logits])
        return flat.log_softmax(-1).view_as(logits[0])

    @torch.no_grad()
    def caption(self, memory: Memory | Sequence[Memory], options: SearchOptions) -> list[list[Hypothesis]]:
        """Decode for real, as `CaptionModel.caption` does; members are taken as they are (put them in `eval`)."""
        state = self.start(memory)
        return decode(
            self.step,
            state,
            batch=len(self._memories(memory)[0]),
            start=self.vocabulary.start,
            end=self.vocabulary.end,
            options=options,
            constant=self.constant(state),
        )

    def _memories(self, memory: Memory | Sequence[Memory]) -> Sequence[Memory]:
        return [memory] * len(self.models) if isinstance(memory, Memory) else memory
