#!/usr/bin/python3
"""A file system with one file, which records every write and every sync of it in the order of arrival.

    recording_disk.py MOUNTPOINT BACKING LOG

`BACKING` has the current content. `LOG` is read by `recording.py`. Needs fusepy; runs until it is unmounted.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time

sys.dont_write_bytecode = True
try:
    import fusepy as fuse
except ImportError:
    import fuse

from recording import HEADER, SYNC, WRITE

NAME = "disk"


class Disk(fuse.Operations):
    def __init__(self, backing: str, log: str) -> None:
        self.file = os.open(backing, os.O_RDWR)
        self.size = os.fstat(self.file).st_size
        self.log = open(log, "ab", buffering=0)

    def getattr(self, path: str, handle: object = None) -> dict[str, int]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path != f"/{NAME}":
            raise fuse.FuseOSError(errno.ENOENT)
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": self.size}

    def readdir(self, path: str, handle: int) -> list[str]:
        return [".", "..", NAME]

    def open(self, path: str, flags: int) -> int:
        return 0

    def read(self, path: str, size: int, offset: int, handle: int) -> bytes:
        return os.pread(self.file, size, offset)

    def write(self, path: str, data: bytes, offset: int, handle: int) -> int:
        self.log.write(HEADER.pack(WRITE, time.monotonic_ns(), offset, len(data)) + data)
        return os.pwrite(self.file, data, offset)

    def fsync(self, path: str, datasync: int, handle: int) -> int:
        self.log.write(HEADER.pack(SYNC, time.monotonic_ns(), 0, 0))
        return 0

    def truncate(self, path: str, length: int, handle: object = None) -> None:
        raise fuse.FuseOSError(errno.EPERM)


if __name__ == "__main__":
    # One thread: writes and syncs are recorded in the order in which they take effect. Direct I/O: none is left in the
    # page cache of the file.
    options = {"foreground": True, "nothreads": True, "direct_io": True, "big_writes": True, "max_write": 131072}
    fuse.FUSE(Disk(*sys.argv[2:4]), sys.argv[1], **options)
