"""The programs that are compared: where they are, and how servers are started, anew for every upload."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import shared
from shared import Absence, Failure, require, spawned, wait_until

HERE = Path(__file__).resolve().parent / "servers"
SERVERS = ("sluice", "nginx", "lighttpd", "aiohttp", "busboy")
# Servers that are scripts of ours; clients are measured against the one that discards.
SCRIPTS = {"aiohttp": "aiohttp_server.py", "busboy": "busboy_server.mjs", "discard": "discard_server.py"}


@dataclass(frozen=True)
class Program:
    """A program that was found."""

    command: list[str]
    version: str


def environment() -> dict[str, str]:
    """The environment of programs, with Debian's packages for Node."""
    node = ":".join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))
    return {**shared.environment(), "NODE_PATH": node}


def find_sluice(path: str | None) -> Program:
    """Raises Failure unless Sluice is there."""
    sluice = shared.find_sluice(path)
    return Program([sluice], shared.output([sluice, "--version"]).strip())


def find_nginx() -> Program:
    nginx = require("nginx", "nginx")
    said = _output([nginx, "-V"])
    if "http_dav_module" not in said:
        raise Absence(f"{nginx} was built without its dav module")
    return Program([nginx], said.partition("nginx/")[2].split()[0])


def find_lighttpd() -> Program:
    lighttpd = require("lighttpd", "lighttpd lighttpd-mod-webdav")
    _output([lighttpd, "-tt", "-f", "-"], 'server.modules = ("mod_webdav")\nserver.document-root = "/"\n')
    return Program([lighttpd], _output([lighttpd, "-v"]).partition("/")[2].split()[0])


def find_aiohttp() -> Program:
    """The first Python with aiohttp: this one, or the system's, which Debian's packages are for."""
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(Absence):
            return Program([python], _output([python, "-c", "import aiohttp; print(aiohttp.__version__)"]).strip())
    raise Absence("no Python has the package aiohttp: apt-get install python3-aiohttp")


def find_busboy() -> Program:
    node = require("node", "nodejs node-busboy")
    return Program([node], "Node " + _output([node, "-p", "require('busboy') && process.version"]).strip())


def find_curl() -> Program:
    curl = require("curl", "curl")
    return Program([curl], _output([curl, "--version"]).split()[1])


# `.ci/install bench` installs them.
FINDERS: dict[str, Callable[[], Program]] = {
    "nginx": find_nginx, "lighttpd": find_lighttpd, "aiohttp": find_aiohttp, "busboy": find_busboy, "curl": find_curl,
}


def _output(command: list[str], given: str = "") -> str:
    """All that a program prints. Raises Absence when it cannot be run, or does not exit with 0."""
    try:
        ended = shared.run(command, env=environment(), input=given, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise Absence(f"{command[0]} cannot be run: {error}") from error
    if ended.returncode != 0:
        raise Absence(f"{' '.join(command)} exited with {ended.returncode}: {ended.stderr.strip()[-200:]}")
    return ended.stdout + ended.stderr


@dataclass(frozen=True)
class Running:
    """A server that listens on a port, has its processes in a session, and stores files in `target`."""

    port: int
    session: int
    target: Path


def _command(name: str, program: Program, directory: Path, port: int) -> list[str]:
    """Writes a server's settings to its directory. Returns how to start it there, to store files in `target`."""
    if name == "sluice":
        return [*program.command, "serve", "--port", str(port), "--dir", "target", "--durability", "full"]
    if name in SCRIPTS:
        return [*program.command, str(HERE / SCRIPTS[name]), str(port), "target"]
    settings = f"{name}.conf"
    text = (HERE / settings).read_text(encoding="utf-8").replace("$port", str(port))
    (directory / settings).write_text(text, encoding="utf-8")
    if name == "lighttpd":
        return [*program.command, "-D", "-f", settings]
    # As root, nginx would run its workers as a user who may not write here.
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    return [*program.command, "-p", str(directory), "-c", settings, "-e", "stderr", *user]


@contextmanager
def running(name: str, program: Program, work: Path) -> Iterator[Running]:
    """Starts a server in a new directory below `work`; stops it and removes the directory in the end."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=work) as home:
        directory = Path(home)
        for folder in ("target", "temporary"):
            (directory / folder).mkdir()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        log = directory / "log"
        command = _command(name, program, directory, port)
        # A session of its own, so that all its processes are known and Ctrl-C does not reach it.
        options = {"cwd": directory, "env": environment(), "start_new_session": True}
        with open(log, "wb") as file, spawned(command, _stop, stdout=file, stderr=file, **options) as process:
            _wait_until_it_listens(name, process, port, log)
            yield Running(port, process.pid, directory / "target")


def _wait_until_it_listens(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    def responds() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    in_time = wait_until(lambda: process.poll() is not None or responds(), 30)
    if process.returncode is not None or not in_time:
        reason = "did not listen in time" if process.returncode is None else f"exited with {process.returncode}"
        raise Failure(f"{name} {reason}: {log.read_text(errors='replace')[-2000:].strip()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminates a server, and kills what is left of its processes after 5 s or when a signal interrupts this."""
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
