"""Two networks of this machine, joined by a link with a delay, a rate and loss."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

from shared import Absence, Failure, output, require, spawned
from shared.places import Place

SERVER, CLIENT = "10.71.0.1", "10.71.0.2"
SOURCE = Path(__file__).resolve().parent / "forwarder.c"
# Packets that the kernel keeps for the forwarder while that does not run.
KERNEL_QUEUE = 10_000


@dataclass(frozen=True)
class Properties:
    """Of a link: seconds in each direction, bits per second, and the part of packets that is lost, 0 to 1."""

    delay: float = 0.05
    rate: float = 1e9
    loss: float = 0
    seed: int = 1

    @property
    def queue(self) -> int:
        """Bytes that may wait to be sent: those of a round trip, and at least 1 MiB."""
        return max(int(self.rate / 8 * self.delay * 2), 1 << 20)


@dataclass
class Link:
    """Both ends; after the end of the `with` statement also how many packets were dropped because a queue was full,
    and how many were lost."""

    server: Place
    client: Place
    dropped: int = 0
    lost: int = 0


def build(work: Path) -> Path:
    """Compiles the forwarder in a directory. Raises Absence."""
    compiler = which("cc") or which("clang")
    if compiler is None:
        raise Absence("no C compiler is installed: apt-get install gcc libc6-dev")
    program = work / "forwarder"
    if not program.exists():
        output([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE])
    return program


@contextmanager
def joined(properties: Properties, work: Path) -> Iterator[Link]:
    """A link in a `with` statement. Both networks end with it, and when this program ends in any other way.

    Raises Absence without the rights that it takes."""
    if os.geteuid() != 0:
        raise Absence("networks of their own need root")
    if not Path("/dev/net/tun").exists():
        raise Absence("there is no /dev/net/tun here")
    for program, package in {"ip": "iproute2", "nsenter": "util-linux"}.items():
        require(program, package)
    numbers = [int(properties.delay * 1e9), properties.rate, properties.loss, properties.queue, properties.seed]
    # Its errors are for the user.
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": None}
    with spawned([build(work), *numbers], start_new_session=True, **pipes) as process:
        assert process.stdin and process.stdout
        names = process.stdout.readline().split()
        if len(names) != 2:
            raise Failure("the link cannot be made")
        ends: list[Place] = []
        for name, own, other in zip(names, (SERVER, CLIENT), (CLIENT, SERVER), strict=True):
            prefix = (require("nsenter", "util-linux"), f"--net=/proc/{process.pid}/fd/{name.decode()}", "--")
            _set_up(prefix, own, other)
            ends.append(Place(own, prefix))
        link = Link(ends[0], ends[1])
        yield link
        process.stdin.close()
        totals = process.stdout.read().split()
        if len(totals) != 2:
            raise Failure("the link has failed")
        link.dropped, link.lost = int(totals[0]), int(totals[1])


def _set_up(prefix: tuple[str, ...], own: str, other: str) -> None:
    ip = require("ip", "iproute2")
    for words in (
        "link set lo up",
        f"address add {own} peer {other} dev link0",
        f"link set link0 txqueuelen {KERNEL_QUEUE} up",
    ):
        output([*prefix, ip, *words.split()])
