"""What a worker may not do: take more memory than it is given, and reach into the network that it stands in."""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path
from typing import Any


def limit_memory(extra: int) -> None:
    """Let this process take `extra` bytes more than it has now; where the system can't, nothing happens.

    What asks for more gets a MemoryError, which is told as the picture's fault.
    """
    try:
        import resource

        status = Path("/proc/self/status").read_text("ascii", "replace")
    except (ImportError, OSError):
        return
    match = re.search(r"VmData:\s+(\d+) kB", status)
    if match:
        most = int(match[1]) * 1024 + extra
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def only_public_addresses() -> None:
    """Make every name that leads to a private, loopback or link-local address unreachable in this process.

    Else `--allow-url` would let a stranger have the service fetch from its own machine and network: the check stands
    where names are resolved, so that redirections and names that change their address pass it too.
    """
    resolve = socket.getaddrinfo

    def public(host: Any, *arguments: Any, **options: Any) -> Any:
        found = resolve(host, *arguments, **options)
        for *_, address in found:
            if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global:
                raise OSError(f"{host} is an address of a private network, and the service does not fetch from these")
        return found

    socket.getaddrinfo = public
