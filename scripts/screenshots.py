"""Pictures of the page for README and documentation: ``python scripts/screenshots.py``.

Needs the page's bundle (``make web``) and Chromium; the head's field basis is made first where it is not in
the cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ASSETS = Path(__file__).parents[1] / "docs" / "assets"
CHROMIUM = os.environ.get("TMSIM_CHROMIUM", "/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
TOKEN = "pictures"
WIDE, TABLET = (1280, 720), (820, 1180)
SLOW_ms = 600_000


def main(*wanted: str) -> None:
    """Write all pictures, or those named."""
    ASSETS.mkdir(exist_ok=True)
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, (theme, size, do) in PICTURES.items():
            if not wanted or name in wanted:
                take(browser, url, name, theme, size, do)
        browser.close()


@contextmanager
def served() -> Iterator[str]:
    """The address of a server whose live field is ready."""
    command = [sys.executable, "-m", "tmsim", "serve", "--no-open", "--port", "0", "--token", TOKEN]
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"TMSIM_DATA": data}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            try:
                while state(url) != "ready":
                    time.sleep(1)
                yield url
            finally:
                server.terminate()


def state(url: str) -> str:
    """How far the basis is."""
    request = urllib.request.Request(
        url.split("?")[0] + "api/page", headers={"authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)["basis"]["state"]


def take(
    browser: Browser, url: str, name: str, theme: str, size: tuple[int, int], do: Callable[[Page], None]
) -> None:
    """One picture, drawn at twice its size and made smaller: software WebGL smooths no edges itself."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        color_scheme=theme,  # pyright: ignore[reportArgumentType]
        reduced_motion="reduce",
    )
    context.set_default_timeout(SLOW_ms)
    page = context.new_page()
    page.goto(url)
    settled(page)
    do(page)
    page.wait_for_timeout(1500)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB").resize(size, Image.Resampling.LANCZOS)
    path = ASSETS / f"page-{name}.png"
    picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    print(f"{path.name}: {path.stat().st_size // 1000} kB")
    context.close()


def settled(page: Page) -> None:
    """The field of the pose that was asked for last is drawn."""
    page.locator('[data-testid="stage"][data-ready="true"]').wait_for()
    page.wait_for_timeout(500)


def press(page: Page, *ids: str) -> None:
    """Press what the ids name, one after the other."""
    for test_id in ids:
        page.get_by_test_id(test_id).click()


def place(page: Page) -> None:
    """The page as it opens, over the hand area."""
    press(page, "quick-hand-knob-left")
    settled(page)


def compare(page: Page) -> None:
    """Two angles of the handle over the hand area."""
    place(page)
    press(page, "compare")
    page.get_by_test_id("active-view").get_by_text("Move B").click()
    page.get_by_test_id("angle").fill("90")
    page.get_by_test_id("angle").press("Enter")
    settled(page)


def find(page: Page) -> None:
    """A search over the hand area, done."""
    place(page)
    press(page, "tab-find", "find")
    page.locator('[data-testid="find-state"][data-state="done"]').wait_for()
    page.get_by_test_id("find-outcome").scroll_into_view_if_needed()


def cut(page: Page) -> None:
    """A cut through the tissues under the coil."""
    place(page)
    with page.expect_response("**/volume/labels*"):
        press(page, "open-look")
        page.get_by_test_id("cut").get_by_text("Coronal").click()
    page.get_by_test_id("cut-at").fill("-18")
    page.keyboard.press("Escape")
    page.wait_for_timeout(3000)
    press(page, "view-A")


def slices(page: Page) -> None:
    """Slices with the field."""
    place(page)
    with page.expect_response("**/volume/field"):
        press(page, "slices")
    page.locator('[data-testid="slices-view"][data-state="ready"]').wait_for()
    page.wait_for_timeout(5000)


def panel(name: str, wait_for: str) -> Callable[[Page], None]:
    """A panel, once what it is asked for is there."""

    def do(page: Page) -> None:
        press(page, f"tab-{name}")
        page.get_by_test_id(wait_for).first.wait_for()
        page.wait_for_timeout(3000)

    return do


def tour(page: Page) -> None:
    """The second step of the tour: the field."""
    press(page, "tour-start", "tour-next")
    page.locator('[data-testid="tour-figures"][data-ready="true"]').wait_for()
    settled(page)


PICTURES: dict[str, tuple[str, tuple[int, int], Callable[[Page], None]]] = {
    "place": ("light", WIDE, place),
    "place-dark": ("dark", WIDE, place),
    "compare": ("light", WIDE, compare),
    "find": ("dark", WIDE, find),
    "cut": ("light", WIDE, cut),
    "slices": ("light", WIDE, slices),
    "pulse": ("light", WIDE, panel("pulse", "percent-rmt")),
    "session": ("light", WIDE, panel("session", "pulses")),
    "after": ("light", WIDE, panel("after", "after-peak")),
    "brain": ("dark", WIDE, panel("brain", "rest-rate")),
    "course": ("light", WIDE, panel("course", "calendar")),
    "tour": ("light", WIDE, tour),
    "tablet": ("light", TABLET, place),
}


if __name__ == "__main__":
    main(*sys.argv[1:])
