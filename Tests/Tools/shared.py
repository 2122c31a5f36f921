"""What the tools share: the command line, Ctrl-C, and where Sluice is."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failure(Exception):
    """Something that could not be done, in words for the user."""


class Parser(argparse.ArgumentParser):
    """Ends with the usual status for wrong usage, EX_USAGE."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count from 1 on")
    return int(text)


def main(name: str, body: Callable[[], int]) -> int:
    """Runs a tool to its end, or to the end that a signal asks for; returns its exit status."""
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


def _stop(*_: object) -> NoReturn:
    """Ends the run with all that it has started; a second Ctrl-C does not disturb that."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def environment() -> dict[str, str]:
    """What programs are run with: nothing that changes what Sluice does, and no proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}


def find_sluice(path: str | None) -> str:
    """The program at `path`; when None, this clone's release build, else the one in PATH. Raises Failure."""
    built = str(REPOSITORY / ".build/release/sluice")
    for candidate in [path] if path else [built, shutil.which("sluice") or built]:
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    advice = "swift build -c release --static-swift-stdlib makes it, --sluice PATH names another"
    raise Failure(f"{path or built}: no such program; {advice}")


def which(program: str) -> str | None:
    """Where a program is; those of the administrator count as well."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")


def digest(path: str | Path) -> str:
    """The SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def kibibytes(path: str, name: str) -> int:
    """The value of a line `name: 123 kB` of a file in /proc, in bytes; 0 when there is none."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) * 1024
    return 0
