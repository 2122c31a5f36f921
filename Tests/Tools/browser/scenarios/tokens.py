"""Access tokens: how they get to the page, and what becomes of them."""

from __future__ import annotations

from urllib.parse import quote

from driver import PHONE
from page import Page
from scenario import BOTH, LOST, PROMPT, Server, Stage, Topic, check, expect
from shared import MIB

topic = Topic("tokens")
# With all kinds of characters that a token may have.
TOKEN = "Visitor-2026_0.1~x"


def _serve(stage: Stage, *options: object) -> Server:
    # With requests in its log.
    return stage.serve("--token", TOKEN, "--log-level", "info", *options)


def _fragment(token: str = TOKEN) -> str:
    return f"#t={quote(token, safe='')}"


def _expect_unseen(stage: Stage, server: Server, token: str = TOKEN) -> None:
    """Checks that a token is neither in the address bar, nor in the history, the storage, or the server's log."""
    for part in (token, quote(token, safe="")):
        check(part not in stage.browser.driver.current_url, "the token is in the address bar")
        check(part not in server.log.read_text(errors="replace"), "the token is in the server's log")
        kept = stage.browser.script("return JSON.stringify(Object.entries(localStorage))")
        check(part not in kept, "the token is in the storage that outlives the tab")
    history = stage.browser.cdp("Page.getNavigationHistory")["entries"]
    check(all("t=" not in entry["url"] for entry in history[1:]), f"the history is {history}")


@topic(sizes=(PHONE,))
def fragment(stage: Stage) -> None:
    """A link with the token in its fragment: uploads, the listing and downloads work; the token is seen nowhere."""
    server = _serve(stage)
    page = stage.page(server, _fragment())
    files = [stage.file("letter.txt"), stage.file("film.mp4", 4 * MIB)]
    page.send(files)
    server.expect(files)
    _expect_unseen(stage, server)
    page.click("#browse")
    page.wait(lambda: "letter.txt" in page.text("body"), "the listing does not name the file")
    check("token" not in stage.browser.driver.current_url, "the link to the listing has a token")
    stage.browser.driver.find_element("link text", "letter.txt").click()
    _expect_download(stage, page, files[0].read_bytes(), "letter.txt")


@topic()
def session_cookie(stage: Stage) -> None:
    """The session's cookie is HttpOnly, SameSite=Strict, for /files only; after a reload the token is still known."""
    server = _serve(stage)
    page = stage.page(server, _fragment())
    page.wait(lambda: _cookies(stage), "there is no cookie")
    [cookie] = _cookies(stage)
    expect((cookie["httpOnly"], cookie["sameSite"], cookie["path"]), (True, "Strict", "/files"), "the cookie")
    expect(cookie["secure"], False, "Secure without TLS")
    page.reload()
    expect(page.shows("#token"), False, "a token is asked for after a reload")
    file = stage.file("letter.txt")
    page.send([file])
    server.expect([file])


@topic()
def session_cookie_over_tls(stage: Stage) -> None:
    """Over TLS the cookie is Secure."""
    server = stage.serve("--token", TOKEN, "--tls", "self-signed")
    page = stage.page(server.base.replace("http:", "https:"), _fragment())
    page.wait(lambda: _cookies(stage), "there is no cookie")
    expect([cookie["secure"] for cookie in _cookies(stage)], [True], "Secure")
    file = stage.file("letter.txt")
    page.send([file])
    server.expect([file])


@topic(faults=("401",), sizes=BOTH)
def no_token(stage: Stage) -> None:
    """Without a token the page asks for it in a field, not in a dialog; a wrong one is reported."""
    server = _serve(stage)
    page = stage.page(server)
    expect(page.shows("#token"), True, "the field for the token is shown")
    page.enter_token("wrong-token-0")
    page.wait(lambda: page.shows("#token") and page.text("#token-note"), "the page does not say that it is wrong")
    page.enter_token(TOKEN)
    page.wait(lambda: not page.shows("#token"), "the field is still shown")
    file = stage.file("letter.txt")
    page.send([file])
    server.expect([file])
    _expect_unseen(stage, server)


