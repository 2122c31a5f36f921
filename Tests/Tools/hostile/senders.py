"""What a client was answered, whichever way it sends a file."""

from __future__ import annotations

import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from server import PATIENCE, Server, require
from shared import Failure, environment


@dataclass(frozen=True)
class Reply:
    status: int
    """0 when none came."""
    message: str
    was_continued: bool = False
    """The server has asked for the body first."""


WAYS = ("stream", "chunked", "form", "raw")


def send(way: str, path: Path, server: Server) -> Reply:
    """Uploads a file under its own name. Raises Failure when the client ends badly."""
    if way == "raw":
        return _raw(path, server)
    target = f"{server.url}/file-upload" if way == "form" else f"{server.url}/{path.name}"
    arguments = {
        "stream": ["-H", "Expect: 100-continue", "-T", str(path)],
        "chunked": ["-H", "Expect:", "-H", "Transfer-Encoding: chunked", "-T", str(path)],
        "form": ["-H", "Expect:", "-F", f"file=@{path}"],
    }[way]
    command = [require("curl", "curl"), "--disable", "--silent", "--show-error", "--verbose"]
    command += ["--max-time", str(PATIENCE), *arguments, target]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr}")
    return _reply(ended.stdout, "< HTTP/1.1 100 " in ended.stderr)


def _raw(path: Path, server: Server) -> Reply:
    answer = b""
    with socket.create_connection(("127.0.0.1", server.raw_port), timeout=PATIENCE) as connection:
        try:
            with path.open("rb") as file:
                connection.sendfile(file)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # Refused early: the answer says why.
        while piece := connection.recv(65536):
            answer += piece
    return _reply(answer.decode())


def _reply(text: str, was_continued: bool = False) -> Reply:
    try:
        answer = json.loads(text)
        return Reply(answer["status"], answer["msg"], was_continued)
    except (ValueError, KeyError):
        return Reply(0, f"no answer: {text!r}", was_continued)
