"""Whether timm's hub can be reached, found out in seconds: without a network its client tries for a minute."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies

PATIENCE = 4.0
"""Seconds for a name to be looked up and a connection to be made."""


@contextmanager
def quick_offline() -> Iterator[None]:
    """While the hub cannot be reached, its client looks in its cache alone, and fails at once where a file lacks."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not reachable(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def reachable(address: str, patience: float = PATIENCE) -> bool:
    """Whether a connection to an address, or to the proxy in front of it, can be opened within `patience` seconds."""
    parts = urlsplit(address)
    proxy = getproxies().get(parts.scheme)
    if proxy:
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    host, port = parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)
    found = threading.Event()

    def connect() -> None:
        try:
            with socket.create_connection((host, port), timeout=patience):
                found.set()
        except OSError:
            pass

    # A thread, for looking up a name has no limit of its own.
    tried = threading.Thread(target=connect, daemon=True)
    tried.start()
    tried.join(patience)
    return found.is_set()
