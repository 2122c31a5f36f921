"""The log of a recorded disk, and the images that a power failure at any moment could have left."""

from __future__ import annotations

import bisect
import os
import random
import struct
from dataclasses import dataclass
from pathlib import Path

# Kind, time of the monotonic clock in ns, offset and length in bytes; the bytes follow.
HEADER = struct.Struct("<BQQI")
WRITE, SYNC = 1, 2
# A disk writes blocks of this size as a whole or not at all.
BLOCK = 4096


@dataclass(frozen=True)
class Entry:
    """A write or a sync; `position` is where the bytes are in the log."""

    kind: int
    when: int
    offset: int
    length: int
    position: int


@dataclass(frozen=True)
class Failure:
    """A power failure: all entries before `synced` are on the disk, of the later ones before `end` a random part."""

    synced: int
    end: int
    # Nanoseconds of the monotonic clock: what was promised before must be there.
    when: int
    # The part of the later blocks that reached the disk.
    part: float


class Recording:
    """A log that is complete."""

    def __init__(self, log: Path) -> None:
        self._file = log.open("rb")
        self.entries: list[Entry] = []
        while header := self._file.read(HEADER.size):
            kind, when, offset, length = HEADER.unpack(header)
            self.entries.append(Entry(kind, when, offset, length, self._file.tell()))
            self._file.seek(length, os.SEEK_CUR)
        self.syncs = [index for index, entry in enumerate(self.entries) if entry.kind == SYNC]
        self._applied = 0

    def failures(self, number: int, begin: int, finish: int, numbers: random.Random) -> list[Failure]:
        """Power failures at random moments between two times, in their order."""
        first, last = (bisect.bisect(self.entries, moment, key=lambda entry: entry.when) for moment in (begin, finish))
        failures = []
        for end in sorted(numbers.randint(first, last) for _ in range(number)):
            synced = max((index for index in self.syncs if index < end), default=0)
            part = numbers.choice([0, numbers.random(), numbers.random(), 1])
            # What was promised before the next entry can rely on the entries before that only.
            when = self.entries[end].when if end < last else finish
            failures.append(Failure(synced, end, when, part))
        return failures

    def advance(self, base: Path, failure: Failure) -> None:
        """Writes everything before the failure's last sync to `base`. Failures come in their order."""
        with base.open("r+b") as file:
            for entry in self.entries[self._applied:failure.synced]:
                file.seek(entry.offset)
                file.write(self._bytes(entry))
        self._applied = max(self._applied, failure.synced)

    def lose(self, image: Path, failure: Failure, numbers: random.Random) -> tuple[int, int]:
        """Writes a random part of the later blocks to a copy of the base. Returns how many blocks, and of how many."""
        written = total = 0
        with image.open("r+b") as file:
            for entry in self.entries[failure.synced:failure.end]:
                content = self._bytes(entry)
                for start in range(0, len(content), BLOCK):
                    total += 1
                    if numbers.random() < failure.part:
                        written += 1
                        file.seek(entry.offset + start)
                        file.write(content[start:start + BLOCK])
        return written, total

    def _bytes(self, entry: Entry) -> bytes:
        self._file.seek(entry.position)
        return self._file.read(entry.length)
