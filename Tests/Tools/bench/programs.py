"""The programs that are compared, and where they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import shared
from shared import Absence, require


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
        try:
            return Program([python], _output([python, "-c", "import aiohttp; print(aiohttp.__version__)"]).strip())
        except Absence:
            continue
    raise Absence("no Python has the package aiohttp: apt-get install python3-aiohttp")


def find_busboy() -> Program:
    node = require("node", "nodejs node-busboy")
    return Program([node], "Node " + _output([node, "-p", "require('busboy') && process.version"]).strip())


def find_curl() -> Program:
    curl = require("curl", "curl")
    return Program([curl], _output([curl, "--version"]).split()[1])


# `.ci/install bench` installs them.
FINDERS: dict[str, Callable[[], Program]] = {
    "nginx": find_nginx,
    "lighttpd": find_lighttpd,
    "aiohttp": find_aiohttp,
    "busboy": find_busboy,
    "curl": find_curl,
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
