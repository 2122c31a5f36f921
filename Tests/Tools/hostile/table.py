"""The table of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Row:
    """What was asked, what was observed, and whether that is as asked; None for what was not tried."""

    asked: str
    seen: str
    passed: bool | None
    part: str = ""

    @property
    def result(self) -> str:
        return {True: "yes", False: "**no**", None: "-"}[self.passed]

    @property
    def line(self) -> str:
        return f"{self.result.strip('*'):3} {self.asked}: {self.seen}"


def tally(asked: str, outcomes: Iterable[str], wanted: str, runs: int) -> Row:
    """A row that passes when each of `runs` outcomes is the wanted one."""
    counts = Counter(outcomes)
    others = [f"{number:,} × {outcome}" for outcome, number in counts.most_common() if outcome != wanted]
    seen = "; ".join([f"{counts[wanted]:,} of {runs:,}", *([", ".join(others)] if others else [])])
    return Row(asked, seen, counts[wanted] == runs and not others)


def markdown(rows: list[Row]) -> str:
    lines = [["part", "asked", "seen", "passed"], ["---"] * 4]
    lines += [[row.part, row.asked, row.seen, row.result] for row in rows]
    cells = [[" ".join(cell.replace("|", "\\|").split()) for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)
