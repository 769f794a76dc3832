"""Plans: what is read is what was written, and what can't be read is refused in one sentence."""

import contextlib
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim import plan
from tmsim.core import InputError
from tmsim.plan.read import relative_to
from tmsim.plan.types import (
    AtPose,
    AtPoseFile,
    AtTarget,
    CoilPlan,
    FieldPlan,
    HeadPlan,
    MotorPlan,
    NeuronPlan,
    OutputPlan,
    Plan,
    PulsePlan,
    SessionPlan,
    UncertaintyPlan,
)
from tmsim.pulse import PercentMSO

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
numbers = st.floats(-500, 500)
rows = st.tuples(numbers, numbers, numbers, numbers)


def quantity(low: float, high: float, *units: str) -> st.SearchStrategy[str]:
    return st.builds(lambda v, u: f"{v:.6g} {u}", st.floats(low, high), st.sampled_from(units))


placements = st.one_of(
    st.builds(
        AtTarget,
        target=words,
        angle=quantity(-180, 180, "deg"),
        gap=quantity(0, 10, "mm", "cm"),
    ),
    st.builds(AtPoseFile, pose_file=words),
    st.builds(AtPose, pose=st.tuples(rows, rows, rows, rows)),
)
plans = st.builds(
    Plan,
    seed=st.integers(0, 2**63 - 1),
    head=st.builds(
        HeadPlan,
        source=words,
        repair=st.booleans(),
        conductivity=st.dictionaries(words, quantity(0.001, 5, "S/m")),
    ),
    coil=st.builds(CoilPlan, source=words, deformation=st.dictionaries(words, numbers)),
    placement=placements,
    pulse=st.builds(
        PulsePlan,
        waveform=words,
        dose=quantity(0.1, 200, "A/us", "kA/ms", "%RMT", "%AMT") | quantity(0.1, 100, "%MSO"),
        didt_max=quantity(1, 300, "A/us") | st.just(""),
    ),
    motor=st.builds(MotorPlan, site=words, rmt=quantity(0.1, 100, "%MSO") | st.just("")),
    neuron=st.builds(NeuronPlan, model=st.sampled_from(["directional", "magnitude", "cosine"])),
    session=st.builds(SessionPlan, protocol=words, plasticity=words, people=st.integers(2, 1000)),
    field=st.builds(
        FieldPlan,
        order=st.sampled_from([1, 2]),
        tolerance=st.floats(1e-10, 1e-2),
        error=st.sampled_from(["", "0.5 %", "20 %"]),
    ),
    uncertainty=st.builds(UncertaintyPlan, draws=st.sampled_from([0, 40, 1000]), borders=st.booleans()),
    output=st.builds(OutputPlan, t1=words | st.just("")),
)


@given(plans)
def test_a_plan_written_out_reads_back_as_itself(some):
    assert plan.parse(plan.dump(some)) == some


def test_an_empty_plan_is_the_default_and_the_dump_writes_every_default():
    assert plan.parse("") == plan.default()
    written = tomllib.loads(plan.dump(plan.default()))
    assert set(written) == set(Plan.model_fields)
    assert written["placement"] == {"target": "F3", "angle": "45 deg", "reference": "midline", "gap": "4 mm"}
    assert written["field"] == {"method": "fem", "order": 2, "tolerance": 1e-6, "error": "3 %"}


