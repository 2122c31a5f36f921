"""Disks in files that are mounted where no other program sees them, and a machine that seems to have started again."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from shared import Absence, Failure, output, require, run, spawned, wait_until

BOOT_IDENTIFIER = "/proc/sys/kernel/random/boot_id"
CLONE_NEWNS = 0x20000
HERE = Path(__file__).resolve().parent


def find_python() -> str:
    """A Python with fusepy. Raises Absence."""
    for python in ("/usr/bin/python3", "python3"):
        for module in ("fusepy", "fuse"):
            if run([python, "-c", f"import {module}; {module}.FUSE"]).returncode == 0:
                return python
    raise Absence("fusepy is not installed: apt-get install python3-fusepy")


class Mounts:
    """In a `with` statement this process has a mount namespace of its own: with the process, all mounts end, and the
    loop devices with them. Enter it before threads are started; the process does not return to its old namespace."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self._python = find_python()
        self._stack = ExitStack()
        for program, package in {"mkfs.ext4": "e2fsprogs", "mount": "mount", "losetup": "mount"}.items():
            require(program, package)

    def __enter__(self) -> Mounts:
        if os.geteuid() != 0:
            raise Absence("file systems are mounted: that needs root")
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
            raise Absence(f"no mount namespace can be made: {os.strerror(ctypes.get_errno())}")
        output(["mount", "--make-rprivate", "/"])
        self._boot = self.work / "boot_id"
        shutil.copyfile(BOOT_IDENTIFIER, self._boot)
        output(["mount", "--bind", self._boot, BOOT_IDENTIFIER])
        return self

    def __exit__(self, *_: object) -> None:
        self.unmount_all()
        # Also what was mounted just before a signal.
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        ours = [line.split()[1] for line in lines if line.split()[1].startswith(f"{self.work}/")]
        for path in [*reversed(ours), BOOT_IDENTIFIER]:
            run(["umount", "--lazy", path])

    def set_boot_identifier(self, identifier: str) -> None:
        """Makes programs believe that the machine has started again."""
        self._boot.write_text(identifier + "\n", encoding="utf-8")

    def make_disk(self, megabytes: int) -> tuple[Path, Path, Path]:
        """An empty ext4 file system in a file, a log for its writes, and a copy of it."""
        disk, log, base = (self.work / name for name in ("disk.ext4", "disk.log", "base.ext4"))
        with disk.open("wb") as file:
            file.truncate(megabytes << 20)
        # Without lazy initialization, which would write for minutes.
        output(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-J", "size=16", disk])
        output(["cp", "--sparse=always", disk, base])
        log.touch()
        return disk, log, base

    def mount_recorded(self, disk: Path, log: Path) -> Path:
        """Mounts a disk whose writes are recorded."""
        point = Path(tempfile.mkdtemp(prefix="recorded-", dir=self.work))
        command = [self._python, HERE / "recording_disk.py", point, disk, log]
        with (self.work / "recording.log").open("wb") as said:
            process = self._stack.enter_context(
                spawned(command, stdout=said, stderr=said, start_new_session=True)
            )
        self._stack.callback(run, ["umount", "--lazy", point])
        image = point / "disk"
        wait_until(lambda: os.path.ismount(point) and image.exists() or process.poll() is not None, 10)
        if process.poll() is not None or not image.exists():
            said_text = (self.work / "recording.log").read_text(errors="replace")[-500:].strip()
            raise Failure(f"the recording file system was not mounted: {said_text}")
        directory = self.mount(image)
        self._stack.callback(self.unmount, directory)
        return directory

    def mount(self, image: Path) -> Path:
        """Mounts an image on a loop device that ends with the mount. Raises Failure."""
        directory = Path(tempfile.mkdtemp(prefix="mounted-", dir=self.work))
        output(["mount", "-t", "ext4", "-o", "loop", image, directory])
        return directory

    def unmount(self, directory: Path) -> None:
        """Unmounts what `mount` has mounted."""
        if run(["umount", directory]).returncode != 0:
            run(["umount", "--lazy", directory])
        directory.rmdir()

    def unmount_all(self) -> None:
        """Ends the recording: after that the log is complete."""
        self._stack.close()
