"""Compares `sluice send DIR` with curl and rclone, which send to nginx, on loopback and over a long link."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import content
from link.delayed import Link, Properties, joined
from programs import Nginx, curl_tree, kept, rclone_tree
from shared import count, names
from shared.measuring import column, compare, in_turn
from shared.places import LOOPBACK
from shared.rows import Row, median, note
from shared.sender import Sender
from small import require_equal

# Of the rate of the better of curl and rclone.
LEAST = {"loopback": 1.0, "link": 1.5}
BASE = "base/"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=3, metavar="N", help="measurements of each (3)")
    text = "of rclone, which takes minutes; after the others (1)"
    parser.add_argument("--rclone-rounds", type=count, default=1, metavar="N", help=text)
    parser.add_argument("--files", type=count, default=10_000, metavar="N", help="files of 4 KiB (10000)")
    places = names(LEAST)
    parser.add_argument("--only", type=places, default=list(LEAST), metavar="LIST", help="loopback or link (both)")
    parser.add_argument("--delay", type=count, default=50, metavar="MS", help="of the link, in each direction (50)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    tree = content.small_tree(given.work / "tree", given.files)
    if "loopback" in given.only:
        yield from _compare(given, tree, Link(LOOPBACK, LOOPBACK), "loopback")
    if "link" in given.only:
        with joined(Properties(delay=given.delay / 1000, rate=1e9), given.work) as link:
            yield from _compare(given, tree, link, "link")


def _compare(given: argparse.Namespace, tree: Path, link: Link, where: str) -> Iterator[Row]:
    listed = sorted(content.paths(tree))
    senders: dict[str, Callable[[str, Path], float]] = {
        # `send DIR` keeps the directory's own name; the others send what is in it.
        "sluice send": lambda to, home: Sender(given.program, home, link.client).send(f"{tree}/", to).seconds,
        "curl": lambda to, home: curl_tree(tree, listed, to, link.client, home),
        "rclone": lambda to, home: rclone_tree(tree, to, link.client, home),
    }

    def measure(send: Callable[[str, Path], float]) -> tuple[float, ...]:
        with kept(given.work) as home, Nginx(home / "nginx", link.server) as nginx:
            (home / "client").mkdir()
            # rclone makes directories, but not the one that it is given.
            (nginx.directory / BASE).mkdir()
            seconds = send(nginx.base + BASE, home / "client")
            require_equal(tree, nginx.directory / BASE)
        return (given.files / seconds,)

    ways = {name: partial(measure, send) for name, send in senders.items()}
    rclone = ways.pop("rclone")
    found = {name: column(samples) for name, samples in in_turn(ways, given.rounds).items()}
    note("rclone ...")
    found["rclone"] = column([rclone() for _ in range(given.rclone_rounds)])
    place = "loopback" if where == "loopback" else f"{2 * given.delay} ms of round trip at 1 Gbit/s"
    better = max(("curl", "rclone"), key=lambda name: median(found[name]))
    for name in ("curl", "rclone"):
        asked = f"{place}: `sluice send` and {name}"
        row = compare(asked, "files/s", found["sluice send"], found[name], least=LEAST[where])
        # The figure is about the better of both.
        yield row if name == better else Row(row.asked, row.seen)
