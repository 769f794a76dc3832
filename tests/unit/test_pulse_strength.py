"""How strong a pulse is: intensities as text, %MSO to dI/dt, a lab's own table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.coil import Coil
from tmsim.core import InputError
from tmsim.pulse import (
    CurrentSlope,
    PercentAMT,
    PercentMSO,
    PercentRMT,
    didt_max_A_per_s,
    parse_intensity,
    read_output_table,
)

B70 = Coil.load("magventure-mc-b70")


@given(
    st.floats(0, 100).map(PercentMSO)
    | st.floats(0, 300).map(PercentRMT)
    | st.floats(0, 300).map(PercentAMT)
    | st.floats(0, 1e9).map(CurrentSlope)
)
def test_an_intensity_reads_back_from_its_text(some):
    assert parse_intensity(str(some)) == some


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("120 %RMT", PercentRMT(120)),
        ("120%rmt", PercentRMT(120)),
        ("80 % AMT", PercentAMT(80)),
        ("65.5 %MSO", PercentMSO(65.5)),
        ("67.5 A/us", CurrentSlope(67.5e6)),
        ("1e8 A/s", CurrentSlope(1e8)),
    ],
)
def test_intensities_are_written_as_in_a_lab(text, means):
    assert parse_intensity(text) == means
    assert str(PercentRMT(120.0)) == "120 %RMT"
    assert str(CurrentSlope(67.5e6)) == "67.5 A/us"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("101 %MSO", "101 %MSO; expected 0 to 100 %MSO"),
        ("-1 %MSO", "-1 %MSO"),
        ("nan %MSO", "'nan %MSO'"),
        ("400 %RMT", "0 to 300 %RMT"),
        ("120 %", "'120 %'"),
        ("120 %MT", "'120 %MT'"),
        ("120", "'120'"),
        ("60 V/m", "'60 V/m'"),
        ("-5 A/us", "-5e\\+06 A/s"),
        ("5000 A/us", "5e\\+09 A/s"),
    ],
)
def test_intensities_outside_the_device_or_without_a_unit_are_refused(text, says):
    with pytest.raises(InputError, match=says):
        parse_intensity(text)


def test_output_is_linear_in_percent():
    full = didt_max_A_per_s(B70)
    assert full == pytest.approx(155.3e6)  # Drakaki2022
    assert PercentMSO(100).didt_A_per_s(full) == full
    assert PercentMSO(65).didt_A_per_s(full) == pytest.approx(100.945e6)
    assert PercentMSO(0).didt_A_per_s(full) == 0


def write(tmp_path, text):
    path = tmp_path / "output.csv"
    path.write_text(text, encoding="utf-8")
    return path


HEADER = "stimulator,coil,didt_max_A_per_us\n"


def test_a_table_of_the_lab_goes_before_the_figure_of_the_coil(tmp_path):
    table = read_output_table(
        write(tmp_path, HEADER + "MagPro X100, magventure-mc-b70, 160\nMagPro R30,magventure-mc-b70,120.5\n")
    )
    assert didt_max_A_per_s(B70, table=table) == 160e6
    assert didt_max_A_per_s(B70, stimulator="MagPro R30", table=table) == 120.5e6
    assert didt_max_A_per_s(Coil.load("magventure-c-b60"), table=table) == pytest.approx(155.4e6)


def test_a_pair_that_nobody_measured_is_refused(tmp_path):
    with pytest.raises(InputError, match="unknown for magstim-25mm-fig8"):
        didt_max_A_per_s(Coil.load("magstim-25mm-fig8"))
    with pytest.raises(InputError, match="unknown for magventure-mc-b70 on Rapid; expected MagPro X100"):
        didt_max_A_per_s(B70, stimulator="Rapid")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "columns none"),
        ("stimulator,coil,didt\na,b,3\n", "columns stimulator, coil, didt"),
        (HEADER + "a,b,fast\n", "line 2: 'fast'"),
        (HEADER + "a,b\n", "line 2: ''"),
        (HEADER + "a,b,155e6\n", "1.55e\\+08 A/us"),
        (HEADER + "a,b,nan\n", "nan A/us"),
        (HEADER + "a,b,100\na,b,120\n", "a second time"),
    ],
)
def test_a_broken_table_is_refused_with_the_place(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        read_output_table(write(tmp_path, text))
    with pytest.raises(InputError, match="No such file"):
        read_output_table(tmp_path / "missing.csv")
