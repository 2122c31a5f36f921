"""Chromium without a screen, driven by Selenium and by its own protocol (CDP)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from shared import environment, require

SWITCHES = (
    "--headless=new", "--no-sandbox", "--no-first-run", "--no-proxy-server", "--disable-background-networking",
    "--disable-component-update", "--disable-default-apps", "--disable-dev-shm-usage", "--disable-extensions",
    "--disable-sync", "--hide-scrollbars", "--mute-audio",
    # A tab that another one covers would be slowed down.
    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
)
# In every document, before its own scripts: what the log of the console lacks.
WATCH = """
addEventListener("securitypolicyviolation", event => console.error(
  `policy violated: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
addEventListener("unhandledrejection", event => console.error(`unhandled rejection: ${event.reason}`));
"""
# What an entry of the log is about: a status such as 403, or ERR_CONNECTION_RESET.
NETWORK_FAULT = re.compile(r"status of (\d{3})|net::(ERR_\w+)")
# The entry for an upload that the server does not know, or no longer.
ENDED_UPLOAD = re.compile(r"/uploads/[\w-]+ - .* status of (404|410) ")


@dataclass(frozen=True)
class Size:
    """The viewport of a device, in CSS pixels."""

    name: str
    width: int
    height: int
    is_phone: bool = False


PHONE = Size("phone", 390, 844, is_phone=True)
DESKTOP = Size("desktop", 1280, 800)


class Browser:
    """One browser process with a profile of its own, in a `with` statement. It shows one tab at a time.

    Without `keeps_data` it blocks cookies and storage, as a user can set it."""

    def __init__(self, work: Path, keeps_data: bool = True) -> None:
        self.downloads = work / "downloads"
        self.downloads.mkdir(parents=True, exist_ok=True)
        options = Options()
        options.binary_location = require("chromium", "chromium")
        for switch in (*SWITCHES, f"--user-data-dir={work / 'profile'}"):
            options.add_argument(switch)
        settings: dict[str, Any] = {"download.default_directory": str(self.downloads)}
        if not keeps_data:
            settings["profile.default_content_setting_values.cookies"] = 2
        options.add_experimental_option("prefs", settings)
        options.add_experimental_option("excludeSwitches", ["enable-logging"])
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Servers with TLS have certificates of their own.
        options.set_capability("acceptInsecureCerts", True)
        service = Service(require("chromedriver", "chromium-driver"), log_path="/dev/null", env=environment())
        self.driver = webdriver.Chrome(service=service, options=options)
        # Waits are those of this tool, which say what they wait for.
        self.driver.set_script_timeout(30)
        self.driver.set_page_load_timeout(30)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser."""
        with suppress(WebDriverException):
            self.driver.quit()
        # Also when the driver no longer responds: it ends its browser.
        self.driver.service.stop()

    def begin(self, size: Size) -> None:
        """Opens a tab of this size without what earlier ones have left: tabs, cookies, log entries, conditions."""
        earlier = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        fresh = self.driver.current_window_handle
        for handle in earlier:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(fresh)
        self.cdp("Network.clearBrowserCookies")
        self.prepare(size)
        self.driver.get_log("browser")
        for path in self.downloads.iterdir():
            path.unlink()

    def prepare(self, size: Size) -> None:
        """Gives the current tab a size, and watches its documents."""
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.cdp("Network.enable")
        # As a window in front: also with several tabs.
        self.cdp("Emulation.setFocusEmulationEnabled", enabled=True)
        self.resize(size)

    def resize(self, size: Size) -> None:
        """Changes the size of the current tab."""
        screen = {"width": size.width, "height": size.height, "deviceScaleFactor": 2 if size.is_phone else 1}
        self.cdp("Emulation.setDeviceMetricsOverride", mobile=size.is_phone, **screen)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=size.is_phone)

    def cdp(self, command: str, **parameters: Any) -> dict[str, Any]:
        """Sends a command of the protocol to the current tab."""
        return self.driver.execute_cdp_cmd(command, parameters) or {}

    def script(self, body: str, *arguments: Any) -> Any:
        """Runs a function's body in the page; `arguments` are its `arguments`. Returns what it returns."""
        return self.driver.execute_script(body, *arguments)

    def set_network(self, is_offline: bool = False, upload_rate: int = -1) -> None:
        """Takes the tab off the network, or limits what it sends to a rate in bytes per second."""
        limits = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": upload_rate}
        self.cdp("Network.emulateNetworkConditions", offline=is_offline, **limits)

    def set_scripts(self, are_enabled: bool) -> None:
        """Enables or disables scripts of the current tab's documents, from the next document on."""
        self.cdp("Emulation.setScriptExecutionDisabled", value=not are_enabled)

    def drop(self, paths: Iterable[Path], x: int = 200, y: int = 200) -> None:
        """Drags files and directories of this machine over the page, and drops them."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.cdp("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def paste(self) -> None:
        """Presses Ctrl-V."""
        key = {"key": "v", "code": "KeyV", "windowsVirtualKeyCode": 86, "modifiers": 2}
        self.cdp("Input.dispatchKeyEvent", type="keyDown", commands=["paste"], **key)
        self.cdp("Input.dispatchKeyEvent", type="keyUp", **key)

    def press(self, key: str, code: int, **more: Any) -> None:
        """Presses a key by its name and number in the DOM: ("Tab", 9)."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code, **more}
        self.cdp("Input.dispatchKeyEvent", type="keyDown", **named)
        self.cdp("Input.dispatchKeyEvent", type="keyUp", **named)

    def problems(self, faults: Iterable[str]) -> list[str]:
        """Errors of the console since the last call, and violations of the Content-Security-Policy.

        `faults` are the failed requests that a scenario causes, which Chromium logs: statuses and network errors."""
        expected, found = set(faults), []
        for entry in self.driver.get_log("browser"):
            fault = NETWORK_FAULT.search(entry["message"])
            if entry["source"] == "network" and fault is not None and expected & set(fault.groups()):
                continue
            # The page asks for the offset once a second: the request may cross the one that ends the upload.
            if entry["source"] == "network" and ENDED_UPLOAD.search(entry["message"]):
                continue
            if entry["level"] == "SEVERE" or entry["source"] == "security":
                found.append(f"{entry['source']}: {entry['message']}")
        return found
