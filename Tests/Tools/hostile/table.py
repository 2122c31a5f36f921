"""What was asked and what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Row:
    """One promise, put to the test."""

    asked: str
    seen: str
    holds: bool | None
    """None for what was only looked at, or left out."""
    part: str = ""

    @property
    def verdict(self) -> str:
        return {True: "yes", False: "**no**", None: "-"}[self.holds]

    @property
    def line(self) -> str:
        return f"{self.verdict.strip('*'):3} {self.asked}: {self.seen}"


def tally(asked: str, outcomes: Iterable[str], wanted: str, runs: int) -> Row:
    """A row that holds when each of `runs` outcomes was the wanted one."""
    counts = Counter(outcomes)
    seen = f"{counts[wanted]:,} of {runs:,}"
    others = [f"{number:,} × {outcome}" for outcome, number in counts.most_common() if outcome != wanted]
    if others:
        seen += f"; {', '.join(others)}"
    return Row(asked, seen, counts[wanted] == runs and not others)


def markdown(rows: list[Row]) -> str:
    def cell(text: str) -> str:
        return " ".join(text.replace("|", "\\|").split())

    lines = ["| part | asked | seen | holds |", "|---|---|---|---|"]
    lines += [f"| {row.part} | {cell(row.asked)} | {cell(row.seen)} | {row.verdict} |" for row in rows]
    return "\n".join(lines) + "\n"
