"""Opening the page: nothing on the console, nothing off the machine, and nobody without the token."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tmsim.web.guard import REFUSED_SOCKET


def test_the_page_opens_clean_and_hides_its_token(ready: Page, server, watch):
    expect(ready.get_by_test_id("head-name")).not_to_be_empty()
    assert float(ready.get_by_test_id("stage").get_attribute("data-peak")) > 0
    assert ready.url.split("#")[0] == f"{server.base}/"  # neither in the address nor in the history
    assert "token" not in ready.evaluate("document.cookie")  # HttpOnly
    watch.check()


def test_without_the_token_there_is_a_page_that_says_what_to_do(blank: Page, server, watch):
    watch.allow("403")
    answer = blank.goto(server.base)
    assert answer.status == 403
    expect(blank.get_by_role("heading")).to_have_text(re.compile("token"))
    expect(blank.locator("p")).to_contain_text("tmsim serve")
    blank.goto(f"{server.base}/?token=wrong")
    expect(blank.locator("p")).to_contain_text("not the one")


@pytest.mark.parametrize("path", ["/", "/api/page", "/api/geometry/skin", "/favicon.svg", "/index.html"])
def test_nothing_is_served_without_the_token(server, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(server.base + path, timeout=60)
    assert refused.value.code == 403
    refused.value.close()


def test_another_page_gets_neither_answers_nor_the_socket(blank: Page, server, watch):
    """A page from elsewhere in the very browser that has the cookie: it may ask, and gets nothing."""
    watch.allow(".*")
    blank.goto(server.url)  # the cookie is here now
    blank.get_by_test_id("stage").wait_for()
    blank.route("http://elsewhere.example/", lambda route: route.fulfill(body="<h1>elsewhere</h1>"))
    blank.goto("http://elsewhere.example/")
    watch.strangers.clear()  # that was our own doing
    address = f"127.0.0.1:{server.port}"
    fetched = blank.evaluate(
        f"fetch('http://{address}/api/page', {{credentials: 'include'}}).then(r => r.status, () => 'refused')"
    )
    assert fetched in ("refused", 403)
    code = blank.evaluate(
        f"""new Promise(done => {{
            const socket = new WebSocket('ws://{address}/api/live');
            socket.onmessage = () => done('let in');
            socket.onclose = event => done(event.code);
        }})"""
    )
    assert code in (REFUSED_SOCKET, 1006)
    watch.strangers.clear()


def test_a_lost_connection_is_said_and_comes_back_with_the_page_as_it_was(ready: Page, server, watch):
    watch.allow("WebSocket|ERR_CONNECTION|Failed to load|Failed to fetch|net::")
    stage = ready.get_by_test_id("stage")
    server.stop()
    try:
        expect(ready.get_by_test_id("stage-lost")).to_be_visible()
    finally:
        server.start()
    expect(ready.get_by_test_id("stage-lost")).to_have_count(0, timeout=60_000)
    server.wait_for_basis()
    expect(stage).to_have_attribute("data-ready", "true", timeout=60_000)
