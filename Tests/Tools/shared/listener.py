"""A server that runs in a `with` statement, on one port."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from shared import Failure, kibibytes, kill, spawned, wait_until
from shared.places import LOOPBACK, Place, free_port, listens


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a program that has a session of its own, with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    kill(process)


class Listener:
    """A server program. A subclass sets `command`. In the end it is killed; what it has stored in `home` is not
    removed."""

    command: list[object]

    def __init__(self, home: Path, place: Place = LOOPBACK) -> None:
        home.mkdir(exist_ok=True)
        self.home, self.place, self.port = home, place, free_port()
        self.base = f"http://{place.address}:{self.port}/"
        self.log = home / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        """Starts the server and waits until it listens."""
        with self.log.open("ab") as log:
            options = {"stdout": log, "stderr": log, "cwd": self.home, "start_new_session": True}
            command = [*self.place.prefix, *self.command]
            process = self._stack.enter_context(spawned(command, end_group, **options))
        self.process = process
        wait_until(lambda: process.poll() is not None or listens(process.pid, self.port), pause=0.005)
        if process.poll() is not None or not listens(process.pid, self.port):
            said = self.log.read_text(errors="replace")[-1000:].strip()
            self.kill()
            raise Failure(f"the server did not start: {said}")

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
