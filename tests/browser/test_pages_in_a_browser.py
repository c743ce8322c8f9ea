"""The pages of `--html` in headless Chromium, at both ends of widths, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import Browser, open_browser
from page_files import KINDS, make_pages

every_page = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a page of each kind."""
    place = tmp_path_factory.mktemp("pages")
    make_pages(place)
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return one browser for all tests."""
    with open_browser() as browser:
        yield browser


@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_a_page_is_read_by_all_and_asks_for_nothing(
    browser: Browser, folder: Path, kind: str, width: int, scheme: str
) -> None:
    page = folder / f"{kind}.html"
    browser.open(page, width, scheme)
    assert browser.log() == []
    asked = [address for address in browser.requests() if not address.startswith("data:")]
    assert asked == [page.as_uri()]
    assert browser.ask("return document.documentElement.scrollWidth") <= width
    # What is wider than its place scrolls there: nothing else reaches beyond the window.
    beyond = (
        "return [...document.querySelectorAll('body *')].filter(one => !one.closest('.scroll, pre, "
        ".drawing') && one.getBoundingClientRect().right > window.innerWidth).length"
    )
    assert browser.ask(beyond) == 0
    browser.ask("for (const one of document.querySelectorAll('details')) one.open = true")
    assert browser.violations() == []


@every_page
def test_a_page_is_whole_without_scripts(browser: Browser, folder: Path, kind: str) -> None:
    browser.open(folder / f"{kind}.html", 1600, script=False)
    from selenium.webdriver.common.by import By

    images = browser.driver.find_elements(By.TAG_NAME, "img")
    assert all(image.is_displayed() for image in images)
    sliders = browser.driver.find_elements(By.CSS_SELECTOR, "input")
    assert not any(slider.is_displayed() for slider in sliders)


def test_the_slider_moves_by_keys(browser: Browser, folder: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(folder / "picture.html", 1600)
    cut = "return document.querySelector('.comparison').style.getPropertyValue('--cut')"
    assert browser.ask(cut) == "50%"
    browser.press("input", Keys.ARROW_RIGHT)
    assert browser.ask(cut) == "51%"
    browser.press("input", Keys.HOME)
    assert browser.ask(cut) == "0%"
    browser.click(".after img", 0.25)
    assert browser.ask(cut) == "25%"
    place = "return document.querySelector('.{} img').getBoundingClientRect().toJSON()"
    before, after = (browser.ask(place.format(name)) for name in ("before", "after"))
    assert before == after
    assert before["height"] > 100


def test_all_is_reached_by_the_tabulator(browser: Browser, folder: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(folder / "convolution.html", 1600)
    wanted = browser.ask(
        "return document.querySelectorAll('a, summary, input, [tabindex=\"0\"]').length"
    )
    hidden = browser.ask("return document.querySelectorAll('details:not([open]) pre').length")
    reached = set()
    for _ in range(wanted - hidden):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(browser.driver.switch_to.active_element.id)
    assert len(reached) == wanted - hidden


def test_the_policy_lets_nothing_else_run(browser: Browser, folder: Path) -> None:
    browser.open(folder / "picture.html", 1600)
    put = (
        "const one = document.createElement('{0}'); one.{1}; document.body.append(one); "
        "return window.seen ?? null"
    )
    assert browser.ask(put.format("script", "textContent = 'window.seen = 1'")) is None
    browser.ask(put.format("img", "src = 'http://127.0.0.1:9/a.png'"))
    browser.ask(put.format("div", "setAttribute('style', 'color: red')"))
    told = " ".join(browser.log())
    for rule in ("script-src", "img-src", "style-src"):
        assert rule in told
    failed = browser.events("Network.loadingFailed")
    assert [event.get("blockedReason") for event in failed] == ["csp"]


def test_a_page_is_light_or_dark_as_the_system_is(browser: Browser, folder: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        browser.open(folder / "model.html", 1600, scheme)
        colours.append(browser.ask("return getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]
