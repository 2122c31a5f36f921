"""Compares `sluice send DIR` to a durable `sluice serve` with a bare loop of system calls."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import content
from programs import bench_rows, find_bench, kept
from shared import Failure, count
from shared.measuring import column, compare, in_turn
from shared.places import LOOPBACK, Place
from shared.rows import Row
from shared.sender import Sender
from shared.service import Service

LEAST = 0.8
SIZE = 4096


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="measurements of each (5)")
    parser.add_argument("--files", type=count, default=10_000, metavar="N", help="files of 4 KiB (10000)")
    parser.add_argument("--directories", type=count, default=10, metavar="N", help="directories that they are in (10)")
    parser.add_argument("--bench", metavar="BIN", help="path of sluice-bench (beside sluice)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    bench = find_bench(given.program, given.bench)
    tree = content.small_tree(given.work / "tree", given.files, SIZE, given.directories)
    plan = ["--files", given.files, "--size", SIZE, "--directories", given.directories, "--dir", given.work, "--keep"]

    def sluice() -> tuple[float, ...]:
        return (given.files / send_to_sluice(given.program, tree, given.work),)

    def bare() -> tuple[float, ...]:
        return (float(bench_rows(bench, "bare-small", *plan)[0]["filesPerSecond"]),)

    found = in_turn({"sluice": sluice, "bare": bare}, given.rounds)
    asked = f"{given.files:,} files of 4 KiB, `sluice send` to `sluice serve` and the bare loop"
    yield compare(asked, "files/s", column(found["sluice"]), column(found["bare"]), least=LEAST)


def send_to_sluice(
    program: str, tree: Path, work: Path, client: Place = LOOPBACK, server: Place = LOOPBACK
) -> float:
    """Sends a directory to a new server, and compares what has arrived. Returns seconds, those of the whole program."""
    with kept(work) as home, Service(program, home / "server", place=server) as service:
        sent = Sender(program, home / "sender", client).send(tree, service.base)
        require_equal(tree, service.directory / tree.name)
    return sent.seconds


def require_equal(tree: Path, stored: Path) -> None:
    """Raises Failure unless all files of a directory have arrived; times are not compared."""
    found = content.compare(tree, stored)
    wrong = found.missing + found.different + found.extra
    if wrong:
        raise Failure(f"{len(wrong):,} of {found.files:,} files are missing, different or extra, first: {wrong[0]}")
