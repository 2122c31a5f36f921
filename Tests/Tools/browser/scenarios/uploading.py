"""What the page shows and does while files are sent."""

from __future__ import annotations

import os
from pathlib import Path

from driver import DESKTOP, PHONE
from scenario import BOTH, LOST, PROMPT, Stage, Topic, check, eventually, expect, slow
from shared import MIB, digest

topic = Topic("uploading")
SLOW = slow(8)
# Notes every 10 ms what a row shows, with the number of its samples in which something cannot be.
OBSERVE = """
window.observed = {samples: 0, states: [], titles: [], behind: [], early: 0, largest: 0, sawBoth: 0};
setInterval(() => {
  const row = document.querySelector("#rows > li");
  if (!row) return;
  const bar = row.querySelector("progress"), stored = 100 * bar.value / bar.max, state = row.dataset.state;
  const sent = parseFloat(bar.style.getPropertyValue("--done")) || 0;
  observed.samples += 1;
  if (observed.states.at(-1) !== state) observed.states.push(state);
  // The bar of a stored file is hidden.
  if (state !== "stored" && sent < stored - 0.5) observed.behind.push([state, sent, stored]);
  if (sent > stored + 1) observed.sawBoth += 1;
  if (state !== "stored" && row.querySelector(".percent").textContent.startsWith("100")) observed.early += 1;
  if (stored > observed.largest) observed.largest = stored;
  if (observed.titles.at(-1) !== document.title) observed.titles.push(document.title);
}, 10);
"""


@topic(sizes=BOTH)
def progress(stage: Stage) -> None:
    """The bar shows what was sent and what is stored, never 100 % before the file is stored; the title counts."""
    server = stage.serve(*SLOW)
    page = stage.page(server)
    stage.browser.script(OBSERVE)
    page.choose(stage.file("film.mp4", 24 * MIB))
    row = page.wait_for_percent("film.mp4", 30)
    check("sending" in row.text.lower(), f"the state is {row.text!r}")
    check("MB/s" in page.text("#rows") or "MiB/s" in page.text("#rows"), f"no rate: {page.text('#rows')!r}")
    page.finish()
    seen = stage.browser.script("return observed")
    expect(seen["behind"], [], "samples that show more stored than sent")
    expect(seen["early"], 0, "samples that show 100 % before the file is stored")
    check(seen["sawBoth"] > 0, "the two tones of the bar never differ")
    expect(seen["states"][-2:], ["sending", "stored"], "states")
    counted = [title for title in seen["titles"] if title.endswith("% · 1 file")]
    check(len(counted) >= 2, f"the title does not count: {seen['titles']}")
    expect(page.row("film.mp4").percent, "100 %", "percent in the end")


@topic()
def three_at_once(stage: Stage) -> None:
    """Three files are sent at once; the others wait in their order."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server, 1)
    page = stage.page(proxy)
    files = [stage.file(f"{number}.bin", 2 * MIB) for number in range(5)]
    page.choose(*files)
    page.wait(lambda: [row.state for row in page.rows()].count("sending") == 3, "three are not sent at once")
    expect([row.state for row in page.rows()][3:], ["waiting", "waiting"], "the others")
    check(len(server.unfinished()) <= 3, f"at the server: {server.unfinished()}")
    proxy.stop_at = None
    page.finish()
    server.expect(files)


@topic(sizes=(PHONE,))
def pause_and_resume(stage: Stage) -> None:
    """An upload can be paused and resumed, alone and with all others; nothing is sent meanwhile."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    files = [stage.file(f"{number}.bin", 40 * MIB) for number in range(2)]
    page.choose(*files)
    page.wait_for_percent("0.bin", 2)
    page.press("0.bin", "pause")
    page.wait_for_row("0.bin", "paused")
    expect(page.row("1.bin").state, "sending", "the other one")
    proxy.stop_at = None
    page.wait_for_row("1.bin", "stored")
    check(page.row("0.bin").stored < 100, "the paused file is stored")
    proxy.stop_at = proxy.sent
    page.press("0.bin", "resume")
    page.wait_for_row("0.bin", "sending")
    page.click("#pause")
    page.wait_for_row("0.bin", "paused")
    page.wait(lambda: page.state == "paused", "not all are paused")
    proxy.stop_at = None
    page.click("#pause")
    page.finish()
    server.expect(files)


@topic()
def cancel(stage: Stage) -> None:
    """A cancelled upload is deleted at the server; one that waits is only removed; the others are stored."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server, 6)
    page = stage.page(proxy)
    files = [stage.file(f"{number}.bin", 8 * MIB) for number in range(5)]
    page.choose(*files)
    page.wait_for_percent("0.bin", 5)
    page.press("0.bin", "remove")
    page.press("4.bin", "remove")
    page.wait(lambda: len(page.rows()) == 3, "the rows are not removed")
    proxy.stop_at = None
    page.finish()
    server.expect(files[1:4])
    eventually(lambda: not server.unfinished(), "the cancelled upload is still at the server")
    expect(sorted(page.receipt()), [file.name for file in files[1:4]], "names in the receipt")


@topic(sizes=(PHONE,))
def receipt(stage: Stage) -> None:
    """The receipt lists names and SHA-256, and can be copied; finished rows can be cleared."""
    server = stage.serve("--digest", "sha256")
    files = [stage.file("contract.pdf"), stage.file("photo.jpg")]
    page = stage.page(server)
    page.send(files)
    page.wait(lambda: page.shows("#receipt"), "there is no receipt")
    expect(page.receipt(), {file.name: digest(file) for file in files}, "receipt")
    stage.browser.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.click("#copy")
    read = "const done = arguments[0]; navigator.clipboard.readText().then(done, done);"
    copied = page.wait(lambda: stage.browser.driver.execute_async_script(read), "nothing was copied")
    for file in files:
        check(file.name in copied and digest(file) in copied, f"{file.name} is missing in {copied!r}")
    page.click("#clear")
    page.wait(lambda: not page.rows(), "the rows are not cleared")


@topic()
def leaving(stage: Stage) -> None:
    """The browser warns before the page is left while uploads run, and only then."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    # What the browser asks the page; the dialog itself cannot be seen from here.
    asks = "return !dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    expect(stage.browser.script(asks), False, "warning without uploads")
    page.choose(stage.file("film.mp4", 8 * MIB))
    page.wait_for_row("film.mp4", "sending")
    page.wait(lambda: stage.browser.script(asks), "no warning while a file is sent")
    proxy.stop_at = None
    page.finish()
    expect(stage.browser.script(asks), False, "warning after all were stored")


