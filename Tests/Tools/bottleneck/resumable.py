"""A resumable upload (tus) in two requests with a pause between them.

    resumable.py PORT SECONDS
"""

from __future__ import annotations

import http.client
import sys
import time

SIZE = 4 << 20
VERSION = {"Tus-Resumable": "1.0.0"}


def request(port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, body, VERSION | headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def append(port: int, path: str, offset: int, count: int) -> None:
    fields = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    if request(port, "PATCH", path, fields, bytes(count)).status != 204:
        sys.exit("the server has not stored it")


if __name__ == "__main__":
    number, pause = int(sys.argv[1]), float(sys.argv[2])
    created = request(number, "POST", "/uploads", {"Upload-Length": str(SIZE), "Upload-Metadata": "filename ZmlsZQ=="})
    location = created.getheader("Location") or sys.exit("the server has not created it")
    path = "/" + location.split("/", 3)[3] if "://" in location else location
    append(number, path, 0, SIZE // 2)
    time.sleep(pause)
    append(number, path, SIZE // 2, SIZE // 2)
