"""What things cost, by the kernel's own books in /proc."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from shared import Failure, kibibytes

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One upload, measured once. Sizes in bytes, times in seconds; None is what does not apply."""

    seconds: float
    """Until the answer was there; for clients, until the program had ended."""
    cpu: float
    """Processor time of the measured program, user and system, all its processes."""
    peak_rss: int | None
    """The most memory it was resident with, processes added up; None when it ended before that could be read."""
    seconds_to_disk: float | None = None
    """Until the answer was there and the stored file was synced."""
    cached: int | None = None
    """How much the page cache has grown."""
    unwritten: int | None = None
    """How much more of the page cache than before is still to be written to the disk."""
    receiver_busy: float | None = None
    """Share of the time for which the server that discards was working: at 1 it was what limited."""


def _fields(stat: str) -> list[str]:
    """The fields of /proc/PID/stat from the third on: the second is a name, and may hold anything."""
    return stat.rpartition(")")[2].split()


def _session(leader: int) -> dict[int, list[str]]:
    """The processes of a session, by their number, each with its fields."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = _fields((entry / "stat").read_text(errors="replace"))
            except OSError:
                continue  # It ended meanwhile.
            if int(fields[3]) == leader:
                found[int(entry.name)] = fields
    return found


def session_cpu(leader: int) -> float:
    """Processor seconds that all processes of a session have taken, with children that have ended."""
    return sum(int(ticks) for fields in _session(leader).values() for ticks in fields[11:15]) / TICKS


def session_peak_rss(leader: int) -> int:
    """The most bytes that the processes of a session were resident with, added up: what they share counts twice."""
    return sum(_peak_rss(process) for process in _session(leader))


def _peak_rss(process: int) -> int:
    try:
        return kibibytes(f"/proc/{process}/status", "VmHWM")
    except OSError:
        return 0


def cached() -> int:
    """Bytes in the page cache."""
    return kibibytes("/proc/meminfo", "Cached")


def unwritten() -> int:
    """Bytes of the page cache that the disk does not have yet."""
    return kibibytes("/proc/meminfo", "Dirty") + kibibytes("/proc/meminfo", "Writeback")


def run_client(command: list[str], environment: dict[str, str], timeout: float) -> Sample:
    """Runs a program to its end.

    Raises Failure when it ends with another status than 0, or not within `timeout` seconds.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    late = threading.Timer(timeout, process.kill)
    watch = _PeakWatch(process.pid)
    try:
        late.start()
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        late.cancel()
        watch.over.set()
        if process.returncode is None:
            process.kill()
            process.wait()
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read().decode(errors="replace").strip()
    if process.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {process.returncode}: {said}")
    return Sample(seconds, usage.ru_utime + usage.ru_stime, watch.peak or None)


class _PeakWatch(threading.Thread):
    """Looks at a program's peak memory until it ends; wait4 would tell that of this program instead, if larger."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.peak = _peak_rss(process)
        self._process = process

    def run(self) -> None:
        # The kernel keeps the peak, so a few looks are enough; at 200 a second they slowed a client down.
        while not self.over.wait(0.05):
            self.peak = max(self.peak, _peak_rss(self._process))


@dataclass(frozen=True)
class Machine:
    """What a number says little without."""

    processor: str
    cores: int
    memory: int
    kernel: str
    file_system: str
    load: float
    """How many programs wanted to run during the last minute: on a quiet machine near 0."""

    @staticmethod
    def here(directory: Path) -> Machine:
        """This machine, and the file system that `directory` is on."""
        return Machine(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory=kibibytes("/proc/meminfo", "MemTotal"),
            kernel=platform.release(),
            file_system=_file_system(directory),
            load=os.getloadavg()[0],
        )


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(directory: Path) -> str:
    """Its type, by the device in /proc/self/mountinfo: proc(5); "unknown" where it has none there."""
    device = os.stat(directory).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.split()[2] == number:
                return line.partition(" - ")[2].split()[0]
    return "unknown"
