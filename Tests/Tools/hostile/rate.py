"""A limit on the rate, measured by the server's count of received bytes."""

from __future__ import annotations

import argparse
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from harness import PATIENCE, Row, Server, upload
from shared import Failure, sparse, spawned, wait_until

LIMIT = 10_000_000
RECEIVED = 'sluice_transferred_bytes_total{direction="incoming"}'


def rows(given: argparse.Namespace) -> Iterator[Row]:
    # Long enough that no upload ends before the measurement does.
    path = sparse(given.work / "limited", LIMIT * (given.seconds + 5))
    for clients in (["stream"], ["stream", "form"], ["stream", "stream", "form", "raw"]):
        yield from watch(path, clients, given)


def watch(path: Path, clients: list[str], given: argparse.Namespace) -> Iterator[Row]:
    """Rows for clients that all send as fast as they can."""
    who = " and ".join(f"{clients.count(kind)} {kind}" for kind in dict.fromkeys(clients))
    with Server(given, "--limit-rate", "10MB/s", "--min-free", "0") as server, ExitStack() as senders:
        for kind in clients:
            senders.enter_context(spawned(command(kind, path, given.seconds, server)))
        if not wait_until(lambda: len(shares(server, time.monotonic())) == len(clients)):
            raise Failure(f"not all of {who} began to send")
        samples = sample(server, given.seconds)
        before, after = shares(server, samples[0][0]), shares(server, samples[-1][0])
    rate = (samples[-1][1] - samples[0][1]) / (samples[-1][0] - samples[0][0])
    asked = f"--limit-rate 10MB/s, {who}: within 5 % over {given.seconds} s"
    yield Row(asked, f"{rate / 1e6:.2f} MB/s", abs(rate / LIMIT - 1) <= 0.05)
    most = fastest_second(samples)
    yield Row(f"{who}: no second above 1.2 times that", f"at most {most / 1e6:.2f} MB", most <= 1.2 * LIMIT)
    if len(clients) > 1:
        got = [end - before.get(identifier, 0) for identifier, end in after.items()]
        text = ", ".join(f"{bytes / 1e6:.1f}" for bytes in got)
        yield Row(f"{who}: the least gets 0.8 of the most", f"{text} MB", min(got) >= 0.8 * max(got))


def command(kind: str, path: Path, seconds: int, server: Server) -> list[str]:
    """How to send a file in a way, for longer than `seconds`."""
    if kind == "raw":
        return ["bash", "-c", 'exec cat "$0" >"/dev/tcp/127.0.0.1/$1"', str(path), str(server.raw_port)]
    return upload(kind, path, server, "--max-time", PATIENCE + seconds)


def sample(server: Server, seconds: int) -> list[tuple[float, float]]:
    """Time and bytes received so far, ten times per second and at both ends."""
    samples: list[tuple[float, float]] = []
    began = time.monotonic()
    while not samples or samples[-1][0] < began + seconds:
        bytes = server.metrics()[RECEIVED]
        samples.append((time.monotonic(), bytes))
        time.sleep(max(0, began + len(samples) / 10 - time.monotonic()))
    return samples


def fastest_second(samples: list[tuple[float, float]]) -> float:
    """The most bytes in a second that begins with a sample, interpolated at its end."""
    times = [when for when, _ in samples]
    most = 0.0
    for began, bytes in samples:
        end = bisect_left(times, began + 1)
        if 0 < end < len(samples):
            (before, least), (behind, more) = samples[end - 1], samples[end]
            most = max(most, least + (more - least) * (began + 1 - before) / (behind - before) - bytes)
    return most


def shares(server: Server, until: float) -> dict[str, int]:
    """Bytes of each upload that had received some at a time, by its ID."""
    lines = [line for when, line in list(server.events) if line["event"] == "progress" and when <= until]
    return {line["id"]: line["bytes"] for line in lines if line["bytes"] > 0}
