"""Clients and servers that send and receive as a script says.

    peers.py send ADDRESS PORT PATH STEPS [stream|form|raw]    prints when the response has arrived
    peers.py serve ADDRESS PORT STEPS                          serves one upload, and responds 201

A script is a list of steps with commas: `40M@10M` moves 40 MiB at 10 MiB/s, `40M` as fast as possible, `wait3` moves
nothing for 3 seconds. A server's last steps come after the body; `503` rejects the first request, `rcvbuf64K` limits the
receive window.
"""

from __future__ import annotations

import socket
import sys
import time

UNITS = {"K": 1 << 10, "M": 1 << 20}
BLOCK = 64 << 10
BOUNDARY = "scripted"


def size(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def moved(steps: list[str]) -> int:
    """Bytes that a script moves."""
    return sum(size(step.partition("@")[0]) for step in steps if step[0].isdigit() and step != "503")


class Pace:
    """Bytes at a rate, without drift."""

    def __init__(self, rate: str) -> None:
        self._rate, self._begin, self._done = size(rate) if rate else 0, time.monotonic(), 0

    def note(self, count: int) -> None:
        self._done += count
        if self._rate:
            time.sleep(max(0, self._begin + self._done / self._rate - time.monotonic()))


def send(address: str, port: int, path: str, steps: list[str], kind: str) -> None:
    total = moved(steps)
    with socket.create_connection((address, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before, after = b"", b""
        if kind == "form":
            field = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path}"\r\n\r\n'
            before, after = field.encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
            head = f"POST /file-upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        else:
            head = f"PUT /{path} HTTP/1.1\r\n"
        if kind != "raw":
            length = total + len(before) + len(after)
            connection.sendall(f"{head}Host: {address}\r\nContent-Length: {length}\r\n\r\n".encode() + before)
        block = bytes(BLOCK)
        for step in steps:
            if step.startswith("wait"):
                time.sleep(float(step[4:]))
                continue
            amount, _, rate = step.partition("@")
            left, pace = size(amount), Pace(rate)
            while left > 0:
                sent = connection.send(memoryview(block)[:left])
                left -= sent
                pace.note(sent)
        connection.sendall(after)
        if kind == "raw":
            connection.shutdown(socket.SHUT_WR)
        if b" 201 " not in connection.recv(65536)[:64] and kind != "raw":
            sys.exit("the server has not stored it")


def serve(address: str, port: int, steps: list[str]) -> None:
    with socket.create_server((address, port)) as listener:
        for step in [step for step in steps if step.startswith("rcvbuf")]:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size(step[6:]))
            steps.remove(step)
        while steps and steps[0] == "503":
            steps.pop(0)
            _reject(listener)
        connection, _ = listener.accept()
        with connection:
            _receive(connection, steps)


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(BLOCK)
    head, _, rest = received.partition(b"\r\n\r\n")
    return head.lower(), rest


def _reject(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        _head(connection)
        connection.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def _receive(connection: socket.socket, steps: list[str]) -> None:
    head, rest = _head(connection)
    if b"100-continue" in head:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
    done, total = len(rest), int(lengths[0].split(b":")[1]) if lengths else None
    ended, left_over = False, rest
    unused = bytearray(1 << 20)
    for index, step in enumerate(steps):
        if step.startswith("wait"):
            time.sleep(float(step[4:]))
            continue
        amount, _, rate = step.partition("@")
        end, pace = done + size(amount), Pace(rate)
        is_last = not any(other[0].isdigit() for other in steps[index + 1 :])
        while not ended and (done < end or is_last):
            if total is not None and done >= total:
                break
            count = connection.recv_into(unused, min(len(unused), BLOCK if rate else len(unused)))
            if count == 0:
                sys.exit("the client has closed the connection")
            done += count
            left_over = (left_over + bytes(unused[:count]))[-8:]
            ended = total is None and left_over.endswith(b"0\r\n\r\n")
            pace.note(count)
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


if __name__ == "__main__":
    what, host, number, *words = sys.argv[1:]
    if what == "send":
        send(host, int(number), words[0], words[1].split(","), words[2] if len(words) > 2 else "stream")
    else:
        serve(host, int(number), words[0].split(","))
