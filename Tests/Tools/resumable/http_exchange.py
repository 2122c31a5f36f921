"""One HTTP/1.1 request on a connection of its own, with interim responses, and bodies that break off."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

# Seconds to wait for the peer: a bound against hanging, never a measure.
PATIENCE = 60
BLOCK = 256 << 10


class Broken(Exception):
    """The client has broken its request off, as it was asked to."""


@dataclass
class Response:
    """An interim or a final response. The names of its fields are in lower case."""

    status: int
    fields: dict[str, str]
    body: bytes = b""

    @property
    def offset(self) -> int | None:
        """`Upload-Offset`; None for none."""
        text = self.fields.get("upload-offset", "")
        return int(text) if text.isdigit() else None

    def __str__(self) -> str:
        return f"{self.status} {self.body[:200].decode(errors='replace').strip()}".strip()


@dataclass
class Request:
    """A request with its body, which is None for none; `stop` is how many bytes of it are sent, None for all."""

    method: str
    url: str
    fields: dict[str, str]
    content: bytes | memoryview | None = None
    stop: int | None = None
    # PEM file with the certificate to trust.
    authority: Path | None = None
    interim: Callable[[Response], None] = field(default=lambda response: None)


class _Reader:
    """Reads responses from what has arrived."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self.connection, self.request = connection, request
        self._buffer = b""
        self.final: Response | None = None

    def poll(self) -> None:
        """Reads what is there without waiting."""
        while self.final is None and select.select([self.connection], [], [], 0)[0]:
            self.connection.settimeout(0)
            try:
                self._receive()
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            finally:
                self.connection.settimeout(PATIENCE)

    def finish(self) -> Response:
        """Waits for the final response and reads its body."""
        while self.final is None:
            self._receive()
        response, fields = self.final, self.final.fields
        if self.request.method == "HEAD" or response.status in (204, 304):
            return response
        length = int(fields["content-length"]) if "content-length" in fields else None
        with suppress(EOFError):
            while length is None or len(self._buffer) < length:
                self._fill()
        if length is not None and len(self._buffer) < length:
            raise ConnectionResetError("the response is incomplete")
        response.body = self._buffer
        return response

    def _fill(self) -> None:
        received = self.connection.recv(BLOCK)
        if not received:
            raise EOFError
        self._buffer += received

    def _receive(self) -> None:
        try:
            self._fill()
        except EOFError:
            raise ConnectionResetError("the connection was closed before a response") from None
        while self.final is None and b"\r\n\r\n" in self._buffer:
            text, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            response = _parse(text.decode("latin-1"))
            if 100 <= response.status < 200:
                self.request.interim(response)
            else:
                self.final = response


def _parse(text: str) -> Response:
    status, *fields = text.split("\r\n")
    pairs = [line.partition(":") for line in fields]
    return Response(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs})


def exchange(request: Request) -> Response:
    """Sends a request and reads its response. Raises OSError for what happens to the connection, and Broken."""
    parts = urlsplit(request.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with socket.create_connection((parts.hostname, port), timeout=PATIENCE) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            with _context(request.authority).wrap_socket(plain, server_hostname=parts.hostname) as connection:
                return _exchange(connection, request)
        return _exchange(plain, request)


def _context(authority: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority) if authority else None)


def _exchange(connection: socket.socket, request: Request) -> Response:
    parts = urlsplit(request.url)
    fields = {"Host": parts.netloc, "Connection": "close", **request.fields}
    if request.content is not None:
        fields["Content-Length"] = str(len(request.content))
    lines = [f"{request.method} {parts.path or '/'} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    reader = _Reader(connection, request)
    _send_content(connection, request, reader)
    return reader.finish()


def _send_content(connection: socket.socket, request: Request, reader: _Reader) -> None:
    content = memoryview(request.content or b"")
    stop = len(content) if request.stop is None else min(request.stop, len(content))
    # An early response ends the body; what the server has sent can be read though it has closed the connection.
    with suppress(BrokenPipeError, ConnectionResetError):
        for start in range(0, stop, BLOCK):
            reader.poll()
            if reader.final is not None:
                return
            connection.sendall(content[start:min(start + BLOCK, stop)])
    if stop < len(content):
        raise Broken
