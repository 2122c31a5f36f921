"""Thousands of slow connections, by slowhttptest, while a good client uploads as fast as it can."""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import Row, Server, upload
from shared import MIB, Failure, kibibytes, output, require, spawned, wait_until

SIZE = 256 * MIB
# How long slowhttptest would run, in seconds; the limits must have ended all connections well before.
LENGTH = 240
MOST_MEMORY = 256 * MIB


@dataclass(frozen=True)
class Attack:
    name: str
    # For slowhttptest; the last is the path.
    arguments: list[str]
    ended_by: str
    # For the server, where the limit is off by default.
    options: tuple[str, ...] = ()
    # Whether connections are open at the same time; else they end with their responses.
    persists: bool = True


FORM = "multipart/form-data; boundary=x"
LEAST = ("--min-rate", "1kB/s")
READ_SLOWLY = ["-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "5"]
ATTACKS = [
    Attack("slow headers (-H)", ["-H", "-i", "10", "/"], "the header timeout of 20 s"),
    Attack("slow bodies (-B) that stop", ["-B", "-i", "60", "/stream-upload"], "--idle-timeout, by default 30s"),
    Attack("slow bodies (-B)", ["-B", "-i", "8", "/stream-upload"], "--min-rate 1kB/s", LEAST),
    Attack("slow forms (-B)", ["-B", "-i", "8", "-f", FORM, "/file-upload"], "--min-rate 1kB/s", LEAST),
    Attack("ranges (-R)", ["-R", "-t", "GET", "/files/one"], "their responses, the whole file at once", persists=False),
    Attack("slow reading (-X)", [*READ_SLOWLY, "/files/good"], "--idle-timeout, by default 30s"),
]


def rows(given: argparse.Namespace) -> Iterator[Row]:
    require("curl", "curl")
    require("slowhttptest", "slowhttptest")
    good = given.work / "good"
    good.write_bytes(bytes(SIZE))
    (given.work / "one").write_bytes(bytes(100_000))
    for attack in ATTACKS:
        with Server(given, "--on-duplicate", "replace", *attack.options) as server:
            store(server, given.work / "one")
            store(server, good)
            yield from under(attack, server, good, given)


def store(server: Server, path: Path) -> None:
    """Raises Failure unless the file is stored."""
    output(upload("stream", path, server, "--fail"))


def speed(server: Server, path: Path, seconds: int) -> float:
    """Bytes per second of one upload after the other."""
    began = time.monotonic()
    count = 0
    while time.monotonic() - began < seconds:
        store(server, path)
        count += 1
    return count * path.stat().st_size / (time.monotonic() - began)


def command(attack: Attack, server: Server, given: argparse.Namespace) -> list[object]:
    """How to run slowhttptest for an attack."""
    rate = given.connections // 2 if attack.persists else -(-given.connections // given.burst)
    *arguments, path = attack.arguments
    numbers = ["-c", given.connections, "-r", max(1, rate), "-l", LENGTH]
    return [require("slowhttptest", "slowhttptest"), *numbers, *arguments, "-u", f"{server.url}{path}"]


def words(process: subprocess.Popen[bytes], log: Path) -> str:
    """The result that slowhttptest prints, or that it is still running."""
    if process.poll() is None:
        return "slowhttptest is still running"
    text = re.sub(r"\x1b\[[\d;]*m", "", log.read_text(errors="replace"))
    found = re.search(r"Exit status: *(.+)", text)
    return f"slowhttptest: {found[1].strip() if found else text.strip()[-200:]}"


def under(attack: Attack, server: Server, good: Path, given: argparse.Namespace) -> Iterator[Row]:
    """Measures without and with the attack in turn, and waits until the last attack is over."""
    log = good.with_name("attack.log")
    calm: list[float] = []
    attacked: list[float] = []
    least = given.connections
    for round in range(given.rounds):
        calm.append(speed(server, good, given.burst))
        began = time.monotonic()
        with log.open("wb") as file, spawned(command(attack, server, given), stdout=file, stderr=file) as process:
            if attack.persists:
                wait_until(lambda: server.connections() >= given.connections, patience=8)
                least = min(least, server.connections())
            # The lowest priority, since an attacker has machines of its own. Not before its connections are open: that
            # would take so long that limits end the first ones before the last ones are open.
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
            attacked.append(speed(server, good, given.burst))
            if attack.persists:
                least = min(least, server.connections())
            if round == given.rounds - 1:
                wait_until(lambda: server.connections() <= 0, patience=LENGTH)
                took, rest, result = time.monotonic() - began, server.connections(), words(process, log)
        if not wait_until(lambda: server.connections() <= 0):
            raise Failure(f"{server.connections()} connections are still open after {attack.name}")
    ratio = statistics.median(fast / slow for fast, slow in zip(attacked, calm))
    yield Row(
        f"{attack.name}, {given.connections:,}: a good client has at least 0.8 of its speed",
        f"{ratio:.2f} ({statistics.median(calm) / 1e9:.2f} and {statistics.median(attacked) / 1e9:.2f} GB/s, medians"
        f" of {given.rounds}), while {f'at least {least:,} were open' if attack.persists else 'they ran'}",
        ratio >= 0.8 and least >= 0.9 * given.connections,
    )
    peak = kibibytes(f"/proc/{server.process_id}/status", "VmHWM")
    yield Row(f"{attack.name}: the server's memory under 256 MiB", f"peak {peak / MIB:.0f} MiB", peak < MOST_MEMORY)
    partial = server.partial_files()
    yield Row(
        f"{attack.name}: all ended by {attack.ended_by}",
        f"{rest} connections and {partial} partial files are left after {took:.0f} of {LENGTH} s; {result}",
        rest <= 0 and partial == 0 and took < LENGTH - 10,
    )
