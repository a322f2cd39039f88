"""Photos in, sentences out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.artefact import Artefact, find_artefact
from seesay.errors import MediaError, UsageError
from seesay.media import Preprocessing, decode_ahead
from seesay.runtime.caption import Caption, caption_of
from seesay.runtime.networks import Networks, OnnxNetworks
from seesay.search import SearchOptions, beam_search
from seesay.text import Vocabulary

BATCH = 32


class Captioner:
    """A model ready to caption pictures; make one with `seesay.load`.

    A source is a path, the bytes of a file, an open binary file, a PIL image or a uint8 array (H, W, 3). The captions
    of a picture do not depend on the pictures beside it.

    Attributes:
        artefact: what it was loaded from.
        preprocessing: how a picture becomes the encoder's pixels.
        vocabulary: the words it knows.
        grid_size: rows and columns of `Caption.attention`.
    """

    def __init__(self, artefact: Artefact, networks: Networks) -> None:
        self.artefact = artefact
        self.networks = networks
        self.preprocessing = Preprocessing.from_json(dict(artefact.description.preprocessing))
        self.vocabulary = Vocabulary.from_json(dict(artefact.description.vocabulary))
        self.grid_size = artefact.description.grid_size

    @property
    def name(self) -> str:
        """The model's name."""
        return self.artefact.name

    def __call__(self, source: Any, *, beam: int | None = None, max_length: int | None = None) -> Caption:
        """The best caption of one picture; see `caption`."""
        return self.caption([source], beam=beam, max_length=max_length)[0][0]

    def caption(
        self,
        sources: Sequence[Any],
        *,
        beam: int | None = None,
        num: int = 1,
        max_length: int | None = None,
        batch_size: int = BATCH,
    ) -> list[list[Caption]]:
        """The best captions of each picture, best first.

        Args:
            sources: pictures.
            beam: how many sentences are followed at a time; None for the model's own (usually 3), 1 is greedy.
            num: captions for each picture, at most `beam`.
            max_length: most words in a caption; None for the model's own (usually 20).
            batch_size: pictures taken through the networks together.

        Returns:
            One list of `num` captions for each source.

        Raises:
            MediaError: a picture cannot be read; the message names it.
            UsageError: a number out of range, or a single path where a list belongs.
        """
        if isinstance(sources, (str, bytes, os.PathLike)):
            raise UsageError("caption() takes a list of pictures; for one: captioner(picture)")
        found = []
        for _, result in self.stream(sources, beam=beam, num=num, max_length=max_length, batch_size=batch_size):
            if isinstance(result, MediaError):
                raise result
            found.append(result)
        return found

    def stream(
        self,
        sources: Iterable[Any],
        *,
        beam: int | None = None,
        num: int = 1,
        max_length: int | None = None,
        batch_size: int = BATCH,
        workers: int | None = None,
    ) -> Iterator[tuple[int, list[Caption] | MediaError]]:
        """Caption any number of pictures, in order, as they are done; the next ones are decoded meanwhile.

        Args:
            sources: pictures, read as they are needed.
            beam: see `caption`.
            num: see `caption`.
            max_length: see `caption`.
            batch_size: pictures taken through the networks together.
            workers: threads that decode; None for `decode_ahead`'s own number.

        Yields:
            The source's index, and its captions or the `MediaError` that says why there are none.
        """
        options = self.options(beam=beam, num=num, max_length=max_length)
        if batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}; it must be 1 or more")
        threads = {} if workers is None else {"workers": workers}
        batches = decode_ahead(sources, self.preprocessing, batch_size, on_error="yield", **threads)
        return self._stream(batches, options)

    def options(self, *, beam: int | None = None, num: int = 1, max_length: int | None = None) -> SearchOptions:
        """Search settings: the model's own, with what the caller asks for in their place.

        Raises:
            UsageError: a number out of range, or more words than this model has positions for.
        """
        words = self.vocabulary
        asked = {"beam": beam, "max_length": max_length}
        values = {**self.artefact.description.search, **{k: v for k, v in asked.items() if v is not None}}
        options = SearchOptions(**values, num=num, forbidden=(words.pad, words.start, words.unk))
        positions = dict(self.artefact.description.model.get("decoder", {})).get("max_length")
        if positions is not None and options.max_length >= positions:
            raise UsageError(f"max_length is {options.max_length}; {self.name} reads at most {positions - 1} words")
        return options

    def caption_pixels(self, pixels: NDArray[np.uint8], options: SearchOptions) -> list[list[Caption]]:
        """Caption preprocessed pixels (B, H, W, 3) uint8, as `preprocessing.load` gives them, in one batch."""
        state = self.networks.start(pixels)
        hypotheses = beam_search(
            self.networks.step,
            state,
            batch=len(pixels),
            start=self.vocabulary.start,
            end=self.vocabulary.end,
            options=options,
            constant=self.networks.constant,
        )
        return [[caption_of(h, self.vocabulary, self.grid_size) for h in best] for best in hypotheses]

    def _stream(
        self, batches: Iterable[Any], options: SearchOptions
    ) -> Iterator[tuple[int, list[Caption] | MediaError]]:
        for indices, pixels, faults in batches:
            results: list[tuple[int, list[Caption] | MediaError]] = list(faults)
            if len(indices):
                results += zip(indices, self.caption_pixels(pixels, options), strict=True)
            yield from sorted(results, key=lambda item: item[0])


def load(name_or_path: str | os.PathLike[str] | None = None, *, threads: int | None = None) -> Captioner:
    """A captioner from an artefact.

    Args:
        name_or_path: None for the embedded model, the name of an embedded model, or an artefact's folder or .zip.
        threads: CPU threads for the networks; None takes all cores.

    Raises:
        UsageError: no model has this name; the message lists those there are.
        ArtefactError: the artefact is missing, damaged, not exported, or of a newer format.
    """
    artefact = find_artefact(name_or_path)
    return Captioner(artefact, OnnxNetworks(artefact, threads))
