"""Which model describes what: photos one, clips another; whole clips, or scene by scene."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from seesay.errors import MediaError
from seesay.media import FrameSampling, Section, load_clip, scenes

if TYPE_CHECKING:
    from seesay.media.modality import Modality
    from seesay.runtime import Caption, Captioner, SearchSettings
    from seesay.runtime.model import Opener

CLIPS = "clips"
"""The embedded model of clips."""


class Described(NamedTuple):
    """What was said of a photo, a clip or a scene.

    Attributes:
        source: where it is from.
        captioner: what described it.
        result: captions, or why there are none.
        times: start and end of a scene, in seconds.
    """

    source: Any
    captioner: Captioner
    result: list[Caption] | MediaError
    times: tuple[float, float] | None = None

    def judged(self, least: float | None) -> Described:
        """The same, with captions sure from this confidence on; None leaves it to the model."""
        if least is None or isinstance(self.result, MediaError):
            return self
        sure = [None if c.confidence is None else c.confidence >= least for c in self.result]
        return self._replace(result=[replace(c, sure=s) for c, s in zip(self.result, sure, strict=True)])


class Describers:
    """The models that a command uses, each loaded when it is first needed.

    Args:
        models: names or paths that the user gave; without any the embedded ones.
        search: settings of all of them.
        loaded: told of each model that was loaded.
        networks: what opens networks; None takes ONNX Runtime.
    """

    def __init__(
        self,
        models: list[str],
        search: SearchSettings,
        loaded: Callable[[Captioner], None],
        networks: Opener | None = None,
    ) -> None:
        self.search = search
        self._loaded: dict[str, Captioner] = {}
        self._tell = loaded
        self._networks = networks
        self.given = self._load("given", models) if models else None

    def of(self, kind: Modality) -> Captioner:
        """What describes a picture or a clip: the model that the user gave, or the embedded one of its kind."""
        if self.given is not None:
            return self.given
        return self._load(CLIPS, CLIPS) if kind == "clip" else self._load("photos", None)

    def _load(self, key: str, model: list[str] | str | None) -> Captioner:
        from seesay.runtime.loading import load_captioner

        if key not in self._loaded:
            captioner = load_captioner(model, networks=self._networks)
            captioner.options(**self.search)  # what is wrong is refused before anything is read
            self._tell(captioner)
            self._loaded[key] = captioner
        return self._loaded[key]


def describe(found: Iterable[tuple[Any, Modality]], by: Describers, *, per_scene: bool) -> Iterator[Described]:
    """Describe photos and clips in their order, as they are done.

    Args:
        found: sources and what they are; read as they are needed.
        by: the models.
        per_scene: cut clips into scenes and describe each; a model of photos describes its middle frame.

    Yields:
        One for each source, or one for each scene.
    """

    ways = ((source, by.of(kind), per_scene and kind == "clip") for source, kind in found)
    for (captioner, cut), run in groupby(ways, key=itemgetter(1, 2)):
        if cut:
            for source, _, _ in run:
                yield from _scene_by_scene(source, captioner, by.search)
        else:
            sources: list[Any] = []
            for index, result in captioner.stream(_noted(run, sources), **by.search):
                yield Described(sources[index], captioner, _of(sources[index], result))


def _of(source: Any, result: list[Caption] | MediaError) -> list[Caption] | MediaError:
    """The captions with the path of what they are of, so that a notebook can show it."""
    if isinstance(result, MediaError) or not isinstance(source, (str, os.PathLike)):
        return result
    return [replace(one, source=os.fspath(source)) for one in result]


def _noted(run: Iterable[tuple[Any, Any, bool]], sources: list[Any]) -> Iterator[Any]:
    for source, _, _ in run:
        sources.append(source)
        yield source


def _scene_by_scene(source: Any, captioner: Captioner, search: SearchSettings) -> Iterator[Described]:
    try:
        cuts = scenes(source)
    except MediaError as error:
        yield Described(source, captioner, error)
        return
    # The last scene goes on to the end, wherever that is.
    parts = [Section(source, start, None if (start, end) == cuts[-1] else end) for start, end in cuts]
    results = captioner.stream(parts, **search) if captioner.clip else _middles(parts, captioner, search)
    for (_, result), times in zip(results, cuts, strict=True):
        yield Described(source, captioner, _of(source, result), times)


def _middles(
    parts: list[Section], captioner: Captioner, search: SearchSettings
) -> Iterator[tuple[int, list[Caption] | MediaError]]:
    """A model of photos on the middle frame of each part."""
    options = captioner.options(**search)
    for index, part in enumerate(parts):
        try:
            middle = load_clip(part.source, captioner.preprocessing, FrameSampling(frames=1), part.start, part.end)  # type: ignore[arg-type]
            yield index, captioner.caption_pixels(middle.pixels, options)[0]
        except MediaError as error:
            yield index, error
