"""Compares a resumable upload that is not interrupted with a plain stream, in interleaved pairs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from cuts import size
from shared import Failure, count, run
from shared.measuring import children_cpu, process_cpu
from shared.rows import Row, median, note
from shared.sender import Sender
from shared.service import Service
from shared.source import Source

CPU, WALL = 1.05, 1.1
WAYS = {"plain": ["--no-resume"], "resumable": []}
MEASURES = ("CPU of the server", "CPU of the client", "wall time")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=15, metavar="N", help="pairs (15)")
    parser.add_argument("--size", type=size, default=size("1GiB"), metavar="SIZE", help="size of the file (1GiB)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size)
    found: dict[str, list[tuple[float, ...]]] = {way: [] for way in WAYS}
    sender = Sender(given.program, given.work / "sender")
    with Service(given.program, given.work / "server") as server:
        # The first of each is not counted.
        for number in range(given.rounds + 1):
            order = list(WAYS) if number % 2 == 0 else list(reversed(WAYS))
            for way in order:
                measured = _measure(sender, server, source, way)
                if number > 0:
                    found[way].append(measured)
            note(f"{number} of {given.rounds} pairs")
    for index, measure in enumerate(MEASURES):
        plain, resumable = ([values[index] for values in found[way]] for way in WAYS)
        ratio = median(resumable) / median(plain)
        pairs = median([with_it / without for with_it, without in zip(resumable, plain)])
        seen = f"{median(plain):.3f} s, {median(resumable):.3f} s, ratio {ratio:.3f} (median of pairs {pairs:.3f})"
        limit = WALL if measure == "wall time" else CPU
        yield Row(f"{measure}: plain, resumable, at most {limit}", seen, ratio <= limit)


def _measure(sender: Sender, server: Service, source: Source, way: str) -> tuple[float, ...]:
    """CPU seconds of the server and of the client, and wall time."""
    # What was written before is not written during this upload.
    run(["sync"])
    before, before_server = children_cpu(), process_cpu(server.process_id)
    sent = sender.send(source.path, server.base, *WAYS[way])
    client, busy = children_cpu() - before, process_cpu(server.process_id) - before_server
    stored = server.directory / source.path.name
    if not stored.is_file() or stored.stat().st_size != source.size:
        raise Failure(f"{way}: the file was not stored")
    stored.unlink()
    return busy, client, sent.seconds
