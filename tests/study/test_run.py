"""One plan from beginning to end on a small sphere: what is left behind, and what is never done twice."""

import csv
import hashlib
import json
import platform
import re
import shutil
import wave
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from spheres import sphere_head, write_mesh
from tmsim import plan
from tmsim.cli import main
from tmsim.core import InputError
from tmsim.core.citations import citations
from tmsim.field import Solver
from tmsim.formats import msh, navigation
from tmsim.plan import Cache, Outcome, stages
from tmsim.plan.citations import ALWAYS

POSE = np.array([[1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, -1.0, 97.0], [0, 0, 0, 1.0]])
HIGHER = POSE + np.outer([0, 0, 1.0, 0], [0, 0, 0, 1.0])
PLAN = """
[head]
source = "sphere.msh"
[coil]
source = "magstim-25mm-fig8"
[placement]
pose_file = "pose.txt"
[pulse]
dose = "1 A/us"
[field]
order = 1
[output]
files = ["mesh", "nifti", "gifti", "tables", "navigation"]
"""


@pytest.fixture(scope="module")
def head():
    radii_m = (0.070, 0.078, 0.080, 0.086, 0.092)
    return sphere_head(radii_m, (1, 2, 3, 4, 5), cell_m=0.010)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, head):
    """A folder with head, pose, plan and one finished run, and the cache that run left."""
    folder = tmp_path_factory.mktemp("bench")
    write_mesh(folder / "sphere.msh", head)
    np.savetxt(folder / "pose.txt", POSE)
    (folder / "plan.toml").write_text(PLAN)
    plan.run(plan.load(folder / "plan.toml"), folder / "out", cache=Cache(folder=folder / "cache"))
    return folder


@pytest.fixture
def cache(bench):
    return Cache(folder=bench / "cache")


@pytest.fixture
def solves(monkeypatch):
    """How many fields were solved, as a list that grows."""
    done = []
    simulate = Solver.simulate

    def counted(*args, **options):
        done.append(args)
        return simulate(*args, **options)

    monkeypatch.setattr(Solver, "simulate", counted)
    return done


def changed(bench: Path, old: str, new: str) -> plan.Plan:
    assert old in PLAN
    file = bench / "changed.toml"
    file.write_text(PLAN.replace(old, new))
    return plan.load(file)


def test_the_outcome_names_every_file_and_its_hash(bench):
    outcome = Outcome.read(bench / "out")
    found = {path.name for path in (bench / "out").iterdir()}
    assert found == {"outcome.json", *outcome.files}
    for name, digest in outcome.files.items():
        assert hashlib.sha256((bench / "out" / name).read_bytes()).hexdigest() == digest
    assert (
        outcome.provenance.inputs_sha256["head"]
        == hashlib.sha256((bench / "sphere.msh").read_bytes()).hexdigest()
    )
    assert np.allclose(outcome.pose.simnibs_mm, POSE)


def test_the_outcome_tells_nothing_of_the_machine(bench):
    text = (bench / "out" / "outcome.json").read_text() + (bench / "out" / "plan.toml").read_text()
    for told in (str(bench), str(Path.home()), platform.node()):
        assert told not in text


def test_a_run_from_its_own_outcome_gives_the_same_bits_and_solves_nothing(bench, cache, solves, tmp_path):
    again = plan.run(plan.load(bench / "out" / "outcome.json"), tmp_path / "again", cache=cache)
    first = Outcome.read(bench / "out")
    assert solves == []
    assert again.metrics == first.metrics
    assert again.provenance == first.provenance
    unlike = {name for name in first.files if again.files[name] != first.files[name]}
    assert unlike <= {"plan.toml"}  # its paths are as seen from another folder


def test_a_fresh_solve_gives_the_bits_of_the_cache(bench, solves, tmp_path):
    fresh = plan.run(plan.load(bench / "plan.toml"), tmp_path / "out", cache=Cache(folder=tmp_path / "empty"))
    assert len(solves) == 1
    assert fresh.files["field.msh"] == Outcome.read(bench / "out").files["field.msh"]


