"""The page's server on a small head: what it says of it, live fields, placements, plans, volumes, faults."""

from __future__ import annotations

import gzip
import json
import math
import struct
import time
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from numpy.testing import assert_allclose
from starlette.testclient import TestClient

from spheres import sphere_head, write_mesh
from tmsim.coil import Coil
from tmsim.core import InputError
from tmsim.core.cache import Cache
from tmsim.core.frames import apply
from tmsim.field import FieldBasis, FiniteElements, simulate
from tmsim.head.parameters import GREY_MATTER
from tmsim.placement import HeadPoint, Pose, place
from tmsim.plan import default, dump
from tmsim.plan.types import AtPose, HeadPlan
from tmsim.web import create_app, prepare
from tmsim.web.anatomy import anatomy_of, thinned
from tmsim.web.bench import Bench
from tmsim.web.jobs import Jobs
from tmsim.web.live import At, PlaceMessage, _Inbox, answer
from tmsim.web.placing import Place
from webhead import SPEC, ready_bench, write_head

HERE = "127.0.0.1:8642"
BEARER = {"authorization": "Bearer right"}
COIL = "magstim-70mm-fig8"
OVER = {"point_mm": [-30.0, 20.0, 80.0], "angle_deg": 30.0, "tilt_deg": [4.0, -3.0], "gap_mm": 5.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def bench(folder):
    return ready_bench(write_head(folder / "spheres.msh"), Cache(folder=folder / "cache"))


@pytest.fixture(scope="module")
def client(bench, folder):
    app = create_app(bench, token="right", hosts={HERE}, jobs=Jobs(folder / "data"))
    with TestClient(app, base_url=f"http://{HERE}", headers=BEARER, raise_server_exceptions=False) as client:
        give_up = time.monotonic() + 120
        while client.get("/api/page").json()["basis"]["state"] != "ready":
            assert time.monotonic() < give_up, bench.basis
            time.sleep(0.05)
        yield client


def live(client):
    return client.websocket_connect(f"ws://{HERE}/api/live", headers=BEARER)


def decoded(message):
    magic, seq, view, n, size = struct.unpack_from("<4sIIII", message)
    assert magic == b"TMSF"
    assert size % 4 == 0
    about = json.loads(message[20 : 20 + size])
    values = np.frombuffer(message, "<f4", offset=20 + size).reshape(2, n)
    return seq, view, about, values


def surface(content):
    magic, n, k, _ = struct.unpack_from("<4sIII", content)
    assert magic == b"TMSG"
    points, normals = np.frombuffer(content, "<f4", 6 * n, 16).reshape(2, n, 3)
    return points, normals, np.frombuffer(content, "<u4", 3 * k, 16 + 24 * n).reshape(k, 3)


def refusal(response):
    assert response.status_code == 422, response.text
    assert list(response.json()) == ["message"]
    return response.json()["message"]


def test_the_page_names_the_head_and_everything_built_in(client, bench):
    page = client.get("/api/page").json()
    assert page["head"]["name"] == "spheres"
    assert [tissue["tag"] for tissue in page["head"]["tissues"]] == [1, 2, 3, 4, 5]
    assert_allclose(page["head"]["bounds_mm"], bench.anatomy.bounds_m * 1e3)
    assert page["head"]["n_cortex_full"] == len(bench.head.cortex.points_m)
    names = {kind: {entry["name"] for entry in page[kind]} for kind in ("coils", "waveforms", "protocols")}
    assert COIL in names["coils"]
    assert "magstim-rapid2-biphasic" in names["waveforms"]
    assert "itbs600" in names["protocols"]
    assert page["basis"]["order"] == 1


def test_a_head_without_landmarks_has_a_first_plan_that_can_be_carried_out_on_it(client, bench):
    page = client.get("/api/page").json()
    plan = page["default_plan"]
    assert plan["head"]["source"].endswith("spheres.msh")
    assert page["targets"] == {"electrodes": {}, "named": []}
    placement = plan["placement"]
    assert place(bench.head, Coil.load(COIL), target=placement["target"], angle=placement["angle"])
    assert "A/us" in plan["pulse"]["dose"]  # no motor cortex, so no dose relative to a threshold


def test_geometry_is_the_surfaces_of_the_head_in_mm(client, bench):
    for name, expected in (("skin", bench.head.skin), ("cortex-full", bench.head.cortex)):
        points, normals, triangles = surface(client.get(f"/api/geometry/{name}").content)
        assert_allclose(points, expected.points_m * 1e3, atol=1e-4)
        assert_allclose(normals, expected.normals, atol=1e-5)
        np.testing.assert_array_equal(triangles, expected.triangles)


def test_geometry_is_asked_for_once(client):
    first = client.get("/api/geometry/skin")
    again = client.get("/api/geometry/skin", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


def test_a_thinned_surface_has_points_of_the_old_one_and_its_area(bench):
    cortex = bench.head.cortex
    kept, triangles = thinned(cortex, len(cortex.points_m) // 3)
    assert len(cortex.points_m) / 4 < len(kept) <= len(cortex.points_m) / 3
    assert len(np.unique(kept)) == len(kept)
    assert triangles.max() == len(kept) - 1
    thin = replace(cortex, points_m=cortex.points_m[kept], triangles=triangles, tets=cortex.tets[kept],
                   column=cortex.column[kept])  # fmt: skip
    assert_allclose(thin.areas_m2.sum(), cortex.areas_m2.sum(), rtol=0.03)
    assert (np.einsum("ij,ij->i", thin.normals, thin.column) > 0.8).mean() > 0.99  # outward still


def test_the_anatomy_comes_from_the_cache_without_the_head_and_with_a_changed_file_anew(folder, bench):
    def never():
        raise AssertionError("the head was read")

    path = folder / "copy.msh"
    content = (folder / "spheres.msh").read_bytes()
    path.write_bytes(content)
    cache = Cache(folder=folder / "cache")
    anatomy = anatomy_of(str(path), False, never, cache)  # the same bytes under another name
    assert_allclose(anatomy.cortex.points_m, bench.head.cortex.points_m)
    path.write_bytes(content + b"\n")
    with pytest.raises(AssertionError):
        anatomy_of(str(path), False, never, cache)


@pytest.mark.parametrize("at", [OVER, {**OVER, "tilt_deg": [0.0, 0.0], "angle_deg": -120.0}])
def test_live_fields_are_those_of_the_basis_at_the_pose_they_name(client, bench, at):
    with live(client) as socket:
        assert socket.receive_json()["type"] == "basis"
        socket.send_json(
            {"type": "place", "seq": 7, "view": "B", "coil": COIL, "didt": 67, "full": True, "at": at}
        )
        seq, view, about, (size, normal) = decoded(socket.receive_bytes())
    assert (seq, view) == (7, 1)
    pose = Pose.from_simnibs_mm(np.reshape(about["pose"], (4, 4)))
    E = bench.fields.full.field(Coil.load(COIL), pose, didt_A_per_s=67e6).E_V_per_m
    assert_allclose(size, np.linalg.norm(E, axis=1), rtol=1e-4)
    column = bench.head.cortex.column
    assert_allclose(normal, np.einsum("ij,ij->i", E, column), atol=1e-4 * size.max())
    assert_allclose(about["peak"], size.max(), rtol=1e-5)


def test_live_fields_agree_with_direct_solves(client, bench):
    """Frames, units and signs at the door: a second way from the same pose to the same numbers."""
    with live(client) as socket:
        socket.receive_json()
        socket.send_json(
            {"type": "place", "seq": 1, "view": "A", "coil": COIL, "didt": 50, "full": True, "at": OVER}
        )
        _, _, about, (size, normal) = decoded(socket.receive_bytes())
    pose = Pose.from_simnibs_mm(np.reshape(about["pose"], (4, 4)))
    solved = simulate(
        bench.head, Coil.load(COIL), pose, didt_A_per_s=50e6, method=FiniteElements(order=1)
    ).cortex_V_per_m
    expected = np.linalg.norm(solved, axis=1)
    # A small basis on a coarse head: a factor, a sign or a frame would cost far more than this.
    assert np.linalg.norm(size - expected) < 0.12 * np.linalg.norm(expected)
    along = np.einsum("ij,ij->i", solved, bench.head.cortex.column)
    assert np.linalg.norm(normal - along) < 0.12 * np.linalg.norm(expected)


def test_the_points_that_follow_the_coil_have_the_field_of_the_whole_cortex_there(client, bench):
    with live(client) as socket:
        socket.receive_json()
        sent = {"type": "place", "view": "A", "coil": COIL, "didt": 67, "at": OVER}
        socket.send_json({**sent, "seq": 1})
        _, _, live_about, few = decoded(socket.receive_bytes())
        socket.send_json({**sent, "seq": 2, "full": True})
        _, _, full_about, every = decoded(socket.receive_bytes())
    assert_allclose(few, every[:, bench.anatomy.live], rtol=1e-5)
    assert_allclose(live_about["p999"], full_about["p999"], rtol=0.05)
    assert_allclose(live_about["spread"], full_about["spread"], rtol=0.1)


def test_readings_double_with_the_current_and_turn_with_it(bench):
    """Fields are linear: a doubled slope doubles every V/m and leaves depth and spread."""

    def read(didt, angle_deg):
        at = At(**{**OVER, "point_mm": (0.0, 0.0, 90.0), "tilt_deg": (0.0, 0.0), "angle_deg": angle_deg})
        asked = PlaceMessage(
            type="place", seq=0, coil=COIL, didt=didt, at=at, target_mm=(25.0, 0.0, 60.0), radius_mm=8.0
        )
        return decoded(answer(bench, asked, since_s=time.perf_counter()))[2]

    one, two, back = read(40.0, 0.0), read(80.0, 0.0), read(40.0, 180.0)
    for name in ("peak", "p999", "at_target", "target_component"):
        assert_allclose(two[name], 2 * one[name], rtol=1e-4)
    for name in ("depth_mm", "spread"):
        assert_allclose(two[name], one[name], rtol=1e-6)
    assert_allclose(back["target_component"], -one["target_component"], rtol=0.2)


def test_a_pose_that_is_given_is_taken_as_it_is(client):
    with live(client) as socket:
        socket.receive_json()
        sent = {"type": "place", "view": "A", "coil": COIL, "didt": 67}
        socket.send_json({**sent, "seq": 1, "at": {**OVER, "tilt_deg": [0.0, 0.0]}})
        _, _, first, field = decoded(socket.receive_bytes())
        socket.send_json({**sent, "seq": 2, "pose": first["pose"]})
        _, _, second, same = decoded(socket.receive_bytes())
    assert_allclose(second["pose"], first["pose"], atol=1e-9)
    assert_allclose(same, field, rtol=1e-5)
    assert_allclose(second["angle_deg"], first["angle_deg"], atol=1.0)
    assert_allclose(second["gap_mm"], first["gap_mm"] + first["lifted_mm"], atol=0.5)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"coil": "no-such-coil"}, "coil"),
        ({"didt": -1}, "didt"),
        ({"at": {**OVER, "point_mm": [0.0, 0.0, 900.0]}}, "outside the head"),
        ({"at": {**OVER, "gap_mm": 500}}, "gap"),
        ({"at": {**OVER, "tilt_deg": [80, 0]}}, "tilt"),
        ({"at": None, "pose": [1.0] * 16}, "pose"),
        ({"at": None, "pose": [1, 0, 0, 20, 0, 1, 0, 20, 0, 0, 1, 20, 0, 0, 0, 1]}, "under the scalp"),
        ({"at": None}, "pose"),
        ({"at": {**OVER, "point_mm": [float("nan"), 0, 0]}}, "point_mm"),
        ({"what": 1}, "what"),
    ],
)
def test_a_pose_that_is_refused_is_a_sentence_and_the_next_one_is_answered(client, change, word):
    good = {"type": "place", "seq": 3, "view": "B", "coil": COIL, "didt": 67, "at": OVER}
    with live(client) as socket:
        socket.receive_json()
        socket.send_text(json.dumps({**good, **change}))
        refused = socket.receive_json()
        assert refused["type"] == "refused"
        assert (refused["seq"], refused["view"]) == (3, "B")
        assert word in refused["message"]
        assert refused["message"].endswith((".", "?"))
        socket.send_json({**good, "seq": 4})
        assert decoded(socket.receive_bytes())[0] == 4


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"type": "dance"}'])
def test_what_is_no_message_is_refused(client, text):
    with live(client) as socket:
        socket.receive_json()
        socket.send_text(text)
        assert socket.receive_json()["type"] == "refused"


