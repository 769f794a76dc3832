"""Who may ask: a token, the right host, and no other page's scripts."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED_SOCKET = 4403

_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A report is one file with all it needs inside, and asks for nothing else."""

_REFUSAL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tmsim</title><style>
body{{font:15px/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem;color:#1b2430;
background:#fafbfc}}h1{{font-size:1.1rem;font-weight:600}}code{{background:#e9edf2;padding:.1em .3em;
border-radius:3px;white-space:nowrap}}@media(prefers-color-scheme:dark){{body{{background:#12161c;color:#dde4ec}}
code{{background:#242c36}}}}</style></head>
<body><h1>This page needs its token</h1><p>{sentence}</p></body></html>
"""


class Guard:
    """Refuses whoever has no token, names another host, or comes from another page.

    Parameters
    ----------
    hosts
        The ``name:port`` under which the server answers; a page of another name that points here (DNS
        rebinding) is refused. None answers to any name: for addresses other than loopback, whose names this
        machine can't know.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: Collection[str] | None) -> None:
        self._app, self._token, self._hosts = app, token, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if refused := self._refusal(headers, host, given):
            await self._refuse(refused, scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/" and given:
            await self._remember(host)(scope, receive, send)
        else:
            await self._app(scope, receive, self._with_policy(scope, send))

    def _refusal(self, headers: Headers, host: str, given: str) -> str:
        """Why a request is refused, in a sentence; empty if it isn't."""
        if self._hosts is not None and host not in self._hosts:
            return f"This server answers as {', '.join(sorted(self._hosts))}, not as {host or 'nothing'}."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return "Another page asked; this server answers its own page only."
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        for token in (given, bearer, _cookie(headers, _cookie_name(host))):
            if token and hmac.compare_digest(token.encode(), self._token.encode()):
                return ""
        wrong = "The token is not the one of this server." if given or bearer else "The token is missing."
        return f"{wrong} Open the address that `tmsim serve` printed when it started."

    def _remember(self, host: str) -> Response:
        """To the page itself, the token kept in a cookie: it stays neither in the address nor in history."""
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(_cookie_name(host), self._token, httponly=True, samesite="strict", path="/")
        answer.headers["cache-control"] = "no-store"
        answer.headers["referrer-policy"] = "no-referrer"
        return answer

    async def _refuse(self, sentence: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # A browser is told a close code only after the handshake.
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": REFUSED_SOCKET, "reason": sentence[:120]})
            return
        if scope["path"].startswith("/api"):
            answer: Response = JSONResponse({"message": sentence}, status_code=403)
        else:
            text = escape(sentence).replace("`tmsim serve`", "<code>tmsim serve</code>")
            answer = HTMLResponse(_REFUSAL.format(sentence=text), status_code=403)
        await answer(scope, receive, self._with_policy(scope, send))

    def _with_policy(self, scope: Scope, send: Send) -> Send:
        policy = _REPORT_POLICY if scope["path"].startswith("/api/jobs/") else _CONTENT_POLICY
        added = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        return sent


def _cookie_name(host: str) -> str:
    """All ports of a machine share their cookies: with the port in the name two servers get along."""
    return f"tmsim_{urlsplit(f'//{host}').port or 80}"


def _cookie(headers: Headers, name: str) -> str:
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""
