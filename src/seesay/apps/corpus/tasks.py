"""What a corpus job computes of each item: captions, classes or vectors, by one exported model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seesay.artifact import find_artifact
from seesay.artifact.manifest import MANIFEST
from seesay.errors import UsageError
from seesay.media import Preprocessor
from seesay.media.modality import Modality
from seesay.registry import Registry
from seesay.runtime import Captioner
from seesay.runtime.limits import set_max_pixels
from seesay.runtime.loading import ACTIVITIES, load_captioner, load_recognizer
from seesay.runtime.networks import OnnxNetworks

Row = dict[str, Any]


class CorpusTask(Protocol):
    """One model at work; made anew in each worker.

    Attributes:
        name: of the model.
        reads: what an item is.
        batch: items taken through the networks together.
        preprocessing: makes an array of an item, of one shape and type for all.
        empty: what a row holds in place of an answer.
    """

    name: str
    reads: Modality
    batch: int
    preprocessing: Preprocessor
    empty: Row

    def answer(self, arrays: NDArray[Any]) -> list[Row]:
        """Of each array (B, …) what is said of it. The answer to one does not depend on what the others hold."""

    def columns(self) -> list[Any]:
        """Arrow fields of what `answer` gives, for Parquet."""


TASKS: Registry[Any] = Registry("corpus task", "seesay.corpus_tasks")
"""Name → class of a `CorpusTask`, made of the models' names, options, and threads of the networks."""


@TASKS.register("caption")
class Captions:
    """Captions, best first, with score and confidence; with tokens where the option `tokens` asks for them."""

    def __init__(self, models: Sequence[str], options: Mapping[str, Any], threads: int) -> None:
        self._model = _captioner(models, options, threads)
        self.name, self.batch = self._model.name, self._model.batch_size
        self.reads: Modality = "clip" if self._model.clip else "picture"
        self.preprocessing = self._model.preprocessing
        self._options = self._model.options(**options.get("search", {}))
        self._tokens = bool(options.get("tokens"))
        self.empty: Row = {"captions": []}

    def answer(self, arrays: NDArray[Any]) -> list[Row]:
        """See `CorpusTask`."""
        rows = []
        for captions in self._model.caption_pixels(arrays, self._options):
            found = [one.to_json() for one in captions]
            if not self._tokens:
                for one in found:
                    del one["tokens"]
            rows.append({"captions": found})
        return rows

    def columns(self) -> list[Any]:
        """See `CorpusTask`."""
        import pyarrow as arrow

        fields = [("text", arrow.string()), ("score", arrow.float64())]
        if self._tokens:
            token = arrow.struct([("token", arrow.string()), ("logprob", arrow.float64())])
            fields.append(("tokens", arrow.list_(token)))
        fields += [("confidence", arrow.float64()), ("sure", arrow.bool_()), ("satisfied", arrow.bool_())]
        return [arrow.field("captions", arrow.list_(arrow.struct(fields)))]


@TASKS.register("recognize")
class Classes:
    """The likeliest classes and their probabilities."""

    def __init__(self, models: Sequence[str], options: Mapping[str, Any], threads: int) -> None:
        self._model = load_recognizer(list(models) or None, threads=threads)
        if options.get("max_pixels"):
            set_max_pixels(self._model, options["max_pixels"])
        self.name, self.batch, self.reads = self._model.name, 4, self._model.modality
        self.preprocessing = self._model.preprocessing
        self._top = int(options.get("top", 5))
        if self._top < 1:
            raise UsageError(f"--top {self._top}: it must be 1 or more")
        self.empty: Row = {"predictions": []}

    def answer(self, arrays: NDArray[Any]) -> list[Row]:
        """See `CorpusTask`."""
        found = self._model.probabilities(arrays)
        return [{"predictions": [p.to_json() for p in self._model.best(one, self._top)]} for one in found]

    def columns(self) -> list[Any]:
        """See `CorpusTask`."""
        import pyarrow as arrow

        prediction = arrow.struct([("label", arrow.string()), ("probability", arrow.float64())])
        return [arrow.field("predictions", arrow.list_(prediction))]


@TASKS.register("features")
class Vectors:
    """The encoder's vector of each photo or clip, (D,) float32."""

    def __init__(self, models: Sequence[str], options: Mapping[str, Any], threads: int) -> None:
        if len(models) > 1:
            raise UsageError("corpus features takes one model, not several")
        self._model = _captioner(models, options, threads)
        assert isinstance(self._model.networks, OnnxNetworks)
        self._networks = self._model.networks
        self.name, self.batch = self._model.name, self._model.batch_size
        self.reads: Modality = "clip" if self._model.clip else "picture"
        self.preprocessing = self._model.preprocessing
        self.empty: Row = {"vector": None}

    def answer(self, arrays: NDArray[Any]) -> list[Row]:
        """See `CorpusTask`."""
        pooled = np.asarray(self._networks.encode(arrays)[1], np.float32)
        return [{"vector": one.tolist()} for one in pooled]

    def columns(self) -> list[Any]:
        """See `CorpusTask`."""
        import pyarrow as arrow

        return [arrow.field("vector", arrow.list_(arrow.float32()))]


def _captioner(models: Sequence[str], options: Mapping[str, Any], threads: int) -> Captioner:
    captioner = load_captioner(list(models) or None, threads=threads)
    if options.get("max_pixels"):
        set_max_pixels(captioner, options["max_pixels"])
    return captioner


def model_sha256(task: str, models: Sequence[str]) -> str:
    """What tells a job's models from others: the SHA-256 of their manifests, which list those of all their files.

    Raises:
        UsageError: no model has this name.
        ArtifactError: an artifact is damaged.
    """
    digest = hashlib.sha256()
    names: Sequence[str | None] = models or [ACTIVITIES if task == "recognize" else None]
    for name in names:
        artifact = find_artifact(name)
        digest.update(hashlib.sha256((artifact.root / MANIFEST).read_bytes()).digest())
    return digest.hexdigest()
