"""A proxy of bytes between clients and a server, which counts what clients send, and cuts connections."""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from shared import MIB

BLOCK = 256 << 10
# Data flows when a client has sent more than requests have besides.
FLOWING = 64 << 10
# What each request sends even while uploads stand still: so that every one of several has begun to arrive.
SHARE = 3 << 19
KINDS = ("RST", "FIN", "stall")
# More than the buffers of the sockets between a client and this program: 4 MiB to send, 6 MiB received.
MARGIN = 16 << 20
# Seconds between two looks at whether the proxy has ended.
TICK = 0.2
# Seconds from FIN until the socket is closed.
GRACE = 0.3
LIMIT_FIELD = re.compile(rb"\r\nupload-limit:[^\r]*", re.IGNORECASE)


@dataclass
class Cut:
    """A cut when clients have sent so many bytes since the start. Times are of the monotonic clock."""

    position: int
    kind: str
    # When it happened; for a stall, when the client closed the connection.
    noticed: float | None = None
    # When data flowed again.
    resumed: float | None = None
    sent_since: int = 0

    @property
    def delay(self) -> float | None:
        """Seconds until data flowed again."""
        return None if self.noticed is None or self.resumed is None else self.resumed - self.noticed


class _Direction:
    """What one peer has sent and the other has not accepted yet."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source, self.target = source, target
        self.block = bytearray(BLOCK)
        self.pending = memoryview(b"")
        self.has_ended = False
        # Bytes that were received since the last response: those of the request that is running.
        self.received = 0

    def send(self) -> None:
        with suppress(BlockingIOError):
            self.pending = self.pending[self.target.send(self.pending):]


class Proxy:
    """Accepts connections in a `with` statement.

    `hides_draft` removes `Upload-Limit` from responses: so clients do not see that the server speaks RUFH.
    `cuts_all` cuts all connections at once, as a network that fails, otherwise the one whose bytes reach a position.
    """

    def __init__(
        self, port: int, cuts: list[Cut] | None = None, hides_draft: bool = False, cuts_all: bool = False
    ) -> None:
        self.target, self.hides_draft, self.cuts_all = port, hides_draft, cuts_all
        self.cuts = list(cuts or [])
        # Bytes that were read from all clients.
        self.sent = 0
        # While clients have sent so many bytes, uploads stand still after their share; other requests are forwarded. None
        # for no limit.
        self.stop_at: int | None = None
        # The protocols of the requests that append.
        self.protocols: set[str] = set()
        self._next = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Proxy:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        # The kernel doubles it. Else it may be 32 MiB, and a stall near the end of a file would go unnoticed.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 3 << 20)
        self._listener.settimeout(TICK)
        self.base = f"http://127.0.0.1:{self.port}/"
        self._start(self._accept)
        return self

    @property
    def port(self) -> int:
        """The port of the proxy."""
        return int(self._listener.getsockname()[1])

    def cut_now(self, kind: str = "RST") -> None:
        """Cuts all connections now, whether data flows or not. Only with `cuts_all`."""
        with self._lock:
            self.cuts.insert(self._next, Cut(self.sent, kind))
            self._next += 1

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in list(self._threads):
            thread.join()
        self._listener.close()

    def _start(self, body: object, *arguments: object) -> None:
        thread = threading.Thread(target=body, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                _reset(client)
                return
            with server, suppress(OSError):
                self._forward(client, server)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        for connection in (client, server):
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        up, down = _Direction(client, server), _Direction(server, client)
        begun = self._next
        while not self._over.is_set() and not (up.has_ended and down.has_ended):
            if self.cuts_all and self._next > begun:
                self._cut(client, server)
                return
            both = (up, down)
            waits = self.stop_at is not None and self.sent >= self.stop_at and up.received > SHARE
            ready = [way for way in both if not way.pending and not way.has_ended]
            readers = [way.source for way in ready if way is down or not waits]
            writers = [way.target for way in both if way.pending]
            readable, writable, _ = select.select(readers, writers, [], TICK)
            for way in both:
                if way.target in writable and way.pending:
                    way.send()
                if way.source in readable and not way.pending:
                    if self._receive(way, way is up):
                        self._cut(client, server)
                        return
                    if way is down:
                        up.received = 0

    def _receive(self, way: _Direction, is_from_client: bool) -> bool:
        """Reads and sends a block. Returns whether a cut is due instead of sending it."""
        try:
            length = way.source.recv_into(way.block)
        except BlockingIOError:
            return False
        if length == 0:
            way.has_ended = True
            way.target.shutdown(socket.SHUT_WR)
            return False
        way.received += length
        way.pending = memoryview(way.block)[:length]
        if is_from_client:
            if self._count(way.pending):
                return True
        elif self.hides_draft and length < BLOCK:
            way.pending = memoryview(LIMIT_FIELD.sub(b"", way.pending))
        way.send()
        return False

    def _count(self, block: memoryview) -> bool:
        """Counts what a client has sent. Returns whether a cut is due."""
        if bytes(block[:6]) == b"PATCH ":
            self.protocols.add("tus" if b"tus-resumable:" in bytes(block[:4096]).lower() else "RUFH")
        with self._lock:
            self.sent += len(block)
            for cut in self.cuts[max(self._next - 1, 0):self._next]:
                cut.sent_since += len(block)
                if cut.resumed is None and cut.sent_since >= FLOWING:
                    cut.resumed = time.monotonic()
            if self._next == len(self.cuts) or self.sent < self.cuts[self._next].position:
                return False
            self._next += 1
            return True

    def _cut(self, client: socket.socket, server: socket.socket) -> None:
        cut = self.cuts[self._next - 1]
        if cut.kind == "RST":
            for connection in (client, server):
                _reset(connection)
            cut.noticed = time.monotonic()
            return
        if cut.kind == "FIN":
            for connection in (client, server):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
            cut.noticed = time.monotonic()
            # After FIN, bytes that still arrive are responded to with RST, as where a program has closed its socket.
            _wait_for_close(client, self._over, GRACE)
            return
        _wait_for_close(client, self._over)
        cut.noticed = time.monotonic()
        # The server does not hear of it: for the server the connection is half open.
        client.close()
        self._over.wait()


def _reset(connection: socket.socket) -> None:
    """Closes a connection with RST."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _wait_for_close(connection: socket.socket, over: threading.Event, patience: float = 600) -> None:
    """Waits until the peer has closed a connection of which nothing is read any more."""
    waiting = select.poll()
    waiting.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    end = time.monotonic() + patience
    while not over.is_set() and time.monotonic() < end:
        if waiting.poll(TICK * 1000):
            return


def spread(random: object, size: int, number: int, kinds: tuple[str, ...] = KINDS) -> list[Cut]:
    """Cuts at random positions within `size` bytes, at least 1 MiB apart, of each kind in a random order.

    None is so near the end that the buffers of sockets contain the rest: after a stall there a client would wait for the response, as
    long as it waits for a slow disk."""
    steps = max((size - MARGIN) // MIB, number)
    positions = sorted(position * MIB for position in random.sample(range(1, steps + 1), number))  # type: ignore[attr-defined]
    chosen = [kinds[index % len(kinds)] for index in range(number)]
    random.shuffle(chosen)  # type: ignore[attr-defined]
    return [Cut(position, kind) for position, kind in zip(positions, chosen, strict=True)]
