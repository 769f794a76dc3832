"""What trials, registries and pooled analyses found: figures as data, each with its source and status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tmsim.core import InputError, Parameter, Status
from tmsim.course.parameters import INDICATIONS
from tmsim.course.types import OutcomeName, TrialArm, TrialOutcome


def trials(indication: str = "", *, protocols: Sequence[str] = ()) -> tuple[TrialArm, ...]:
    """Published arms, of one indication or of all; of some protocols of the library, or of all.

    ``trials(model.indication, protocols=model.protocols)`` is what a symptom model stands beside.

    Raises
    ------
    InputError
        There is no such indication.
    """
    if indication and indication not in INDICATIONS:
        raise InputError("indication", repr(indication), f"one of {', '.join(INDICATIONS)}")
    return tuple(
        arm
        for arm in _ARMS
        if indication in ("", arm.indication)
        and (not protocols or not set(protocols).isdisjoint(arm.protocols))
    )


def _found(
    name: OutcomeName,
    value: float,
    when: str,
    source: str,
    status: Status = "read",
    *,
    unit: str = "1",
    low: float | None = None,
    high: float | None = None,
    note: str = "",
) -> TrialOutcome:
    return TrialOutcome(
        name=name, value=Parameter(value, unit, source, status, note), when=when, low=low, high=high
    )


def _points(name: OutcomeName, value: float, when: str, source: str) -> TrialOutcome:
    return _found(name, value, when, source, unit="points")


def _pooled(
    indication: str, label: str, n: int | None, source: str, found: TrialOutcome, **more: Any
) -> TrialArm:
    """A figure of a pooled analysis: active against sham unless said otherwise."""
    return TrialArm(
        trial=f"{source}, pooled",
        indication=indication,
        label=label,
        n=n,
        outcomes=(found,),
        **{"arm": "difference", "design": "pooled sham-controlled trials", "scale": "", **more},
    )


_SNT = {"indication": "depression", "scale": "MADRS", "protocols": ("saint",)}
_SHAM_CONTROLLED = "randomised, double-blind, sham-controlled"
_TEN_HZ = ("hf10-standard", "hf10-dash")
_END, _UNVERIFIED = "after 20 to 30 sessions", "unverified"

_ARMS: tuple[TrialArm, ...] = (
    TrialArm(
        trial="THREE-D", arm="active", label="10 Hz", n=205, protocols=_TEN_HZ, indication="depression",
        scale="HRSD-17", design="randomised, no sham, raters blind",
        outcomes=(
            _points("baseline", 23.5, "before", "Blumberger2018"),
            _points("end", 13.4, _END, "Blumberger2018"),
            _found("response", 0.47, _END, "Blumberger2018", _UNVERIFIED),
            _found("remission", 0.27, _END, "Blumberger2018", _UNVERIFIED),
            _found("drop-out", 0.06, _END, "Blumberger2018"),
        ),
    ),
    TrialArm(
        trial="THREE-D", arm="active", label="iTBS", n=209, protocols=("itbs600",), indication="depression",
        scale="HRSD-17", design="randomised, no sham, raters blind",
        outcomes=(
            _points("baseline", 23.6, "before", "Blumberger2018"),
            _points("end", 13.4, _END, "Blumberger2018"),
            _found("response", 0.49, _END, "Blumberger2018", _UNVERIFIED),
            _found("remission", 0.32, _END, "Blumberger2018", _UNVERIFIED),
            _found("drop-out", 0.08, _END, "Blumberger2018"),
        ),
    ),
    TrialArm(
        trial="O'Reardon 2007", arm="active", label="10 Hz", n=155, protocols=_TEN_HZ,
        indication="depression", scale="MADRS", design=_SHAM_CONTROLLED,
        outcomes=(
            _found("response", 0.239, "at 6 weeks", "OReardon2007", _UNVERIFIED),
            _found("remission", 0.142, "at 6 weeks", "OReardon2007", _UNVERIFIED),
            _found("drop-out", 0.045, "for adverse events", "OReardon2007"),
        ),
        note="that remission was about twice that under sham was read; the rates are recalled",
    ),
    TrialArm(
        trial="O'Reardon 2007", arm="sham", label="sham", n=146, protocols=_TEN_HZ,
        indication="depression", scale="MADRS", design=_SHAM_CONTROLLED,
        outcomes=(
            _found("response", 0.123, "at 6 weeks", "OReardon2007", _UNVERIFIED),
            _found("remission", 0.055, "at 6 weeks", "OReardon2007", _UNVERIFIED),
        ),
    ),
    TrialArm(
        trial="George 2010", arm="active", label="10 Hz", n=None, protocols=_TEN_HZ, indication="depression",
        scale="HRSD-24", design=_SHAM_CONTROLLED,
        outcomes=(_found("remission", 0.141, "after 15 sessions or more", "George2010", _UNVERIFIED),),
    ),
    TrialArm(
        trial="George 2010", arm="sham", label="sham", n=None, protocols=_TEN_HZ, indication="depression",
        scale="HRSD-24", design=_SHAM_CONTROLLED,
        outcomes=(_found("remission", 0.051, "after 15 sessions or more", "George2010", _UNVERIFIED),),
    ),
    TrialArm(
        trial="Griffiths 2019", arm="open", label="UK clinic", n=144, indication="depression",
        scale="HRSD-17", design="clinic, open label", protocols=(*_TEN_HZ, "itbs600"),
        outcomes=(
            _found("response", 0.346, "after the course", "Griffiths2019"),
            _found("remission", 0.206, "after the course", "Griffiths2019"),
        ),
    ),
    TrialArm(
        trial="Sackeim 2020", arm="open", label="NeuroStar registry", n=5010, indication="depression",
        scale="PHQ-9 and CGI-S", design="registry, open label", protocols=_TEN_HZ,
        outcomes=(
            _found("response", 0.705, "after the course", "Sackeim2020", "recomputed", low=0.58, high=0.83,
                   note="middle of the range over samples and scales"),
            _found("remission", 0.45, "after the course", "Sackeim2020", "recomputed", low=0.28, high=0.62,
                   note="middle of the range over samples and scales"),
        ),
    ),
    TrialArm(
        trial="Hutton 2023", arm="open", label="NeuroStar registry", n=7215, indication="depression",
        scale="PHQ-9", design="registry, open label", protocols=_TEN_HZ,
        outcomes=(
            _found("sessions with the best outcome", 36, "after the course", "Hutton2023", unit="sessions"),
        ),
        note="groups that got fewer than 30 sessions did worse; beyond 36 people went on improving, slowly; "
        "who gets how many sessions isn't left to chance",
    ),
    _pooled(
        "depression", "14 trials of 2008 to 2013", 659, "Kedzior2014",
        _found("effect size", -0.42, "before to after the course", "Kedzior2014", low=-0.66, high=-0.18),
        protocols=(*_TEN_HZ, "lf1-right", "bilat-seq"),
    ),
    _pooled(
        "depression", "54 trials of 1997 to 2013", None, "Kedzior2014",
        _found("effect size", -0.51, "before to after the course", "Kedzior2014", low=-0.63, high=-0.39),
        protocols=(*_TEN_HZ, "lf1-right", "bilat-seq"),
    ),
    _pooled(
        "depression", "sham arms of 61 trials", 1328, "Razza2018",
        _found("effect size", 0.8, "before to after sham", "Razza2018", low=0.65, high=0.95,
               note="fall within the sham arm"),
        arm="sham", design="sham arms, pooled",
    ),
    TrialArm(
        trial="Cole 2022", arm="active", label="SNT", n=14, design=_SHAM_CONTROLLED, **_SNT,
        outcomes=(
            _found("relative change", -0.525, "4 weeks after", "Cole2022"),
            _found("remission", 0.79, "any time in the 4 weeks after", "Cole2022"),
        ),
    ),
    TrialArm(
        trial="Cole 2022", arm="sham", label="sham", n=15, design=_SHAM_CONTROLLED, **_SNT,
        outcomes=(
            _found("relative change", -0.111, "4 weeks after", "Cole2022"),
            _found("remission", 0.13, "any time in the 4 weeks after", "Cole2022"),
        ),
    ),
    TrialArm(
        trial="Kratter 2026", arm="active", label="SNT", n=24, design=_SHAM_CONTROLLED, **_SNT,
        outcomes=(
            _found("response", 0.542, "1 month after", "Kratter2026"),
            _found("remission", 0.5, "1 month after", "Kratter2026"),
        ),
        note="the repetition of Cole2022, by the same group",
    ),
    TrialArm(
        trial="Kratter 2026", arm="sham", label="sham", n=24, design=_SHAM_CONTROLLED, **_SNT,
        outcomes=(
            _found("response", 0.25, "1 month after", "Kratter2026"),
            _found("remission", 0.208, "1 month after", "Kratter2026"),
        ),
    ),
    TrialArm(
        trial="Geoly 2025", arm="open", label="SNT", n=46, design="open label, followed up",
        indication="depression", scale="HRSD-6", protocols=("saint",),
        outcomes=(
            _found("remission", 32 / 46, "1 week after", "Geoly2025"),
            _found("remission", 15 / 46, "12 weeks after", "Geoly2025"),
        ),
    ),
    TrialArm(
        trial="Carmi 2019", arm="active", label="H7", n=42, indication="ocd", scale="Y-BOCS",
        design=_SHAM_CONTROLLED, protocols=("dtms-h7-ocd",),
        outcomes=(
            _points("change", -6.0, "after 6 weeks", "Carmi2019"),
            _found("response", 0.381, "after 6 weeks", "Carmi2019"),
            _found("response", 0.452, "1 month later", "Carmi2019"),
        ),
        note="99 people were randomised; 42 and 45 are the counts that give all four rates",
    ),
    TrialArm(
        trial="Carmi 2019", arm="sham", label="sham", n=45, indication="ocd", scale="Y-BOCS",
        design=_SHAM_CONTROLLED, protocols=("dtms-h7-ocd",),
        outcomes=(
            _points("change", -3.3, "after 6 weeks", "Carmi2019"),
            _found("response", 0.111, "after 6 weeks", "Carmi2019"),
            _found("response", 0.178, "1 month later", "Carmi2019"),
        ),
    ),
    TrialArm(
        trial="Roth 2021", arm="open", label="H7, clinics", n=None, indication="ocd", scale="Y-BOCS",
        design="clinics, open label", protocols=("dtms-h7-ocd",),
        outcomes=(
            _found("response", 0.579, "after 29 sessions", "Roth2021"),
            _found("sessions to first response", 18.5, "on average", "Roth2021", unit="sessions"),
        ),
        note="of those who were rated after 29 sessions, out of 219 people treated",
    ),
    _pooled(
        "gad", "21 studies", 1481, "Cui2019",
        _found("effect size", -0.68, "before to after the course", "Cui2019", low=-0.89, high=-0.46),
        scale="HAM-A", note="most of the studies weren't blinded", design="pooled controlled studies",
    ),
    _pooled(
        "gad", "4 studies", None, "Cirillo2019",
        _found("effect size", -2.06, "overall effect of treatment", "Cirillo2019", low=-2.64, high=-1.48),
        design="pooled studies",
    ),
    _pooled(
        "ptsd", "9 studies", None, "Cirillo2019",
        _found("effect size", -0.88, "overall effect of treatment", "Cirillo2019", low=-1.42, high=-0.34),
        design="pooled studies",
    ),
    TrialArm(
        trial="Lipton 2010", arm="active", label="one attack", n=82, indication="migraine", scale="pain",
        design=_SHAM_CONTROLLED,
        outcomes=(_found("free of pain", 32 / 82, "2 h after the first attack", "Lipton2010"),),
        note="acute treatment of migraine with aura",
    ),
    TrialArm(
        trial="Lipton 2010", arm="sham", label="sham", n=82, indication="migraine", scale="pain",
        design=_SHAM_CONTROLLED,
        outcomes=(_found("free of pain", 18 / 82, "2 h after the first attack", "Lipton2010"),),
    ),
    _pooled(
        "migraine", "chronic migraine", None, "Lan2017",
        _found("odds ratio", 2.93, "chronic migraine", "Lan2017", low=0.71, high=12.15,
               note="not significant"),
    ),
    TrialArm(
        trial="Zangen 2021", arm="active", label="H4", n=None, indication="smoking",
        scale="four weeks without smoking", design=_SHAM_CONTROLLED, protocols=("dtms-h4-smoking",),
        outcomes=(
            _found("quit rate", 0.194, "until week 18, intention to treat", "Zangen2021"),
            _found("quit rate", 0.28, "until week 18, completers", "Zangen2021"),
        ),
        note="234 people in both arms by intention to treat, 169 completers",
    ),
    TrialArm(
        trial="Zangen 2021", arm="sham", label="sham", n=None, indication="smoking",
        scale="four weeks without smoking", design=_SHAM_CONTROLLED, protocols=("dtms-h4-smoking",),
        outcomes=(
            _found("quit rate", 0.087, "until week 18, intention to treat", "Zangen2021"),
            _found("quit rate", 0.117, "until week 18, completers", "Zangen2021"),
        ),
    ),
    TrialArm(
        trial="NICHE", arm="active", label="1 Hz", n=None, indication="stroke", scale="Fugl-Meyer, arm",
        design=_SHAM_CONTROLLED, protocols=("stroke-lf",),
        outcomes=(
            _found("improved by 5 points", 0.67, "6 months after", "Harvey2018", low=0.58, high=0.75),
        ),
        note="199 people in both arms; no difference (p = 0.76)",
    ),
    TrialArm(
        trial="NICHE", arm="sham", label="sham", n=None, indication="stroke", scale="Fugl-Meyer, arm",
        design=_SHAM_CONTROLLED, protocols=("stroke-lf",),
        outcomes=(
            _found("improved by 5 points", 0.65, "6 months after", "Harvey2018", low=0.52, high=0.76),
        ),
    ),
    TrialArm(
        trial="E-FIT", arm="active", label="1 Hz", n=30, indication="stroke", scale="Fugl-Meyer, arm",
        design=_SHAM_CONTROLLED, protocols=("stroke-lf",),
        outcomes=(_found("improved by 5 points", 18 / 30, "6 months after", "Edwards2023"),),
    ),
    TrialArm(
        trial="E-FIT", arm="sham", label="sham", n=28, indication="stroke", scale="Fugl-Meyer, arm",
        design=_SHAM_CONTROLLED, protocols=("stroke-lf",),
        outcomes=(_found("improved by 5 points", 14 / 28, "6 months after", "Edwards2023"),),
    ),
)  # fmt: skip
