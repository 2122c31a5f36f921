"""Simulates power failures: each leaves all writes before the last sync, and a random part of the later ones."""

from __future__ import annotations

import argparse
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from http_exchange import Broken
from mounts import Mounts
from protocols import PROTOCOLS, Upload, put, speaks
from recording import Failure as PowerFailure
from recording import Recording
from shared import MIB, Failure, count, digest
from shared.rows import Row, note
from shared.service import Service
from shared.source import Source

PATIENCE = 60


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=50, metavar="N", help="number of images (50)")
    parser.add_argument("--control", action="store_true", help="with --durability none, which must lose bytes")
    parser.add_argument("--plain", action="store_true", help="only plain uploads")
    parser.add_argument("--uploads", type=count, default=12, metavar="N", help="uploads of each kind (12)")
    parser.add_argument("--size", type=count, default=16, metavar="MIB", help="size of resumable uploads in MiB (16)")


@dataclass(frozen=True)
class Promise:
    """What the server has said: at least `offset` bytes of an upload are kept; None for the whole file. The time is
    that of the monotonic clock in ns."""

    when: int
    name: str
    source: Source
    offset: int | None = None
    upload: Upload | None = None


class Workload:
    """The clients whose uploads are recorded."""

    def __init__(self, given: argparse.Namespace, base: str) -> None:
        self.given, self.base = given, base
        self.promises: list[Promise] = []
        self._lock = threading.Lock()

    def promise(self, name: str, source: Source, offset: int | None = None, upload: Upload | None = None) -> None:
        with self._lock:
            self.promises.append(Promise(time.monotonic_ns(), name, source, offset, upload))

    def run(self) -> None:
        numbers, names = self.given.random, range(self.given.uploads)
        protocols = [] if self.given.plain else PROTOCOLS
        plain = [Source(self.given.work / f"plain-{number}", 3 * MIB + number * 4097) for number in names]
        jobs: list[Callable[[], None]] = [lambda: self._plain(plain)]
        for protocol in protocols:
            for lane in range(2):
                chosen = [number for number in names if number % 2 == lane]
                seeds = [numbers.randrange(1 << 31) for _ in chosen]
                jobs.append(lambda a=protocol, b=chosen, c=seeds: self._resumable(a, b, c))  # type: ignore[misc]
        with ThreadPoolExecutor(len(jobs)) as pool:
            for job in [pool.submit(job) for job in jobs]:
                job.result()

    def _plain(self, sources: list[Source]) -> None:
        for source in sources:
            put(self.base, source, source.path.name)
            self.promise(source.path.name, source)
            time.sleep(0.05)

    def _resumable(self, protocol: type[Upload], chosen: list[int], seeds: list[int]) -> None:
        for number, seed in zip(chosen, seeds, strict=True):
            # An odd size: the last block is never full.
            size = self.given.size * MIB + 1001 * number + 1
            source = Source(self.given.work / f"{protocol.protocol}-{number}", size)
            upload = protocol(self.base, source, source.path.name)
            upload.observe = lambda offset, origin, of=upload: self.promise(of.name, of.source, offset, of)  # type: ignore[misc]
            self._interrupt(upload, seed)
            # Every fourth stays unfinished.
            if number % 4 != 3:
                upload.complete(PATIENCE)
                self.promise(upload.name, source)

    def _interrupt(self, upload: Upload, seed: int) -> None:
        """Sends about four fifths of an upload, in requests that are broken off at odd offsets."""
        upload.create()
        for number in range(1, 5):
            offset = upload.ask()
            wanted = upload.source.size * number // 5 + seed % 10_000
            if offset < wanted:
                with suppress(Broken, OSError):
                    upload.append(offset, wanted)
            time.sleep(seed % 97 / 1000)
        upload.ask()


