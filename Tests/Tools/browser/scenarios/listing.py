"""Pages besides the upload page: the listing, and the pages of errors."""

from __future__ import annotations

import os
import time

from selenium.webdriver.common.by import By

from driver import PHONE, Size
from scenario import BOTH, Server, Stage, Topic, check, expect

topic = Topic("listing")
FACTS = """
return {
  overflow: Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth),
  scripts: document.scripts.length, text: document.body.innerText, title: document.title,
  names: [...document.querySelectorAll("a[href]")].map(link => link.textContent),
};
"""
OLD, LARGE, DRAWING = "an old file.txt", "large.bin", "map of all the walks of a very long evening by the sea.png"


def _fill(server: Server) -> None:
    now = time.time()
    files = ((OLD, b"text\n", 400), (LARGE, bytes(3_000_000), 1), (DRAWING, b"\x89PNG\r\n\x1a\n", 2))
    for name, content, days in files:
        path = server.directory / name
        path.write_bytes(content)
        os.utime(path, (now - days * 86_400, now - days * 86_400))
    (server.directory / "album").mkdir()
    (server.directory / "album" / "1.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))


@topic(sizes=(*BOTH, Size("320", 320, 640, is_phone=True)))
def columns(stage: Stage) -> None:
    """The listing shows size, date and type, and is as wide as the screen."""
    server = stage.serve()
    _fill(server)
    stage.browser.driver.get(f"{server.base}files/")
    facts = stage.browser.script(FACTS)
    expect(facts["overflow"], 0, "pixels beyond the right edge")
    expect(facts["scripts"], 0, "scripts")
    for part in (OLD, LARGE, DRAWING, "album", time.strftime("%Y")):
        check(part in facts["text"], f"{part!r} is missing: {facts['text']!r}")
    stage.browser.driver.find_element(By.PARTIAL_LINK_TEXT, "album").click()
    facts = stage.browser.script(FACTS)
    check("1.jpg" in facts["text"], f"the directory does not list its file: {facts['text']!r}")
    expect(facts["overflow"], 0, "pixels beyond the right edge of the directory")


@topic()
def sort(stage: Stage) -> None:
    """The listing can be sorted by each column, in both orders."""
    server = stage.serve()
    _fill(server)
    driver = stage.browser.driver
    # The order of the three files; directories are listed before them or among them.
    orders = {"name": [OLD, LARGE, DRAWING], "size": [OLD, DRAWING, LARGE], "date": [OLD, DRAWING, LARGE]}
    for column, wanted in orders.items():
        seen = []
        driver.get(f"{server.base}files/")
        for _ in range(2):
            links = driver.find_elements(By.CSS_SELECTOR, f"a[href*='sort={column}']")
            check(links, f"no link sorts by {column}")
            links[0].click()
            names = stage.browser.script(FACTS)["names"]
            seen.append([name for name in names if name in wanted])
        size = [DRAWING if name == OLD else OLD if name == DRAWING else name for name in wanted]
        allowed = [wanted, size] if column == "size" else [wanted]
        check(any(order in seen and order[::-1] in seen for order in allowed), f"sorted by {column}: {seen}")


@topic(sizes=(PHONE,))
def touch(stage: Stage) -> None:
    """On a phone, the links of files are large enough to be touched."""
    server = stage.serve()
    _fill(server)
    stage.browser.driver.get(f"{server.base}files/")
    for name in (OLD, LARGE):
        link = stage.browser.driver.find_element(By.LINK_TEXT, name)
        row = link.find_element(By.XPATH, "./ancestor::*[self::tr or self::li][1]")
        check(row.rect["height"] >= 44, f"the row of {name!r} is {row.rect['height']} pixels high")


@topic(faults=("404", "405", "400", "403"), sizes=BOTH)
def errors(stage: Stage) -> None:
    """Errors are pages that say what happened, with a way back to the upload page."""
    server = stage.serve()
    driver = stage.browser.driver
    for path in ("files/missing.txt", "nothing/here", "files/%00", "uploads/none"):
        driver.get(server.base + path)
        facts = stage.browser.script(FACTS)
        check("{" not in facts["text"], f"/{path} is not a page: {facts['text']!r}")
        check(len(facts["text"]) > 20, f"/{path} says nothing: {facts['text']!r}")
        expect(facts["overflow"], 0, f"pixels beyond the right edge of /{path}")
        paths = [link.get_property("pathname") for link in driver.find_elements(By.TAG_NAME, "a")]
        check("/" in paths, f"/{path} has no link to the upload page, but {paths}")


@topic()
def head_fields(stage: Stage) -> None:
    """The page and the listing have the header fields that limit what they may do."""
    server = stage.serve()
    fields = """
        const done = arguments[1];
        fetch(arguments[0], {headers: {Accept: "text/html"}}).then(reply => done(Object.fromEntries(reply.headers)), error => done(String(error)));
    """
    page = stage.page(server)
    for path in ("", "files/"):
        found = stage.browser.driver.execute_async_script(fields, f"./{path}")
        policy = found["content-security-policy"]
        for part in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action"):
            check(part in policy, f"/{path}: {part} is missing: {policy}")
        check("unsafe" not in policy and "*" not in policy, f"/{path}: {policy}")
        expect(found["referrer-policy"], "no-referrer", f"Referrer-Policy of /{path}")
    served = stage.browser.driver.execute_async_script(
        "fetch('./').then(reply => reply.arrayBuffer()).then(body => arguments[0](body.byteLength));"
    )
    check(served <= 30_720, f"the page has {served:,} bytes")
    check(page.state, "the page has no state")
