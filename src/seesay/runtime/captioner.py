"""Photos or clips in, sentences out."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from seesay.artifact import NEIGHBORS, TEXTS, Artifact
from seesay.errors import MediaError, UsageError
from seesay.media import (
    ClipPreprocessing,
    FrameSampling,
    Preprocessing,
    Preprocessor,
    Section,
    WebPicture,
    decode_ahead,
    modality_of,
    printable,
)
from seesay.runtime.caption import Caption, caption_of
from seesay.runtime.choosing import Chooser, with_confidence
from seesay.runtime.model import LoadedModel, size_and_score
from seesay.runtime.neighbors import Neighbors
from seesay.runtime.networks import Networks
from seesay.runtime.settings import search_options
from seesay.search import Hypothesis, SearchOptions, decode
from seesay.search_options import SearchSettings
from seesay.text import SPECIALS, Vocabulary

if TYPE_CHECKING:
    from typing_extensions import Unpack

log = logging.getLogger("seesay.runtime")
BATCH, CLIPS = 32, 8
GUIDE = "guide"
"""The state's entry of what is added to logits."""


class Captioner(LoadedModel):
    """A model ready to caption pictures, or clips; make one with `seesay.load`.

    A source is a path, the bytes of a file, an open binary file, a PIL image or a uint8 array (H, W, 3). A model of
    clips takes videos, animated pictures and folders of frames (see `seesay.media.load_clip`), a `Section` of one, and
    uint8 arrays (F, H, W, 3); a picture is a clip of one frame to it. The captions of a source do not depend on the
    sources beside it.

    Attributes:
        artifact: what it was loaded from.
        clip: which frames of a clip it reads; None for a model of pictures.
        batch_size: pictures, or clips, taken through the networks together unless asked otherwise.
        preprocessing: how a picture, or a clip, becomes the encoder's pixels.
        vocabulary: the words it knows.
        grid_size: rows and columns of `Caption.attention`; of a clip 1 and its frames.
        attends: whether captions have an attention.
        members: the captioners of an ensemble; else itself alone.
    """

    def __init__(self, artifact: Artifact, networks: Networks) -> None:
        self.artifact = artifact
        self.networks = networks
        each, clip = Preprocessing.from_json(artifact.manifest.preprocessing), artifact.manifest.clip
        self.clip = None if clip is None else FrameSampling.from_json(clip)
        self.batch_size = BATCH if self.clip is None else CLIPS
        self.preprocessing: Preprocessor = each if self.clip is None else ClipPreprocessing(each, self.clip)
        self.vocabulary = Vocabulary.from_json(dict(artifact.manifest.vocabulary))
        self.grid_size = artifact.manifest.grid_size
        self.attends = "attention" in artifact.manifest.carried
        self.members: tuple[Captioner, ...] = (self,)

    @cached_property
    def neighbors(self) -> Neighbors | None:
        """What people said of its training pictures, where it keeps that.

        Raises:
            ArtifactError: the file is damaged.
        """
        return Neighbors.load(self.artifact.file(NEIGHBORS)) if NEIGHBORS in self.artifact.files else None

    @cached_property
    def chooser(self) -> Chooser:
        """What chooses among the sentences found, and says how sure it is.

        Raises:
            ArtifactError: a file, or the manifest's selection, is damaged.
        """
        texts = Neighbors.load(self.artifact.file(TEXTS)) if TEXTS in self.artifact.files else None
        return Chooser(self.artifact, self.vocabulary, self.neighbors, texts)

    @property
    def confident(self) -> bool:
        """Whether it says how sure it is of its captions."""
        return len(self.members) == 1 and bool(self.artifact.manifest.selection.get("confidence"))

    @property
    def detects(self) -> bool:
        """Whether it says which words are detected in a picture."""
        return len(self.members) == 1 and bool(self.artifact.manifest.model.get("detector"))

    @property
    def name(self) -> str:
        """The model's name."""
        return self.artifact.name

    def about(self) -> list[str]:
        """See `LoadedModel.about`."""
        known = len(self.vocabulary) - len(SPECIALS)
        reads = "photos" if self.clip is None else "clips"
        return [f"{self.name}: describes {reads}", f"{known:,} words", *size_and_score(self.artifact, "CIDEr-D")]

    def __call__(self, source: Any, **search: Unpack[SearchSettings]) -> Caption:
        """The best caption of one picture or clip, or, where they are sampled, the first drawn; see `caption`."""
        return self.caption([source], **search)[0][0]

    @overload
    def caption(
        self,
        sources: Sequence[Any],
        *,
        batch_size: int | None = None,
        on_error: Literal["raise"] = "raise",
        **search: Unpack[SearchSettings],
    ) -> list[list[Caption]]: ...
    @overload
    def caption(
        self,
        sources: Sequence[Any],
        *,
        batch_size: int | None = None,
        on_error: Literal["return"],
        **search: Unpack[SearchSettings],
    ) -> list[list[Caption] | MediaError]: ...
    def caption(
        self,
        sources: Sequence[Any],
        *,
        batch_size: int | None = None,
        on_error: Literal["raise", "return"] = "raise",
        **search: Unpack[SearchSettings],
    ) -> Any:
        """Captions of each picture: the best, best first, or, where they are sampled, in the order drawn.

        Args:
            sources: pictures or clips.
            batch_size: how many are taken through the networks together; None for 32 pictures or 8 clips.
            on_error: what becomes of a source that cannot be read: "raise" its `MediaError`, or "return" it in the
                place of its captions.
            search: `beam`, `num`, `max_length` and so on: see `SearchSettings`.

        Returns:
            One list of `num` captions for each source. Sampled ones may repeat. Those that do not hold what they `must`
            have `satisfied` False.

        Raises:
            MediaError: a source cannot be read, or is a clip for a model of pictures; the message names it.
            UsageError: a number out of range, settings that do not go together, a required word that the model does
                not know, or a single path where a list belongs.
        """
        if isinstance(sources, (str, bytes, os.PathLike)):
            raise UsageError("caption() takes a list of pictures; for one: captioner(picture)")
        if on_error not in ("raise", "return"):
            raise UsageError(f"on_error is {on_error!r}; it must be 'raise' or 'return'")
        found: list[Any] = []
        for index, result in self.stream(sources, batch_size=batch_size, **search):
            if not isinstance(result, MediaError):
                source = sources[index]
                path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
                found.append([replace(one, source=path) for one in result])
            elif on_error == "raise":
                raise result
            else:
                found.append(result)
        return found

    def stream(
        self,
        sources: Iterable[Any],
        *,
        batch_size: int | None = None,
        workers: int | None = None,
        **search: Unpack[SearchSettings],
    ) -> Iterator[tuple[int, list[Caption] | MediaError]]:
        """Caption any number of pictures, in order, as they are done; the next ones are decoded meanwhile.

        Args:
            sources: pictures or clips, read as they are needed.
            batch_size: how many are taken through the networks together; None for 32 pictures or 8 clips.
            workers: threads that decode; None for `decode_ahead`'s own number.
            search: see `SearchSettings`.

        Yields:
            The source's index, and its captions or the `MediaError` that says why there are none.
        """
        options = self.options(**search)
        batch_size = self.batch_size if batch_size is None else batch_size
        if batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}; it must be 1 or more")
        threads = {} if workers is None else {"workers": workers}
        preparing = self.preprocessing if self.clip else _PicturesOnly(self.preprocessing, self.name)
        batches = decode_ahead(sources, preparing, batch_size, on_error="yield", **threads)
        return self._stream(batches, options)

    def options(self, **search: Unpack[SearchSettings]) -> SearchOptions:
        """Search options: the model's own, with what the caller asks for in their place.

        Raises:
            UsageError: see `caption`; or more words than this model has positions for, or consensus with neighbors
                that it does not keep.
        """
        defaults = dict(self.artifact.manifest.search)
        if search.get("consensus") and self.neighbors is None:
            raise UsageError(
                f"consensus is agreement with the captions of training pictures, and {self.name} keeps none; "
                "leave it out, or make the model anew: seesay export MODEL --out DIR --neighbors FORMAT:PATH"
            )
        if defaults.get("consensus") and self.neighbors is None:
            del defaults["consensus"]
        options = search_options(self.vocabulary, defaults, search)
        for member in self.members:
            positions = dict(member.artifact.manifest.model.get("decoder", {})).get("max_length")
            if positions is not None and options.max_length >= positions:
                raise UsageError(
                    f"max_length is {options.max_length}; {member.name} reads at most {positions - 1} words"
                )
        return options

    def caption_pixels(self, pixels: NDArray[np.uint8], options: SearchOptions) -> list[list[Caption]]:
        """Caption preprocessed pixels, a row for each source as `preprocessing.load` gives it, in one batch."""
        chooses = self.detects or self.confident
        state, pooled, hypotheses = self.find(pixels, options, features=chooses or bool(options.consensus))
        if chooses:
            return self._chosen(state, pooled, hypotheses, pixels, options)
        if options.consensus:
            assert self.neighbors is not None  # `options` sees to it
            hypotheses = [h[: options.num] for h in self.neighbors.rerank(pooled, hypotheses, options.consensus)]
        return [[caption_of(h, self.vocabulary, self.grid_size) for h in best] for best in hypotheses]

    def find(
        self, pixels: NDArray[np.uint8], options: SearchOptions, *, features: bool = True
    ) -> tuple[Mapping[str, Any], NDArray[np.floating], list[list[Hypothesis]]]:
        """What search finds: all of the beam, where it is to be chosen among; the state it began from, and vectors.

        Where words are detected, what is detected for sure is said a little more, and what is not a little less.
        """
        if features:
            state, pooled = self.networks.start_with_features(pixels)
        else:
            state, pooled = self.networks.start(pixels), np.zeros((0, 0), np.float32)
        step, constant = self.networks.step, self.networks.constant
        if features and self.detects and self.chooser.guides and "words" in state:
            added = self.chooser.guidance(state["words"])
            state, step, constant = {**state, GUIDE: added}, _guided(step), constant | {GUIDE}
        hypotheses = decode(
            step,
            state,
            batch=len(pixels),
            start=self.vocabulary.start,
            end=self.vocabulary.end,
            options=replace(options, num=options.beam) if options.consensus else options,
            constant=constant,
            own=[crc32(picture) for picture in pixels] if options.sample else None,
        )
        return state, pooled, hypotheses

    def _chosen(
        self,
        state: Mapping[str, Any],
        pooled: NDArray[np.floating],
        found: Sequence[Sequence[Hypothesis]],
        pixels: NDArray[np.uint8],
        options: SearchOptions,
    ) -> list[list[Caption]]:
        """The best of what was found of each picture, with how sure they are."""
        detected = state.get("words")
        found_words = [
            self.chooser.detected_words(None if detected is None else detected[i], one) for i, one in enumerate(pixels)
        ]
        ranked = self.chooser.choose(state, pooled, found, pixels, options)
        result = []
        for (best, confidence), words in zip(ranked, found_words, strict=True):
            captions = [caption_of(h, self.vocabulary, self.grid_size) for h in best]
            if self.chooser.confident:
                sure = self.chooser.selection.sure
                captions = [with_confidence(c, p, sure, words) for c, p in zip(captions, confidence, strict=True)]
            result.append([replace(c, words=words) for c in captions])
        return result

    def _stream(
        self, batches: Iterable[Any], options: SearchOptions
    ) -> Iterator[tuple[int, list[Caption] | MediaError]]:
        for indices, pixels, faults in batches:
            results: list[tuple[int, list[Caption] | MediaError]] = list(faults)
            if len(indices):
                begun = time.perf_counter()
                results += zip(indices, self.caption_pixels(pixels, options), strict=True)
                log.info("%s: %d captioned in %.2f s", self.name, len(indices), time.perf_counter() - begun)
            yield from sorted(results, key=lambda item: item[0])


