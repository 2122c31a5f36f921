"""Whether the page can be used by keyboard, with a screen reader, on small and large screens."""

from __future__ import annotations

from driver import DESKTOP, PHONE, Size
from page import Page
from scenario import BOTH, PROMPT, Server, Stage, Topic, check, expect
from shared import MIB

topic = Topic("accessibility")
SIZES = (Size("320", 320, 568, is_phone=True), PHONE, Size("tablet", 820, 1180, is_phone=True), DESKTOP,
         Size("4K", 3840, 2160))
# Names as assistive technology computes them are those of the accessibility tree; see `_nodes`.
CONTROLS = {"button", "link", "textbox", "searchbox", "progressbar", "checkbox", "combobox"}
# The least contrast of each text that is seen, with the colours that it has here.
CONTRAST = """
const luminance = ([red, green, blue]) => {
  const [r, g, b] = [red, green, blue].map(value => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
// Canvas knows every notation of a colour.
const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const parse = color => {
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (front, back) => [0, 1, 2].map(index => front[index] * front[3] + back[index] * (1 - front[3]));
const background = element => {
  if (!element) return over(parse(getComputedStyle(document.documentElement).backgroundColor), parse("Canvas"));
  const color = parse(getComputedStyle(element).backgroundColor);
  return color[3] === 1 ? color.slice(0, 3) : over(color, background(element.parentElement));
};
const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
  if (!text || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
  if (element.closest("script, style, noscript") || element.matches(":disabled")) continue;
  const box = element.getBoundingClientRect();
  if (box.width < 2 || box.height < 2) continue;
  const back = background(element), front = over(parse(getComputedStyle(element).color), back);
  const [high, low] = [luminance(front), luminance(back)].sort((one, other) => other - one);
  found.push([(high + 0.05) / (low + 0.05), text.slice(0, 40), element.tagName + "." + element.className]);
}
return found.sort((one, other) => one[0] - other[0]);
"""
TARGETS = """
return [...document.querySelectorAll("button, a[href], input, label[for], summary")].flatMap(element => {
  if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) return [];
  const box = element.getBoundingClientRect();
  // Fields of files are only reached through their buttons.
  if (box.width < 2 || box.height < 2 || element.type === "file" || element.tagName === "LABEL") return [];
  return [[element.id || element.className || element.textContent.slice(0, 20), box.width, box.height]];
});
"""
OVERFLOW = "return Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"
FOCUSED = """
const element = document.activeElement, box = element.getBoundingClientRect(), style = getComputedStyle(element);
return {
  name: element.id || [element.className, element.closest("li")?.dataset.name].join(" "), tag: element.tagName,
  top: box.top + scrollY, left: box.left, order: element.tabIndex,
  outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 || style.boxShadow !== "none",
};
"""


def _under_way(stage: Stage) -> tuple[Page, Server]:
    """A page with files in several states: waiting, sending, paused, stored and failed."""
    server = stage.serve(*PROMPT, "--max-size", "20MiB", "--ask-name", "--greeting", "Welcome!")
    page = stage.page(stage.stopping(server))
    files = [stage.file("stored.txt", 1000), stage.file("too-large.bin", 21 * MIB)]
    page.choose(*files)
    page.wait(lambda: page.state == "failed", "the large file was not rejected")
    page.choose(*[stage.file(f"a long name of a film, part {number}.mp4", 8 * MIB) for number in range(5)])
    page.wait_for_percent("a long name of a film, part 0.mp4", 5)
    page.press("a long name of a film, part 1.mp4", "pause")
    page.wait_for_row("a long name of a film, part 1.mp4", "paused")
    return page, server


