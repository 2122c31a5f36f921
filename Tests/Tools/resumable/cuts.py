"""Sends a file through a proxy that cuts the connection at random positions, by RST, FIN and stall."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from protocols import PROTOCOLS
from shared import MIB, Failure, count, digest
from shared.proxy import Proxy, spread
from shared.rows import Row, median, note
from shared.sender import Sender
from shared.service import Service
from shared.source import Source

UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
# What a cut may cost, and the part of the file that all cuts together may cost in a few cuts of a large one.
PER_CUT = 8 * MIB
IN_ALL = 1.05
MEMORY = 64 * MIB
# Seconds until data flows again.
DELAY = 1


def size(text: str) -> int:
    """A type of an option: a size such as 64MiB."""
    number, unit = text[:-3], text[-3:]
    if unit not in UNITS or not number.isdigit() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1GiB or 64MiB")
    return int(number) * UNITS[unit]


def add_options(parser: argparse.ArgumentParser) -> None:
    names = [protocol.protocol for protocol in PROTOCOLS]
    parser.add_argument("--rounds", type=count, default=1, metavar="N", help="how often all of it is done (1)")
    parser.add_argument("--size", type=size, default=size("1GiB"), metavar="SIZE", help="size of the file (1GiB)")
    parser.add_argument("--cuts", type=count, default=50, metavar="N", help="number of cuts (50)")
    parser.add_argument("--protocol", choices=names, help="one of the protocols (both)")
    text = "of client: how long a stall lasts at least (2)"
    parser.add_argument("--idle-timeout", type=count, default=2, metavar="S", help=text)


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size)
    for _ in range(given.rounds):
        for protocol in [given.protocol] if given.protocol else [protocol.protocol for protocol in PROTOCOLS]:
            note(f"{protocol} ...")
            try:
                yield from _send(given, source, protocol)
            except Failure as failure:
                yield Row(f"{protocol}: the file arrives", str(failure), False)


def _send(given: argparse.Namespace, source: Source, protocol: str) -> Iterator[Row]:
    cuts = spread(given.random, source.size, given.cuts)
    sender = Sender(given.program, given.work / "sender")
    with Service(given.program, given.work / "server") as server:
        with Proxy(server.port, cuts, hides_draft=protocol == "tus") as proxy:
            sent = sender.send(source.path, proxy.base, "--idle-timeout", f"{given.idle_timeout}s")
            peak = server.peak_rss()
    stored = server.directory / source.path.name
    equal = stored.is_file() and digest(stored) == source.digest
    stored.unlink(missing_ok=True)
    speed = f"{source.size // MIB} MiB in {sent.seconds:.1f} s, {source.size / sent.seconds / MIB:.0f} MiB/s"
    yield Row(f"{protocol}: SHA-256 is equal", speed, equal)
    yield Row(f"{protocol}: appended by this protocol", ", ".join(proxy.protocols), proxy.protocols == {protocol})
    done = [cut for cut in cuts if cut.noticed is not None]
    kinds = ", ".join(f"{sum(cut.kind == kind for cut in done)} {kind}" for kind in ("RST", "FIN", "stall"))
    yield Row(f"{protocol}: {given.cuts} cuts", kinds, len(done) == given.cuts)
    delays = [cut.delay for cut in done if cut.delay is not None]
    seen = f"median {median(delays):.2f} s, longest {max(delays, default=0):.2f} s"
    late = [cut for cut in done if cut.delay is None or cut.delay > DELAY]
    seen += f"; {len(late)} later, first after a {late[0].kind}" if late else ""
    yield Row(f"{protocol}: data flows again within {DELAY} s", seen, bool(done) and not late)
    yield from _cost(protocol, source.size, given.cuts, proxy.sent)
    memory = f"server {peak / MIB:.1f} MiB, client {sent.peak_rss / MIB:.1f} MiB"
    small = 0 < peak < MEMORY and 0 < sent.peak_rss < MEMORY
    yield Row(f"{protocol}: memory of each side is below {MEMORY // MIB} MiB", memory, small)


def _cost(protocol: str, length: int, cuts: int, sent: int) -> Iterator[Row]:
    extra = sent - length
    seen = f"{extra / MIB:.1f} MiB more than the file, {extra / MIB / cuts:.2f} MiB per cut"
    allowed = length + PER_CUT * cuts
    yield Row(f"{protocol}: the client sends at most the file and {PER_CUT // MIB} MiB per cut", seen, sent <= allowed)
    # Where the cuts are few for the size, all of them together are bounded as well.
    if PER_CUT * cuts < (IN_ALL - 1) * length:
        ratio = sent / length
        yield Row(f"{protocol}: the client sends at most {IN_ALL} of the file", f"{ratio:.4f}", ratio <= IN_ALL)
