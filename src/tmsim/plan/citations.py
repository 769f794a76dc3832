"""Which published works the numbers of a run rest on."""

from __future__ import annotations

import numpy as np

from tmsim.core.citations import citations
from tmsim.field.types import FiniteElements
from tmsim.head.parameters import TISSUES
from tmsim.neuron.dose import DISTANCE_SLOPE
from tmsim.placement import NAMED_POINTS, BeamF3, Electrode, Named, Placement, parse_target
from tmsim.plan.results import Results
from tmsim.pulse.parameters import STIMULATORS

ALWAYS = ("Deng2013", "Desikan2006", "Jones2000", "Thielscher2015")
"""Half-depth and spread; regions; the mid-cortical surface; the convention of poses and tissue tags."""


def citations_of(results: Results) -> tuple[str, ...]:
    """BibTeX keys of the sources behind a run, in alphabetical order; those that CITATIONS.bib knows."""
    solved, response, session = results.solved, results.response, results.session
    head, coil, method = solved.head, solved.coil, solved.field.method
    standard = set(np.unique(head.tags).tolist()) - set(head.sigma_S_per_m)
    keys = {*ALWAYS, coil.source, *(TISSUES[tag].conductivity.source for tag in standard)}
    if isinstance(method, FiniteElements) and method.order == 2:
        keys.add("Gomez2020")
        if method.error is not None:
            keys |= {"Bey1995", "Doerfler1996"}
    if pulse := STIMULATORS.get(response.waveform.name):
        keys |= {figure.source for figure in pulse.figures.values()}
    if response.recruitment is not None:
        keys |= {"Aberra2020", "Peterchev2013"}
    if response.threshold is not None:
        keys |= {"Weise2025", "Caulfield2021", "Dannhauer2024", DISTANCE_SLOPE.source}
    if response.muscle is not None:
        keys |= {"Goetz2019", "Awiszus2003"}
    if session is not None:
        keys |= {*session.protocol.sources, *(finding.source for finding in session.findings)}
        groups = (result.group for result in session.blocks if result.group is not None)
        keys |= {source for group in groups for source in group.effect.sources}
    if results.transmission is not None:
        keys |= {*results.transmission.release.sources}
    if (brain := results.brain) is not None:
        keys |= {*brain.evoked.sources, *brain.resting.sources}
    if results.weeks is not None:
        keys |= {source for cohort in results.weeks.cohorts for source in cohort.spec.model.sources}
        keys |= {found.value.source for arm in results.weeks.trials for found in arm.outcomes}
    if isinstance(solved.pose, Placement):
        match parse_target(solved.pose.target):
            case Electrode():
                keys |= {"Jasper1958", "Oostenveld2001", "Jurcak2007"}
            case BeamF3():
                keys.add("Beam2009")
            case Named(name):
                keys.add(NAMED_POINTS[name].source)
    return tuple(sorted(keys & citations().keys()))
