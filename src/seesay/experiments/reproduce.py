"""Published comparisons, run again: both systems trained, scored as the paper scores, and set beside its table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev

from seesay.artifact import read_artifact
from seesay.data import Sample, read_dataset
from seesay.errors import UsageError
from seesay.evaluation.captions import Evaluation, evaluate
from seesay.files import write_json
from seesay.metrics.bleu import ORDER, Bleu
from seesay.metrics.rouge import RougeL
from seesay.progress import ProgressCallback, silent
from seesay.text import tokenize

RECIPES = {"LSTM": "inceptionv3_lstm_glove", "GRU": "inceptionv3_gru_glove"}
PAPER = {
    "LSTM": {"loss": 3.3268, "BLEU": 0.01695, "ROUGE": 0.19144},
    "GRU": {"loss": 3.225, "BLEU": 0.01569, "ROUGE": 0.17871},
}
"""Table 1 of "Image Captioning using LSTM and GRU"."""
HOW = (
    "loss: mean cross-entropy of a word in nats, over the last epoch's training captions, with dropout. "
    "What follows is of what the weights of the epoch that was best on dev say.",
    "BLEU: BLEU-4 of the whole test split, n-gram counts pooled, no smoothing, closest reference length (what NLTK's "
    "corpus_bleu gives); in brackets the mean of the photos' own BLEU-4 (NLTK's sentence_bleu), 0 where no four words "
    "in a row match.",
    "ROUGE: ROUGE-L, F-measure with beta 1.2, best precision and recall over a photo's references, mean of photos.",
    "All three over captions and references as the paper prepares them: small letters, no punctuation, stop words and "
    "words under 10 training occurrences removed. The paper does not say which variants of BLEU and ROUGE its are, nor "
    "how many references it takes; here all five are taken.",
)


@dataclass(frozen=True)
class Trained:
    """One trained system.

    Attributes:
        cell: LSTM or GRU.
        seed: of its training.
        paper: loss, BLEU, BLEU of sentences and ROUGE, computed as `HOW` says.
        standard: what `seesay evaluate` gives, against the references as they are.
        signature: how the standard scores were computed.
        caption: of the photo that both caption.
    """

    cell: str
    seed: int
    paper: dict[str, float]
    standard: dict[str, float]
    signature: str
    caption: str


@dataclass(frozen=True)
class Reproduction:
    """Both systems, for each seed, and the photo that both caption."""

    trained: tuple[Trained, ...]
    photo: str

    def rows(self) -> list[dict[str, str]]:
        """The paper's table beside ours: a row for each figure, mean ± spread where there are several seeds."""
        rows = []
        for name in ("loss", "BLEU", "ROUGE"):
            row = {"": name}
            for cell, published in PAPER.items():
                ours = [t.paper for t in self.trained if t.cell == cell]
                text = _spread([figures[name] for figures in ours], 5)
                if name == "BLEU":
                    text += f" ({_spread([figures['BLEU of sentences'] for figures in ours], 5)})"
                row |= {f"{cell}, paper": f"{published[name]:g}", f"{cell}, here": text}
            rows.append(row)
        return rows

    def standard_rows(self) -> list[dict[str, str]]:
        """Our usual scores of each system."""
        return [
            {"": cell, **{name: _spread([t.standard[name] for t in of_cell], 4) for name in of_cell[0].standard}}
            for cell in PAPER
            if (of_cell := [t for t in self.trained if t.cell == cell])
        ]


