"""The weeks: sessions over days, and how symptoms fall in virtual cohorts, active and sham.

A statistical room. Nothing of the field, the neurons, the plasticity or the network enters: no map from any
of them to symptoms has been validated. What comes out is what trials of such courses found, with its spread,
and never a prediction for a person.

A person's symptoms after n sessions fall exponentially (Berlow2023), around which ratings scatter::

    y(n) = y_inf + (y_0 - y_inf) exp(-n / tau)      rating = round(y + error), 0 to the scale's highest

y_0, y_inf / y_0 and tau differ between people: normal, normal and lognormal within a class of people. Classes
and their shares are published (Kaster2019 for the default); where a trial gave end points only, the curve is
calibrated to them. Active and sham arms have classes of their own; sham is never nothing.

Models, with what was published and what comes out in 100 000 people (active, or active/sham)::

    classes           HRSD-17 23.5 to 13.4 at 20 to 30 sessions      14.1, 13.3, 12.6 at 20, 25, 30
                      (Blumberger2018); 11, 19, 30, 40 % of people   response 51/26 %, remission 28/10 %
                      in four classes (Kaster2019)
    exponential       the same end point, one class                  14.1, 13.6, 13.2
    symptom-clusters  the same, other classes: 31, 33, 23, 13 %      14.1, 13.4, 13.0
    prolonged         classes of 23, 7, 49, 21 % of people           PHQ-9 19 to 9.6 and 8.8 at 30 and 50
    accelerated       remission 79/13 % (Cole2022, at any time)      55/16 %; 65/19 % at any time
                      and 50/21 % (Kratter2026)
    ocd               Y-BOCS -6.0/-3.3, response 38/11 %             -6.1/-3.3, 38/10 %
                      (Carmi2019)

All constants of the curves, the spreads, and the baselines but one are calibrations of this project. The
trials behind the first four had no sham: theirs is set so that active falls 0.4 to 0.6 standard deviations
more, as in pooled trials (0.42, Kedzior2014). By itself it then falls by 1.3 standard deviations, where the
sham arms of blinded trials fell by 0.8 (Razza2018). Other indications have figures of trials and no model:
:func:`trials`.

Range: the courses of the trials, rated during the course. A session counts the same whatever the day, and a
missed one doesn't count: fewer than 30 come out worse, more than 36 slightly better, as in a registry
(Hutton2023). Relapse, drop-out, medication and illness are not modelled. Open-label rates are higher than
those of blinded trials, and the figures of small trials shrink when repeated.

A person's numbers are keyed by seed, arm and index: person k is the same in a cohort of any size, and a
course that stops and goes on from its state gives the same ratings as one that runs through.
"""

from tmsim.course.models import MODELS, default_model, indication_of, symptom_model
from tmsim.course.parameters import INDICATIONS, SCALES
from tmsim.course.published import trials
from tmsim.course.schedule import schedule_of
from tmsim.course.simulate import (
    Cohort,
    CohortSpec,
    binomial_band,
    cohort,
    effect_size,
    simulate_course,
)
from tmsim.course.state import CourseState, read_state, resume, state_of, write_state
from tmsim.course.types import (
    ARMS,
    Arm,
    Indication,
    Scale,
    Schedule,
    Session,
    SymptomModel,
    TrajectoryClass,
    TrialArm,
    TrialOutcome,
)

__all__ = [
    "ARMS",
    "INDICATIONS",
    "MODELS",
    "SCALES",
    "Arm",
    "Cohort",
    "CohortSpec",
    "CourseState",
    "Indication",
    "Scale",
    "Schedule",
    "Session",
    "SymptomModel",
    "TrajectoryClass",
    "TrialArm",
    "TrialOutcome",
    "binomial_band",
    "cohort",
    "default_model",
    "effect_size",
    "indication_of",
    "read_state",
    "resume",
    "schedule_of",
    "simulate_course",
    "state_of",
    "symptom_model",
    "trials",
    "write_state",
]
