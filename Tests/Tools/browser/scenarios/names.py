"""Names of files that are hostile or long: nothing of them is executed, and they are shown as they are."""

from __future__ import annotations

import urllib.request

from scenario import BOTH, Stage, Topic, check, expect

topic = Topic("names")
# Something executes a name: then `harmed` is set.
HOSTILE = (
    "<script>window.harmed = true<∕script>.txt",
    "<img src=x onerror='window.harmed = true'>.png",
    "'\"><svg onload=harmed=1>&amp;&lt;b&gt;.svg",
    "quote ' and \" and ` and ${harmed=1}.txt",
    "percent %3Cscript%3E %00 %2e%2e %.txt",
    "question? hash# plus+ semi;colon & equals=.txt",
    "back\\slash.txt",
    "  spaces  inside  .txt",
    "日本語のファイル.txt",
    "emoji 🎈👩‍👩‍👧‍👦.txt",
    "مرحبا بالعالم.txt",
    "עברית.txt",
    "-rf --help.txt",
    "CON.txt",
    "x" * 251 + ".txt",
    "é" * 125 + ".txt",
)
LINKS = """
return Object.fromEntries([...document.querySelectorAll("a[href]")].map(link => [link.textContent, link.href]));
"""
OVERFLOW = "return Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"
# Made in the page, since no file system here has such names.
IMPOSSIBLE = """
const data = new DataTransfer();
for (const name of arguments[0]) data.items.add(new File([name], name, {type: "text/plain"}));
const field = document.querySelector("#files");
field.files = data.files;
field.dispatchEvent(new Event("change", {bubbles: true}));
"""


@topic(sizes=BOTH)
def hostile(stage: Stage) -> None:
    """Names with markup, quotes, emoji, right-to-left text and 255 bytes are stored and shown unchanged."""
    server = stage.serve()
    files = [stage.file(name, 1000) for name in HOSTILE]
    page = stage.page(server)
    page.send(files)
    server.expect(files)
    _expect_unharmed(stage)
    expect(sorted(page.receipt()), sorted(HOSTILE), "receipt")
    expect(_overflow(stage), 0, "pixels beyond the right edge of the page")
    page.click("#browse")
    page.wait(lambda: page.shows("a[href]"), "there is no listing")
    _expect_unharmed(stage)
    expect(_overflow(stage), 0, "pixels beyond the right edge of the listing")
    links = stage.browser.script(LINKS)
    for name in HOSTILE:
        check(name in links, f"the listing has no link {name!r}: {list(links)}")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(links[name], timeout=30) as response:
            expect(response.read(), (stage.work / "files" / name).read_bytes(), f"the file behind {name!r}")


@topic(faults=("400",))
def changed_names(stage: Stage) -> None:
    """Names that cannot be stored are changed by the server, and none leaves the upload directory."""
    server = stage.serve()
    page = stage.page(server)
    names = ["../../escape.txt", "/etc/absolute.txt", "nul\0byte.txt", "new\nline.txt", "\u202egnp.exe"]
    names += ["y" * 400, ".", "..", ""]
    stage.browser.script(IMPOSSIBLE, names)
    page.wait(lambda: len(page.rows()) == len(names), "not all files were added")
    page.wait(lambda: page.state in ("done", "failed"), "the uploads have not ended")
    _expect_unharmed(stage)
    for row in page.rows():
        check(row.state == "stored" or row.text, f"{row.name!r} is {row.state} without a reason")
    inside = server.stored()
    check(inside, "nothing was stored")
    outside = [path for path in server.home.iterdir() if path not in (server.directory, server.log)]
    expect(outside, [], "files beside the upload directory")
    for name in inside:
        check(not any(ord(letter) < 32 or letter in "\u202e" for letter in name), f"{name!r} was stored")
        check(all(len(part.encode()) <= 255 for part in name.split("/")), f"{name!r} is too long")


def _expect_unharmed(stage: Stage) -> None:
    check(not stage.browser.script("return window.harmed"), "a name was executed")
    markup = "return document.querySelector('img[src=x], svg[onload], b')"
    check(not stage.browser.script(markup), "a name became markup")


def _overflow(stage: Stage) -> int:
    return stage.browser.script(OVERFLOW)
