"""Clients that stop in the middle: how soon that is seen, said and over."""

from __future__ import annotations

import argparse
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from server import PATIENCE, Server, Setting, wait_until
from table import Row

SIZE = 8_000_000
SENT = 5_000_000
BOUNDARY = "x"
HOST = "Host: 127.0.0.1\r\n"


def add_options(group: argparse._ArgumentGroup, count: Callable[[str], int]) -> None:
    group.add_argument("--stall-after", type=count, default=5, metavar="S", help="of the server, in seconds (5)")
    group.add_argument("--idle-timeout", type=count, default=10, metavar="S", help="of the server, in seconds (10)")
    group.add_argument("--slack", type=count, default=1, metavar="S", help="how late it may be, in seconds (1)")


@dataclass
class Client:
    """One that sends the beginning of a file and then nothing, and neither ends nor resets its connection."""

    name: str
    mode: str
    """As events call it."""
    head: str
    answer: bytes = b""
    last_byte: float = 0
    answered: float = 0
    ended: float = 0
    """Times of the monotonic clock."""
    closing: threading.Event = field(default_factory=threading.Event)

    def run(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(self.head.encode() + bytes(SENT))
            self.last_byte = time.monotonic()
            while piece := connection.recv(65536):
                self.answer += piece
                self.answered = self.answered or time.monotonic()
            self.ended = time.monotonic()
            # It stays as it is: what the server frees it frees by itself.
            self.closing.wait()


def clients() -> list[Client]:
    form = f"POST /file-upload HTTP/1.1\r\n{HOST}Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="form"\r\n\r\n'
    return [
        Client("stream", "stream", f"PUT /stream HTTP/1.1\r\n{HOST}Content-Length: {SIZE}\r\n\r\n"),
        Client("chunked", "stream", f"PUT /chunked HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n7a1200\r\n"),
        Client("form", "multipart", f"{form}Content-Length: {SIZE}\r\n\r\n{part}"),
        Client("raw", "raw", ""),
    ]


def rows(given: argparse.Namespace, setting: Setting) -> Iterator[Row]:
    options = ("--stall-after", f"{given.stall_after}s", "--idle-timeout", f"{given.idle_timeout}s")
    with Server(setting, *options, "--log-level", "error") as server:
        base = server.sockets()
        silent = clients()
        try:
            for client in silent:
                port = server.raw_port if client.mode == "raw" else server.port
                threading.Thread(target=client.run, args=(port,), daemon=True).start()
            wait_until(lambda: all(client.last_byte for client in silent))
            held = wait_until(lambda: server.partial_files() == len(silent), patience=given.idle_timeout)
            slabs = server.metrics()["sluice_slab_bytes"]
            seen = f"{server.partial_files()} files, {slabs:,.0f} bytes"
            yield Row("what they hold meanwhile", seen, held is not None and slabs > 0)
            wait_until(lambda: all(client.answered for client in silent), given.idle_timeout + PATIENCE)
            last = max(client.answered for client in silent)
            yield freed("their files", last, given, lambda: server.partial_files() == 0)
            yield freed("their memory", last, given, lambda: server.metrics()["sluice_slab_bytes"] == 0)
            kept = "their connections, which the clients keep open"
            yield freed(kept, last, given, lambda: server.sockets() <= base)
        finally:
            for client in silent:
                client.closing.set()
        for client in silent:
            yield from told(client, server, given)
        failed = sum(line["event"] == "failed" and line["error"]["code"] == "timedOut" for _, line in server.events)
        stored = len(list(server.uploads.iterdir()))
        yield Row("each has failed with timedOut, none is stored", f"{failed} failed, {stored} stored", failed == 4)


def freed(what: str, since: float, given: argparse.Namespace, is_free: Callable[[], bool]) -> Row:
    asked = f"{what}: free within {given.slack} s after the last 408"
    if wait_until(is_free) is None:
        return Row(asked, "not at all", False)
    seconds = time.monotonic() - since
    return Row(asked, f"after {seconds:.2f} s", seconds <= given.slack)


def told(client: Client, server: Server, given: argparse.Namespace) -> Iterator[Row]:
    """What the events and the answer say of one client."""
    begun = [line for _, line in list(server.events) if line["event"] == "started" and line["mode"] == client.mode]
    upload = next((line for line in begun if client.mode == "raw" or line["name"] == client.name), {})
    event = server.find("stalled", id=upload.get("id"))
    asked = f"{client.name}: shown as stalled by its client within {given.stall_after} + {given.slack} s"
    if event is None:
        yield Row(asked, "never", False)
    else:
        seconds = event[0] - client.last_byte
        by_client = event[1]["cause"] == "client"
        in_time = given.stall_after - 0.1 <= seconds <= given.stall_after + given.slack
        yield Row(asked, f"after {seconds:.2f} s, by {event[1]['cause']}", by_client and in_time)
    status = b'"status":408,' in client.answer and (client.mode == "raw" or client.answer.startswith(b"HTTP/1.1 408 "))
    seconds = client.answered - client.last_byte
    in_time = given.idle_timeout - 0.1 <= seconds <= given.idle_timeout + given.slack
    yield Row(
        f"{client.name}: reads its 408 within {given.idle_timeout} + {given.slack} s",
        f"after {seconds:.2f} s" if status else repr(client.answer[:80]),
        status and in_time,
    )
