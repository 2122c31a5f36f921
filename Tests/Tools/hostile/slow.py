"""Thousands of slow connections, by slowhttptest, while a good client uploads as fast as it can."""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import Row, Server, Setting, wait_until
from shared import MIB, Failure, curl, environment, output, require

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


def rows(given: argparse.Namespace, setting: Setting) -> Iterator[Row]:
    require("curl", "curl")
    require("slowhttptest", "slowhttptest")
    good = setting.work / "good"
    good.write_bytes(bytes(SIZE))
    (setting.work / "one").write_bytes(bytes(100_000))
    for attack in ATTACKS:
        options = ("--on-duplicate", "replace", "--log-level", "error", *attack.options)
        with Server(setting, *options) as server:
            base = server.sockets()
            upload(server, setting.work / "one")
            upload(server, good)
            yield from under(attack, server, base, good, given)


def upload(server: Server, path: Path) -> None:
    """Raises Failure unless the file is stored."""
    output(curl("--fail", "-H", "Expect:", "-T", path, f"{server.url}/{path.name}"))


def speed(server: Server, path: Path, seconds: int) -> float:
    """Bytes per second of one upload after the other."""
    began = time.monotonic()
    count = 0
    while time.monotonic() - began < seconds:
        upload(server, path)
        count += 1
    return count * path.stat().st_size / (time.monotonic() - began)


@contextmanager
def attackers(
    attack: Attack, server: Server, given: argparse.Namespace, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs slowhttptest, which writes to a log."""
    rate = given.connections // 2 if attack.persists else -(-given.connections // given.burst)
    *arguments, path = attack.arguments
    command = [require("slowhttptest", "slowhttptest"), "-c", str(given.connections), "-r", str(max(1, rate))]
    command += ["-l", str(LENGTH), *arguments, "-u", f"{server.url}{path}"]
    null = subprocess.DEVNULL
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment(), stdin=null, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def words(process: subprocess.Popen[bytes], log: Path) -> str:
    """The result that slowhttptest prints, or that it is still running."""
    if process.poll() is None:
        return "slowhttptest is still running"
    text = re.sub(r"\x1b\[[\d;]*m", "", log.read_text(errors="replace"))
    found = re.search(r"Exit status: *(.+)", text)
    return f"slowhttptest: {found[1].strip() if found else text.strip()[-200:]}"


def under(attack: Attack, server: Server, base: int, good: Path, given: argparse.Namespace) -> Iterator[Row]:
    """Measures without and with the attack in turn, and waits until the last attack is over; `base` is the number of
    sockets that the server has without a connection."""
    log = good.with_name("attack.log")
    calm: list[float] = []
    attacked: list[float] = []
    least = given.connections
    for round in range(given.rounds):
        calm.append(speed(server, good, given.burst))
        began = time.monotonic()
        with attackers(attack, server, given, log) as process:
            if attack.persists:
                wait_until(lambda: server.sockets() - base >= given.connections, patience=8)
                least = min(least, server.sockets() - base)
            # The lowest priority, since an attacker has machines of its own. Not before its connections are open: that
            # would take so long that limits end the first ones before the last ones are open.
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
            attacked.append(speed(server, good, given.burst))
            if attack.persists:
                least = min(least, server.sockets() - base)
            if round == given.rounds - 1:
                wait_until(lambda: server.sockets() <= base, patience=LENGTH)
                took = time.monotonic() - began
                rest = server.sockets() - base
                result = words(process, log)
        if wait_until(lambda: server.sockets() <= base) is None:
            raise Failure(f"{server.sockets() - base} connections are still open after {attack.name}")
    ratio = statistics.median(fast / slow for fast, slow in zip(attacked, calm))
    yield Row(
        f"{attack.name}, {given.connections:,}: a good client has at least 0.8 of its speed",
        f"{ratio:.2f} ({statistics.median(calm) / 1e9:.2f} and {statistics.median(attacked) / 1e9:.2f} GB/s, medians"
        f" of {given.rounds}), while {f'at least {least:,} were open' if attack.persists else 'they ran'}",
        ratio >= 0.8 and least >= 0.9 * given.connections,
    )
    peak = server.peak_rss()
    yield Row(f"{attack.name}: the server's memory under 256 MiB", f"peak {peak / MIB:.0f} MiB", peak < MOST_MEMORY)
    partial = server.partial_files()
    yield Row(
        f"{attack.name}: all ended by {attack.ended_by}",
        f"{rest} connections and {partial} partial files are left after {took:.0f} of {LENGTH} s; {result}",
        rest <= 0 and partial == 0 and took < LENGTH - 10,
    )
