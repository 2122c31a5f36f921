"""Measures Sluice's memory during one large upload and during many at once."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import engine as engines
from shared import MIB, Failure, count, curl, output
from shared.rows import Row
from shared.source import Source

# Beyond the budget for buffers, in bytes.
MOST = 64 * MIB
BUDGET = 128 * MIB


def add_options(parser: argparse.ArgumentParser) -> None:
    engines.add_options(parser)
    parser.add_argument("--large", type=count, default=8, metavar="GIB", help="size of the large upload in GiB (8)")
    parser.add_argument("--uploads", type=count, default=64, metavar="N", help="uploads at once (64)")
    parser.add_argument("--size", type=count, default=64, metavar="MIB", help="size of each in MiB (64)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    with engines.Engine(given, given.work / "engine") as engine:
        for name, uploads, repeats in (("large", 1, given.large * 1024 // given.size), ("many", given.uploads, 1)):
            options = ["--memory-budget", f"{BUDGET // MIB}MiB"]
            with engines.StoreService(given, engine, given.work / name, *options) as server:
                with ThreadPoolExecutor(uploads) as pool:
                    urls = [f"{server.base}{name}-{number}" for number in range(uploads)]
                    list(pool.map(lambda url: _send(source.path, repeats, url), urls))
                peak = server.peak_rss()
                sizes = [size for key, size in engine.objects(name).items()]
                if sizes != [source.size * repeats] * uploads:
                    raise Failure(f"{sizes} bytes are stored")
                for key in engine.objects(name):
                    if repeats == 1 and engine.digest(key) != source.digest:
                        raise Failure(f"{key} differs from what was sent")
                    engine.client().delete_object(Bucket=engines.BUCKET, Key=key)
            asked = f"peak memory of the server, {uploads} x {source.size * repeats // MIB} MiB: at most {MOST // MIB} MiB"
            seen = f"{peak / MIB:.1f} MiB"
            yield Row(f"{asked} beyond the budget of {BUDGET // MIB} MiB", seen, 0 < peak <= MOST + BUDGET)


def _send(path: Path, repeats: int, url: str) -> None:
    """Sends a file so many times in one request."""
    files = " ".join(["\"$1\""] * repeats)
    words = " ".join(f"'{word}'" for word in curl("--fail", "--upload-file", "-", url, "--output", "/dev/null"))
    output(["bash", "-o", "pipefail", "-c", f"cat {files} | {words}", "bash", path], timeout=3600)
