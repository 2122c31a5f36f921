"""The page as a form, in a browser without scripts."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from selenium.webdriver.common.by import By

from driver import PHONE
from scenario import BOTH, Server, Stage, Topic, check, eventually, expect

topic = Topic("without-scripts")
TOKEN = "Visitor-2026_0.1~x"


def _send(stage: Stage, url: str, *names: str, sender: str = "") -> list[str]:
    """Sends files by the form at a URL. Returns the lines of the page that responds."""
    driver = stage.browser.driver
    stage.browser.set_scripts(False)
    driver.get(url)
    check(not _is_seen(stage, "#choose"), "controls that need scripts are shown")
    if sender:
        driver.find_element(By.NAME, "sender").send_keys(sender)
    files = [stage.file(name) for name in names]
    driver.find_element(By.CSS_SELECTOR, "#form input[type=file]").send_keys("\n".join(map(str, files)))
    driver.find_element(By.CSS_SELECTOR, "#form button").click()
    eventually(lambda: not driver.find_elements(By.ID, "form"), "the form was not sent")
    return driver.find_element(By.TAG_NAME, "body").text.splitlines()


def _is_seen(stage: Stage, selector: str) -> bool:
    return any(element.is_displayed() for element in stage.browser.driver.find_elements(By.CSS_SELECTOR, selector))


def _expect_way_back(stage: Stage) -> None:
    """Follows the link back to the upload page."""
    driver = stage.browser.driver
    links = [link for link in driver.find_elements(By.TAG_NAME, "a") if link.is_displayed()]
    check(links, f"no link on {driver.title!r}")
    paths = {urlsplit(link.get_property("href")).path: link for link in links}
    check("/" in paths, f"no link to the upload page: {sorted(paths)}")
    paths["/"].click()
    check(driver.find_elements(By.CSS_SELECTOR, "#form input[type=file]"), "the link does not lead to the form")


def _expect_stored(stage: Stage, server: Server, *names: str) -> None:
    server.expect([stage.work / "files" / name for name in names])


@topic(sizes=BOTH)
def form(stage: Stage) -> None:
    """Files sent by the form are stored; the response is a page that names them, with a way back."""
    server = stage.serve()
    lines = _send(stage, server.base, "letter.txt", "photo.jpg")
    for name in ("letter.txt", "photo.jpg"):
        check(any(name in line for line in lines), f"{name} is not named: {lines}")
    _expect_stored(stage, server, "letter.txt", "photo.jpg")
    _expect_way_back(stage)


@topic(sizes=(PHONE,))
def token_in_query(stage: Stage) -> None:
    """With ?token= in the link, the form's action keeps it."""
    server = stage.serve("--token", TOKEN)
    _send(stage, f"{server.base}?token={quote(TOKEN, safe='')}", "letter.txt")
    _expect_stored(stage, server, "letter.txt")


@topic()
def password(stage: Stage) -> None:
    """Without a token in the link, the browser asks for it as a password, and sends the form again with it."""
    server = stage.serve("--token", TOKEN)
    # What a user enters in the dialog: the browser sends it only when it is asked for it.
    url = server.base.replace("://", f"://visitor:{quote(TOKEN, safe='')}@")
    _send(stage, url, "letter.txt")
    _expect_stored(stage, server, "letter.txt")


@topic()
def no_password(stage: Stage) -> None:
    """What the browser shows when its dialog for the password is cancelled: a page that says what is missing."""
    server = stage.serve("--token", TOKEN)
    # Without a screen Chromium leaves its dialog open, and shows nothing: so the response is requested by itself.
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="letter.txt"\r\n\r\ntext\r\n--x--\r\n'
    fields = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "text/html,*/*;q=0.8"}
    request = urllib.request.Request(f"{server.base}file-upload", data=body, headers=fields)
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)
        check(False, "the form was accepted")
    except urllib.error.HTTPError as error:
        page = error.read().decode()
        expect(error.code, 401, "status")
        challenges = error.headers.get_all("WWW-Authenticate")
        check(any(value.startswith("Basic") for value in challenges), f"no Basic challenge: {challenges}")
    check("<html" in page and "token" in page.lower(), f"the page is {page!r}")
    check('action="./"' in page, f"no way to enter a token: {page!r}")
    _expect_stored(stage, server)


@topic(faults=("413",))
def too_large(stage: Stage) -> None:
    """A form that is too large is rejected by a page that names the limit, with a way back."""
    server = stage.serve("--max-size", "50kB")
    lines = _send(stage, server.base, "letter.txt")
    check(any("50 kB" in line or "48.8 KiB" in line or "50,000" in line for line in lines), f"no limit: {lines}")
    expect(server.stored(), [], "stored files")
    _expect_way_back(stage)


@topic()
def sender(stage: Stage) -> None:
    """The form has a field for the sender's name, which becomes a directory with --per-sender."""
    server = stage.serve("--ask-name", "--per-sender")
    _send(stage, server.base, "letter.txt", sender="Zoë Müller")
    expect(server.stored(), ["Zoë Müller/letter.txt"], "stored files")