def test_the_latest_pose_of_a_view_wins_and_what_it_overtakes_is_counted():
    inbox = _Inbox()
    for seq, view in enumerate("AABAB"):
        inbox.put(PlaceMessage(type="place", seq=seq, view=view, coil=COIL))
    assert [inbox.latest[view][0].seq for view in "AB"] == [3, 4]
    assert inbox.dropped == {"A": 2, "B": 1}
    assert list(inbox.latest) == ["A", "B"]


def test_a_burst_of_poses_is_answered_by_the_last_and_the_dropped_are_told(client):
    with live(client) as socket:
        socket.receive_json()
        for seq in range(60):
            at = {**OVER, "angle_deg": float(seq)}
            socket.send_json(
                {"type": "place", "seq": seq, "view": "A", "coil": COIL, "didt": 67, "full": True, "at": at}
            )
        answered = []
        while not answered or answered[-1][0] != 59:
            seq, _, about, _ = decoded(socket.receive_bytes())
            answered.append((seq, about["dropped"]))
    assert [seq for seq, _ in answered] == sorted(seq for seq, _ in answered)
    assert len(answered) + answered[-1][1] == 60  # each pose was answered or counted


def test_before_there_is_a_basis_poses_are_refused_with_how_far_it_is(folder):
    bench = Bench(head_plan(folder), spec=SPEC, cache=Cache(folder=folder / "cache"))
    asked = PlaceMessage(type="place", seq=0, coil=COIL, at=At(point_mm=(-30.0, 20.0, 80.0)))
    with pytest.raises(InputError, match="no basis yet"):
        answer(bench, asked, since_s=0.0)


