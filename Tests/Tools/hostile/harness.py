"""What all parts use: the server and what can be observed of it, uploads, and the rows of the table."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import Failure, curl, run, spawn, wait_until

CLIENTS = Path(__file__).resolve().parent / "clients"
# Seconds to wait for anything: a bound against hanging, never a measure.
PATIENCE = 60
WAYS = ("stream", "chunked", "form", "raw")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def end_children() -> None:
    """Kills the children of all threads of this process that are left after a signal."""
    while True:
        try:
            lists = [(task / "children").read_text().split() for task in Path("/proc/self/task").iterdir()]
        except (FileNotFoundError, ProcessLookupError):  # A thread has ended and left its children to another.
            continue
        if not any(lists):
            return
        for child in [int(child) for children in lists for child in children]:
            with suppress(OSError):  # Ended meanwhile.
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def in_namespace(script: str, *arguments: str) -> list[str]:
    """A command that runs a shell script in a mount namespace of its own, as root there."""
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *rights, "sh", "-ec", script, *arguments]


class Server:
    """Runs in a `with` statement; then it is stopped and its directory removed.

    With `mount`, a shell command that mounts a file system on "$0", it has that as its directory: in a mount namespace
    of its own, so that no other process sees it and it ends with the server in any case.
    """

    def __init__(self, given: argparse.Namespace, *options: str, mount: str | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="server-", dir=given.work))
        uploads = self.home / "uploads"
        uploads.mkdir()
        command = [given.sluice, "serve", "--json", "--interval", "100ms", "--port", "0", "--raw-port", "0"]
        command += ["--dir", str(uploads), "--log-level", "error", *options]
        if mount is not None:
            command = in_namespace(f'{mount}; exec "$@"', str(uploads), *command)
        # Each with the time when it was received.
        self.events: list[tuple[float, dict[str, Any]]] = []
        log = self.home / "errors"
        with log.open("wb") as errors:
            self._process = spawn(command, cwd=given.work, stdout=subprocess.PIPE, stderr=errors)
        self.process_id = self._process.pid
        self._reader = threading.Thread(target=self._read_events, daemon=True)
        self._reader.start()
        wait_until(lambda: self.events or self._process.poll() is not None)
        if not self.events:
            said = log.read_text(errors="replace").strip()
            self.stop()
            raise Failure(f"the server did not start: {said}")
        listening = self.events[0][1]
        self.port, self.raw_port = int(listening["url"].rpartition(":")[2]), int(listening["rawPort"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.uploads = Path(f"/proc/{self.process_id}/root{uploads}") if mount else uploads
        self._own_sockets = self._sockets()

    def __enter__(self) -> Server:
        return self

    def stop(self, *_: object) -> None:
        """Stops the server by Ctrl-C, twice if necessary, and kills it when that takes more than a few seconds."""
        for patience in (0.5, 5):
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self._process.kill()
        self._process.wait()
        self._reader.join()
        shutil.rmtree(self.home, ignore_errors=True)

    __exit__ = stop

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.events.append((time.monotonic(), json.loads(line)))

    def find(self, event: str, **fields: object) -> tuple[float, dict[str, Any]] | None:
        """The first event of a kind with these fields."""
        wanted = {"event": event, **fields}.items()
        return next(((when, line) for when, line in list(self.events) if wanted <= line.items()), None)

    def descriptors(self) -> list[str]:
        """What the process's descriptors lead to."""
        found = []
        for entry in Path(f"/proc/{self.process_id}/fd").iterdir():
            with suppress(OSError):  # Closed meanwhile.
                found.append(os.readlink(entry))
        return found

    def _sockets(self) -> int:
        return sum(target.startswith("socket:") for target in self.descriptors())

    def connections(self) -> int:
        """Open connections: sockets, without those that the server has had from the beginning."""
        return self._sockets() - self._own_sockets

    def partial_files(self) -> int:
        """Files without a name that the server has open."""
        return sum(target.endswith(" (deleted)") for target in self.descriptors())

    def metrics(self) -> dict[str, float]:
        """The values of /metrics by the full names of their series."""
        text = DIRECT.open(f"{self.url}/metrics", timeout=PATIENCE).read().decode()
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}


@dataclass(frozen=True)
class Reply:
    """A response: `status` is 0 when there was none; `was_continued` tells whether 100 Continue came first."""

    status: int
    message: str
    was_continued: bool = False


def upload(way: str, path: Path, server: Server, *options: object, expect: str = "Expect:") -> list[str]:
    """How to upload a file under its own name with curl: as a `stream`, `chunked`, or as a `form`."""
    url = f"{server.url}/{path.name}"
    body = {
        "stream": ["-T", path, url],
        "chunked": ["-H", "Transfer-Encoding: chunked", "-T", path, url],
        "form": ["-F", f"file=@{path}", f"{server.url}/file-upload"],
    }[way]
    return curl("-H", expect, *options, *body)


def send(way: str, path: Path, server: Server) -> Reply:
    """Uploads a file under its own name. Raises Failure when the client fails."""
    if way == "raw":
        return _raw(path, server)
    expect = "Expect: 100-continue" if way == "stream" else "Expect:"
    ended = run(upload(way, path, server, "--verbose", "--max-time", PATIENCE, expect=expect))
    if ended.returncode != 0:
        raise Failure(f"curl exited with {ended.returncode}: {ended.stderr}")
    return _reply(ended.stdout, "< HTTP/1.1 100 " in ended.stderr)


def _raw(path: Path, server: Server) -> Reply:
    with socket.create_connection(("127.0.0.1", server.raw_port), timeout=PATIENCE) as connection:
        # An early rejection closes the connection; the response gives the reason.
        with suppress(OSError), path.open("rb") as file:
            connection.sendfile(file)
            connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as response:
            return _reply(response.read().decode())


def _reply(text: str, was_continued: bool = False) -> Reply:
    try:
        response = json.loads(text)
        return Reply(response["status"], response["msg"], was_continued)
    except (ValueError, KeyError):
        return Reply(0, f"no response: {text!r}", was_continued)


@dataclass
class Row:
    """What was asked, what was observed, and whether that is as asked; None for what was not tried."""

    asked: str
    seen: str
    passed: bool | None
    part: str = ""

    @property
    def result(self) -> str:
        return {True: "yes", False: "**no**", None: "-"}[self.passed]

    @property
    def line(self) -> str:
        return f"{self.result.strip('*'):3} {self.asked}: {self.seen}"


def tally(asked: str, outcomes: Iterable[str], wanted: str, runs: int) -> Row:
    """A row that passes when each of `runs` outcomes is the wanted one."""
    counts = Counter(outcomes)
    others = [f"{number:,} × {outcome}" for outcome, number in counts.most_common() if outcome != wanted]
    seen = "; ".join([f"{counts[wanted]:,} of {runs:,}", *([", ".join(others)] if others else [])])
    return Row(asked, seen, counts[wanted] == runs and not others)


def markdown(rows: list[Row]) -> str:
    lines = [["part", "asked", "seen", "passed"], ["---"] * 4]
    lines += [[row.part, row.asked, row.seen, row.result] for row in rows]
    cells = [[" ".join(cell.replace("|", "\\|").split()) for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)
