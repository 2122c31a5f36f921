"""`sluice send`, with a state directory of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared import Failure, environment, kibibytes, repeated, spawned, wait_until
from shared.listener import end_group
from shared.places import LOOPBACK, Place


@dataclass
class Sender:
    """How files are sent. `home` has the journal of uploads, and the log of errors."""

    program: str
    home: Path
    place: Place = LOOPBACK

    @contextmanager
    def running(self, path: str | Path, to: str, *options: object) -> Iterator[subprocess.Popen[bytes]]:
        """Sends a file or a directory in a `with` statement, which kills it in the end."""
        state = self.home / "state"
        state.mkdir(parents=True, exist_ok=True)
        words = [*self.place.prefix, self.program, "send", path, "--to", to, "--quiet", *options]
        variables = {**environment(), "XDG_STATE_HOME": str(state)}
        with (self.home / "send.log").open("ab") as log:
            options_of_process = {"env": variables, "stdout": log, "stderr": log, "start_new_session": True}
            with spawned(words, end_group, **options_of_process) as process:
                yield process

    def send(self, path: str | Path, to: str, *options: object, patience: float = 600) -> Sent:
        """Sends a file or directory to the end. Raises Failure when it fails or takes over `patience` seconds."""
        begin = time.perf_counter()
        with self.running(path, to, *options) as process:
            peaks = [0]
            # The kernel keeps the peak: a few readings are enough.
            with repeated(lambda: peaks.append(kibibytes(f"/proc/{process.pid}/status", "VmHWM")), 0.05):
                ended = wait_until(lambda: process.poll() is not None, patience, 0.002)
            seconds = time.perf_counter() - begin
            if not ended:
                raise Failure(f"sluice send did not end within {patience:.0f} s: {self.said}")
            if process.returncode != 0:
                raise Failure(f"sluice send exited with {process.returncode}: {self.said}")
        return Sent(seconds, max(peaks))

    @property
    def said(self) -> str:
        """The end of what was printed."""
        return (self.home / "send.log").read_text(errors="replace")[-500:].strip() or "nothing was printed"

    def is_noted(self, path: Path) -> bool:
        """Whether the journal has an upload of this file."""
        for entry in (self.home / "state").rglob("*.json"):
            with suppress(FileNotFoundError):
                if json.loads(entry.read_text())["path"] == str(path.resolve()):
                    return True
        return False

    def journal(self) -> list[str]:
        """Files of the journal, without the empty locks that kills leave: the next program that lists the journal
        deletes them."""
        files = [path for path in (self.home / "state").rglob("*") if path.is_file() and path.suffix != ".lock"]
        return [str(path.relative_to(self.home)) for path in files]


@dataclass(frozen=True)
class Sent:
    """What it took: seconds, and the peak of the resident memory in bytes."""

    seconds: float
    peak_rss: int
