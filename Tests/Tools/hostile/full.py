"""Disks with less space than clients have bytes: when uploads are rejected, and that nothing of them remains."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from harness import PATIENCE, WAYS, Reply, Row, Server, in_namespace, send
from shared import MIB, Absence, Failure, digest, output, repeated, require, run, sparse, wait_until

# Size of the file system; ext4 uses some of it itself.
DISK = 64 * MIB
KEPT = 8 * MIB
NUMBERS = re.compile(r"[\d.]+ [KMG]iB more are needed, [\d.]+ [KMG]iB are free, of which 8 MiB are kept free")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    trial = run(in_namespace("mount -t tmpfs tmpfs /mnt"))
    if trial.returncode != 0:
        needs = "no file system can be mounted here; that needs root or user namespaces"
        raise Absence(f"{needs} ({trial.stderr.strip()})")
    for name, size in {"large": 4 * DISK, "half": 40 * MIB, "third": 24 * MIB}.items():
        sparse(given.work / name, size)
    (given.work / "small").write_bytes(os.urandom(MIB))
    tmpfs = f'mount -t tmpfs -o size={DISK} tmpfs "$0"'
    for name, mount in {"tmpfs": lambda: tmpfs, "ext4": lambda: ext4(given)}.items():
        try:
            mount()
        except Failure as failure:
            yield Row(f"{name} of 64 MiB", f"left out: {failure}", None)
            continue
        for row in on_small_disk(given, mount):
            row.asked = f"{name}: {row.asked}"
            yield row
    yield from without_inodes(given)


def ext4(given: argparse.Namespace) -> str:
    """Makes a disk image. Returns the command that mounts it; raises Failure where that cannot be done."""
    if os.geteuid() != 0:
        raise Failure("only root can mount a disk image")
    image = given.work / "image"
    image.unlink(missing_ok=True)
    output([require("mkfs.ext4", "e2fsprogs"), "-q", "-m", "0", sparse(image, DISK)])
    mount = f"mount -o loop {shlex.quote(str(image))}"
    output(in_namespace(f"{mount} /mnt"))
    return f'{mount} "$0"'


def free(server: Server) -> int:
    disk = os.statvfs(server.uploads)
    return disk.f_bavail * disk.f_frsize


def visible(server: Server) -> list[str]:
    """Names in the upload directory, without the one that ext4 makes."""
    return sorted(set(os.listdir(server.uploads)) - {"lost+found"})


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """Watches the free space, in bytes; the list has its minimum so far."""
    least = [free(server)]

    def watch() -> None:
        least[0] = min(least[0], free(server))

    with repeated(watch, 0.001):
        yield least


def on_small_disk(given: argparse.Namespace, mount: Callable[[], str]) -> Iterator[Row]:
    """`mount` makes an empty file system and returns the command that mounts it."""
    for kept in ("8MiB", "0"):
        with Server(given, "--min-free", kept, mount=mount()) as server:
            base = free(server)
            with watched(server) as least:
                for way in WAYS:
                    reply = send(way, given.work / "large", server)
                    rest = left(server, base)
                    # Only with space to keep free it is known before the body that a stream does not fit.
                    early = way != "stream" or not reply.was_continued or kept == "0"
                    explained = NUMBERS.search(reply.message) is not None or kept == "0"
                    asked = f"{way} of 256 MiB with --min-free {kept}: 507, all space released"
                    passed = reply.status == 507 and early and explained and rest is None
                    yield Row(asked, f"{said(reply)}; {rest or 'nothing left'}", passed)
            if kept != "0":
                yield minimum(least)
                yield from two_that_do_not_fit(given, server)
            yield next_upload(given, server)
    with Server(given, "--min-free", "8MiB", mount=mount()) as server:
        with watched(server) as least:
            yield two_that_grow(given, server)
        yield minimum(least)


def minimum(least: list[int]) -> Row:
    return Row("--min-free 8MiB is kept meanwhile", f"at least {least[0] / MIB:.1f} MiB free", least[0] >= KEPT)


def said(reply: Reply) -> str:
    """The status and message, without the path, which differs each time."""
    return f'{reply.status or "none"} "{re.sub(r" in /[^ ]*/uploads", "", reply.message)}"'


def left(server: Server, base: int) -> str | None:
    """What remains of failed uploads after at most 10 s; `base` bytes were free before."""
    clean = wait_until(lambda: server.partial_files() == 0 and free(server) >= base, patience=10)
    if clean and not visible(server):
        return None
    missing = (base - free(server)) / MIB
    return f"left: {visible(server)}, {server.partial_files()} unfinished, {missing:.1f} MiB"


def two_that_do_not_fit(given: argparse.Namespace, server: Server) -> Iterator[Row]:
    size = (given.work / "half").stat().st_size
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as first:
        first.sendall(f"PUT /first HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n".encode())
        first.sendall(bytes(MIB))
        # The length is reserved once bytes of the body were received.
        started = wait_until(lambda: server.find("started", name="first"))
        wait_until(lambda: started and server.find("progress", id=started[1]["id"]))
        second = send("stream", given.work / "third", server)
        asked = "24 MiB while an upload of 40 MiB is running: rejected before the body"
        yield Row(asked, said(second), second.status == 507 and not second.was_continued)
        yield next_upload(given, server)
        first.sendall(bytes(size - MIB))
        status = first.recv(65536).split(b" ")[1].decode()
        yield Row("the first upload is stored", status, status == "201")
    (server.uploads / "first").unlink()


def two_that_grow(given: argparse.Namespace, server: Server) -> Row:
    with ThreadPoolExecutor() as pool:
        paths = [given.work / "half", given.work / "third"]
        statuses = sorted(reply.status for reply in pool.map(send, ["chunked", "form"], paths, [server, server]))
    # The faster one may be complete before the disk is full; both cannot be.
    passed = set(statuses) <= {201, 507} and 507 in statuses
    asked = "40 MiB in chunks and 24 MiB as a form at once, which do not fit"
    return Row(asked, f"{', '.join(map(str, statuses))}; stored {visible(server)}", passed)


def next_upload(given: argparse.Namespace, server: Server) -> Row:
    path = given.work / "small"
    reply = send("stream", path, server)
    stored = server.uploads / path.name
    same = stored.exists() and digest(stored) == digest(path)
    stored.unlink(missing_ok=True)
    return Row("the next 1 MiB is stored", f"{reply.status}, {'the same' if same else 'other'} bytes", same)


def without_inodes(given: argparse.Namespace) -> Iterator[Row]:
    mount = f'mount -t tmpfs -o size={DISK},nr_inodes=8 tmpfs "$0"'
    with Server(given, "--min-free", "8MiB", mount=mount) as server:
        with suppress(OSError):  # No inode is left.
            for number in range(1000):
                (server.uploads / f"file-{number}").touch(exist_ok=False)
        files = visible(server)
        for way in WAYS:
            reply = send(way, given.work / "small", server)
            clean = server.partial_files() == 0 and visible(server) == files
            yield Row(f"no inode left, {way}: 507", said(reply), reply.status == 507 and clean)
        (server.uploads / "file-0").unlink()
        yield next_upload(given, server)
