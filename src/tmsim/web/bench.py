"""The bench: one head, its coils and its basis, made ready while the page is already up."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from tmsim.coil import Coil
from tmsim.core import InputError, TmsimError
from tmsim.core.cache import Cache
from tmsim.field import BasisSpec, FieldBasis
from tmsim.field.basis_store import basis_key
from tmsim.head import Head
from tmsim.placement import parse_target
from tmsim.plan.stages import head_of
from tmsim.plan.types import CoilPlan, HeadPlan, Plan
from tmsim.web.anatomy import Anatomy, anatomy_of
from tmsim.web.placing import Place, Placer
from tmsim.web.readings import Points

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True)
class BasisState:
    """How far the basis is.

    Parameters
    ----------
    state, order
        Whether fields can be had, and the order of their finite elements.
    fraction, stage
        Of what is being made: the first basis, or the one of second order that will take its place.
    message
        Why there is none.
    """

    state: Literal["missing", "building", "ready", "failed"] = "missing"
    fraction: float = 0.0
    stage: str = ""
    order: int = 1
    message: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fields:
    """A basis at all points of the cortex and at those that follow the coil."""

    full: FieldBasis
    live: FieldBasis


class Bench:
    """A head on which coils are moved.

    Each part is made once, by whoever asks first; others wait for it. `start` asks for all of them in the
    order in which the page needs them.

    Parameters
    ----------
    spec
        Of the first basis.
    order
        2 for a basis of second order, which takes the place of the first when it is ready.
    t1
        An image of this head for the slices, a NIfTI file.
    """

    def __init__(
        self,
        head: HeadPlan,
        *,
        spec: BasisSpec | None = None,
        order: Literal[1, 2] = 1,
        t1: Path | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.head_plan, self.t1, self.cache = head, t1, cache or Cache()
        self.basis = BasisState()
        self.fields: Fields | None = None
        self.watchers: list[Callable[[BasisState], None]] = []
        self._spec, self._order = spec or BasisSpec(), order
        self._parts: dict[object, Future[Any]] = {}
        self._lock = threading.Lock()
        self._builder: subprocess.Popen[str] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to make everything ready, in the background."""
        threading.Thread(target=self._prepare, name="tmsim-bench", daemon=True).start()

    def close(self) -> None:
        """Stop what is under way; a basis that was being built goes on from there next time."""
        self._closed = True
        if self._builder is not None:
            self._builder.terminate()

    @property
    def anatomy(self) -> Anatomy:
        """Surfaces and landmarks of the head."""
        source, repair = self.head_plan.source, self.head_plan.repair
        return self.kept("anatomy", lambda: anatomy_of(source, repair, lambda: self.head, self.cache))

    @property
    def head(self) -> Head:
        """The head itself."""
        return self.kept("head", lambda: head_of(Plan(head=self.head_plan), self.cache))

    @property
    def placer(self) -> Placer:
        """What puts coils on the head."""
        return self.kept("placer", lambda: Placer(self.head))

    def coil(self, source: str) -> Coil:
        """A coil by name or file, the same object each time: what is made ready for it is kept by it."""
        return self.kept(("coil", source), lambda: Coil.load(source))

    def points(self, *, full: bool) -> Points:
        """The points that fields are read at."""
        return self.kept(("points", full), lambda: Points.of(self.anatomy, full=full))

    def basis_now(self) -> Fields:
        """The basis.

        Raises
        ------
        InputError
            There is none yet.
        """
        if self.fields is None:
            why = self.basis.message or f"It is being made ({100 * self.basis.fraction:.0f} %)."
            raise InputError("field", "no basis yet", "one", why)
        return self.fields

    def kept(self, name: object, make: Callable[[], Part]) -> Part:
        """What ``make`` returns, made once; whoever asks meanwhile waits for it."""
        with self._lock:
            part = self._parts.get(name)
            mine = part is None
            if part is None:
                part = self._parts[name] = Future()
        if mine:
            try:
                part.set_result(make())
            except BaseException as fault:
                with self._lock:
                    del self._parts[name]  # a file may be mended and asked for again
                part.set_exception(fault)
        return part.result()

    def _prepare(self) -> None:
        try:
            self._tell(state="building", stage="head", fraction=0.0, message="")
            self.points(full=False)
            self.placer  # noqa: B018
            for order in range(1, self._order + 1):
                self._make_basis(replace(self._spec, order=order))
        except TmsimError as refused:
            self._fail(str(refused))
        except Exception as fault:
            if not self._closed:
                self._fail(f"The basis could not be made: {fault}.")
                raise

    def _fail(self, message: str) -> None:
        """Say so; where it was the basis of second order, fields of first order go on."""
        self._tell(state="ready" if self.fields else "failed", stage="", fraction=1.0, message=message)

    def _make_basis(self, spec: BasisSpec) -> None:
        """One basis, from the cache, or else by a process of its own: the page stays quick meanwhile."""
        named = "" if spec.order == 1 else "second order: "

        def tell(what: str, done: float) -> None:
            self._tell(stage=named + what, fraction=done)

        if not (self.cache.folder / basis_key(self.head, spec, None)).is_dir():
            tell("head", 0.0)
            self._build(spec, tell)
        if self._closed:
            return
        full = FieldBasis.load_or_build(self.head, spec, cache=self.cache, progress=tell)
        fields = Fields(full=full, live=full.restricted(self.anatomy.live))
        self._warm(fields)
        self.fields = fields
        self._tell(state="ready", stage="", fraction=1.0, order=spec.order)

    def _build(self, spec: BasisSpec, tell: Callable[[str, float], None]) -> None:
        asked = {
            "head": self.head_plan.model_dump(),
            "spec": asdict(spec),
            "cache": str(self.cache.folder),
        }
        command = [sys.executable, "-m", "tmsim.web.prepare", json.dumps(asked)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as builder:
            self._builder = builder
            assert builder.stdout is not None
            for line in builder.stdout:
                with suppress(ValueError, KeyError, TypeError):
                    told = json.loads(line)
                    tell(str(told["stage"]), float(told["fraction"]))
        self._builder = None

    def _warm(self, fields: Fields) -> None:
        """One field before the first that someone waits for: kernels are loaded, a coil is made ready."""
        with suppress(TmsimError):
            coil = self.coil(CoilPlan().source)
            pose = self.placer.place(coil, Place(target=parse_target("Cz")))
            fields.live.field(coil, pose)

    def _tell(self, **changes: Any) -> None:
        self.basis = replace(self.basis, **changes)
        for watcher in list(self.watchers):
            watcher(self.basis)
