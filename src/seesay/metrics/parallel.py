"""A second core for work that Python alone would do on one."""

from __future__ import annotations

import os
import pickle
import sys
import warnings
from collections.abc import Callable
from typing import TypeVar

from seesay.cores import usable_cores

T = TypeVar("T")


def beside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin `work` in a forked copy of this process; call what is given back for its result.

    Where the system cannot fork, or the copy comes to grief, `work` is done when its result is asked for, and raises
    what it raises there. Only for a process that runs no threads of its own, such as the command.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin" or usable_cores() < 2:
        return work
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's idle threads; `work` uses none of them
        child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(readable)
            with os.fdopen(writable, "wb") as pipe:
                pickle.dump(work(), pipe, pickle.HIGHEST_PROTOCOL)
            status = 0
        finally:
            os._exit(status)  # nothing of the parent's is cleaned up twice, no traceback is printed
    os.close(writable)

    def result() -> T:
        with os.fdopen(readable, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(child, 0)
        found: T = pickle.loads(data) if status == 0 else work()
        return found

    return result
