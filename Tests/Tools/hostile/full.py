"""Disks with less room than clients have bytes: what is refused, when, and that nothing of it stays."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from senders import WAYS, Reply, send
from server import PATIENCE, Absence, Server, Setting, require, wait_until
from shared import Failure, digest
from table import Row

MIB = 1 << 20
# Of the file system; ext4 keeps some of it to itself.
DISK = 64 * MIB
KEPT = 8 * MIB
NUMBERS = re.compile(r"[\d.]+ [KMG]iB more are needed, [\d.]+ [KMG]iB are free, of which 8 MiB are kept free")


def add_options(group: argparse._ArgumentGroup, count: Callable[[str], int]) -> None:
    del group, count  # It is quick, and there is nothing to choose.


def rows(given: argparse.Namespace, setting: Setting) -> Iterator[Row]:
    del given
    require("curl", "curl")
    require_mounts()
    for name, size in {"large": 4 * DISK, "half": 40 * MIB, "third": 24 * MIB}.items():
        with (setting.work / name).open("wb") as file:
            file.truncate(size)
    (setting.work / "small").write_bytes(os.urandom(MIB))
    tmpfs = f'mount -t tmpfs -o size={DISK} tmpfs "$0"'
    for name, mount in {"tmpfs": lambda: tmpfs, "ext4": lambda: ext4(setting)}.items():
        try:
            mount()
        except Failure as failure:
            yield Row(f"{name} of 64 MiB", f"left out: {failure}", None)
            continue
        for row in on_small_disk(setting, mount):
            row.asked = f"{name}: {row.asked}"
            yield row
    yield from without_inodes(setting)


def require_mounts() -> None:
    """Raises Failure where no file system can be mounted."""
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", "--mount", *rights, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        words = "no file system can be mounted here: that takes root, or user namespaces that may"
        raise Absence(f"{words} ({ended.stderr.strip()})")


def ext4(setting: Setting) -> str:
    """The command that mounts a new image. Raises Failure where that cannot be done."""
    if os.geteuid() != 0:
        raise Failure("a disk image can be mounted by root only")
    image = setting.work / "image"
    with image.open("wb") as file:
        file.truncate(DISK)
    subprocess.run([require("mkfs.ext4", "e2fsprogs"), "-q", "-m", "0", str(image)], check=True)
    mount = f"mount -o loop {shlex.quote(str(image))}"
    trial = subprocess.run(["unshare", "--mount", "sh", "-c", f"{mount} /mnt"], capture_output=True, text=True)
    if trial.returncode != 0:
        raise Failure(f"no disk image can be mounted here ({trial.stderr.strip()})")
    return f'{mount} "$0"'


def free(server: Server) -> int:
    disk = os.statvfs(server.uploads)
    return disk.f_bavail * disk.f_frsize


def visible(server: Server) -> list[str]:
    """Names in the directory, but the one that ext4 has of its own."""
    return sorted(set(os.listdir(server.uploads)) - {"lost+found"})


class LeastFree:
    """Watches how little room there ever is."""

    def __init__(self, server: Server) -> None:
        self.bytes = free(server)
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(0.001):
            self.bytes = min(self.bytes, free(self._server))

    def __enter__(self) -> LeastFree:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def on_small_disk(setting: Setting, mount: Callable[[], str]) -> Iterator[Row]:
    """`mount` makes an empty file system, and says the command that mounts it."""
    with Server(setting, "--min-free", "8MiB", "--log-level", "error", mount=mount()) as server:
        base = free(server)
        with LeastFree(server) as least:
            for way in WAYS:
                reply = send(way, setting.work / "large", server)
                seen, is_clean = left(server, base)
                at_head = way != "stream" or not reply.was_continued
                holds = reply.status == 507 and NUMBERS.search(reply.message) is not None and at_head and is_clean
                when = ", before the body" if way == "stream" and at_head else ""
                yield Row(f"{way} of 256 MiB: 507 with numbers, all given back", f"{said(reply)}{when}; {seen}", holds)
        yield kept(least)
        yield from two_that_do_not_fit(setting, server)
        yield goes_on(setting, server)
    with Server(setting, "--min-free", "8MiB", "--log-level", "error", mount=mount()) as server:
        with LeastFree(server) as least:
            yield two_that_grow(setting, server)
        yield kept(least)
    with Server(setting, "--min-free", "0", "--log-level", "error", mount=mount()) as server:
        base = free(server)
        for way in WAYS:
            reply = send(way, setting.work / "large", server)
            seen, is_clean = left(server, base)
            asked = f"--min-free 0, {way} of 256 MiB: 507, all given back"
            yield Row(asked, f"{said(reply)}; {seen}", reply.status == 507 and is_clean)
        yield goes_on(setting, server)


def kept(least: LeastFree) -> Row:
    return Row("--min-free 8MiB is kept meanwhile", f"at least {least.bytes / MIB:.1f} MiB free", least.bytes >= KEPT)


def said(reply: Reply) -> str:
    """Its status and message, without the path, which is another each time."""
    return f'{reply.status or "none"} "{re.sub(r" in /[^ ]*/uploads", "", reply.message)}"'


def left(server: Server, base: int) -> tuple[str, bool]:
    """What is left of uploads that failed."""
    clean = wait_until(lambda: server.partial_files() == 0 and free(server) >= base, patience=10)
    names = visible(server)
    if clean is not None and not names:
        return "nothing left", True
    return f"left: {names}, {server.partial_files()} unfinished, {(base - free(server)) / MIB:.1f} MiB", False


def two_that_do_not_fit(setting: Setting, server: Server) -> Iterator[Row]:
    size = (setting.work / "half").stat().st_size
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as first:
        first.sendall(f"PUT /first HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n".encode())
        first.sendall(bytes(MIB))
        wait_until(lambda: begun(server, "first"))
        second = send("stream", setting.work / "third", server)
        asked = "24 MiB while 40 MiB are under way: refused at the head"
        yield Row(asked, said(second), second.status == 507 and not second.was_continued)
        yield goes_on(setting, server)
        first.sendall(bytes(size - MIB))
        status = first.recv(65536).split(b" ")[1].decode()
        yield Row("the first is stored all the same", status, status == "201")
    (server.uploads / "first").unlink()


def begun(server: Server, name: str) -> bool:
    """Whether bytes of an upload have come: its length is promised to it by then."""
    started = server.find("started", name=name)
    return started is not None and server.find("progress", id=started[1]["id"]) is not None


def two_that_grow(setting: Setting, server: Server) -> Row:
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda way=way, name=name: replies.append(send(way, setting.work / name, server)))
        for way, name in (("chunked", "half"), ("form", "third"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(reply.status for reply in replies)
    # Who grows faster may be through before the disk is full; both cannot be.
    holds = len(statuses) == 2 and set(statuses) <= {201, 507} and 507 in statuses
    asked = "40 MiB in chunks and 24 MiB as a form at once, which do not fit"
    return Row(asked, f"{', '.join(map(str, statuses))}; stored {visible(server)}", holds)


def goes_on(setting: Setting, server: Server) -> Row:
    path = setting.work / "small"
    reply = send("stream", path, server)
    stored = server.uploads / path.name
    same = stored.exists() and digest(stored) == digest(path)
    if stored.exists():
        stored.unlink()
    seen = f"{reply.status}, {'the same' if same else 'other'} bytes"
    return Row("1 MiB is taken as if nothing had been", seen, same)


def without_inodes(setting: Setting) -> Iterator[Row]:
    mount = f'mount -t tmpfs -o size={DISK},nr_inodes=8 tmpfs "$0"'
    with Server(setting, "--min-free", "8MiB", "--log-level", "error", mount=mount) as server:
        taken = fill(server.uploads)
        for way in WAYS:
            reply = send(way, setting.work / "small", server)
            clean = server.partial_files() == 0 and len(visible(server)) == len(taken)
            yield Row(f"no inode left, {way}: 507", said(reply), reply.status == 507 and clean)
        taken[0].unlink()
        yield goes_on(setting, server)


def fill(directory: Path) -> list[Path]:
    """Makes files until the file system takes no more."""
    made: list[Path] = []
    while len(made) < 1000:
        path = directory / f"taken-{len(made)}"
        try:
            path.touch(exist_ok=False)
        except OSError:
            break
        made.append(path)
    return made
