"""One way to write any result: `seesay.report.write(result, out)`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seesay.errors import UsageError
from seesay.files import write_csv, write_json, write_whole
from seesay.metrics.registry import POINTS

if TYPE_CHECKING:
    from seesay.evaluation.captions import Evaluation
    from seesay.evaluation.comparison import Comparison
    from seesay.evaluation.recognition import RecognitionEvaluation
    from seesay.experiments.summary import SweepResult

    Result = Evaluation | RecognitionEvaluation | Comparison | SweepResult


def write(result: Result, out: str | Path) -> Path:
    """Write a result's figures, tables, plots and page into a folder.

    Args:
        result: of `evaluate`, `evaluate_recognition`, `compare`, `sweep` or `search`. An evaluation gives
            `predictions.json`, `scores.json`, `per_photo.csv` (or `per_clip.csv`, …) and `report.html`; a comparison
            `index.html`, `comparison.md`, `.json` and `.csv`, `captions.csv` (or `clips.csv`) and plots; a sweep
            `index.html`, `sweep.md`, `summary.csv`, `runs.csv` and plots.
        out: a folder, made if need be.

    Returns:
        The page.

    Raises:
        UsageError: `out` cannot be written.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write(result, folder)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: cannot be written ({error.strerror or error})") from error


def _write(result: Result, folder: Path) -> Path:
    from seesay.evaluation.captions import Evaluation
    from seesay.evaluation.comparison import Comparison
    from seesay.evaluation.recognition import RecognitionEvaluation

    if isinstance(result, Evaluation):
        return _write_captions(result, folder)
    if isinstance(result, RecognitionEvaluation):
        return _write_recognition(result, folder)
    if isinstance(result, Comparison):
        return _write_comparison(result, folder)
    from seesay.report.sweep import write_sweep

    return write_sweep(result, folder)


def _write_captions(found: Evaluation, folder: Path) -> Path:
    from seesay.report.evaluation_page import evaluation_page

    write_json(folder / "predictions.json", found.predictions, indent=0)
    write_json(folder / "scores.json", found.to_json(), indent=1)
    names = list(found.items)
    sure = ["confidence"] if found.confidence else []
    rows = (
        [i, text, *(f"{found.confidence[i]:.4f}" for _ in sure), *(f"{found.items[n][i]:.6f}" for n in names)]
        for i, text in found.captions.items()
    )
    write_csv(folder / f"per_{found.modality}.csv", [["id", "caption", *sure, *names], *rows])
    page = folder / "report.html"
    write_whole(page, evaluation_page(found))
    return page


def _write_recognition(found: RecognitionEvaluation, folder: Path) -> Path:
    from seesay.report.recognition_page import confusion_picture, recognition_page

    labels = found.scores.classes
    write_json(folder / "predictions.json", list(found.predictions), indent=0)
    write_json(folder / "scores.json", found.to_json(), indent=1)
    rows = []
    for sample, each in zip(found.samples, found.probabilities if found.probabilities is not None else (), strict=True):
        rows.append([sample.id, sample.label, labels[int(each.argmax())], *(f"{p:.6f}" for p in each)])
    write_csv(folder / f"per_{found.modality}.csv", [["id", "label", "predicted", *labels], *rows])
    page = folder / "report.html"
    write_whole(page, recognition_page(found, confusion_picture(found.scores, folder / "confusion.png")))
    return page


def _write_comparison(found: Comparison, folder: Path) -> Path:
    from seesay.report.compare_page import write_pages

    write_json(folder / "comparison.json", found.to_json(), indent=1)
    measures = [
        [m.key, "" if m.unit == POINTS else m.unit, *("" if v is None else v for v in m.values)] for m in found.measures
    ]
    write_csv(folder / "comparison.csv", [["measure", "unit", *found.names], *measures])
    if found.items:
        names, output = list(found.items[0].outputs), found.spec.output
        right = [output] if found.items[0].right else []  # captions have many
        heading = [*(f"{name}: {output}" for name in names), *(f"{name}: {found.item_metric}" for name in names)]
        rows = [
            [
                item.sample.id,
                *(item.references if right else ()),
                *(item.outputs[n] for n in names),
                *(f"{item.values[n]:.6f}" for n in names),
            ]
            for item in found.items
        ]
        write_csv(folder / found.table, [["id", *right, *heading], *rows])
    write_pages(found, folder)
    return folder / "index.html"
