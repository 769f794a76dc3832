"""The page in a browser: a server with its basis ready, Chromium with software WebGL, and a clean conscience.

The basis takes some minutes the first time and is kept in ``out/test-web/cache``, or where TMSIM_TEST_CACHE
says.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("TMSIM_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
TOKEN = "a-token-for-tests"  # no secret: the server lives as long as the tests
SLOW_ms = 30_000  # two cores draw in software, and compute beside it


class Server:
    """``tmsim serve`` as its users start it."""

    def __init__(self, data: Path, cache: Path, port: int = 0) -> None:
        self.data, self.cache, self.port = data, cache, port
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; its port stays the same when it comes back."""
        command = [sys.executable, "-m", "tmsim", "serve", "--no-open", "--token", TOKEN]
        environment = os.environ | {"TMSIM_CACHE": str(self.cache), "TMSIM_DATA": str(self.data)}
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 120)
        line = self.process.stdout.readline() if ready else ""
        found = re.match(r"http://127\.0\.0\.1:(\d+)/\?token=", line)
        assert found, f"the server did not start: {line!r}"
        self.port = int(found[1])

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process is not None:
            process, self.process = self.process, None
            process.send_signal(signal.SIGINT)
            with process:  # waits, and closes its output
                process.communicate(timeout=60)

    @property
    def base(self) -> str:
        """Without the token."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """As the server prints it."""
        return f"{self.base}/?token={TOKEN}"

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        """What the API answers."""
        request = urllib.request.Request(
            self.base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.loads(answer.read())

    def wait_for_basis(self) -> None:
        """Until fields can be had; the first time on a machine that takes minutes."""
        give_up = time.monotonic() + 3600
        while (basis := self.ask("/api/page")["basis"])["state"] != "ready":
            assert basis["state"] != "failed", basis["message"]
            assert time.monotonic() < give_up
            time.sleep(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the built-in head, its basis ready."""
    cache = Path(os.environ.get("TMSIM_TEST_CACHE", ROOT / "out/test-web/cache"))
    cache.mkdir(parents=True, exist_ok=True)
    server = Server(tmp_path_factory.mktemp("data"), cache)
    try:
        server.start()
        server.wait_for_basis()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a screen or a graphics card."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


class Watch:
    """What a page must never do: complain on its console, or ask another machine."""

    def __init__(self, page: Page, base: str) -> None:
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.expected: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._look(request.url, base))
        page.on("websocket", lambda socket: self._look(socket.url.replace("ws:", "http:"), base))

    def allow(self, pattern: str) -> None:
        """An error that the test brings about itself."""
        self.expected.append(pattern)

    def check(self) -> None:
        """Fail if it did."""
        unexpected = [text for text in self.errors if not any(re.search(p, text) for p in self.expected)]
        assert not unexpected, unexpected
        assert not self.strangers, self.strangers

    def _look(self, url: str, base: str) -> None:
        if not url.startswith((f"{base}/", "data:", "blob:")):
            self.strangers.append(url)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a past, the page's least size."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    context.set_default_timeout(SLOW_ms)
    yield context
    context.close()


@pytest.fixture
def watch(blank: Page, server: Server) -> Watch:
    """The watch over the page of this test."""
    return vars(blank)["watch"]


@pytest.fixture
def blank(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page that is yet to go anywhere; in the end its console must be clean."""
    page = context.new_page()
    watch = Watch(page, server.base)
    vars(page)["watch"] = watch
    yield page
    watch.check()


@pytest.fixture
def page(blank: Page, server: Server) -> Page:
    """The page, opened by the address that the server printed."""
    blank.goto(server.url)
    blank.get_by_test_id("stage").wait_for()
    return blank


@pytest.fixture
def ready(page: Page) -> Page:
    """The page with its first field drawn."""
    page.locator('[data-testid="stage"][data-ready="true"]').wait_for(timeout=3 * SLOW_ms)
    return page


def reachable(url: str) -> int:
    """The status that a request without a token gets."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code
