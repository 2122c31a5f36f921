"""What a scenario is, and what it gets: servers, files, and a browser's tab."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from driver import DESKTOP, PHONE, Browser, Size
from page import Page
from shared import MIB, Failure, digest, wait_until
from shared.places import Place
from shared.proxy import Proxy
from shared.service import HIDDEN, Service

BOTH = (PHONE, DESKTOP)
T = TypeVar("T")


@dataclass(frozen=True)
class Scenario:
    """`body` raises Failure when something is not as it must be. `faults` are the failed requests that it causes: a
    status or a network error of Chromium; each other error of the console is a failure."""

    topic: str
    name: str
    body: Callable[[Stage], None]
    sizes: tuple[Size, ...] = (DESKTOP,)
    faults: tuple[str, ...] = ()
    # Whether the browser has cookies and storage.
    keeps_data: bool = True

    @property
    def about(self) -> str:
        """What it shows."""
        return " ".join((self.body.__doc__ or "").split())


@dataclass
class Topic:
    """The scenarios of a module, by its decorator `@topic(...)`."""

    name: str
    scenarios: list[Scenario] = field(default_factory=list)

    def __call__(self, **options: Any) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
        def add(body: Callable[[Stage], None]) -> Callable[[Stage], None]:
            name = body.__name__.strip("_").replace("_", "-")
            self.scenarios.append(Scenario(self.name, name, body, **options))
            return body

        return add


def check(condition: object, message: str) -> None:
    """Raises Failure with a message that says what is wrong, unless a condition is true."""
    if not condition:
        raise Failure(message)


def expect(seen: object, wanted: object, what: str) -> None:
    """Raises Failure unless both are equal."""
    check(seen == wanted, f"{what}: {wanted!r} expected, {seen!r} found")


def eventually(condition: Callable[[], T], message: str, patience: float = 60) -> T:
    """Waits for a true value, and returns it. Raises Failure after `patience` seconds."""
    value: T = wait_until(condition, patience, 0.05)
    check(value, f"after {patience:.0f} s: {message}")
    return value


# A server that reports as stored what is written: the default is what is synced, every 5 s.
PROMPT = ("--durability", "none")


def slow(megabytes: int) -> tuple[str, ...]:
    """Options of a prompt server that receives so many MB/s of each upload."""
    return ("--limit-rate-per-upload", f"{megabytes}MB/s", *PROMPT)


# What Chromium logs for a connection that was interrupted or could not be made. It repeats a request by itself when the
# connection had served another one: then the server has another offset, and responds with 409.
LOST = (
    "409",
    "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_CLOSED", "ERR_CONNECTION_REFUSED",
    "ERR_SOCKET_NOT_CONNECTED", "ERR_CONNECTION_ABORTED", "ERR_FAILED",
)


class Stage:
    """One run of a scenario, in a `with` statement that ends what it has started."""

    def __init__(self, program: str, work: Path, browser: Browser, size: Size, offline: int) -> None:
        self.program, self.work, self.browser, self.size = program, work, browser, size
        # For how many seconds the network is gone where a scenario says so.
        self.offline = offline
        self._stack = ExitStack()
        self._homes = 0

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *details: Any) -> None:
        self._stack.__exit__(*details)

    def enter(self, context: AbstractContextManager[T]) -> T:
        """Enters a context until the scenario ends."""
        return self._stack.enter_context(context)

    def serve(self, *options: object, disk: str | None = None) -> Server:
        """Starts a server with an empty directory. `disk` is the size of a file system of its own."""
        self._homes += 1
        home = self.work / f"server{self._homes}"
        place = {} if disk is None else {"place": Place(prefix=on_disk(home / "uploads", disk))}
        return self.enter(Server(self.program, home, *options, **place))

    def stopping(self, server: Server, megabytes: int = 4) -> Proxy:
        """A proxy in front of a server, at which uploads stand still after so many MiB, until its `stop_at` is None:
        so that it does not matter how fast they are."""
        proxy = self.enter(Proxy(server.port, cuts_all=True))
        proxy.stop_at = megabytes * MIB
        return proxy

    def file(self, name: str, size: int = 100_000) -> Path:
        """A file of random bytes, for uploads."""
        path = self.work / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
        return path

    def page(self, where: Server | Proxy | str, suffix: str = "") -> Page:
        """Opens the upload page of a server or below a URL, and waits until its script has started."""
        page = Page(self.browser, (where if isinstance(where, str) else where.base) + suffix)
        page.open()
        return page


def on_disk(directory: Path, size: str) -> tuple[str, ...]:
    """The start of a command whose program has a small file system of its own at a directory."""
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = f'mkdir -p "$0" && mount -t tmpfs -o size={shlex.quote(size)} tmpfs "$0" && exec "$@"'
    return ("unshare", *rights, "--mount", "sh", "-c", mount, str(directory))


class Server(Service):
    """A server whose stored files can be looked at."""

    def __init__(self, program: str, home: Path, *options: object, **more: Any) -> None:
        super().__init__(program, home, *options, **more)
        self.is_on_disk = "place" in more

    @property
    def root(self) -> Path:
        """The upload directory as the server sees it."""
        return Path(f"/proc/{self.process_id}/root{self.directory}") if self.is_on_disk else self.directory

    def stored(self) -> list[str]:
        """The paths of all stored files, sorted."""
        found = []
        for folder, directories, files in os.walk(self.root):
            directories[:] = [name for name in directories if name != HIDDEN]
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in files]
        return sorted(found)

    def expect(self, files: Iterable[Path], below: Path | None = None) -> None:
        """Checks that exactly these files are stored, by SHA-256; under their names, or their paths below a
        directory."""
        wanted = {str(path.relative_to(below)) if below else path.name: path for path in files}
        expect(self.stored(), sorted(wanted), "stored files")
        for name, path in wanted.items():
            expect(digest(self.root / name), digest(path), f"SHA-256 of {name}")

    def parts(self) -> list[Path]:
        """The files with the content of unfinished uploads."""
        return sorted((self.root / HIDDEN).glob("*.part"))

    def unfinished(self) -> list[str]:
        """The identifiers of unfinished uploads."""
        return [path.stem for path in self.parts()]
