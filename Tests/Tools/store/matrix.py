"""Uploads files of all sizes by every kind of request, and reads each object back with boto3."""

from __future__ import annotations

import argparse
import hashlib
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import engine as engines
from shared import MIB, curl, run, wait_until
from shared.rows import Row, none_of
from shared.sender import Sender

NAMES = [
    "a+b", "100%", "%41", "a b", "ü", "u\u0308", "日本", "a&b=c", "a'b", "q?", "h#h", "~", "(1)", "a;b,c", "$", "a=b",
    "é" * 100, "x" * 255, "d1/d2/d3/f", "UPPER/lower",
]


def add_options(parser: argparse.ArgumentParser) -> None:
    engines.add_options(parser)


def rows(given: argparse.Namespace) -> Iterator[Row]:
    part = given.part_size * MIB
    sizes = [0, 1, 4096, part - 1, part, part + 1, 2 * part, 3 * part + 12345]
    with engines.Engine(given, given.work / "engine") as engine:
        with engines.StoreService(given, engine, given.work / "server", "--on-duplicate", "error", prefix="/in") as server:
            sent: dict[str, str] = {}
            refused: list[str] = []
            for size in sizes:
                path = given.work / f"f{size}"
                path.write_bytes(given.random.randbytes(size))
                for way, words in _ways(path, size, server.base).items():
                    ended = run(curl(*words, "--write-out", "\n%{http_code}"), timeout=300)
                    body, _, status = ended.stdout.rpartition("\n")
                    if status != "201":
                        refused.append(f"{way} of {size}: {status} {body[:200]}")
                        continue
                    for file in json.loads(body)["files"]:
                        sent[file["name"]] = hashlib.sha256(path.read_bytes()).hexdigest()
            yield none_of("every size by PUT, chunked PUT, stream and form gets 201", refused, len(sent))
            yield from _names(server.base, sent)
            yield from _directory(given, server, sent)
            for number, text in enumerate(("same", "other")):
                words = ["--data-binary", text, f"{server.base}stream-upload?name=taken"]
                status = run(curl(*words, "--write-out", "%{http_code}", "--output", "/dev/null")).stdout
                expected = ["201", "409"][number]
                yield Row(f"a name that is {'free' if number == 0 else 'taken'}", status, status == expected)
            sent["taken"] = hashlib.sha256(b"same").hexdigest()
            stored = {key.removeprefix("in/") for key in engine.objects("in/") if "/.sluice/" not in key}
            wrong = [name for name, digest in sent.items() if name not in stored or engine.digest(f"in/{name}") != digest]
            yield none_of(f"boto3 reads every object back from {engine.name}, SHA-256 equal", wrong, len(sent))
            yield none_of("there is no other object", sorted(stored - set(sent)), len(stored))
            yield from _downloads(given, server.base, sent)
            yield from _cut(given, engine, server.base)


def _ways(path: Path, size: int, base: str) -> dict[str, list[object]]:
    ways: dict[str, list[object]] = {
        "PUT": ["--upload-file", path, f"{base}put/{size}"],
        "stream": ["--data-binary", f"@{path}", f"{base}stream-upload?name=stream-{size}"],
        "form": ["--form", f"f=@{path};filename=form-{size}", f"{base}file-upload"],
    }
    # curl 7.88 sends no chunk at all for an empty file.
    if size > 0:
        ways["chunked"] = ["--header", "Transfer-Encoding: chunked", "--upload-file", path, f"{base}chunked/{size}"]
    return ways


def _names(base: str, sent: dict[str, str]) -> Iterator[Row]:
    wrong = []
    for name in NAMES:
        url = f"{base}files/{urllib.parse.quote(name)}"
        ended = run(curl("--request", "PUT", "--data-binary", name, url, "--write-out", "\n%{http_code}"))
        body, _, status = ended.stdout.rpartition("\n")
        stored = json.loads(body)["files"][0]["name"] if status == "201" else ""
        if stored != name or run(curl(url)).stdout != name:
            wrong.append(f"{name}: {status} {stored}")
        sent[stored] = hashlib.sha256(name.encode()).hexdigest()
    yield none_of("names that are hard for S3 are stored and downloaded as they are", wrong, len(NAMES))


def _directory(given: argparse.Namespace, server: engines.StoreService, sent: dict[str, str]) -> Iterator[Row]:
    tree = given.work / "tree"
    for number in range(40):
        path = tree / f"d{number % 7}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(given.random.randbytes(given.random.choice([0, 10, 5000, 200_000, 3 * MIB])))
        sent[f"tree/d{number % 7}/f{number}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    taken = Sender(given.program, given.work / "sender").send(tree, server.base)
    yield Row("`sluice send` of a directory", f"{taken.seconds:.1f} s", True)


def _downloads(given: argparse.Namespace, base: str, sent: dict[str, str]) -> Iterator[Row]:
    wrong = []
    copy = given.work / "copy"
    for name, digest in sent.items():
        url = f"{base}files/{urllib.parse.quote(name)}"
        run(curl("--fail", "--output", copy, url), timeout=300)
        if not copy.exists() or hashlib.sha256(copy.read_bytes()).hexdigest() != digest:
            wrong.append(name)
        copy.unlink(missing_ok=True)
    yield none_of("every file is downloaded through Sluice, SHA-256 equal", wrong, len(sent))


def _cut(given: argparse.Namespace, engine: engines.Engine, base: str) -> Iterator[Row]:
    path = given.work / f"f{3 * given.part_size * MIB + 12345}"
    before = set(engine.objects())
    # Half of the file arrives.
    rate = path.stat().st_size // 6
    words = ["--header", "Transfer-Encoding: chunked", "--upload-file", path, f"{base}cut", "--limit-rate", rate]
    ended = run(curl(*words, "--max-time", 3), timeout=60)
    yield Row("an upload is interrupted", f"curl exits with {ended.returncode}", ended.returncode == 28)
    left = wait_until(lambda: not (set(engine.objects()) - before) and not engine.unfinished(), 20, 0.5)
    yield Row("an interrupted upload leaves no object, claim or part", "nothing" if left else "something", bool(left))
