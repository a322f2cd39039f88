"""Two recurrent nets on top of each other, as LRCN and S2VT have them."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from seesay.models.decoders.base import Decoder
from seesay.models.decoders.recurrent import Recurrent
from seesay.models.decoders.words import before_output
from seesay.models.dropout import Dropout
from seesay.models.keras import begin_as_keras, one_bias


class TwoNets(Decoder):
    """A decoder of two recurrent nets; the second reads the first's output with something beside it.

    Attributes:
        first: reads what is `embedding` wide.
        second: reads the first's output and what is beside it.
        finish: between the second net and the output layer.
    """

    def add_nets(self, config: Any, vocabulary_size: int, beside: int) -> None:
        """Make both nets and the output layer; called once what comes before them is made.

        Args:
            config: with cell, embedding, hidden, dropout, norm, single_bias and initial.
            vocabulary_size: V.
            beside: width of what the second net reads beside the first's output.
        """
        self.first = Recurrent(config.cell, config.embedding, config.hidden, prefix="first_")
        self.second = Recurrent(config.cell, config.hidden + beside, config.hidden, prefix="second_")
        self.carried = (*self.first.entries, *self.second.entries)
        self.finish = before_output(config.hidden, config.dropout, config.norm)
        self.project = nn.Linear(config.hidden, vocabulary_size)
        self.dropout = Dropout(config.dropout)
        if config.single_bias:
            one_bias(self.first.net)
            one_bias(self.second.net)
        if config.initial == "keras":
            begin_as_keras(self)

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V)."""
        logits: Tensor = self.project(hidden)
        return logits
