"""What `import seesay` offers besides `load`: the verbs of the command as functions, with the same words and defaults.

Each returns its result and writes only where it is told to. What needs PyTorch imports it when it is called.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from seesay.artifact import Artifact, find_artifact, list_artifacts
from seesay.data import Dataset
from seesay.data import read_dataset as _read_dataset
from seesay.engines import open_networks
from seesay.errors import UsageError
from seesay.extras import training_parts
from seesay.metrics import score as score
from seesay.recipes import list_recipes as list_recipes
from seesay.runtime.describe import Described, Describers
from seesay.runtime.describe import describe as _describe
from seesay.runtime.loading import load as _load

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from seesay.evaluation.captions import Evaluation
    from seesay.evaluation.comparison import Comparison
    from seesay.evaluation.recognition import RecognitionEvaluation
    from seesay.runtime import Captioner, SearchSettings

Name = str | os.PathLike[str]


@overload
def load(model: None = None, *, threads: int | None = None) -> Captioner: ...
@overload
def load(model: Name | Sequence[Name], *, threads: int | None = None) -> Any: ...
def load(model: Name | Sequence[Name] | None = None, *, threads: int | None = None) -> Any:
    """A `Captioner` or a `Recognizer`, as the model is one or the other; or several as one.

    Args:
        model: None for the embedded captioner, the name of an embedded model, an artifact's folder or .zip, or a run's
            folder, which runs on PyTorch until it is exported. A list of these makes an ensemble: captioners'
            probabilities are averaged at every word, recognizers' for every clip. Each may have its own encoder, but
            they must share one vocabulary, or know the same classes.
        threads: CPU threads for ONNX Runtime; None takes all cores.

    Raises:
        UsageError: no model has this name; the message lists those there are. Or the models of a list have different
            vocabularies or classes, or some say sentences and some do not.
        ArtifactError: the artifact is missing, damaged, of a newer format, or neither exported nor PyTorch installed.
    """
    return _load(model, threads=threads, networks=open_networks)


def describe(
    paths: Sequence[Name],
    *,
    model: Name | Sequence[Name] | None = None,
    per_scene: bool = False,
    **search: Unpack[SearchSettings],
) -> list[Described]:
    """Say what is in photos and clips: each goes to the model of its kind.

    Args:
        paths: files, folders (recursive) and globs; videos, animated pictures and folders of frames are clips.
        model: a name, folder or .zip that describes all of them, several for an ensemble; None for the embedded ones.
        per_scene: cut clips where their picture changes at once, and describe each scene.
        search: `beam`, `num`, `max_length` and so on: see `SearchSettings`.

    Returns:
        For each photo, clip or scene, in order, its `source`, `captioner`, `result` (captions, best first, or the
        `MediaError` that says why there are none) and, of a scene, `times` in seconds.

    Raises:
        UsageError: a path without photos or clips, an unknown model, or search settings that do not go together.

    Example:
        >>> seesay.describe(["samples/cat.jpg"])[0].result[0].text  # doctest: +SKIP
    """
    from seesay.media import find_media

    if isinstance(paths, (str, bytes, os.PathLike)):
        raise UsageError("describe() takes a list of paths; for one: describe([path])")
    names = [] if model is None else [str(m) for m in ([model] if isinstance(model, (str, os.PathLike)) else model)]
    by = Describers(names, search, lambda captioner: None, open_networks)
    return list(_describe(find_media(paths), by, per_scene=per_scene))


def train(
    recipe: Name = "default",
    settings: Mapping[str, Any] | Sequence[str] = (),
    *,
    data: str,
    out: Name,
    resume: bool = False,
) -> Path:
    """Train a recipe; `seesay train`.

    Args:
        recipe: a recipe's name (`list_recipes`) or a YAML file.
        settings: in place of the recipe's, `{"training.epochs": 4}` or `["training.epochs=4"]`.
        data: `FORMAT:PATH`, as `read_dataset` takes it.
        out: the run's folder.
        resume: go on from the last checkpoint in `out`.

    Returns:
        `out`, a trained artifact: give it to `export`.

    Raises:
        UsageError: an unknown recipe or setting, or `out` cannot be written.
        DataError: the data cannot be trained on.
        TrainingError: `out` holds another run, or the loss is not finite.
        MissingPartError: `seesay[train]` is not installed.
    """
    if isinstance(settings, Mapping):
        settings = [f"{key}={'null' if value is None else value}" for key, value in settings.items()]
    with training_parts():
        from seesay.training import train as run

        return run(os.fspath(recipe), list(settings), data, Path(out), resume=resume)


def evaluate(
    model: Name | Sequence[Name],
    *,
    data: str,
    split: str,
    predictions: Path | None = None,
    **search: Unpack[SearchSettings],
) -> Evaluation | RecognitionEvaluation:
    """Caption or recognize a split and score it; `seesay evaluate`. `seesay.report.write` writes the result.

    Args:
        model: an exported model's name, folder or .zip, or a list of them for an ensemble.
        data: `FORMAT:PATH`.
        split: train, dev or test.
        predictions: a file for what is predicted, written before anything is scored; None writes nothing.
        search: beam, length, sampling; of captioners.

    Raises:
        DataError: no such split, or nothing of it opens.
        UsageError: an unknown model, or search settings given for a recognizer.
    """
    from seesay.evaluation.captions import evaluate as captions
    from seesay.evaluation.recognition import evaluate_recognition
    from seesay.runtime.loading import recognizes

    first = model if isinstance(model, (str, os.PathLike)) else next(iter(model), None)
    if recognizes(find_artifact(first)):
        if given := [name for name, value in search.items() if value not in (None, False)]:
            raise UsageError(f"{given[0]} is of sentences, and {first} recognizes; leave it out")
        return evaluate_recognition(model, data, split, predictions=predictions)
    return captions(model, data, split, predictions=predictions, **search)


def compare(
    models: Sequence[Name],
    *,
    data: str | None = None,
    split: str = "dev",
    beam: int | None = None,
    speed: bool = True,
) -> Comparison:
    """Have several captioners, or several recognizers, answer on the same samples; `seesay compare`.

    Args:
        models: runs, artifacts or evaluations; the first is compared with.
        data: `FORMAT:PATH`; None compares the scores that the runs recorded.
        split: of `data`.
        beam: sentences followed at a time; None for each captioner's own.
        speed: time each model too, with `data`.

    Raises:
        DataError: predictions of other samples, or scores against other references.
    """
    from seesay.evaluation.compare import compare as run

    return run([os.fspath(model) for model in models], data, split, beam=beam, speed=speed)


def export(
    model: Name,
    out: Name,
    *,
    quantize: Literal["none", "float16", "int8"] = "none",
    force: bool = False,
) -> Artifact:
    """Make a trained model ready for use without PyTorch; `seesay export`.

    Args:
        model: a run's folder or an artifact.
        out: a new folder, or a file name that ends in .zip.
        quantize: how weights are kept.
        force: write over a .zip that is there.

    Raises:
        ArtifactError: `model` is no artifact, or its networks do not compute what PyTorch does.
        MissingPartError: `seesay[train]` is not installed.
    """
    with training_parts():
        from seesay.exporting import export_artifact

        return export_artifact(model, out, quantize=quantize, force=force)


def list_models() -> tuple[Artifact, ...]:
    """The embedded models; `seesay models`."""
    return list_artifacts()


def list_decoders() -> list[str]:
    """Names of the decoders that a recipe may take, those of other packages too.

    Raises:
        MissingPartError: `seesay[train]` is not installed.
    """
    with training_parts():
        from seesay.models.decoders import DECODERS

        return list(DECODERS)


def read_dataset(data: str) -> Dataset:
    """Read a data set: samples with media, references or label, and split; `seesay data check` finds its faults.

    Args:
        data: `FORMAT:PATH`, for example `flickr8k:FOLDER`, `csv:mine.csv,dev=0.1,test=0.1`.

    Raises:
        UsageError: no such format.
        DataError: it cannot be read.
    """
    return _read_dataset(data)