def test_the_cortex_of_the_cache_has_the_bits_of_a_computed_one(bench, cache, monkeypatch):
    what = plan.load(bench / "plan.toml")
    computed = stages.head_of(what).cortex
    monkeypatch.setattr("tmsim.head.surfaces.mid_cortex", lambda head: pytest.fail("computed again"))
    kept = stages.head_of(what, cache).cortex
    for name in stages.CORTEX_ARRAYS:
        assert getattr(kept, name).tobytes() == getattr(computed, name).tobytes()


def test_twice_the_current_slope_is_twice_the_field_without_a_solve(bench, cache, solves, tmp_path):
    twice = plan.run(changed(bench, "1 A/us", "2 A/us"), tmp_path / "out", cache=cache)
    first = Outcome.read(bench / "out")
    assert solves == []
    assert twice.metrics.p999_V_per_m == pytest.approx(2 * first.metrics.p999_V_per_m, rel=1e-12)
    assert twice.metrics.area_50_m2 == pytest.approx(first.metrics.area_50_m2, rel=1e-9)
    assert twice.at_coil_maximum == pytest.approx(first.at_coil_maximum) or first.at_coil_maximum is None


def test_the_same_plan_again_leaves_its_outcome_as_it_stands(bench, cache, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in (bench / "out").iterdir()}
    monkeypatch.setattr(stages, "head_of", None)  # would fail if called
    outcome = plan.run(plan.load(bench / "plan.toml"), bench / "out", cache=cache)
    assert outcome == Outcome.read(bench / "out")
    assert {path: path.stat().st_mtime_ns for path in (bench / "out").iterdir()} == before


@pytest.mark.parametrize("harm", ["pose", "file", "lost"])
def test_an_outcome_that_no_longer_stands_is_made_again(bench, cache, harm, tmp_path):
    for name in ("sphere.msh", "pose.txt", "plan.toml"):
        shutil.copy(bench / name, tmp_path / name)
    what, out = plan.load(tmp_path / "plan.toml"), tmp_path / "out"
    first = plan.run(what, out, cache=cache)
    if harm == "pose":
        np.savetxt(tmp_path / "pose.txt", HIGHER)
    elif harm == "file":
        (out / "metrics.csv").write_text("p999_V_per_m,9e9")
    else:
        (out / "E.nii.gz").unlink()
    again = plan.run(what, out, cache=cache)
    assert set(again.files) == set(first.files)
    assert "9e9" not in (out / "metrics.csv").read_text()
    # One millimetre farther out the field is weaker.
    assert (again.metrics.p999_V_per_m < first.metrics.p999_V_per_m) == (harm == "pose")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('source = "sphere.msh"', 'source = "sphere.msh"\nconductivity = { bone = "0.02 S/m" }'),
        ('"magstim-25mm-fig8"', '"magventure-c-b60"'),
        ("order = 1", "order = 1\ntolerance = 1e-7"),
    ],
)
def test_what_changes_the_field_solves_it_again(bench, cache, solves, tmp_path, old, new):
    stages.solve(changed(bench, old, new), cache=cache)
    assert len(solves) == 1


def test_a_run_that_is_stopped_leaves_nothing_and_goes_on_from_its_field(bench, solves, tmp_path):
    what, cache = plan.load(bench / "plan.toml"), Cache(folder=tmp_path / "cache")

    def stop(doing, _fraction):
        if doing == "writing the volumes":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan.run(what, tmp_path / "out", cache=cache, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    plan.run(what, tmp_path / "out", cache=cache)
    assert len(solves) == 1


def test_progress_never_runs_back_and_ends_near_the_end(bench, cache, tmp_path):
    seen = []
    plan.run(
        plan.load(bench / "plan.toml"), tmp_path / "out", cache=cache, progress=lambda _w, f: seen.append(f)
    )
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] <= 1


