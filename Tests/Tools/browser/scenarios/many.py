"""Very many files at once."""

from __future__ import annotations

from scenario import PROMPT, Stage, Topic, check

topic = Topic("many")
# Seconds for all files, while other programs use the processors too.
PATIENCE = 400


@topic()
def directory_of_1234_files(stage: Stage) -> None:
    """A dropped directory of 1,234 files in 40 directories arrives completely."""
    server = stage.serve(*PROMPT)
    # One has more entries than a browser reads at once.
    folders = [f"tree/{number % 8}/{number}" for number in range(39)] + ["tree/many"]
    files = [stage.file(f"{folders[number % 39]}/{number}.bin", 1000 + number) for number in range(1000)]
    files += [stage.file(f"{folders[39]}/{number}.bin", number) for number in range(234)]
    page = stage.page(server)
    stage.browser.drop([stage.work / "files" / "tree"])
    page.wait(lambda: page.state == "running", "nothing has started")
    page.finish(patience=PATIENCE)
    server.expect(files, below=stage.work / "files")


@topic()
def two_thousand_files(stage: Stage) -> None:
    """2,000 files chosen at once are all stored; the page shows a part of them and counts the others."""
    server = stage.serve(*PROMPT)
    page = stage.page(server)
    files = [stage.file(f"{number:04}.txt", 10) for number in range(2000)]
    page.choose(*files)
    page.wait(lambda: page.state == "running", "nothing has started")
    check(len(page.rows()) < 300, f"{len(page.rows())} rows")
    page.wait(lambda: page.shows("#more"), "the files without a row are not counted")
    # Buttons respond meanwhile.
    page.click("#pause")
    page.wait(lambda: page.state == "paused", "the queue does not pause")
    page.click("#pause")
    page.finish(patience=PATIENCE)
    server.expect(files)
    check("2,000" in page.text("#summary-text"), f"the summary is {page.text('#summary-text')!r}")
