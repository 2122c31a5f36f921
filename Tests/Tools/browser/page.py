"""The upload page: its controls and what it shows. The names of elements are those of UploadPage/page.html."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from driver import Browser
from shared import Failure, wait_until

ROWS = """
return [...document.querySelectorAll("#rows > li")].map(row => {
  const bar = row.querySelector("progress");
  return {
    name: row.dataset.name, state: row.dataset.state, note: row.querySelector(".note")?.textContent ?? "",
    text: row.querySelector(".state").textContent, percent: row.querySelector(".percent").textContent,
    stored: 100 * bar.value / bar.max, sent: parseFloat(bar.style.getPropertyValue("--done")) || 0,
  };
});
"""
# Whether elements are seen, by their selectors.
SHOWN = "return [...document.querySelectorAll(arguments[0])].some(one => one.offsetParent !== null);"
ENDED = ("done", "failed")


@dataclass(frozen=True)
class Row:
    """What the page shows about a file. `text` has its state and the reason of a failure; `stored` and `sent` are what
    the bar shows, in percent."""

    name: str
    state: str
    note: str
    text: str
    percent: str
    stored: float
    sent: float


class Page:
    """The page in the current tab of a browser."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    def open(self) -> None:
        """Loads the page. Raises Failure when its script does not start."""
        self.browser.driver.get(self.url)
        self.wait_for_script()

    def reload(self) -> None:
        """Loads it again, as a user does who confirms the browser's warning."""
        # Without a click before it, browsers do not show one.
        self.click("h1")
        self.browser.driver.refresh()
        self.wait_for_script()

    def wait_for_script(self) -> None:
        """Waits until the script knows what the server says about itself, or needs a token."""
        self.wait(lambda: self.text("#free") or self.shows("#token"), "the script has not started")

    def wait(self, condition: Any, message: str, patience: float = 60) -> Any:
        """Waits for a true value of `condition()` and returns it. Raises Failure with what the page shows."""
        if not (value := wait_until(condition, patience, 0.05)):
            raise Failure(f"{message}; after {patience:.0f} s there is: {self.summary()}")
        return value

    def summary(self) -> str:
        """What it shows, for messages."""
        shown = [f"{row.name[:40]!r} {row.state} {row.percent} {row.text} {row.note}" for row in self.rows()[:5]]
        rows = ", ".join(shown)
        return f"{self.state}, {self.title!r}: {rows or 'no rows'}"

    # What it shows

    @property
    def state(self) -> str:
        """idle, running, paused, done or failed."""
        return self.browser.script("return document.body.dataset.state") or ""

    @property
    def title(self) -> str:
        return self.browser.driver.title

    def rows(self) -> list[Row]:
        """The files, as far as they have a row."""
        return [Row(**row) for row in self.browser.script(ROWS)]

    def row(self, name: str) -> Row:
        """The row of a file. Raises Failure when there is none."""
        for row in self.rows():
            if row.name == name:
                return row
        raise Failure(f"no row {name!r}: {self.summary()}")

    def text(self, selector: str) -> str:
        """The text of the first such element; empty without one."""
        return self.browser.script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def shows(self, selector: str) -> bool:
        """Whether such an element is seen."""
        return self.browser.script(SHOWN, selector)

    def receipt(self) -> dict[str, str]:
        """The names in the receipt, with their SHA-256 or nothing."""
        text = self.browser.script("return document.querySelector('#receipt-text').textContent")
        entries = [entry.split("\n") for entry in text.split("\n\n") if entry.strip()] if self.shows("#receipt") else []
        return {lines[0]: lines[2].removeprefix("SHA-256 ") if len(lines) > 2 else "" for lines in entries}

    def unfinished(self) -> list[str]:
        """The names of uploads that can be continued by choosing their files again."""
        script = "return [...document.querySelectorAll('#unfinished-list > li')].map(row => row.dataset.name)"
        return self.browser.script(script) if self.shows("#unfinished") else []

    def stored_keys(self) -> list[str]:
        """The keys of the browser's storage for this page, with their values."""
        return self.browser.script("return Object.entries(localStorage).map(pair => pair.join('='))")

    # What the user does

    def element(self, selector: str) -> WebElement:
        """The first such element. Raises NoSuchElementException."""
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        """Clicks on the first such element."""
        self.element(selector).click()

    def choose(self, *paths: Path, field: str = "#files") -> None:
        """Chooses files, or with the field `#folder` a directory, and waits until there are more rows."""
        before = len(self.rows())
        self.element(field).send_keys("\n".join(str(path) for path in paths))
        self.wait(lambda: len(self.rows()) > before, "no file was added")

    def press(self, name: str, button: str) -> None:
        """Clicks on a button of a file: pause, resume, retry or remove."""
        script = "return [...document.querySelectorAll('#rows > li')].find(row => row.dataset.name === arguments[0])"
        row = self.browser.script(script, name)
        selector = "button.remove" if button == "remove" else f"button[data-action={button}]"
        row.find_element(By.CSS_SELECTOR, selector).click()

    def enter_token(self, token: str) -> None:
        """Fills in the field that is shown when a token is needed."""
        field = self.element("#token-field")
        field.clear()
        field.send_keys(token)
        self.click("#token button")

    # What is waited for

    def wait_for_row(self, name: str, *states: str, patience: float = 120) -> Row:
        """Waits until a file is in one of these states, and returns its row."""
        found: list[Row] = []

        def is_there() -> bool:
            found[:] = [row for row in self.rows() if row.name == name and row.state in states]
            return bool(found)

        self.wait(is_there, f"{name!r} is not {' or '.join(states)}", patience)
        return found[0]

    def wait_for_percent(self, name: str, percent: float, patience: float = 120) -> Row:
        """Waits until so much of a file is stored, and it is still being sent."""
        self.wait(lambda: self.row(name).stored >= percent, f"{name!r} has not reached {percent} %", patience)
        row = self.row(name)
        if row.state == "stored":
            raise Failure(f"{name!r} was stored before anything could be done: the upload is too fast")
        return row

    def finish(self, patience: float = 60) -> None:
        """Waits until all uploads have ended. Raises Failure unless all are stored."""
        self.wait(lambda: self.state in ENDED, "the uploads have not ended", patience)
        if self.state != "done":
            raise Failure(f"not all are stored: {self.summary()}")

    def send(self, paths: Iterable[Path], patience: float = 60) -> None:
        """Chooses files and waits until they are stored."""
        self.choose(*paths)
        self.finish(patience)
