"""The application: bench, jobs and routes put together, and what becomes of an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numba
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from tmsim.core import TmsimError
from tmsim.web import about, job_routes, live, panels, plans, volumes
from tmsim.web.bench import Bench
from tmsim.web.guard import Guard
from tmsim.web.jobs import Jobs

STATIC = Path(__file__).with_name("static")

_TENDED_EVERY_s = 0.5


def create_app(
    bench: Bench, *, token: str, hosts: Collection[str] | None = None, jobs: Jobs | None = None
) -> FastAPI:
    """The page's server side, to be run by any ASGI server.

    Parameters
    ----------
    bench
        The head and all that is made ready for it; started and closed with the application.
    token
        Whoever has it may ask; see :class:`tmsim.web.guard.Guard`.
    hosts
        ``name:port`` under which it answers; None for any.
    jobs
        Those of the user's data folder if None.
    """
    jobs = jobs or Jobs()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        bench.start()
        tending = asyncio.create_task(_tend(jobs))
        # One field at a time is too little to be shared out among threads: they would wait for each other.
        with ThreadPoolExecutor(
            1, thread_name_prefix="tmsim-live", initializer=numba.set_num_threads, initargs=(1,)
        ) as pool:
            app.state.live_pool = pool
            yield
            tending.cancel()
            bench.close()

    app = FastAPI(title="tmsim", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.bench, app.state.jobs = bench, jobs
    for router in (about.router, job_routes.router, live.router, plans.router, volumes.router, panels.router):
        app.include_router(router)
    app.add_exception_handler(TmsimError, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _no_such)
    app.add_exception_handler(OSError, _fault)
    app.add_exception_handler(Exception, _fault)
    app.mount("/", Bundle(directory=STATIC, html=True) if STATIC.is_dir() else _unbuilt)
    app.add_middleware(Guard, token=token, hosts=hosts)
    return app


class Bundle(StaticFiles):
    """The page's files: those whose names change with their content are kept by browsers for good."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """See the base class."""
        response = super().file_response(*args, **options)
        lasting = Path(args[0]).parent.name == "assets"
        age = "max-age=31536000, immutable" if lasting else "no-cache"
        response.headers["cache-control"] = f"private, {age}"
        return response


async def _unbuilt(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith("/api/"):
        raise HTTPException(404)
    answer = _sentence("The page isn't built; `make web` builds it, with Node 20 or later.", 503)
    await answer(scope, receive, send)


async def _tend(jobs: Jobs) -> None:
    while True:
        await asyncio.to_thread(jobs.tend)
        await asyncio.sleep(_TENDED_EVERY_s)


def _sentence(message: str, status: int) -> JSONResponse:
    return JSONResponse({"message": message}, status_code=status)


async def _refused(_request: Request, fault: Exception) -> JSONResponse:
    return _sentence(str(fault), 422)


async def _unreadable(request: Request, fault: Exception) -> JSONResponse:
    errors: Any = fault.errors() if isinstance(fault, RequestValidationError) else []
    found = errors[0] if errors else {"loc": ("request",), "msg": "can't be read"}
    return _sentence(f"{request.url.path}: {found['loc'][-1]}: {found['msg']}.", 422)


async def _no_such(request: Request, fault: Exception) -> JSONResponse:
    status = fault.status_code if isinstance(fault, HTTPException) else 404
    detail = fault.detail if isinstance(fault, HTTPException) else ""
    if status == 404 and detail == "Not Found":
        detail = f"There is nothing at {request.url.path}."
    return _sentence(detail, status)


async def _fault(_request: Request, fault: Exception) -> JSONResponse:
    name = type(fault).__name__
    return _sentence(f"The server met an error of its own ({name}: {fault}); its terminal says more.", 500)
