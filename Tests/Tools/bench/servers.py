"""The servers that are compared, each started afresh for every upload."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template

from programs import Program, environment
from shared import Failure

HERE = Path(__file__).resolve().parent / "servers"


@dataclass(frozen=True)
class Server:
    """A kind of server."""

    name: str
    version: str
    syncs: str
    """What it has synced when it answers."""
    command: Callable[[Path, int], list[str]]
    """Makes its settings in a directory, and says how to start it there: to listen on a port, to store in `target`."""


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    port: int
    session: int
    """Its processes, by the session they are in."""
    target: Path
    """Where it stores."""


def sluice(program: Program) -> Server:
    def command(_: Path, port: int) -> list[str]:
        return [*program.command, "serve", "--port", str(port), "--dir", "target", "--durability", "full"]

    return Server("sluice", program.version, "file and directory", command)


def nginx(program: Program) -> Server:
    def command(directory: Path, port: int) -> list[str]:
        _fill("nginx.conf", directory, port)
        # Started by root, it would give its workers to somebody who may not write here.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        return [*program.command, "-p", str(directory), "-c", "nginx.conf", "-e", "stderr", *user]

    return Server("nginx", program.version, "nothing", command)


def lighttpd(program: Program) -> Server:
    def command(directory: Path, port: int) -> list[str]:
        _fill("lighttpd.conf", directory, port)
        return [*program.command, "-D", "-f", "lighttpd.conf"]

    return Server("lighttpd", program.version, "nothing", command)


def aiohttp(program: Program) -> Server:
    return Server("aiohttp", program.version, "nothing", _script(program, "aiohttp_server.py"))


def busboy(program: Program) -> Server:
    return Server("busboy", f"Node {program.version}", "nothing", _script(program, "busboy_server.mjs"))


def discarding() -> Server:
    """What clients are measured against."""
    python = Program([sys.executable], "")
    return Server("discard", "", "nothing", _script(python, "discard_server.py"))


SERVERS: dict[str, Callable[[Program], Server]] = {
    "sluice": sluice,
    "nginx": nginx,
    "lighttpd": lighttpd,
    "aiohttp": aiohttp,
    "busboy": busboy,
}


@contextmanager
def running(server: Server, work: Path) -> Iterator[Running]:
    """Starts a server in a new directory beneath `work`; stops it and removes the directory in the end."""
    with tempfile.TemporaryDirectory(prefix=f"{server.name}-", dir=work) as name:
        directory = Path(name)
        (directory / "target").mkdir()
        (directory / "temporary").mkdir()
        port = _free_port()
        with open(directory / "log", "wb") as log:
            # A session of its own, so that all its processes are known, and Ctrl-C is not for it.
            process = subprocess.Popen(
                server.command(directory, port),
                cwd=directory,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait_until_it_listens(server, process, port, directory / "log")
            yield Running(port, process.pid, directory / "target")
        finally:
            _stop(process)


def _wait_until_it_listens(server: Server, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        ended = process.poll()
        if ended is not None or time.monotonic() > deadline:
            reason = "did not listen in time" if ended is None else f"ended with {ended}"
            raise Failure(f"{server.name} {reason}: {log.read_text(errors='replace')[-2000:].strip()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends all processes of a server: kindly, then by force, also when Ctrl-C comes meanwhile."""
    try:
        process.terminate()
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _fill(template: str, directory: Path, port: int) -> None:
    """Writes a server's settings into its directory."""
    text = Template((HERE / template).read_text(encoding="utf-8")).substitute(port=port)
    (directory / template).write_text(text, encoding="utf-8")


def _script(program: Program, name: str) -> Callable[[Path, int], list[str]]:
    return lambda _, port: [*program.command, str(HERE / name), str(port), "target"]
