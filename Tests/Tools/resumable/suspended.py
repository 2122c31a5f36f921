"""Stops `sluice send` for longer than all timeouts, as a laptop that sleeps, and lets it continue."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Iterator

from protocols import PROTOCOLS
from shared import MIB, count, digest, wait_until
from shared.proxy import Proxy
from shared.rows import Row
from shared.sender import Sender
from shared.service import Service
from shared.source import Source


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=2, metavar="N", help="how often the client is stopped (2)")
    parser.add_argument("--size", type=count, default=256, metavar="MIB", help="size of the file in MiB (256)")
    parser.add_argument("--idle-timeout", type=count, default=3, metavar="S", help="of server and client (3)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    timeout = ["--idle-timeout", f"{given.idle_timeout}s"]
    for protocol in [protocol.protocol for protocol in PROTOCOLS]:
        with Service(given.program, given.work / f"server-{protocol}", *timeout) as server:
            with Proxy(server.port, hides_draft=protocol == "tus") as proxy:
                sender = Sender(given.program, server.home)
                stops, status = _send(given, sender, proxy, source, timeout)
                stored = server.directory / source.path.name
                equal = stored.is_file() and digest(stored) == source.digest
                asked = f"{protocol}: a client that was stopped for more than {given.idle_timeout} s completes"
                seen = f"stopped {stops} times, exit status {status}, {'equal' if equal else 'no equal'} file"
                seen += "" if status == 0 else f": {sender.said}"
                yield Row(asked, seen, stops == given.rounds and status == 0 and equal)
                seen = f"{(proxy.sent - source.size) / MIB:.1f} MiB, by {', '.join(proxy.protocols)}"
                yield Row(f"{protocol}: sent again", seen, proxy.protocols == {protocol})


def _send(
    given: argparse.Namespace, sender: Sender, proxy: Proxy, source: Source, timeout: list[str]
) -> tuple[int, int | None]:
    """How often the client was stopped, and its exit status."""
    stops = 0
    with sender.running(source.path, proxy.base, "--limit-rate", "64MB/s", *timeout) as client:
        for number in range(given.rounds):
            wanted = source.size * (number + 1) // (given.rounds + 2)
            wait_until(lambda wanted=wanted: proxy.sent > wanted or client.poll() is not None)  # type: ignore[misc]
            if client.poll() is not None:
                break
            client.send_signal(signal.SIGSTOP)
            time.sleep(given.idle_timeout * 2 + 1)
            client.send_signal(signal.SIGCONT)
            stops += 1
        wait_until(lambda: client.poll() is not None, 120)
        return stops, client.poll()
