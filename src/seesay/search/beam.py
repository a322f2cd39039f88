"""Batched beam search over the step contract, on any array library (NumPy and PyTorch are tested).

Three searches in one loop. Beam search follows one beam for each picture (`beginnings.py`). Diverse beam search follows
several, each kept from saying what those before it say (`groups.py`). Where words are required, a beam has a bank for
each number of required words that a beginning may hold (`required.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import array_api_compat
import numpy as np

from seesay.search.arrays import NEVER, to_numpy
from seesay.search.beginnings import Beam
from seesay.search.candidates import allowed, candidates
from seesay.search.groups import Penalties, best_of_groups, penalized, penalties
from seesay.search.hypothesis import Hypothesis, State, StepFunction
from seesay.search.required import Required
from seesay.search_options import SearchOptions

_LEAVE = 0.75
"""Share of the pictures in the batch still undecided at which the others leave it."""
_NO_FINES: Penalties = [{}]


def beam_search(
    step: StepFunction,
    state: State,
    *,
    batch: int,
    start: int,
    end: int,
    options: SearchOptions,
    constant: Collection[str] = (),
) -> list[list[Hypothesis]]:
    """Follow the `beam` likeliest beginnings of each picture's sentence until `beam` sentences have ended.

    It stops sooner where no beginning that is still alive can overtake the `num` best found; where words are required
    it stops only then, as what holds them first is rarely what says them best.

    Where no end comes within `max_length`, the best beginnings that are still alive are given back; where words are
    required and no sentence holds them, those that hold most, with `satisfied` False.

    Args:
        step: one token on, for R rows: a picture's rows lie together, as many for each.
        state: one row for each picture, as `start` makes it.
        batch: pictures, B.
        start: id of the token that begins a sentence.
        end: id of the token that ends it.
        options: settings.
        constant: names of state entries that `step` never changes: they keep one row for each picture, B, however
            many rows of tokens a picture has. All others have R rows.

    Returns:
        For each picture its `num` best hypotheses, best first (fewer where fewer exist). With groups: the best of each
        group, then the second best of each, and so on, up to `num` different ones.
    """
    if batch == 0:
        return []
    xp = array_api_compat.array_namespace(*state.values())
    arrays, groups = dict(state), options.groups
    device = array_api_compat.device(next(iter(arrays.values())))
    required = Required(options.must) if options.must else None
    each = options.beam // groups * (required.banks if required else 1)  # rows of a group
    pictures = [[Beam(options, required) for _ in range(groups)] for _ in range(batch)]
    inside = list(range(batch))  # the pictures that have rows, in the order of the rows
    scores = np.zeros((batch, 1))  # all beams are equal at the start: one is followed
    tokens = np.full(batch, start, np.int64)
    for length in range(options.max_length + 1):
        if length == options.max_length and not options.charge_end:
            for beam in (beam for i in inside for beam in pictures[i]):
                beam.cut()
            break
        logits, new = step(xp.asarray(tokens, device=device), arrays)
        arrays = dict(new)
        attention = to_numpy(arrays["attention"]) if "attention" in arrays else None
        ended_only, width, before = length == options.max_length, scores.shape[1], scores
        going = [pictures[i] for i in inside]
        logprobs = allowed(xp, logits, going, width, length, end, options)
        parents = np.repeat(width * np.arange(len(inside))[:, None], each * groups, axis=1)
        words = np.full(parents.shape, end, np.int64)
        scores = np.full(parents.shape, NEVER)
        emitted = [Counter[int]() for _ in inside] if groups > 1 else []  # how often the groups so far have said what
        for group in range(groups):
            first = group * each if width > 1 else 0  # at the start the groups share one row
            mine, fines = logprobs, _NO_FINES * len(inside)
            if groups > 1:
                fines = penalties(emitted, options.diversity)
                mine = penalized(xp, logprobs, width, slice(first, first + each), fines)
            share = before[:, first : first + each]
            best, chosen = candidates(xp, mine, share, end, options, required, ended_only)
            for row, picture in enumerate(going):
                beam, top = picture[group], row * width + first
                if beam.decided:
                    continue
                live = beam.extend(best[row], chosen[row], logprobs.shape[1], length, end, attention, top, fines[row])
                for slot, (parent, word, total) in enumerate(live, group * each):
                    parents[row, slot], words[row, slot], scores[row, slot] = top + parent, word, total
                if groups > 1:
                    emitted[row].update(beam.emitted)
        stay = [row for row, picture in enumerate(going) if not all(beam.decided for beam in picture)]
        if ended_only or not stay:
            break
        # Leaving copies what is constant, so that pictures leave together.
        if len(stay) <= _LEAVE * len(inside):
            kept = xp.asarray(np.asarray(stay), device=device)
            arrays |= {name: xp.take(arrays[name], kept, axis=0) for name in constant}
            inside, parents, words, scores = [inside[r] for r in stay], parents[stay], words[stay], scores[stay]
        rows = parents.reshape(-1)
        if len(rows) != len(tokens) or (rows != np.arange(len(rows))).any():
            gather = xp.asarray(rows, device=device)
            arrays |= {name: xp.take(arrays[name], gather, axis=0) for name in arrays if name not in constant}
        tokens = words.reshape(-1)
    return [best_of_groups([beam.results() for beam in picture], options.num) for picture in pictures]
