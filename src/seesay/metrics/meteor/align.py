"""METEOR's alignment: which of all matches to take, each word at most once, by beam search over many pairs at once.

As METEOR 1.5 does it (Denkowski and Lavie 2014, section 2): from left to right through the reference, a beam of 40
partial alignments, the most words covered first, then the fewest chunks, then the shortest distances. Its habits are
kept, because they decide between equals: half weights are cut to whole numbers, a taken match's distance is charged to
the alignments made after it, and equals stay in the order in which they were made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seesay.metrics.meteor.matches import EXACT, Matches
from seesay.metrics.ngrams import Captions, Ints, ordering, spans

BEAM = 40
_BITS = 62


def align(matches: Matches, hypotheses: Captions, references: Captions) -> Matches:
    """The matches of each pair's best alignment, sorted by pair and start.

    Args:
        matches: all there are, from `find_matches`.
        hypotheses: one sentence for each item.
        references: a pair each.
    """
    alone = _unrivalled(matches, hypotheses, references)
    fixed, options = matches[alone], matches[~alone]
    if not len(options):
        return fixed
    chosen = options[_Search(fixed, options, references).run()]
    whole = Matches(*(np.concatenate(both) for both in zip(fixed.columns(), chosen.columns(), strict=True)))
    return whole[ordering(whole.pair, whole.start)]


def _unrivalled(matches: Matches, hypotheses: Captions, references: Captions) -> NDArray[np.bool_]:
    """Whether no other match covers any of a match's words."""
    mine = references.starts[matches.pair] + matches.start
    own_lengths = hypotheses.lengths[references.items]
    theirs = (np.cumsum(own_lengths) - own_lengths)[matches.pair] + matches.other
    rivalled = np.zeros(len(matches), bool)
    for first, length, size in (
        (mine, matches.length, len(references.words)),
        (theirs, matches.other_length, int(own_lengths.sum())),
    ):
        which, token = spans(first, length)
        cover = np.bincount(token, minlength=size)
        rivalled[which[cover[token] > 1]] = True
    return ~rivalled


def gain(matches: Matches) -> Ints:
    """What a match adds to the words covered on both sides: half of them unless exact, cut to whole numbers."""
    half = matches.other_length // 2 + matches.length // 2
    return np.where(matches.module == EXACT, matches.other_length + matches.length, half)


