"""What is measured: who sends what to whom, in which order."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import clients
import measure
from measure import Sample
from programs import Program, environment
from servers import SERVERS, Running, Server, discarding, running
from shared import Failure, digest

CASES = {
    "stream": "a PUT of the file by sendfile, the same client for every server",
    "multipart": "a form with the file by curl -F, the same client for every server",
    "client": "the file sent to a server that discards it",
}

# The servers that take forms; the others need a program behind them for that.
TAKE_FORMS = ("sluice", "aiohttp", "busboy")

STORED = "upload.bin"


@dataclass(frozen=True)
class Source:
    """The file that is sent."""

    path: str
    size: int
    sha256: str

    @staticmethod
    def make(directory: Path, size: int) -> Source:
        """Makes one of random bytes, synced, and in the page cache."""
        path = directory / "source.bin"
        with open(path, "wb") as file:
            for offset in range(0, size, 1 << 20):
                file.write(os.urandom(min(1 << 20, size - offset)))
            file.flush()
            os.fsync(file.fileno())
        return Source(str(path), size, digest(path))

    def warm(self) -> None:
        """Reads it through, so that it is in the page cache before every upload alike."""
        unused = bytearray(1 << 20)
        with open(self.path, "rb", buffering=0) as file:
            while file.readinto(unused):
                pass


@dataclass
class Subject:
    """One row: something to be measured in turn with others."""

    case: str
    name: str
    version: str
    reference: str
    """The name of Sluice's row of this case, which it is compared with."""
    measure: Callable[[bool], Sample]
    """Measures once; whether to verify what was stored as well."""
    syncs: str | None = None
    samples: list[Sample] = field(default_factory=list)
    failure: str | None = None


def subjects(programs: dict[str, Program], source: Source, work: Path) -> list[Subject]:
    """All that can be measured with the programs that were found, Sluice first in every case."""
    servers = [make(programs[name]) for name, make in SERVERS.items() if name in programs]
    found = [_of_server("stream", server, source, work, _put) for server in servers]
    curl, sluice = programs.get("curl"), programs.get("sluice")
    if curl:
        takers = [server for server in servers if server.name in TAKE_FORMS]
        found += [_of_server("multipart", server, source, work, _form(curl)) for server in takers]
    clients_and_references = [
        ("sluice send", sluice, "sluice send", _send("stream")),
        ("curl -T", curl, "sluice send", _curl_body),
        ("sluice send form", sluice, "sluice send form", _send("multipart")),
        ("curl -F", curl, "sluice send form", _curl_form),
    ]
    for name, program, reference, command in clients_and_references:
        if program:
            found.append(_of_client(name, program, reference, source, work, command))
    return found


def measure_in_turn(chosen: list[Subject], rounds: int, settle: float, source: Source) -> None:
    """Measures all subjects of a case one after the other, `rounds` times over, case by case.

    What slows the machine for a while so falls on all alike. One that fails is left out from then on, and says why.
    """
    for case in dict.fromkeys(subject.case for subject in chosen):
        for number in range(rounds):
            for subject in chosen:
                if subject.case != case or subject.failure:
                    continue
                # What the ones before have left in the page cache is not to be written at this one's cost.
                os.sync()
                time.sleep(settle)
                source.warm()
                try:
                    sample = subject.measure(number == 0)
                except Failure as failure:
                    subject.failure = str(failure)
                    _say(f"{case}: {subject.name} failed: {failure}")
                    continue
                subject.samples.append(sample)
                speed = source.size / sample.seconds / 1e9
                _say(f"{case}, round {number + 1} of {rounds}: {subject.name} {speed:.2f} GB/s")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


Send = Callable[[Source, Running], float]
"""Sends a file to a server; how many seconds that took."""


def _of_server(case: str, server: Server, source: Source, work: Path, send: Send) -> Subject:
    def measured(verify: bool) -> Sample:
        with running(server, work) as instance:
            cpu, cached, unwritten = measure.session_cpu(instance.session), measure.cached(), measure.unwritten()
            seconds = send(source, instance)
            sample = Sample(
                seconds,
                cpu=measure.session_cpu(instance.session) - cpu,
                peak_rss=measure.session_peak_rss(instance.session),
                cached=measure.cached() - cached,
                unwritten=measure.unwritten() - unwritten,
                seconds_to_disk=seconds + _sync(instance.target / STORED),
            )
            _check(instance.target / STORED, source, verify)
            return sample

    return Subject(case, server.name, server.version, "sluice", measured, syncs=server.syncs)


def _sync(stored: Path) -> float:
    """Does for the user what the server has not done; how many seconds that took."""
    start = time.perf_counter()
    try:
        descriptor = os.open(stored, os.O_RDONLY)
    except OSError as error:
        raise Failure(f"it answered, but has not stored the file: {error}") from error
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return time.perf_counter() - start


def _check(stored: Path, source: Source, verify: bool) -> None:
    """Raises Failure unless the right file is stored: by its size, and to verify by all its bytes."""
    if stored.stat().st_size != source.size:
        raise Failure(f"it has stored {stored.stat().st_size} bytes, not {source.size}")
    if verify and digest(stored) != source.sha256:
        raise Failure("what it has stored is not what was sent")


def _put(source: Source, instance: Running) -> float:
    return clients.put_by_sendfile(source.path, instance.port, f"/{STORED}")


def _form(curl: Program) -> Send:
    return lambda source, instance: _run(_curl_form(curl, source, instance.port)).seconds


Command = Callable[[Program, Source, int], list[str]]
"""How to call a client that sends a file to a port."""


def _of_client(name: str, program: Program, reference: str, source: Source, work: Path, command: Command) -> Subject:
    def measured(_: bool) -> Sample:
        with running(discarding(), work) as instance:
            cpu = measure.session_cpu(instance.session)
            sample = _run(command(program, source, instance.port))
            busy = (measure.session_cpu(instance.session) - cpu) / sample.seconds
            return dataclasses.replace(sample, receiver_busy=busy)

    return Subject("client", name, program.version, reference, measured)


def _run(command: list[str]) -> Sample:
    return measure.run_client(command, environment(), timeout=600)


def _curl_form(curl: Program, source: Source, port: int) -> list[str]:
    path = source.path.replace("\\", "\\\\").replace('"', '\\"')
    form = f'file=@"{path}";filename={STORED}'
    return clients.curl(*curl.command, "-F", form, f"http://127.0.0.1:{port}/file-upload")


def _curl_body(curl: Program, source: Source, port: int) -> list[str]:
    return clients.curl(*curl.command, "-T", source.path, f"http://127.0.0.1:{port}/{STORED}")


def _send(mode: str) -> Command:
    def command(sluice: Program, source: Source, port: int) -> list[str]:
        to = f"http://127.0.0.1:{port}/{STORED}"
        return [*sluice.command, "send", source.path, "--mode", mode, "--method", "POST", "--quiet", "--to", to]

    return command
