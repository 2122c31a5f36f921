"""Sends a file several times and prints each time the status that it read: early.py CLIENT URL FILE COUNT."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import threading
from contextlib import suppress
from urllib.parse import urlsplit


def by_http_client(url: str, path: str) -> str:
    """Reads the response even when not all of the body could be sent, as urllib3 does."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        with open(path, "rb") as file, suppress(BrokenPipeError):
            connection.request("POST", "/stream-upload", body=file)
        return str(connection.getresponse().status)
    finally:
        connection.close()


def by_requests(url: str, path: str) -> str:
    import requests

    with open(path, "rb") as file, requests.Session() as session:
        return str(session.post(f"{url}/stream-upload", data=file, timeout=60).status_code)


def by_threads(url: str, path: str) -> str:
    """One thread writes while another reads the response, as in Go's client."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection, open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = f"POST /stream-upload HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {size}\r\n\r\n"

        def write() -> None:
            with suppress(OSError):  # The server has closed; its response gives the reason.
                connection.sendall(head.encode())
                while block := file.read(1 << 20):
                    connection.sendall(block)

        writer = threading.Thread(target=write)
        writer.start()
        response = b""
        try:
            while b"\r\n\r\n" not in response and (received := connection.recv(65536)):
                response += received
        finally:
            writer.join()
    return response.split(b" ")[1].decode() if response.startswith(b"HTTP/1.1 ") else repr(response)


CLIENTS = {"http.client": by_http_client, "requests": by_requests, "threads": by_threads}

if __name__ == "__main__":
    _, client, url, path, count = sys.argv
    for _ in range(int(count)):
        try:
            print(CLIENTS[client](url, path))
        except Exception as error:  # noqa: BLE001
            print(f"{type(error).__name__}: {error}")
