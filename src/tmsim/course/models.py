"""Symptom models by name; a new one is one entry in ``MODELS``.

Shares of classes and end points are published. How far and how fast a class falls, and how people differ in
it, are calibrated by this project so that the published end points come out; those numbers have the source
``assumed``.
"""

from __future__ import annotations

from tmsim.core import InputError, Parameter
from tmsim.course.parameters import DEPRESSION_SCALES, HRSD, INDICATIONS, MADRS, PHQ9, YBOCS
from tmsim.course.types import Indication, SymptomModel, TrajectoryClass
from tmsim.pulse.protocol import Protocol


def _assumed(value: float, unit: str = "1", note: str = "") -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


def _class(
    name: str,
    share: Parameter,
    *,
    left: float,
    left_sd: float,
    tau_sessions: float,
    tau_spread: float = 0.3,
    shift: float = 0.0,
) -> TrajectoryClass:
    """A class whose share has a source and whose course is calibrated here."""
    return TrajectoryClass(
        name=name,
        share=share,
        shift=_assumed(shift, "SD"),
        left=_assumed(left),
        left_sd=_assumed(left_sd),
        tau_sessions=_assumed(tau_sessions, "sessions"),
        tau_spread=_assumed(tau_spread),
    )


def _kaster(count: int, note: str = "") -> Parameter:
    return Parameter(count / 388, "1", "Kaster2019", "read", f"{count} of 388 people{note}")


def _noted(count: int, total: int, where: str) -> Parameter:
    """A share read in an abstract whose authors weren't noted."""
    return Parameter(count / total, "1", "unknown", "unverified", f"{count} of {total} people; {where}")


_ALL = _assumed(1.0, note="one class")
_CLUSTERS = "abstract of a preprint on THREE-D, doi:10.21203/rs.3.rs-6428690/v1"
_PROLONGED = "abstract on sequential bilateral rTMS, up to 51 sessions"
_THREE_D = "mean HRSD-17 from 23.5 to 13.4 over 20 to 30 sessions in THREE-D (Blumberger2018)"
_STANDARD = ("hf10-standard", "hf10-dash", "itbs600")


def _sham(left: float) -> tuple[TrajectoryClass, ...]:
    """The sham arm of a model whose trials had none.

    It is as far from the active arm as active and sham are apart in pooled trials (Kedzior2014). Where no one
    was blind that is more than sham gives in trials with one (Razza2018): the active arm has its share of it.
    """
    return (_class("sham", _ALL, left=left, left_sd=0.26, tau_sessions=8, tau_spread=0.4),)


_SHAM_TEXT = (
    "the sham arm, which those trials didn't have, by the pooled effect size (Kedzior2014), so that it falls "
    "more than sham did in blinded trials (Razza2018)"
)


def _standard(
    name: str, label: str, active: tuple[TrajectoryClass, ...], published: str, *sources: str
) -> SymptomModel:
    """A model of the standard daily courses over the left DLPFC."""
    return SymptomModel(
        name=name,
        label=label,
        indication="depression",
        scales=DEPRESSION_SCALES,
        active=active,
        sham=_sham(0.67),
        protocols=_STANDARD,
        sessions_a_day=1,
        rated_every_days=7,
        published=f"{_THREE_D}; {published}",
        calibrated=f"how far and fast each class falls, baselines, spread; {_SHAM_TEXT}",
        sources=("Berlow2023", "Blumberger2018", "Kedzior2014", "Razza2018", *sources),
    )


