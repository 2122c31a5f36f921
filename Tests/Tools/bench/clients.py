"""What sends the files."""

from __future__ import annotations

import os
import socket
import struct
import time

from shared import Failure

# Seconds without any progress after which a server counts as hung.
PATIENCE = 120


def put_by_sendfile(path: str, port: int, target: str) -> float:
    """PUTs a file to a server on loopback with as little work as a client can have.

    Returns the seconds from before the connection to after the answer's head. Raises Failure unless that is a 2xx.
    """
    with open(path, "rb") as file:
        head = f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n" + (
            f"Content-Length: {os.fstat(file.fileno()).st_size}\r\nConnection: close\r\n\r\n"
        )
        start = time.perf_counter()
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                _limit_waiting(connection)
                connection.sendall(head.encode())
                try:
                    connection.sendfile(file)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # Refused early: its answer says why.
                status = _answer(connection)
        except OSError as error:
            raise Failure(f"PUT {target}: {error}") from error
        seconds = time.perf_counter() - start
    if not status.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
        raise Failure(f"PUT {target} was answered {status.decode(errors='replace')!r}")
    return seconds


def _limit_waiting(connection: socket.socket) -> None:
    """Limits each call in the kernel: Python's own time-out would make it send in small pieces."""
    patience = struct.pack("@ll", PATIENCE, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)


def _answer(connection: socket.socket) -> bytes:
    """The first line of the answer, once its whole head is there."""
    received = b""
    while b"\r\n\r\n" not in received and len(received) < 65536:
        if not (piece := connection.recv(65536)):
            break
        received += piece
    return received.partition(b"\r\n")[0]


def curl(program: str, *arguments: str) -> list[str]:
    """curl, without a proxy and the user's own settings."""
    return [program, "--disable", "--silent", "--show-error", "--fail", "--globoff", "--noproxy", "*", *arguments]
