"""A running `sluice serve --json`, and what can be seen of it from outside."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import Failure, environment, kibibytes, which

CLIENTS = Path(__file__).resolve().parent / "clients"
# Seconds after which what was waited for will not come: a bound against hanging, never a measure.
PATIENCE = 60


class Absence(Failure):
    """A program or a right that this machine does not have."""


@dataclass(frozen=True)
class Setting:
    """What every part is given."""

    sluice: str
    work: Path
    """A directory on the disk to write to; removed in the end."""


def require(program: str, package: str) -> str:
    """Where a program is. Raises Absence with the way to get it."""
    if (found := which(program)) is None:
        raise Absence(f"{program} is not installed: apt-get install {package}")
    return found


def wait_until(condition: Callable[[], Any], patience: float = PATIENCE) -> float | None:
    """Looks a hundred times a second; the seconds until it was so, or None when it never was."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > patience:
            return None
        time.sleep(0.01)
    return time.monotonic() - began


def end_children() -> None:
    """Ends whatever this process has started and a signal kept from being ended where it was started."""
    while (children := _children()) != []:
        for child in children or []:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except OSError:
                pass  # Ended and waited for meanwhile.


def _children() -> list[int] | None:
    """The processes started by each thread of this one; None when a thread has ended meanwhile and left its to another."""
    found: list[int] = []
    try:
        for task in Path("/proc/self/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return found


class Server:
    """Runs from `with` to its end; stopped then, and its directory removed.

    With `mount`, a shell command that mounts a file system on "$0", it has that as its directory: in a mount namespace
    of its own, so that nobody else sees it and it is gone with the server whatever happens here.
    """

    def __init__(self, setting: Setting, *options: str, mount: str | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="server-", dir=setting.work))
        uploads = self.home / "uploads"
        uploads.mkdir()
        command = [setting.sluice, "serve", "--json", "--interval", "100ms", "--port", "0", "--raw-port", "0"]
        command += ["--dir", str(uploads), *options]
        if mount is not None:
            rights = [] if os.geteuid() == 0 else ["--map-root-user"]
            command = ["unshare", "--mount", *rights, "sh", "-ec", f'{mount}; exec "$@"', str(uploads), *command]
        self.events: list[tuple[float, dict[str, Any]]] = []
        """Each with the time of its coming."""
        self._process = subprocess.Popen(
            command,
            cwd=setting.work,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.process_id = self._process.pid
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_events, self._read_errors)]
        for reader in self._readers:
            reader.start()
        wait_until(lambda: self.events or self._process.poll() is not None)
        if not self.events:
            self.stop()
            raise Failure(f"the server did not start: {' '.join(self._errors).strip()}")
        listening = self.events[0][1]
        self.port = int(listening["url"].rpartition(":")[2])
        self.raw_port = int(listening["rawPort"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.uploads = Path(f"/proc/{self.process_id}/root{uploads}") if mount else uploads

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it, with force where Ctrl-C does not within a few seconds."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(0.5)
            self._process.send_signal(signal.SIGINT)
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        shutil.rmtree(self.home, ignore_errors=True)

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.events.append((time.monotonic(), json.loads(line)))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            self._errors.extend(lines)

    def find(self, event: str, **fields: object) -> tuple[float, dict[str, Any]] | None:
        """The first event of that kind with these fields."""
        for when, line in list(self.events):
            if line["event"] == event and all(line.get(name) == value for name, value in fields.items()):
                return when, line
        return None

    def descriptors(self) -> list[str]:
        """What the process's descriptors lead to."""
        folder = Path(f"/proc/{self.process_id}/fd")
        found = []
        for entry in os.listdir(folder):
            try:
                found.append(os.readlink(folder / entry))
            except OSError:
                pass  # Closed meanwhile.
        return found

    def sockets(self) -> int:
        return sum(target.startswith("socket:") for target in self.descriptors())

    def partial_files(self) -> int:
        """Files without a name that it holds open."""
        return sum(target.endswith(" (deleted)") for target in self.descriptors())

    def peak_rss(self) -> int:
        """The most memory that it was resident with, in bytes."""
        return kibibytes(f"/proc/{self.process_id}/status", "VmHWM")

    def metrics(self) -> dict[str, float]:
        """What /metrics says, by the series' whole names."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/metrics", headers={"Connection": "close"})
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}