_MODELS = (
    _standard(
        "classes",
        "depression: the four classes of course of THREE-D",
        (
            _class("non-response", _kaster(43), shift=0.25, left=0.97, left_sd=0.15, tau_sessions=10),
            _class("rapid", _kaster(73), shift=-0.4, left=0.24, left_sd=0.12, tau_sessions=5),
            _class(
                "linear, higher baseline", _kaster(118), shift=0.75, left=0.43, left_sd=0.28, tau_sessions=21
            ),
            _class(
                "linear, lower baseline",
                _kaster(154, ", by subtraction"),
                shift=-0.45,
                left=0.32,
                left_sd=0.28,
                tau_sessions=21,
            ),
        ),
        "classes and their shares (Kaster2019)",
        "Kaster2019",
    ),
    _standard(
        "exponential",
        "depression: one exponential per session, people around it",
        (_class("all", _ALL, left=0.525, left_sd=0.3, tau_sessions=10, tau_spread=0.4),),
        "that the fall is exponential in the sessions (Berlow2023)",
    ),
    _standard(
        "symptom-clusters",
        "depression: the classes of THREE-D by clusters of symptoms, their sum only",
        (
            _class(
                "optimal", _noted(119, 388, _CLUSTERS), shift=-0.4, left=0.25, left_sd=0.15, tau_sessions=6
            ),
            _class(
                "partial, high anxiety",
                _noted(128, 388, _CLUSTERS),
                shift=0.3,
                left=0.49,
                left_sd=0.24,
                tau_sessions=18,
            ),
            _class(
                "partial, low anxiety",
                _noted(91, 388, _CLUSTERS),
                shift=-0.15,
                left=0.49,
                left_sd=0.24,
                tau_sessions=18,
            ),
            _class(
                "minimal", _noted(50, 388, _CLUSTERS), shift=0.5, left=0.97, left_sd=0.15, tau_sessions=10
            ),
        ),
        "the shares of the classes, in a preprint whose authors weren't noted",
    ),
    SymptomModel(
        name="prolonged",
        label="depression: the four classes of courses of up to 51 sessions, PHQ-9",
        indication="depression",
        scales=(PHQ9,),
        active=(
            _class(
                "linear, extended",
                _noted(73, 324, _PROLONGED),
                shift=0.5,
                left=0.2,
                left_sd=0.15,
                tau_sessions=40,
            ),
            _class(
                "non-response",
                _noted(23, 324, _PROLONGED),
                shift=0.5,
                left=0.97,
                left_sd=0.12,
                tau_sessions=10,
            ),
            _class("slowed", _noted(159, 324, _PROLONGED), shift=-0.2, left=0.5, left_sd=0.2, tau_sessions=9),
            _class("rapid", _noted(69, 324, _PROLONGED), shift=-0.2, left=0.2, left_sd=0.1, tau_sessions=6),
        ),
        sham=_sham(0.61),
        protocols=("bilat-seq",),
        sessions_a_day=1,
        rated_every_days=7,
        published="the shares of the classes, in an abstract whose authors weren't noted",
        calibrated=f"how far and fast each class falls, baselines, spread; {_SHAM_TEXT}",
        sources=("Berlow2023", "Kedzior2014", "Razza2018"),
    ),
    SymptomModel(
        name="accelerated",
        label="depression: ten sessions a day for five days (SAINT, SNT)",
        indication="depression",
        scales=(MADRS, HRSD, PHQ9),
        active=(
            _class(
                "lasting fall",
                _assumed(0.67, note="between the trials"),
                left=0.2,
                left_sd=0.1,
                tau_sessions=12,
            ),
            _class(
                "little change",
                _assumed(0.33, note="between the trials"),
                left=0.85,
                left_sd=0.15,
                tau_sessions=15,
            ),
        ),
        sham=(
            _class(
                "lasting fall",
                _assumed(0.2, note="between the trials"),
                left=0.22,
                left_sd=0.1,
                tau_sessions=12,
            ),
            _class(
                "little change",
                _assumed(0.8, note="between the trials"),
                left=0.93,
                left_sd=0.15,
                tau_sessions=15,
            ),
        ),
        protocols=("saint",),
        sessions_a_day=10,
        rated_every_days=1,
        published="remission 79 and 13 % at any time (Cole2022), 50 and 21 % at one month (Kratter2026), "
        "active and sham",
        calibrated="two classes and their shares, so that remission lies between the two trials",
        sources=("Cole2022", "Kratter2026"),
    ),
    SymptomModel(
        name="ocd",
        label="obsessive-compulsive disorder: deep TMS after provocation",
        indication="ocd",
        scales=(YBOCS,),
        active=(_class("all", _ALL, left=0.765, left_sd=0.28, tau_sessions=10, tau_spread=0.4),),
        sham=(_class("sham", _ALL, left=0.87, left_sd=0.13, tau_sessions=10, tau_spread=0.4),),
        protocols=("dtms-h7-ocd",),
        sessions_a_day=1,
        rated_every_days=7,
        published="Y-BOCS lower by 6.0 and 3.3 points after 6 weeks, response 38.1 and 11.1 % (Carmi2019), "
        "active and sham",
        calibrated="baseline, spread between people and speed",
        sources=("Carmi2019",),
    ),
)
MODELS = {model.name: model for model in _MODELS}


def symptom_model(name: str) -> SymptomModel:
    """The model of that name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in MODELS:
        raise InputError("symptom model", repr(name), f"one of {', '.join(MODELS)}")
    return MODELS[name]


def indication_of(protocol: Protocol) -> Indication:
    """What a protocol is for, by the words of its indication.

    Raises
    ------
    InputError
        It says nothing that is known.
    """
    text = protocol.indication.lower()
    for indication in INDICATIONS.values():
        if any(word in text for word in indication.words):
            return indication
    raise InputError(
        f"indication of '{protocol.id}'",
        repr(protocol.indication) if text else "none",
        f"one of {', '.join(indication.label for indication in INDICATIONS.values())}",
        "Name a symptom model.",
    )


def default_model(protocol: Protocol) -> SymptomModel:
    """The model to take for a protocol unless another is asked for.

    Raises
    ------
    InputError
        No model exists for its indication: the trials' figures are all there is.
    """
    indication = indication_of(protocol)
    if indication.name == "depression":
        return MODELS["accelerated" if protocol.sessions_per_day > 1 else "classes"]
    if indication.name == "ocd":
        return MODELS["ocd"]
    raise InputError(
        f"symptoms under '{protocol.id}'",
        f"no model for {indication.label}, only figures of trials",
        "an indication with one: depression, ocd",
        f"See `tmsim course trials {indication.name}`.",
    )