class _Search:
    """The search over all pairs that have matches to choose from.

    A reference is a row of elements: a fixed match, a word without matches, or an event, a word where matches may be
    taken or are under way. Between two events all of a pair's alignments go the same way, a run, which is summed up
    beforehand.

    Args:
        fixed: matches that are taken in any case.
        options: the matches to choose from, sorted by pair and start.
        references: a pair each.
    """

    def __init__(self, fixed: Matches, options: Matches, references: Captions) -> None:
        self.options = options
        token = references.starts[options.pair] + options.start
        self.gain, self.distance = gain(options), np.abs(options.start - options.other)
        words = int((options.other + options.other_length).max(initial=0)) // _BITS + 1
        self.bits = np.zeros((len(options), words), np.uint64)
        which, place = spans(options.other, options.other_length)
        np.bitwise_or.at(self.bits, (which, place // _BITS), np.uint64(1) << (place % _BITS).astype(np.uint64))
        # One number orders alignments: words covered above chunks above distance.
        far = np.bincount(options.pair, self.distance, len(references.lengths))
        far += np.bincount(fixed.pair, np.abs(fixed.start - fixed.other), len(references.lengths))
        self.chunk = 1 << int(far.max(initial=0)).bit_length()
        self.covered = self.chunk << int(references.lengths.max(initial=0) + 1).bit_length()
        self._elements(fixed, token, references)

    def _elements(self, fixed: Matches, token: Ints, references: Captions) -> None:
        """Lay out events and the runs before them."""
        size = len(references.words)
        _, covered = spans(token, self.options.length)
        event = np.zeros(size, bool)
        event[covered] = True
        at = references.starts[fixed.pair] + fixed.start
        _, inside = spans(at + 1, fixed.length - 1)
        element = np.ones(size, bool)
        element[inside] = False  # the rest of a fixed match
        starts, ends, add = np.full(size, -1), np.full(size, -1), np.zeros(size, np.int64)
        starts[at], ends[at] = fixed.other, fixed.other + fixed.other_length
        add[at] = np.abs(fixed.start - fixed.other) - gain(fixed) * self.covered
        pairs = np.unique(self.options.pair)
        mine = np.zeros(len(references.lengths), bool)
        mine[pairs] = True
        rows = np.flatnonzero(element & mine[references.owners])
        owner, event = references.owners[rows], event[rows]
        self.first, self.last = starts[rows], ends[rows]  # hypothesis words where a fixed match begins and ends, or -1
        new_run = np.r_[True, (owner[1:] != owner[:-1]) | event[:-1]] | event
        before = np.r_[-1, self.last[:-1]]
        broken = ~new_run & (before != -1) & (before != self.first)
        self.sums = np.r_[0, np.cumsum(np.where(event, 0, add[rows] + broken * self.chunk))]
        # Runs: before each event, and one after a pair's last. `begin` and `end` are element indexes.
        events = np.flatnonzero(event)
        order = np.searchsorted(pairs, owner)
        self.counts = np.bincount(order[events], minlength=len(pairs))
        sizes = np.bincount(order, minlength=len(pairs))
        self.element_starts = np.cumsum(sizes) - sizes
        self.element_ends = np.cumsum(sizes)
        self.events = events
        self.event_starts = np.cumsum(self.counts) - self.counts
        self.places = references.places[rows]
        tokens = rows[events]
        self.option_low = np.searchsorted(token, tokens)
        self.option_high = np.searchsorted(token, tokens, side="right")

    def run(self) -> Ints:
        """Rows of the options taken."""
        # Pairs with the most events first, so that those still searched are always at the front.
        ranked = np.argsort(-self.counts, kind="stable")
        pair, size = ranked, len(ranked)
        key, end = np.zeros(size, np.int64), np.full(size, -1)
        used, until = np.zeros((size, self.bits.shape[1]), np.uint64), np.zeros(size, np.int64)
        node = np.full(size, -1)
        begin = self.element_starts.copy()  # of each pair's next run
        parents: list[Ints] = []
        taken: list[Ints] = []
        nodes, best = 0, np.full(size, -1)
        for number in range(int(self.counts.max(initial=0)) + 1):
            done = self.counts[pair] == number
            if done.any():
                rows = np.flatnonzero(done)
                rows = rows[self._finish(pair[rows], key[rows], end[rows], begin)]
                best[pair[rows]] = node[rows]
                rest = ~done
                pair, key, end, used, until, node = (v[rest] for v in (pair, key, end, used, until, node))
            if not len(pair):
                break
            event = self.events[self.event_starts[pair] + number]
            keep, key, end = self._through(pair, key, end, begin[pair], event)
            pair, used, until, node, event = pair[keep], used[keep], until[keep], node[keep], event[keep]
            begin[pair] = event + 1
            # Every option that is free, then skipping, for each alignment in turn.
            index = self.event_starts[pair] + number
            place = self.places[event]
            going_on = until > place
            low = self.option_low[index]
            count = np.where(going_on, 0, self.option_high[index] - low)
            path, option = spans(low, count)
            free = ~(used[path] & self.bits[option]).any(axis=1)
            path, option = path[free], option[free]
            charged = np.cumsum(self.distance[option])
            total = np.bincount(path, self.distance[option], len(pair)).astype(np.int64)
            before = np.cumsum(total) - total
            other = self.options.other[option]
            joined = (end[path] == -1) | (end[path] == other)
            new_key = key[path] - self.gain[option] * self.covered + ~joined * self.chunk
            new_key += charged - self.distance[option] - before[path]
            skip_key = key + total + np.where(going_on, 0, (end != -1) * self.chunk)
            order = np.empty(len(path) + len(pair), np.int64)
            order[np.arange(len(path)) + path] = np.arange(len(path))
            after = np.cumsum(np.bincount(path, minlength=len(pair)))
            order[np.arange(len(pair)) + after] = len(path) + np.arange(len(pair))
            parents.append(node[path])
            taken.append(option)
            fresh = nodes + np.arange(len(option))
            nodes += len(option)
            key = np.r_[new_key, skip_key][order]
            end = np.r_[other + self.options.other_length[option], np.where(going_on, end, -1)][order]
            used = np.concatenate([used[path] | self.bits[option], used])[order]
            until = np.r_[place[path] + self.options.length[option], until][order]
            node = np.r_[fresh, node][order]
            pair = np.r_[pair[path], pair][order]
        return _trace(best, parents, taken)

    def _through(self, pair: Ints, key: Ints, end: Ints, begin: Ints, event: Ints) -> tuple[Ints, Ints, Ints]:
        """Sort, cut to the beam, and take each pair's run of elements begin … event - 1."""
        keep = _rank(pair, key)
        key, end, begin, event = key[keep], end[keep], begin[keep], event[keep]
        key, end = self._run(key, end, begin, event)
        again = _rank(pair[keep], key)
        return keep[again], key[again], end[again]

    def _run(self, key: Ints, end: Ints, begin: Ints, stop: Ints) -> tuple[Ints, Ints]:
        there = begin < stop
        inside = np.where(there, begin, 0)
        first = self.first[inside]
        broken = there & (end != -1) & (end != first)
        key = key + np.where(there, self.sums[stop] - self.sums[begin], 0) + broken * self.chunk
        return key, np.where(there, self.last[stop - 1], end)

    def _finish(self, pair: Ints, key: Ints, end: Ints, begin: Ints) -> Ints:
        """Take the last run and close the last chunk: rows of the best alignment of each pair."""
        keep, key, end = self._through(pair, key, end, begin[pair], self.element_ends[pair])
        key = key + (end != -1) * self.chunk
        order = keep[ordering(_groups(pair[keep]), key - key.min())]
        groups = pair[order]
        return order[np.r_[True, groups[1:] != groups[:-1]]]


def _rank(pair: Ints, key: Ints) -> Ints:
    """Rows sorted by key within each pair, equals in their order, at most `BEAM` of each."""
    groups = _groups(pair)
    order = ordering(groups, key - key.min())
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])[groups]
    return order[np.arange(len(order)) - starts < BEAM]


def _groups(pair: Ints) -> Ints:
    """Number the groups of equal neighbors."""
    return np.cumsum(np.r_[False, pair[1:] != pair[:-1]])


def _trace(best: Ints, parents: list[Ints], taken: list[Ints]) -> Ints:
    """Options on the way to each of the best nodes."""
    if not parents:
        return np.empty(0, np.int64)
    parent, option = np.concatenate(parents), np.concatenate(taken)
    found = []
    node = best[best >= 0]
    while len(node):
        found.append(option[node])
        node = parent[node]
        node = node[node >= 0]
    return np.concatenate(found) if found else np.empty(0, np.int64)
