"""One call from captions as text to every score, with the line that says how they were computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import seesay
from seesay.errors import DataError, UsageError
from seesay.metrics.frequencies import Frequencies
from seesay.metrics.registry import METRICS, Metric, Texts
from seesay.metrics.result import Result, Tokens
from seesay.text import tokenize


@dataclass(frozen=True)
class Scores:
    """Scores of a set of captions.

    Args:
        corpus: name of the score to its value: Bleu_1 to Bleu_4, METEOR and ROUGE_L from 0 to 1, CIDEr from 0 to 10.
            "CIDEr" and "CIDEr-D" are one number: what the COCO tools print as CIDEr is CIDEr-D.
        items: name of the score to the score of each item by its id.
        signature: the metrics' variants, tokens, numbers of items and references and the digest of these; put it beside
            reported scores.
        results: the same with what they are made of, for `compare`.
        references: digest of the references (`references_digest`): scores on others are not comparable.
    """

    corpus: dict[str, float]
    items: dict[str, dict[str, float]]
    signature: str
    results: dict[str, Result] = field(repr=False, compare=False, default_factory=dict)
    references: str = ""


def score(
    hypotheses: Mapping[str, str] | Iterable[tuple[str, str]],
    references: Mapping[str, Sequence[str]],
    metrics: Sequence[str] = ("bleu", "rouge", "cider"),
    *,
    frequencies: Frequencies | None = None,
    fork: bool = False,
) -> Scores:
    """Score one caption for each item as the COCO caption tools do, tokenization included.

    A caption without words is scored (it gets 0), as the COCO tools do.

    Args:
        hypotheses: item id to caption, or pairs of the two.
        references: item id to its reference captions, exactly the same ids.
        metrics: any of `METRICS`: "bleu", "rouge", "meteor" (needs the extra `metrics`), "cider" (CIDEr-D, the COCO
            tools' CIDEr), "cider-plain" (CIDEr without clipping and length penalty), or one that a package adds.
        frequencies: stored document frequencies for CIDEr; None counts them in the references.
        fork: give a part of METEOR to a forked copy of this process, which must not run threads of its own.

    Raises:
        UsageError: for an unknown metric, nothing to score, or CIDEr of a single item.
        DataError: for an id on one side only, an id twice, or an item without references.
        MissingPartError: METEOR without its data.
    """
    if isinstance(metrics, str):
        raise UsageError(f"score: metrics is one text, {metrics!r}; give a list such as [{metrics!r}]")
    if not isinstance(references, Mapping):
        raise UsageError("score: give references as {id: [captions]}")
    unknown = [name for name in metrics if name not in METRICS]
    if unknown or not metrics:
        raise UsageError(f"score: no metric {unknown[0] if unknown else ''!r}; choose from {', '.join(METRICS)}")
    captions = _once(hypotheses)
    _check(captions, references)
    candidates = {item: tokenize(caption) for item, caption in captions.items()}
    reference_tokens = {item: [tokenize(text) for text in references[item]] for item in captions}
    names = list(dict.fromkeys(metrics))
    texts = Texts(candidates, reference_tokens, frequencies, fork)
    made = {name: METRICS[name]() for name in names}
    begun = {name: metric.begin(texts) for name, metric in made.items()}  # what forks does so before any work
    found = {name: begun[name]() for name in sorted(names, key=lambda name: type(made[name]).begin is not Metric.begin)}
    results = {name: result for metric in names for name, result in found[metric][0].items()}
    signatures = [found[metric][1] for metric in names]
    digest = references_digest(reference_tokens)
    return Scores(
        corpus={name: result.corpus for name, result in results.items()},
        items={name: dict(zip(captions, result.items.tolist(), strict=True)) for name, result in results.items()},
        signature=_signature(signatures, reference_tokens, digest),
        results=results,
        references=digest,
    )


def references_digest(reference_tokens: Mapping[str, Sequence[Tokens]]) -> str:
    """Twelve hex digits (of SHA-256) that differ where ids or tokenized references do, in whatever order they come."""
    rows = [[item, sorted(" ".join(tokens) for tokens in reference_tokens[item])] for item in sorted(reference_tokens)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]


def possible_metrics(items: int) -> tuple[list[str], list[str]]:
    """The usual metrics that can be computed here, and a line on each that is left out and why.

    Args:
        items: how many are to be scored.
    """
    usual = [name for name in METRICS if METRICS[name].usual]
    notes = {
        name: f"{METRICS[name].label} is left out: {missing}"
        for name in usual
        if (missing := METRICS[name].missing_for(items))
    }
    return [name for name in usual if name not in notes], list(notes.values())


def _once(hypotheses: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    if isinstance(hypotheses, Mapping):
        return dict(hypotheses)
    captions: dict[str, str] = {}
    try:
        pairs = [(item, caption) for item, caption in hypotheses]
    except (TypeError, ValueError):
        raise UsageError("score: give captions as {id: caption}, or as pairs of the two") from None
    for item, caption in pairs:
        if item in captions:
            raise DataError(f"score: two captions with the id {item!r}; give one caption for each id")
        captions[item] = caption
    return captions


def _check(captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> None:
    if not captions and not references:
        raise UsageError("score: no captions and no references; give at least one of each")
    for missing, where in (
        ([item for item in references if item not in captions], "caption to score"),
        ([item for item in captions if item not in references], "references"),
    ):
        if missing:
            named = ", ".join(map(repr, missing[:3])) + (", …" if len(missing) > 3 else "")
            raise DataError(f"score: no {where} for {len(missing)} id(s): {named}; both sides need the same ids")
    wrong = next((item for item, caption in captions.items() if not isinstance(caption, str)), None)
    if wrong is not None:
        raise UsageError(f"score: the caption of {wrong!r} is {captions[wrong]!r}; expected text")
    for item, texts in references.items():
        if isinstance(texts, str):
            raise UsageError(f"score: the references of {item!r} are one text; give a list of captions")
        if not texts:
            raise DataError(f"score: the list of references of {item!r} is empty; give one caption or more")
        if not all(isinstance(text, str) for text in texts):
            raise UsageError(f"score: the references of {item!r} are {texts!r}; expected a list of texts")


def _signature(metrics: Sequence[str], reference_tokens: Mapping[str, Sequence[Tokens]], digest: str) -> str:
    numbers = sorted({len(texts) for texts in reference_tokens.values()})
    each = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"
    counts = (f"items={len(reference_tokens)}", f"references={each},sha256={digest}")
    parts = (*metrics, "tokens=ptb-3.4.1,lower", "end=none", *counts, "scale=0-1,CIDEr 0-10")
    return " | ".join((*parts, f"seesay={seesay.__version__}"))
