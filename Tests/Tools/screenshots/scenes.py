"""The content of each screenshot: which files are sent, by which clients, and which keys are pressed."""

from __future__ import annotations

import os

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from camera import HOME, LIGHT, Studio, Terminal
from shared import REPOSITORY, curl

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

# First bytes, sizes in bytes, and days since the last change. The rest of each file is zeros.
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
    """Fills anna's home, once, with files that take no space."""
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
    """Removes uploaded files and settings, so that the next scene starts without them."""
    for folder in ("uploads", ".config"):
        shutil.rmtree(HOME / folder, ignore_errors=True)


@contextmanager
def clients() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts clients that are killed at the end of the scene."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*command: str | Path) -> subprocess.Popen[bytes]:
        null = subprocess.DEVNULL
        running.append(subprocess.Popen([str(word) for word in command], stdin=null, stdout=null, stderr=null))
        return running[-1]

    try:
        yield start
    finally:
        for process in running:
            process.kill()
            process.wait()


def send(terminal: Terminal, name: str, mode: str) -> None:
    """Sends a file from the dashboard: pastes its path, selects the mode, presses Enter."""
    terminal.paste(str(HOME / name))
    terminal.shows("Enter sends 1 file")
    for _ in range(["stream", "multipart", "buffered"].index(mode)):
        terminal.keys("m")
    terminal.keys("Enter")
    terminal.shows(lambda screen: "Enter sends" not in screen and Path(name).stem[:10] in screen)


def walk(terminal: Terminal, steps: int) -> None:
    """Moves down a list slowly enough for a viewer."""
    for _ in range(steps):
        terminal.keys("j")
        time.sleep(0.25)


def uploads(terminal: Terminal, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    """Uploads of every kind, halfway: of the dashboard, of curl, of Node, and one that is stalled."""
    # Of unknown length: Node reads a pipe like a file.
    fifo = HOME / "lecture-11.mp4"
    os.mkfifo(fifo)
    stalls = start(*curl("--limit-rate", "60M", "-T", HOME / "Downloads/debian-13.2.0-amd64-netinst.iso", URL))
    time.sleep(4)
    stalls.send_signal(signal.SIGSTOP)
    flac = HOME / "Music/goldberg-variations.flac"
    start(*curl("--limit-rate", "11M", "-F", f"file=@{flac}", f"{URL}/file-upload"))
    start(*curl("--limit-rate", "14M", "-T", HOME / "Videos/lecture-2.mp4", URL))
    start("node", EXAMPLE / "node/stream.mjs", fifo, URL)
    start("sh", "-c", f"while dd if=/dev/zero bs=1500000 count=1; do sleep 0.2; done > {fifo}")
    time.sleep(6)
    send(terminal, "thesis-draft.pdf", "stream")
    send(terminal, "Videos/holiday-in-norway.mp4", "stream")
    send(terminal, "Backups/db-backup-2026-11.tar.zst", "multipart")
    # Select the first incoming upload, which has the most details.
    terminal.keys("1", "g")
    time.sleep(16)
    fifo.unlink()


def of_uploads(screenshot: str, *keys: str, **options: Any) -> Callable[[Studio], None]:
    """The dashboard with uploads of every kind, which start after some keys were pressed."""

    def act(studio: Studio) -> None:
        with studio.dashboard(**options) as terminal, clients() as start:
            terminal.keys(*keys)
            uploads(terminal, start)
            terminal.shoot(studio.into / screenshot)

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
    # As typed at a prompt: the output is followed by the next prompt.
    command = "sluice compare --size 600MB"
    shell = f"sluice() {{ {studio.program} \"$@\"; }}; printf '$ {command}\\n'; {command}; printf '$ '; exec sleep 1000"
    with studio.window(["bash", "-c", shell], command, size=(100, 42)) as terminal:
        terminal.shows(lambda screen: "server peak" in screen and screen.rstrip().endswith("\n$"), within=120)
        terminal.shoot(studio.into / "compare.png")


def demo(studio: Studio) -> None:
    # Before each key a pause and steps down, after it a text to wait for.
    acts = [
        (1.2, 0, "u", "thesis-draft.pdf"), (0.8, 6, "Enter", "lecture-10.mp4"), (1.4, 3, "Enter", "Enter sends 1 file"),
        (1.5, 0, "Enter", "done"),
    ]
    with studio.dashboard(size=(120, 30)) as terminal, terminal.filmed(studio.into / "demo.gif"):
        for pause, steps, key, text in acts:
            time.sleep(pause)
            walk(terminal, steps)
            terminal.keys(key)
            terminal.shows(text, within=60)
        time.sleep(2)


def play(name: str, studio: Studio) -> None:
    """Plays a scene of ``SCENES`` in a tidy home."""
    furnish()
    tidy()
    SCENES[name](studio)


SCENES: dict[str, Callable[[Studio], None]] = {
    "dashboard": of_uploads("dashboard.png"),
    "picker": picker,
    "detail": detail,
    "80x24": of_uploads("80x24.png", size=(80, 24)),
    "light": of_uploads("light.png", "t", colours=LIGHT),
    "ascii": of_uploads("ascii.png", variables={"LANG": "C"}),
    "compare": compare,
    "demo": demo,
}
