"""Thousands of slow connections, by slowhttptest, while a good client uploads as fast as it can."""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from server import Server, Setting, require, wait_until
from shared import Failure, environment
from table import Row

MIB = 1 << 20
SIZE = 256 * MIB
# slowhttptest would go on for so long, in seconds; the limits must have ended everything well before.
LENGTH = 240
MOST_MEMORY = 256 * MIB


@dataclass(frozen=True)
class Attack:
    name: str
    arguments: list[str]
    """For slowhttptest; the last is the path."""
    ended_by: str
    options: tuple[str, ...] = ()
    """For the server, where the limit that ends it is off by default."""
    stays: bool = True
    """Its connections are held open; else they end with their answers, and come one after the other."""


FORM = "multipart/form-data; boundary=x"
LEAST = ("--min-rate", "1kB/s")
ATTACKS = [
    Attack("slow heads (-H)", ["-H", "-i", "10", "/"], "the 20 s that a head may take"),
    Attack("slow bodies (-B), silent ones", ["-B", "-i", "60", "/stream-upload"], "--idle-timeout, by default 30s"),
    Attack("slow bodies (-B)", ["-B", "-i", "8", "/stream-upload"], "--min-rate 1kB/s", LEAST),
    Attack("slow forms (-B)", ["-B", "-i", "8", "-f", FORM, "/file-upload"], "--min-rate 1kB/s", LEAST),
    Attack("ranges (-R)", ["-R", "-t", "GET", "/files/one"], "their answers, the whole file at once", stays=False),
    Attack(
        "slow reading (-X)",
        ["-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "5", "/files/good"],
        "--idle-timeout, by default 30s",
    ),
]


def add_options(group: argparse._ArgumentGroup, count: Callable[[str], int]) -> None:
    group.add_argument("--connections", type=count, default=2000, metavar="N", help="that are slow (2000)")
    group.add_argument("--rounds", type=count, default=5, metavar="N", help="without and with them, in turn (5)")
    group.add_argument("--burst", type=count, default=4, metavar="S", help="of uploading each time, in seconds (4)")


def rows(given: argparse.Namespace, setting: Setting) -> Iterator[Row]:
    require("curl", "curl")
    require("slowhttptest", "slowhttptest")
    good = setting.work / "good"
    with good.open("wb") as file:
        for _ in range(SIZE // MIB):
            file.write(bytes(MIB))
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
    command = [require("curl", "curl"), "--disable", "--silent", "--show-error", "--fail", "-H", "Expect:"]
    command += ["-T", str(path), f"{server.url}/{path.name}"]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Failure(f"the good client was not served: {ended.stderr.strip()}")


def speed(server: Server, path: Path, seconds: int) -> float:
    """Bytes a second of one upload after the other."""
    began = time.monotonic()
    count = 0
    while time.monotonic() - began < seconds:
        upload(server, path)
        count += 1
    return count * path.stat().st_size / (time.monotonic() - began)


class Attackers:
    """slowhttptest, from `with` to its end."""

    def __init__(self, attack: Attack, server: Server, given: argparse.Namespace, log: Path) -> None:
        count = given.connections
        rate = count // 2 if attack.stays else -(-count // given.burst)
        *arguments, path = attack.arguments
        command = [require("slowhttptest", "slowhttptest"), "-c", str(count), "-r", str(max(1, rate))]
        command += ["-l", str(LENGTH), *arguments, "-u", f"{server.url}{path}"]
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        self.began = time.monotonic()

    def __enter__(self) -> Attackers:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def give_way(self) -> None:
        """At the lowest priority from now on, since an attacker has machines of its own. Not before its connections are
        open: that would take so long that limits end the first ones before the last ones come."""
        os.setpriority(os.PRIO_PROCESS, self._process.pid, 19)

    @property
    def words(self) -> str:
        """What it says of its end; that it goes on when it does."""
        if self._process.poll() is None:
            return "slowhttptest still runs"
        text = re.sub(r"\x1b\[[\d;]*m", "", self._log.read_text(errors="replace"))
        found = re.search(r"Exit status: *(.+)", text)
        return f"slowhttptest: {found[1].strip() if found else text.strip()[-200:]}"


def under(attack: Attack, server: Server, base: int, good: Path, given: argparse.Namespace) -> Iterator[Row]:
    """Measures without and with the attack in turn, and waits for the end of the last; `base` is the server's sockets
    when nobody is connected."""
    calm: list[float] = []
    attacked: list[float] = []
    least = given.connections
    for round in range(given.rounds):
        calm.append(speed(server, good, given.burst))
        with Attackers(attack, server, given, good.with_name("attack.log")) as attackers:
            if attack.stays:
                wait_until(lambda: server.sockets() - base >= given.connections, patience=8)
                least = min(least, server.sockets() - base)
            attackers.give_way()
            attacked.append(speed(server, good, given.burst))
            if attack.stays:
                least = min(least, server.sockets() - base)
            if round == given.rounds - 1:
                wait_until(lambda: server.sockets() <= base, patience=LENGTH)
                took = time.monotonic() - attackers.began
                rest = server.sockets() - base
                words = attackers.words
        if wait_until(lambda: server.sockets() <= base) is None:
            raise Failure(f"{server.sockets() - base} connections stay although {attack.name} is over")
    ratio = statistics.median(fast / slow for fast, slow in zip(attacked, calm))
    yield Row(
        f"{attack.name}, {given.connections:,}: a good client keeps 0.8 of its speed",
        f"{ratio:.2f} ({statistics.median(calm) / 1e9:.2f} and {statistics.median(attacked) / 1e9:.2f} GB/s, medians"
        f" of {given.rounds}), while {f'at least {least:,} were open' if attack.stays else 'they came'}",
        ratio >= 0.8 and least >= 0.9 * given.connections,
    )
    peak = server.peak_rss()
    yield Row(f"{attack.name}: the server's memory under 256 MiB", f"peak {peak / MIB:.0f} MiB", peak < MOST_MEMORY)
    partial = server.partial_files()
    yield Row(
        f"{attack.name}: all ended by {attack.ended_by}",
        f"{rest} connections and {partial} partial files are left after {took:.0f} of {LENGTH} s; {words}",
        rest <= 0 and partial == 0 and took < LENGTH - 10,
    )