def _show(stage: Stage, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    stage.browser.cdp("Emulation.setEmulatedMedia", features=features)


@topic(faults=("413", "404"), sizes=BOTH)
def contrast(stage: Stage) -> None:
    """Every text has a contrast of at least 4.5:1, light and dark; on the listing and pages of errors, too."""
    page, server = _under_way(stage)
    for scheme in ("light", "dark"):
        _show(stage, scheme)
        _expect_contrast(stage, f"{scheme}, under way", 15)
    page.click("#pause")
    for path in ("files/", "files/missing"):
        stage.browser.driver.switch_to.new_window("tab")
        stage.browser.resize(stage.size)
        stage.browser.driver.get(server.base + path)
        for scheme in ("light", "dark"):
            _show(stage, scheme)
            _expect_contrast(stage, f"{scheme}, /{path}", 2)


@topic(faults=("401",))
def contrast_of_token_field(stage: Stage) -> None:
    """The field for the token has contrast, a label and the focus."""
    page = stage.page(stage.serve("--token", "0123456789"))
    for scheme in ("light", "dark"):
        _show(stage, scheme)
        _expect_contrast(stage, scheme, 2)
    named = [node for node in _nodes(stage) if node["role"] == "textbox"]
    check(named and all(node["name"] for node in named), f"fields: {named}")
    page.wait(lambda: stage.browser.script(FOCUSED)["name"] == "token-field", "the field has no focus")


@topic(faults=("413",), sizes=BOTH)
def names_of_controls(stage: Stage) -> None:
    """Every control has a name, and those of files name their file; headings are in order; the page has a language."""
    _under_way(stage)
    nodes = _nodes(stage)
    nameless = [node["role"] for node in nodes if node["role"] in CONTROLS and not node["name"].strip()]
    expect(nameless, [], "controls without a name")
    for role in ("button", "progressbar"):
        named = [node["name"] for node in nodes if node["role"] == role]
        check(any("part 0.mp4" in name for name in named), f"no {role} names its file: {named}")
    levels = stage.browser.script("return [...document.querySelectorAll('h1, h2, h3')].filter(one => "
                                  "one.checkVisibility()).map(one => Number(one.tagName[1]))")
    expect(levels[:1], [1], "the first heading's level")
    check(all(later <= earlier + 1 for earlier, later in zip(levels, levels[1:])), f"levels of headings: {levels}")
    expect(stage.browser.script("return document.documentElement.lang"), "en", "language")
    expect(stage.browser.script("return document.querySelectorAll('#rows progress').length") >= 5, True, "progress")


@topic(faults=("413",))
def live_region(stage: Stage) -> None:
    """One polite live region tells what has happened, in few messages."""
    server = stage.serve()
    page = stage.page(server)
    regions = stage.browser.script("""
        window.told = [];
        new MutationObserver(() => told.push(document.querySelector("#live").textContent))
          .observe(document.querySelector("#live"), {childList: true, characterData: true, subtree: true});
        return [...document.querySelectorAll("[aria-live], [role=status], [role=alert]")].map(region =>
          [region.id, region.getAttribute("aria-live") || region.getAttribute("role")]);
    """)
    # What is wrong with a token is told at once.
    expect([region for region in regions if region != ["token-note", "alert"]], [["live", "status"]], "live regions")
    page.send([stage.file("film.mp4", 8 * MIB), stage.file("letter.txt")])
    told = [text for text in stage.browser.script("return told") if text.strip()]
    check(told, "nothing was told")
    check(len(told) <= 10, f"{len(told)} messages: {told}")
    check("stored" in told[-1].lower(), f"the last message is {told[-1]!r}")


@topic(faults=("413",), sizes=BOTH)
def focus_order(stage: Stage) -> None:
    """The Tab key reaches every control, from top to bottom, with a focus that is seen."""
    page, _ = _under_way(stage)
    page.click("#pause")
    # From the page's top.
    page.click("h1")
    seen = []
    for _ in range(60):
        stage.browser.press("Tab", 9)
        focused = stage.browser.script(FOCUSED)
        if focused["tag"] in ("BODY", "HTML") or seen and focused["name"] == seen[0]["name"]:
            break
        seen.append(focused)
    names = [focused["name"] for focused in seen]
    check(len(seen) >= 10, f"only {names}")
    expect([focused["name"] for focused in seen if not focused["outlined"]], [], "controls whose focus is not seen")
    expect([focused["name"] for focused in seen if focused["order"] > 0], [], "controls with an order of their own")
    # Buttons beside each other have nearly the same top.
    tops = [focused["top"] for focused in seen]
    backwards = [names[index + 1] for index in range(len(tops) - 1) if tops[index + 1] < tops[index] - 60]
    expect(backwards, [], f"controls above the one before them in {names}")
    for control in ("choose", "pause"):
        check(control in names, f"{control!r} is not reached: {names}")


@topic()
def keyboard_only(stage: Stage) -> None:
    """A file can be paused, resumed and cancelled with the keyboard, and the focus is not lost."""
    server = stage.serve(*PROMPT)
    proxy = stage.stopping(server, 2)
    page = stage.page(proxy)
    page.choose(stage.file("film.mp4", 8 * MIB), stage.file("other.mp4", 4 * MIB))
    page.wait_for_row("film.mp4", "sending")
    focus = "document.querySelector('#rows > li').querySelector(arguments[0]).focus()"
    stage.browser.script(focus, "button.action")
    _press_enter(stage)
    page.wait_for_row("film.mp4", "paused")
    expect(stage.browser.script(FOCUSED)["tag"], "BUTTON", "the focus after pausing is on a")
    _press_enter(stage)
    page.wait_for_row("film.mp4", "sending")
    stage.browser.script(focus, "button.remove")
    _press_enter(stage)
    page.wait(lambda: [row.name for row in page.rows()] == ["other.mp4"], "the file is not removed")
    check(stage.browser.script(FOCUSED)["tag"] != "BODY", "the focus is lost after a file was removed")
    proxy.stop_at = None
    page.finish()


@topic(faults=("413",))
def sizes(stage: Stage) -> None:
    """From 320 pixels to 4K nothing is beyond the right edge, and touch targets have 44 pixels."""
    _under_way(stage)
    for size in SIZES:
        stage.browser.resize(size)
        expect(stage.browser.script(OVERFLOW), 0, f"pixels beyond the right edge at {size.name}")
        if size.is_phone:
            small = [target for target in stage.browser.script(TARGETS) if min(target[1:]) < 43.5]
            expect(small, [], f"controls smaller than 44 pixels at {size.name}")


@topic()
def reduced_motion(stage: Stage) -> None:
    """Nothing moves for users who have asked for that."""
    proxy = stage.stopping(stage.serve(*PROMPT))
    page = stage.page(proxy)
    features = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    stage.browser.cdp("Emulation.setEmulatedMedia", features=features)
    page.choose(stage.file("film.mp4", 8 * MIB))
    page.wait_for_percent("film.mp4", 10)
    moving = stage.browser.script("""
        return document.getAnimations().filter(one => one.playState === "running"
          && one.effect.getComputedTiming().duration > 1).map(one => one.effect.target.className);
    """)
    expect(moving, [], "what is moving")
    proxy.stop_at = None
    page.finish()


def _expect_contrast(stage: Stage, where: str, least: int) -> None:
    # Colours may fade from one scheme to the other.
    stage.browser.script("document.getAnimations().forEach(one => one.finish?.())")
    found = stage.browser.script(CONTRAST)
    check(len(found) >= least, f"{where}: only {len(found)} texts were found")
    low = [f"{text!r} ({kind}) {ratio:.2f}" for ratio, text, kind in found if ratio < 4.5]
    check(not low, f"{where}: contrast below 4.5: {'; '.join(low[:5])}")


def _nodes(stage: Stage) -> list[dict[str, str]]:
    """Roles and names of the accessibility tree."""
    tree = stage.browser.cdp("Accessibility.getFullAXTree")["nodes"]
    return [
        {"role": node["role"]["value"], "name": node.get("name", {}).get("value", "")}
        for node in tree if not node["ignored"] and "role" in node
    ]


def _press_enter(stage: Stage) -> None:
    stage.browser.press("Enter", 13, text="\r")
