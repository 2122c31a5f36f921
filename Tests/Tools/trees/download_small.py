"""Compares downloads of 4 KiB files with responses to /healthz of the same server, by wrk."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import content
from programs import fresh, wrk
from shared import count
from shared.measuring import column, compare, in_turn
from shared.rows import Row
from shared.service import Service

LEAST = 0.8


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=7, metavar="N", help="measurements of each (7)")
    parser.add_argument("--seconds", type=count, default=5, metavar="S", help="of each measurement (5)")
    parser.add_argument("--files", type=count, default=1_000, metavar="N", help="files of 4 KiB (1000)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    with fresh(given.work) as home:
        # In one directory, since Sluice of earlier versions serves no others.
        uploads = content.small_tree(home / "uploads", given.files, directories=1) / "directory-0"
        listed = home / "paths"
        listed.write_text("".join(f"/files/{name}\n" for name in content.paths(uploads)), encoding="utf-8")
        with Service(given.program, home / "sluice", directory=uploads) as server:
            ways = {
                "files": lambda: (wrk(server.base, given.seconds, "get.lua", listed),),
                "healthz": lambda: (wrk(f"{server.base}healthz", given.seconds),),
            }
            found = in_turn(ways, given.rounds)
    asked = "GET of 4 KiB, 32 connections, and GET of /healthz"
    yield compare(asked, "responses/s", column(found["files"]), column(found["healthz"]), least=LEAST)
