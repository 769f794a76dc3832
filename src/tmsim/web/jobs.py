"""Jobs: whole plans, searches and direct solves, each a process of its own with a folder of its own.

A job's state is a file in its folder, written whole, and a lock there that its process holds: both outlive
the server. A server that comes back finds what is running, what has ended meanwhile, and what was cut off.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, Field

from tmsim.core import InputError, whole_file
from tmsim.plan.read import checked, from_table
from tmsim.plan.types import AtTarget, Plan, Section

Kind = Literal["run", "find", "verify"]
State = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]

RESULTS = "results"
"""The folder in a job's own that holds its files."""

_JOB, _REQUEST, _LOCK, _LOG, _CANCEL = "job.json", "request.json", "lock", "worker.log", "cancel"
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{6}")
_PATIENCE_s = 10.0  # a worker in compiled code takes a while to hear that it is to stop


def data_folder() -> Path:
    """``TMSIM_DATA`` if set, else the user's data folder for tmsim."""
    return Path(os.environ.get("TMSIM_DATA") or platformdirs.user_data_dir("tmsim", appauthor=False))


class Robust(Section):
    """Placement errors that a search is to be robust against: standard deviations. [mm, deg]"""

    position_mm: Annotated[float, Field(ge=0, le=10)] = 3.0
    angle_deg: Annotated[float, Field(ge=0, le=20)] = 5.0


def _direction(text: str) -> str:
    words = text.split()
    if text not in ("outward", "inward"):
        try:
            if words[0] != "head" or len([float(word) for word in words[1:]]) != 3:
                raise ValueError
        except (ValueError, IndexError):
            raise ValueError("expected outward, inward or 'head X Y Z'") from None
    return text


class FindOptions(Section):
    """What a search is for. [mm, deg, A/us]

    ``target`` is that of the plan where None, and so is the gap; ``radius_mm`` of cortex counts,
    ``scalp_radius_mm`` of scalp is tried; without ``coils`` the plan's own is placed. ``direction`` is the
    mean's: outward or inward along the cortical column, or ``"head X Y Z"``.
    """

    objective: Literal["mean", "vector", "magnitude", "recruited", "contrast"] = "magnitude"
    direction: Annotated[str, AfterValidator(_direction)] = "outward"
    target: str | None = None
    radius_mm: Annotated[float, Field(ge=1, le=50)] = 5.0
    scalp_radius_mm: Annotated[float, Field(ge=0, le=300)] = 20.0
    spacing_mm: Annotated[float, Field(ge=1, le=100)] = 4.0
    tilt_deg: Annotated[float, Field(ge=0, le=45)] = 0.0
    coils: tuple[str, ...] = ()
    didt: Annotated[float, Field(gt=0, le=1000)] | None = None
    robust: Robust | None = None


class NoOptions(Section):
    """Runs and solves have none: the plan says it all."""


class VerifyOptions(Section):
    """Where a direct solve is read. [mm, A/us]"""

    didt: Annotated[float, Field(gt=0, le=1000)] = 1.0
    target_mm: tuple[float, float, float] | None = None
    radius_mm: Annotated[float, Field(ge=0, le=50)] = 5.0


OPTIONS: dict[str, type[Section]] = {"run": NoOptions, "find": FindOptions, "verify": VerifyOptions}


class Request(Section):
    """What a job is asked to do."""

    kind: Kind
    plan: Plan
    options: dict[str, Any] = Field(default_factory=dict)


class File(Section):
    """A file that a job left. [bytes]"""

    name: str
    bytes: int


class Job(Section):
    """A job as the page sees it; times are UTC."""

    id: str
    kind: Kind
    title: str
    state: State = "waiting"
    fraction: float = 0.0
    stage: str = ""
    message: str = ""
    created: str = ""
    started: str | None = None
    finished: str | None = None
    result: dict[str, Any] | None = None
    files: tuple[File, ...] = ()
    pid: int | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in ("waiting", "running")


