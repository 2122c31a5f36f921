"""The programs that are compared: where they are, and how to get those that are not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import shared
from shared import Failure, which


class Absent(Exception):
    """A program that is not here, or not able to do what is asked of it; why, in words."""


@dataclass(frozen=True)
class Program:
    """A program that was found."""

    command: list[str]
    version: str


def environment() -> dict[str, str]:
    """What programs are run with: as for all tools, and Debian's packages for Node."""
    node = ":".join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))
    return {**shared.environment(), "NODE_PATH": node}


def find_sluice(path: str | None) -> Program:
    """The program as for all tools. Raises Failure."""
    sluice = shared.find_sluice(path)
    try:
        return Program([sluice], _output([sluice, "--version"]).strip())
    except Absent as error:
        raise Failure(f"{sluice}: {error}") from error


def find_nginx() -> Program:
    nginx = _which("nginx")
    said = _output([nginx, "-V"])
    if "http_dav_module" not in said:
        raise Absent(f"{nginx} was built without its dav module")
    return Program([nginx], said.partition("nginx/")[2].split()[0])


def find_lighttpd() -> Program:
    lighttpd = _which("lighttpd")
    try:
        config = 'server.modules = ("mod_webdav")\nserver.document-root = "/"\n'
        _output([lighttpd, "-tt", "-f", "-"], config)
    except Absent as error:
        raise Absent("its module mod_webdav is not installed") from error
    return Program([lighttpd], _output([lighttpd, "-v"]).partition("/")[2].split()[0])


def find_aiohttp() -> Program:
    """The first Python that has it: this one, or the system's own, which is the one that packages are for."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            version = _output([python, "-c", "import aiohttp; print(aiohttp.__version__)"])
        except Absent:
            continue
        return Program([python], version.strip())
    raise Absent("no Python here has the package aiohttp")


def find_busboy() -> Program:
    node = _which("node")
    try:
        return Program([node], _output([node, "-p", "require('busboy') && process.version"]).strip())
    except Absent as error:
        raise Absent("Node does not find the package busboy") from error


def find_curl() -> Program:
    curl = _which("curl")
    return Program([curl], _output([curl, "--version"]).split()[1])


FINDERS: dict[str, Callable[[], Program]] = {
    "nginx": find_nginx,
    "lighttpd": find_lighttpd,
    "aiohttp": find_aiohttp,
    "busboy": find_busboy,
    "curl": find_curl,
}

# What Debian and Ubuntu have them in.
PACKAGES: dict[str, list[str]] = {
    "nginx": ["nginx"],
    "lighttpd": ["lighttpd", "lighttpd-mod-webdav"],
    "aiohttp": ["python3-aiohttp"],
    "busboy": ["nodejs", "node-busboy"],
    "curl": ["curl"],
}


def install(names: list[str]) -> None:
    """Installs what programs are in, and stops the services that Debian starts for them on port 80.

    Raises Failure when that does not succeed.
    """
    apt = shutil.which("apt-get")
    root = [] if os.geteuid() == 0 else [shutil.which("sudo") or ""]
    if apt is None or root == [""]:
        raise Failure("--install needs apt-get, and to be root or to have sudo")
    services = [name for name in names if name in ("nginx", "lighttpd") and shutil.which(name) is None]
    packages = [package for name in names for package in PACKAGES[name]]
    commands = [[apt, "update", "-qq"], [apt, "install", "-qq", "-y", "--no-install-recommends", *packages]]
    if services and os.path.isdir("/run/systemd/system"):
        commands.append(["systemctl", "disable", "--now", *services])
    for command in commands:
        print("+", *root, *command, file=sys.stderr)
        ended = subprocess.run(
            [*root, "env", "DEBIAN_FRONTEND=noninteractive", *command], stdout=sys.stderr, check=False
        )
        if ended.returncode != 0:
            raise Failure(f"{' '.join(command)} ended with {ended.returncode}")


def _which(name: str) -> str:
    if (found := which(name)) is None:
        raise Absent("not installed")
    return found


def _output(command: list[str], given: str = "") -> str:
    """All that a program says. Raises Absent when it cannot be run or ends with another status than 0."""
    try:
        ended = subprocess.run(
            command,
            env=environment(),
            input=given,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Absent(f"{command[0]} does not run: {error}") from error
    return ended.stdout
