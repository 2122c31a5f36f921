"""A drop box: visitors send files and see none of others; and who has sent them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from driver import PHONE
from scenario import BOTH, PROMPT, Server, Stage, Topic, check, eventually, expect
from shared import MIB

topic = Topic("drop-box")
VISITOR, OWNER = "visitor-0123456789", "owner-0123456789"
BOX = ("--drop-box", "--token", VISITOR, "--admin-token", OWNER)


@topic(faults=("403",), sizes=BOTH)
def visitor(stage: Stage) -> None:
    """A visitor sends files, and sees those sent from this browser, but no listing and no file."""
    server = stage.serve(*BOX)
    (server.directory / "of-another.txt").write_text("secret", encoding="utf-8")
    page = stage.page(server, f"#t={VISITOR}")
    expect(page.shows("#browse"), False, "the link to the listing is shown")
    file = stage.file("letter.txt")
    page.send([file])
    expect(list(page.receipt()), ["letter.txt"], "receipt")
    expect(server.stored(), ["letter.txt", "of-another.txt"], "stored files")
    page.reload()
    check("of-another" not in stage.browser.driver.page_source, "the page names the file of another visitor")
    # The session's cookie does not open it either.
    for path in ("files/", "files/of-another.txt"):
        stage.browser.driver.get(server.base + path)
        check("of-another" not in page.text("body"), f"/{path} shows the file")
        check("owner" in page.text("body").lower(), f"/{path} gives no reason: {page.text('body')!r}")


@topic()
def owner(stage: Stage) -> None:
    """The owner's link shows the listing, and opens the files."""
    server = stage.serve(*BOX)
    (server.directory / "of-a-visitor.txt").write_text("for the owner", encoding="utf-8")
    page = stage.page(server, f"#t={OWNER}")
    page.wait(lambda: page.shows("#browse"), "the link to the listing is missing")
    page.click("#browse")
    page.wait(lambda: "of-a-visitor.txt" in page.text("body"), "the listing does not name the file")
    stage.browser.driver.find_element("link text", "of-a-visitor.txt").click()
    download = stage.browser.downloads / "of-a-visitor.txt"
    page.wait(lambda: download.exists() and download.read_text() == "for the owner", "the file was not downloaded")


@topic()
def interrupted_visitor(stage: Stage) -> None:
    """A visitor's upload continues after a reload."""
    server = stage.serve(*BOX, *PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy, f"#t={VISITOR}")
    file = stage.file("film.mp4", 16 * MIB)
    page.choose(file)
    page.wait_for_percent("film.mp4", 20)
    page.reload()
    page.wait(lambda: page.unfinished() == ["film.mp4"], "the unfinished upload is not listed")
    proxy.stop_at = None
    page.send([file])
    server.expect([file])


@topic()
def no_grant_by_address(stage: Stage) -> None:
    """Without any token, on loopback, nothing of the drop box can be read."""
    server = stage.serve("--drop-box", "--open", "--admin-token", OWNER)
    (server.directory / "secret.txt").write_text("secret", encoding="utf-8")
    for path in ("files/", "files/secret.txt", "files/?archive=tar"):
        status, body = _get(server, path)
        check(status in (401, 403) and b"secret" not in body, f"/{path}: {status} {body[:100]!r}")
    status, body = _get(server, "files/secret.txt", OWNER)
    expect((status, body), (200, b"secret"), "with the owner's token")


@topic(sizes=(PHONE,))
def sender_name(stage: Stage) -> None:
    """The page asks for the sender's name, which is in the events, and remembers it."""
    server = stage.serve("--ask-name", "--json")
    page = stage.page(server)
    check(page.shows("#sender"), "there is no field for the name")
    name = "Zoë <b>Müller</b> 🎈"
    page.element("#sender [name=sender]").send_keys("Zoë <b>Müller</b> ")
    # Selenium types no characters outside of the BMP.
    stage.browser.cdp("Input.insertText", text="🎈")
    files = [stage.file("letter.txt"), stage.file("large.bin", 2 * MIB)]
    page.send(files)
    server.expect(files)
    # Events are written up to a second after the responses.
    eventually(lambda: len(_finished(server)) == len(files), "there is no event of each file")
    expect({event.get("sender") for event in _finished(server)}, {name}, "senders in the events")


@topic()
def directory_per_sender(stage: Stage) -> None:
    """With --per-sender the files of each are in a directory with the sanitized name."""
    server = stage.serve("--ask-name", "--per-sender")
    page = stage.page(server)
    page.element("#sender [name=sender]").send_keys("../Anna/..")
    stage.browser.drop([stage.file("album/1.jpg").parent, stage.file("letter.txt")])
    page.wait(lambda: len(page.rows()) == 2, "not all files were found")
    page.finish()
    names = server.stored()
    expect(len(names), 2, "stored files")
    folders = {name.split("/")[0] for name in names}
    expect(len(folders), 1, "directories of senders")
    check(not any(part in ("..", ".") for name in names for part in name.split("/")), f"stored: {names}")
    check("Anna" in folders.pop(), f"stored: {names}")
    expect(sorted(name.split("/", 1)[1] for name in names), ["album/1.jpg", "letter.txt"], "paths below it")


def _finished(server: Server) -> list[dict[str, object]]:
    """The events of stored files. The last line may be incomplete."""
    lines = server.log.read_text().split("\n")[:-1]
    return [event for event in map(json.loads, filter(None, lines)) if event["event"] == "finished"]


def _get(server: Server, path: str, token: str | None = None) -> tuple[int, bytes]:
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(server.base + path, headers=fields)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
