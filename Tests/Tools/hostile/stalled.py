"""Clients that stop sending: how soon that is reported and timed out, and that all resources are released."""

from __future__ import annotations

import argparse
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness import PATIENCE, Row, Server
from shared import wait_until

SIZE = 8_000_000
SENT = 5_000_000
HOST = "Host: 127.0.0.1\r\n"


@dataclass
class Client:
    """Sends the beginning of a file and then nothing, and neither closes nor resets its connection."""

    name: str
    # The mode in events.
    mode: str
    head: str
    response: bytes = b""
    # Times of the monotonic clock.
    last_byte: float = 0
    responded: float = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def run(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(self.head.encode() + bytes(SENT))
            self.last_byte = time.monotonic()
            while received := connection.recv(65536):
                self.response += received
                self.responded = self.responded or time.monotonic()
            # The connection is not closed: the server must release its resources without that.
            self.closing.wait()


def clients() -> list[Client]:
    form = f"POST /file-upload HTTP/1.1\r\n{HOST}Content-Type: multipart/form-data; boundary=x\r\n"
    part = '--x\r\nContent-Disposition: form-data; name="f"; filename="form"\r\n\r\n'
    return [
        Client("stream", "stream", f"PUT /stream HTTP/1.1\r\n{HOST}Content-Length: {SIZE}\r\n\r\n"),
        Client("chunked", "stream", f"PUT /chunked HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n7a1200\r\n"),
        Client("form", "multipart", f"{form}Content-Length: {SIZE}\r\n\r\n{part}"),
        Client("raw", "raw", ""),
    ]


def rows(given: argparse.Namespace) -> Iterator[Row]:
    options = ("--stall-after", f"{given.stall_after}s", "--idle-timeout", f"{given.idle_timeout}s")
    with Server(given, *options) as server:
        stalled = clients()
        try:
            for client in stalled:
                port = server.raw_port if client.mode == "raw" else server.port
                threading.Thread(target=client.run, args=(port,), daemon=True).start()
            wait_until(lambda: all(client.last_byte for client in stalled))
            in_use = wait_until(lambda: server.partial_files() == len(stalled), patience=given.idle_timeout)
            slabs = server.metrics()["sluice_slab_bytes"]
            seen = f"{server.partial_files()} files, {slabs:,.0f} bytes"
            yield Row("their files and memory meanwhile", seen, in_use and slabs > 0)
            wait_until(lambda: all(client.responded for client in stalled), given.idle_timeout + PATIENCE)
            last = max(client.responded for client in stalled)
            yield released("their files", last, given, lambda: server.partial_files() == 0)
            yield released("their memory", last, given, lambda: server.metrics()["sluice_slab_bytes"] == 0)
            yield released("their connections", last, given, lambda: server.connections() <= 0)
        finally:
            for client in stalled:
                client.closing.set()
        for client in stalled:
            yield from reported(client, server, given)
        failed = sum(line["event"] == "failed" and line["error"]["code"] == "timedOut" for _, line in server.events)
        stored = len(list(server.uploads.iterdir()))
        yield Row("each has failed with timedOut, none is stored", f"{failed} failed, {stored} stored", failed == 4)


def released(what: str, since: float, given: argparse.Namespace, is_released: Callable[[], bool]) -> Row:
    asked = f"{what}: released within {given.slack} s after the last 408"
    if not wait_until(is_released):
        return Row(asked, "not at all", False)
    seconds = time.monotonic() - since
    return Row(asked, f"after {seconds:.2f} s", seconds <= given.slack)


def reported(client: Client, server: Server, given: argparse.Namespace) -> Iterator[Row]:
    """Rows for the events and the response of one client."""

    def in_time(seconds: float, limit: int) -> bool:
        return limit - 0.1 <= seconds <= limit + given.slack

    names = {} if client.mode == "raw" else {"name": client.name}
    started = server.find("started", mode=client.mode, **names)
    event = started and server.find("stalled", id=started[1]["id"])
    asked = f"{client.name}: reported as stalled by its client within {given.stall_after} + {given.slack} s"
    if event is None:
        yield Row(asked, "never", False)
    else:
        seconds, cause = event[0] - client.last_byte, event[1]["cause"]
        passed = cause == "client" and in_time(seconds, given.stall_after)
        yield Row(asked, f"after {seconds:.2f} s, by {cause}", passed)
    is_http = client.response.startswith(b"HTTP/1.1 408 ")
    status = b'"status":408,' in client.response and (is_http or client.mode == "raw")
    seconds = client.responded - client.last_byte
    seen = f"after {seconds:.2f} s" if status else repr(client.response[:80])
    asked = f"{client.name}: reads its 408 within {given.idle_timeout} + {given.slack} s"
    yield Row(asked, seen, status and in_time(seconds, given.idle_timeout))
