"""Errors of tmsim: each is one sentence that names the value, what was expected, and the cure."""

from __future__ import annotations


class TmsimError(Exception):
    """Base of every error that a user can cause or cure. The command line prints it and exits with 2."""


class InputError(TmsimError, ValueError):
    """A value was refused at the border.

    Parameters
    ----------
    name
        What was given, in the user's words: ``"gap"``, ``"pose.txt"``.
    value
        What was found there.
    expected
        What would have been accepted.
    cure
        What to do about it, where that is not plain from ``expected``.
    """

    def __init__(self, name: str, value: str, expected: str, cure: str = "") -> None:
        self.name, self.value, self.expected, self.cure = name, value, expected, cure
        super().__init__(f"{name}: {value}; expected {expected}." + (f" {cure}" if cure else ""))


class ConvergenceError(TmsimError):
    """An iterative solve stopped short of its tolerance; no field is returned."""

    def __init__(self, *, iterations: int, residual: float, tolerance: float) -> None:
        super().__init__(
            f"E-field solve stopped after {iterations} iterations at relative residual {residual:.1e} "
            f"(tolerance {tolerance:.0e}). Check the mesh for sliver tetrahedra (`tmsim head check`)."
        )


class OutsideModelError(TmsimError):
    """A model was asked for something outside the range over which it holds."""
