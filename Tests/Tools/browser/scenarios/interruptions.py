"""Uploads that are interrupted: by the network, by the server, by the user."""

from __future__ import annotations

import time
import urllib.request
from pathlib import Path

from driver import PHONE
from page import Page
from scenario import LOST, PROMPT, Server, Stage, Topic, check, eventually, expect, slow
from shared import MIB
from shared.nginx import Front, running
from shared.proxy import Cut, Proxy

topic = Topic("interruptions")
SLOW = slow(8)
SIZE = 16 * MIB
# More than a page may send again after an interruption: the buffers of sockets on this machine.
AGAIN = 8 * MIB


@topic(faults=LOST)
def cut_connections(stage: Stage) -> None:
    """Uploads continue where they were after connections are interrupted, and little is sent again."""
    server = stage.serve(*SLOW)
    cuts = [Cut(4 * MIB, "RST"), Cut(9 * MIB, "FIN"), Cut(14 * MIB, "RST")]
    proxy = stage.enter(Proxy(server.port, cuts))
    file = stage.file("film.mp4", SIZE)
    stage.page(proxy.base).send([file])
    server.expect([file])
    check(all(cut.noticed is not None for cut in cuts), "not all cuts were made")
    check(proxy.sent <= SIZE + len(cuts) * AGAIN, f"{proxy.sent / MIB:.1f} MiB were sent")


@topic(faults=LOST)
def cut_all_at_once(stage: Stage) -> None:
    """All uploads continue after a network failure that cuts all connections, requests for the progress among them."""
    server = stage.serve(*SLOW)
    proxy = stage.enter(Proxy(server.port, [Cut(6 * MIB, "RST"), Cut(18 * MIB, "RST")], cuts_all=True))
    files = [stage.file(f"{number}.bin", 8 * MIB) for number in range(3)]
    stage.page(proxy.base).send(files)
    server.expect(files)


@topic(faults=(*LOST, "ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED", "ERR_NETWORK_IO_SUSPENDED"), sizes=(PHONE,))
def offline(stage: Stage) -> None:
    """While the browser is offline the page says so; afterwards the upload continues by itself."""
    server, proxy, page, file = _begin(stage)
    page.wait_for_percent("film.mp4", 15)
    stage.browser.set_network(is_offline=True)
    # Chromium leaves the requests alone that are running.
    proxy.cut_now()
    proxy.stop_at = None
    row = page.wait_for_row("film.mp4", "offline")
    check("offline" in row.text.lower(), f"the state is {row.text!r}")
    before = row.stored
    time.sleep(stage.offline)
    check(page.row("film.mp4").state == "offline", "the page does not wait for the network")
    stage.browser.set_network()
    page.wait(lambda: page.row("film.mp4").state in ("sending", "stored"), "the upload does not continue", patience=10)
    check(page.row("film.mp4").stored >= before, "the progress went back")
    page.finish()
    server.expect([file])


@topic(faults=LOST)
def server_restart(stage: Stage) -> None:
    """While the server is away the page counts down to its next attempt; the upload continues afterwards."""
    server, proxy, page, file = _begin(stage)
    page.wait_for_percent("film.mp4", 20)
    server.kill()
    # Only then the browser notices that nothing reads what it sends.
    proxy.stop_at = None
    row = page.wait_for_row("film.mp4", "retrying")
    check("retrying" in row.text.lower(), f"the state is {row.text!r}")
    server.start()
    page.finish()
    server.expect([file])


@topic(sizes=(PHONE,))
def reload(stage: Stage) -> None:
    """After a reload the unfinished upload is listed; choosing the same file continues it."""
    server, proxy, page, file = _begin(stage)
    page.wait_for_percent("film.mp4", 20)
    page.reload()
    page.wait(lambda: page.unfinished() == ["film.mp4"], "the unfinished upload is not listed")
    proxy.stop_at = None
    page.choose(file)
    page.finish()
    server.expect([file])
    check(proxy.sent <= SIZE + AGAIN, f"{proxy.sent / MIB:.1f} MiB were sent")
    expect(page.unfinished(), [], "unfinished uploads in the end")
    expect(page.stored_keys(), [], "entries in the browser's storage")


