"""A headless Chromium: a page at a width, light or dark, and what the page says of itself.

Selenium drives the browser of the system by the system's own driver, which is of its version;
Playwright would bring a browser of its own along. axe comes from the package
`axe-playwright-python`, of which the script is used alone.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVER = "chromedriver"
HEIGHT = 900


def axe_script() -> str:
    """Return the script of axe, which checks a page for people who cannot see or point."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")


class Browser:
    """One window, without a screen."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, width: int, scheme: str = "light", *, script: bool = True) -> None:
        """Open a page at a width, in a colour scheme, with or without scripts."""
        self.log()
        self.requests()
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

    def events(self, method: str) -> list[Any]:
        """Return what is told of events since that was asked last."""
        entries = self.driver.get_log("performance")
        events = [json.loads(entry["message"])["message"] for entry in entries]
        return [event["params"] for event in events if event["method"] == method]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since that was asked last."""
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

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

    def press(self, selector: str, keys: str) -> None:
        """Press keys while an element has the focus."""
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self.driver.switch_to.active_element.send_keys(keys)

    def click(self, selector: str, share: float) -> None:
        """Press the pointer on an element, at a share of its width."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.by import By

        element = self.driver.find_element(By.CSS_SELECTOR, selector)
        aside = round((share - 0.5) * element.size["width"])
        ActionChains(self.driver).move_to_element_with_offset(element, aside, 0).click().perform()

    def picture(self, path: Path) -> None:
        """Write a picture of the whole page as PNG, for a person to look at."""
        width, height = self.ask(
            "return [window.innerWidth, document.documentElement.scrollHeight]"
        )
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.save_screenshot(str(path))


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a browser, and end it with the block."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    # In a container there is no sandbox of its own, and little shared memory.
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which(DRIVER)))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
