"""Compares a download of 1 GiB from Sluice with one from lighttpd, both by curl."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from programs import Lighttpd, fresh, seconds_of
from shared import MIB, count, curl, digest
from shared.measuring import column, compare, in_turn
from shared.rows import Row
from shared.service import Service
from shared.source import Source

LEAST = 0.9


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=9, metavar="N", help="measurements of each (9)")
    parser.add_argument("--size", type=count, default=1024, metavar="MIB", help="size of the file in MiB (1024)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    with fresh(given.work) as home:
        uploads = home / "uploads"
        uploads.mkdir()
        with Service(given.program, home / "sluice", directory=uploads) as sluice, Lighttpd(home / "lighttpd") as other:
            # The same file, so that it is in the page cache once.
            for directory in (uploads, other.directory):
                os.link(source.path, directory / "file.bin")
            urls = {"sluice": f"{sluice.base}files/file.bin", "lighttpd": f"{other.base}file.bin"}
            for name, url in urls.items():
                yield _equal(name, url, source, home / "copy")

            def measure(url: str) -> tuple[float, ...]:
                return (given.size / seconds_of(curl("--fail", "--output", "/dev/null", url)),)

            ways = {name: partial(measure, url) for name, url in urls.items()}
            found = in_turn(ways, given.rounds)
            peak = sluice.peak_rss()
    asked = f"GET of {given.size} MiB, Sluice and lighttpd"
    yield compare(asked, "MiB/s", column(found["sluice"]), column(found["lighttpd"]), least=LEAST)
    yield Row("peak memory of Sluice", f"{peak / MIB:.1f} MiB")


def _equal(name: str, url: str, source: Source, copy: Path) -> Row:
    seconds_of(curl("--fail", "--output", copy, url))
    equal = digest(copy) == source.digest
    copy.unlink()
    return Row(f"SHA-256 of the download from {name} is equal", "yes" if equal else "no", equal)
