"""A limit on the rate, counted where the server counts what it reads."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator

from server import CLIENTS, PATIENCE, Server, Setting, require, wait_until
from shared import Failure, environment
from table import Row

LIMIT = 10_000_000
RECEIVED = 'sluice_transferred_bytes_total{direction="incoming"}'


def add_options(group: argparse._ArgumentGroup, count: Callable[[str], int]) -> None:
    group.add_argument("--seconds", type=count, default=10, metavar="S", help="for which rates are watched (10)")


def rows(given: argparse.Namespace, setting: Setting) -> Iterator[Row]:
    curl = require("curl", "curl")
    # Long enough that nobody is through before the watching ends.
    path = setting.work / "limited"
    with path.open("wb") as file:
        file.truncate(LIMIT * (given.seconds + 5))
    for clients in (["stream"], ["stream", "form"], ["stream", "stream", "form", "raw"]):
        yield from watch(curl, str(path), clients, given.seconds, setting)


def watch(curl: str, path: str, clients: list[str], seconds: int, setting: Setting) -> Iterator[Row]:
    """What the server reads of some clients that would all send as fast as they can."""
    who = " and ".join(f"{clients.count(kind)} {kind}" for kind in dict.fromkeys(clients))
    with Server(setting, "--limit-rate", "10MB/s", "--min-free", "0") as server:
        senders = [start(curl, path, kind, index, seconds, server) for index, kind in enumerate(clients)]
        try:
            if wait_until(lambda: len(latest(server)) == len(clients)) is None:
                raise Failure(f"not all of {who} began to send")
            samples = sample(server, seconds)
            before, after = shares(server, samples[0][0]), shares(server, samples[-1][0])
        finally:
            for sender in senders:
                sender.kill()
                sender.wait()
    taken = (samples[-1][1] - samples[0][1]) / (samples[-1][0] - samples[0][0])
    yield Row(
        f"--limit-rate 10MB/s, {who}: within 5 % over {seconds} s",
        f"{taken / 1e6:.2f} MB/s",
        abs(taken / LIMIT - 1) <= 0.05,
    )
    most = fastest_second(samples)
    yield Row(f"{who}: no second above 1.2 times that", f"at most {most / 1e6:.2f} MB", most <= 1.2 * LIMIT)
    if len(clients) > 1:
        got = [after[upload] - before.get(upload, 0) for upload in after]
        text = ", ".join(f"{bytes / 1e6:.1f}" for bytes in got)
        yield Row(f"{who}: the least gets 0.8 of the most", f"{text} MB", min(got) >= 0.8 * max(got))


def start(curl: str, path: str, kind: str, index: int, seconds: int, server: Server) -> subprocess.Popen[bytes]:
    upload = [curl, "--disable", "--silent", "-H", "Expect:", "--max-time", str(PATIENCE + seconds)]
    command = {
        "stream": [*upload, "-T", path, f"{server.url}/{index}"],
        "form": [*upload, "-F", f"file=@{path}", f"{server.url}/file-upload"],
        "raw": [sys.executable, str(CLIENTS / "raw.py"), str(server.raw_port), path],
    }[kind]
    null = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment(), stdin=null, stdout=null, stderr=null)


def sample(server: Server, seconds: int) -> list[tuple[float, float]]:
    """Time and bytes received so far, ten times a second and at both ends."""
    samples: list[tuple[float, float]] = []
    began = time.monotonic()
    while not samples or samples[-1][0] < began + seconds:
        bytes = server.metrics()[RECEIVED]
        samples.append((time.monotonic(), bytes))
        time.sleep(max(0, began + len(samples) / 10 - time.monotonic()))
    return samples


def fastest_second(samples: list[tuple[float, float]]) -> float:
    """The most bytes in a second that begins with a sample: those until the last sample in it, and of the time until
    the next the part that belongs to it."""
    times = [when for when, _ in samples]
    most = 0.0
    for began, bytes in samples:
        end = bisect_left(times, began + 1)
        if 0 < end < len(samples):
            (before, least), (behind, more) = samples[end - 1], samples[end]
            most = max(most, least + (more - least) * (began + 1 - before) / (behind - before) - bytes)
    return most


def latest(server: Server) -> dict[str, int]:
    """Bytes of each upload that has some, by its number."""
    return shares(server, time.monotonic())


def shares(server: Server, until: float) -> dict[str, int]:
    """The same as it was at a time."""
    found: dict[str, int] = {}
    for when, line in list(server.events):
        if line["event"] == "progress" and line["bytes"] > 0 and when <= until:
            found[line["id"]] = line["bytes"]
    return found
