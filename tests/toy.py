"""A made-up model whose best sentences can be found by trying all."""

import numpy as np
import torch

from seesay.search import SearchOptions, beam_search

START, END = 0, 1
WORDS = 4  # start, end, two words


class Toy:
    """A random model whose next-token distribution depends on the whole sentence so far, and on the picture."""

    def __init__(self, seed, words=WORDS, torch_arrays=False, end_bias=0.0):
        self.seed, self.words, self.torch_arrays, self.end_bias = seed, words, torch_arrays, end_bias
        self.known = {}

    def logits(self, history):
        history = tuple(map(int, history))
        if history not in self.known:
            values = np.random.default_rng([self.seed, *history]).normal(0, 2, self.words).astype(np.float32)
            values[END] += self.end_bias
            self.known[history] = values
        return self.known[history].copy()

    def state(self, batch):
        state = {"history": np.full((batch, 1), 7, np.int64) + np.arange(batch)[:, None], "still": np.arange(batch)}
        state["attention"] = np.zeros((batch, 3), np.float32)
        return {k: torch.from_numpy(v) for k, v in state.items()} if self.torch_arrays else state

    def step(self, tokens, state):
        still, history = np.asarray(state["still"]), np.asarray(state["history"])
        assert np.array_equal(np.repeat(still, len(history) // len(still)), history[:, 0] - 7)
        history = np.concatenate([np.asarray(state["history"]), np.asarray(tokens)[:, None]], 1)
        logits = np.stack([self.logits(h) for h in history])
        look = np.stack([[len(h), h[-1], h[0]] for h in history]).astype(np.float32)
        new = {"history": history, "attention": look}
        if self.torch_arrays:
            return torch.from_numpy(logits), {**state, **{k: torch.from_numpy(v) for k, v in new.items()}}
        return logits, {**state, **new}

    def logprobs(self, picture, tokens):
        history, total = [7 + picture, START], []
        for token in tokens:
            values = self.logits(history).astype(np.float64)
            total.append(values[token] - np.log(np.exp(values).sum()))
            history.append(token)
        return total


def search(toy, batch=1, **options):
    options.setdefault("forbidden", (START,))
    return beam_search(
        toy.step,
        toy.state(batch),
        batch=batch,
        start=START,
        end=END,
        options=SearchOptions(**options),
        constant=("still",),
    )