def head_plan(folder):
    return HeadPlan(source=str(folder / "spheres.msh"))


def test_a_basis_is_built_by_a_process_that_tells_how_far_it_is(folder, capfd):
    asked = {
        "head": head_plan(folder).model_dump(),
        "spec": {"order": 1, "sources": 40, "samples": 80, "modes": 8},
        "cache": str(folder / "other"),
    }
    assert prepare.main(json.dumps(asked)) == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [step["fraction"] for step in told] == sorted(step["fraction"] for step in told)
    assert any("mode" in step["stage"] for step in told)
    assert list((folder / "other").glob("basis-*"))
    asked["head"]["source"] = str(folder / "missing.msh")
    assert prepare.main(json.dumps(asked)) == 2


def test_second_order_takes_over_when_it_is_ready_and_first_order_stays_where_it_fails(folder, monkeypatch):
    bench = Bench(head_plan(folder), spec=SPEC, order=2, cache=Cache(folder=folder / "cache"))
    seen = []
    bench.watchers.append(seen.append)

    def make(spec):
        if spec.order == 2:
            raise InputError("memory", "too little", "more")
        first(spec)

    first = bench._make_basis
    monkeypatch.setattr(bench, "_make_basis", make)
    bench._prepare()
    assert (seen[-1].state, seen[-1].order) == ("ready", 1)
    assert "memory" in seen[-1].message
    monkeypatch.undo()
    FieldBasis.load_or_build(bench.head, replace(SPEC, order=2), cache=bench.cache)
    bench._prepare()
    assert (seen[-1].state, seen[-1].order) == ("ready", 2)
    asked = PlaceMessage(type="place", seq=0, coil=COIL, at=At(point_mm=(-30.0, 20.0, 80.0)))
    assert decoded(answer(bench, asked, since_s=0.0))[2]["order"] == 2


