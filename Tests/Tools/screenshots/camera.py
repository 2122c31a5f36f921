"""A terminal for screenshots: the program runs in tmux, tmux in xterm, and xterm on a virtual screen."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from shared import Failure, digest, output, repeated, run, spawn, wait_until

HOME = Path("/home/anna")
# Columns and rows.
Size = tuple[int, int]
# Of background and foreground.
Colours = tuple[str, str]
DARK = ("#101418", "#d8dee9")
LIGHT = ("#fbfbf8", "#24292e")
FONT = "JetBrains Mono"
# It is 0.6 em wide: at 15 points (20 pixels) a cell is exactly 12 pixels wide, so bars have no seams.
FONT_SIZE = "15"


class Terminal:
    """One window, and tmux with the dashboard in it."""

    def __init__(self, display: str, socket: Path, command: list[str], size: Size, colours: Colours) -> None:
        """Runs a command in tmux, and opens the window."""
        self._display = {**os.environ, "DISPLAY": display, "LC_ALL": "C.UTF-8"}
        self._tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(socket)]
        width, height = map(str, size)
        # One call of tmux: without a session the server would end between two.
        self.tmux(
            *["set-option", "-g", "default-terminal", "tmux-256color", ";", "set-option", "-g", "status", "off", ";"],
            *["new-session", "-d", "-x", width, "-y", height, "-c", str(HOME), *command],
        )
        xterm = ["xterm", "-u8", "-fa", FONT, "-fs", FONT_SIZE, "-geometry", f"{width}x{height}+0+0"]
        xterm += ["-bg", colours[0], "-fg", colours[1], "-b", "14", "+sb", "-T", "sluice-screenshot", "-bw", "0"]
        xterm += ["-xrm", "xterm*termName: xterm-256color", "-xrm", "xterm*cursorBlink: false"]
        xterm += ["-e", *self._tmux, "attach"]
        self._xterm = spawn(xterm, env=self._display)
        search = ["xdotool", "search", "--name", "^sluice-screenshot$"]
        windows = wait_until(lambda: run(search, env=self._display).stdout.split(), 20)
        if not windows or not wait_until(lambda: self.tmux("list-clients"), 20):
            raise Failure("xterm did not start within 20 s")
        self._window = windows[-1]

    def tmux(self, *arguments: str) -> str:
        return output([*self._tmux, *arguments])

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def shows(self, what: str | Callable[[str], bool], within: float = 20) -> None:
        """Waits until the screen shows a text. Raises Failure after `within` seconds."""
        if not wait_until(lambda: what in self.screen if isinstance(what, str) else what(self.screen), within, 0.05):
            raise Failure(f"{what!r} did not come within {within:g} s; there was:\n{self.screen}")

    def keys(self, *names: str) -> None:
        for name in names:
            self.tmux("send-keys", name)

    def paste(self, text: str) -> None:
        self.tmux("set-buffer", text, ";", "paste-buffer", "-p")

    def shoot(self, path: Path) -> None:
        plain = ["-strip", "-define", "png:exclude-chunks=date,time"]
        output(["import", "-window", self._window, *plain, path], env=self._display)

    @contextmanager
    def filmed(self, path: Path) -> Iterator[None]:
        """Takes screenshots during a `with` statement, and makes an animation of them."""
        frames: list[tuple[Path, float]] = []
        with tempfile.TemporaryDirectory() as directory:

            def film() -> None:
                frames.append((Path(directory) / f"{len(frames):04}.png", time.monotonic()))
                self.shoot(frames[-1][0])

            with repeated(film, 0.08):
                yield
            animate(frames, path)

    def close(self) -> None:
        self.tmux("kill-server")
        self._xterm.wait()


def animate(frames: list[tuple[Path, float]], path: Path) -> None:
    """Writes an animated GIF; equal successive screenshots become one frame, and the last frame is shown for 2 s."""
    shown = [next(equal) for _, equal in groupby(frames, lambda frame: digest(frame[0]))]
    ends = [moment for _, moment in shown[1:]] + [frames[-1][1] + 2]
    # By its path, since another program of that name may be first in PATH.
    convert = Path(shutil.which("import") or "/usr/bin/import").with_name("convert")
    arguments: list[object] = []
    for (frame, moment), end in zip(shown, ends):
        # One at a time: together they exceed the memory that Debian allows ImageMagick.
        output([convert, frame, "+dither", "-colors", "48", frame.with_suffix(".gif")])
        arguments += ["--delay", max(2, round((end - moment) * 100)), frame.with_suffix(".gif")]
    output(["gifsicle", "--loopcount", "--optimize=3", "--colors", "64", "--output", path, *arguments])


@contextmanager
def virtual_screen() -> Iterator[str]:
    """Runs an X server without a screen, and yields its display."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "2560x1600x24"]
    # Without -noreset it restarts when the last window is closed, and the next window may not find it.
    command += ["-dpi", "96", "-noreset", "-nolisten", "tcp"]
    process = spawn(command, pass_fds=[writer])
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            if not (number := pipe.readline().strip()):
                raise Failure("Xvfb did not start")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait()


class Studio:
    """Opens terminals with a program on a display, one at a time."""

    def __init__(self, display: str, program: str, into: Path) -> None:
        self._display, self.program, self.into = display, program, into

    @contextmanager
    def window(
        self, command: list[str], ready: str, size: Size = (120, 34), colours: Colours = DARK, **variables: str
    ) -> Iterator[Terminal]:
        """A terminal in anna's home with a program that shows the text `ready`; `variables` are of its environment."""
        environment: dict[str, object] = {"HOME": HOME, "USER": "anna", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        environment |= {"TERM": "tmux-256color", "XDG_CONFIG_HOME": HOME / ".config", "TZ": "UTC", **variables}
        clean = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
        # A socket for each: the tmux server of the previous one may still be running.
        with tempfile.TemporaryDirectory() as directory:
            terminal = Terminal(self._display, Path(directory) / "tmux", [*clean, *command], size, colours)
            try:
                terminal.shows(ready)
                yield terminal
            finally:
                terminal.close()

    def dashboard(self, **options: Any) -> AbstractContextManager[Terminal]:
        return self.window([self.program], "http://127.0.0.1:8080", **options)
