"""Which model describes what: photos one, clips another; whole clips, or scene by scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seesay.artefact import is_embedded
from seesay.errors import MediaError
from seesay.media import FrameSampling, Section, load_clip, printable, scenes
from seesay.media.kinds import is_folder, is_picture

if TYPE_CHECKING:
    from seesay.media.kinds import Kind
    from seesay.runtime import Caption, Captioner, SearchSettings

CLIPS = "clips"
"""The embedded model of clips, once there is one."""


class Said(NamedTuple):
    """What was said of a photo, a clip or a scene.

    Attributes:
        source: where it is from.
        captioner: what described it; None where no model is there that could.
        result: captions, or why there are none.
        times: start and end of a scene, in seconds.
    """

    source: Any
    captioner: Captioner | None
    result: list[Caption] | MediaError
    times: tuple[float, float] | None = None


class Describers:
    """The models that a command uses, each loaded when it is first needed.

    Args:
        models: names or paths that the user gave; without any the embedded ones.
        search: settings of all of them.
        loaded: told of each model that was loaded.
    """

    def __init__(self, models: list[str], search: SearchSettings, loaded: Callable[[Captioner], None]) -> None:
        self.search = search
        self._loaded: dict[str, Captioner] = {}
        self._tell = loaded
        self.given = self._load("given", models) if models else None

    def of(self, source: Any, kind: Kind) -> Captioner | None:
        """What describes this; None where nothing does: a clip, and no model of clips is there."""
        if self.given is not None:
            return self.given
        if kind == "clip" and is_embedded(CLIPS):
            return self._load(CLIPS, CLIPS)
        # Of an animated picture the photo model describes the first frame.
        photo = kind == "picture" or (isinstance(source, Path) and not is_folder(source) and is_picture(source))
        return self.of_photos() if photo else None

    def of_photos(self) -> Captioner:
        """The embedded model of photos, or the one that the user gave."""
        return self.given or self._load("photos", None)

    def _load(self, key: str, model: list[str] | str | None) -> Captioner:
        import seesay

        if key not in self._loaded:
            captioner = seesay.load(model)
            captioner.options(**self.search)  # what is wrong is refused before anything is read
            self._tell(captioner)
            self._loaded[key] = captioner
        return self._loaded[key]


def describe(found: Iterable[tuple[Any, Kind]], by: Describers, *, per_scene: bool) -> Iterator[Said]:
    """Describe photos and clips in their order, as they are done.

    Args:
        found: sources and what they are; read as they are needed.
        by: the models.
        per_scene: cut clips into scenes and describe each, by a model of clips, or else by one of photos on the middle
            frame of each.

    Yields:
        One for each source, or one for each scene.
    """

    ways = ((source, by.of(source, kind), per_scene and kind == "clip") for source, kind in found)
    for (captioner, cut), run in groupby(ways, key=itemgetter(1, 2)):
        if cut:
            for source, _, _ in run:
                yield from _scene_by_scene(source, captioner or by.of_photos(), by.search)
        elif captioner is None:
            for source, _, _ in run:
                yield Said(source, None, MediaError(f"{printable(source)}: {NO_CLIPS}"))
        else:
            sources: list[Any] = []
            for index, result in captioner.stream(_noted(run, sources), **by.search):
                yield Said(sources[index], captioner, result)


NO_CLIPS = (
    "is a clip, and no model of clips comes along; give one with --model (seesay train clips makes one), "
    "or --per-scene to have the photo model describe the middle frame of each scene"
)


def _noted(run: Iterable[tuple[Any, Any, bool]], sources: list[Any]) -> Iterator[Any]:
    for source, _, _ in run:
        sources.append(source)
        yield source


def _scene_by_scene(source: Any, captioner: Captioner, search: SearchSettings) -> Iterator[Said]:
    try:
        cuts = scenes(source)
    except MediaError as error:
        yield Said(source, captioner, error)
        return
    # The last scene goes on to the end, wherever that is.
    parts = [Section(source, start, None if (start, end) == cuts[-1] else end) for start, end in cuts]
    results = captioner.stream(parts, **search) if captioner.clip else _middles(parts, captioner, search)
    for (_, result), times in zip(results, cuts, strict=True):
        yield Said(source, captioner, result, times)


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
