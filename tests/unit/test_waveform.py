"""Waveforms: what one is, by name, and as recorded in a file."""

import numpy as np
import pytest

from tmsim.coil import RecordedWaveform
from tmsim.core import InputError
from tmsim.pulse import Waveform, list_waveforms, read_waveform, recorded, waveform

TIME = np.linspace(0, 300e-6, 601)
SINE = np.cos(2 * np.pi * TIME / 300e-6)


def pulse(**changes):
    values = {"name": "cosine", "kind": "recorded", "time_s": TIME, "didt": SINE} | changes
    return Waveform(**values)


def test_a_cosine_has_the_current_of_a_sine():
    wave = pulse(didt=3 * SINE)
    assert wave.didt.max() == 1.0
    np.testing.assert_allclose(
        wave.current_s, np.sin(2 * np.pi * TIME / 300e-6) * 300e-6 / (2 * np.pi), atol=1e-9
    )
    assert wave.peak_current_A(100e6) == pytest.approx(100e6 * 300e-6 / (2 * np.pi), rel=1e-4)
    assert wave.first_phase_s == pytest.approx(75e-6, rel=1e-4)
    assert wave.second_peak == pytest.approx(-1)
    assert wave.imbalance == pytest.approx(0, abs=1e-9)
    assert wave.duration_s == 300e-6
    with pytest.raises(ValueError, match="read-only"):
        wave.didt[0] = 0


def test_sampling_keeps_the_shape_from_start_to_end():
    samples = pulse().sampled(2e-6)
    assert len(samples) == 151
    np.testing.assert_allclose(samples, np.cos(2 * np.pi * np.arange(151) * 2e-6 / 300e-6), atol=1e-9)
    assert len(pulse().sampled(7e-6)) == 43  # the last at 294 us
    for step_s in (0.0, -1e-6, float("nan"), 100e-6):
        with pytest.raises(InputError, match="time step"):
            pulse().sampled(step_s)


def test_half_a_wave_has_no_second_phase():
    wave = pulse(time_s=TIME[:150], didt=SINE[:150])
    assert wave.second_peak == 0
    assert wave.first_phase_s == wave.duration_s
    assert wave.imbalance == pytest.approx(1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"didt": np.full(601, np.nan)}, "NaN"),
        ({"didt": np.zeros(601)}, "all zero"),
        ({"didt": SINE[:-1]}, "shape"),
        ({"didt": -SINE}, "a first phase below zero"),
        ({"time_s": TIME + 1e-6}, "not rising from 0"),
        ({"time_s": TIME * 1e6}, "a pulse of 300 s; expected 20 us to 10 ms. Is the time in seconds"),
        ({"time_s": TIME * 1e-3}, "a pulse of 3e-07 s"),
        ({"time_s": np.zeros(601)}, "not rising"),
    ],
)
def test_what_is_no_pulse_is_refused(changes, says):
    with pytest.raises(InputError, match=says):
        pulse(**changes)


@pytest.mark.parametrize("name", list_waveforms())
def test_each_name_is_a_pulse_whose_first_phase_is_the_largest(name):
    wave = waveform(name)
    assert wave.name == name
    assert wave.didt.max() == 1.0
    assert wave.didt[-1] == 0.0
    assert wave.current_s.min() > -1e-3 * wave.current_s.max() or wave.kind == "biphasic"


def test_rectangular_pulses_are_named_by_width_and_ratio():
    wave = waveform("ctms-60us-5")
    assert wave.first_phase_s == pytest.approx(60e-6, abs=1e-9)
    assert waveform("ctms-37.5us-1.5").first_phase_s == pytest.approx(37.5e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("magpro", "'magpro'; expected one of magpro-x100-monophasic"),
        ("ctms-5us-5", "phase width: 5 us"),
        ("ctms-60us-100", "amplitude ratio: 100"),
        ("missing.csv", "No such file"),
    ],
)
def test_an_unknown_name_is_refused(name, says):
    with pytest.raises(InputError, match=says):
        waveform(name)


def text(separator=",", header="", scale=1.0, sign=1.0, lead=0):
    time = np.arange(len(TIME) + lead) * (TIME[1] * scale)
    values = np.concatenate([np.zeros(lead), SINE * sign])
    return header + "".join(f"{t:.9g}{separator}{v:.9g}\n" for t, v in zip(time, values, strict=True))


@pytest.mark.parametrize(
    "content",
    [
        text(),
        text("\t"),
        text(";"),
        text("   "),
        text(header="time,didt\n"),
        text(header="# a scope\n\nTime (s),Channel 1 (V)\n"),
        text(header="time_us,E\n", scale=1e6),
        text("\t", header="t [ms]\tdI/dt\n", scale=1e3),
        text(header='"t (µs)","V"\n', scale=1e6),
        "\ufeff" + text(header="time,didt\n"),
        text(sign=-250.0),
        text(lead=400),
        text() + "0.0004,0\n0.0005,0\n0.02,0\n",
    ],
)
def test_a_record_is_the_same_pulse_however_it_is_written(tmp_path, content):
    path = tmp_path / "record.txt"
    path.write_text(content, encoding="utf-8")
    wave = waveform(path)
    assert wave.kind == "recorded"
    assert wave.didt.max() == 1.0
    assert wave.first_phase_s == pytest.approx(75e-6, abs=1.5e-6)
    assert wave.second_peak == pytest.approx(-1, abs=1e-3)
    assert wave.duration_s == pytest.approx(300e-6, abs=101e-6)


def test_noise_before_the_pulse_is_cut_off(tmp_path):
    rng = np.random.default_rng(7)
    values = np.concatenate([np.zeros(200), SINE]) + 0.002 * rng.standard_normal(801)
    np.savetxt(tmp_path / "scope.tsv", np.column_stack([np.arange(801) * 0.5e-6, values]), delimiter="\t")
    wave = read_waveform(tmp_path / "scope.tsv")
    assert wave.first_phase_s == pytest.approx(75e-6, abs=2e-6)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (text(scale=1e6), "a pulse of 300 s"),
        (text(scale=1e3), "a pulse of 0.3 s"),
        (text(header="time_us,E\n"), "a pulse of 3e-10 s"),
        (text().replace("5e-07,", "nan,"), "NaN"),
        (text().replace("0.0001,", "0.0002,"), "not rising"),
        ("0,0\n1e-5,0\n2e-4,0\n", "all zero"),
        ("", "no numbers"),
        ("time,didt\n", "no numbers"),
        ("0 1\n1e-5 x\n", "'1e-5 x' in line 2"),
        ("0\n1e-5\n", "no numbers"),
        ("0,1\n", "not rising"),
    ],
)
def test_a_broken_record_is_refused_in_one_sentence(tmp_path, content, says):
    path = tmp_path / "record.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says) as refused:
        read_waveform(path)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "record.csv").write_bytes(b"\xff\xfe\x00\x81" * 20)
    with pytest.raises(InputError, match="not a text file"):
        read_waveform(tmp_path / "record.csv")


def test_the_record_of_a_coil_file_starts_with_its_first_phase():
    record = RecordedWaveform(
        name="B70", time_s=np.arange(801) * 0.5e-6 - 20e-6, didt=-np.concatenate([np.zeros(200), SINE])
    )
    wave = recorded(record)
    assert wave.name == "B70"
    assert wave.didt.max() == 1.0
    assert wave.first_phase_s == pytest.approx(75e-6, abs=1e-6)
