"""Training speed of `attention` and `merge` against the two usual ways, built here with the same sizes.

    python benchmarks/training.py [--steps 3] [--rounds 3] [--precision float32|bf16]

(i)  the tutorial way: each caption is exploded into its prefixes, all padded to the longest caption; the LSTM reads
     every prefix anew and the target is a one-hot vector over the vocabulary.
(ii) additive attention (Xu et al. 2015) in an `LSTMCell` loop that projects the picture anew and writes logits at
     every step of the padded batch.

Pictures are random features of EfficientNet-Lite2's shape (9 × 9 × 1280), captions random words with Flickr8k's
lengths; each way sees the same captions and takes one optimizer step for each batch. Rounds alternate between the ways,
so that all meet the same machine; printed is the median captions/s of each and the ratios of our way to the others,
round by round.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seesay.models.decoders import DECODERS
from seesay.models.decoders.attention import AttentionConfig
from seesay.models.decoders.merge import MergeConfig
from seesay.models.memory import Memory

WORDS, SIZE, POSITIONS, LONGEST = 2543, 1280, 81, 37
PHOTOS, CAPTIONS = 32, 5


def make_captions(generator: torch.Generator) -> Tensor:
    """(PHOTOS·CAPTIONS, T) int64: start, words, end, padding; lengths with Flickr8k's mean and spread."""
    lengths = (torch.randn(PHOTOS * CAPTIONS, generator=generator) * 3.8 + 10.8).round().clamp(3, LONGEST - 2).long()
    tokens = torch.randint(4, WORDS, (len(lengths), int(lengths.max()) + 2), generator=generator)
    position = torch.arange(tokens.shape[1])[None]
    tokens[position > lengths[:, None] + 1] = 0
    tokens[position == lengths[:, None] + 1] = 2
    tokens[:, 0] = 1
    return tokens


class TutorialMerge(nn.Module):
    """The tutorial's merge net over padded prefixes: masked embedding, LSTM, add, ReLU layer, softmax."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, width, padding_idx=0)
        self.recurrent = nn.LSTM(width, width, batch_first=True)
        self.picture = nn.Linear(SIZE, width)
        self.meet = nn.Linear(width, width)
        self.output = nn.Linear(width, WORDS)

    def forward(self, pooled: Tensor, prefixes: Tensor) -> Tensor:
        words = F.dropout(self.embedding(prefixes), 0.5)
        state = self.recurrent(words)[0][:, -1]  # prefixes are padded in front
        return self.output(F.relu(self.meet(state + F.relu(self.picture(F.dropout(pooled, 0.5))))))


def tutorial_step(width: int) -> Callable[[Memory, Tensor], Tensor]:
    model = TutorialMerge(width)

    def loss(memory: Memory, tokens: Tensor) -> Tensor:
        pooled, prefixes, targets = [], [], []
        for row, caption in enumerate(tokens.tolist()):
            words = [t for t in caption if t]
            for position in range(1, len(words)):
                prefix = words[:position]
                prefixes.append([0] * (LONGEST - len(prefix)) + prefix)
                targets.append(words[position])
                pooled.append(row // CAPTIONS)
        one_hot = F.one_hot(torch.tensor(targets), WORDS).float()
        logits = model(memory.pooled[torch.tensor(pooled)], torch.tensor(prefixes))
        return -(one_hot * logits.float().log_softmax(-1)).sum(1).mean()

    return with_optimizer(model, loss)


class AdditiveLoop(nn.Module):
    """Additive attention with input feeding, one LSTMCell call, one projection and one output layer for each step."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, width, padding_idx=0)
        self.cell = nn.LSTMCell(width + SIZE, width)
        self.key, self.query, self.energy = nn.Linear(SIZE, width), nn.Linear(width, width), nn.Linear(width, 1)
        self.start_hidden, self.start_cell = nn.Linear(SIZE, width), nn.Linear(SIZE, width)
        self.gate = nn.Linear(width, SIZE)
        self.output = nn.Linear(width, WORDS)

    def forward(self, grid: Tensor, tokens: Tensor) -> Tensor:
        grid = grid.repeat_interleave(CAPTIONS, 0)
        mean = grid.mean(1)
        hidden, cell = self.start_hidden(mean), self.start_cell(mean)
        logits = grid.new_zeros(*tokens.shape, WORDS)
        for t in range(tokens.shape[1]):
            energy = self.energy(F.relu(self.key(grid) + self.query(hidden)[:, None])).squeeze(-1)
            context = (energy.softmax(1)[..., None] * grid).sum(1)
            context = torch.sigmoid(self.gate(hidden)) * context
            hidden, cell = self.cell(torch.cat([self.embedding(tokens[:, t]), context], 1), (hidden, cell))
            logits[:, t] = self.output(F.dropout(hidden, 0.5)).float()
        return logits


