"""Where programs run: on this machine, or in a network namespace of it."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LISTENING = "0A"


@dataclass(frozen=True)
class Place:
    """A network: the address of servers in it, and the command that starts a program there."""

    address: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()


LOOPBACK = Place()


def free_port() -> int:
    """A port on which nothing listens, below those of outgoing connections: a client that retries its connection
    while the server is away cannot connect to itself."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="utf-8").split()[0])
    while True:
        port = random.randrange(max(low - 20_000, 1_024), low)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def listens(process: int, port: int) -> bool:
    """Whether any program listens on a port in the network that a process is in."""
    for table in ("tcp", "tcp6"):
        with suppress(OSError), open(f"/proc/{process}/net/{table}", encoding="utf-8") as lines:
            for line in lines:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    return True
    return False
