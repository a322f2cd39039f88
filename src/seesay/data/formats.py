"""Where readers of data formats make themselves known, and the options that a user gives them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seesay.data.sample import Dataset
from seesay.errors import DataError, UsageError
from seesay.registry import Registry, nearest

Reader = Callable[..., Dataset]
"""What the user named, as a Path, to a data set. Further parameters are options (`,key=value`): `images` and `clips`
are folders (a Path), others are read as they are annotated: int, float or str."""

READERS: Registry[Reader] = Registry("data format", "seesay.readers")

_OPTION = re.compile(r",([a-z_]+)=")
_FOLDERS = ("images", "clips")


def split_options(path: str) -> tuple[str, dict[str, str]]:
    """`PATH,key=value,…` in its parts; commas and equal signs in a path that exists belong to it."""
    cuts = list(_OPTION.finditer(path))
    for used in range(len(cuts) + 1):  # the longest path that exists
        first = len(cuts) - used
        root = path[: cuts[first].start()] if used else path
        if Path(root).expanduser().exists():
            break
    else:
        first, root = 0, path[: cuts[0].start()] if cuts else path
    options = {}
    for place, cut in enumerate(cuts[first:], first):
        end = cuts[place + 1].start() if place + 1 < len(cuts) else len(path)
        options[cut[1]] = path[cut.end() : end]
    return root, options


def read_options(name: str, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Options as the reader takes them.

    Raises:
        UsageError: it knows no such option, or the value is of another kind.
        DataError: a folder is not there.
    """
    known = {p.name: p for p in list(inspect.signature(reader).parameters.values())[1:]}
    # A reader of another package may want its folder of pictures whether one is named or not.
    options: dict[str, Any] = {key: None for key, p in known.items() if p.default is inspect.Parameter.empty}
    for key, value in given.items():
        if key not in known:
            there = f"{nearest(key, known)} There are: {', '.join(known)}" if known else " It has none"
            raise UsageError(f"{name} knows no option {key!r}.{there}")
        options[key] = _value(name, key, value, str(known[key].annotation))
    return options


def share_of(key: str, value: str) -> float:
    """The share that a user gives as an option of every format.

    Raises:
        UsageError: it is no number.
    """
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"{key}={value!r} is not a number; give a share, as {key}=0.1") from None


def _value(name: str, key: str, value: str, kind: str) -> Any:
    if not value:
        raise UsageError(f"{name}: {key}= is empty")
    if key in _FOLDERS:
        folder = Path(value).expanduser()
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder of {'pictures' if key == 'images' else key} ({key}=)")
        return folder
    for type_ in (int, float):
        if type_.__name__ in kind:
            try:
                return type_(value)
            except ValueError:
                raise UsageError(f"{name}: {key}={value!r} is not a number") from None
    return value
