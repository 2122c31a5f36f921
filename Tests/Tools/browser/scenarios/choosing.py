"""How files get into the page: chosen, dropped, pasted."""

from __future__ import annotations

import os

from driver import PHONE
from scenario import BOTH, Stage, Topic, check, eventually, expect, slow
from shared import MIB, digest

topic = Topic("choosing")
COPY_TEXT = "const done = arguments[1]; navigator.clipboard.writeText(arguments[0]).then(() => done(''), done);"
COPY_IMAGE = """
const done = arguments[0], canvas = document.createElement("canvas");
canvas.width = canvas.height = 40;
canvas.toBlob(blob => navigator.clipboard.write([new ClipboardItem({"image/png": blob})]).then(() => done(""), done));
"""


@topic(sizes=BOTH)
def choose(stage: Stage) -> None:
    """Chosen files arrive with equal SHA-256, an empty one and a large one among them."""
    server = stage.serve()
    files = [stage.file("small.txt"), stage.file("empty.bin", 0), stage.file("large.bin", 20 * MIB)]
    stage.page(server).send(files)
    server.expect(files)


@topic(sizes=(PHONE,))
def choose_more(stage: Stage) -> None:
    """Files can be added while others are sent, and after all were stored."""
    server = stage.serve(*slow(20))
    page = stage.page(server)
    files = [stage.file("first.bin", 16 * MIB), stage.file("second.bin"), stage.file("third.bin")]
    page.choose(files[0])
    page.wait_for_row("first.bin", "sending")
    page.choose(files[1])
    page.finish()
    page.send([files[2]])
    server.expect(files)


@topic()
def drop(stage: Stage) -> None:
    """Files and directories that are dropped on the window arrive, with their paths and modification times."""
    server = stage.serve()
    files = [stage.file("letter.txt"), stage.file("photos/2026/a.jpg"), stage.file("photos/2026/b.jpg")]
    files.append(stage.file("photos/index.txt"))
    for number, file in enumerate(files):
        os.utime(file, (1_500_000_000 + number, 1_500_000_000 + number))
    (files[1].parent / "empty").mkdir()
    page = stage.page(server)
    # Near a corner: anywhere will do.
    stage.browser.drop([files[0], files[0].parent / "photos"], x=30, y=700)
    page.wait(lambda: len(page.rows()) == 4, "not all files were found")
    page.finish()
    below = files[0].parent
    server.expect(files, below)
    for file in files:
        expect(int((server.root / file.relative_to(below)).stat().st_mtime), int(file.stat().st_mtime), f"time of {file}")
    eventually((server.root / "photos/2026/empty").is_dir, "the empty directory is missing")


@topic()
def choose_directory(stage: Stage) -> None:
    """A chosen directory arrives with its paths."""
    server = stage.serve()
    files = [stage.file(f"album/{number % 3}/{number}.jpg", 2000) for number in range(12)]
    page = stage.page(server)
    page.choose(stage.work / "files" / "album", field="#folder")
    page.wait(lambda: len(page.rows()) == 12, "not all files were found")
    page.finish()
    server.expect(files, below=stage.work / "files")


@topic()
def paste_text(stage: Stage) -> None:
    """Pasted text is sent as a file."""
    server = stage.serve()
    page = stage.page(server)
    _may_use_clipboard(stage)
    expect(stage.browser.driver.execute_async_script(COPY_TEXT, "Grüße\n日本語"), "", "copying")
    stage.browser.paste()
    page.finish()
    names = server.stored()
    expect(len(names), 1, "stored files")
    check(names[0].endswith(".txt"), f"the name is {names[0]!r}")
    expect((server.directory / names[0]).read_text(encoding="utf-8"), "Grüße\n日本語", "stored text")


@topic()
def paste_image(stage: Stage) -> None:
    """A pasted screenshot is sent as a PNG file, and two of them have different names."""
    server = stage.serve()
    page = stage.page(server)
    _may_use_clipboard(stage)
    expect(stage.browser.driver.execute_async_script(COPY_IMAGE), "", "copying")
    for number in (1, 2):
        stage.browser.paste()
        page.wait(lambda: len(page.rows()) == number, "the image was not added")
    page.finish()
    names = server.stored()
    expect(len(names), 2, "stored files")
    for name in names:
        check(name.endswith(".png"), f"the name is {name!r}")
        check((server.directory / name).read_bytes().startswith(b"\x89PNG"), f"{name} is no PNG file")


@topic(sizes=BOTH)
def photo(stage: Stage) -> None:
    """On a phone, a photo from the camera is sent, and two with the same name are both stored; a desktop has no button."""
    server = stage.serve()
    page = stage.page(server)
    expect(page.shows("#take-photo"), stage.size == PHONE, "a button for the camera")
    if stage.size != PHONE:
        return
    field = page.element("#photo")
    expect(field.get_attribute("capture") is not None, True, "the field opens the camera")
    sent = []
    for number in (1, 2):
        photo = stage.file(f"{number}/image.jpg")
        sent.append(digest(photo))
        page.choose(photo, field="#photo")
        page.wait(lambda: len(page.rows()) == number, "the photo was not added")
        page.finish()
    expect(sorted(digest(server.directory / name) for name in server.stored()), sorted(sent), "stored photos")


@topic(sizes=BOTH)
def known_before_choosing(stage: Stage) -> None:
    """Greeting, size limit, allowed types and free space are shown before files are chosen."""
    greeting = "Photos of the party, please!"
    limits = ["--max-size", "50MiB", "--allow-type", "image/*", "--allow-type", "application/pdf"]
    page = stage.page(stage.serve("--greeting", greeting, *limits))
    expect(page.text("#greeting"), greeting, "greeting")
    page.wait(lambda: "free" in page.text("#limits"), "the free space is not shown")
    for part in ("50 MiB", "image/*", "application/pdf"):
        check(part in page.text("#limits"), f"{part} is missing: {page.text('#limits')!r}")


@topic(faults=("413", "415"), sizes=(PHONE,))
def limits(stage: Stage) -> None:
    """Files that are too large or of a type that is not allowed are rejected with a reason; others are stored."""
    server = stage.serve("--max-size", "1MiB", "--allow-type", "text/plain")
    page = stage.page(server)
    good, large, diagram = stage.file("good.txt", 0), stage.file("large.txt", 2 * MIB), stage.file("diagram.png")
    good.write_text("plain text\n" * 100, encoding="utf-8")
    diagram.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    page.choose(good, large, diagram)
    page.wait(lambda: page.state == "failed", "the upload has not failed")
    page.wait_for_row("good.txt", "stored")
    for name, reason in {"large.txt": "1.0 MiB", "diagram.png": "image/png"}.items():
        note = page.wait_for_row(name, "failed").text
        check(reason in note, f"the reason for {name} is {note!r}")
    server.expect([good])


def _may_use_clipboard(stage: Stage) -> None:
    allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    stage.browser.cdp("Browser.grantPermissions", permissions=allowed)