def test_mesh_volume_and_surface_show_one_field(bench, head, cache):
    E = stages.solve(plan.load(bench / "plan.toml"), cache=cache).field.E_V_per_m
    mesh = msh.read(bench / "out" / "field.msh")
    assert np.allclose(mesh.nodes_mm, head.nodes_m * 1e3)
    assert np.array_equal(mesh.tets, head.tets)
    assert np.array_equal(mesh.tet_data["E"], E)
    assert np.allclose(mesh.tet_data["magnE"].ravel(), np.linalg.norm(E, axis=1))

    volume = nib.load(bench / "out" / "E.nii.gz")
    magnitude = nib.load(bench / "out" / "magnE.nii.gz").get_fdata()
    strongest = np.linalg.norm(E, axis=1).argmax()
    voxel = np.linalg.inv(volume.affine) @ [*head.centers_m[strongest] * 1e3, 1]
    i, j, k = np.round(voxel[:3]).astype(int)
    assert volume.get_fdata()[i, j, k] == pytest.approx(E[strongest], rel=1e-6)
    assert magnitude.max() == pytest.approx(np.linalg.norm(E, axis=1).max(), rel=1e-6)

    points = nib.load(bench / "out" / "cortex.surf.gii").agg_data("pointset")
    size, normal, tangential, *fires = nib.load(bench / "out" / "cortex.func.gii").agg_data()
    assert points[size.argmax(), 2] > 60  # under the coil, at the top
    assert np.allclose(size**2, normal**2 + tangential**2, rtol=1e-4)
    # In a sphere the induced field has no radial part.
    assert np.abs(normal).max() < 0.3 * size.max()
    assert len(fires) == 5
    assert all(0 <= share.min() <= share.max() <= 1 for share in fires)