@dataclass(frozen=True, kw_only=True)
class JobFolder:
    """One job on disk."""

    path: Path

    def read(self) -> Job:
        """Its state."""
        return Job.model_validate_json((self.path / _JOB).read_bytes())

    def write(self, job: Job) -> Job:
        """Keep a state, whole or not at all."""
        with whole_file(self.path / _JOB) as part:
            part.write_text(job.model_dump_json(), encoding="utf-8")
        return job

    def change(self, **changes: Any) -> Job:
        """Keep a state that differs in some of its parts."""
        return self.write(self.read().model_copy(update=changes))

    def request(self) -> Request:
        """What is asked for."""
        return Request.model_validate_json((self.path / _REQUEST).read_bytes())

    def files(self) -> tuple[File, ...]:
        """What it has left so far, by name."""
        found = sorted(path for path in self.results.glob("*") if path.is_file())
        return tuple(File(name=path.name, bytes=path.stat().st_size) for path in found)

    @property
    def results(self) -> Path:
        """Where its files go."""
        return self.path / RESULTS

    @property
    def cancelled(self) -> Path:
        """A file that is there once it is to stop."""
        return self.path / _CANCEL

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the job's lock for the block; False if another process holds it."""
        with (self.path / _LOCK).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True  # closing the file gives the lock back

    def alive(self) -> bool:
        """Whether a process works on it."""
        with self.held() as free:
            return not free


