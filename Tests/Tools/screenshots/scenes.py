"""What each picture shows: which files move, who sends them, and which keys are pressed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from camera import HOME, LIGHT, Studio, Terminal
from shared import REPOSITORY

URL = "http://127.0.0.1:8080"
EXAMPLE = REPOSITORY / "example"
MB = 1_000_000

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08free"
ZSTD = bytes.fromhex("28b52ffd2400010000")
GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
FLAC = b"fLaC\0\0\0\x22\x10\0\x10\0"
PDF = b"%PDF-1.7\n"
ISO = bytes(32768) + b"\x01CD001\x01\0"

# Sizes in bytes, and days since they were changed. Each begins as its kind does, and goes on with zeros.
FILES: dict[str, tuple[bytes, int, float]] = {
    "Backups/db-backup-2026-11.tar.zst": (ZSTD, 1_840 * MB, 1.2),
    "Backups/mail-archive.tar.gz": (GZIP, 618 * MB, 12.03),
    "Backups/photos-2025.tar.zst": (ZSTD, 9_412 * MB, 201.4),
    "Documents/tax-2025.pdf": (PDF, 2_114_730, 214.2),
    "Downloads/debian-13.2.0-amd64-netinst.iso": (ISO, 784 * MB, 4.31),
    "Downloads/fedora-43-workstation.iso": (ISO, 2_742 * MB, 16.8),
    "Music/goldberg-variations.flac": (FLAC, 487 * MB, 340.27),
    "Pictures/glacier-panorama.jpg": (JPEG, 94 * MB, 61.11),
    "Pictures/harbour-at-dawn.jpg": (JPEG, 28 * MB, 61.09),
    "Videos/conference-talk.mp4": (MP4, 1_322 * MB, 8.4),
    "Videos/concert-in-bergen.mp4": (MP4, 2_304 * MB, 33.17),
    "Videos/holiday-in-norway.mp4": (MP4, 1_120 * MB, 33.05),
    "Videos/lecture-1.mp4": (MP4, 655 * MB, 90.28),
    "Videos/lecture-2.mp4": (MP4, 702 * MB, 83.29),
    "Videos/lecture-9.mp4": (MP4, 671 * MB, 34.27),
    "Videos/lecture-10.mp4": (MP4, 688 * MB, 27.28),
    "Videos/timelapse-harbour.mp4": (MP4, 316 * MB, 61.02),
    "notes.md": (b"# Notes\n", 18_204, 0.1),
    "thesis-draft.pdf": (PDF, 6_402_117, 2.2),
}


def furnish() -> None:
    """Fills anna's home, once; the files have their sizes, but take no space."""
    if (HOME / "notes.md").exists():
        return
    now = time.time()
    for name, (head, size, days) in FILES.items():
        path = HOME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(head)
        os.truncate(path, size)
        os.utime(path, (now, now - days * 86_400))
    for directory in HOME.iterdir():
        if directory.is_dir():
            newest = max(entry.stat().st_mtime for entry in directory.iterdir())
            os.utime(directory, (newest, newest))


def tidy() -> None:
    """Removes what was uploaded, so that one picture does not name the next one's files "(2)"."""
    shutil.rmtree(HOME / "uploads", ignore_errors=True)
    shutil.rmtree(HOME / ".config", ignore_errors=True)


@contextmanager
def clients() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts clients that end with the scene, whatever happens."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*command: str | Path) -> subprocess.Popen[bytes]:
        silent = subprocess.DEVNULL
        running.append(subprocess.Popen([str(word) for word in command], stdin=silent, stdout=silent, stderr=silent))
        return running[-1]

    try:
        yield start
    finally:
        for process in running:
            process.kill()
            process.wait()


def curl(*arguments: str | Path) -> tuple[str | Path, ...]:
    return ("curl", "--silent", "--globoff", *arguments)


def send(terminal: Terminal, name: str, mode: str) -> None:
    """Sends a file with the keys of the dashboard: its path pasted, the mode chosen, Enter."""
    terminal.paste(str(HOME / name))
    terminal.shows("Enter sends 1 file")
    for _ in range(["stream", "multipart", "buffered"].index(mode)):
        terminal.keys("m")
    terminal.keys("Enter")
    terminal.shows(lambda screen: "Enter sends" not in screen and Path(name).stem[:10] in screen)


def walk(terminal: Terminal, steps: int) -> None:
    """Goes down in a list, at a speed that eyes can follow."""
    for _ in range(steps):
        terminal.keys("j")
        time.sleep(0.25)


