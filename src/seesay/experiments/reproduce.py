"""Published comparisons, run again: the systems trained, scored as the paper scores, and set beside its table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from seesay.artifact import read_artifact
from seesay.data import Sample, read_dataset
from seesay.errors import UsageError
from seesay.evaluation.captions import Evaluation, evaluate
from seesay.evaluation.recognition import RecognitionEvaluation, evaluate_recognition
from seesay.experiments.comparisons import COMPARISONS, Comparison
from seesay.experiments.significance import differences, in_words, read_scores
from seesay.files import write_json
from seesay.metrics.bleu import ORDER, Bleu
from seesay.metrics.rouge import RougeL
from seesay.metrics.scores import Scores
from seesay.metrics.significance import Difference
from seesay.progress import ProgressCallback, silent
from seesay.text import Learned

Evaluated = Evaluation | RecognitionEvaluation
STANDARD = ("Bleu_1", "Bleu_4", "METEOR", "ROUGE_L", "CIDEr-D", "top-1", "top-5", "macro F1")


@dataclass(frozen=True)
class Trained:
    """One trained system.

    Attributes:
        system: its name in the comparison.
        seed: of its training.
        figures: as the comparison's `how` says, and all the usual scores.
        standard: what `seesay evaluate` gives.
        signature: how the standard scores were computed.
        answer: of the item that all systems are asked for.
    """

    system: str
    seed: int
    figures: dict[str, float]
    standard: dict[str, float]
    signature: str
    answer: str


@dataclass(frozen=True)
class Reproduction:
    """All systems, for each seed.

    Attributes:
        comparison: what is reproduced.
        trained: each run.
        item: the test photo or clip whose answers are shown.
        differences: of each system against the first, by the usual scores, seeds pooled.
    """

    comparison: Comparison
    trained: tuple[Trained, ...]
    item: str
    differences: Mapping[str, Mapping[str, Difference]]

    def to_json(self) -> dict[str, Any]:
        """All that was found."""
        gaps = {system: {n: asdict(d) for n, d in found.items()} for system, found in self.differences.items()}
        header = {"title": self.comparison.title, "paper": self.comparison.paper, "how": self.comparison.how}
        return {**header, "trained": [asdict(t) for t in self.trained], "item": self.item, "differences": gaps}

    def rows(self) -> list[dict[str, str]]:
        """The paper's table beside ours: a row for each figure, mean ± spread where there are several seeds."""
        rows = []
        for name in self.comparison.figures:
            row = {"": name}
            for system, published in self.comparison.paper.items():
                ours = [t.figures for t in self.trained if t.system == system]
                text = _spread([figures[name] for figures in ours], 5) if name in ours[0] else ""
                if name == "BLEU":
                    text += f" ({_spread([figures['BLEU of sentences'] for figures in ours], 5)})"
                paper = f"{published[name]:g}" if name in published else ""
                row |= {f"{system}, paper": paper, f"{system}, here": text}
            rows.append(row)
        return rows

    def standard_rows(self) -> list[dict[str, str]]:
        """Our usual scores of each system, and how it differs from the first."""
        rows = []
        for system in self.comparison.recipes:
            runs = [t for t in self.trained if t.system == system]
            row = {"": system, **{n: _spread([t.standard[n] for t in runs], 4) for n in runs[0].standard}}
            found = self.differences.get(system, {}).get(self.comparison.score)
            first = next(iter(self.comparison.recipes))
            row[f"{self.comparison.score} against {first}, in points"] = in_words(found) if found else ""
            rows.append(row)
        return rows


def reproduce(
    name: str,
    data: str,
    out: Path,
    settings: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    on_progress: ProgressCallback = silent,
    on_evaluation: Callable[[Evaluated, Path], object] = lambda found, folder: None,
) -> Reproduction:
    """Train a comparison's systems, let each answer for the test split, and score them.

    Runs are in `out` as SYSTEM-SEED: a finished one is not trained again, a killed one goes on. `NAME.json` there holds
    all that was found.

    Args:
        name: one of `COMPARISONS`.
        data: `FORMAT:PATH`, with train, dev and test.
        out: a folder.
        settings: `section.key=value`, for all systems.
        seeds: a run of each system for each.
        on_progress: called with items done and items in all.
        on_evaluation: given the evaluation of each system on the test split, and the folder of its predictions.

    Raises:
        UsageError: `out` cannot be written, or no seeds.
        TrainingError: a run there has other settings.
    """
    from seesay.training import load_config, train

    if not seeds:
        raise UsageError("reproduce: give one seed or more")
    comparison = COMPARISONS[name]
    test = read_dataset(data, default_splits=True).split("test")
    trained: list[Trained] = []
    scored: dict[str, list[Scores]] = {}
    for seed in seeds:
        for system, recipe in comparison.recipes.items():
            run = out / f"{system.lower().replace(' ', '-')}-{seed}"
            chosen = [*settings, f"training.seed={seed}"]
            config = load_config(recipe, chosen)
            train(recipe, chosen, data, run, resume=True)
            standard, signature = _evaluate(run, data, config.classifier is not None, on_progress, on_evaluation)
            classes = read_artifact(run).manifest.labels
            scores = read_scores(run / "test" / "predictions.json", test, classes)
            scored.setdefault(system, []).append(scores)
            figures = {"loss": _loss(run), **standard}
            if not classes:
                figures |= _caption_figures(run, test, config.text.learned)
            trained.append(Trained(system, seed, figures, standard, signature, _answer(run, test)))
    result = Reproduction(
        comparison, tuple(trained), _item(run, test), differences(scored, next(iter(comparison.recipes)))
    )
    write_json(out / f"{name}.json", result.to_json())
    return result


