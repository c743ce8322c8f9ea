"""A headless Chromium, as a person has one: a page, a width, light or dark, and what it says.

Selenium drives Debian's browser by Debian's own driver, which are of one version; axe comes from
the package `axe-playwright-python`, of which its script alone is used.
"""

import importlib.util
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSERS, DRIVERS = ("chromium", "chromium-browser", "google-chrome"), ("chromedriver",)
HEIGHT = 900


def found(names: tuple[str, ...]) -> str | None:
    """Return the path of the first program of these names that there is."""
    return next(filter(None, map(shutil.which, names)), None)


def axe_script() -> str:
    """Return the script of axe, which checks a page for who cannot see or point."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")


class Browser:
    """One window, without a screen."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, width: int, scheme: str, *, script: bool = True) -> None:
        """Open a page at a width, in a colour scheme, with or without scripts."""
        send = self.driver.execute_cdp_cmd
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        send("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        send("Emulation.setEmulatedMedia", {"features": [feature]})
        send("Emulation.setScriptExecutionDisabled", {"value": not script})
        self.driver.get(page.as_uri())

    def ask(self, script: str) -> Any:
        """Return what a script returns in the page."""
        return self.driver.execute_script(script)

    def log(self) -> list[str]:
        """Return what was written to the console since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since that was asked last."""
        events = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        messages: list[Mapping[str, Any]] = [event["message"] for event in events]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def violations(self) -> list[str]:
        """Return what axe finds wrong, each with the elements."""
        self.driver.execute_script(axe_script())
        result = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run().then(done);"
        )
        return [
            f"{one['id']}: {[node['html'][:200] for node in one['nodes'][:5]]}"
            for one in result["violations"]
        ]

    def picture(self, path: Path) -> None:
        """Write a picture of the whole page as PNG."""
        height = self.ask("return document.documentElement.scrollHeight")
        width = self.ask("return window.innerWidth")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.save_screenshot(str(path))


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a browser, and end it with the block."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(found(BROWSERS))
    # In a container there is no sandbox of its own, and little shared memory.
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(found(DRIVERS)))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
