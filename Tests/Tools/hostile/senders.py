"""Uploads of every kind, and the response to each."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server import PATIENCE, Server
from shared import Failure, curl, run

WAYS = ("stream", "chunked", "form", "raw")


@dataclass(frozen=True)
class Reply:
    """A response: `status` is 0 when there was none; `was_continued` tells whether 100 Continue came first."""

    status: int
    message: str
    was_continued: bool = False


def send(way: str, path: Path, server: Server) -> Reply:
    """Uploads a file under its own name. Raises Failure when the client fails."""
    if way == "raw":
        return _raw(path, server)
    arguments = {
        "stream": ["-H", "Expect: 100-continue", "-T", path, f"{server.url}/{path.name}"],
        "chunked": ["-H", "Expect:", "-H", "Transfer-Encoding: chunked", "-T", path, f"{server.url}/{path.name}"],
        "form": ["-H", "Expect:", "-F", f"file=@{path}", f"{server.url}/file-upload"],
    }[way]
    ended = run(curl("--verbose", "--max-time", PATIENCE, *arguments))
    if ended.returncode != 0:
        raise Failure(f"curl exited with {ended.returncode}: {ended.stderr}")
    return _reply(ended.stdout, "< HTTP/1.1 100 " in ended.stderr)


def _raw(path: Path, server: Server) -> Reply:
    response = b""
    with socket.create_connection(("127.0.0.1", server.raw_port), timeout=PATIENCE) as connection:
        # An early rejection closes the connection; the response gives the reason.
        with suppress(OSError), path.open("rb") as file:
            connection.sendfile(file)
            connection.shutdown(socket.SHUT_WR)
        while received := connection.recv(65536):
            response += received
    return _reply(response.decode())


def _reply(text: str, was_continued: bool = False) -> Reply:
    try:
        response = json.loads(text)
        return Reply(response["status"], response["msg"], was_continued)
    except (ValueError, KeyError):
        return Reply(0, f"no response: {text!r}", was_continued)
