"""A server that drops what it is sent as fast as the kernel can, so that clients can be measured.

    discard_server.py PORT

Takes any request that has a Content-Length, one connection after the other, and answers 201 once all of it came.
"""

import re
import socket
import sys

# Of what is dropped at once.
PIECE = 8 << 20


def answer(connection: socket.socket, status: str) -> None:
    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def serve(connection: socket.socket, unused: bytearray) -> None:
    """Takes one request. `unused` only says how much may be dropped at once."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (piece := connection.recv(65536)):
            return
        received += piece
    head, body = received.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?im)^content-length: *(\d+) *\r?$", head)
    if length is None:
        answer(connection, "411 Length Required")
        return
    if re.search(rb"(?im)^expect: *100-continue", head):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    left = int(length[1]) - len(body)
    while left > 0:
        # TCP drops what is asked for in this way, and copies nothing: tcp(7).
        count = connection.recv_into(unused, min(left, PIECE), socket.MSG_TRUNC)
        if count == 0:
            return
        left -= count
    answer(connection, "201 Created")


def main() -> None:
    unused = bytearray(PIECE)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    serve(connection, unused)
                except OSError as error:
                    print(f"a client went away: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
