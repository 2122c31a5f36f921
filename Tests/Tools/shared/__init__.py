"""What the tools share: the command line, signals, programs, and files."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

REPOSITORY = Path(__file__).resolve().parents[3]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MIB = 1 << 20


class Failure(Exception):
    """Something that could not be done; the message is for the user."""


class Absence(Failure):
    """A program or a right that this machine does not have."""


class Parser(argparse.ArgumentParser):
    """Exits with EX_USAGE for wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def count(text: str) -> int:
    """A type of an option: a number from 1 on."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def names(known: Iterable[str]) -> Callable[[str], list[str]]:
    """A type of an option: known names separated by commas, returned in their own order."""

    def parse(text: str) -> list[str]:
        if not set(text.split(",")) <= set(known):
            raise argparse.ArgumentTypeError(f"{text!r} is not a list out of {', '.join(known)}")
        return [name for name in known if name in text.split(",")]

    return parse


def main(name: str, body: Callable[[], int]) -> int:
    """Runs a tool until it ends or is stopped by a signal; returns its exit status."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        return body()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except (Failure, OSError) as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        return 1


class _Stop:
    """Whether a signal has arrived, and whether it waits because a program is being started."""

    is_deferred = False
    is_pending = False


def _stop(*_: object) -> None:
    """Stops the run with all that it has started; a second signal does not disturb that."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if not _Stop.is_deferred:
        raise KeyboardInterrupt
    _Stop.is_pending = True


def environment() -> dict[str, str]:
    """The environment of programs: without a proxy and without variables that set options of Sluice."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}


def run(command: Iterable[object], **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end and returns its status and output. Without `input` its standard input is empty."""
    words = [str(word) for word in command]
    given = {"env": environment(), "input": "", "capture_output": True, "text": True, "check": False, **options}
    return subprocess.run(words, **given)  # type: ignore[call-overload, no-any-return]


def output(command: Iterable[object], **options: object) -> str:
    """What a program prints. Raises Failure unless it exits with 0."""
    ended = run(command, **options)
    if ended.returncode != 0:
        said = ended.stderr.strip() or ended.stdout.strip()
        raise Failure(f"{' '.join(ended.args)} exited with {ended.returncode}: {said[-1000:]}")
    return ended.stdout


def spawn(command: Iterable[object], **options: object) -> subprocess.Popen[bytes]:
    """Starts a program. Its standard streams are empty and discarded, unless `options` of Popen redirect them."""
    null = subprocess.DEVNULL
    given = {"env": environment(), "stdin": null, "stdout": null, "stderr": null, **options}
    return subprocess.Popen([str(word) for word in command], **given)  # type: ignore[call-overload, no-any-return]


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills a program and waits for its end."""
    process.kill()
    process.wait()


@contextmanager
def spawned(
    command: Iterable[object], end: Callable[[subprocess.Popen[bytes]], None] = kill, **options: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a program as `spawn` does, and calls `end` for it at the end of the `with` statement.

    A signal that stops the run is deferred while the program is being started: it would interrupt Popen after the fork,
    and the program would run on."""
    _Stop.is_deferred = threading.current_thread() is threading.main_thread()
    try:
        process = spawn(command, **options)
    except BaseException:
        _Stop.is_deferred = False
        raise
    try:
        _Stop.is_deferred = False
        if _Stop.is_pending:
            raise KeyboardInterrupt
        yield process
    finally:
        end(process)


@contextmanager
def repeated(body: Callable[[], object], pause: float) -> Iterator[None]:
    """Calls `body` repeatedly during a `with` statement, on a thread of its own, with `pause` seconds between calls.
    Its error, which stops the calls, is raised at the end of the statement."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(pause):
            body()

    with ThreadPoolExecutor(1) as pool:
        repeating = pool.submit(repeat)
        try:
            yield
        finally:
            over.set()
        repeating.result()


def wait_until(condition: Callable[[], Any], patience: float = 60, pause: float = 0.01) -> Any:
    """Checks a condition every `pause` seconds; its first true value, or its last one after `patience` seconds."""
    end = time.monotonic() + patience
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(pause)
    return value


def find_sluice(path: str | None) -> str:
    """The program at `path`; when None, this clone's release build, else the one in PATH. Raises Failure."""
    built = str(REPOSITORY / ".build/release/sluice")
    for candidate in [path] if path else [built, shutil.which("sluice") or built]:
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    advice = "Build it with swift build -c release --static-swift-stdlib, or name another with --sluice PATH."
    raise Failure(f"{path or built}: no such program. {advice}")


def require(program: str, package: str) -> str:
    """The path of a program, also of one for administrators. Raises Absence with the package to install."""
    places = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    if (found := shutil.which(program, path=places)) is None:
        raise Absence(f"{program} is not installed: apt-get install {package}")
    return found


def curl(*arguments: object) -> list[str]:
    """A command of curl without a proxy and the user's own settings. Raises Absence."""
    plain = [require("curl", "curl"), "--disable", "--silent", "--show-error", "--globoff", "--noproxy", "*"]
    return plain + [str(argument) for argument in arguments]


def sparse(path: Path, size: int) -> Path:
    """Makes a file of zeros that takes no space on the disk."""
    path.touch()
    os.truncate(path, size)
    return path


def digest(path: str | Path) -> str:
    """The SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(MIB):
            found.update(block)
    return found.hexdigest()


def kibibytes(path: str, name: str) -> int:
    """The value of `name: 123 kB` in a file of /proc, in bytes; 0 when there is no such file or value."""
    with suppress(OSError), open(path, encoding="utf-8", errors="replace") as lines:
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)
    return 0
