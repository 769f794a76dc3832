"""Jobs by request, and a socket that says when one changes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from pydantic import Field

from tmsim.plan.types import Section
from tmsim.web.asked import body_as
from tmsim.web.jobs import Job, Jobs, Kind

router = APIRouter(prefix="/api/jobs")

_EVERY_s = 0.25


class JobAsked(Section):
    """A job for a plan; options by kind (:mod:`tmsim.web.jobs`)."""

    kind: Kind
    plan: dict[str, Any]
    options: dict[str, Any] = Field(default_factory=dict)


def _jobs(request: Request) -> Jobs:
    return request.app.state.jobs


Kept = Annotated[Jobs, Depends(_jobs)]


@router.post("")
def create(asked: Annotated[JobAsked, Depends(body_as(JobAsked))], jobs: Kept) -> dict[str, str]:
    """Begin a job."""
    return {"id": jobs.create(asked.kind, asked.plan, asked.options).id}


@router.get("")
def every(jobs: Kept) -> list[dict[str, Any]]:
    """All jobs, the latest first."""
    return [job.model_dump(mode="json") for job in jobs.all()]


@router.get("/{id_}")
def one(id_: str, jobs: Kept) -> dict[str, Any]:
    """One job."""
    return jobs.get(id_).model_dump(mode="json")


@router.delete("/{id_}")
def remove(id_: str, jobs: Kept) -> dict[str, str]:
    """Delete a job that is over, with its files."""
    jobs.remove(id_)
    return {"id": id_}


@router.post("/{id_}/cancel")
def cancel(id_: str, jobs: Kept) -> dict[str, Any]:
    """Stop a job."""
    return jobs.cancel(id_).model_dump(mode="json")


@router.post("/{id_}/again")
def again(id_: str, jobs: Kept) -> dict[str, str]:
    """Do a job that is over once more."""
    return {"id": jobs.again(id_).id}


@router.get("/{id_}/files")
def files(id_: str, jobs: Kept) -> list[dict[str, Any]]:
    """What a job left."""
    return [file.model_dump() for file in jobs.folder(id_).files()]


@router.get("/{id_}/files/{name}")
def file(id_: str, name: str, jobs: Kept) -> FileResponse:
    """One file of a job: a report to be read here, all else to be kept."""
    path = jobs.file(id_, name)
    kind = "inline" if name.endswith(".html") else "attachment"
    return FileResponse(path, filename=name, content_disposition_type=kind)


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Every job once, then each again when it changes."""
    jobs: Jobs = socket.app.state.jobs
    await socket.accept()
    listening = asyncio.create_task(_until_closed(socket))
    known: dict[str, Job] = {}
    with suppress(WebSocketDisconnect, RuntimeError):
        while not listening.done():
            seen = {job.id: job for job in await asyncio.to_thread(jobs.all)}
            for id_, job in reversed(seen.items()):
                if known.get(id_) is not job:
                    await socket.send_text(job.model_dump_json())
            known = seen
            await asyncio.sleep(_EVERY_s)
    listening.cancel()


async def _until_closed(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive()