def test_the_field_of_the_command_line_is_that_of_the_run(bench, head, capsys, tmp_path):
    out = tmp_path / "field.npz"
    argv = [
        "field",
        "--head",
        bench / "sphere.msh",
        "--coil",
        "magstim-25mm-fig8",
        "--pose",
        bench / "pose.txt",
    ]
    assert main([*map(str, argv), "--order", "1", "--didt", "1 A/us", "--out", str(out), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    with np.load(out) as written:
        assert np.array_equal(written["tags"], head.tags)
        assert np.allclose(written["centers_m"], head.centers_m)
        assert np.array_equal(written["E_V_per_m"], msh.read(bench / "out" / "field.msh").tet_data["E"])
        assert np.allclose(written["pose_simnibs_mm"], POSE)
        assert written["didt_A_per_s"] == 1e6
    assert summary["n_tets"] == len(head.tets)
    assert [path.name for path in tmp_path.iterdir()] == ["field.npz"]


def test_the_mesh_is_refined_for_an_error_that_the_command_line_asks_for(bench, capsys, tmp_path):
    given = ["--head", bench / "sphere.msh", "--coil", "magstim-25mm-fig8", "--pose", bench / "pose.txt"]
    told = {}
    for error in ("", "20 %"):
        argv = ["field", *map(str, given), "--error", error, "--out", str(tmp_path / "field.npz"), "--json"]
        assert main(argv) == 0
        told[error] = json.loads(capsys.readouterr().out)
    assert told["20 %"]["n_tets"] == told[""]["n_tets"]
    assert told["20 %"]["unknowns"] > 1.05 * told[""]["unknowns"]
    assert told["20 %"]["error"]["median"] < 0.2
    assert not told["20 %"]["misses_error"]


def test_tables_and_navigation_files_say_what_the_outcome_says(bench):
    outcome = Outcome.read(bench / "out")
    with (bench / "out" / "metrics.csv").open() as file:
        numbers = dict(list(csv.reader(file))[1:])
    assert float(numbers["p999_V_per_m"]) == outcome.metrics.p999_V_per_m
    assert float(numbers["peak_z_m"]) == outcome.metrics.peak_m[2]
    for read, name in (
        (navigation.read_brainsight, "pose_brainsight.txt"),
        (navigation.read_localite, "pose_localite.xml"),
    ):
        (pose,) = read(bench / "out" / name).values()
        assert np.allclose(pose, POSE, atol=1e-5)
    assert np.allclose(np.loadtxt(bench / "out" / "pose_simnibs.txt"), POSE)


def test_a_volume_takes_the_grid_of_the_t1_it_is_given(bench, head, cache, tmp_path):
    affine = np.array([[-3.0, 0, 0, 90], [0, 3, 0, -90], [0, 0, 3, -60], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(np.zeros((60, 61, 55), np.int16), affine), tmp_path / "T1.nii.gz")
    what = changed(bench, '"navigation"]', f'"navigation"]\nt1 = "{(tmp_path / "T1.nii.gz").as_posix()}"')
    outcome = plan.run(what, tmp_path / "out", cache=cache)
    volume = nib.load(tmp_path / "out" / "magnE.nii.gz")
    assert volume.shape == (60, 61, 55)
    assert np.allclose(volume.affine, affine)
    assert "t1" in outcome.provenance.inputs_sha256
    i, j, k = np.unravel_index(volume.get_fdata().argmax(), volume.shape)
    assert (affine @ [i, j, k, 1])[2] > 60


def test_the_report_tells_the_provenance_of_the_outcome_and_its_plan(bench, cache, tmp_path):
    what = changed(bench, '["mesh", "nifti", "gifti", "tables", "navigation"]', '["report"]')
    outcome = plan.run(what, tmp_path / "out", cache=cache)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for told in (outcome.provenance.spec_sha256, outcome.provenance.inputs_sha256["head"], "sphere.msh"):
        assert told in page
    assert str(tmp_path) not in page
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "outcome.json",
        "plan.toml",
        "report.html",
    }


def test_every_work_that_all_runs_cite_is_in_the_bibliography():
    assert set(ALWAYS) <= set(citations())


MOTOR = PLAN.replace('dose = "1 A/us"', 'dose = "120 %RMT"\ndidt_max = "200 A/us"') + (
    '[motor]\nsite = "head 0 0 74 mm"\nangle = "0 deg"\n'
)


def response_of(bench, cache, text, out):
    file = bench / "motor.toml"
    file.write_text(text)
    return plan.run(plan.load(file), out, cache=cache).response


def test_a_dose_in_percent_of_the_motor_threshold_is_worked_out_on_this_head(bench, cache, tmp_path):
    told = response_of(bench, cache, MOTOR, tmp_path / "out")
    threshold = told.threshold
    assert threshold is not None
    assert not threshold.measured
    assert told.didt_A_per_s == pytest.approx(1.2 * threshold.didt_A_per_s)
    assert threshold.percent_mso == pytest.approx(threshold.didt_A_per_s / 2e6)
    assert {"recruitment.csv", "waveform.csv"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_a_measured_threshold_takes_the_place_of_a_simulated_one(bench, cache, tmp_path):
    simulated = response_of(bench, cache, MOTOR, tmp_path / "simulated")
    measured = response_of(bench, cache, MOTOR + 'rmt = "50 %MSO"\n', tmp_path / "measured")
    assert measured.didt_A_per_s == pytest.approx(120e6)
    assert measured.threshold.measured
    # The field at threshold follows: the same field of the hand area, at the measured output.
    assert measured.threshold.drive_V_per_m == pytest.approx(
        simulated.threshold.drive_V_per_m * 100e6 / simulated.threshold.didt_A_per_s
    )
    assert measured.muscle.rmt_mso == pytest.approx(50, rel=1e-3)


def test_without_a_hand_area_a_dose_in_percent_of_its_threshold_is_refused(bench, cache, tmp_path):
    text = PLAN.replace('dose = "1 A/us"', 'dose = "120 %RMT"')
    with pytest.raises(InputError, match="but the coil could not be put over hand-knob-left"):
        response_of(bench, cache, text, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_dose_beyond_the_stimulator_is_refused(bench, cache, tmp_path):
    text = MOTOR.replace("120 %RMT", "200 %RMT") + 'rmt = "55 %MSO"\n'
    with pytest.raises(InputError, match="200 %RMT, which is 110 %MSO here; expected at most the 200 A/us"):
        response_of(bench, cache, text, tmp_path / "out")


def test_the_command_line_tells_who_fires_as_the_run_does(bench, capsys, tmp_path):
    (bench / "motor.toml").write_text(MOTOR)
    assert main(["run", str(bench / "motor.toml"), "--out", str(tmp_path / "out"), "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["response"]["layers"]
    assert main(["neuron", "recruit", str(bench / "motor.toml"), "--json"]) == 0
    areas = json.loads(capsys.readouterr().out)["area_m2"]
    assert areas == {layer["population"]: layer["area_m2"] for layer in layers}
    assert areas["L5"] > 0


def test_the_subject_of_a_plan_has_the_plans_threshold(bench, capsys):
    (bench / "motor.toml").write_text(MOTOR + 'rmt = "50 %MSO"\n')
    assert main(["motor", "hunt", "--plan", str(bench / "motor.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rmt_mso"] == pytest.approx(50, rel=1e-3)
    assert main(["motor", "hunt", "--plan", str(bench / "plan.toml")]) == 2
    assert "no motor threshold in %MSO" in capsys.readouterr().err


def test_a_run_holds_a_session_and_leaves_its_pulses_sound_and_after_effect(bench):
    held = Outcome.read(bench / "out").session
    assert (held.protocol, held.n_pulses, held.intensity) == ("itbs600", 600, "1 A/us")
    with (bench / "out" / "pulses.csv").open() as file:
        onsets_s = [float(row["onset_s"]) for row in csv.DictReader(file)]
    assert len(onsets_s) == 600
    assert onsets_s[-1] == pytest.approx(191.84)
    with wave.open(str(bench / "out" / "clicks.wav")) as sound:
        assert sound.getnframes() > 20 * sound.getframerate()
    effect = held.after_effects[0]
    assert effect.model == "huang"
    assert 0 < effect.mean_change < 1
    assert effect.sd > effect.mean_change


def test_a_session_that_contradicts_itself_is_refused_before_anything_is_written(bench, cache, tmp_path):
    text = PLAN + '[session]\nprotocol = "40 pulses at 10 Hz every 2 s, for 3000 pulses"\n'
    with pytest.raises(InputError, match="repeated every 2 s"):
        response_of(bench, cache, text, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_line_holds_the_session_of_the_run(bench, capsys):
    assert main(["session", str(bench / "plan.toml"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(Outcome.read(bench / "out").session.model_dump_json())
    assert main(["session", str(bench / "plan.toml")]) == 0
    said = capsys.readouterr().out
    assert "600 pulses at 1 A/us in 3.3 min" in said
    assert "no verdict" not in said
    assert not re.search(r"\bsafe\b|cleared", said)


def test_a_plan_is_rehearsed_and_the_dose_that_was_delivered_is_told(bench, capsys):
    (bench / "motor.toml").write_text(
        MOTOR + 'rmt = "33.4 %MSO"\n[session]\nprotocol = "1 Hz for 5 pulses"\n'
    )
    assert main(["rehearse", str(bench / "motor.toml"), "--device", "magpro-x100", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["delivered"] == 5
    # 120 % of 33.4 %MSO are 40.08: a dial is set to 40.
    assert told["delivered_mso"] == [40] * 5
    assert told["dose"]["delivered dI/dt [A/us]"] == pytest.approx(0.4 * 200)
    assert told["dose"]["delivered %RMT"] == pytest.approx(100 * 40 / 33.4)


def test_the_chain_is_explained_with_the_figures_of_the_run(bench, cache):
    (bench / "motor.toml").write_text(MOTOR + 'rmt = "50 %MSO"\n')
    results = plan.carry_out(plan.load(bench / "motor.toml"), cache=cache)
    links = {link.name: link for link in plan.explain(results)}
    assert list(links)[:3] == ["coil", "field", "motor threshold"]
    assert "120 A/µs (60% of what the stimulator gives)" in links["coil"].sentence
    assert f"up to {results.metrics.p999_V_per_m:.0f} V/m" in links["field"].sentence
    assert "made a hand muscle twitch from 100 A/µs" in links["motor threshold"].sentence
    assert "the dose is 120% of that" in links["motor threshold"].sentence
    assert "600 pulses in 3 min" in links["session"].sentence
    assert "respond as expected" in links["plasticity"].sentence
    for link in links.values():
        assert link.evidence
        assert not re.search(r"\bsafe\b|cure", link.sentence)
