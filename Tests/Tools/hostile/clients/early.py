"""Sends a file several times over, and says each time what status it read: early.py CLIENT URL FILE COUNT."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from urllib.parse import urlsplit


def by_http_client(url: str, path: str) -> str:
    """As urllib3 does it: whether or not all could be sent, look what the server has said."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        with open(path, "rb") as file:
            try:
                connection.request("POST", "/stream-upload", body=file)
            except BrokenPipeError:
                pass
            return str(connection.getresponse().status)
    finally:
        connection.close()


def by_requests(url: str, path: str) -> str:
    import requests

    with open(path, "rb") as file, requests.Session() as session:
        return str(session.post(f"{url}/stream-upload", data=file, timeout=60).status_code)


def by_threads(url: str, path: str) -> str:
    """As Go's client does it: one writes on and on, another reads the answer meanwhile."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection, open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = f"POST /stream-upload HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {size}\r\n\r\n"
        writer = threading.Thread(target=_write, args=(connection, head.encode(), file))
        writer.start()
        answer = b""
        try:
            while b"\r\n\r\n" not in answer and (piece := connection.recv(65536)):
                answer += piece
        finally:
            writer.join()
    return answer.split(b" ")[1].decode() if answer.startswith(b"HTTP/1.1 ") else repr(answer)


def _write(connection: socket.socket, head: bytes, file: object) -> None:
    try:
        connection.sendall(head)
        while piece := file.read(1 << 20):  # type: ignore[attr-defined]
            connection.sendall(piece)
    except OSError:
        pass  # The server has closed: its answer says why.


CLIENTS = {"http.client": by_http_client, "requests": by_requests, "threads": by_threads}

if __name__ == "__main__":
    _, client, url, path, count = sys.argv
    for _ in range(int(count)):
        try:
            print(CLIENTS[client](url, path))
        except Exception as error:  # noqa: BLE001
            print(f"{type(error).__name__}: {error}")
