"""Transmitters against published figures.

Concentrations of the terminal are those of a re-implementation of Best2010 with the autoreceptors of
Best2020, recomputed from the same equations, beside those that its source states. The circuit's are a rerun
of the code of the group of Joshi2017. Binding is Pogarell2007, depletion Laruelle1997.
"""

from __future__ import annotations

import numpy as np
import pytest

from tmsim.core.citations import citations
from tmsim.pulse import protocol
from tmsim.transmitters import (
    EVIDENCE,
    OBSERVATIONS,
    SSRI,
    TRANSMITTERS,
    Pharmacology,
    SerotoninTerminal,
    binding_change,
    circuit,
    extracellular,
    parameters,
    prefrontal_drive,
    resting,
    session_binding,
    session_release,
)
from tmsim.transmitters.parameters import STATES

TERMINAL = SerotoninTerminal()


# The serotonin terminal.


@pytest.mark.parametrize(
    ("name", "recomputed_uM", "source_uM"),
    [
        ("extracellular", 0.0590, 0.0603),
        ("cytosol", 0.0368, 0.0373),
        ("vesicles", 66.6, 63.0),
        ("tryptophan", 20.16, 20.16),
        ("bh4", 0.900, 0.9006),
        ("htp", 1.611, 1.609),
        ("g", 0.854, 0.866),
    ],
)
def test_steady_state_of_the_terminal_is_that_of_the_reimplementation(name, recomputed_uM, source_uM):
    found = TERMINAL.settled()[STATES.index(name)]
    assert found == pytest.approx(recomputed_uM, rel=0.03)
    assert found == pytest.approx(source_uM, rel=0.07)


def test_a_fifth_of_the_transporters_doubles_serotonin():
    fewer = SerotoninTerminal(sert_scale=0.2)
    ratio = fewer.concentration_M(fewer.settled()) / TERMINAL.concentration_M(TERMINAL.settled())
    assert ratio == pytest.approx(2.03, abs=0.05)


def test_twice_the_firing_for_an_hour_raises_serotonin_by_half():
    run = extracellular(TERMINAL, np.full(3600, 2.0))
    ratio = run.concentration_M[-1] / TERMINAL.concentration_M(TERMINAL.settled())
    assert ratio == pytest.approx(1.52, abs=0.015)


def test_after_a_burst_serotonin_plunges_below_rest_within_half_a_minute():
    # As voltammetry shows and the autoreceptors of Best2020 were made to do (abstract).
    rest_M = TERMINAL.concentration_M(TERMINAL.settled())
    burst = extracellular(TERMINAL, np.r_[np.full(30, 3.0), np.ones(600)])
    assert burst.concentration_M[:30].max() > 2 * rest_M
    assert burst.concentration_M[30:60].min() < 0.8 * rest_M
    assert burst.concentration_M[-1] == pytest.approx(rest_M, rel=0.02)


def test_autoreceptors_blunt_what_a_change_of_the_transporter_does():
    # Feedback makes polymorphisms of the transporter matter less than one would expect (Best2010, abstract).
    held = SerotoninTerminal(sert_scale=0.5)
    loose = SerotoninTerminal(sert_scale=0.5, autoreceptor=0.0)
    rest_M = TERMINAL.concentration_M(TERMINAL.settled())
    assert 1.2 * rest_M < held.concentration_M(held.settled()) < 0.8 * loose.concentration_M(loose.settled())


# The circuit.


@pytest.mark.parametrize(
    ("asked", "dopamine_Hz", "serotonin_Hz", "dopamine_nM", "serotonin_nM"),
    [
        ({}, 4.8, 3.0, 20, 38),
        ({"serotonin": 50.0}, None, None, 14, 64),
        ({"pharmacology": Pharmacology(sert_scale=0.3)}, 0.0, None, 0, 147),
    ],
)
def test_circuit_settles_at_the_rerun_of_the_published_code(
    asked, dopamine_Hz, serotonin_Hz, dopamine_nM, serotonin_nM
):
    run = circuit(**asked)
    assert run.dopamine_M[-1] * 1e9 == pytest.approx(dopamine_nM, abs=0.5)
    assert run.serotonin_M[-1] * 1e9 == pytest.approx(serotonin_nM, abs=0.5)
    for found, rerun in ((run.dopamine_Hz[-1], dopamine_Hz), (run.serotonin_Hz[-1], serotonin_Hz)):
        if rerun is not None:
            assert found == pytest.approx(rerun, abs=0.05)


def test_the_two_sets_of_weights_agree_at_rest_and_part_under_an_ssri():
    healthy, drugged = resting(), resting(SSRI)
    assert SSRI.sert_scale == 0.3  # that of the rerun
    np.testing.assert_allclose(healthy.rate_Hz[:, 0], healthy.rate_Hz[:, 1], rtol=0.07)
    assert drugged.rate_Hz[0, 0] == 0.0
    assert drugged.rate_Hz[0, 1] > 1.0


