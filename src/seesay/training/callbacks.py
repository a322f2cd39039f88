"""What watches a run: each callback is told of every step and epoch, and changes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seesay.files import write_csv
from seesay.metrics.figures import scale_of, shown
from seesay.progress import ProgressCallback
from seesay.training.progress import Progress

log = logging.getLogger("seesay.training")
steps_log = logging.getLogger("seesay.training.steps")
"""Of lines within an epoch, which a progress bar makes needless."""
COLLAPSE = 0.05
WIDTH = 7
"""Least width of a column of the table of epochs, which fits in 80 characters."""
SHORT = {"Bleu_4": "BLEU-4", "ROUGE_L": "ROUGE-L", "per class": "classes"}
"""Headings of scores on dev."""


class Callback:
    """Told by the first process only. Derive from it and define what is of interest."""

    def on_step(self, progress: Progress, steps: int) -> None:
        """After a step; `steps` is how many the epoch has."""

    def on_epoch(self, progress: Progress) -> None:
        """After an epoch; its figures are `progress.history[-1]`."""

    def on_end(self, progress: Progress) -> None:
        """After the last epoch."""

    def on_progress(self, done: int, total: int, what: str | None = None) -> None:
        """While pictures are encoded, checked or captioned between the steps; see `ProgressCallback`."""


def progress_of(callbacks: Sequence[Callback], work: str) -> ProgressCallback:
    """The progress of some work, for all callbacks."""

    def on_progress(done: int, total: int, what: str | None = None) -> None:
        for callback in callbacks:
            callback.on_progress(done, total, what or work)

    return on_progress


class Report(Callback):
    """Lines for a person: a table that grows by a row for each epoch, one line now and then between them, and one
    warning when all captions become one.

    Args:
        epochs: how many there will be, if patience does not end them.
        every: steps from one line between the rows to the next.
    """

    def __init__(self, epochs: int, every: int = 50) -> None:
        self.epochs, self.every = epochs, every
        self._begun = time.monotonic()
        self._done = 0
        self._columns: list[str] = []
        self._warned = False

    def on_step(self, progress: Progress, steps: int) -> None:
        """One line in `every` steps."""
        if progress.step % self.every == 0:
            sums = progress.sums
            steps_log.info(
                "epoch %d/%d, step %d/%d: loss %.3f, %.0f captions/s, waiting for data %.0f %%",
                progress.epoch + 1,
                self.epochs,
                progress.step,
                steps,
                sums["loss"] / sums["count"],
                sums["captions"] / sums["seconds"],
                100 * sums["waiting"] / sums["seconds"],
            )

    def on_epoch(self, progress: Progress) -> None:
        """The epoch's figures as a row of the table, with the time that is left."""
        row = progress.history[-1]
        self._done += 1
        passed = time.monotonic() - self._begun
        left = passed / self._done * max(0, self.epochs - progress.epoch)
        cells = {"epoch": f"{int(row['epoch']) + 1}/{self.epochs}", "loss": f"{row['loss']:.3f}"}
        scores = [name.removeprefix("dev ") for name in row if name.startswith("dev ")]
        for name in sorted(scores, key="loss".__ne__):
            heading = "dev loss" if name == "loss" else SHORT.get(name, name)
            cells[heading] = f"{row['dev loss']:.3f}" if name == "loss" else shown(name, row[f"dev {name}"])
        cells |= {"passed": clock(passed), "left": clock(left)}
        if list(cells) != self._columns:
            self._columns = list(cells)
            log.info("%s", " ".join(name.rjust(WIDTH) for name in cells))
        best = " best" if progress.best_epoch == row["epoch"] else ""
        log.info("%s%s", " ".join(text.rjust(max(WIDTH, len(name))) for name, text in cells.items()), best)
        if row.get("dev distinct", 1.0) < COLLAPSE and not self._warned:
            self._warned = True
            log.warning(
                "only %.1f %% of the captions on dev differ: the model says the same of every picture. "
                "Early on that passes; if it stays, lower training.lr or check that pictures and captions match",
                100 * row["dev distinct"],
            )


def clock(seconds: float) -> str:
    """`1:05:09`, `4:07`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class CsvLog(Callback):
    """`metrics.csv`: one row for each epoch, written whole each time, so that resuming repeats nothing."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def on_epoch(self, progress: Progress) -> None:
        """Write all rows."""
        names = list(dict.fromkeys(name for row in progress.history for name in row))
        write_csv(self.file, [names, *([row.get(name, "") for name in names] for row in progress.history)])


class TensorBoardLog(Callback):
    """Event files for TensorBoard, one scalar for each figure of an epoch."""

    def __init__(self, directory: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer: Any = SummaryWriter(str(directory))

    def on_epoch(self, progress: Progress) -> None:
        """Write the last row."""
        row = progress.history[-1]
        for name, value in row.items():
            self.writer.add_scalar(name.replace(" ", "/"), value, int(row["epoch"]))
        self.writer.flush()


class Curves(Callback):
    """`curves.png`: loss, scores on dev and speed over the epochs; drawn at the end, and now and then before.

    Args:
        file: the picture.
        every: seconds from one drawing to the next at least: drawing takes longer than a short epoch.
    """

    PANELS = (
        ("loss", ("loss", "dev loss")),
        ("dev", ("dev CIDEr-D", "dev ROUGE_L", "dev Bleu_4", "dev top-1", "dev top-5", "dev per class")),
        ("speed", ("captions_per_second",)),
    )

    def __init__(self, file: Path, every: float = 20.0) -> None:
        self.file = file
        self.every = every
        self._drawn = time.monotonic()

    def on_epoch(self, progress: Progress) -> None:
        """Draw the curves anew, if it is time."""
        if time.monotonic() - self._drawn >= self.every:
            self.on_end(progress)

    def on_end(self, progress: Progress) -> None:
        """Draw the curves."""
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        self._drawn = time.monotonic()

        figure = Figure(figsize=(12, 3.5), layout="constrained")
        for axes, (title, names) in zip(figure.subplots(1, len(self.PANELS)), self.PANELS, strict=True):
            for name in names:
                rows = [r for r in progress.history if name in r]  # of another task, or logged only since later
                if not rows:
                    continue
                scale = scale_of(name.removeprefix("dev "))
                axes.plot([r["epoch"] for r in rows], [scale * r[name] for r in rows], "o-", label=name)
            axes.set(title=title, xlabel="epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.grid(alpha=0.3)
            axes.legend(frameon=False)
        figure.savefig(self.file, dpi=110)
