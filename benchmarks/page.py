"""How fast the page's server answers a pose, and whether a minute of dragging leaves it as it was.

``python -m benchmarks.page [SECONDS]`` starts ``tmsim serve`` on the built-in head and talks to its socket
as the page does. First one pose at a time: from a pose in to its field out, by the server's own clock. Then
poses sixty times a second, whether or not they are answered: what is stale must be dropped and counted, the
answers must stay fresh, and memory must stay what it was.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import websockets
from rich.console import Console
from rich.table import Table

COIL = "magstim-70mm-fig8"
POSES, DRAG_s, RATE_Hz = 400, 60.0, 60.0
AIM_ms, AIM_DRIFT = 30.0, 0.05
TOKEN = "benchmark"
_FIRST = 20  # poses while everything is loaded and made ready


def pose(seq: int, view: str = "A") -> str:
    """A coil that wanders over the left half of the scalp."""
    a, b = 0.11 * seq, 0.017 * seq
    return json.dumps(
        {
            "type": "place",
            "seq": seq,
            "view": view,
            "coil": COIL,
            "didt": 67,
            "target_mm": [-37, -25, 62],
            "radius_mm": 5,
            "at": {
                "point_mm": [-45 + 15 * np.sin(a), 20 * np.cos(b) - 10, 70 + 10 * np.cos(a)],
                "angle_deg": 45 + 60 * float(np.sin(b)),
                "tilt_deg": [3 * float(np.sin(a)), 0.0],
                "gap_mm": 4,
            },
        }
    )


def answered(message: str | bytes) -> tuple[int, int, dict[str, Any]]:
    """Number of a field, how many points it has, and what is said of it."""
    assert isinstance(message, bytes), message
    _, seq, _, n, size = struct.unpack_from("<4sIIII", message)
    return seq, n, json.loads(message[20 : 20 + size])


async def ready(socket: Any) -> None:
    """Wait for the basis."""
    while json.loads(await socket.recv())["state"] != "ready":
        pass


async def one_by_one(url: str, pid: int) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Milliseconds of the server, and from here to here and back, for poses that wait for each other.

    Besides them the processor's milliseconds for each, and the number of points.
    """
    server, whole, points, cpu_start_s = [], [], 0, 0.0
    async with websockets.connect(url, max_size=None, compression=None) as socket:
        await ready(socket)
        for seq in range(POSES + _FIRST):
            if seq == _FIRST:
                cpu_start_s = cpu_s(pid)
            start = time.perf_counter()
            await socket.send(pose(seq))
            _, points, about = answered(await socket.recv())
            whole.append(1e3 * (time.perf_counter() - start))
            server.append(about["server_ms"])
        cpu_ms = 1e3 * (cpu_s(pid) - cpu_start_s) / POSES
    return np.array(server[_FIRST:]), np.array(whole[_FIRST:]), cpu_ms, points


async def drag(url: str, pid: int, seconds: float) -> dict[str, float]:
    """Poses at the rate of a screen, whether or not they are answered."""
    sent_s: dict[int, float] = {}
    late_ms, memory_MB = [], []
    count, last, dropped = round(seconds * RATE_Hz), 0, 0
    async with websockets.connect(url, max_size=None, compression=None) as socket:
        await ready(socket)
        start = time.perf_counter()

        async def send() -> None:
            for seq in range(1, count + 1):
                sent_s[seq] = time.perf_counter()
                await socket.send(pose(seq))
                memory_MB.append(resident_MB(pid))
                await asyncio.sleep(max(0.0, start + seq / RATE_Hz - time.perf_counter()))

        sending = asyncio.create_task(send())
        while last != count:  # nothing overtakes the last one
            last, _, about = answered(await socket.recv())
            late_ms.append(1e3 * (time.perf_counter() - sent_s[last]))
            dropped = about["dropped"]
        await sending
    # What was loaded when the first poses came is no drift.
    settled, end = np.median(memory_MB[len(memory_MB) // 6 :][:60]), np.median(memory_MB[-60:])
    return {
        "sent": count,
        "answered": len(late_ms),
        "dropped": dropped,
        "late_ms": float(np.percentile(late_ms, 95)),
        "memory_MB": float(end),
        "drift": float(end / settled - 1),
    }


def cpu_s(pid: int) -> float:
    """What a process has had of the processors, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_MB(pid: int) -> float:
    """What a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Print one table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else DRAG_s
    command = [sys.executable, "-m", "tmsim", "serve", "--no-open", "--port", "0", "--token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip().replace("http://", "ws://").replace("/?", "/api/live?")
            own, whole, cpu_ms, points = asyncio.run(one_by_one(url, server.pid))
            dragged = asyncio.run(drag(url, server.pid, seconds))
        finally:
            server.terminate()
    table = Table("the page", "measured", "aim")
    table.add_row("points of the cortex", f"{points:,}", "20,000")
    for name, some, aim in (
        ("pose in to field out", own, f"{AIM_ms:.0f} ms"),
        ("and over the socket", whole, ""),
    ):
        table.add_row(f"{name}, median", f"{np.median(some):.1f} ms", "")
        table.add_row(f"{name}, 95th percentile", f"{np.percentile(some, 95):.1f} ms", aim)
    table.add_row("processor time of a pose", f"{cpu_ms:.1f} ms", "")
    table.add_row(f"dragged for {seconds:.0f} s: poses sent", f"{dragged['sent']:,.0f}", "")
    table.add_row("answered", f"{dragged['answered']:,.0f}", "")
    table.add_row("stale, dropped and counted", f"{dragged['dropped']:,.0f}", "sent - answered")
    table.add_row("age of the field on the screen, 95th percentile", f"{dragged['late_ms']:.0f} ms", "")
    table.add_row("memory in the end", f"{dragged['memory_MB']:,.0f} MB", "")
    table.add_row("drift", f"{100 * dragged['drift']:+.1f} %", f"below {100 * AIM_DRIFT:.0f} %")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