def test_an_ssri_slows_serotonin_cells_and_raises_serotonin_less_than_the_terminal_alone_would():
    healthy, drugged = resting(), resting(SSRI)
    assert (drugged.rate_Hz[1] < 0.8 * healthy.rate_Hz[1]).all()
    assert (drugged.concentration_M[1] > 1.4 * healthy.concentration_M[1]).all()
    assert (drugged.concentration_M[1] < drugged.held_M[1]).all()


# Tracers.


def test_twenty_to_sixty_percent_more_dopamine_is_five_to_fifteen_percent_less_binding():
    rest_M = circuit().dopamine_M[-1]
    change = binding_change(rest_M, rest_M * np.array([1.2, 1.4, 1.6]))
    assert -0.15 <= change.min() < change.max() <= -0.05


def test_binding_without_dopamine_is_within_what_depletion_showed():
    # Laruelle1997: +28 +- 16 % of [123I]IBZM binding.
    assert 0.12 < binding_change(circuit().dopamine_M[-1], 0.0) < 0.44


def test_the_gain_of_dopamine_puts_the_standard_session_on_the_figure_it_was_set_to():
    drive = prefrontal_drive(protocol("hf10-standard"), parameters.REFERENCE_SHARE.value)
    binding = session_binding(session_release(drive, aftermath_s=0))
    measured = binding.evidence.observations[0]
    assert measured.source == "Pogarell2007"
    assert (measured.change.value, measured.sd.value) == pytest.approx((-0.096, 0.062))
    assert binding.change.mean() == pytest.approx(-0.096, abs=0.001)
    assert (np.abs(binding.change - measured.change.value) < measured.sd.value).all()
    assert (binding.low < binding.change).all()
    assert (binding.change < binding.high).all()
    assert (binding.high < 0).all()


# Evidence.


def test_no_sign_is_claimed_for_serotonin_and_noradrenaline_in_people():
    for name in ("serotonin", "noradrenaline"):
        assert EVIDENCE[name].sign == "unknown"
        assert EVIDENCE[name].level != "human"
        assert "both signs are simulated" in EVIDENCE[name].words
    assert (EVIDENCE["dopamine"].level, EVIDENCE["dopamine"].sign) == ("human", "rises")
    assert "extrapolated" in EVIDENCE["dopamine"].words


def test_studies_of_serotonin_that_found_nothing_or_the_contrary_are_among_those_shown():
    shown = {found.source: found.found for found in EVIDENCE["serotonin"].observations}
    assert "did not after rTMS" in shown["Kanno2003"]
    assert "no change" in shown["Murgas2023"]
    assert "inhibited" in shown["Celada2001"]


def test_every_observation_and_number_names_a_work_or_says_that_it_is_a_choice():
    tables = (
        parameters.SEROTONIN_TERMINAL, parameters.CIRCUIT, parameters.DOPAMINE, parameters.NORADRENALINE,
        *parameters.WEIGHTS.values(),
    )  # fmt: skip
    numbers = [entry for table in tables for entry in table.values()]
    numbers += [value for value in vars(parameters).values() if isinstance(value, parameters.Parameter)]
    numbers += [found.change for found in OBSERVATIONS if found.change]
    for entry in numbers:
        assert entry.source == "assumed" or entry.source in citations()
        assert entry.source != "assumed" or entry.status == "unverified"
    assert {found.source for found in OBSERVATIONS} <= set(citations())
    assert {found.transmitter for found in OBSERVATIONS} == set(TRANSMITTERS)


def test_no_number_of_noradrenaline_is_said_to_be_verified():
    assert {entry.status for entry in parameters.NORADRENALINE.values()} == {"unverified"}


def test_noradrenaline_after_thirty_pulses_peaks_and_decays_as_in_the_slice_it_was_taken_from():
    # Palij1994: 0.31 uM after 30 pulses at 100 Hz, removed with a half-life of 2.93 s. Read from an abstract.
    c = {
        name: entry.value * 1e6
        for name, entry in parameters.NORADRENALINE.items()
        if name.endswith(("_M", "_s"))
    }
    step_s, uM, peak = 1e-3, 0.0, 0.0
    course = []
    for n in range(4000):
        released = c["release_M"] * 100 if n * step_s < 0.3 else 0.0
        uM += step_s * (released - c["vmax_M_per_s"] * uM / (c["km_M"] + uM))
        peak = max(peak, uM)
        course.append(uM)
    half_s = (np.array(course) > peak / 2).nonzero()[0][-1] * step_s - 0.3
    assert peak == pytest.approx(0.31, rel=0.05)
    assert half_s == pytest.approx(2.93, rel=0.05)