def _guided(step: Callable[[Any, Mapping[str, Any]], tuple[Any, Any]]) -> Any:
    """The step with what guides it added to its logits; the state has a row of that for each picture."""

    def guided(tokens: Any, state: Mapping[str, Any]) -> tuple[Any, Any]:
        logits, after = step(tokens, state)
        added = state[GUIDE]
        return (logits.reshape(len(added), -1, logits.shape[1]) + added[:, None]).reshape(logits.shape), after

    return guided


class _PicturesOnly:
    """A model's preprocessing that says of a clip that it is one."""

    def __init__(self, each: Preprocessor, model: str) -> None:
        self.each, self.model = each, model

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Preprocessor.shape`."""
        return self.each.shape

    def load(self, source: Any) -> NDArray[np.uint8]:
        """See `Preprocessor.load`."""
        clip = isinstance(source, Section) or (isinstance(source, np.ndarray) and source.ndim == 4)
        try:
            if not clip:
                return self.each.load(source)
        except MediaError:
            if not isinstance(source, (str, os.PathLike, WebPicture)) or modality_of(source) != "clip":  # type: ignore[arg-type]
                raise
        name = source.source if isinstance(source, Section) else "an array" if clip else source
        raise MediaError(f"{printable(name)}: is a clip, and {self.model} describes photos; load a model of clips")
