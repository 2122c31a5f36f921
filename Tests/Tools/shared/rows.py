"""The rows of the tables, and how they are printed."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, and whether that is as it must be; None for what is only reported."""

    asked: str
    seen: str
    passed: bool | None = None

    def __str__(self) -> str:
        result = {True: "yes", False: "**no**", None: "-"}[self.passed]
        cells = [" ".join(cell.replace("|", "\\|").split()) for cell in (self.asked, self.seen, result)]
        return f"| {' | '.join(cells)} |"


def print_table(rows: Iterable[Row]) -> bool:
    """Prints rows as they are measured. Returns whether none has failed and at least one has passed."""
    results = []
    print("| asked | seen | passed |\n| --- | --- | --- |", flush=True)
    for row in rows:
        print(row, flush=True)
        results.append(row.passed)
    return True in results and False not in results


def note(text: str) -> None:
    """Tells on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


def none_of(asked: str, problems: list[str], checked: int) -> Row:
    """A row that passes when something was checked and no problem was found."""
    if problems:
        return Row(asked, f"{len(problems)} times not, first: {problems[0]}", False)
    return Row(asked, f"{checked:,} checked", checked > 0)


def median(values: list[float]) -> float:
    """The median; 0 for no values."""
    return statistics.median(values) if values else 0
