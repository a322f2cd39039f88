"""Things found by name: decoders, data readers and whatever other packages add through entry points."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from seesay.errors import UsageError

T = TypeVar("T")
GROUPS = {
    "seesay.readers": "data format",
    "seesay.metrics": "metric",
    "seesay.decoders": "decoder",
    "seesay.classifiers": "classifier",
    "seesay.encoders": "encoder",
    "seesay.objectives": "objective",
    "seesay.verbs": "verb",
}
"""Groups of entry points by which other packages add to SeeSay, and what each adds: `name = module:Class`."""


def load_plugin(entry: EntryPoint) -> Any:
    """What an entry point names.

    Raises:
        UsageError: it cannot be imported; the message names it, its package and why.
    """
    try:
        return entry.load()
    except Exception as error:
        dist = getattr(entry, "dist", None)
        package = dist.name if dist else "another package"
        raise UsageError(
            f"{GROUPS.get(entry.group, 'plug-in')} {entry.name!r} of {package} cannot be loaded "
            f"({type(error).__name__}: {error}); update or uninstall {package}"
        ) from error


def list_plugins() -> list[EntryPoint]:
    """What installed packages add, without loading it."""
    return [entry for group in GROUPS for entry in sorted(entry_points(group=group))]


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` when a known name is close to `name`, else an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


class Registry(Generic[T]):
    """Names and what they stand for; filled by decorator here and by entry points elsewhere.

    Args:
        kind: what is registered, as it should read in an error ("decoder").
        group: the entry-point group other packages register under ("seesay.decoders"): `name = module:Class`, or
            `name = module` for a module that registers by decorator.
        order: of an item, for the order of the names; equal ones, and all without it, come by name.
    """

    def __init__(self, kind: str, group: str, *, order: Callable[[T], int] = lambda item: 0) -> None:
        self.kind = kind
        self.group = group
        self._order = order
        self._items: dict[str, T] = {}
        self._plugins_loaded = False

    def register(self, name: str) -> Callable[[T], T]:
        """Decorate a class or function to make it known as `name`."""

        def keep(item: T) -> T:
            self._items[name] = item
            return item

        return keep

    def __getitem__(self, name: str) -> T:
        self._load_plugins()
        if name not in self._items:
            raise UsageError(
                f"no {self.kind} is called {name!r}.{nearest(name, self._items)} There are: {', '.join(self)}"
            )
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        self._load_plugins()
        return iter(sorted(self._items, key=lambda name: (self._order(self._items[name]), name)))

    def __contains__(self, name: object) -> bool:
        self._load_plugins()
        return name in self._items

    def _load_plugins(self) -> None:
        if not self._plugins_loaded:
            self._plugins_loaded = True
            for entry in entry_points(group=self.group):
                item = load_plugin(entry)
                if getattr(
                    entry, "attr", ""
                ):  # `name = module:Class`; a module alone registers what it has when it is imported
                    self._items.setdefault(entry.name, item)
