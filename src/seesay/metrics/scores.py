"""One call from captions as text to every score, with the line that says how they were computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import seesay
from seesay.errors import DataError, UsageError
from seesay.metrics.bleu import Bleu
from seesay.metrics.cider import Cider, CiderD
from seesay.metrics.result import Result, Tokens
from seesay.metrics.rouge import RougeL
from seesay.text import tokenize

METRICS = ("bleu", "rouge", "cider", "cider-plain")


@dataclass(frozen=True)
class Scores:
    """Scores of a set of captions.

    Args:
        corpus: name of the score to its value: Bleu_1 to Bleu_4 and ROUGE_L from 0 to 1, CIDEr from 0 to 10.
            "CIDEr" and "CIDEr-D" are one number: what the COCO tools print as CIDEr is CIDEr-D.
        items: name of the score to the score of each item by its id.
        signature: the metrics' variants, tokens, numbers of items and references; put it beside reported scores.
    """

    corpus: dict[str, float]
    items: dict[str, dict[str, float]]
    signature: str


def score(
    hypotheses: Mapping[str, str] | Iterable[tuple[str, str]],
    references: Mapping[str, Sequence[str]],
    metrics: Sequence[str] = ("bleu", "rouge", "cider"),
) -> Scores:
    """Score one caption for each item as the COCO caption tools do, tokenisation included.

    A caption without words is scored (it gets 0), as the COCO tools do.

    Args:
        hypotheses: item id to caption, or pairs of the two.
        references: item id to its reference captions, exactly the same ids.
        metrics: any of "bleu", "rouge", "cider" (CIDEr-D, the COCO tools' CIDEr) and "cider-plain" (CIDEr without
            clipping and length penalty).

    Raises:
        UsageError: for an unknown metric, nothing to score, or CIDEr of a single item.
        DataError: for an id on one side only, an id twice, or an item without references.
    """
    unknown = [name for name in metrics if name not in METRICS]
    if unknown or not metrics:
        raise UsageError(f"score: no metric {unknown[0] if unknown else ''!r}; choose from {', '.join(METRICS)}")
    captions = _once(hypotheses)
    _check(captions, references)
    told = {item: tokenize(caption) for item, caption in captions.items()}
    truth = {item: [tokenize(text) for text in references[item]] for item in captions}
    results: dict[str, Result] = {}
    signatures = []
    for name in dict.fromkeys(metrics):
        found, signature = _compute(name, told, truth)
        results.update(found)
        signatures.append(signature)
    return Scores(
        corpus={name: result.corpus for name, result in results.items()},
        items={name: dict(zip(captions, result.items.tolist(), strict=True)) for name, result in results.items()},
        signature=_signature(signatures, truth),
    )


def _compute(
    name: str, told: Mapping[str, Tokens], truth: Mapping[str, Sequence[Tokens]]
) -> tuple[dict[str, Result], str]:
    if name in ("bleu", "rouge"):
        metric = Bleu() if name == "bleu" else RougeL()
        return metric(list(told.values()), list(truth.values())), metric.signature
    cider = (CiderD if name == "cider" else Cider)(truth)
    results = cider(told)
    if name == "cider":
        results = {"CIDEr": results["CIDEr-D"], **results}
    return results, cider.signature


def _once(hypotheses: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    if isinstance(hypotheses, Mapping):
        return dict(hypotheses)
    captions: dict[str, str] = {}
    for item, caption in hypotheses:
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
    for item, texts in references.items():
        if isinstance(texts, str):
            raise UsageError(f"score: the references of {item!r} are one text; give a list of captions")
        if not texts:
            raise DataError(f"score: the list of references of {item!r} is empty; give one caption or more")


def _signature(metrics: Sequence[str], truth: Mapping[str, Sequence[Tokens]]) -> str:
    numbers = sorted({len(texts) for texts in truth.values()})
    each = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"
    parts = (*metrics, "tokens=ptb-3.4.1,lower", f"items={len(truth)}", f"references={each}")
    return " | ".join((*parts, f"seesay={seesay.__version__}"))
