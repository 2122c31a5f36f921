"""Compares `sluice send` of 1 GiB with a bare sendfile client, to a server that discards the bytes."""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from programs import find_bench, seconds_of
from shared import MIB, Failure, count, spawned
from shared.listener import end_group
from shared.measuring import children_cpu, column, compare, in_turn, process_cpu
from shared.rows import Row, median
from shared.sender import Sender
from shared.source import Source

LEAST, MOST_CPU = 0.9, 1.2


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=9, metavar="N", help="measurements of each (9)")
    parser.add_argument("--size", type=count, default=1024, metavar="MIB", help="size of the file in MiB (1024)")
    parser.add_argument("--bench", metavar="BIN", help="path of sluice-bench (beside sluice)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    bench = find_bench(given.program, given.bench)
    source = Source(given.work / "source", given.size * MIB)
    sender = Sender(given.program, given.work / "sender")
    with _discarding(bench) as (process, port):

        def measure(bare: bool) -> tuple[float, ...]:
            cpu, server, begin = children_cpu(), process_cpu(process.pid), time.perf_counter()
            if bare:
                seconds_of([bench, "bare-send", source.path, "--port", port])
            else:
                sender.send(source.path, f"http://127.0.0.1:{port}/in/", "--no-resume")
            seconds = time.perf_counter() - begin
            return given.size / seconds, children_cpu() - cpu, (process_cpu(process.pid) - server) / seconds

        found = in_turn({"sluice": lambda: measure(False), "bare": lambda: measure(True)}, given.rounds)
    ours, bare = found["sluice"], found["bare"]
    asked = f"{given.size} MiB to a server that discards them, `sluice send` and a bare sendfile client"
    yield compare(f"{asked}, speed", "MiB/s", column(ours), column(bare), least=LEAST)
    yield compare(f"{asked}, CPU", "s", column(ours, 1), column(bare, 1), most=MOST_CPU)
    busy = f"{median(column(ours, 2)):.0%} with `sluice send`, {median(column(bare, 2)):.0%} with the bare client"
    yield Row("how busy the discarding server is; near 100 % it is the bottleneck", busy)


@contextmanager
def _discarding(bench: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The discarding server in a `with` statement, and its port."""
    options = {"stdout": subprocess.PIPE, "start_new_session": True}
    with spawned([bench, "discard"], end_group, **options) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        if not port.isdigit():
            raise Failure("the discarding server did not start")
        yield process, int(port)
