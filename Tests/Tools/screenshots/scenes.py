"""The content of each screenshot: which files are sent, by which clients, and which keys are pressed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from camera import HOME, LIGHT, Studio, Terminal
from shared import REPOSITORY, curl, spawned

URL = "http://127.0.0.1:8080"
MB = 1_000_000

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08free"
ZSTD = bytes.fromhex("28b52ffd2400010000")
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
FLAC = b"fLaC\0\0\0\x22\x10\0\x10\0"
PDF = b"%PDF-1.7\n"
ISO = bytes(32768) + b"\x01CD001\x01\0"

# First bytes, sizes in bytes, and days since the last change. The rest of each file is zeros.
FILES: dict[str, tuple[bytes, int, float]] = {
    "Backups/db-backup-2026-11.tar.zst": (ZSTD, 1_840 * MB, 1.2),
    "Documents/tax-2025.pdf": (PDF, 2_114_730, 214.2),
    "Downloads/debian-13.2.0-amd64-netinst.iso": (ISO, 784 * MB, 4.31),
    "Music/goldberg-variations.flac": (FLAC, 487 * MB, 340.27),
    "Pictures/glacier-panorama.jpg": (JPEG, 94 * MB, 61.11),
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


@contextmanager
def busy(studio: Studio, *keys: str, **options: Any) -> Iterator[Terminal]:
    """The dashboard, after some keys, with uploads of other programs halfway: of Node, and of curl on three other
    machines, the first of which is stalled and the second a form. The stalled one would time out after 30 s."""
    with studio.dashboard(**options) as terminal, ExitStack() as stack:

        def start(*command: str | Path) -> subprocess.Popen[bytes]:
            return stack.enter_context(spawned(command))

        def send(host: int, rate: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
            return start(*curl("--interface", f"192.168.1.{host}", "--limit-rate", rate, *arguments))

        terminal.keys(*keys)
        stalls = send(23, "60M", "-T", HOME / "Downloads/debian-13.2.0-amd64-netinst.iso", URL)
        time.sleep(4)
        stalls.send_signal(signal.SIGSTOP)
        send(31, "11M", "-F", f"file=@{HOME}/Music/goldberg-variations.flac", f"{URL}/file-upload")
        send(40, "14M", "-T", HOME / "Videos/lecture-2.mp4", URL)
        # Of unknown length: Node reads a pipe like a file.
        fifo = HOME / "lecture-11.mp4"
        os.mkfifo(fifo)
        start("node", REPOSITORY / "example/node/stream.mjs", fifo, URL)
        start("sh", "-c", f"while dd if=/dev/zero bs=1500000 count=1; do sleep 0.2; done > {fifo}")
        time.sleep(6)
        # Both have it open now; the file picker must not list it.
        fifo.unlink()
        yield terminal


def send_own(terminal: Terminal) -> None:
    """Sends files from the dashboard, one of them as a form, and selects the first incoming upload, which has the most
    details."""
    modes = {"thesis-draft.pdf": "", "Videos/holiday-in-norway.mp4": "", "Backups/db-backup-2026-11.tar.zst": "m"}
    for name, keys in modes.items():
        terminal.paste(str(HOME / name))
        terminal.shows("Enter sends 1 file")
        terminal.keys(*keys, "Enter")
        start = Path(name).name[:10]
        terminal.shows(lambda screen: "Enter sends" not in screen and start in screen)
    terminal.keys("1", "g")
    time.sleep(16)


def press(terminal: Terminal, *keys: str) -> None:
    """Presses keys slowly enough for a viewer."""
    for key in keys:
        terminal.keys(key)
        time.sleep(0.2)


def detail_of(name: str) -> Callable[[str], bool]:
    """A condition for a screen: the detail of an upload fills it. A small detail may also be below the lists."""
    return lambda screen: f"Detail: {name}" in screen and "Incoming" not in screen


def of_uploads(screenshot: str, *keys: str, **options: Any) -> Callable[[Studio], None]:
    """The dashboard with uploads of every kind, which start after some keys were pressed."""

    def act(studio: Studio) -> None:
        with busy(studio, *keys, **options) as terminal:
            send_own(terminal)
            terminal.shoot(studio.into / screenshot)

    return act


def detail(studio: Studio) -> None:
    with busy(studio) as terminal:
        send_own(terminal)
        terminal.keys("j", "Enter")
        terminal.shows(detail_of("holiday"))
        time.sleep(1)
        terminal.shoot(studio.into / "detail.png")


def picker(studio: Studio) -> None:
    with studio.dashboard() as terminal:
        terminal.keys("u")
        terminal.shows("thesis-draft.pdf")
        press(terminal, *"jjjjjj", "Enter")
        terminal.shows("lecture-10.mp4")
        terminal.keys("Space", "j", "Space")
        time.sleep(0.5)
        terminal.shoot(studio.into / "picker.png")


def compare(studio: Studio) -> None:
    # As typed at a prompt: the output is followed by the next prompt.
    command = "sluice compare --size 600MB"
    shell = f"sluice() {{ {studio.program} \"$@\"; }}; printf '$ {command}\\n'; {command}; printf '$ '; exec sleep 1000"
    with studio.window(["bash", "-c", shell], command, size=(100, 48)) as terminal:
        terminal.shows(lambda screen: "server peak" in screen and screen.rstrip().endswith("\n$"), within=120)
        terminal.shoot(studio.into / "compare.png")


def demo(studio: Studio) -> None:
    """While other programs upload: looks at the stalled upload, then chooses a file and sends it. Takes about 16 s."""
    # Keys, what the screen shows after the last one, and the seconds to look at that.
    acts: list[tuple[list[str], str | Callable[[str], bool], float]] = [
        # The oldest of four uploads is the last one of the list.
        ([*"jjj", "Enter"], detail_of("debian"), 1.8),
        (["Escape"], "Incoming", 0.8),
        (["u"], "thesis-draft.pdf", 0.4),
        ([*"jjjjjj", "Enter"], "timelapse-harbour.mp4", 0.4),
        (["G"], "timelapse-harbour.mp4", 0.6),
        (["Enter"], "Enter sends 1 file", 1.2),
        # Complete in both panes, whose borders count ended uploads.
        (["Enter"], lambda screen: screen.count("1 ended") == 2, 1),
    ]
    with busy(studio, size=(120, 30)) as terminal:
        terminal.shows("stalled: client")
        with terminal.filmed(studio.into / "demo.gif"):
            time.sleep(1.2)
            for keys, shown, pause in acts:
                press(terminal, *keys)
                terminal.shows(shown)
                time.sleep(pause)


def play(name: str, studio: Studio) -> None:
    """Plays a scene of ``SCENES`` in a home without the uploaded files and settings of other scenes."""
    furnish()
    for folder in ("uploads", ".config"):
        shutil.rmtree(HOME / folder, ignore_errors=True)
    SCENES[name](studio)


SCENES: dict[str, Callable[[Studio], None]] = {
    "dashboard": of_uploads("dashboard.png"),
    "picker": picker,
    "detail": detail,
    "80x24": of_uploads("80x24.png", size=(80, 24)),
    "light": of_uploads("light.png", "t", colours=LIGHT),
    "ascii": of_uploads("ascii.png", LANG="C"),
    "compare": compare,
    "demo": demo,
}
