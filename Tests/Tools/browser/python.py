"""The Python that runs these tools: one with Selenium."""

from __future__ import annotations

import importlib.util
import os
import sys

from shared import Absence, run

# Debian's packages serve only Debian's own Python; another one may be first in PATH.
DEBIAN = "/usr/bin/python3"


def require_selenium() -> None:
    """Returns when this Python has Selenium; otherwise starts the same command with Debian's, which does not return.
    Raises Absence when that one has none either."""
    if importlib.util.find_spec("selenium") is not None:
        return
    if sys.executable == DEBIAN or run([DEBIAN, "-c", "import selenium"]).returncode != 0:
        raise Absence("Selenium is not installed: apt-get install chromium chromium-driver python3-selenium")
    os.execv(DEBIAN, [DEBIAN, *sys.argv])
