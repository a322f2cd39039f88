"""Results written to a folder as the commands do it."""

from __future__ import annotations

from seesay.evaluation import captions, recognition
from seesay.evaluation import compare as comparing
from seesay.report import write


def evaluate(model, data, split, out, **search):
    found = captions.evaluate(model, data, split, predictions=out / "predictions.json", **search)
    write(found, out)
    return found


def evaluate_recognition(model, data, split, out):
    found = recognition.evaluate_recognition(model, data, split, predictions=out / "predictions.json")
    write(found, out)
    return found


def compare(models, out, data=None, split="dev", **more):
    found = comparing.compare(models, data, split, predictions=out / "predictions", **more)
    write(found, out)
    return found
