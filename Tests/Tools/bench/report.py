"""The results, as a table and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cases import CASES, Subject
from measure import Sample

NOTES = {
    "stream": (
        "GB/s: until the response; in brackets the slowest and the fastest round. `on disk GB/s`: until the stored "
        "file was synced too, which Sluice does before it responds (`--durability full`) and the benchmark does for "
        "the others. CPU: the server's processes, without what the kernel writes later. `page cache` and `unwritten`: "
        "how much the upload has added to the page cache until the response, and how much of that was not on the disk "
        "yet; these two are the whole machine's, which must be idle."
    ),
    "multipart": "The same columns as above. curl takes much of the time: the last case has it without a server.",
    "client": (
        "GB/s: until the program had exited; in brackets the slowest and the fastest round. CPU and memory: the "
        "client's. `receiver busy`: near 100 % the discarding server is the bottleneck."
    ),
}


@dataclass(frozen=True)
class Column:
    """A number of a row: its names in the table and in JSON, its value, and its format."""

    title: str
    key: str
    # The number of a sample, for the size of the file.
    of: Callable[[Sample, int], float | None]
    unit: float = 1
    digits: int = 2


def _speed(size: int, seconds: float | None) -> float | None:
    return size / seconds if seconds else None


COLUMNS = [
    Column("GB/s", "bytesPerSecond", lambda sample, size: size / sample.seconds, 1e9),
    Column("on disk GB/s", "bytesPerSecondToDisk", lambda sample, size: _speed(size, sample.seconds_to_disk), 1e9),
    Column("CPU s/GB", "cpuSecondsPerGB", lambda sample, size: sample.cpu / size * 1e9),
    Column("peak memory MB", "peakResidentBytes", lambda sample, _: sample.peak_rss, 1e6, 0),
    Column("page cache MB", "pageCacheBytes", lambda sample, _: sample.cached, 1e6, 0),
    Column("unwritten MB", "unwrittenBytes", lambda sample, _: sample.unwritten, 1e6, 0),
    Column("receiver busy %", "receiverBusy", lambda sample, _: sample.receiver_busy, 0.01, 0),
]


@dataclass(frozen=True)
class Report:
    """A whole run."""

    machine: dict[str, Any]
    size: int
    rounds: int
    rows: list[Subject]
    # Programs that are not here and rows that failed, with the reasons.
    absent: dict[str, str]
    failed: dict[str, str]

    def json(self) -> dict[str, Any]:
        return {
            **{"machine": self.machine, "size": self.size, "rounds": self.rounds},
            "rows": [self._row(subject) for subject in self.rows],
            "absent": _reasons(self.absent),
            "failed": _reasons(self.failed),
        }

    def _row(self, subject: Subject) -> dict[str, Any]:
        row: dict[str, Any] = {"case": subject.case, "name": subject.name, "version": subject.version}
        if subject.syncs is not None:
            row |= {"synced": subject.syncs, "verified": True}  # Otherwise its first round would have failed.
        row |= {column.key: number for column in COLUMNS if (number := self._median(subject, column)) is not None}
        row |= {"sluiceSpeedRatio": self._ratio(subject, 0), "sluiceCPURatio": self._ratio(subject, 2)}
        samples = subject.samples
        return row | {"seconds": [one.seconds for one in samples], "cpuSeconds": [one.cpu for one in samples]}

    def _median(self, subject: Subject, column: Column) -> float | None:
        """The median of the rounds; None when the column does not apply to this row."""
        numbers = [column.of(sample, self.size) for sample in subject.samples]
        known = [number for number in numbers if number is not None]
        return statistics.median(known) if known else None

    def _ratio(self, subject: Subject, column: int) -> float | None:
        """Sluice's median divided by that of this row; None when one is unknown or the divisor is 0."""
        for row in self.rows:
            if (row.case, row.name) == (subject.case, subject.reference):
                ours, theirs = self._median(row, COLUMNS[column]), self._median(subject, COLUMNS[column])
                return ours / theirs if ours is not None and theirs else None
        return None

    def markdown(self) -> str:
        machine = "{cores} cores ({processor}), {gigabytes:.0f} GB, Linux {kernel}, {fileSystem}, load {load:.1f}"
        machine = machine.format(gigabytes=self.machine["memory"] / 1e9, **self.machine)
        parts = [
            f"{self.size / 1e6:.0f} MB over loopback, medians of {self.rounds}, in turn; {machine} at the start. The "
            "sent file is in the page cache; disks are synced before each upload; each stored file was verified by "
            "SHA-256 in the first round."
        ]
        for case in dict.fromkeys(row.case for row in self.rows):
            parts += [f"### {case}: {CASES[case]}", self._table(case), NOTES[case]]
        left_out = [f"- {name} is left out: {reason}" for name, reason in self.absent.items()]
        left_out += [f"- {name} failed: {reason}" for name, reason in self.failed.items()]
        if left_out:
            parts.append("\n".join(left_out))
        return "\n\n".join(parts) + "\n"

    def _table(self, case: str) -> str:
        rows = [row for row in self.rows if row.case == case]
        columns = [column for column in COLUMNS if any(self._median(row, column) is not None for row in rows)]
        synced = any(row.syncs is not None for row in rows)
        head = [case, *(column.title for column in columns), *(["synced when it responds"] if synced else [])]
        lines = [[*head, "Sluice's speed", "Sluice's CPU"]]
        for row in rows:
            cells = [f"{row.name} {row.version}".strip()]
            values = [(self._median(row, column), column) for column in columns]
            cells += ["" if value is None else f"{value / column.unit:.{column.digits}f}" for value, column in values]
            if self.rounds > 1:
                speeds = [self.size / sample.seconds / 1e9 for sample in row.samples]
                cells[1] += f" ({min(speeds):.2f} to {max(speeds):.2f})"
            cells += [row.syncs or ""] if synced else []
            ratios = (self._ratio(row, 0), self._ratio(row, 2))
            cells += ["" if ratio is None or row.name == row.reference else f"{ratio:.2f} times" for ratio in ratios]
            lines.append(cells)
        return _aligned(lines)


def _reasons(reasons: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "reason": reason} for name, reason in reasons.items()]


def _aligned(lines: list[list[str]]) -> str:
    """A table in Markdown: the first line has the titles, and all columns but the first are numbers."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    rows = []
    for first, *others in [lines[0], rule, *lines[1:]]:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:]))]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)
