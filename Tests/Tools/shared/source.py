"""Files to upload, with content that differs everywhere."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from shared import MIB, digest


class Source:
    """A file of random bytes, in memory by a mapping: large ones cost no memory of their own."""

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size = path, size
        with path.open("w+b") as file:
            for start in range(0, size, MIB):
                file.write(os.urandom(min(MIB, size - start)))
            file.flush()
            # Otherwise the kernel writes it to the disk during the measurement, before the server's own bytes.
            os.fsync(file.fileno())
            self.mapped = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
        self.content = memoryview(self.mapped)
        self.digest = digest(path)

    def differs(self, path: Path, length: int) -> int | None:
        """The offset of a MiB in which the first `length` bytes of a file are not those of the source, or missing;
        None when all are the same."""
        with path.open("rb") as file:
            for start in range(0, length, MIB):
                wanted = self.content[start:min(start + MIB, length)]
                if file.read(len(wanted)) != wanted:
                    return start
        return None
