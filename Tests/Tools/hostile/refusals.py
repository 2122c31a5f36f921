"""Answers that come before the body has: every client must be able to read them, however much it still sends."""

from __future__ import annotations

import argparse
import http.client
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server import CLIENTS, PATIENCE, Server, Setting, require
from shared import Failure, environment
from table import Row, tally

# How many clients send at the same time.
AT_ONCE = 4


def add_options(group: argparse._ArgumentGroup, count: Callable[[str], int]) -> None:
    group.add_argument("--curl", type=count, default=1000, metavar="N", help="uploads by curl (1000)")
    group.add_argument("--node", type=count, default=200, metavar="N", help="uploads by Node (200)")
    group.add_argument("--python", type=count, default=200, metavar="N", help="uploads by Python (200)")


def rows(given: argparse.Namespace, setting: Setting) -> Iterator[Row]:
    curl = require("curl", "curl")
    gibibyte = setting.work / "1GiB"
    with gibibyte.open("wb") as file:
        file.truncate(1 << 30)
    size = "1 GiB without Expect, over --max-size 1MB: 413 read"
    with Server(setting, "--max-size", "1MB", "--log-level", "error") as server:
        for way, arguments, number in curl_ways(server, gibibyte, given.curl):
            yield tally(f"{size} by curl {way}", many(number, lambda a=arguments: by_curl(curl, a)), "413", number)
        for program, name, ways, total in scripts(given):
            for way, number in shares(ways, total):
                asked = f"{size} by {name}, {way}"
                if program is None:
                    yield Row(asked, f"left out: {name} is not installed", None)
                    continue
                command = [program[0], str(CLIENTS / program[1]), way, server.url, str(gibibyte)]
                yield tally(asked, by_script(command, number), "413", number)
        stored = sum(1 for _ in server.uploads.iterdir())
        yield Row("nothing of all that is stored", f"{stored} files, {server.partial_files()} unfinished", stored == 0)
    with Server(setting, "--max-size", "100kB") as server:
        yield tally(
            "a connection goes on after a 413 with less than 1 MiB left to send",
            [on_one_connection(server, 100 + round) for round in range(20)],
            "413 then 201",
            20,
        )


def curl_ways(server: Server, file: Path, total: int) -> Iterator[tuple[str, list[str], int]]:
    """Half with a length, a quarter in chunks, a quarter as forms."""
    ways = {
        "-T": ["-T", str(file), f"{server.url}/file"],
        "-T in chunks": ["-H", "Transfer-Encoding: chunked", "-T", str(file), f"{server.url}/file"],
        "-F": ["-F", f"file=@{file}", f"{server.url}/file-upload"],
    }
    numbers = [total - total // 4 - total // 4, total // 4, total // 4]
    for (way, arguments), number in zip(ways.items(), numbers):
        if number:
            yield way, arguments, number


def many(number: int, one: Callable[[], str]) -> list[str]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(number)]]


def by_curl(curl: str, arguments: list[str]) -> str:
    """The status, when curl has read it and the message with it and ended well; else what it says instead."""
    command = [curl, "--disable", "--silent", "--show-error", "--max-time", str(PATIENCE), "--write-out"]
    command += ["\n%{http_code}", "-H", "Expect:", *arguments]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    body, _, status = ended.stdout.rpartition("\n")
    if ended.returncode != 0:
        return f"curl {ended.returncode}: {ended.stderr.strip()}"
    return status if f'"status":{status},' in body else f"{status} with {body!r}"


def scripts(given: argparse.Namespace) -> list[tuple[tuple[str, str] | None, str, list[str], int]]:
    """Program and script, name, the ways they have, and how often in all."""
    node = shutil.which("node")
    ways = ["http.client", "requests", "threads"]
    try:
        import requests  # noqa: F401
    except ImportError:
        ways.remove("requests")
        print("the client requests is left out: apt-get install python3-requests", file=sys.stderr)
    return [
        ((node, "early.mjs") if node else None, "Node", ["http", "fetch"], given.node),
        ((sys.executable, "early.py"), "Python", ways, given.python),
    ]


def shares(ways: list[str], total: int) -> list[tuple[str, int]]:
    """`total` spread over the ways."""
    numbers = [total // len(ways) + (index < total % len(ways)) for index in range(len(ways))]
    return [(way, number) for way, number in zip(ways, numbers) if number]


def by_script(command: list[str], number: int) -> list[str]:
    """The lines of a client that uploads several times over and says each time what came of it."""
    try:
        ended = subprocess.run(
            [*command, str(number)], env=environment(), capture_output=True, text=True, timeout=10 * PATIENCE
        )
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{' '.join(command)} did not end: {late.stdout!r}") from late
    if ended.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout.splitlines()


def on_one_connection(server: Server, kilobytes: int) -> str:
    """The statuses of an upload that is too large and, on the same connection, of one that is not."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("PUT", "/large", body=bytes(kilobytes * 1024))
        with connection.getresponse() as first:
            first.read()
        before = connection.sock
        connection.request("PUT", "/small", body=b"small")
        with connection.getresponse() as second:
            second.read()
        if before is None or connection.sock is not before:
            return f"{first.status}, then a connection of its own"
        return f"{first.status} then {second.status}"
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()