def additive_step(width: int) -> Callable[[Memory, Tensor], Tensor]:
    model = AdditiveLoop(width)

    def loss(memory: Memory, tokens: Tensor) -> Tensor:
        logits = model(memory.grid, tokens[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=0)

    return with_optimizer(model, loss)


def our_step(name: str, width: int) -> Callable[[Memory, Tensor], Tensor]:
    config = (
        AttentionConfig(hidden=width, feed_forward=4 * width)
        if name == "attention"
        else MergeConfig(embedding=width, hidden=width)
    )
    model = DECODERS[name](config, WORDS, SIZE)

    def loss(memory: Memory, tokens: Tensor) -> Tensor:
        inputs, targets = tokens[:, :-1] * (tokens[:, 1:] != 0), tokens[:, 1:]
        logits = model.output(model.hidden(memory, inputs))
        return F.cross_entropy(logits.float(), targets[targets != 0], label_smoothing=0.1)

    return with_optimizer(model, loss)


def with_optimizer(model: nn.Module, loss: Callable[[Memory, Tensor], Tensor]) -> Callable[[Memory, Tensor], Tensor]:
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)

    def step(memory: Memory, tokens: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=PRECISION == "bf16"):
            value = loss(memory, tokens)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return value

    return step


def captions_per_second(step: Callable[[Memory, Tensor], Tensor], memory: Memory, tokens: Tensor, steps: int) -> float:
    begun = time.perf_counter()
    for _ in range(steps):
        step(memory, tokens)
    return steps * len(tokens) / (time.perf_counter() - begun)


def main() -> None:
    global PRECISION
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    arguments = parser.parse_args()
    PRECISION = arguments.precision
    generator = torch.Generator().manual_seed(0)
    memory = Memory(
        torch.randn(PHOTOS, POSITIONS, SIZE, generator=generator), torch.randn(PHOTOS, SIZE, generator=generator)
    )
    tokens = make_captions(generator)
    ways = {
        "attention (512)": our_step("attention", 512),
        "(ii) additive loop (512)": additive_step(512),
        "(i) prefixes, one-hot (512)": tutorial_step(512),
        "merge (256)": our_step("merge", 256),
        "(ii) additive loop (256)": additive_step(256),
        "(i) prefixes, one-hot (256)": tutorial_step(256),
    }
    for step in ways.values():
        step(memory, tokens)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, step in ways.items():
            steps = arguments.steps if name.startswith("(") else 4 * arguments.steps
            rates[name].append(captions_per_second(step, memory, tokens, steps))
    print(
        f"{arguments.precision}, {torch.get_num_threads()} threads, {len(tokens)} captions of {PHOTOS} photos a batch, "
        f"{arguments.rounds} rounds; captions/s: median\n"
    )
    print("| way | captions/s | ours is faster by (median, least … most) |\n| --- | ---: | ---: |")
    for name, mine in rates.items():
        if not name.startswith("("):
            ours = mine
            print(f"| `{name.split()[0]}` {name.split()[1]} | {statistics.median(mine):.0f} | |")
            continue
        ratios = [a / b for a, b in zip(ours, mine, strict=True)]
        print(
            f"| {name} | {statistics.median(mine):.1f} | "
            f"**{statistics.median(ratios):.1f}×** ({min(ratios):.1f} … {max(ratios):.1f}) |"
        )


PRECISION = "float32"

if __name__ == "__main__":
    main()