def lstm_vs_gru(
    data: str,
    out: Path,
    settings: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    on_progress: ProgressCallback = silent,
    on_evaluation: Callable[[Evaluation, Path], object] = lambda found, folder: None,
) -> Reproduction:
    """Train the paper's LSTM and GRU, caption the test split with both, and score them.

    Runs are in `out` as lstm-1, gru-1, lstm-2, …: a finished one is not trained again, a killed one goes on.
    `lstm-vs-gru.json` there holds all that was found.

    Args:
        data: `FORMAT:PATH`, with train, dev and test.
        out: a folder.
        settings: `section.key=value`, for both.
        seeds: a run of each system for each.
        on_progress: called with photos captioned and photos in all.
        on_evaluation: given the evaluation of each system on the test split, and the folder of its predictions.

    Raises:
        UsageError: `out` cannot be written, or no seeds.
        TrainingError: a run there has other settings.
    """
    from seesay.export import export_artifact
    from seesay.training import load_config, train
    from seesay.training.loop import BEST

    if not seeds:
        raise UsageError("reproduce: give one seed or more")
    test = read_dataset(data, default_splits=True).split("test")
    found = []
    for seed in seeds:
        for cell, recipe in RECIPES.items():
            run, chosen = out / f"{cell.lower()}-{seed}", [*settings, f"training.seed={seed}"]
            config = load_config(recipe, chosen)
            train(recipe, chosen, data, run, resume=True)
            scores = run / "test" / "scores.json"
            if not scores.is_file() or scores.stat().st_mtime < (run / BEST).stat().st_mtime:
                export_artifact(run, run / "model", quantize="none")
                saved = run / "test" / "predictions.json"
                evaluation = evaluate(run / "model", data, "test", predictions=saved, on_progress=on_progress)
                write_json(scores, evaluation.to_json(), indent=1)
                on_evaluation(evaluation, run / "test")
            predictions = json.loads((run / "test" / "predictions.json").read_text("utf-8"))
            captions = {entry["image_id"]: entry["caption"] for entry in predictions}
            known = set(read_artifact(run).manifest.vocabulary["tokens"]) if config.text.drop_rare else None
            figures = paper_scores(captions, test, config.text.remove_stop_words, known)
            standard = json.loads(scores.read_text("utf-8"))
            names = [n for n in ("Bleu_1", "Bleu_4", "METEOR", "ROUGE_L", "CIDEr-D") if n in standard]
            found.append(
                Trained(
                    cell,
                    seed,
                    {"loss": _last_loss(run / "metrics.csv"), **figures},
                    {name: standard[name] for name in names},
                    standard["signature"],
                    captions[_photo(test, captions)],
                )
            )
    result = Reproduction(tuple(found), _photo(test, captions))
    write_json(out / "lstm-vs-gru.json", {"paper": PAPER, "how": HOW, **asdict(result)})
    return result


def paper_scores(
    captions: Mapping[str, str], samples: Sequence[Sample], remove_stop_words: bool, known: set[str] | None
) -> dict[str, float]:
    """BLEU, BLEU of sentences and ROUGE as `HOW` says.

    Args:
        captions: by id; samples without one are left out.
        samples: with references. One of which no word is left counts as empty.
        remove_stop_words: from captions and references.
        known: the words that references are cut down to; None for all.
    """
    from seesay.text import STOP_WORDS

    def prepare(text: str) -> list[str]:
        words = [w for w in tokenize(text) if not (remove_stop_words and w in STOP_WORDS)]
        return words if known is None else [w for w in words if w in known]

    judged = [sample for sample in samples if sample.id in captions]
    hypotheses = [prepare(captions[sample.id]) for sample in judged]
    references = [[prepare(text) for text in sample.references] for sample in judged]
    bleu, rouge = Bleu()(hypotheses, references)["Bleu_4"], RougeL()(hypotheses, references)["ROUGE_L"]
    # Our BLEU is smoothed by the COCO tools' constants, which show where some order has no match at all.
    matches = bleu.statistics[:, :ORDER]
    return {
        "BLEU": bleu.corpus if matches.sum(0).all() else 0.0,
        "BLEU of sentences": float((bleu.items * matches.all(1)).mean()),
        "ROUGE": rouge.corpus,
    }


def _photo(samples: Sequence[Sample], captions: Mapping[str, str]) -> str:
    return next(sample.id for sample in samples if sample.id in captions)


def _last_loss(file: Path) -> float:
    with file.open(newline="", encoding="utf-8") as handle:
        return float(list(csv.DictReader(handle))[-1]["loss"])


def _spread(values: Sequence[float], digits: int) -> str:
    text = f"{mean(values):.{digits}f}"
    return f"{text} ± {stdev(values):.{digits}f}" if len(values) > 1 else text