def test_quantities_are_si_inside():
    some = plan.parse(
        '[placement]\ngap = "0.6 cm"\nangle = "90 deg"\n'
        '[pulse]\ndose = "60 %MSO"\ndidt_max = "120 A/us"\n[motor]\nrmt = "50 %MSO"\n'
        '[head.conductivity]\nbone = "8 mS/m"\n'
    )
    assert isinstance(some.placement, AtTarget)
    assert some.placement.gap_m == pytest.approx(0.006)
    assert some.placement.angle_rad == pytest.approx(1.5707963267948966)
    assert some.pulse.intensity == PercentMSO(60)
    assert some.pulse.didt_max_A_per_s == pytest.approx(1.2e8)
    assert some.motor.rmt_percent_mso == 50
    assert some.head.sigma_S_per_m == {"bone": pytest.approx(0.008)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[placement]\ngap = "4 V"', ["placement.gap", "'4 V'", "mm"]),
        ('[placement]\ngap = "4"', ["placement.gap", "'4'", "mm"]),
        ('[placement]\ngap = "400 mm"', ["placement.gap", "'400 mm'", "0 to 100 mm"]),
        ("[pulse]\ndose = 1", ["pulse.dose", "text in quotes"]),
        ('[pulse]\ndose = "0 A/us"', ["pulse.dose", "above zero"]),
        ('[pulse]\ndose = "0 %RMT"', ["pulse.dose", "above zero"]),
        ('[pulse]\ndose = "130 %MSO"', ["pulse.dose", "'130 %MSO'", "0 to 100"]),
        ('[pulse]\ndose = "120 %"', ["pulse.dose", "'120 %'", "%RMT"]),
        ('[motor]\nrmt = "50 A/us"', ["motor.rmt", "'50 A/us'", "52 %MSO"]),
        ('[motor]\nthreshold_field = "60 mV"', ["motor.threshold_field", "'60 mV'", "V/m"]),
        ('[neuron]\nmodel = "magic"', ["neuron.model", "'magic'", "'directional'"]),
        ('[head.conductivity]\nbone = "-1 S/m"', ["head.conductivity.bone", "'-1 S/m'", "above 0"]),
        ('[placemnt]\ntarget = "F3"', ["placemnt", "Did you mean `placement`?"]),
        ('[placement]\ntargt = "F3"', ["placement.targt", "Did you mean `target`?"]),
        ("[uncertainty]\ndraws = 12", ["uncertainty.draws", "12", "0 for first order alone, or 40"]),
        ("[uncertainty]\nheld = 'loosely'", ["uncertainty.held", "loosely", "'cap'"]),
        ("[field]\norder = 3", ["field.order", "3", "1 or 2"]),
        ("[field]\ntolerance = nan", ["field.tolerance", "nan", "finite"]),
        ("[field]\ntolerance = 1.0", ["field.tolerance", "1.0", "0.01"]),
        ('[field]\nerror = "2"', ["field.error", "2", "%"]),
        ('[field]\nerror = "60 %"', ["field.error", "60 %", "0.1 to 50 %"]),
        ("[placement]\npose = [[1, 0, 0, 0]]", ["placement.pose"]),
        ('[placement]\npose_file = "a.txt"\ntarget = "F3"', ["placement.target", "no such key"]),
        ('[output]\nfiles = ["mash"]', ["output.files[0]", "'mash'", "'mesh'"]),
        ("head = 3", ["head", "3", "a table"]),
        ("seed = true", ["seed", "True"]),
        ("seed = 2024-01-01", ["seed", "2024-01-01"]),
        ("schema_version = 2", ["schema_version", "2", "expected 1"]),
        ("[head]\nsource = colin27", ["not TOML", "line 2"]),
    ],
)
def test_a_fault_is_named_with_its_key_its_value_and_what_was_expected(text, says):
    with pytest.raises(InputError) as refused:
        plan.parse(text, name="plan.toml")
    message = str(refused.value)
    assert message.startswith("plan.toml")
    assert "\n" not in message
    for part in says:
        assert part in message


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_no_text_whatever_raises_anything_but_an_input_error(text):
    with contextlib.suppress(InputError):
        plan.parse(text)


def test_files_that_are_no_plans_are_refused(tmp_path):
    (tmp_path / "latin.toml").write_bytes('target = "Ö"'.encode("latin-1"))
    (tmp_path / "mesh.toml").write_bytes(b"x" * 1_100_000)
    for name, says in [
        ("latin.toml", "not UTF-8"),
        ("mesh.toml", "at most 1 MiB"),
        ("none.toml", "No such file"),
        (".", "directory"),
    ]:
        with pytest.raises(InputError, match=says):
            plan.load(tmp_path / name)


def test_paths_are_relative_to_the_plan_and_names_stay_names(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(
        '[head]\nsource = "heads/ernie.msh"\n[coil]\nsource = "magstim-70mm-fig8"\n'
        '[placement]\npose_file = "pose.txt"\n[output]\nt1 = "../T1.nii.gz"\n'
    )
    some = plan.load(file)
    here = tmp_path.resolve()
    assert some.head.source == str(here / "heads" / "ernie.msh")
    assert some.coil.source == "magstim-70mm-fig8"
    assert some.placement.pose_file == str(here / "pose.txt")
    assert some.output.t1 == str(here.parent / "T1.nii.gz")
    moved = relative_to(some, here / "out")
    assert moved.head.source == "../heads/ernie.msh"
    assert moved.output.t1 == "../../T1.nii.gz"
    (here / "out").mkdir()
    (here / "out" / "plan.toml").write_text(plan.dump(moved))
    assert plan.load(here / "out" / "plan.toml") == some
