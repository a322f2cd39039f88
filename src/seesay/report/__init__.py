"""Tables, plots and pages of what `evaluation`, `experiments` and `explain` found. Nothing is computed here."""

from __future__ import annotations

from seesay.report.writing import write

__all__ = ["write"]
