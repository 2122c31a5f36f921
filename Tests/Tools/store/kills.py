"""Kills one of two servers again and again while clients upload by tus and continue on the other one."""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import engine as engines
from shared import MIB, Failure, count, wait_until
from shared.rows import Row, none_of, note
from shared.source import Source

# Seconds after which the server deletes an upload that no client continues, and until a client gives up.
EXPIRY = 30
# Seconds after which a server deletes uploads that have expired on another one.
SWEEP = 65
PATIENCE = 120
# Bytes of one write of a client: a kill is noticed between two of them.
BLOCK = 256 << 10


def add_options(parser: argparse.ArgumentParser) -> None:
    engines.add_options(parser)
    parser.set_defaults(part_size=5)
    parser.add_argument("--kills", type=count, default=100, metavar="N", help="kills (100)")
    parser.add_argument("--clients", type=count, default=3, metavar="N", help="clients (3)")
    parser.add_argument("--size", type=count, default=24, metavar="MIB", help="size of each file in MiB (24)")


@dataclass
class _Tally:
    """What the clients have seen."""

    stored: dict[str, str] = field(default_factory=dict)
    moved: int = 0
    problems: list[str] = field(default_factory=list)


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    over, tally = threading.Event(), _Tally()
    options = ["--expire-unfinished", f"{EXPIRY}s", "--on-duplicate", "error"]
    with ExitStack() as stack:
        engine = stack.enter_context(engines.Engine(given, given.work / "engine"))
        servers = [
            stack.enter_context(engines.StoreService(given, engine, given.work / name, *options, prefix="/in"))
            for name in ("first", "second")
        ]
        pool = stack.enter_context(ThreadPoolExecutor(given.clients))
        clients = [
            pool.submit(_client, number, [server.port for server in servers], source, over, tally)
            for number in range(given.clients)
        ]
        try:
            for number in range(given.kills):
                server = servers[given.random.randrange(2)]
                time.sleep(given.random.uniform(0.1, 1.5))
                server.kill()
                time.sleep(given.random.uniform(0, 1))
                server.start()
                note(f"{number + 1} of {given.kills} kills, {len(tally.stored)} files stored")
        finally:
            over.set()
        for client in clients:
            client.result()
        stored = engine.objects("in/")
        yield Row(f"{given.kills} times `kill -9` of one of two servers", f"{len(tally.stored)} files acknowledged", None)
        yield Row("clients have continued uploads on the other server", f"{tally.moved} times", tally.moved > 0)
        yield none_of("every upload ended with success", tally.problems, len(tally.stored))
        lost = [name for name, digest in tally.stored.items() if f"in/{name}" not in stored or engine.digest(f"in/{name}") != digest]
        yield none_of("no acknowledged file is lost, SHA-256 equal", lost, len(tally.stored))
        files = {key: size for key, size in stored.items() if not key.startswith("in/.sluice/")}
        partial = [f"{key}: {size}" for key, size in files.items() if size != source.size]
        yield none_of("no object is partial", partial, len(files))

        wait_until(lambda: not _left(engine), EXPIRY + SWEEP, 2)
        for server in servers:
            server.kill()
            server.start()
        wait_until(lambda: not _left(engine), 30, 2)
        yield none_of("no part, tail, claim or record is left after the expiry and a start", _left(engine), len(files))
        yield Row("multipart uploads without a part, begun at the moment of a kill", f"{len(engine.unfinished())}", None)


def _left(engine: engines.Engine) -> list[str]:
    """Parts of unfinished uploads, and what Sluice keeps of uploads that are not stored. What is stored is remembered for ten
    minutes, for clients that have not received the response."""
    client, left, leases = engine.client(), [], {}
    for key, upload in engine.unfinished_uploads():
        if client.list_parts(Bucket=engines.BUCKET, Key=key, UploadId=upload).get("Parts"):
            left.append(key)
    for key in sorted(engine.objects("in/.sluice/")):
        if "/claims/" in key:
            left.append(key)
        elif "/uploads/" in key:
            leases.setdefault(key.rpartition("/")[2].partition(".")[0], []).append(key)
    for keys in leases.values():
        newest = max((key for key in keys if ".lease." in key), key=lambda key: int(key.rpartition(".")[2]), default=None)
        content = {}
        if newest is not None:
            content = json.loads(client.get_object(Bucket=engines.BUCKET, Key=newest)["Body"].read())
        if not content.get("publication", {}).get("isDone") or any(".tail." in key for key in keys):
            left += keys
    return left


def _client(number: int, ports: list[int], source: Source, over: threading.Event, tally: _Tally) -> None:
    """Uploads one file after the other until all kills are done."""
    index = 0
    while not over.is_set():
        name = f"c{number}-{index}"
        index += 1
        content = memoryview(hashlib.sha256(name.encode()).digest() + source.content[32:].tobytes())
        try:
            _upload(name, content, ports, tally)
            tally.stored[name] = hashlib.sha256(content).hexdigest()
        except Failure as failure:
            tally.problems.append(f"{name}: {failure}")


def _upload(name: str, content: memoryview, ports: list[int], tally: _Tally) -> None:
    end = time.monotonic() + PATIENCE
    place, port, said, offset = "", ports[0], "", 0
    while time.monotonic() < end:
        try:
            if not place:
                place = _create(port, name, len(content))
            status, offset = _head(port, place)
            if status == 200 and offset == len(content):
                return
            if status == 200:
                status, offset = _append(port, place, content, offset)
                if status == 204 and offset == len(content):
                    return
            said = f"HTTP {status} at offset {offset}"
            if status in (404, 410):
                raise Failure(f"the upload is gone: {said}")
        except (OSError, http.client.HTTPException) as error:
            said = repr(error)
        port = ports[(ports.index(port) + 1) % len(ports)]
        tally.moved += 1
        time.sleep(0.3)
    raise Failure(f"not complete after {PATIENCE} s: {said}")


def _request(port: int, method: str, path: str, fields: dict[str, str], body: memoryview | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        connection.putrequest(method, path)
        for key, value in {"Tus-Resumable": "1.0.0", "Content-Length": str(len(body or b"")), **fields}.items():
            connection.putheader(key, value)
        connection.endheaders()
        for start in range(0, len(body or b""), BLOCK):
            assert body is not None
            connection.send(body[start:start + BLOCK])
            # About 20 MiB/s: kills come in the middle.
            time.sleep(BLOCK / (20 * MIB))
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def _create(port: int, name: str, size: int) -> str:
    text = base64.b64encode(name.encode()).decode()
    response = _request(port, "POST", "/uploads", {"Upload-Length": str(size), "Upload-Metadata": f"filename {text}"})
    location = response.getheader("Location")
    if response.status != 201 or location is None:
        raise http.client.HTTPException(f"creation: HTTP {response.status}")
    return "/" + location.split("/", 3)[3] if "://" in location else location


def _head(port: int, place: str) -> tuple[int, int]:
    response = _request(port, "HEAD", place, {})
    return response.status, int(response.getheader("Upload-Offset") or 0)


def _append(port: int, place: str, content: memoryview, offset: int) -> tuple[int, int]:
    fields = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    response = _request(port, "PATCH", place, fields, content[offset:])
    return response.status, int(response.getheader("Upload-Offset") or 0)
