"""Protocol files: what is read, and that anything else is refused in one sentence."""

import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import InputError
from tmsim.pulse import PercentRMT, Train, list_protocols, parse_train, protocol
from tmsim.pulse.protocol import LIBRARY
from tmsim.pulse.protocol_file import read_protocol

MINIMAL = """
label = "Mine"
status = "draft"
[[block]]
train = [[40, "0.1 s"], [75, "30 s"]]
"""


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="mine.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


def test_a_file_of_the_user_is_read_by_its_path(write):
    path = write(MINIMAL)
    for source in (path, str(path)):
        found = protocol(source)
        assert (found.id, found.label, found.status, found.n_pulses) == ("mine", "Mine", "draft", 3000)
        assert found.intensity is None
        assert (found.sessions_per_day, found.sessions_total, found.sources) == (1, None, ())


@pytest.mark.parametrize(
    "train",
    [
        '[[36, "18 Hz"], [55, "22 s"]]',
        '"36 pulses at 18 Hz, every 22 s, 55 times"',
        '"18 Hz, 2 s on, 20 s off, for 1980 pulses"',
    ],
)
def test_layers_rates_and_sentences_say_the_same(write, train):
    found = protocol(write(f'label = "H1"\nstatus = "draft"\n[[block]]\ntrain = {train}\n'))
    assert found.blocks[0].train == protocol("dtms-h1-mdd").blocks[0].train


def test_a_sentence_is_a_protocol_of_its_pulses_only():
    found = protocol("10 Hz, 4 s on, 26 s off, for 3000 pulses")
    assert found.blocks[0].train == protocol("hf10-standard").blocks[0].train
    assert (found.status, found.intensity, found.target, found.sources) == ("draft", None, "", ())
    assert protocol("iTBS").blocks[0].train == parse_train("iTBS")


def test_names_of_the_library_are_found_in_any_case_and_near_ones_are_offered():
    assert protocol("SAINT") is protocol("saint")
    with pytest.raises(InputError, match="itbs600"):
        protocol("itbs60")


def test_intensity_and_course_are_read_with_their_units(write):
    text = MINIMAL.replace("[[block]]", '[[block]]\nintensity = "110 %RMT"\ntarget = "F3"')
    text += '[course]\nsessions_per_day = 2\nbetween_sessions = "1/2 min"\n'
    with pytest.raises(InputError, match=r"mine\.toml, course\.between_sessions"):
        protocol(write(text))
    found = protocol(write(text.replace("1/2 min", "15 min") + "sessions_total = 20\ntaper_sessions = 4\n"))
    assert found.intensity == PercentRMT(110)
    assert found.target == "F3"
    assert found.between_sessions_s == 900
    assert found.pulses_total == 3000 * 24


