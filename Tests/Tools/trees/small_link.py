"""Measures `sluice send DIR` to `sluice serve` over a link with a round trip of 100 ms at 1 Gbit/s."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import content
from link.delayed import Properties, joined
from shared import count
from shared.measuring import column, in_turn, text
from shared.rows import Row, median
from small import send_to_sluice

MOST = 4.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="measurements (5)")
    parser.add_argument("--files", type=count, default=10_000, metavar="N", help="files of 4 KiB (10000)")
    parser.add_argument("--delay", type=count, default=50, metavar="MS", help="of the link, in each direction (50)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    tree = content.small_tree(given.work / "tree", given.files)
    with joined(Properties(delay=given.delay / 1000, rate=1e9), given.work) as link:

        def send() -> tuple[float, ...]:
            return (send_to_sluice(given.program, tree, given.work, link.client, link.server),)

        seconds = column(in_turn({"sluice": send}, given.rounds)["sluice"])
    asked = f"{given.files:,} files of 4 KiB over {2 * given.delay} ms at 1 Gbit/s: in less than {MOST:.0f} s"
    yield Row(asked, text(seconds, "s"), median(seconds) < MOST)