def now() -> str:
    """The time, UTC, to a second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Jobs:
    """All jobs of a data folder; one runs at a time, in the order in which they came.

    Parameters
    ----------
    folder
        Where they are kept; the user's data folder if None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = (folder or data_folder()) / "jobs"
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping: dict[str, float] = {}
        self._lock = threading.RLock()
        self._known: dict[str, tuple[tuple[int, int], Job]] = {}

    def create(self, kind: Kind, plan: dict[str, Any], options: dict[str, Any]) -> Job:
        """A job for a plan in JSON; it starts when its turn comes.

        Raises
        ------
        InputError
            Plan or options are refused.
        """
        checked(OPTIONS[kind], json.dumps(options), name="options")
        request = Request(kind=kind, plan=from_table(plan), options=options)
        id_ = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"  # names are in the order in which jobs came
        self._folder.mkdir(parents=True, exist_ok=True)
        # The folder appears under its name once it is complete.
        part = JobFolder(path=self._folder / f".{id_}")
        part.path.mkdir()
        (part.path / _REQUEST).write_text(request.model_dump_json(), encoding="utf-8")
        job = part.write(Job(id=id_, kind=kind, title=title_of(request), created=now()))
        part.path.rename(self._folder / id_)
        self.tend()
        return job

    def all(self) -> list[Job]:
        """Every job, the latest first; one that hasn't changed is the same object as before."""
        return [job for folder in self._folders() if (job := self._read(folder)) is not None][::-1]

    def get(self, id_: str) -> Job:
        """One job."""
        return self.folder(id_).read()

    def folder(self, id_: str) -> JobFolder:
        """The folder of a job.

        Raises
        ------
        InputError
            There is no such job.
        """
        path = self._folder / id_
        if not _ID.fullmatch(id_) or not (path / _JOB).is_file():
            raise InputError("job", repr(id_), "one of the list")
        return JobFolder(path=path)

    def file(self, id_: str, name: str) -> Path:
        """A file that a job left."""
        folder = self.folder(id_)
        if name not in {file.name for file in folder.files()}:
            raise InputError(f"file of job {id_}", repr(name), "one that the job left")
        return folder.results / name

    def cancel(self, id_: str) -> Job:
        """Stop a job; one that is over stays as it is."""
        with self._lock:
            folder = self.folder(id_)
            gone = id_ not in self._workers and not folder.alive()
            job = folder.read()
            if job.over:
                return job
            folder.cancelled.touch()
            if gone:
                return folder.change(state="cancelled", stage="", finished=now())
            self._stopping.setdefault(id_, time.monotonic())
            self._signal(folder, signal.SIGTERM)
            return folder.read()

    def again(self, id_: str) -> Job:
        """Do a job once more; what it had solved before is in the cache."""
        with self._lock:
            folder = self.folder(id_)
            job = folder.read()
            if not job.over:
                raise InputError("job", f"{job.state} already", "one that is over")
            folder.cancelled.unlink(missing_ok=True)
            fresh = Job(id=id_, kind=job.kind, title=job.title, created=now())
            folder.write(fresh)
        self.tend()
        return fresh

    def remove(self, id_: str) -> None:
        """Delete a job and its files.

        Raises
        ------
        InputError
            It is still running.
        """
        with self._lock:
            folder = self.folder(id_)
            if id_ in self._workers or folder.alive():
                raise InputError("job", "still running", "one that is over", "Cancel it first.")
            shutil.rmtree(folder.path)

    @property
    def idle(self) -> bool:
        """Whether no process works on any of them."""
        return not self._workers and not any(folder.alive() for folder in self._folders())

    def tend(self) -> None:
        """Note what ended, stop what won't, and start the next: to be called again and again."""
        with self._lock:
            for id_, worker in list(self._workers.items()):
                if worker.poll() is not None:
                    del self._workers[id_]
                    self._stopping.pop(id_, None)
            running = None
            for folder in self._folders():
                job = self._read(folder)
                if job is None or job.over:
                    continue
                if job.id in self._workers or folder.alive():
                    running = job.id
                    if time.monotonic() - self._stopping.get(job.id, time.monotonic()) > _PATIENCE_s:
                        self._signal(folder, signal.SIGKILL)
                elif job.state == "running":
                    self._cut_off(folder)
            waiting = [job.id for job in self.all() if job.state == "waiting"]
            if running is None and waiting:
                self._start(self.folder(waiting[-1]))

    def _start(self, folder: JobFolder) -> None:
        folder.change(state="running", stage="starting", started=now())
        # A session of its own: Ctrl-C in the server's terminal is not meant for it.
        with (folder.path / _LOG).open("wb") as log:
            self._workers[folder.path.name] = subprocess.Popen(
                [sys.executable, "-m", "tmsim.web.worker", str(folder.path)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _cut_off(self, folder: JobFolder) -> None:
        """Its process is gone; say so, unless it has said itself how it ended."""
        if folder.read().over:
            return
        if folder.cancelled.exists():
            folder.change(state="cancelled", stage="", finished=now(), files=folder.files())
            return
        folder.change(
            state="interrupted",
            message="Its process ended before its time; begun again it goes on from what is in the cache.",
            finished=now(),
            files=folder.files(),
        )

    def _signal(self, folder: JobFolder, number: int) -> None:
        worker = self._workers.get(folder.path.name)
        if worker is not None:
            worker.send_signal(number)
        elif (pid := folder.read().pid) is not None and folder.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _read(self, folder: JobFolder) -> Job | None:
        """The state of a job, read anew only where its file is another; None where there is none."""
        try:
            file = (folder.path / _JOB).stat()
            version = (file.st_ino, file.st_mtime_ns)
            known = self._known.get(folder.path.name)
            if known is None or known[0] != version:
                known = self._known[folder.path.name] = (version, folder.read())
        except (OSError, ValueError):  # it may be being deleted
            return None
        return known[1]

    def _folders(self) -> list[JobFolder]:
        if not self._folder.is_dir():
            return []
        return [JobFolder(path=path) for path in sorted(self._folder.iterdir()) if _ID.fullmatch(path.name)]


def title_of(request: Request) -> str:
    """What the list of jobs calls it."""
    plan = request.plan
    place = plan.placement
    where = place.target if isinstance(place, AtTarget) else "a pose"
    coil = Path(plan.coil.source).name
    match request.kind:
        case "run":
            return f"Run of the plan: {coil} over {where}"
        case "find":
            return f"Best placement for {request.options.get('target') or where}"
        case "verify":
            return f"Direct solve: {coil} over {where}"
