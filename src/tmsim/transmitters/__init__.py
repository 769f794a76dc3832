"""Serotonin, dopamine and noradrenaline: how cells fire, release and take up, and what TMS may do to it.

The serotonin terminal, in uM and hours: tryptophan becomes 5-HTP, this serotonin in the cytosol c; vesicles v
and a reserve r load it; firing f releases it into the extracellular space e; the transporter brings it back,
s being the share that works; bound autoreceptors b act through G protein G and its regulator T::

    c' = AADC - VM(c,v) - VM(c,r) + SERT - MAO(c) - (c - e)       SERT = s 250 e/(0.06 + e)
    v' = VM(c,v) - rel + traf        r' = VM(c,r) - traf          VM(c,v) = max(0, 1230 c/(0.2 + c) - v)
    e' = rel - SERT - 40 e + (c - e) + (gl - e)                   rel = 1.89 v min(12, f (1 - 1.5 q (G - G0)))
    b' = 36 e (10 - b) - 20 b        G' = 20 b^2 (10 - G) - 200 T G        T' = 30 G^2 (10 - T) - 200 T

G0 is G at rest, q the sensitivity of the autoreceptors. :class:`UptakeTerminal` is the short form of it for
dopamine and noradrenaline, with a the bound autoreceptors::

    [DA]' = p f (1 - 1.5 (a - a0)) - s Vmax [DA]/(Km + [DA])
    a' = (sigmoid(([DA] - 0.1 uM)/0.1 uM) - a)/tau

The circuit has rates, in Hz, of dopamine cells of the ventral tegmental area and of serotonin cells of the
dorsal raphe, with GABA and glutamate cells between them, and the concentrations that they see::

    r = 0.019 (100 Fe - 25 Fi + 210 - a_d + drive)
    r5 = 0.033 (J Fe - 0.1 F5i - K Fi + 99.87 - q a_5 + drive)
    d' = 0.1 uM r - 4 uM/s d/(d + 0.15 uM)        s' = 0.08 uM r5 - k 1.3 uM/s s/(s + 0.17 uM)

Two sets of weights (J 5, K 0; or J 10, K 2) are nearly alike at rest, and part under drugs: with three tenths
of the reuptake dopamine cells fall silent with one of them and not with the other. The authors call such
circuits degenerate (Behera2023). Noradrenaline cells are not in it: they have a rate of their own.
Concentrations that results give are those at the terminals, not those that the cells see.

TMS enters by a mapping of this project: the share of L5 that a pulse recruits in the left prefrontal region,
times pulses per second, times a gain for each transmitter, is the drive of its cells. The gain of dopamine is
set on one figure of five patients. That of the others has an unknown sign: a rat's prefrontal cortex mostly
inhibits serotonin cells, and excites them once serotonin is gone (Celada2001). So each result is four cases:
either sign, either set of weights. A dopamine D2 tracer binds as 1/(1 + [DA]/Ki).

Range: the order of minutes to a day, at firing rates near those of rest. Kinetics come from rodents.
Evidence that TMS changes the transmitter: in people for dopamine, in animals for serotonin, where studies
conflict, and none for noradrenaline; :data:`EVIDENCE` says so in words and goes with each result.

References: Best2010, Best2020 (terminal), Joshi2017, Behera2023 (circuit), Laruelle1997 (tracer). A model of
dopamine synthesis is Best2009, not used here: its published file has no initial state.
"""

from tmsim.transmitters.binding import binding_change, session_binding
from tmsim.transmitters.circuit import circuit, driven_circuit
from tmsim.transmitters.drive import prefrontal_drive, prefrontal_share
from tmsim.transmitters.evidence import (
    EVIDENCE,
    OBSERVATIONS,
    TRANSMITTERS,
    Evidence,
    Observation,
    evidence,
)
from tmsim.transmitters.release import course_release, resting, session_release
from tmsim.transmitters.serotonin import SerotoninTerminal
from tmsim.transmitters.terminal import Terminal, extracellular
from tmsim.transmitters.types import (
    CASES,
    HEALTHY,
    SSRI,
    Binding,
    Case,
    CircuitRun,
    CourseRelease,
    Desensitisation,
    Extracellular,
    Gain,
    Pharmacology,
    PrefrontalDrive,
    Release,
    Resting,
)
from tmsim.transmitters.uptake import UptakeTerminal, dopamine_terminal, noradrenaline_terminal

__all__ = [
    "CASES",
    "EVIDENCE",
    "HEALTHY",
    "OBSERVATIONS",
    "SSRI",
    "TRANSMITTERS",
    "Binding",
    "Case",
    "CircuitRun",
    "CourseRelease",
    "Desensitisation",
    "Evidence",
    "Extracellular",
    "Gain",
    "Observation",
    "Pharmacology",
    "PrefrontalDrive",
    "Release",
    "Resting",
    "SerotoninTerminal",
    "Terminal",
    "UptakeTerminal",
    "binding_change",
    "circuit",
    "course_release",
    "dopamine_terminal",
    "driven_circuit",
    "evidence",
    "extracellular",
    "noradrenaline_terminal",
    "prefrontal_drive",
    "prefrontal_share",
    "resting",
    "session_binding",
    "session_release",
]
