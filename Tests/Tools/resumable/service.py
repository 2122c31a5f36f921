"""The server under test: started on one directory and one port, killed, and started again."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from shared import Failure, kibibytes, kill, spawned, wait_until

HIDDEN = ".sluice-uploads"


def free_port() -> int:
    """A port on which nothing listens, below those of outgoing connections: a client that retries its connection
    while the server is away cannot connect to itself."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="utf-8").split()[0])
    while True:
        port = random.randrange(max(low - 20_000, 1_024), low)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a program that has a session of its own, with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    kill(process)


class Service:
    """`sluice serve` in a `with` statement; in the end it is killed, its directory stays."""

    def __init__(self, program: str, home: Path, *options: object, prefix: list[str] | None = None) -> None:
        home.mkdir(exist_ok=True)
        self.home, self.directory, self.port = home, home / "uploads", free_port()
        self.base = f"http://127.0.0.1:{self.port}/"
        command = [program, "serve", "--port", self.port, "--dir", self.directory, "--log-level", "error", *options]
        self._command = [*(prefix or []), *command]
        self._stack = ExitStack()
        self.process: subprocess.Popen[bytes] | None = None
        self.log = home / "server.log"

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        """Starts the server and waits until it listens."""
        with self.log.open("ab") as log:
            options = {"stdout": log, "stderr": log, "cwd": self.home, "start_new_session": True}
            process = self._stack.enter_context(spawned(self._command, end_group, **options))
        self.process = process
        wait_until(lambda: process.poll() is not None or self._listens(), pause=0.005)
        if process.poll() is not None or not self._listens():
            said = self.log.read_text(errors="replace")[-1000:].strip()
            self.kill()
            raise Failure(f"the server did not start: {said}")

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def kill(self) -> None:
        """`kill -9`."""
        self._stack.close()
        self.process = None

    @property
    def process_id(self) -> int:
        """The process ID; 0 when it does not run."""
        return self.process.pid if self.process is not None else 0

    def peak_rss(self) -> int:
        """The peak of its resident memory in bytes."""
        return kibibytes(f"/proc/{self.process_id}/status", "VmHWM")

    def part(self, identifier: str) -> Path:
        """The file that has the content of an unfinished upload."""
        return self.directory / HIDDEN / f"{identifier}.part"

    def leftovers(self) -> list[str]:
        """What is stored of unfinished and of remembered uploads."""
        hidden = self.directory / HIDDEN
        return sorted(str(path.relative_to(hidden)) for path in hidden.rglob("*") if path.is_file())
