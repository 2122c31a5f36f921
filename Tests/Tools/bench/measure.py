"""What uploads cost, by the kernel's counts."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs import environment
from shared import Failure, kibibytes, repeated, run, spawned

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One upload, measured once. Sizes in bytes, times in seconds; None for what does not apply."""

    # Until the response was complete; for clients, until the program had exited.
    seconds: float
    # CPU time of the measured program, user and system, all its processes.
    cpu: float
    # Peak of the resident memory, the sum of all processes; None when the program exited before that could be read.
    peak_rss: int | None
    # Until the response was complete and the stored file was synced.
    seconds_to_disk: float | None = None
    # Growth of the page cache.
    cached: int | None = None
    # Growth of the part of the page cache that is not written to the disk yet.
    unwritten: int | None = None
    # Share of the time for which the discarding server used a processor; at 1 it was the bottleneck.
    receiver_busy: float | None = None


def _session(leader: int) -> dict[int, list[str]]:
    """The processes of a session: by process ID, the fields of /proc/PID/stat after the name."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # Ended meanwhile.
            # The name in brackets may contain anything.
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == leader:
                found[int(entry.name)] = fields
    return found


def session_cpu(leader: int) -> float:
    """CPU seconds of all processes of a session and of their children that have ended."""
    return sum(int(ticks) for fields in _session(leader).values() for ticks in fields[11:15]) / TICKS


def session_peak_rss(leader: int) -> int:
    """The peaks of resident memory of all processes of a session, added up; shared pages count for each."""
    return sum(peak_rss(process) for process in _session(leader))


def peak_rss(process: int) -> int:
    """The peak of a process's resident memory, in bytes; 0 when it has ended."""
    return kibibytes(f"/proc/{process}/status", "VmHWM")


def cached() -> int:
    """Bytes in the page cache."""
    return kibibytes("/proc/meminfo", "Cached")


def unwritten() -> int:
    """Bytes of the page cache that are not on the disk yet."""
    return kibibytes("/proc/meminfo", "Dirty") + kibibytes("/proc/meminfo", "Writeback")


def run_client(command: list[str]) -> Sample:
    """Runs a program to its end. Raises Failure unless it exits with 0 within ten minutes."""
    before, start = _children_cpu(), time.perf_counter()
    with spawned(command, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        # The usage that wait4 returns would include this process before exec. The kernel keeps the peak, so a few
        # readings are enough; 200 per second slowed a client down.
        peaks = [peak_rss(process.pid)]
        with repeated(lambda: peaks.append(peak_rss(process.pid)), 0.05):
            try:
                _, said = process.communicate(timeout=600)
            except subprocess.TimeoutExpired as late:
                raise Failure(f"{' '.join(command)} did not end within 600 s") from late
            seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise Failure(f"{' '.join(command)} exited with {process.returncode}: {said.strip()}")
    return Sample(seconds, _children_cpu() - before, max(peaks) or None)


def _children_cpu() -> float:
    """CPU seconds of all children of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def machine(directory: Path) -> dict[str, Any]:
    """This machine with the file system of `directory`, and its load: near 0 when it is idle."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        processors = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": (processors or [platform.machine()])[0],
        "cores": len(os.sched_getaffinity(0)),
        "memory": kibibytes("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "fileSystem": run(["findmnt", "-n", "-o", "FSTYPE", "-T", directory]).stdout.strip() or "unknown",
        "load": os.getloadavg()[0],
    }
