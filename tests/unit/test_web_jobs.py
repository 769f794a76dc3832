"""Jobs: processes that can be followed, stopped, cut off and begun again, and that outlive the server."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tmsim.core import InputError
from tmsim.placement import Pose
from tmsim.plan import default, load
from tmsim.web.jobs import Job, JobFolder, Jobs, data_folder
from webhead import write_head

PATIENCE_s = 240.0


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    return write_head(tmp_path_factory.mktemp("head") / "spheres.msh", cell_m=0.013)


@pytest.fixture
def jobs(tmp_path):
    jobs = Jobs(tmp_path)
    yield jobs
    for job in jobs.all():
        jobs.cancel(job.id)
    until(jobs, lambda: jobs.idle)


@pytest.fixture
def plan(head):
    """A whole plan that takes seconds: spheres, one pulse at a set slope, tables alone."""
    return default().model_dump(mode="json") | {
        "head": {"source": str(head)},
        "placement": {"target": "head -30 20 60 mm"},
        "pulse": {"dose": "67 A/us"},
        "session": {"protocol": ""},
        "field": {"order": 1},
        "output": {"files": ["tables", "navigation"]},
    }


def until(jobs, condition):
    give_up = time.monotonic() + PATIENCE_s
    while not condition():
        assert time.monotonic() < give_up, [job.model_dump() for job in jobs.all()]
        jobs.tend()
        time.sleep(0.05)


def ended(jobs, id_):
    until(jobs, lambda: jobs.get(id_).over and jobs.idle)
    return jobs.get(id_)


def working(jobs, id_):
    """Wait until its process is at it."""
    until(jobs, lambda: jobs.get(id_).pid is not None)
    return jobs.get(id_).pid


def test_a_run_leaves_its_files_and_what_it_comes_to(jobs, plan):
    id_ = jobs.create("run", plan, {}).id
    job = ended(jobs, id_)
    assert job.state == "done", job.message
    assert job.fraction == 1
    assert job.started
    assert job.finished
    names = {file.name: file.bytes for file in job.files}
    assert {"outcome.json", "plan.toml", "metrics.csv"} <= names.keys()
    assert names["plan.toml"] == jobs.file(id_, "plan.toml").stat().st_size
    assert_allclose(job.result["didt_A_per_us"], 67)
    assert 10 < job.result["p999_V_per_m"] < 500


def test_a_search_says_what_it_finds_and_what_a_direct_solve_says_of_it(jobs, plan):
    job = jobs.create(
        "find",
        plan,
        {"objective": "vector", "radius_mm": 8, "scalp_radius_mm": 9, "spacing_mm": 6, "didt": 67},
    )
    maps = set()

    def over():
        seen = jobs.get(job.id)
        if seen.result and "map" in seen.result:
            maps.add(sum(value is not None for value in seen.result["map"]["values"]))
        return seen.over

    until(jobs, lambda: over() and jobs.idle)
    job = jobs.get(job.id)
    assert job.state == "done", job.message
    found = job.result
    points, values = np.reshape(found["map"]["points_mm"], (-1, 3)), found["map"]["values"]
    assert len(points) == len(values)
    assert found["unit"] == "V/m"
    assert found["best"]["value"] >= max(value for value in values if value is not None) * 0.999
    assert_allclose(found["verified_value"], found["best"]["value"], rtol=0.03)
    assert_allclose(found["second_order_value"], found["best"]["value"], rtol=0.3)
    pose = Pose.from_simnibs_mm(np.reshape(found["best"]["pose"], (4, 4)))
    next_plan = load(jobs.file(job.id, "plan.toml"))
    assert_allclose(next_plan.placement.pose, pose.to_simnibs_mm(), atol=1e-5)
    assert next_plan.coil.source == found["best"]["coil"]


def test_a_direct_solve_is_read_as_live_fields_are(jobs, plan):
    options = {"didt": 50, "target_mm": [-30, 20, 60], "radius_mm": 8}
    job = ended(jobs, jobs.create("verify", plan, options).id)
    assert job.state == "done", job.message
    assert 0 < job.result["at_target"] <= job.result["peak"]
    assert job.result["order"] == 1


def test_a_job_that_fails_says_why_in_a_sentence(jobs, plan, tmp_path):
    (tmp_path / "broken.msh").write_text("no mesh")
    job = ended(jobs, jobs.create("run", plan | {"head": {"source": str(tmp_path / "broken.msh")}}, {}).id)
    assert job.state == "failed"
    assert "broken.msh" in job.message
    assert job.message.endswith(".")
    assert not job.files


def test_a_job_can_be_stopped_and_begun_again(jobs, plan):
    running = jobs.create("run", plan, {})
    waiting = jobs.create("run", plan, {})
    pid = working(jobs, running.id)
    assert jobs.get(waiting.id).state == "waiting"  # one at a time
    assert jobs.cancel(waiting.id).state == "cancelled"
    with pytest.raises(InputError, match="running"):
        jobs.remove(running.id)
    jobs.cancel(running.id)
    assert ended(jobs, running.id).state in ("cancelled", "done")  # it may have been that quick
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert jobs.cancel(running.id).over  # nothing more to stop
    assert jobs.again(waiting.id).state == "waiting"
    assert ended(jobs, waiting.id).state == "done"
    jobs.remove(waiting.id)
    assert [job.id for job in jobs.all()] == [running.id]


def test_jobs_outlive_the_server(jobs, plan, tmp_path):
    id_ = jobs.create("run", plan, {}).id
    working(jobs, id_)
    later = Jobs(tmp_path)  # a server that comes back
    assert later.get(id_).state == "running"
    later.tend()
    assert later.get(id_).state in ("running", "done")
    assert ended(later, id_).state == "done"


def test_a_job_that_was_cut_off_is_found_so_and_goes_on_when_asked(jobs, plan, tmp_path):
    id_ = jobs.create("run", plan, {}).id
    os.kill(working(jobs, id_), signal.SIGKILL)  # as when the machine goes down
    later = Jobs(tmp_path)
    job = ended(later, id_)
    assert job.state == "interrupted"
    assert job.message.endswith(".")
    later.again(id_)
    assert ended(later, id_).state == "done"


@pytest.mark.parametrize(
    ("kind", "change", "options", "word"),
    [
        ("run", {"coil": {"sauce": "x"}}, {}, "sauce"),
        ("run", {}, {"radius_mm": 3}, "radius_mm"),
        ("find", {}, {"radius_mm": 300}, "radius_mm"),
        ("find", {}, {"objective": "joy"}, "objective"),
        ("find", {}, {"direction": "head 0 0"}, "head X Y Z"),
        ("find", {}, {"robust": {"position_mm": 99}}, "position_mm"),
        ("verify", {}, {"didt": 0}, "didt"),
    ],
)
def test_what_is_refused_never_becomes_a_job(jobs, plan, kind, change, options, word):
    with pytest.raises(InputError, match=word):
        jobs.create(kind, plan | change, options)
    assert jobs.all() == []


@pytest.mark.parametrize(
    "id_", ["", "..", "../../etc", "20260101-000000-123456", "20260101-000000-123456/.."]
)
def test_no_job_of_that_name(jobs, id_):
    with pytest.raises(InputError, match="job"):
        jobs.get(id_)


def test_only_what_a_job_left_can_be_had(jobs, plan, tmp_path):
    id_ = jobs.create("run", plan, {}).id
    for name in ("../request.json", "request.json", "", "/etc/passwd"):
        with pytest.raises(InputError):
            jobs.file(id_, name)


def test_a_state_is_read_whole_while_it_is_written(tmp_path):
    folder = JobFolder(path=tmp_path)
    job = folder.write(Job(id="x", kind="run", title="t" * 20_000))
    done = threading.Event()

    def write():
        for k in range(300):
            folder.write(job.model_copy(update={"message": str(k) * 1000}))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert folder.read().title == job.title  # a half-written file would not parse
    writer.join()
    assert [path.name for path in tmp_path.iterdir()] == ["job.json"]


def test_the_data_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("TMSIM_DATA", str(tmp_path))
    assert data_folder() == tmp_path
