"""Rejections before the end of the body: every client must be able to read the response while it is still sending."""

from __future__ import annotations

import argparse
import http.client
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from harness import CLIENTS, PATIENCE, Row, Server, tally, upload
from shared import Failure, output, run, sparse

# Number of clients that send at the same time.
AT_ONCE = 4
ASKED = "1 GiB without Expect, over --max-size 1MB: 413 read by"


def rows(given: argparse.Namespace) -> Iterator[Row]:
    gibibyte = sparse(given.work / "1GiB", 1 << 30)
    with Server(given, "--max-size", "1MB") as server:
        # Half with a length, a quarter in chunks, a quarter as forms.
        quarter = given.curl // 4
        first = given.curl - 2 * quarter
        ways = [("stream", "-T", first), ("chunked", "-T in chunks", quarter), ("form", "-F", quarter)]
        for way, name, number in ways:
            if number:
                yield tally(f"{ASKED} curl {name}", by_curl(way, gibibyte, server, number), "413", number)
        python = ["http.client", "threads", *(["requests"] if find_spec("requests") else [])]
        if "requests" not in python:
            print("the client requests is left out: apt-get install python3-requests", file=sys.stderr)
        yield from by_script("Node", shutil.which("node"), "early.mjs", ["http", "fetch"], given.node, server, gibibyte)
        yield from by_script("Python", sys.executable, "early.py", python, given.python, server, gibibyte)
        stored = sum(1 for _ in server.uploads.iterdir())
        yield Row("nothing of all that is stored", f"{stored} files, {server.partial_files()} unfinished", stored == 0)
    with Server(given, "--max-size", "100kB") as server:
        outcomes = [on_one_connection(server, 100 + round) for round in range(20)]
        yield tally("a connection continues after a 413 with under 1 MiB left to send", outcomes, "413 then 201", 20)


def by_curl(way: str, file: Path, server: Server, number: int) -> list[str]:
    """For each of `number` uploads the status, if curl has read it with its message and exited with 0."""

    def one(_: int) -> str:
        ended = run(upload(way, file, server, "--max-time", PATIENCE, "--write-out", "\n%{http_code}"))
        body, _, status = ended.stdout.rpartition("\n")
        if ended.returncode != 0:
            return f"curl {ended.returncode}: {ended.stderr.strip()}"
        return status if f'"status":{status},' in body else f"{status} with {body!r}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(number)))


def by_script(
    name: str, program: str | None, script: str, ways: list[str], total: int, server: Server, file: Path
) -> Iterator[Row]:
    """Rows for `total` uploads by a script that prints the outcome of each, spread over its ways."""
    for index, way in enumerate(ways):
        number = total // len(ways) + (index < total % len(ways))
        asked = f"{ASKED} {name}, {way}"
        if program is None:
            yield Row(asked, f"left out: {name} is not installed", None)
        elif number:
            command = [program, CLIENTS / script, way, server.url, file, number]
            try:
                outcomes = output(command, timeout=10 * PATIENCE).splitlines()
            except subprocess.TimeoutExpired as late:
                raise Failure(f"{script} {way} did not end: {late.stdout!r}") from late
            yield tally(asked, outcomes, "413", number)


def on_one_connection(server: Server, kilobytes: int) -> str:
    """The statuses of an upload that is too large and, on the same connection, of one that is not."""
    statuses, sockets = [], []
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        try:
            for path, body in (("/large", bytes(kilobytes * 1024)), ("/small", b"small")):
                connection.request("PUT", path, body=body)
                sockets.append(connection.sock)
                with connection.getresponse() as response:
                    response.read()
                statuses.append(str(response.status))
        except OSError as error:
            return type(error).__name__
    return " then ".join(statuses) if sockets[0] is sockets[1] else f"{statuses[0]}, then a connection of its own"
