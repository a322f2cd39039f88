"""Fails the n-th call of the operating system's that writes: a full disk, a lost one, a folder without permission."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("open", "fsync", "replace", "rename", "write")


class Injected(OSError):
    """What was injected."""


@contextmanager
def failing(root: Path, number: int) -> Iterator[list[str]]:
    """Let the `number`-th open for writing, write, fsync, replace or rename below `root` fail, counted from 0.

    Yields:
        What was called so far; longer than `number` where it failed.
    """
    calls: list[str] = []
    really = {name: getattr(os, name) for name in ("fsync", "replace", "rename")}
    opened = io.open

    def count(name: str) -> None:
        calls.append(name)
        if len(calls) == number + 1:
            raise Injected(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def wrapped(name: str) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            count(name)
            return really[name](*arguments, **options)

        return call

    def open_(file: object, mode: str = "r", *arguments: object, **options: object) -> object:
        below = isinstance(file, (str, os.PathLike)) and str(file).startswith(str(root))
        if not below or not set(mode) & set("wax+"):
            return opened(file, mode, *arguments, **options)  # type: ignore[call-overload]
        count("open")
        handle = opened(file, mode, *arguments, **options)  # type: ignore[call-overload]
        plain = handle.write

        def write(data: object) -> object:
            count("write")
            return plain(data)

        try:
            handle.write = write
        except AttributeError:  # a raw file
            return handle
        return handle

    for name in really:
        setattr(os, name, wrapped(name))
    builtins.open = io.open = open_  # type: ignore[assignment]
    try:
        yield calls
    finally:
        builtins.open = io.open = opened
        for name, function in really.items():
            setattr(os, name, function)


def until_it_passes(root: Path, work: Callable[[], None], check: Callable[[bool], None]) -> int:
    """Fail each call in turn; `check` is told whether it failed. Gives how many calls there were."""
    for number in range(10_000):
        with failing(root, number) as calls:
            try:
                work()
                failed = False
            except Exception:
                failed = True
        met = len(calls) > number
        assert failed <= met, "it fails without a fault"
        check(failed)
        if not met:
            return number
    raise AssertionError("it never passes")
