"""Interrupts uploads of other clients, tuspy and one that is written for this, and lets them complete."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from protocols import PROTOCOLS, interrupt
from shared import MIB, Absence, Failure, count, digest, environment, output, run
from shared.nginx import Front, make_certificate, running
from shared.proxy import Cut, Proxy
from shared.rows import Row, note
from shared.service import Service
from shared.source import Source

FRONT = Front("all", has_tls=True, prefix="/a/prefix")
PATIENCE = 60

# Sends a part with one client, and the rest with a new one that finds the upload by its stored URL.
TUSPY = """
import sys
from tusclient import client
from tusclient.fingerprint.fingerprint import Fingerprint
from tusclient.storage.filestorage import FileStorage

url, path, name, stored, stop = sys.argv[1:]

def uploader():
    options = {"store_url": True, "url_storage": FileStorage(stored), "fingerprinter": Fingerprint()}
    options.update(metadata={"filename": name}, chunk_size=4 << 20, retries=5, retry_delay=1)
    return client.TusClient(url).uploader(path, **options)

uploader().upload(stop_at=int(stop))
resumed = uploader()
first = resumed.offset
resumed.upload()
print(first)
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=1, metavar="N", help="uploads of each client and way (1)")
    parser.add_argument("--size", type=count, default=64, metavar="MIB", help="size of the file in MiB (64)")
    parser.add_argument("--python", metavar="BIN", help="Python that has tuspy (one is installed with pip)")


def install(work: Path) -> str:
    """Installs tuspy in a new environment. Returns its Python. Raises Absence."""
    directory = work / "python"
    try:
        output([sys.executable, "-m", "venv", directory])
        output([directory / "bin/python", "-m", "pip", "install", "--quiet", "tuspy"])
    except Failure as failure:
        raise Absence(f"tuspy cannot be installed: {failure}") from failure
    return str(directory / "bin/python")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    python = given.python or install(given.work)
    with Service(given.program, given.work / "server", "--trusted-proxy", "127.0.0.1") as server:
        for way, front in {"direct": None, "through nginx with TLS and a prefix": FRONT}.items():
            for number in range(given.rounds):
                note(f"{way} ...")
                yield from _run_clients(given, server, source, python, way, front, number)


def _run_clients(
    given: argparse.Namespace, server: Service, source: Source, python: str, way: str, front: Front | None, number: int
) -> Iterator[Row]:
    cut = Cut(source.size * 3 // 4, "RST")
    for client in ["tuspy", *(f"the written {protocol.protocol} client" for protocol in PROTOCOLS)]:
        name = f"{client.split()[-2 if ' ' in client else 0]}-{'nginx' if front else 'direct'}-{number}"
        with ExitStack() as stack:
            # The proxy is the server of nginx: it cuts nginx's connection.
            proxy = stack.enter_context(Proxy(server.port, [Cut(cut.position, cut.kind)]))
            base = proxy.base
            if front is not None:
                base = stack.enter_context(running(front, proxy.port, given.work / name))
            authority = make_certificate(given.work / name) if front else None
            try:
                if client == "tuspy":
                    first = _tuspy(given, python, base, source, name, authority)
                else:
                    first = _written(client, base, source, name, authority)
                was_cut = proxy.cuts[0].noticed is not None
                stored = server.directory / name
                equal = stored.is_file() and digest(stored) == source.digest
                seen = f"resumed at {first / MIB:.1f} MiB, {'cut' if was_cut else 'not cut'} once more"
                seen += "" if equal else ", no equal file"
                passed = equal and was_cut and first > 0
            except Failure as failure:
                seen, passed = str(failure), False
        yield Row(f"{client}, {way}: an interrupted upload completes", seen, passed)


def _tuspy(
    given: argparse.Namespace, python: str, base: str, source: Source, name: str, authority: Path | None
) -> int:
    """Uploads with tuspy. Returns the offset at which its second client has begun."""
    variables = environment() | ({"REQUESTS_CA_BUNDLE": str(authority)} if authority else {})
    stop = str(source.size // 3 // (4 * MIB) * 4 * MIB)
    words = [python, "-c", TUSPY, f"{base}uploads", source.path, name, given.work / f"{name}.json", stop]
    ended = run(words, env=variables, timeout=300)
    if ended.returncode != 0:
        raise Failure(f"tuspy: {ended.stderr.strip()[-300:]}")
    return int(ended.stdout)


def _written(client: str, base: str, source: Source, name: str, authority: Path | None) -> int:
    """Uploads with a client of `protocols.py`. Returns the offset after its first interruption."""
    protocol = next(protocol for protocol in PROTOCOLS if protocol.protocol in client)
    upload = protocol(base, source, name, authority)
    interrupt(upload, source.size // 3)
    first = upload.ask()
    upload.complete(PATIENCE)
    return first
