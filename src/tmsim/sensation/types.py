"""What is heard and felt."""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import InputError


@dataclass(frozen=True, kw_only=True)
class LevelRange:
    """Sound pressure levels from the quietest to the loudest coil. [dB re 20 uPa]"""

    low_dB: float
    high_dB: float

    def __post_init__(self) -> None:
        if not self.low_dB <= self.high_dB:
            raise InputError("levels", f"{self.low_dB:g} to {self.high_dB:g} dB", "the lower one first")

    def __str__(self) -> str:
        return f"{self.low_dB:.0f} to {self.high_dB:.0f} dB"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """How loud a train is at one ear, bare and under a protector.

    Parameters
    ----------
    distance_m
        From the centre of the coil to the ear. [m]
    click
        Peak level of a single pulse, dB(Z).
    busiest
        Level over the second with most pulses, dB(A).
    session
        Level over the whole train with its pauses, dB(A).
    busiest_Hz, session_Hz
        Pulses in that second, and pulses a second over the whole train.
    """

    distance_m: float
    click: LevelRange
    busiest: LevelRange
    session: LevelRange
    protected_click: LevelRange
    protected_busiest: LevelRange
    protected_session: LevelRange
    busiest_Hz: float
    session_Hz: float


@dataclass(frozen=True, kw_only=True)
class ScalpField:
    """The field in the scalp beside that in the cortex, at one current slope.

    Parameters
    ----------
    scalp_V_per_m
        99.9th percentile of |E| just under the skin, by area. [V/m]
    cortex_V_per_m
        99.9th percentile of |E| in grey matter, by volume. [V/m]
    at_m
        Where the strongest thousandth of the skin lies, its centre. [m]
    nerve_threshold_V_per_m
        Least and most field along a nerve that is taken to excite it; unverified.
    nerve_area_m2
        Skin with more than the most and with more than the least of that field under it: the range of the
        area where nerves may fire. [m^2]
    """

    scalp_V_per_m: float
    cortex_V_per_m: float
    at_m: tuple[float, float, float]
    nerve_threshold_V_per_m: tuple[float, float]
    nerve_area_m2: tuple[float, float]
    didt_A_per_s: float

    @property
    def ratio(self) -> float:
        """How many times stronger the field is in the scalp than in the cortex."""
        return self.scalp_V_per_m / self.cortex_V_per_m
