"""A terminal that pictures can be taken of: the program in tmux, tmux in xterm, xterm on a screen that nobody sees."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from shared import Failure

HOME = Path("/home/anna")
DARK = ("#101418", "#d8dee9")
LIGHT = ("#fbfbf8", "#24292e")
# JetBrains Mono is 0.6 em wide: at 15 points, 20 pixels, a cell has 12 whole ones, and bars have no seams.
FONT_SIZE = 15


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Runs a program to its end; returns what it printed."""
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Failure(f"{command[0]} failed: {ended.stderr.strip() or ended.stdout.strip()}")
    return ended.stdout


def convert() -> str:
    """ImageMagick's convert by its path: another program of that name may stand first in PATH."""
    beside = Path(shutil.which("import") or "/usr/bin/import").with_name("convert")
    return str(beside)


class Terminal:
    """One window with the dashboard in it."""

    def __init__(self, display: str, socket: Path, size: tuple[int, int]) -> None:
        self._display = {**os.environ, "DISPLAY": display, "LC_ALL": "C.UTF-8"}
        self._socket = str(socket)
        self.size = size

    def tmux(self, *arguments: str) -> str:
        return run(["tmux", "-u", "-f", "/dev/null", "-S", self._socket, *arguments])

    def open(self, command: list[str], variables: dict[str, str], colours: tuple[str, str], font: str) -> None:
        width, height = self.size
        clean = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        # Two commands of one call: without a session the server would end between them.
        self.tmux(
            *["set-option", "-g", "default-terminal", "tmux-256color", ";", "set-option", "-g", "status", "off", ";"],
            *["new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(HOME), *clean, *command],
        )
        background, foreground = colours
        xterm = ["xterm", "-u8", "-fa", font, "-fs", str(FONT_SIZE), "-geometry", f"{width}x{height}+0+0"]
        xterm += ["-bg", background, "-fg", foreground, "-b", "14", "+sb", "-T", "picture", "-bw", "0"]
        xterm += ["-xrm", "xterm*termName: xterm-256color", "-xrm", "xterm*cursorBlink: false"]
        self._xterm = subprocess.Popen(
            [*xterm, "-e", "tmux", "-u", "-S", self._socket, "attach"],
            env=self._display,
            stderr=subprocess.DEVNULL,
        )

        def window() -> str:
            found = subprocess.run(
                ["xdotool", "search", "--name", "^picture$"],
                env=self._display,
                capture_output=True,
                text=True,
                check=False,
            )
            return found.stdout.strip()

        self._window = wait("xterm's window", window).split("\n")[-1]
        wait("the attached terminal", lambda: self.tmux("list-clients"))

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def shows(self, what: str | Callable[[str], bool], within: float = 20) -> None:
        """Waits until the screen shows a text."""
        try:
            wait(repr(what), lambda: what in self.screen if isinstance(what, str) else what(self.screen), within)
        except Failure as failure:
            raise Failure(f"{failure}; there was:\n{self.screen}") from None

    def keys(self, *names: str) -> None:
        for name in names:
            self.tmux("send-keys", name)

    def paste(self, text: str) -> None:
        self.tmux("set-buffer", text, ";", "paste-buffer", "-p")

    def shoot(self, path: Path) -> None:
        plain = ["-strip", "-define", "png:exclude-chunks=date,time"]
        run(["import", "-window", self._window, *plain, str(path)], self._display)

    @contextmanager
    def filmed(self, path: Path, colours: int = 48) -> Iterator[None]:
        """Takes picture after picture while the body runs, and makes an animation of them."""
        with tempfile.TemporaryDirectory() as directory:
            frames: list[tuple[Path, float]] = []
            stopped = threading.Event()
            errors: list[Failure] = []

            def film() -> None:
                try:
                    while not stopped.is_set():
                        frames.append((Path(directory) / f"{len(frames):04}.png", time.monotonic()))
                        self.shoot(frames[-1][0])
                        stopped.wait(0.08)
                except Failure as failure:
                    errors.append(failure)

            thread = threading.Thread(target=film)
            thread.start()
            try:
                yield
            finally:
                stopped.set()
                thread.join()
            if errors:
                raise errors[0]
            animate(frames, path, colours)

    def close(self) -> None:
        self.tmux("kill-server")
        self._xterm.wait()


def animate(frames: list[tuple[Path, float]], path: Path, colours: int) -> None:
    """Writes an animated GIF; pictures that are the same become one that is shown for longer."""
    shown: list[tuple[Path, float]] = []
    last = b""
    for frame, moment in frames:
        digest = hashlib.sha256(frame.read_bytes()).digest()
        if digest != last:
            shown.append((frame, moment))
        last = digest
    ends = [moment for _, moment in shown[1:]] + [frames[-1][1] + 2]
    arguments = []
    for (frame, moment), end in zip(shown, ends):
        arguments += ["-delay", str(max(2, round((end - moment) * 100))), str(frame)]
    run([convert(), *arguments, "-loop", "0", "+dither", "-colors", str(colours), "-layers", "Optimize", str(path)])


def wait(what: str, condition: Callable[[], object], within: float = 20) -> object:
    """Waits until a condition holds; returns what it is then."""
    end = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(f"{what} did not come within {within:g} s")
        time.sleep(0.05)
    return value


class Studio:
    """The screen that nobody sees, and a terminal on it at a time."""

    def __init__(self, program: Path, into: Path, font: str) -> None:
        self.program, self.into, self._font = program, into, font
        self._count = 0

    def __enter__(self) -> Studio:
        self._directory = tempfile.TemporaryDirectory()
        reader, writer = os.pipe()
        command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "2400x1600x24"]
        # Without -noreset it starts anew when a window closes and none is left, and the next one may meet it at that.
        command += ["-dpi", "96", "-noreset", "-nolisten", "tcp"]
        self._xvfb = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self._display = f":{pipe.readline().strip()}"
        if self._display == ":":
            raise Failure("Xvfb did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._xvfb.terminate()
        self._xvfb.wait()
        self._directory.cleanup()

    @contextmanager
    def window(
        self,
        command: list[str],
        ready: str,
        *,
        size: tuple[int, int] = (120, 34),
        variables: dict[str, str] | None = None,
        colours: tuple[str, str] = DARK,
    ) -> Iterator[Terminal]:
        """A terminal in anna's home with a program in it that has shown a text."""
        # A socket for each: a server that was told to end may still hold the one before.
        self._count += 1
        terminal = Terminal(self._display, Path(self._directory.name) / f"tmux-{self._count}", size)
        environment = {"HOME": str(HOME), "USER": "anna", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        environment |= {"TERM": "tmux-256color", "XDG_CONFIG_HOME": str(HOME / ".config"), "TZ": "UTC"}
        terminal.open(command, environment | (variables or {}), colours, self._font)
        try:
            terminal.shows(ready)
            yield terminal
        finally:
            terminal.close()

    def dashboard(
        self,
        size: tuple[int, int] = (120, 34),
        *,
        variables: dict[str, str] | None = None,
        colours: tuple[str, str] = DARK,
    ) -> AbstractContextManager[Terminal]:
        """The dashboard."""
        command = [str(self.program)]
        return self.window(command, "http://127.0.0.1:8080", size=size, variables=variables, colours=colours)
