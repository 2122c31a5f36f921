"""A client that costs as little as possible."""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import suppress

from shared import Failure

# Seconds without any progress after which a server counts as hung.
PATIENCE = 120


def put_by_sendfile(path: str, port: int, target: str) -> float:
    """PUTs a file to a server on loopback with sendfile.

    Returns the seconds from before the connection until the headers of the response. Raises Failure unless it is a 2xx.
    """
    with open(path, "rb") as file:
        head = f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n" + (
            f"Content-Length: {os.fstat(file.fileno()).st_size}\r\nConnection: close\r\n\r\n"
        )
        start = time.perf_counter()
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                # Timeouts of the kernel: with Python's own one it would send small chunks.
                for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                    connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", PATIENCE, 0))
                connection.sendall(head.encode())
                # After an early rejection the response gives the reason.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendfile(file)
                response = b""
                while b"\r\n\r\n" not in response and len(response) < 65536:
                    if not (received := connection.recv(65536)):
                        break
                    response += received
        except OSError as error:
            raise Failure(f"PUT {target}: {error}") from error
        seconds = time.perf_counter() - start
    status = response.partition(b"\r\n")[0]
    if not status.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
        raise Failure(f"PUT {target}: the response was {status.decode(errors='replace')!r}")
    return seconds
