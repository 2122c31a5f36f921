"""Measures the memory of both sides during 100,000 files, and of a server with 10,000 slow uploads."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import content
from programs import bench_rows, find_bench, fresh
from shared import MIB, count
from shared.rows import Row, note
from shared.sender import Sender
from shared.service import Service
from small import require_equal

# Of either side, in bytes.
MOST = 64 * MIB
MOST_PER_UPLOAD = 24 << 10


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--files", type=count, default=100_000, metavar="N", help="files of 4 KiB (100000)")
    parser.add_argument("--uploads", type=count, default=10_000, metavar="N", help="slow uploads (10000)")
    parser.add_argument("--seconds", type=count, default=20, metavar="S", help="that they take (20)")
    parser.add_argument("--bench", metavar="BIN", help="path of sluice-bench (beside sluice)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    bench = find_bench(given.program, given.bench)
    note(f"{given.files:,} files ...")
    with fresh(given.work) as home:
        tree = content.small_tree(home / "tree", given.files, directories=max(given.files // 1000, 1))
        with Service(given.program, home / "server") as server:
            sent = Sender(given.program, home / "sender").send(tree, server.base)
            peak = server.peak_rss()
            require_equal(tree, server.directory / tree.name)
    for side, bytes_of_side in {"server": peak, "client": sent.peak_rss}.items():
        asked = f"peak memory of the {side} during {given.files:,} files of 4 KiB: less than {MOST // MIB} MiB"
        yield Row(asked, f"{bytes_of_side / MIB:.1f} MiB", 0 < bytes_of_side < MOST)
    note(f"{given.uploads:,} slow uploads ...")
    words = ["--uploads", given.uploads, "--rate", "2kB", "--seconds", given.seconds, "--dir", given.work]
    found = bench_rows(bench, "slow", *words, "--sluice", given.program)[0]
    idle, during, most = (found[key] * MIB for key in ("idleMebibytes", "residentMebibytes", "peakMebibytes"))
    each = (most - idle) / given.uploads
    asked = f"memory per upload, {given.uploads:,} of 2 kB/s: at most {MOST_PER_UPLOAD >> 10} KiB"
    seen = f"{each / 1024:.1f} KiB; server {idle / MIB:.1f} MiB without, {during / MIB:.1f} with, peak {most / MIB:.1f}"
    yield Row(asked, seen, each <= MOST_PER_UPLOAD)
    yield Row("the uploads had their rate", f"{found['ratioToRate']:.2f} of it", found["ratioToRate"] > 0.9)
