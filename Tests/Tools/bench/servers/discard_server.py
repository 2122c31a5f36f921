"""A server that discards bodies as fast as the kernel can, so that clients can be measured.

    discard_server.py PORT

Accepts requests with a Content-Length, one connection at a time, and responds with 201 after the body.
"""

import re
import socket
import sys

# Bytes to discard at once.
BLOCK = 8 << 20


def respond(connection: socket.socket, status: str) -> None:
    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def serve(connection: socket.socket, unused: bytearray) -> None:
    """Serves one request. `unused` is a buffer of `BLOCK` bytes that nothing is copied to."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := connection.recv(65536)):
            return
        received += more
    head, body = received.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?im)^content-length: *(\d+) *\r?$", head)
    if length is None:
        respond(connection, "411 Length Required")
        return
    if re.search(rb"(?im)^expect: *100-continue", head):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    left = int(length[1]) - len(body)
    while left > 0:
        # With MSG_TRUNC TCP discards the bytes without a copy: tcp(7).
        count = connection.recv_into(unused, min(left, BLOCK), socket.MSG_TRUNC)
        if count == 0:
            return
        left -= count
    respond(connection, "201 Created")


def main() -> None:
    unused = bytearray(BLOCK)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    serve(connection, unused)
                except OSError as error:
                    print(f"a client has disconnected: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
