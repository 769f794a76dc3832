"""What stands behind each panel: equation, sources, and how far they were checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tmsim.core import InputError, Status
from tmsim.web.panels.door import answer, sources

router = APIRouter()

Strength = Literal["strong", "moderate", "weak"]
"""How good the evidence is that what is shown happens in people."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """A model as its badge shows it.

    Parameters
    ----------
    equation
        Lines of Unicode mathematics.
    status
        Of the numbers: the least checked of those that matter.
    note
        Where it holds and what is doubtful, in a sentence or two.
    """

    title: str
    equation: str
    keys: tuple[str, ...]
    status: Status
    strength: Strength | None = None
    note: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """As the page reads it."""
        known = {"title": self.title, "equation": self.equation, "status": self.status, "note": self.note}
        if self.strength is not None:
            known["strength"] = self.strength
        return {**known, "sources": sources(*self.keys)}


def badge(topic: str) -> dict[str, Any]:
    """What stands behind a topic.

    Raises
    ------
    InputError
        There is no such topic.
    """
    if topic not in TOPICS:
        raise InputError("topic", repr(topic), f"one of {', '.join(TOPICS)}")
    return TOPICS[topic].told


@router.get("/evidence")
def evidence(_request: Request) -> JSONResponse:
    """All topics by name."""
    return answer({name: basis.told for name, basis in TOPICS.items()})


TOPICS: dict[str, Basis] = {
    "field": Basis(
        title="The induced electric field",
        equation="E = −∂A/∂t − ∇φ\n"
        "∇·(σ ∇φ) = −∇·(σ ∂A/∂t)\n"
        "n·σE = 0 at the skin\n"
        "live: E = U W b,  b = flux of the coil under the scalp",
        keys=("Saturnino2019", "Gomez2020", "Thielscher2015"),
        status="recomputed",
        strength="strong",
        note="Physics, solved on tetrahedra. Conductivities and tissue borders of a person are known to 10 "
        "to 30 %; the live field is of lower order than one that is reported.",
    ),
    "search": Basis(
        title="Best placement",
        equation="value(coil, pose) = mean of |E|, of E·n, or of the share recruited, over the target\n"
        "dE/dpose by the reciprocity of the head: one solve for all poses",
        keys=("Gomez2020", "Weise2023"),
        status="recomputed",
        note="The most field at a target is not shown to be the most benefit.",
    ),
    "pulse": Basis(
        title="The stimulator's circuit",
        equation="α = R/2L      ω = √(1/LC − α²)\n"
        "i(t) = V₀/(ωL) · e^(−αt) · sin ωt\n"
        "E(t) ∝ dI/dt = V₀/L · e^(−αt) · (cos ωt − α/ω · sin ωt)\n"
        "energy on the capacitor = C V₀² / 2",
        keys=("Aberra2020", "Sorkhabi2020", "Numssen2021"),
        status="unverified",
        note="Pulses of the MagPro X100 and of cTMS1 are fitted to published records; circuits of Magstim "
        "are recalled. Voltage and energy rest on an assumed inductance.",
    ),
    "neurons": Basis(
        title="Who fires",
        equation="share = Φ( ln( |E| / (s · T(θ, pulse)) ) / spread )\n"
        "s = |E| at the hotspot at motor threshold / T of L5 there",
        keys=("Aberra2020", "Weise2023", "Jing2024"),
        status="read",
        strength="moderate",
        note="Five simulated cells a layer, scaled to one motor threshold. Nothing of it was measured "
        "outside the motor cortex. Live, the field counts as uniform across the layers; a run takes its "
        "gradient.",
    ),
    "mep": Basis(
        title="The virtual subject's muscle",
        equation="x = max(A − onset + v₁, 0)\n"
        "MEP = noise + 0.1 µV · 10^(v₂ + range / (1 + (midpoint/x)^steepness))\n"
        "response at A:  p = Φ((A − t) / 0.07 t)",
        keys=("Goetz2019", "Awiszus2003", "Groppa2012", "Moezzi2018"),
        status="read",
        strength="moderate",
        note="Published statistics of many people; latencies and the active threshold are recalled.",
    ),
    "session": Basis(
        title="What a session is held against",
        equation="train = layers of (count, interval from onset to onset)\n"
        "continuous rate ≤ 1050 W / energy of a pulse      level ∝ 20 … 40 log₁₀(output)",
        keys=("Rossi2009", "ChenIntervals1997", "McNair2017", "Koponen2020", "Rossi2021"),
        status="unverified",
        strength="moderate",
        note="The tables of train duration are recalled, cell by cell, and were not compared with the "
        "papers. No finding, and no lack of one, says that a session may be given.",
    ),
    "huang": Basis(
        title="After-effect of theta burst",
        equation="Ca(n) = C Σⱼ e^(−j k t_b)\n"
        "F(n) = (R_f ΔCa + F(n−1)) e^(−f k/C)      I(n) = (R_i/C² Ca + I(n−1)) e^(−i k/C²)\n"
        "rise: M t^h / ((o t_p)^h + t^h)      fall: M (d t_p)^g / ((d t_p)^g + (t − t_p)^g)",
        keys=("Huang2011", "Huang2005", "Wischnewski2015", "Chung2016", "LopezAlonso2014"),
        status="read",
        strength="weak",
        note="Constants read in the code of the published revision; its scale in percent is a reading. Of "
        "the hand area of healthy adults; that it holds elsewhere is not shown. Publication bias runs "
        "through the sources.",
    ),
    "kernel": Basis(
        title="After-effect of trains of one rate, and of quadripulse",
        equation="change(t) = size · pulses/reference (at most 1) ·\n"
        "    t/t_p  before the peak,  ½^((t − t_p)/half-life)  after it",
        keys=("Chen1997", "Maeda2000", "Quartarone2005", "Hamada2008", "LopezAlonso2014"),
        status="unverified",
        strength="weak",
        note="A table of published sizes, most of them recalled. After 10 Hz nothing changed in 20 people on "
        "either of two days (Maeda2000).",
    ),
    "calcium": Basis(
        title="After-effect by a calcium rule in a population",
        equation="dν′/dt = x(Ca) (ν_max − ν′) − y(Ca) ν′      ν″ = z² (ν′ − ν) − 2 z ν̇\n"
        "dg/dt = −(g/t_bcm)(ν′/ν − 1) + (g₀ − g)/t_rec",
        keys=("Fung2013", "Fung2014", "SanzLeon2018"),
        status="read",
        strength="weak",
        note="For research: a theory of the cortex, not a fit to after-effects.",
    ),
    "graupner-brunel": Basis(
        title="A synapse under calcium",
        equation="τ dρ/dt = −ρ(1 − ρ)(½ − ρ) + γ_p (1 − ρ) [Ca > θ_p] − γ_d ρ [Ca > θ_d] + noise",
        keys=("Graupner2012",),
        status="read",
        strength="weak",
        note="A synapse of slices, taken to the whole cortex: for teaching.",
    ),
    "transmitters": Basis(
        title="Transmitters in the session",
        equation="[DA]′ = p f (1 − 1.5 (a − a₀)) − s V_max [DA]/(K_m + [DA])\n"
        "drive = share of left prefrontal L5 × pulses/s × gain\n"
        "binding of a D2 tracer ∝ 1 / (1 + [DA]/K_i)",
        keys=("Joshi2017", "Behera2023", "Best2010", "Best2020", "Pogarell2007"),
        status="unverified",
        strength="weak",
        note="Kinetics are of rodents; how the prefrontal cortex drives the cells is an extrapolation. The "
        "sign for serotonin and noradrenaline is not known, so both are shown.",
    ),
    "network": Basis(
        title="The rest of the brain",
        equation="y₀″ = A a (S(y₁ − y₂) + f (S_max − S)) − 2a y₀′ − a² y₀\n"
        "y₁″ = A a (p + C₂ S(C₁y₀) + K Σⱼ wᵢⱼ (Sⱼ(t − dᵢⱼ) − S₀)) − 2a y₁′ − a² y₁\n"
        "rest: dS_E/dt = −S_E/τ + (1 − S_E) γ H(I_E) + noise",
        keys=("Jansen1995", "Momi2023", "Deco2014", "Demirtas2019", "Lariviere2021", "VanEssen2013"),
        status="recomputed",
        strength="weak",
        note="Neural masses on a group's connectome: how activity spreads in a model, not in this brain. "
        "That an after-effect is a change of synapses at another site is an assumption.",
    ),
    "course": Basis(
        title="Symptoms over a course",
        equation="y(n) = y∞ + (y₀ − y∞) e^(−n/τ)\nrating = round(y + error), people in classes",
        keys=(
            "Blumberger2018",
            "Kaster2019",
            "Berlow2023",
            "Kedzior2014",
            "Razza2018",
            "Cole2022",
            "Kratter2026",
            "Carmi2019",
        ),
        status="unverified",
        strength="moderate",
        note="Statistics of trials, drawn anew. Nothing of field, neurons or network enters, since no map "
        "from them to symptoms has been validated; no person's course is foretold.",
    ),
}
"""Topics by name; those of plasticity models bear the model's name."""
