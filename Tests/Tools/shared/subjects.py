"""The command `run NAME` of a tool with several subjects.

A subject is a module: its comment is its help text, `add_options(parser)` adds options, and `rows(given)` measures and
returns rows of the table. `given` has the options, `work` for a directory that is removed, and `random`."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from shared import Parser, find_sluice, main
from shared.rows import print_table


def run(description: str, subjects: dict[str, ModuleType]) -> int:
    """Reads the command line and runs the subject that it names. Returns the exit status."""
    given = _arguments(description, subjects)
    return main("run", lambda: _run(given, subjects[given.name]))


def _arguments(description: str, subjects: dict[str, ModuleType]) -> argparse.Namespace:
    parser = Parser(prog="run", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    program: dict[str, Any] = {"metavar": "BIN", "help": "path of sluice (the release build of this clone)"}
    parser.add_argument("--program", "--sluice", **program)
    names = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    for name, subject in subjects.items():
        text = (subject.__doc__ or "").strip()
        part = names.add_parser(name, help=text.partition("\n")[0], description=text)
        # Before the name or after it.
        part.add_argument("--program", "--sluice", default=argparse.SUPPRESS, **program)
        part.add_argument("--dir", type=Path, default=".", help="directory on the disk that is used (.)")
        part.add_argument("--seed", type=int, help="of the random numbers, for the same run again (a new one)")
        subject.add_options(part)
    return parser.parse_args()


def _run(given: argparse.Namespace, subject: ModuleType) -> int:
    given.program = find_sluice(given.program)
    given.seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    given.random = random.Random(given.seed)
    print(f"{given.name}: seed {given.seed}", file=sys.stderr, flush=True)
    tool = Path(sys.argv[0]).resolve().parent.name
    with tempfile.TemporaryDirectory(prefix=f"sluice-{tool}-", dir=given.dir.resolve()) as work:
        given.work = Path(work)
        return 0 if print_table(subject.rows(given)) else 1