class Losses:
    """What is missing after the power failures."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.offsets: list[str] = []
        self.partial: list[str] = []
        self.incomplete: list[str] = []
        self.lost_bytes = self.checked_files = self.checked_offsets = self.completed = 0

    def compare_files(self, directory: Path, promised: list[Promise]) -> None:
        """Checks files that were acknowledged."""
        for promise in promised:
            self.checked_files += 1
            stored = directory / promise.name
            if not stored.is_file() or digest(stored) != promise.source.digest:
                self.files.append(f"{promise.name}: {'other content' if stored.is_file() else 'no file'}")
                self.lost_bytes += promise.source.size

    def compare_upload(self, server: Service, promise: Promise, best: int) -> None:
        """Checks an upload whose offset was announced, and continues it to its end."""
        old = promise.upload
        assert old is not None
        upload = type(old)(server.base, promise.source, promise.name)
        upload.url = f"{server.base}uploads/{old.identifier}"
        self.checked_offsets += 1
        try:
            offset = upload.ask()
        except Failure as failure:
            # Also without bytes: its creation was acknowledged.
            self.offsets.append(str(failure))
            self.lost_bytes += best
            return
        # An upload of tus of which all bytes are recorded has been published when the server started.
        places = [place for place in (server.part(old.identifier), server.directory / promise.name) if place.is_file()]
        wrong = promise.source.differs(places[0], offset) if places else 0
        if offset < best or (wrong is not None and offset > 0):
            self.offsets.append(f"{promise.name}: announced {best}, now {offset}, content differs from {wrong}")
            self.lost_bytes += best - min(offset, best if wrong is None else wrong)
            return
        try:
            upload.complete(PATIENCE)
            self.completed += 1
            if digest(server.directory / promise.name) != promise.source.digest:
                self.incomplete.append(f"{promise.name}: other content")
        except (Failure, OSError) as failure:
            self.incomplete.append(str(failure))


def rows(given: argparse.Namespace) -> Iterator[Row]:
    durability = ["--durability", "none" if given.control else "full", "--min-free", "1MiB"]
    with Mounts(given.work) as mounts:
        megabytes = 128 + given.uploads * (3 if given.plain else 4 + 2 * given.size)
        disk, log, base = mounts.make_disk(megabytes)
        directory = mounts.mount_recorded(disk, log)
        mounts.set_boot_identifier(str(uuid.uuid4()))
        begin = time.monotonic_ns()
        with Service(given.program, directory / "server", *durability) as server:
            if not given.plain and len(speaks(server.base)) < 2:
                raise Failure("the server does not speak both protocols; --plain for plain uploads only")
            workload = Workload(given, server.base)
            workload.run()
            finish = time.monotonic_ns()
        mounts.unmount_all()
        recording = Recording(log)
        syncs = sum(recording.entries[index].when > begin for index in recording.syncs)
        acknowledged = sum(promise.offset is None for promise in workload.promises)
        offsets = len(workload.promises) - acknowledged
        seen = f"{len(recording.entries) - len(recording.syncs):,} writes, {len(recording.syncs):,} syncs"
        seen += f"; {acknowledged} files acknowledged, {offsets} offsets announced"
        yield Row("recorded", seen, True if syncs or given.control else False)
        losses = Losses()
        failures = recording.failures(given.rounds, begin, finish, given.random)
        for number, failure in enumerate(failures):
            recording.advance(base, failure)
            image = given.work / "image"
            shutil.copyfile(base, image)
            written, total = recording.lose(image, failure, given.random)
            note(f"image {number + 1} of {given.rounds}: {written} of {total} blocks after the last sync")
            _compare(given, mounts, image, workload, failure, losses, durability)
    yield from _results(given, losses, len(failures))


def _compare(
    given: argparse.Namespace, mounts: Mounts, image: Path, workload: Workload, failure: PowerFailure, losses: Losses,
    options: list[str],
) -> None:
    promises = [promise for promise in workload.promises if promise.when <= failure.when]
    directory = mounts.mount(image)
    try:
        home = directory / "server"
        losses.compare_files(home / "uploads", [promise for promise in promises if promise.offset is None])
        sources = {promise.name: promise.source for promise in workload.promises}
        for name, source in sources.items():
            stored = home / "uploads" / name
            if stored.is_file() and digest(stored) != source.digest and not given.control:
                losses.partial.append(name)
        open_uploads: dict[str, tuple[Promise, int]] = {}
        for promise in promises:
            if promise.offset is not None and not (home / "uploads" / promise.name).is_file():
                best = max(promise.offset, open_uploads.get(promise.name, (promise, 0))[1])
                open_uploads[promise.name] = promise, best
        if not open_uploads:
            return
        # To the server, the machine has started again.
        mounts.set_boot_identifier(str(uuid.uuid4()))
        with Service(given.program, home, *options) as server:
            for promise, best in open_uploads.values():
                losses.compare_upload(server, promise, best)
    finally:
        mounts.unmount(directory)


def _results(given: argparse.Namespace, losses: Losses, images: int) -> Iterator[Row]:
    checked = f"{losses.checked_files:,} files and {losses.checked_offsets:,} offsets in {images} images"
    if given.control:
        lost = f"{losses.lost_bytes / MIB:.1f} MiB, {len(losses.files)} files and {len(losses.offsets)} offsets"
        seen = f"{lost}, of {checked}"
        yield Row("with --durability none, bytes are lost", seen, losses.lost_bytes > 0)
        return
    for asked, problems, number in [
        ("no acknowledged file is lost", losses.files, losses.checked_files),
        ("no announced byte is missing", losses.offsets, losses.checked_offsets),
        ("no file is partial", losses.partial, images),
        ("unfinished uploads complete afterwards", losses.incomplete, losses.completed),
    ]:
        if given.plain and number == 0:
            continue
        seen = f"{len(problems)} of {number:,}, first: {problems[0]}" if problems else f"{number:,} checked"
        yield Row(asked, seen, number > 0 and not problems)
