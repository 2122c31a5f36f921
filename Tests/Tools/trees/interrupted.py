"""Sends a directory through a proxy that cuts all connections, kills both sides, and compares what is stored."""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import content
from shared import MIB, Failure, count, wait_until
from shared.proxy import KINDS, Proxy, spread
from shared.rows import Row, none_of, note
from shared.sender import Sender
from shared.service import Service

# Runs of the client until it must have succeeded.
MOST_RUNS = 20
# Seconds until a run of the client must have ended.
PATIENCE = 1800
# Parts of the bytes after which a side is killed.
CLIENT_KILLED, SERVER_KILLED = 1 / 3, 2 / 3
# Seconds for which the server is away.
AWAY = 0.5


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--files", type=count, default=100_000, metavar="N", help="files of mixed sizes (100000)")
    parser.add_argument("--cuts", type=count, default=10, metavar="N", help="cuts of all connections (10)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    tree = given.work / "tree"
    total = content.mixed_tree(tree, given.files, given.random)
    note(f"{given.files:,} files, {total / MIB:,.0f} MiB")
    cuts = spread(given.random, int(total * 0.9), given.cuts)
    sender = Sender(given.program, given.work / "sender")
    begin = time.monotonic()
    with Service(given.program, given.work / "server") as server:
        with Proxy(server.port, cuts, cuts_all=True) as proxy:
            run = _Interruption(sender, server, proxy, tree, total)
            run.complete()
        leftovers = len(server.leftovers())
    seconds = time.monotonic() - begin
    yield Row(f"{given.files:,} files arrive", f"{total / MIB:,.0f} MiB in {seconds:.0f} s", run.status == 0)
    yield Row("`kill -9` of the client in the middle", run.client_kill, run.client_kill.startswith("after"))
    yield Row("`kill -9` of the server in the middle", run.server_kill, run.server_kill.startswith("after"))
    kinds = ", ".join(f"{sum(cut.kind == kind and cut.noticed is not None for cut in cuts)} {kind}" for kind in KINDS)
    done = all(cut.noticed is not None for cut in cuts)
    yield Row(f"all connections were interrupted {given.cuts} times", kinds, done)
    yield Row("runs of the client, all but the first with --skip-existing", f"{run.runs}, exit statuses {run.statuses}")
    yield from _compared(tree, server.directory / tree.name)
    extra = (proxy.sent - total) / MIB
    yield Row("bytes that the client sent besides the files", f"{extra:,.1f} MiB")
    left = f"{len(sender.journal())} in the client's journal, {leftovers} on the server"
    yield Row("files about unfinished uploads that are left", left)


def _compared(tree: Path, stored: Path) -> Iterator[Row]:
    found = content.compare(tree, stored)
    yield none_of("no file or directory is missing", found.missing, found.files + found.directories)
    yield none_of("SHA-256 of each file is equal", found.different, found.files)
    yield none_of("modification times are equal", found.other_time, found.files)
    others = sorted(set(found.extra) - set(found.numbered))
    yield none_of("nothing else is stored, besides copies with a number", others, found.files)
    some = f", such as {', '.join(sorted(found.numbered)[:3])}" if found.numbered else ""
    yield Row("copies with a number: of files whose response did not arrive", f"{len(found.numbered)}{some}")


class _Interruption:
    """Runs of the client until it succeeds, in which both sides are killed once."""

    def __init__(self, sender: Sender, server: Service, proxy: Proxy, tree: Path, total: int) -> None:
        self.sender, self.server, self.proxy, self.tree, self.total = sender, server, proxy, tree, total
        self.client_kill = self.server_kill = "the client had ended before"
        self.statuses: list[int] = []
        self.runs = 0

    @property
    def status(self) -> int | None:
        """The exit status of the last run; None when it was killed."""
        return self.statuses[-1] if self.statuses else None

    def complete(self) -> None:
        """Runs the client until it exits with 0. Raises Failure when that takes too many runs or too long."""
        self._run(self._kill_client)
        self._run(self._kill_server)
        while self.status != 0:
            if self.runs == MOST_RUNS:
                raise Failure(f"`sluice send` has not succeeded in {MOST_RUNS} runs: {self.sender.said}")
            self._run(lambda process: None)

    def _run(self, interrupt: Callable[[subprocess.Popen[bytes]], None]) -> None:
        self.runs += 1
        options: list[object] = ["--idle-timeout", "2s", "--answer-timeout", "20s"]
        if self.runs > 1:
            options.append("--skip-existing")
        with self.sender.running(self.tree, self.proxy.base, *options) as process:
            interrupt(process)
            if self.runs == 1 and process.poll() is None:
                return
            if not wait_until(lambda: process.poll() is not None, PATIENCE, 0.02):
                raise Failure(f"`sluice send` did not end within {PATIENCE} s: {self.sender.said}")
            self.statuses.append(process.returncode)
        note(f"run {self.runs} exited with {self.status}, {self.proxy.sent / MIB:,.0f} MiB sent")

    def _reached(self, process: subprocess.Popen[bytes], part: float) -> bool:
        """Waits until a part of all bytes was sent. Returns whether the client still runs."""
        wait_until(lambda: process.poll() is not None or self.proxy.sent >= part * self.total, PATIENCE, 0.002)
        return process.poll() is None

    def _kill_client(self, process: subprocess.Popen[bytes]) -> None:
        # The end of the `with` statement of a run kills the client.
        if self._reached(process, CLIENT_KILLED):
            self.client_kill = f"after {self.proxy.sent / MIB:,.0f} MiB"

    def _kill_server(self, process: subprocess.Popen[bytes]) -> None:
        if self._reached(process, SERVER_KILLED):
            self.server_kill = f"after {self.proxy.sent / MIB:,.0f} MiB"
            self.server.kill()
            time.sleep(AWAY)
            self.server.start()
