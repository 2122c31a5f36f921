"""Sends a file through nginx, which limits bodies, buffers requests, ends TLS and adds a path prefix."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from shared import MIB, Failure, count, digest
from shared.nginx import Front, make_certificate, running
from shared.proxy import Proxy
from shared.rows import Row, note
from shared.sender import Sender
from shared.service import Service
from shared.source import Source

# Plain URLs are those of a server: the client chooses the path. With a prefix the name is appended to the URL.
FRONTS = [
    Front("limit", limit="8m"),
    Front("buffering", is_buffering=True),
    Front("both", limit="8m", is_buffering=True),
    Front("tls", has_tls=True),
    Front("prefix", prefix="/a/prefix"),
    Front("all", limit="8m", is_buffering=True, has_tls=True, prefix="/a/prefix"),
]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=1, metavar="N", help="uploads through each nginx (1)")
    parser.add_argument("--size", type=count, default=256, metavar="MIB", help="size of the file in MiB (256)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    certificate = make_certificate(given.work)
    sender = Sender(given.program, given.work / "sender")
    with Service(given.program, given.work / "server", "--trusted-proxy", "127.0.0.1") as server:
        for front in FRONTS:
            note(f"{front.name} ...")
            options = ["--ca", certificate] if front.has_tls else []
            for _ in range(given.rounds):
                # Behind nginx, a proxy that cuts nothing sees which protocol was used.
                with Proxy(server.port) as proxy, running(front, proxy.port, given.work) as url:
                    to = url if front.prefix else url.rstrip("/")
                    yield _send(front, server, proxy, sender, source, to, options)


def _send(
    front: Front, server: Service, proxy: Proxy, sender: Sender, source: Source, url: str, options: list[object]
) -> Row:
    features = [f"client_max_body_size {front.limit}" if front.limit != "0" else ""]
    features += ["buffered requests"] * front.is_buffering + ["TLS"] * front.has_tls + ["prefix"] * bool(front.prefix)
    asked = f"{', '.join(filter(None, features))}: {source.size // MIB} MiB arrive in an upload that can be resumed"
    stored = server.directory / source.path.name
    try:
        sent = sender.send(source.path, url, *options, patience=180)
        equal = stored.is_file() and digest(stored) == source.digest
        seen = f"{sent.seconds:.1f} s" if equal else "no equal file"
        by = ", ".join(proxy.protocols) or "a plain upload"
        return Row(asked, f"{seen}, by {by}", equal and bool(proxy.protocols))
    except Failure as failure:
        return Row(asked, str(failure), False)
    finally:
        stored.unlink(missing_ok=True)
