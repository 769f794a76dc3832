"""Plasticity: which model takes what, what it refuses, whom it draws, and its doors."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.cli import main
from tmsim.core import InputError, OutsideModelError
from tmsim.core.citations import citations
from tmsim.plasticity import (
    EVIDENCE,
    MODELS,
    Calcium,
    GraupnerBrunel,
    Huang,
    Kernel,
    Response,
    default_model,
    draw_people,
    is_theta_burst,
    parameters,
    plasticity_model,
    respond,
    theta_burst,
    threshold_change,
)
from tmsim.pulse import (
    CurrentSlope,
    Layer,
    PercentAMT,
    PercentRMT,
    Train,
    list_protocols,
    parse_train,
    protocol,
)

ITBS = parse_train("iTBS")
SHORT = {"huang": "cTBS for 30 pulses", "kernel": "30 pulses at 10 Hz"}


def short_train(name: str) -> Train:
    return parse_train(SHORT.get(name, "30 pulses at 10 Hz"))


# Models by name.


def test_models_go_by_name_and_an_unknown_one_is_refused():
    assert list(MODELS) == ["huang", "kernel", "calcium", "graupner-brunel"]
    for name in MODELS:
        assert plasticity_model(name).name == name
        assert plasticity_model(name).validity.endswith(".")
    with pytest.raises(InputError, match="one of huang, kernel, calcium, graupner-brunel"):
        plasticity_model("stdp")


def test_theta_burst_goes_to_huang_and_the_rest_to_the_kernel():
    assert default_model(ITBS).name == "huang"
    for sentence in ("900 pulses at 1 Hz", "4 pulses every 5 ms, every 5 s, for 1440 pulses"):
        assert default_model(parse_train(sentence)).name == "kernel"


WITHOUT = ("itms", "pas10", "pas25", "stms-migraine")  # pairs, and pulses too slow or too few


@pytest.mark.parametrize("name", sorted(set(list_protocols()) - set(WITHOUT)))
def test_each_block_of_the_library_has_an_after_effect(name):
    for block in protocol(name).blocks:
        effect = default_model(block.train).after_effect(block.train, block.intensity)
        assert np.abs(effect.change).max() > 0.01
        assert effect.notes
        assert set(effect.sources) <= set(citations())


@pytest.mark.parametrize("name", WITHOUT)
def test_a_protocol_without_known_after_effect_is_refused(name):
    for block in protocol(name).blocks:
        with pytest.raises(OutsideModelError, match="expected"):
            default_model(block.train).after_effect(block.train, block.intensity)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("intensity", [PercentAMT(0), PercentRMT(0), CurrentSlope(0)])
def test_pulses_of_no_intensity_change_nothing(name, intensity):
    effect = plasticity_model(name).after_effect(short_train(name), intensity)
    assert not effect.change.any()
    assert not effect.spread.any()


@pytest.mark.parametrize("name", MODELS)
def test_the_same_train_gives_the_same_bits_twice(name):
    first, second = (plasticity_model(name).after_effect(short_train(name)) for _ in range(2))
    assert first.change.tobytes() == second.change.tobytes()
    assert first.change.any()


@pytest.mark.parametrize("name", ["huang", "calcium", "graupner-brunel"])
def test_a_state_of_another_model_is_refused(name):
    other = "calcium" if name == "huang" else "huang"
    state = plasticity_model(other).after_effect(short_train(other)).state
    with pytest.raises(InputError, match="state"):
        plasticity_model(name).after_effect(short_train(name), state=state)
    with pytest.raises(InputError, match="no memory"):
        Kernel().after_effect(short_train("kernel"), state=state)


@pytest.mark.parametrize("name", ["huang", "calcium", "graupner-brunel"])
@pytest.mark.parametrize("pause_s", [0.0, -1.0, math.nan, math.inf, 1e6])
def test_a_pause_that_is_none_is_refused(name, pause_s):
    state = plasticity_model(name).after_effect(short_train(name)).state
    assert state is not None
    with pytest.raises(InputError, match="pause"):
        state.rested(pause_s)


@pytest.mark.parametrize("name", ["calcium", "graupner-brunel"])
def test_resting_to_a_later_time_goes_through_any_earlier_one(name):
    state = plasticity_model(name).after_effect(short_train(name)).state
    assert state is not None
    straight, by_steps = state.rested(20.0), state.rested(5.0).rested(20.0)
    for field in ("values", "efficacy"):
        if hasattr(straight, field):
            assert getattr(by_steps, field) == pytest.approx(getattr(straight, field), rel=1e-9, abs=1e-12)
    with pytest.raises(InputError, match="pause"):
        by_steps.rested(10.0)


# Theta burst.


@given(
    bursts=st.integers(2, 300),
    trains=st.integers(1, 60),
    gap_s=st.integers(1, 200).map(lambda tenths: tenths / 10),
    rates=st.sampled_from([(0.02, 0.2), (1 / 30, 1 / 6), (0.02, 0.25)]),
)
def test_theta_burst_is_known_by_its_bursts_and_trains(bursts, trains, gap_s, rates):
    pulse_s, burst_s = rates
    layers = [Layer(count=3, interval_s=pulse_s), Layer(count=bursts, interval_s=burst_s)]
    layers.append(Layer(count=trains, interval_s=bursts * burst_s + gap_s))
    train = Train(layers=tuple(layers))
    found = theta_burst(train)
    assert (found.pulses, found.bursts, found.trains) == (3, bursts, trains)
    assert 3 * found.total_bursts == train.n_pulses
    assert found.pause_s == pytest.approx(burst_s - 2 * pulse_s)
    assert found.gap_s == pytest.approx(gap_s if trains > 1 else 0.0)
    assert np.isfinite(Huang().after_effect(train).change).all()


@pytest.mark.parametrize(
    "sentence",
    ["1 pulse", "10 Hz for 100 pulses", "4 pulses every 5 ms, every 5 s, for 1440 pulses",
     "3 pulses at 50 Hz, every 2 s, for 30 pulses"],
)  # fmt: skip
def test_other_trains_are_no_theta_burst_and_huang_says_what_it_takes(sentence):
    train = parse_train(sentence)
    assert not is_theta_burst(train)
    with pytest.raises(OutsideModelError, match="is no theta burst; expected 2 to 5 pulses at 25 to 100 Hz"):
        Huang().after_effect(train)


def test_bursts_and_nests_that_huang_was_not_fitted_to_are_refused_by_name():
    with pytest.raises(OutsideModelError, match="bursts: 4 pulses at 50 Hz; expected 3 pulses"):
        Huang().after_effect(parse_train("4 pulses at 50 Hz every 0.2 s, for 400 pulses"))
    with pytest.raises(
        OutsideModelError, match="bursts: 3 pulses at 100 Hz; expected 3 pulses at 30 to 50 Hz"
    ):
        Huang().after_effect(parse_train("3 pulses at 100 Hz every 0.2 s, for 300 pulses"))
    blocks = Train(layers=(*ITBS.layers, Layer(count=3, interval_s=800.0)))
    with pytest.raises(OutsideModelError, match="Give the blocks one by one"):
        Huang().after_effect(blocks)


def test_a_block_minutes_before_does_not_count_and_the_notes_say_what_people_show():
    model = Huang()
    first = model.after_effect(ITBS)
    assert first.state is not None
    late = model.after_effect(ITBS, state=first.state.rested(600.0))
    assert np.array_equal(late.change, first.change)
    assert any("10 min before does not enter" in note and "YuF2020" in note for note in late.notes)
    soon = model.after_effect(ITBS, state=first.state.rested(20.0))
    assert not np.array_equal(soon.change, first.change)


def test_notes_name_the_intensity_that_does_not_enter():
    assert any("120 %RMT" in note for note in Huang().after_effect(ITBS, PercentRMT(120)).notes)
    assert any(
        "120 %RMT" in note for note in Kernel().after_effect(short_train("kernel"), PercentRMT(120)).notes
    )


# The kernel.


def test_pulses_scale_the_kernel_up_to_what_was_studied_and_no_further():
    full = Kernel().after_effect(parse_train("1000 pulses at 10 Hz")).change
    assert Kernel().after_effect(parse_train("250 pulses at 10 Hz")).change == pytest.approx(full / 4)
    assert np.array_equal(Kernel().after_effect(parse_train("3000 pulses at 10 Hz")).change, full)


def test_the_kernel_halves_in_a_half_life_after_its_peak():
    row = EVIDENCE["QPS5"]
    change = Kernel().after_effect(parse_train("4 pulses every 5 ms, every 5 s, for 1440 pulses")).change
    peak = round(row.peak_s.value / 30)
    assert change[0] == 0
    assert change.argmax() == peak
    assert change[peak] == pytest.approx(row.effect.value)
    assert change[peak + round(row.half_life_s.value / 30)] == pytest.approx(row.effect.value / 2)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("1 pulse", "single pulse"),
        ("100 pulses at 0.1 Hz", "0.1 Hz; expected one of 1 Hz"),
        ("100 pulses at 2 Hz", "changes sign"),
        ("100 pulses at 50 Hz", "50 Hz; expected one of"),
        ("iTBS", "theta burst; the table holds none"),
        ("4 pulses every 10 ms, every 5 s, for 1440 pulses", "4-pulse bursts at 100 Hz"),
        ("2 pulses every 1.5 ms, every 5 s, for 360 pulses", "666.7 Hz"),
        ("3 pulses at 10 Hz, every 1 s, 10 s on, 20 s off, for 300 pulses", "train of trains"),
    ],
)
def test_the_kernel_refuses_what_its_table_does_not_hold(sentence, why):
    with pytest.raises(OutsideModelError, match=why):
        Kernel().after_effect(parse_train(sentence))


# Research models.


def test_research_models_refuse_values_they_can_not_take():
    for amplitude in (-1.0, math.nan, 1000.0):
        with pytest.raises(InputError, match="amplitude"):
            Calcium(amplitude=amplitude)
    with pytest.raises(OutsideModelError, match="apart"):
        Calcium().after_effect(Train(layers=(Layer(count=10, interval_s=1e-4),)))
    with pytest.raises(OutsideModelError, match="at most 4 h"):
        Calcium().after_effect(Train(layers=(Layer(count=10, interval_s=3600.0),)))
    for options in ({"post_delay_s": -0.01}, {"post_delay_s": math.nan}, {"synapses": 0}, {"seed": -1}):
        with pytest.raises(InputError):
            GraupnerBrunel(**options)


def test_synapses_depend_on_their_seed():
    first, second = (GraupnerBrunel(seed=seed).after_effect(short_train("")).change for seed in (0, 1))
    assert not np.array_equal(first, second)
    assert first == pytest.approx(second, abs=0.05)


# People.


def test_a_person_is_the_same_in_any_company_and_on_any_day_again():
    effect = Huang().after_effect(ITBS)
    few, many = draw_people(3, 10), draw_people(3, 40)
    assert np.array_equal(few.gains(effect, session=4), many.gains(effect, session=4)[:10])
    assert np.array_equal(few.gains(effect), draw_people(3, 10).gains(effect))
    assert not np.array_equal(few.gains(effect), draw_people(4, 10).gains(effect))


def test_gains_have_the_mean_the_spread_and_the_share_that_were_asked_for():
    response = Response(mean=0.65, sd=0.9, share=0.43)
    generator = np.random.default_rng(0)
    gains = response.gains(generator.random(200_000), generator.standard_normal(200_000))
    upper, lower = response.centres
    assert gains.mean() == pytest.approx(0.65, abs=0.01)
    assert gains.std() == pytest.approx(0.9, rel=0.01)
    assert (gains > (upper + lower) / 2).mean() == pytest.approx(0.43, abs=0.01)


def test_no_mep_falls_below_nothing():
    effect = Huang().after_effect(parse_train("cTBS for 3000 pulses"))
    assert effect.change.min() >= -1
    assert respond(draw_people(0, 500), effect).change.min() >= -1


def test_people_who_can_not_be_are_refused():
    for seed, n in ((-1, 10), (0, 1), (0, 10**7)):
        with pytest.raises(InputError):
            draw_people(seed, n)
    with pytest.raises(InputError, match="session"):
        draw_people(0, 2).gains(Huang().after_effect(ITBS), session=-1)


# The motor threshold.


def test_the_threshold_falls_as_the_mep_grows():
    assert threshold_change(np.array([0.0, 0.5])) == pytest.approx([0.0, -0.0270], abs=1e-4)
    # From 1 mV at 120 % of threshold to 50 uV, a twentieth: the threshold is now where 120 % was.
    assert threshold_change(np.array([1 / 20 - 1])) == pytest.approx([0.2], rel=0.01)
    for wrong in (-1.0, -1.5, math.nan):
        with pytest.raises(InputError, match="change of the MEP"):
            threshold_change(np.array([wrong]))


# Evidence and doors.


def test_every_number_names_a_work_of_the_bibliography_or_says_it_is_assumed():
    found = []

    def collect(value: object) -> None:
        if isinstance(value, parameters.Parameter):
            found.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                collect(item)
        elif isinstance(value, tuple):
            for item in value:
                collect(item)
        elif isinstance(value, (parameters.Evidence, parameters.Pooled)):
            collect(tuple(vars(value).values()))

    collect({name: value for name, value in vars(parameters).items() if name.isupper() or name[0].isupper()})
    assert len(found) > 80
    assert {p.source for p in found} - set(citations()) == {"assumed"}
    assert {p.status for p in found if p.source == "assumed"} == {"unverified"}


def test_the_command_lists_the_models(capsys):
    assert main(["plasticity", "list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == list(MODELS)


def test_the_command_runs_a_sentence_a_protocol_and_another_model(capsys, tmp_path: Path):
    picture = tmp_path / "after.png"
    arguments = ["plasticity", "run", "iTBS", "--people", "20", "--json", "--picture", str(picture)]
    assert main(arguments) == 0
    (fact,) = json.loads(capsys.readouterr().out)
    assert fact["model"] == "huang"
    assert fact["model_change"] == pytest.approx(0.549, abs=0.001)
    assert len(fact["change"]) == len(fact["time_s"]) == len(fact["sd"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["plasticity", "run", "bilat-seq", "--people", "20"]) == 0
    assert capsys.readouterr().out.count("model kernel") == 2
    assert (
        main(["plasticity", "run", "30 pulses at 10 Hz", "--people", "5", "--model", "graupner-brunel"]) == 0
    )
    assert "Textbook" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["pas25"], "expected one of 1 Hz"),
        (["iTBS", "--model", "kernel"], "theta burst"),
        (["iTBS", "--model", "stdp"], "plasticity model"),
        (["iTBS", "--people", "1"], "people"),
        (["iTBS", "--intensity", "strong"], "intensity"),
        (["no-such"], "protocol"),
    ],
)
def test_the_command_refuses_in_one_sentence(capsys, arguments, why):
    assert main(["plasticity", "run", *arguments]) == 2
    error = capsys.readouterr().err
    assert why in error
    assert "Traceback" not in error


def test_the_figure_shows_single_people_the_mean_with_its_spread_and_the_model():
    from tmsim.report.plasticity import after_effect_figure

    group = respond(draw_people(1, 60), Huang().after_effect(ITBS))
    curves, people = after_effect_figure([group], ["iTBS"]).axes
    labels = [text.get_text() for text in curves.get_legend().get_texts()]
    assert labels[:3] == ["± SD between 60 people drawn", "their mean", "model huang"]
    single = [line for line in curves.lines if len(line.get_xdata()) == len(group.effect.time_s)]
    assert len(single) == 40 + 2
    assert "respond" in people.get_title()
