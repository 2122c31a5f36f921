"""What is measured: which client sends to which server, in which order."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path

import measure
from measure import Sample
from programs import SERVERS, Program, running
from shared import MIB, Failure, curl, digest

CASES = {
    "stream": "a PUT of the file by sendfile, the same client for every server",
    "multipart": "a form with the file by curl -F, the same client for every server",
    "client": "the file sent to a server that discards it",
}

# The servers that accept forms; the others need a program behind them for that.
FORM_SERVERS = ("sluice", "aiohttp", "busboy")
STORED = "upload.bin"
# Seconds without any progress after which a server counts as hung.
PATIENCE = 120


@dataclass(frozen=True)
class Source:
    """The file that is sent."""

    path: str
    size: int
    sha256: str

    @staticmethod
    def make(directory: Path, size: int) -> Source:
        """Makes a file of random bytes, synced, and in the page cache."""
        path = directory / "source.bin"
        with open(path, "wb") as file:
            for offset in range(0, size, MIB):
                file.write(os.urandom(min(MIB, size - offset)))
            file.flush()
            os.fsync(file.fileno())
        return Source(str(path), size, digest(path))

    def warm(self) -> None:
        """Reads the file, so that it is in the page cache before every upload."""
        unused = bytearray(MIB)
        with open(self.path, "rb", buffering=0) as file:
            while file.readinto(unused):
                pass


@dataclass
class Subject:
    """One row: what is measured in turn with others."""

    case: str
    name: str
    version: str
    # The name of Sluice's row in this case, which it is compared with.
    reference: str
    # Measures once; the argument is whether to verify the stored file by its digest.
    measure: Callable[[bool], Sample]
    syncs: str | None = None
    samples: list[Sample] = field(default_factory=list)
    failure: str | None = None


def subjects(programs: dict[str, Program], source: Source, work: Path) -> list[Subject]:
    """All that can be measured with the programs that were found, Sluice first in every case."""

    def put(port: int) -> Sample:
        return Sample(put_by_sendfile(source.path, port, f"/{STORED}"), cpu=0, peak_rss=None)

    def curl_body(port: int) -> Sample:
        return measure.run_client(curl("--fail", "-T", source.path, f"http://127.0.0.1:{port}/{STORED}"))

    def curl_form(port: int) -> Sample:
        path = source.path.replace("\\", "\\\\").replace('"', '\\"')
        form = ["-F", f'file=@"{path}";filename={STORED}']
        return measure.run_client(curl("--fail", *form, f"http://127.0.0.1:{port}/file-upload"))

    def sluice(mode: str) -> Callable[[int], Sample]:
        command = [*programs["sluice"].command, "send", source.path, "--mode", mode, "--method", "POST", "--quiet"]
        return lambda port: measure.run_client([*command, "--to", f"http://127.0.0.1:{port}/{STORED}"])

    def of_server(case: str, name: str, send: Callable[[int], Sample]) -> Subject:
        syncs = "file and directory" if name == "sluice" else "nothing"
        measured = partial(_of_server, name, programs[name], source, work, send)
        return Subject(case, name, programs[name].version, "sluice", measured, syncs)

    servers = [name for name in SERVERS if name in programs]
    found = [of_server("stream", name, put) for name in servers]
    if "curl" in programs:
        found += [of_server("multipart", name, curl_form) for name in servers if name in FORM_SERVERS]
    for name, program, reference, send in [
        ("sluice send", "sluice", "sluice send", sluice("stream")),
        ("curl -T", "curl", "sluice send", curl_body),
        ("sluice send form", "sluice", "sluice send form", sluice("multipart")),
        ("curl -F", "curl", "sluice send form", curl_form),
    ]:
        if program in programs:
            measured = partial(_of_client, work, send)
            found.append(Subject("client", name, programs[program].version, reference, measured))
    return found


def measure_in_turn(chosen: list[Subject], rounds: int, settle: float, source: Source) -> None:
    """Measures all subjects of a case in turn, `rounds` times, so that a temporary load of the machine affects all.

    A subject that fails keeps the reason and is not measured again.
    """
    for case in dict.fromkeys(subject.case for subject in chosen):
        of_case = [subject for subject in chosen if subject.case == case]
        for number, subject in product(range(rounds), of_case):
            if subject.failure:
                continue
            # Data that earlier subjects have left in the page cache must not be written at this one's cost.
            os.sync()
            time.sleep(settle)
            source.warm()
            try:
                sample = subject.measure(number == 0)
                subject.samples.append(sample)
                said = f"round {number + 1} of {rounds}: {subject.name} {source.size / sample.seconds / 1e9:.2f} GB/s"
            except Failure as failure:
                subject.failure = str(failure)
                said = f"{subject.name} failed: {failure}"
            print(f"{case}, {said}", file=sys.stderr, flush=True)


def _of_server(
    name: str, program: Program, source: Source, work: Path, send: Callable[[int], Sample], verify: bool
) -> Sample:
    """Measures a server that stores the file; `send` sends it to a port."""
    with running(name, program, work) as server:
        cpu, cached, unwritten = measure.session_cpu(server.session), measure.cached(), measure.unwritten()
        seconds = send(server.port).seconds
        return Sample(
            seconds,
            cpu=measure.session_cpu(server.session) - cpu,
            peak_rss=measure.session_peak_rss(server.session),
            cached=measure.cached() - cached,
            unwritten=measure.unwritten() - unwritten,
            seconds_to_disk=seconds + _sync(server.target / STORED, source, verify),
        )


def _of_client(work: Path, send: Callable[[int], Sample], _: bool) -> Sample:
    """Measures a client with a server that discards the file; `send` runs it with a port to send to."""
    with running("discard", Program([sys.executable], ""), work) as server:
        cpu = measure.session_cpu(server.session)
        sample = send(server.port)
        busy = (measure.session_cpu(server.session) - cpu) / sample.seconds
        return replace(sample, receiver_busy=busy)


def _sync(stored: Path, source: Source, verify: bool) -> float:
    """Syncs what the server has not synced; returns the seconds that this takes.

    Raises Failure unless the stored file has the right size and, to verify, the right digest.
    """
    start = time.perf_counter()
    try:
        with open(stored, "rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise Failure(f"it responded, but has not stored the file: {error}") from error
    seconds = time.perf_counter() - start
    if (size := stored.stat().st_size) != source.size:
        raise Failure(f"it has stored {size} bytes, not {source.size}")
    if verify and digest(stored) != source.sha256:
        raise Failure("the stored file differs from the sent one")
    return seconds


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
