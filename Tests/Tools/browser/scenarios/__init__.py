"""The scenarios by topic, and how they are run."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from selenium.common.exceptions import WebDriverException

from driver import Browser, Size
from scenario import Scenario, Stage
from scenarios import (
    accessibility, choosing, drop_box, interruptions, listing, many, names, tokens, uploading, without_scripts,
)
from shared import Failure

MODULES = (
    choosing, uploading, interruptions, tokens, without_scripts, drop_box, names, listing, many, accessibility,
)
TOPICS = tuple(module.topic for module in MODULES)


def choose(names: Iterable[str]) -> list[Scenario]:
    """The scenarios of names: TOPIC/NAME, or TOPIC for all of it; without a name all. Raises LookupError."""
    known = [scenario for topic in TOPICS for scenario in topic.scenarios]
    found = []
    for name in names:
        named = [scenario for scenario in known if name in (scenario.topic, f"{scenario.topic}/{scenario.name}")]
        if not named:
            raise LookupError(f"there is no scenario {name!r}; run --list has all")
        found += named
    return found or known


def perform(
    chosen: Iterable[Scenario], program: str, work: Path, size: Size | None, keep: Path | None, offline: int,
) -> int:
    """Runs scenarios and prints one output line each; `size` is the one for all of them instead of their own, `keep` gets
    a screenshot of each failure, and the network is gone for `offline` seconds. Returns the exit status."""
    failed = total = 0
    for keeps_data, group in groupby(sorted(chosen, key=lambda scenario: not scenario.keeps_data), _keeps_data):
        runs = [(scenario, each) for scenario in group for each in ((size,) if size else scenario.sizes)]
        for scenario, each, seconds, problem in _run(
            runs, program, work / f"browser-{keeps_data}", keep, offline
        ):
            total += 1
            failed += problem is not None
            result = "ok" if problem is None else f"FAILED: {problem}"
            print(f"{scenario.topic}/{scenario.name} ({each.name}, {seconds:.1f} s): {result}", flush=True)
    print(f"{total} run, {failed} failed")
    return 0 if total and not failed else 1


def _keeps_data(scenario: Scenario) -> bool:
    return scenario.keeps_data


Run = tuple[Scenario, Size, float, "str | None"]


def _run(
    runs: list[tuple[Scenario, Size]], program: str, work: Path, keep: Path | None, offline: int
) -> Iterator[Run]:
    """Runs scenarios in one browser; in a new one after each that has failed."""
    browser = None
    try:
        for number, (scenario, size) in enumerate(runs):
            begin = time.monotonic()
            place = work / str(number)
            place.mkdir(parents=True)
            browser = browser or Browser(place, scenario.keeps_data)
            problem = _attempt(scenario, Stage(program, place, browser, size, offline))
            if problem is not None:
                if keep is not None:
                    _save(browser, keep / f"{scenario.topic}-{scenario.name}-{size.name}.png")
                browser.close()
                browser = None
            yield scenario, size, time.monotonic() - begin, problem
    finally:
        if browser is not None:
            browser.close()


def _attempt(scenario: Scenario, stage: Stage) -> str | None:
    """Runs one scenario. Returns what is wrong, or None."""
    browser = stage.browser
    try:
        browser.begin(stage.size)
        with stage:
            scenario.body(stage)
            problems = browser.problems(scenario.faults)
    except Failure as failure:
        problems = browser.problems(scenario.faults)
        return "; ".join([str(failure), *problems])
    except (WebDriverException, OSError, LookupError, TypeError, ValueError) as error:
        place = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in place if "scenarios/" in frame.filename]
        said = error.msg if isinstance(error, WebDriverException) else str(error)
        return f"{type(error).__name__} at {ours[-1].name if ours else '?'}:{ours[-1].lineno if ours else 0}: {said}"
    return "; ".join(problems) or None


def _save(browser: Browser, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(WebDriverException):
        browser.driver.save_screenshot(str(path))