def test_a_head_that_cannot_be_read_leaves_a_sentence_and_a_page_that_says_it(folder):
    (folder / "broken.msh").write_text("no mesh")
    bench = Bench(HeadPlan(source=str(folder / "broken.msh")), cache=Cache(folder=folder / "cache"))
    app = create_app(bench, token="right", hosts={HERE}, jobs=Jobs(folder / "data"))
    with TestClient(app, base_url=f"http://{HERE}", headers=BEARER) as client:
        assert "broken.msh" in refusal(client.get("/api/page"))
        with live(client) as socket:
            while (told := socket.receive_json())["state"] != "failed":
                pass
            assert "broken.msh" in told["message"]


def test_a_head_without_a_cortex_is_shown_and_said_to_have_none(folder):
    write_mesh(folder / "bare.msh", sphere_head((0.078, 0.086, 0.092), (2, 4, 5), cell_m=0.014))
    bench = Bench(HeadPlan(source=str(folder / "bare.msh")), spec=SPEC, cache=Cache(folder=folder / "cache"))
    app = create_app(bench, token="right", hosts={HERE}, jobs=Jobs(folder / "data"))
    with TestClient(app, base_url=f"http://{HERE}", headers=BEARER) as client:
        assert client.get("/api/page").json()["head"]["n_cortex"] == 0
        assert len(surface(client.get("/api/geometry/cortex").content)[0]) == 0
        assert len(surface(client.get("/api/geometry/skin").content)[0]) > 100
        with live(client) as socket:
            while (told := socket.receive_json())["state"] != "failed":
                pass
        assert "cortex" in told["message"] or "grey" in told["message"]


