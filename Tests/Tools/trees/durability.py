"""Compares uploads of 4 KiB that are synced with those that are not, on the disk of `--dir`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from programs import kept, wrk
from shared import count, output
from shared.measuring import column, compare, in_turn
from shared.rows import Row
from shared.service import Service

LEAST = 0.7


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=7, metavar="N", help="measurements of each (7)")
    parser.add_argument("--seconds", type=count, default=5, metavar="S", help="of each measurement (5)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    disk = output(["stat", "--file-system", "--format", "%T", given.work]).strip()
    yield Row("the directory is on a disk", disk, None if disk != "tmpfs" else False)

    def measure(durability: str) -> tuple[float, ...]:
        with kept(given.work) as home, Service(given.program, home, "--durability", durability) as server:
            return (wrk(server.base, given.seconds, "put.lua"),)

    found = in_turn({"full": lambda: measure("full"), "none": lambda: measure("none")}, given.rounds)
    asked = "PUT of 4 KiB, 32 connections, `--durability full` and `none`"
    yield compare(asked, "files/s", column(found["full"]), column(found["none"]), least=LEAST)
