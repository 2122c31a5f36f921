"""Interrupts the engine while files are uploaded: each must arrive, or fail without leaving anything."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import engine as engines
from shared import MIB, count, curl, run
from shared.rows import Row, note
from shared.source import Source

# Seconds until an upload must have ended.
PATIENCE = 400
# Bytes per second of the client: the outage begins after half of the file.
RATE = 10 * MIB


def add_options(parser: argparse.ArgumentParser) -> None:
    engines.add_options(parser)
    parser.add_argument("--seconds", default="1,10,60", metavar="LIST", help="how long the object server is away (1,10,60)")
    parser.add_argument("--size", type=count, default=64, metavar="MIB", help="size of a file in MiB (64)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    with engines.engine_and_server(given) as (engine, server):
        outages = [("kill -9 of the object server", _killed, float(text)) for text in given.seconds.split(",")]
        outages += [("the proxy is stopped", _stopped, float(text)) for text in given.seconds.split(",")]
        for number, (name, outage, seconds) in enumerate(outages):
            note(f"{name}, {seconds:g} s ...")
            keys = [f"{number}-{index}" for index in range(3)]
            begin = time.perf_counter()
            with ThreadPoolExecutor(len(keys)) as pool:
                sending = [pool.submit(_send, source, server.base + key) for key in keys]
                time.sleep(source.size / RATE / 2)
                with outage(engine):
                    time.sleep(seconds)
                statuses = [sent.result() for sent in sending]
            seconds_all = time.perf_counter() - begin
            equal = [key for key, status in zip(keys, statuses) if status == "201" and engine.digest(key) == source.digest]
            asked = f"{name} for {seconds:g} s while {len(keys)} files arrive: all are stored, SHA-256 equal"
            yield Row(asked, f"{statuses}, {len(equal)} equal, {seconds_all:.0f} s", len(equal) == len(keys))
        left = [key for key in engine.objects() if ".sluice" in key] + engine.unfinished()
        yield Row("no claim and no part is left", str(left or "nothing"), not left)


def _send(source: Source, url: str) -> str:
    """The status of an upload."""
    words = ["--upload-file", source.path, "--limit-rate", RATE, "--write-out", "%{http_code}", "--output", "/dev/null"]
    return run(curl(*words, url), timeout=PATIENCE).stdout


@contextmanager
def _killed(engine: engines.Engine) -> Iterator[None]:
    engine.kill_object_server()
    try:
        yield
    finally:
        engine.restart_object_server()


@contextmanager
def _stopped(engine: engines.Engine) -> Iterator[None]:
    engine.signal("proxy", signal.SIGSTOP)
    try:
        yield
    finally:
        engine.signal("proxy", signal.SIGCONT)