def test_jobs_are_told_as_they_change(client):
    plan = {"head": {"source": "missing.msh"}}
    with client.websocket_connect(f"ws://{HERE}/api/jobs/live", headers=BEARER) as socket:
        id_ = client.post("/api/jobs", json={"kind": "run", "plan": plan}).json()["id"]
        states = []
        while not states or states[-1] in ("waiting", "running"):
            job = socket.receive_json()
            assert job["id"] == id_
            states.append(job["state"])
    assert states[-1] == "failed"
    assert client.get(f"/api/jobs/{id_}").json()["state"] == "failed"
    assert [job["id"] for job in client.get("/api/jobs").json()] == [id_]
    assert client.get(f"/api/jobs/{id_}/files").json() == []
    assert "file" in refusal(client.get(f"/api/jobs/{id_}/files/report.html"))
    while client.delete(f"/api/jobs/{id_}").status_code != 200:  # its process is yet to be gone
        time.sleep(0.05)
    assert "job" in refusal(client.get(f"/api/jobs/{id_}"))


@pytest.mark.parametrize("coil", [COIL, "magventure-mc-b70"])
@pytest.mark.parametrize("point_mm", [(-30.0, 20.0, 60.0), (50.0, -40.0, 50.0), (0.0, 60.0, 60.0)])
@pytest.mark.parametrize("angle_deg", [0.0, 45.0, -100.0])
def test_the_fast_placer_puts_coils_where_place_puts_them(bench, coil, point_mm, angle_deg):
    target, angle_rad = HeadPoint(tuple(x * 1e-3 for x in point_mm)), math.radians(angle_deg)
    slow = place(bench.head, Coil.load(coil), target=target, angle=angle_rad, gap=0.004)
    fast = bench.placer.place(bench.coil(coil), Place(target=target, angle_rad=angle_rad))
    assert_allclose(fast.scalp_m, slow.scalp_m, atol=1e-9)
    assert_allclose(fast.matrix[:3, :3], slow.matrix[:3, :3], atol=1e-9)
    assert_allclose(fast.lifted_m, slow.lifted_m, atol=1.5e-3)  # both are on a grid of 1 mm
    assert fast.target == slow.target


def test_a_tilt_turns_the_coil_about_its_own_axes(bench):
    target = HeadPoint((-0.03, 0.02, 0.06))
    flat = bench.placer.place(bench.coil(COIL), Place(target=target))
    tilted = bench.placer.place(bench.coil(COIL), Place(target=target, tilt_rad=(math.radians(10), 0.0)))
    assert_allclose(flat.matrix[:3, 0], tilted.matrix[:3, 0], atol=1e-9)  # about x, which stays
    assert_allclose(math.degrees(math.acos(flat.inward @ tilted.inward)), 10, atol=1e-6)
    assert tilted.inward @ flat.matrix[:3, 1] < 0  # right-handed: z goes to -y


def test_place_by_request_is_place(client, bench):
    body = {"coil": COIL, "target": "head -30 20 60 mm", "angle_deg": 20, "tilt_deg": [0, 0], "gap_mm": 6}
    found = client.post("/api/place", json=body).json()
    expected = place(bench.head, Coil.load(COIL), target="head -30 20 60 mm", angle="20 deg", gap="6 mm")
    got = np.reshape(found["pose"], (4, 4))
    assert_allclose(got[:3, :3], expected.matrix[:3, :3], atol=1e-9)
    assert_allclose(got[:3, 3], expected.center_m * 1e3, atol=1.5)
    assert_allclose(found["target_mm"], [-30, 20, 60])
    same = client.post("/api/place", json={**body, "target": None, "point_mm": [-30, 20, 60]}).json()
    assert_allclose(same["pose"], found["pose"])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"target": "F33"}, "F3"),
        ({"target": "F3"}, "fiducials"),
        ({"target": "mni 0 0 60 mm"}, "MNI"),
        ({"target": "head 0 0 300 mm"}, "outside the head"),
        ({"target": None}, "target"),
        ({"point_mm": [1, 2, 3]}, "target"),
        ({"coil": "nothing"}, "coil"),
        ({"coil": "nothing.ccd"}, "nothing.ccd"),
        ({"angle_deg": 1000}, "angle"),
        ({"gap_mm": "4"}, "gap_mm"),
        ({"more": 1}, "more"),
    ],
)
def test_a_place_that_cannot_be_had_is_refused_in_a_sentence(client, change, word):
    body = {"coil": COIL, "target": "head -30 20 60 mm", "angle_deg": 20, "tilt_deg": [0, 0], "gap_mm": 6}
    assert word in refusal(client.post("/api/place", json={**body, **change}))


