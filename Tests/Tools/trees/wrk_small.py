"""Compares uploads of 4 KiB to Sluice and to nginx on a tmpfs, over 32 keep-alive connections of wrk."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from programs import Nginx, fresh, wrk
from shared import count
from shared.measuring import column, compare, in_turn
from shared.rows import Row
from shared.service import Service

LEAST = 0.9


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="measurements of each (5)")
    parser.add_argument("--seconds", type=count, default=5, metavar="S", help="of each measurement (5)")
    parser.add_argument("--tmpfs", type=Path, default="/dev/shm", metavar="DIR", help="on a tmpfs (/dev/shm)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="sluice-trees-", dir=given.tmpfs) as name:
        work = Path(name)

        def sluice() -> tuple[float, ...]:
            with fresh(work) as home, Service(given.program, home) as server:
                return (wrk(server.base, given.seconds, "put.lua"),)

        def nginx() -> tuple[float, ...]:
            with fresh(work) as home, Nginx(home) as server:
                return (wrk(server.base, given.seconds, "put.lua"),)

        found = in_turn({"sluice": sluice, "nginx": nginx}, given.rounds)
    asked = "PUT of 4 KiB on a tmpfs, 32 connections, Sluice and nginx"
    yield compare(asked, "files/s", column(found["sluice"]), column(found["nginx"]), least=LEAST)
