"""A server that discards bodies as fast as the kernel can, so that clients can be measured.

    discard_server.py PORT

Accepts requests with a Content-Length, one connection at a time, and responds with 201 after the body.
"""

import socket
import sys
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

UNUSED = bytearray(8 << 20)


class Discard(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Unbuffered, so that no bytes of the body are read with the headers.
    rbufsize = 0

    def do_PUT(self) -> None:
        left = int(self.headers.get("Content-Length", -1))
        # With MSG_TRUNC TCP discards the bytes without a copy: tcp(7).
        while left > 0 and (count := self.connection.recv_into(UNUSED, min(left, len(UNUSED)), socket.MSG_TRUNC)):
            left -= count
        self.send_response(201 if left == 0 else 411 if left < 0 else 400)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    do_POST = do_PUT


if __name__ == "__main__":
    TCPServer(("127.0.0.1", int(sys.argv[1])), Discard).serve_forever()
