"""Kills the server at random moments during resumable uploads of both protocols, and starts it again."""

from __future__ import annotations

import argparse
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from protocols import END, HEAD, PROGRESS, PROTOCOLS, Upload, forget_finished
from shared import MIB, Failure, count, digest, wait_until
from shared.rows import Row, none_of, note
from shared.service import Service
from shared.source import Source

# Seconds without progress after which an upload has failed.
PATIENCE = 60


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=200, metavar="N", help="how often the server is killed (200)")
    parser.add_argument("--size", type=count, default=64, metavar="MIB", help="size of each file in MiB (64)")
    parser.add_argument("--jobs", type=count, default=4, metavar="N", help="uploads at once (4)")
    text = "longest time until a kill, in ms (600)"
    parser.add_argument("--window", type=count, default=600, metavar="MS", help=text)


class Observations:
    """What the clients have seen, from all their threads."""

    def __init__(self, server: Service) -> None:
        self.server = server
        self.counts: Counter[str] = Counter()
        self.decreases: list[str] = []
        self.excesses: list[str] = []
        self.differences: list[str] = []
        self.errors: list[str] = []
        self.lock = threading.Lock()

    def observe(self, upload: Upload, offset: int, origin: str) -> None:
        """Checks an offset that the server has announced."""
        with self.lock:
            self.counts[origin] += 1
        if offset < upload.announced:
            self.decreases.append(f"{upload.name} ({upload.protocol}): {offset} after {upload.announced}")
        # Behind HEAD no other request changes the file.
        if origin == HEAD and 0 < offset < upload.source.size:
            self._compare(upload, offset)

    def _compare(self, upload: Upload, offset: int) -> None:
        part = self.server.part(upload.identifier)
        try:
            size, wrong = part.stat().st_size, upload.source.differs(part, offset)
        except FileNotFoundError:
            size, wrong = 0, 0
        if size < offset:
            self.excesses.append(f"{upload.name} ({upload.protocol}): offset {offset}, file {size}")
        elif wrong is not None:
            self.excesses.append(f"{upload.name} ({upload.protocol}): other content from {wrong} before {offset}")
        with self.lock:
            self.counts["compared"] += 1


def rows(given: argparse.Namespace) -> Iterator[Row]:
    # Uploads whose creation was not heard of by their client must expire within the patience of the last check.
    options = ["--expire-unfinished", "120s"]
    with Service(given.program, given.work / "server", *options) as server:
        seen = Observations(server)
        sources = [Source(given.work / f"source-{job}", given.size * MIB) for job in range(given.jobs)]
        over, stopped, busy = threading.Event(), threading.Event(), threading.Semaphore(0)
        with ThreadPoolExecutor(given.jobs) as pool:
            try:
                shared = (server, seen, over, stopped, busy)
                working = [pool.submit(_work, job, source, *shared) for job, source in enumerate(sources)]
                restarts = _kill_repeatedly(given, server, busy, seen)
            except BaseException:
                stopped.set()
                raise
            finally:
                over.set()
            for job in working:
                job.result()
        counts = seen.counts
        offsets = sum(counts[origin] for origin in (HEAD, PROGRESS, END))
        yield Row("the server was killed and started again", f"{restarts:,} times", restarts == given.rounds)
        yield Row("announced offsets", ", ".join(f"{counts[key]:,} by {key}" for key in (HEAD, END, PROGRESS)))
        yield none_of("an announced offset is never less than one before", seen.decreases, offsets)
        yield none_of("the file has all bytes before the announced offset", seen.excesses, counts["compared"])
        complete = f"{counts['files']:,} files, {counts['resumed']:,} of them in several requests"
        yield Row("files were uploaded", complete, counts["resumed"] > 0 and not seen.errors)
        yield none_of("no client fails", seen.errors, counts["files"])
        yield none_of("SHA-256 of each file is equal", seen.differences, counts["files"])
        yield nothing_left(server)


def nothing_left(server: Service, patience: float = 200) -> Row:
    """A row that passes when all that belongs to unfinished uploads is deleted in time."""
    begin = time.monotonic()
    for identifier in {name.partition(".")[0] for name in server.leftovers()}:
        forget_finished(server.base, identifier)
    wait_until(lambda: not server.leftovers(), patience, 0.5)
    if not server.leftovers():
        return Row("nothing is left over", f"after {time.monotonic() - begin:.1f} s", True)
    # At the start of a server, everything that has expired is deleted.
    server.kill()
    server.start()
    wait_until(lambda: not server.leftovers(), 5, 0.1)
    left = server.leftovers()
    seen = f"{len(left)} files after {patience:.0f} s, such as {left[0]}" if left else "only after one more restart"
    return Row("nothing is left over", seen, False)


def _kill_repeatedly(
    given: argparse.Namespace, server: Service, busy: threading.Semaphore, seen: Observations
) -> int:
    for restart in range(given.rounds):
        # Not before a client has sent something since the last start.
        while busy.acquire(blocking=False):
            pass
        if not busy.acquire(timeout=PATIENCE) or seen.errors:
            return restart
        time.sleep(given.random.uniform(0, given.window / 1000))
        server.kill()
        server.start()
        if (restart + 1) % 20 == 0:
            note(f"{restart + 1} of {given.rounds} restarts, {seen.counts['files']} files")
    return restart + 1


def _work(
    job: int, source: Source, server: Service, seen: Observations, over: threading.Event, stopped: threading.Event,
    busy: threading.Semaphore,
) -> None:
    """Uploads a file again and again, under new names, until `over` is set, which ends it after a file, or `stopped`,
    which ends it in the middle of one."""
    number = 0
    while not over.is_set() and not seen.errors:
        number += 1
        upload = PROTOCOLS[job % len(PROTOCOLS)](server.base, source, f"file-{job}-{number}")

        def observe(offset: int, origin: str, upload: Upload = upload) -> None:
            seen.observe(upload, offset, origin)
            busy.release()

        upload.observe = observe
        try:
            upload.complete(PATIENCE, stopped)
            _finish(upload, server, seen)
        except (Failure, OSError) as failure:
            seen.errors.append(f"{upload.protocol}: {failure}")


def _finish(upload: Upload, server: Service, seen: Observations) -> None:
    stored = server.directory / upload.name
    found = digest(stored) if stored.is_file() else "no file"
    if found != upload.source.digest:
        seen.differences.append(f"{upload.name} ({upload.protocol}): {found}")
    stored.unlink(missing_ok=True)
    upload.retried(upload.cancel, PATIENCE)
    with seen.lock:
        seen.counts["files"] += 1
        # Creation, HEAD, PATCH and DELETE are four.
        seen.counts["resumed"] += upload.requests > 4
