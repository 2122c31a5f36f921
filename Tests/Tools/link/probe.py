"""Sends and receives on the ends of a link.

    probe.py sink ADDRESS PORT                    reads one TCP connection to its end, and responds with one byte
    probe.py send ADDRESS PORT BYTES              sends bytes to it; prints the seconds until that response
    probe.py echo ADDRESS PORT                    returns UDP packets; listens by TCP only to show that it runs
    probe.py ping ADDRESS PORT NUMBER PAUSE       sends it packets; prints the median time of their round trips, and the
                                                  part that was lost
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import time
from contextlib import suppress

BLOCK = bytes(1 << 20)
# Seconds without a response after the last packet; longer than any round trip.
PATIENCE = 0.5


def sink(address: str, port: int) -> None:
    with socket.create_server((address, port)) as listener:
        connection, _ = listener.accept()
        unused = bytearray(1 << 20)
        while connection.recv_into(unused):
            pass
        connection.send(b"!")
        connection.close()


def send(address: str, port: int, amount: int) -> None:
    begin = time.perf_counter()
    with socket.create_connection((address, port)) as connection:
        left = amount
        while left > 0:
            left -= connection.send(memoryview(BLOCK)[:left])
        connection.shutdown(socket.SHUT_WR)
        if connection.recv(1) != b"!":
            sys.exit("the other end has not received everything")
    print(json.dumps({"seconds": time.perf_counter() - begin}))


def echo(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets, socket.create_server((address, port)):
        packets.bind((address, port))
        while True:
            content, sender = packets.recvfrom(2048)
            packets.sendto(content, sender)


def ping(address: str, port: int, number: int, pause: float) -> None:
    times: list[float] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        packets.connect((address, port))

        def receive(flags: int = 0) -> None:
            with suppress(BlockingIOError, TimeoutError):
                while content := packets.recv(2048, flags):
                    times.append(time.perf_counter() - float(content))

        for _ in range(number):
            packets.send(str(time.perf_counter()).encode())
            time.sleep(pause)
            receive(socket.MSG_DONTWAIT)
        packets.settimeout(PATIENCE)
        receive()
    print(json.dumps({"median": statistics.median(times), "lost": 1 - len(times) / number}))


if __name__ == "__main__":
    what, (host, number_of_port), rest = sys.argv[1], (sys.argv[2], int(sys.argv[3])), sys.argv[4:]
    if what == "sink":
        sink(host, number_of_port)
    elif what == "send":
        send(host, number_of_port, int(rest[0]))
    elif what == "echo":
        echo(host, number_of_port)
    else:
        ping(host, number_of_port, int(rest[0]), float(rest[1]))