@topic(faults=("401",))
def wrong_fragment(stage: Stage) -> None:
    """With a wrong token in the link the page asks for another one; the link's is removed from the address bar."""
    server = _serve(stage)
    page = stage.page(server, _fragment("wrong-token-0"))
    page.wait(lambda: page.shows("#token"), "no field for the token")
    _expect_unseen(stage, server, "wrong-token-0")
    page.enter_token(TOKEN)
    file = stage.file("letter.txt")
    page.wait(lambda: not page.shows("#token"), "the field is still shown")
    page.send([file])
    server.expect([file])


@topic(faults=("401", "403", "404", "410", *LOST), sizes=(PHONE,))
def revoked(stage: Stage) -> None:
    """A token that is replaced while a file is sent: the page asks for the new one, and the file arrives."""
    server = _serve(stage, *PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy, _fragment())
    file = stage.file("film.mp4", 16 * MIB)
    page.choose(file)
    page.wait_for_percent("film.mp4", 15)
    server.kill()
    server.command[server.command.index(TOKEN)] = "another-token"
    server.start()
    proxy.stop_at = None
    page.wait(lambda: page.shows("#token"), "no field for the token")
    page.wait_for_row("film.mp4", "token")
    page.enter_token("another-token")
    page.finish()
    server.expect([file])


@topic()
def query(stage: Stage) -> None:
    """A link with ?token= works as well."""
    server = _serve(stage)
    page = stage.page(server, f"?token={quote(TOKEN, safe='')}")
    expect(page.shows("#token"), False, "a token is asked for")
    file = stage.file("letter.txt")
    page.send([file])
    server.expect([file])


@topic()
def no_referrer(stage: Stage) -> None:
    """The page's URL is in no Referer."""
    server = _serve(stage)
    page = stage.page(server, f"?token={quote(TOKEN, safe='')}")
    page.click("#browse")
    page.wait(lambda: "files" in stage.browser.driver.current_url, "the listing was not opened")
    expect(stage.browser.script("return document.referrer"), "", "Referer of the listing")


@topic(keeps_data=False, faults=("401",))
def no_cookies(stage: Stage) -> None:
    """Where cookies and storage are blocked, uploads work, and the links to files have the token."""
    server = _serve(stage)
    page = stage.page(server, _fragment())
    expect(stage.browser.script("try { return typeof localStorage } catch { return 'blocked' }"), "blocked", "storage")
    file = stage.file("letter.txt")
    page.send([file])
    server.expect([file])
    page.click("#browse")
    page.wait(lambda: "letter.txt" in page.text("body"), "the listing does not name the file")
    stage.browser.driver.find_element("link text", "letter.txt").click()
    _expect_download(stage, page, file.read_bytes(), "letter.txt")


@topic(keeps_data=False, faults=LOST)
def no_storage(stage: Stage) -> None:
    """Without storage an upload continues after a restart of the server, and nothing is asked for after a reload."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    file = stage.file("film.mp4", 16 * MIB)
    page.choose(file)
    page.wait_for_percent("film.mp4", 15)
    server.kill()
    server.start()
    proxy.stop_at = None
    page.finish()
    server.expect([file])
    page.reload()
    expect(page.unfinished(), [], "unfinished uploads")


def _cookies(stage: Stage) -> list[dict[str, object]]:
    cookies = stage.browser.cdp("Network.getAllCookies")["cookies"]
    return [cookie for cookie in cookies if str(cookie["name"]).startswith("sluice-")]


def _expect_download(stage: Stage, page: Page, content: bytes, name: str) -> None:
    path = stage.browser.downloads / name
    page.wait(lambda: path.exists() and path.read_bytes() == content, f"{name} was not downloaded")
