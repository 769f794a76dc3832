"""Who is let in: token, host and origin, over HTTP and on the socket."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tmsim.web.guard import REFUSED_SOCKET, Guard

HERE = "127.0.0.1:8642"
LIVE = f"ws://{HERE}/api/live"
BEARER = {"authorization": "Bearer right"}


async def _page(_request):
    return PlainTextResponse("the page")


async def _socket(socket):
    await socket.accept()
    await socket.send_text("let in")
    await socket.close()


@pytest.fixture
def client():
    routes = [Route("/", _page), Route("/api/page", _page), WebSocketRoute("/api/live", _socket)]
    app = Guard(Starlette(routes=routes), token="right", hosts={HERE, "localhost:8642"})
    return TestClient(app, base_url=f"http://{HERE}", follow_redirects=False)


def test_without_a_token_the_page_is_a_sentence_and_the_api_a_message(client):
    page = client.get("/")
    assert page.status_code == 403
    assert "tmsim serve" in page.text
    answer = client.get("/api/page")
    assert answer.status_code == 403
    assert answer.json()["message"].endswith(".")


@pytest.mark.parametrize("token", ["wrong", "rightt", "righ", "ünïcode"])
def test_a_wrong_token_is_refused(client, token):
    assert client.get("/api/page", params={"token": token}).status_code == 403
    assert client.get("/", params={"token": token}).status_code == 403
    assert client.get("/api/page", headers={"cookie": "tmsim_8642=wrong"}).status_code == 403


def test_the_token_in_the_address_becomes_a_cookie_that_scripts_and_other_sites_never_see(client):
    answer = client.get("/", params={"token": "right"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").text == "the page"  # the client kept the cookie
    assert client.get("/api/page").text == "the page"


def test_two_servers_on_one_machine_keep_their_cookies_apart(client):
    name = client.get("/", params={"token": "right"}).headers["set-cookie"].split("=")[0]
    assert name.endswith("8642")


def test_a_bearer_and_a_query_let_scripts_in(client):
    assert client.get("/api/page", headers=BEARER).status_code == 200
    assert client.get("/api/page", params={"token": "right"}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:8642", "127.0.0.1:80", "127.0.0.1", ""])
def test_another_name_for_this_machine_is_refused(client, host):
    answer = client.get("/api/page", headers={**BEARER, "host": host})
    assert answer.status_code == 403
    assert "<script" not in client.get("/", headers={"host": "<script>"}).text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"http://{HERE}.evil.example", "http://127.0.0.1:9"]
)
def test_another_page_is_refused(client, origin):
    assert client.get("/api/page", headers={**BEARER, "origin": origin}).status_code == 403
    with client.websocket_connect(LIVE, headers={**BEARER, "origin": origin}) as socket:
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == REFUSED_SOCKET
        assert "page" in closed.value.reason


def test_its_own_page_is_let_in(client):
    headers = {**BEARER, "origin": f"http://{HERE}"}
    assert client.get("/api/page", headers=headers).status_code == 200
    with client.websocket_connect(LIVE, headers=headers) as socket:
        assert socket.receive_text() == "let in"


def test_a_socket_without_a_token_is_closed(client):
    with client.websocket_connect(LIVE) as socket:
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == REFUSED_SOCKET
        assert "token" in closed.value.reason


def test_pages_load_nothing_from_elsewhere_and_are_not_framed(client):
    policy = client.get("/", headers=BEARER).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http" not in policy


def test_on_another_address_any_host_will_do_but_the_origin_must_be_the_host():
    app = Guard(Starlette(routes=[Route("/", _page)]), token="right", hosts=None)
    client = TestClient(app, base_url="http://lab.example:8642")
    assert client.get("/", headers=BEARER).status_code == 200
    assert client.get("/", headers={**BEARER, "origin": "http://lab.example:8642"}).status_code == 200
    assert client.get("/", headers={**BEARER, "origin": "http://evil.example"}).status_code == 403
    assert client.get("/").status_code == 403
