"""The search that the options ask for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from seesay.search.beam import beam_search
from seesay.search.hypothesis import Hypothesis, State, StepFunction
from seesay.search.sampling import sample
from seesay.search_options import SearchOptions


def decode(
    step: StepFunction,
    state: State,
    *,
    batch: int,
    start: int,
    end: int,
    options: SearchOptions,
    constant: Collection[str] = (),
    own: Sequence[int] | None = None,
) -> list[list[Hypothesis]]:
    """Sentences for each picture: sampled where `options.sample` is set, else by beam search.

    Args:
        step: see `beam_search`.
        state: see `beam_search`.
        batch: see `beam_search`.
        start: see `beam_search`.
        end: see `beam_search`.
        options: settings.
        constant: see `beam_search`.
        own: for sampling, a number of each picture's own, from which, with `options.seed`, its chance comes; None for
            its place in the batch.

    Returns:
        For each picture `num` hypotheses: best first, or in the order drawn.
    """
    if not options.sample:
        return beam_search(step, state, batch=batch, start=start, end=end, options=options, constant=constant)
    return sample(
        step,
        state,
        batch=batch,
        samples=options.num,
        start=start,
        end=end,
        options=options,
        rng=[np.random.default_rng([options.seed, number]) for number in (range(batch) if own is None else own)],
        constant=constant,
        attention=True,
    )
