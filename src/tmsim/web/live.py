"""The live socket: poses in, fields out. The latest pose of a view wins; those it overtakes are counted."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import Field

from tmsim.core import InputError, TmsimError
from tmsim.placement import Placement, Pose
from tmsim.placement.targets import HeadPoint
from tmsim.plan.read import checked
from tmsim.plan.types import Section
from tmsim.web.bench import BasisState, Bench
from tmsim.web.placing import Place
from tmsim.web.readings import readings

router = APIRouter()

_LOG = logging.getLogger(__name__)

Triple = tuple[float, float, float]
Matrix = Annotated[tuple[float, ...], Field(min_length=16, max_length=16)]


class At(Section):
    """The coil over a scalp point. [mm, deg]"""

    point_mm: Triple
    angle_deg: float = 0.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    gap_mm: float = 4.0

    def place(self) -> Place:
        """The same in SI."""
        x, y, z = (value * 1e-3 for value in self.point_mm)
        about_x, about_y = (math.radians(tilt) for tilt in self.tilt_deg)
        return Place(
            target=HeadPoint((x, y, z)),
            angle_rad=math.radians(self.angle_deg),
            tilt_rad=(about_x, about_y),
            gap_m=self.gap_mm * 1e-3,
        )


class PlaceMessage(Section):
    """One pose that the page asks the field of. [mm, deg, A/us]"""

    type: Literal["place"]
    seq: Annotated[int, Field(ge=0, lt=2**32)]
    view: Literal["A", "B"] = "A"
    coil: str
    didt: Annotated[float, Field(gt=0, le=1000)] = 1.0
    full: bool = False
    target_mm: Triple | None = None
    radius_mm: Annotated[float, Field(ge=0, le=50)] = 5.0
    pose: Matrix | None = None
    at: At | None = None


def answer(bench: Bench, asked: PlaceMessage, *, since_s: float, dropped: int = 0) -> bytes:
    """The field of one pose as the page reads it.

    Raises
    ------
    InputError
        There is no basis yet, or the pose is refused.
    """
    placement, coil = placed(bench, asked), bench.coil(asked.coil)
    fields = bench.basis_now()
    basis, points = fields.full if asked.full else fields.live, bench.points(full=asked.full)
    found = basis.field(coil, placement, didt_A_per_s=asked.didt * 1e6)
    E = found.E_V_per_m
    size, normal = (
        np.sqrt(np.einsum("ij,ij->i", E, E)),
        np.einsum("ij,ij->i", E, points.column),
    )
    target = None
    if asked.target_mm is not None:
        target = points.near(np.array(asked.target_mm) * 1e-3, asked.radius_mm * 1e-3)
    about: dict[str, Any] = {
        **where(placement),
        **readings(points, size, normal, target),
        "errors": {"projection": found.projection_error, "truncation": found.truncation_error},
        "order": basis.spec.order,
        "dropped": dropped,
        "full": asked.full,
        "server_ms": round((time.perf_counter() - since_s) * 1e3, 2),
    }
    text = json.dumps(about, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIIII", b"TMSF", asked.seq, "AB".index(asked.view), len(size), len(text))
    return b"".join([head, text, size.astype("<f4").tobytes(), normal.astype("<f4").tobytes()])


def placed(bench: Bench, asked: PlaceMessage) -> Placement:
    """Where the coil of a message sits."""
    if (asked.pose is None) == (asked.at is None):
        raise InputError("place", "a pose and a point, or neither", "one of `pose` and `at`")
    if asked.at is not None:
        return bench.placer.place(bench.coil(asked.coil), asked.at.place())
    return bench.placer.seen(Pose.from_simnibs_mm(np.reshape(asked.pose or (), (4, 4))))


def where(placement: Placement) -> dict[str, Any]:
    """A placement as the page reads it. [mm, deg]"""
    return {
        "pose": placement.to_simnibs_mm().ravel().tolist(),
        "scalp_mm": (placement.scalp_m * 1e3).tolist(),
        "lifted_mm": placement.lifted_m * 1e3,
        "gap_mm": placement.gap_m * 1e3,
        "angle_deg": math.degrees(placement.angle_rad),
    }


@dataclass
class _Inbox:
    """What one page asked for last, view by view."""

    latest: dict[str, tuple[PlaceMessage, float]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=lambda: {"A": 0, "B": 0})
    basis: BasisState | None = None
    filled: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, asked: PlaceMessage) -> None:
        """Take a pose in place of the view's last one, if that is still there."""
        if asked.view in self.latest:
            self.dropped[asked.view] += 1
            del self.latest[asked.view]  # so that the other view has its turn
        self.latest[asked.view] = (asked, time.perf_counter())
        self.filled.set()


@router.websocket("/api/live")
async def live(socket: WebSocket) -> None:
    """Serve one page until it is closed."""
    bench: Bench = socket.app.state.bench
    pool: ThreadPoolExecutor = socket.app.state.live_pool
    loop, inbox = asyncio.get_running_loop(), _Inbox()

    def tell(state: BasisState) -> None:
        inbox.basis = state
        inbox.filled.set()

    def watch(state: BasisState) -> None:
        with suppress(RuntimeError):  # the server is being stopped
            loop.call_soon_threadsafe(tell, state)

    async def send() -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # the page is gone
            while True:
                await send_next()

    async def send_next() -> None:
        await inbox.filled.wait()
        inbox.filled.clear()
        if inbox.basis is not None:
            state, inbox.basis = inbox.basis, None
            await socket.send_json({"type": "basis", **asdict(state)})
        if not inbox.latest:
            return
        asked, since_s = inbox.latest.pop(next(iter(inbox.latest)))
        if inbox.latest:
            inbox.filled.set()
        work = partial(answer, bench, asked, since_s=since_s, dropped=inbox.dropped[asked.view])
        try:
            found = await loop.run_in_executor(pool, work)
        except TmsimError as refused:
            await socket.send_json(_refusal(asked.seq, asked.view, str(refused)))
        except Exception as fault:  # the next pose may well have a field
            _LOG.exception("a live field failed")
            sentence = f"The server met an error of its own ({type(fault).__name__}: {fault})."
            await socket.send_json(_refusal(asked.seq, asked.view, sentence))
        else:
            await socket.send_bytes(found)

    await socket.accept()
    tell(bench.basis)
    bench.watchers.append(watch)
    sender = asyncio.create_task(send())
    try:
        while True:
            text = await socket.receive_text()
            try:
                inbox.put(checked(PlaceMessage, text, name="message"))
            except InputError as refused:
                await socket.send_json(_refusal(*_named(text), str(refused)))
    except WebSocketDisconnect:
        pass
    finally:
        bench.watchers.remove(watch)
        sender.cancel()


def _refusal(seq: int, view: str, message: str) -> dict[str, Any]:
    return {"type": "refused", "seq": seq, "view": view, "message": message}


def _named(text: str) -> tuple[int, str]:
    """Number and view of a message that can't be read, as far as they can."""
    try:
        message = json.loads(text)
        seq, view = message.get("seq"), message.get("view")
    except (ValueError, AttributeError):
        return 0, "A"
    return (seq if isinstance(seq, int) else 0), (view if view in ("A", "B") else "A")
