"""What is compared in turn, and rows about ratios."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping

from shared.rows import Row, median, note


def children_cpu() -> float:
    """CPU seconds of all children of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def process_cpu(process: int) -> float:
    """CPU seconds of a running process, all its threads, in nanoseconds' resolution."""
    # The kernel's clock of another process: its ID inverted, and CPUCLOCK_SCHED.
    return time.clock_gettime((~process << 3) | 2)


def in_turn(ways: Mapping[str, Callable[[], tuple[float, ...]]], rounds: int) -> dict[str, list[tuple[float, ...]]]:
    """Measures all ways in turn, `rounds` times and once more before that, in an order that is reversed each time.
    Everything is synced before each. Returns the numbers of the rounds by way."""
    found: dict[str, list[tuple[float, ...]]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way in list(ways) if number % 2 == 0 else list(ways)[::-1]:
            os.sync()
            measured = ways[way]()
            # The first of each is not counted.
            if number > 0:
                found[way].append(measured)
        note(f"{number} of {rounds} rounds")
    return found


def column(samples: list[tuple[float, ...]], index: int = 0) -> list[float]:
    """One number of each sample."""
    return [sample[index] for sample in samples]


def text(values: list[float], unit: str) -> str:
    """The median, and in brackets the smallest and the largest."""
    digits = 0 if median(values) >= 100 else 2 if median(values) >= 1 else 3
    low, high = min(values, default=0), max(values, default=0)
    return f"{median(values):,.{digits}f} {unit} ({low:,.{digits}f} to {high:,.{digits}f})"


def compare(
    asked: str, unit: str, ours: list[float], others: list[float], *, least: float | None = None,
    most: float | None = None,
) -> Row:
    """A row about the ratio of medians, ours to the others', which must be at least `least` or at most `most`. The
    spread is that of the ratios of single rounds."""
    ratio = median(ours) / median(others) if median(others) > 0 else 0
    pairs = [own / other for own, other in zip(ours, others) if other > 0]
    rounds = f"rounds {min(pairs, default=0):.2f} to {max(pairs, default=0):.2f}"
    passed = (least is None or ratio >= least) and (most is None or 0 < ratio <= most)
    limit = f"at least {least}" if least is not None else f"at most {most}"
    seen = f"{text(ours, unit)}, {text(others, unit)}, ratio {ratio:.2f} ({rounds})"
    return Row(f"{asked}: {limit}", seen, passed)
