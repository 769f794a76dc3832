"""Scales and indications, each number with its source and how far it was checked."""

from __future__ import annotations

from tmsim.core import Parameter
from tmsim.course.types import Indication, Scale


def _assumed(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


def _half(source: str) -> Parameter:
    return Parameter(0.5, "1", source, "unverified", "half of the baseline, by convention")


HRSD = Scale(
    name="HRSD-17",
    label="Hamilton Rating Scale for Depression, 17 items",
    highest=52,
    baseline=Parameter(23.5, "points", "Blumberger2018", "read", "23.5 and 23.6 in the two arms"),
    baseline_sd=_assumed(4.0, "points"),
    rating_sd=_assumed(2.0, "points"),
    response=_half("Blumberger2018"),
    remission=Parameter(7, "points", "Blumberger2018", "unverified", "7 or less, by convention"),
)
MADRS = Scale(
    name="MADRS",
    label="Montgomery-Åsberg Depression Rating Scale",
    highest=60,
    baseline=_assumed(31.0, "points"),
    baseline_sd=_assumed(5.0, "points"),
    rating_sd=_assumed(2.5, "points"),
    response=_half("Cole2022"),
    remission=Parameter(10, "points", "Cole2022", "unverified", "10 or less, by convention"),
)
PHQ9 = Scale(
    name="PHQ-9",
    label="Patient Health Questionnaire, 9 items",
    highest=27,
    baseline=_assumed(19.0, "points"),
    baseline_sd=_assumed(4.0, "points"),
    rating_sd=_assumed(1.5, "points"),
    response=_half("Sackeim2020"),
    remission=Parameter(4, "points", "Sackeim2020", "unverified", "below 5, by convention"),
)
YBOCS = Scale(
    name="Y-BOCS",
    label="Yale-Brown Obsessive Compulsive Scale",
    highest=40,
    baseline=_assumed(27.5, "points"),
    baseline_sd=_assumed(4.0, "points"),
    rating_sd=_assumed(1.5, "points"),
    response=Parameter(0.3, "1", "Carmi2019", "read", "a fall by 30 % or more"),
)
DEPRESSION_SCALES = (HRSD, MADRS, PHQ9)
SCALES = {scale.name: scale for scale in (*DEPRESSION_SCALES, YBOCS)}

INDICATIONS = {
    indication.name: indication
    for indication in (
        Indication(
            name="depression",
            label="major depression",
            words=("depress",),
            evidence="sham-controlled trials, pooled d -0.42 to -0.51 (Kedzior2014); open-label rates are "
            "higher, and small trials of accelerated courses shrank when repeated (Kratter2026)",
        ),
        Indication(
            name="ocd",
            label="obsessive-compulsive disorder",
            words=("obsessive",),
            evidence="one multicentre sham-controlled trial (Carmi2019), open-label clinics (Roth2021)",
        ),
        Indication(
            name="gad",
            label="generalised anxiety disorder",
            words=("generalised anxiety", "generalized anxiety"),
            evidence="pooled small trials, most not blinded (Cui2019); no course of symptoms was read",
        ),
        Indication(
            name="ptsd",
            label="post-traumatic stress disorder",
            words=("post-traumatic", "posttraumatic", "ptsd"),
            evidence="nine pooled studies (Cirillo2019); no course of symptoms was read",
        ),
        Indication(
            name="panic",
            label="panic disorder",
            words=("panic",),
            evidence="two small trials, too few to tell (a Cochrane review of 2014, conclusion unverified)",
        ),
        Indication(
            name="migraine",
            label="migraine",
            words=("migraine",),
            evidence="one sham-controlled trial of attacks with aura (Lipton2010); no clear effect on "
            "chronic migraine (Lan2017); prevention is open-label (Starling2018)",
        ),
        Indication(
            name="smoking",
            label="smoking cessation",
            words=("smok",),
            evidence="one multicentre sham-controlled trial (Zangen2021); quitting isn't a score that falls",
        ),
        Indication(
            name="stroke",
            label="motor recovery after stroke",
            words=("stroke",),
            evidence="graded A for the post-acute hand (Lefaucheur2020), yet two multicentre trials of 1 Hz "
            "found no more than sham gave (Harvey2018, Edwards2023)",
        ),
        Indication(
            name="pain",
            label="neuropathic pain",
            words=("pain",),
            evidence="graded A for M1 opposite to the pain (Lefaucheur2020); no trial figures were read",
        ),
        Indication(
            name="tinnitus",
            label="tinnitus",
            words=("tinnitus",),
            evidence="graded neither A nor B (Lefaucheur2020); no trial figures were read",
        ),
        Indication(
            name="hallucinations",
            label="auditory verbal hallucinations",
            words=("hallucination",),
            evidence="graded neither A nor B (Lefaucheur2020); no trial figures were read",
        ),
    )
}