@topic()
def screen_lock(stage: Stage) -> None:
    """The screen stays on while files are sent, and may be turned off afterwards."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    stage.browser.script("""
        window.locks = 0;
        navigator.wakeLock.request = async kind => (locks += kind === "screen", {release: async () => locks -= 1});
    """)
    page.choose(stage.file("film.mp4", 6 * MIB))
    page.wait_for_row("film.mp4", "sending")
    page.wait(lambda: stage.browser.script("return locks") == 1, "the screen is not kept on")
    proxy.stop_at = None
    page.finish()
    page.wait(lambda: stage.browser.script("return locks") == 0, "the screen is kept on after all were stored")


@topic(faults=("ERR_UPLOAD_FILE_CHANGED", "ERR_FILE_NOT_FOUND", *LOST))
def changed_file(stage: Stage) -> None:
    """A file that changes while it is sent fails with a reason, and nothing of it is stored."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    changing, other = stage.file("changing.bin", 40 * MIB), stage.file("other.bin")
    page.choose(changing, other)
    page.wait_for_percent("changing.bin", 5)
    with changing.open("r+b") as file:
        file.write(os.urandom(MIB))
    proxy.stop_at = None
    note = page.wait_for_row("changing.bin", "failed").text
    check("change" in note.lower(), f"the reason is {note!r}")
    server.expect([other])


@topic(faults=("ERR_UPLOAD_FILE_CHANGED", "ERR_FILE_NOT_FOUND", *LOST))
def vanished_file(stage: Stage) -> None:
    """A file that is deleted while it is sent fails with a reason, and nothing of it is stored."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    vanishing = stage.file("vanishing.bin", 40 * MIB)
    page.choose(vanishing)
    page.wait_for_percent("vanishing.bin", 5)
    vanishing.unlink()
    proxy.stop_at = None
    note = page.wait_for_row("vanishing.bin", "failed").text
    check(note, "there is no reason")
    expect(server.stored(), [], "stored files")


@topic(faults=("507", *LOST), sizes=(PHONE,))
def full_disk(stage: Stage) -> None:
    """When the disk is full the file fails with a reason; after space was made, a retry stores it."""
    server = stage.serve(*PROMPT, "--min-free", "4MiB", "--max-append-size", "2MiB", disk="40m")
    proxy = stage.stopping(server, 5)
    page = stage.page(proxy)
    filler = server.root / "filler"
    file = stage.file("film.mp4", 16 * MIB)
    page.choose(file)
    page.wait_for_percent("film.mp4", 15)
    # Space is reserved for one slice at a time.
    with filler.open("wb") as output:
        os.posix_fallocate(output.fileno(), 0, free_bytes(server.root) - MIB)
    proxy.stop_at = None
    text = page.wait_for_row("film.mp4", "failed").text.lower()
    check("space" in text or "full" in text, f"the reason is {text!r}")
    filler.unlink()
    page.press("film.mp4", "retry")
    page.wait_for_row("film.mp4", "stored", patience=60)
    server.expect([file])


def free_bytes(directory: Path) -> int:
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize


@topic()
def two_tabs(stage: Stage) -> None:
    """The same file, sent from two tabs at once, is stored twice."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    file = stage.file("film.mp4", 12 * MIB)
    driver = stage.browser.driver
    first = stage.page(proxy)
    first.choose(file)
    first.wait_for_percent("film.mp4", 10)
    one = driver.current_window_handle
    driver.switch_to.new_window("tab")
    stage.browser.prepare(DESKTOP)
    second = stage.page(proxy)
    second.choose(file)
    second.wait_for_row("film.mp4", "sending")
    proxy.stop_at = None
    second.finish()
    driver.switch_to.window(one)
    first.finish()
    names = server.stored()
    expect(len(names), 2, "stored files")
    expect({digest(server.root / name) for name in names}, {digest(file)}, "SHA-256")


@topic(sizes=(PHONE,))
def back_and_forward(stage: Stage) -> None:
    """After leaving the page and coming back, it works; unfinished uploads are listed again."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server)
    page = stage.page(proxy)
    first, second = stage.file("first.bin"), stage.file("second.bin", 16 * MIB)
    page.send([first])
    page.click("#browse")
    page.wait(lambda: "first.bin" in page.text("body"), "the listing does not name the file")
    stage.browser.driver.back()
    page.wait_for_script()
    page.choose(second)
    page.wait_for_percent("second.bin", 10)
    page.click("#browse")
    page.wait(lambda: "first.bin" in page.text("body"), "the listing does not name the file")
    stage.browser.driver.back()
    page.wait_for_script()
    proxy.stop_at = None
    if not any(row.name == "second.bin" for row in page.rows()):
        page.wait(lambda: page.unfinished() == ["second.bin"], "the unfinished upload is not listed")
        page.choose(second)
    page.finish()
    server.expect([first, second])
