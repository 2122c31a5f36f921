"""What uploads cost, by the kernel's counts."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import Failure, kibibytes, run

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
    """Bytes of the page cache that are not on the disk yet."""
    return kibibytes("/proc/meminfo", "Dirty") + kibibytes("/proc/meminfo", "Writeback")


def run_client(command: list[str], environment: dict[str, str], timeout: float) -> Sample:
    """Runs a program to its end.

    Raises Failure unless it exits with 0 within `timeout` seconds.
    """
    before, start = _children_cpu(), time.perf_counter()
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdin=null, stdout=null, stderr=subprocess.PIPE, text=True)
    peaks, over = [_peak_rss(process.pid)], threading.Event()

    def watch() -> None:
        # The usage that wait4 returns would include this process before exec. The kernel keeps the peak, so a few
        # readings are enough; 200 per second slowed a client down.
        while not over.wait(0.05):
            peaks.append(_peak_rss(process.pid))

    threading.Thread(target=watch, daemon=True).start()
    try:
        _, said = process.communicate(timeout=timeout)
        seconds = time.perf_counter() - start
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{' '.join(command)} did not end within {timeout:g} s") from late
    finally:
        over.set()
        process.kill()
        process.wait()
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