@topic()
def reload_and_other_file(stage: Stage) -> None:
    """A file with the same name but other content is sent from its beginning after a reload."""
    server, proxy, page, file = _begin(stage)
    page.wait_for_percent("film.mp4", 20)
    page.reload()
    page.wait(lambda: page.unfinished() == ["film.mp4"], "the unfinished upload is not listed")
    proxy.stop_at = None
    file = stage.file("film.mp4", 2 * MIB)
    page.send([file])
    server.expect([file])


@topic()
def forget(stage: Stage) -> None:
    """An unfinished upload from before a reload can be removed from the list, and is deleted at the server."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    page.choose(stage.file("film.mp4", SIZE))
    page.wait_for_percent("film.mp4", 10)
    page.reload()
    page.wait(lambda: page.unfinished() == ["film.mp4"], "the unfinished upload is not listed")
    page.click("#unfinished-list button.forget")
    page.wait(lambda: not page.unfinished(), "it is still listed")
    expect(page.stored_keys(), [], "entries in the browser's storage")
    eventually(lambda: not server.unfinished(), "it is still at the server")


@topic(faults=("404", "410", *LOST))
def unknown_to_the_server(stage: Stage) -> None:
    """An upload that the server no longer knows starts again from the beginning, and the page says so."""
    server, proxy, page, file = _begin(stage)
    page.wait_for_percent("film.mp4", 20)
    _request(server, "DELETE")
    proxy.stop_at = None
    page.wait(lambda: "beginning" in _notes(page) or "start" in _notes(page), "the page does not say so")
    page.finish()
    server.expect([file])


@topic(faults=LOST)
def other_offset(stage: Stage) -> None:
    """When the server has another offset than the page expects, the upload continues from the server's."""
    server, proxy, page, file = _begin(stage)
    page.wait_for_percent("film.mp4", 10)
    page.press("film.mp4", "pause")
    page.wait_for_row("film.mp4", "paused")
    stored = _request(server, "HEAD")
    # What the page has not sent itself, with the right bytes: as after a response that was lost.
    ahead = file.read_bytes()[stored:stored + MIB]
    kind = {"Content-Type": "application/partial-upload", "Upload-Offset": str(stored), "Upload-Complete": "?0"}
    _request(server, "PATCH", ahead, kind)
    proxy.stop_at = None
    page.press("film.mp4", "resume")
    page.finish()
    server.expect([file])


@topic(faults=("413", *LOST))
def body_limit_of_a_proxy(stage: Stage) -> None:
    """Behind a proxy that limits bodies, uploads in slices of the announced size arrive."""
    server = stage.serve("--max-append-size", "1MiB", "--trusted-proxy", "127.0.0.1")
    file = stage.file("film.mp4", 5 * MIB + 1)
    url = stage.enter(running(Front("limit", limit="1m", is_buffering=True, prefix="/up"), server.port, stage.work))
    page = stage.page(url)
    page.send([file])
    server.expect([file])


@topic(faults=("413", *LOST))
def unannounced_body_limit(stage: Stage) -> None:
    """A body limit of a proxy that the server does not know of: the upload arrives, or fails with a reason."""
    server = stage.serve()
    file, small = stage.file("film.mp4", 5 * MIB), stage.file("small.bin")
    url = stage.enter(running(Front("limit", limit="1m", is_buffering=True), server.port, stage.work))
    page = stage.page(url)
    page.choose(file, small)
    page.wait(lambda: page.state in ("done", "failed"), "the uploads have not ended")
    if page.row("film.mp4").state == "stored":
        server.expect([file, small])
    else:
        note = page.row("film.mp4").text
        check("413" in note or "large" in note.lower() or "limit" in note.lower(), f"the reason is {note!r}")
        server.expect([small])


def _begin(stage: Stage) -> tuple[Server, Proxy, Page, Path]:
    """An upload that stands still at a proxy."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    file = stage.file("film.mp4", SIZE)
    page.choose(file)
    return server, proxy, page, file


def _notes(page: Page) -> str:
    return " ".join([*(row.note for row in page.rows()), page.text("#live")]).lower()


def _request(server: Server, method: str, body: bytes | None = None, fields: dict[str, str] | None = None) -> int:
    """A request of another client for the only unfinished upload. Returns the offset in the response, or 0."""
    [identifier] = server.unfinished()
    url = f"{server.base}uploads/{identifier}"
    request = urllib.request.Request(url, method=method, data=body, headers=fields or {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
        return int(response.headers.get("Upload-Offset") or 0)