FAULTS = {
    "no TOML": ("label = High", "not TOML"),
    "not UTF-8": (b'label = "\xff"', "UTF-8"),
    "unknown key": (MINIMAL.replace("label", "lable"), "Did you mean `label`"),
    "unknown key of a block": (MINIMAL + 'intensty = "1 %RMT"', "Did you mean `intensity`"),
    "missing label": (MINIMAL.replace('label = "Mine"', ""), "label: missing"),
    "missing block": ('label = "Mine"\nstatus = "draft"', "block: missing"),
    "missing train": ('label = "Mine"\nstatus = "draft"\n[[block]]\nsite = "M1"', "block 1.train: missing"),
    "block as table": ('label = "Mine"\nstatus = "draft"\n[block]\ntrain = "1 Hz for 10 s"', "block"),
    "label of wrong type": (MINIMAL.replace('"Mine"', "7"), "label: 7; expected text in quotes"),
    "another status": (MINIMAL.replace('"draft"', '"cleared"'), "verified, draft"),
    "count of wrong type": (MINIMAL.replace("[40,", "[40.5,"), "40.5"),
    "count below zero": (MINIMAL.replace("[40,", "[-40,"), "-40"),
    "count of nothing": (MINIMAL.replace("[40,", "[0,"), "at least 1"),
    "count as boolean": (MINIMAL.replace("[40,", "[true,"), "True"),
    "interval without a unit": (MINIMAL.replace('"0.1 s"', '"0.1"'), "'0.1'"),
    "interval as number": (MINIMAL.replace('"0.1 s"', "0.1"), "0.1; expected text"),
    "interval of nothing": (MINIMAL.replace('"0.1 s"', '"0 s"'), "0.0 s"),
    "rate of nothing": (MINIMAL.replace('"0.1 s"', '"0 Hz"'), "a rate above 0"),
    "interval shorter than what it repeats": (MINIMAL.replace('"30 s"', '"3 s"'), "longer than what it"),
    "too many pulses": (MINIMAL.replace("[75,", "[75000,"), "at most 1000000"),
    "other pulses than the blocks have": ("pulses = 3001\n" + MINIMAL, "3000"),
    "verified with recalled pulses": (
        'unverified = ["train"]\n' + MINIMAL.replace('"draft"', '"verified"'),
        "verified, with unverified train",
    ),
    "mark of no field": ('unverified = ["trian"]\n' + MINIMAL, "trian"),
    "range without the value": ("pulses_range = [10, 20]\n" + MINIMAL, "3000"),
    "range of another kind": ('intensity_range = ["1 %RMT", "2 %RMT"]\n' + MINIMAL, "intensity_range"),
    "sessions that no day holds": (
        MINIMAL + '[course]\nsessions_per_day = 40\nbetween_sessions = "1 min"',
        "24 h",
    ),
    "fewer sessions than a day has": (
        MINIMAL + "[course]\nsessions_per_day = 2\nsessions_total = 1",
        "sessions_total",
    ),
    "time between one session": (MINIMAL + '[course]\nbetween_sessions = "1 min"', "more than one session"),
    "eight days a week": (MINIMAL + "[course]\ndays_per_week = 8", "1 to 7"),
    "nerve after the next pulse": (
        MINIMAL + '[nerve]\nsite = "median"\nlead = "100 ms"\nintensity = "300 %"',
        "nerve.lead",
    ),
    "nerve without its lead": (MINIMAL + '[nerve]\nsite = "median"\nintensity = "300 %"', "nerve.lead"),
    "intensity beyond reason": (MINIMAL + 'intensity = "1200 %RMT"', "300"),
    "nesting beyond reason": ("a = " + "[" * 5000 + "]" * 5000, "not TOML"),
    "digits beyond reason": ("pulses = " + "9" * 5000, "not TOML"),
    "hexadecimal digits beyond reason": (
        MINIMAL.replace("[40,", "[0x" + "f" * 9000 + ","),
        "beyond reason|whole number",
    ),
    "file beyond reason": ("# " + "x" * 70_000, "MiB"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_refused_in_one_sentence_with_its_place(fault, write):
    text, says = FAULTS[fault]
    with pytest.raises(InputError, match=says) as refused:
        protocol(write(text))
    said = str(refused.value)
    assert said.startswith("mine.toml")
    assert "\n" not in said
    assert len(said) < 700


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        protocol(tmp_path / "none.toml")


def found_or_said(read, source):
    try:
        return read(source)
    except InputError as refused:
        return str(refused)


def one_sentence_or_a_protocol(path):
    found = found_or_said(read_protocol, path)
    if isinstance(found, str):
        assert "\n" not in found
        assert len(found) < 900
    else:
        assert found.n_pulses >= 1
        assert found.duration_s * found.sessions_per_day <= 86_400


@given(st.binary(max_size=400))
def test_any_bytes_are_a_protocol_or_are_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz-bytes.toml"
    path.write_bytes(data)
    one_sentence_or_a_protocol(path)


scalars = st.one_of(
    st.text(max_size=30),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.sampled_from(["0.1 s", "18 Hz", "120 %RMT", "1 Hz for 10 s", "draft", "1e999 s", "-1 s"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
shipped = [tomllib.loads((LIBRARY / f"{name}.toml").read_text(encoding="utf-8")) for name in list_protocols()]


@st.composite
def spoilt(draw):
    """A protocol of the library with one value, at any depth, replaced by something else."""
    table = tomllib.loads(tomli_w.dumps(draw(st.sampled_from(shipped))))
    place = table
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        deeper = place[key]
        if not isinstance(deeper, dict | list) or not deeper or draw(st.booleans()):
            place[key] = draw(values)
            return table
        place = deeper


@given(spoilt())
def test_a_spoilt_protocol_is_read_or_refused_and_never_a_traceback(tmp_path_factory, table):
    path = tmp_path_factory.getbasetemp() / "fuzz-table.toml"
    path.write_text(tomli_w.dumps(table), encoding="utf-8")
    one_sentence_or_a_protocol(path)


@given(st.text(max_size=60))
def test_any_text_is_a_protocol_or_is_refused(text):
    found = found_or_said(protocol, text)
    assert len(found) < 700 if isinstance(found, str) else isinstance(found.blocks[0].train, Train)
