"""Start the page: bind, print the address, make the head ready, serve until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import uvicorn

from tmsim.core import InputError
from tmsim.formats.nifti import read_grid
from tmsim.head import Head, builtin_names
from tmsim.plan.types import HeadPlan
from tmsim.web.app import create_app
from tmsim.web.bench import BasisState, Bench

PORT = 8642


def serve(
    head: str = "colin27",
    *,
    repair: bool = False,
    t1: Path | None = None,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str = "",
    order: Literal[1, 2] = 1,
    started: Callable[[str], None] = print,
    open_browser: bool = False,
    watch: Callable[[BasisState], None] = lambda _state: None,
) -> None:
    """Serve the page until the process is told to stop.

    Parameters
    ----------
    head, repair
        As :meth:`tmsim.Head.load` takes them.
    t1
        An image of this head for the slices, a NIfTI file.
    host, port
        Where it listens; port 0 takes a free one.
    token
        Whoever has it may use the page; drawn at random where empty, which only loopback allows.
    order
        Of the finite elements of live fields: 1 within seconds, 2 after some minutes more.
    started
        Called with the address once the server listens.
    watch
        Called with the state of the basis whenever it changes.

    Raises
    ------
    InputError
        The address can't be had, or it is not loopback and there is no token; there is no such head or image.
    """
    if not _is_loopback(host) and not token:
        raise InputError("--host", f"{host}, which other machines reach", "a --token as well")
    _check_threads()
    # Refused now, not when someone looks.
    if head not in builtin_names():
        if not Path(head).is_file():
            Head.load(head)
        head = str(Path(head).resolve())  # jobs go on when the server has been started elsewhere
    if t1 is not None:
        read_grid(t1)
        t1 = t1.resolve()
    listener = _bound(host, port)
    port = listener.getsockname()[1]
    token = token or secrets.token_urlsafe(24)
    bench = Bench(HeadPlan(source=head, repair=repair), order=order, t1=t1)
    shown = f"[{host}]" if ":" in host else host
    hosts = None
    if _is_loopback(host):
        hosts = {f"{name}:{port}" for name in {shown, "127.0.0.1", "localhost"}}
    address = f"http://{shown}:{port}/?token={token}"

    bench.watchers.append(watch)
    config = uvicorn.Config(
        create_app(bench, token=token, hosts=hosts),
        log_level="warning",
        access_log=False,
        # Fields are noise to a compressor, and it would take longer than they do.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    started(address)
    if open_browser:
        webbrowser.open(address)
    uvicorn.Server(config).run(sockets=[listener])


def _check_threads() -> None:
    """Requests come in several threads; without OpenMP or TBB numba ends the process where two meet."""
    for layer in ("omppool", "tbbpool"):
        with suppress(ImportError):  # the layer is there, but not the library it stands on
            import_module(f"numba.np.ufunc.{layer}")
            return
    raise InputError("numba", "neither OpenMP nor TBB", "one of them", "`pip install tbb` brings one.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as fault:
        listener.close()
        raise InputError(
            "--port", f"{host}:{port} can't be had ({fault.strerror})", "a free one", "Try --port 0."
        ) from None
    return listener