def test_a_coil_is_drawn_from_its_casing_its_wire_and_its_handle(client):
    shape = client.get(f"/api/coils/{COIL}/geometry").json()
    coil = Coil.load(COIL)
    assert_allclose(np.reshape(shape["casing"]["points_mm"], (-1, 3)), coil.casing.points_m * 1e3, atol=1e-3)
    assert shape["casing"]["triangles"] == coil.casing.triangles.ravel().tolist()
    lines = [np.reshape(line, (-1, 3)) for line in shape["windings"]]
    length_m = sum(np.linalg.norm(np.diff(line, axis=0), axis=1).sum() for line in lines) * 1e-3
    pieces = [(part.starts_m, part.ends_m) for part in coil.elements]
    assert_allclose(length_m, sum(np.linalg.norm(b - a, axis=1).sum() for a, b in pieces), rtol=1e-3)
    assert len(lines) < 40  # wires, not pieces of wire
    assert shape["handle"]["to_mm"][1] < shape["handle"]["from_mm"][1] < 0  # along -y


def test_plans_go_to_json_and_back(client):
    plan = default().model_copy(update={"placement": AtPose(pose=tuple(map(tuple, np.eye(4).tolist())))})
    found = client.post("/api/plan/parse", json={"toml": dump(plan)}).json()["plan"]
    assert found == plan.model_dump(mode="json")
    assert client.post("/api/plan/toml", json={"plan": found}).json()["toml"] == dump(plan)
    checked = client.post("/api/plan/check", json={"plan": {}}).json()["plan"]
    assert checked == default().model_dump(mode="json")


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("parse", {"toml": "[coil\nsource = 1"}, "TOML"),
        ("parse", {"toml": "[coil]\nsorce = 'x'"}, "source"),
        ("parse", {"toml": "[pulse]\ndose = '120 %RTM'"}, "dose"),
        ("parse", {}, "toml"),
        ("toml", {"plan": {"placement": {"gap": "4 furlongs"}}}, "gap"),
        ("check", {"plan": {"field": {"order": 3}}}, "order"),
    ],
)
def test_a_plan_that_is_refused_is_a_sentence(client, path, body, word):
    assert word in refusal(client.post(f"/api/plan/{path}", json=body))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[", b'"text"', b" " * 2**22 + b"{}  "])
def test_a_body_that_is_no_json_is_refused(client, content):
    assert refusal(client.post("/api/place", content=content)).endswith(".")


def test_what_is_not_there_is_a_sentence(client):
    for path in ("/api/nothing", "/api/geometry/liver", "/api/coils/none/geometry", "/api/volume/t1.nii.gz"):
        answer = client.get(path)
        assert answer.status_code in (404, 422)
        assert answer.json()["message"].endswith(".")


def nifti(content):
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(content))


def test_the_label_volume_is_the_tissues_where_they_are(client, bench):
    image = nifti(client.get("/api/volume/labels.nii.gz").content)
    tags = np.asarray(image.dataobj)
    rng = np.random.default_rng(0)
    some = rng.choice(len(bench.head.tets), 400, replace=False)
    voxels = np.round(apply(np.linalg.inv(image.affine), bench.head.centers_m[some] * 1e3)).astype(int)
    same = tags[tuple(voxels.T)] == bench.head.tags[some]
    assert same.mean() > 0.97


def test_the_field_volume_is_the_field_of_the_cortex_in_grey_matter(client, bench):
    pose = client.post("/api/place", json={"coil": COIL, "target": "head -30 20 60 mm"}).json()["pose"]
    answer_ = client.post("/api/volume/field", json={"pose": pose, "coil": COIL, "didt": 60})
    assert "grey matter" in answer_.headers["x-field-source"]
    image = nifti(answer_.content)
    values = np.asarray(image.dataobj)
    tags = np.asarray(nifti(client.get("/api/volume/labels.nii.gz").content).dataobj)
    assert (tags[values > 0] == GREY_MATTER).all()
    field = bench.fields.full.field(
        Coil.load(COIL), Pose.from_simnibs_mm(np.reshape(pose, (4, 4))), didt_A_per_s=60e6
    )
    size = np.linalg.norm(field.E_V_per_m, axis=1)
    assert_allclose(values.max(), size.max(), rtol=0.05)
    hottest = apply(image.affine, np.argwhere(values == values.max()).mean(axis=0))
    assert np.linalg.norm(hottest - bench.head.cortex.points_m[size.argmax()] * 1e3) < 6
