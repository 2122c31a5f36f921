"""Measures links: the time of a round trip, the rate, and the loss."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from link.delayed import Link, Properties, joined
from shared import Failure, output, spawned, wait_until
from shared.places import listens
from shared.rows import Row

HERE = Path(__file__).resolve().parent
PORT = 5001
# Bytes that are sent to measure a rate; at 1 Gbit/s those of 0.8 s.
AMOUNT = 100_000_000


def rows(work: Path) -> Iterator[Row]:
    delayed = Properties(delay=0.05, rate=1e9)
    with joined(delayed, work) as link:
        median, _ = _round_trips(link, 20, 0)
        yield Row("a round trip takes 100 to 103 ms", f"{median * 1000:.2f} ms", 0.1 <= median <= 0.103)
    with joined(Properties(delay=0.001, rate=1e9), work) as link:
        rate = _transfer(link)
        # Headers of 52 bytes in packets of 1,500, and the start of the connection, are the rest.
        yield Row("1 Gbit/s: payload of 850 to 970 Mbit/s", f"{rate / 1e6:.0f} Mbit/s", 850e6 <= rate <= 970e6)
    with joined(Properties(delay=0.001, rate=50e6), work) as link:
        rate = _transfer(link, AMOUNT // 20)
        yield Row("50 Mbit/s: payload of 43 to 49 Mbit/s", f"{rate / 1e6:.1f} Mbit/s", 43e6 <= rate <= 49e6)
    with joined(Properties(delay=0.001, rate=1e9, loss=0.1, seed=7), work) as link:
        _, lost = _round_trips(link, 1000, 0.001)
        # A probe or its response is lost: 1 - 0.9².
        yield Row("19 % of round trips are lost at a loss of 0.1: 15 to 23 %", f"{lost:.1%}", 0.15 <= lost <= 0.23)
    yield Row("the link counts what it has lost", f"{link.lost:,} packets", link.lost > 100)


def _transfer(link: Link, amount: int = AMOUNT) -> float:
    """Bits per second of a TCP connection from the client to the server."""
    with spawned([*link.server.prefix, sys.executable, HERE / "probe.py", "sink", link.server.address, PORT]) as sink:
        _wait(sink.pid)
        words = ["send", link.server.address, PORT, amount]
        said = output([*link.client.prefix, sys.executable, HERE / "probe.py", *words])
    return amount * 8 / float(json.loads(said)["seconds"])


def _round_trips(link: Link, number: int, pause: float) -> tuple[float, float]:
    """The median time of round trips, and the part that was lost."""
    with spawned([*link.server.prefix, sys.executable, HERE / "probe.py", "echo", link.server.address, PORT]) as echo:
        _wait(echo.pid)
        words = ["ping", link.server.address, PORT, number, pause]
        said = json.loads(output([*link.client.prefix, sys.executable, HERE / "probe.py", *words]))
    return float(said["median"]), float(said["lost"])


def _wait(process: int) -> None:
    if not wait_until(lambda: listens(process, PORT), 10):
        raise Failure("the other end of the link does not listen")