def uploads(terminal: Terminal, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    """Uploads of every kind, halfway: the dashboard's own, curl's, Node's, and one that stands still."""
    # Of unknown length: a pipe, which Node reads as it would a file.
    fifo = HOME / "lecture-11.mp4"
    os.mkfifo(fifo)
    stalls = start(*curl("--limit-rate", "60M", "-T", HOME / "Downloads/debian-13.2.0-amd64-netinst.iso", URL))
    time.sleep(4)
    stalls.send_signal(signal.SIGSTOP)
    flac = HOME / "Music/goldberg-variations.flac"
    start(*curl("--limit-rate", "11M", "-F", f"file=@{flac}", f"{URL}/file-upload"))
    start(*curl("--limit-rate", "14M", "-T", HOME / "Videos/lecture-2.mp4", URL))
    start("node", EXAMPLE / "node/stream.mjs", fifo, URL)
    start("sh", "-c", f"while head -c 1500000 /dev/zero; do sleep 0.2; done > {fifo}")
    time.sleep(6)
    send(terminal, "thesis-draft.pdf", "stream")
    send(terminal, "Videos/holiday-in-norway.mp4", "stream")
    send(terminal, "Backups/db-backup-2026-11.tar.zst", "multipart")
    # The first of those that come in, to whose detail the most belongs.
    terminal.keys("1", "g")
    time.sleep(16)
    fifo.unlink()


def of_uploads(picture: str, *keys: str, **options: Any) -> Callable[[Studio], None]:
    """The dashboard with uploads of every kind, which begin after some keys."""

    def act(studio: Studio) -> None:
        with studio.dashboard(**options) as terminal, clients() as start:
            terminal.keys(*keys)
            uploads(terminal, start)
            terminal.shoot(studio.into / picture)

    return act


def detail(studio: Studio) -> None:
    with studio.dashboard() as terminal, clients() as start:
        uploads(terminal, start)
        terminal.keys("j", "Enter")
        terminal.shows("Detail: holiday")
        time.sleep(1)
        terminal.shoot(studio.into / "detail.png")


def picker(studio: Studio) -> None:
    with studio.dashboard() as terminal:
        terminal.keys("u")
        terminal.shows("thesis-draft.pdf")
        walk(terminal, 6)
        terminal.keys("Enter")
        terminal.shows("lecture-10.mp4")
        terminal.keys("Space", "j", "Space")
        time.sleep(0.5)
        terminal.shoot(studio.into / "picker.png")


def compare(studio: Studio) -> None:
    # As typed at a prompt: what it prints stays, and is followed by the next prompt.
    line = "sluice compare --size 600MB"
    shell = f"sluice() {{ {studio.program} \"$@\"; }}; printf '$ {line}\\n'; {line}; printf '$ '; exec sleep 1000"
    with studio.window(["bash", "-c", shell], line, size=(100, 42)) as terminal:
        terminal.shows(lambda screen: "server peak" in screen and screen.rstrip().endswith("\n$"), within=120)
        terminal.shoot(studio.into / "compare.png")


def demo(studio: Studio) -> None:
    with studio.dashboard((120, 30)) as terminal:
        with terminal.filmed(studio.into / "demo.gif"):
            time.sleep(1.2)
            terminal.keys("u")
            terminal.shows("thesis-draft.pdf")
            time.sleep(0.8)
            walk(terminal, 6)
            terminal.keys("Enter")
            terminal.shows("lecture-10.mp4")
            time.sleep(0.8)
            walk(terminal, 3)
            time.sleep(0.6)
            terminal.keys("Enter")
            terminal.shows("Enter sends 1 file")
            time.sleep(1.5)
            terminal.keys("Enter")
            terminal.shows(lambda screen: re.search(r"\.mp4 +sent ", screen) is not None, within=60)
            time.sleep(2)


def scene(act: Callable[[Studio], None]) -> Callable[[Studio], None]:
    """A scene in a tidy home."""

    def play(studio: Studio) -> None:
        furnish()
        tidy()
        act(studio)

    return play


SCENES: dict[str, Callable[[Studio], None]] = {
    "dashboard": scene(of_uploads("dashboard.png")),
    "picker": scene(picker),
    "detail": scene(detail),
    "80x24": scene(of_uploads("80x24.png", size=(80, 24))),
    "light": scene(of_uploads("light.png", "t", colours=LIGHT)),
    "ascii": scene(of_uploads("ascii.png", variables={"LANG": "C"})),
    "compare": scene(compare),
    "demo": scene(demo),
}