def _evaluate(
    run: Path,
    data: str,
    recognizes: bool,
    on_progress: ProgressCallback,
    on_evaluation: Callable[[Evaluated, Path], object],
) -> tuple[dict[str, float], str]:
    """Export and evaluate a finished run on test, once; its usual scores and their signature."""
    from seesay.exporting import export_artifact
    from seesay.training.loop import BEST

    folder = run / "test"
    file = folder / "scores.json"
    if not file.is_file() or file.stat().st_mtime < (run / BEST).stat().st_mtime:
        export_artifact(run, run / "model", quantize="none")
        evaluator = evaluate_recognition if recognizes else evaluate
        saved = folder / "predictions.json"
        evaluation: Evaluated = evaluator(run / "model", data, "test", predictions=saved, on_progress=on_progress)
        write_json(file, evaluation.to_json(), indent=1)
        on_evaluation(evaluation, folder)
    found = json.loads(file.read_text("utf-8"))
    return {name: float(found[name]) for name in STANDARD if name in found}, str(found["signature"])


def _caption_figures(run: Path, test: Sequence[Sample], learned: Learned) -> dict[str, float]:
    known = set(read_artifact(run).manifest.vocabulary["tokens"]) if learned.drop_rare else None
    return paper_scores(_captions(run), test, learned, known)


def paper_scores(
    captions: Mapping[str, str], samples: Sequence[Sample], learned: Learned, known: set[str] | None
) -> dict[str, float]:
    """BLEU, BLEU of sentences, BLEU-1 of sentences and ROUGE as `COMPARISONS` say.

    Args:
        captions: by id; samples without one are left out.
        samples: with references. One of which no word is left counts as empty.
        learned: how captions and references become words.
        known: the words that references are cut down to; None for all.
    """

    def prepare(text: str) -> list[str]:
        words = learned.words(text)
        return words if known is None else [w for w in words if w in known]

    evaluated = [sample for sample in samples if sample.id in captions]
    hypotheses = [prepare(captions[sample.id]) for sample in evaluated]
    references = [[prepare(text) for text in sample.references] for sample in evaluated]
    bleu, rouge = Bleu()(hypotheses, references), RougeL()(hypotheses, references)["ROUGE_L"]
    # Our BLEU is smoothed by the COCO tools' constants, which show where some order has no match at all.
    matches = bleu["Bleu_4"].statistics[:, :ORDER]
    return {
        "BLEU": bleu["Bleu_4"].corpus if matches.sum(0).all() else 0.0,
        "BLEU of sentences": float((bleu["Bleu_4"].items * matches.all(1)).mean()),
        "BLEU-1 of sentences": float((bleu["Bleu_1"].items * (matches[:, 0] > 0)).mean()),
        "ROUGE": rouge.corpus,
    }


def _captions(run: Path) -> dict[str, str]:
    entries = json.loads((run / "test" / "predictions.json").read_text("utf-8"))
    return {str(entry.get("image_id", entry.get("id"))): str(entry["caption"]) for entry in entries}


def _item(run: Path, test: Sequence[Sample]) -> str:
    entries = json.loads((run / "test" / "predictions.json").read_text("utf-8"))
    known = {str(entry.get("image_id", entry.get("id"))) for entry in entries}
    return next(sample.id for sample in test if sample.id in known)


def _answer(run: Path, test: Sequence[Sample]) -> str:
    """What a run says of the first test item."""
    wanted = _item(run, test)
    for entry in json.loads((run / "test" / "predictions.json").read_text("utf-8")):
        if str(entry.get("image_id", entry.get("id"))) == wanted:
            return str(entry["caption"] if "caption" in entry else entry["predictions"][0]["label"])
    raise AssertionError(wanted)


def _loss(run: Path) -> float:
    """The training loss of the epoch whose weights the run keeps."""
    from seesay.training.checkpoints import read_checkpoint
    from seesay.training.loop import BEST

    epoch = int(read_checkpoint(run / BEST)[1]["epoch"])
    with (run / "metrics.csv").open(newline="", encoding="utf-8") as handle:
        return next(float(row["loss"]) for row in csv.DictReader(handle) if int(float(row["epoch"])) == epoch)


def _spread(values: Sequence[float], digits: int) -> str:
    text = f"{mean(values):.{digits}f}"
    return f"{text} ± {stdev(values):.{digits}f}" if len(values) > 1 else text
