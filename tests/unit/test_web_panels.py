"""The panels of the page say what the rooms say, and refuse in one sentence."""

from __future__ import annotations

import base64
import io
import wave
from types import SimpleNamespace

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from tmsim.coil.evaluate import vector_potential
from tmsim.core import TmsimError
from tmsim.head import regions_of
from tmsim.neuron.motor import draw_subject, hunt, threshold_mso, with_threshold
from tmsim.plan import default, explain, parse, protocol_of
from tmsim.plan.live import LiveResults
from tmsim.plan.weeks import weeks_of
from tmsim.plasticity import default_model, draw_people, respond
from tmsim.pulse import PercentRMT, parse_train, protocol, waveform
from tmsim.safety import check_session
from tmsim.sensation import click_train
from tmsim.web import panels
from tmsim.web.panels.evidence import TOPICS
from tmsim.web.panels.train import rasters


class Primary:
    """A basis that knows the coil's own part of the field, halved: quick, and of the right size and shape."""

    spec = SimpleNamespace(order=1, tolerance=1e-5)
    relative_residual = 1e-6

    def __init__(self, points_m):
        self.points_m, self.n_points = points_m, len(points_m)

    def field(self, coil, pose, *, didt_A_per_s):
        turn = pose.matrix[:3, :3]
        A = vector_potential(coil.elements, (self.points_m - pose.center_m) @ turn, 1e-3)
        E = -0.5 * didt_A_per_s * A @ turn.T
        return SimpleNamespace(E_V_per_m=E.astype(np.float32))


@pytest.fixture(scope="module")
def bench(colin27):
    kept = np.arange(0, len(colin27.cortex.points_m), 4)
    basis = Primary(colin27.cortex.points_m)
    return SimpleNamespace(
        head=colin27, fields=SimpleNamespace(full=basis), anatomy=SimpleNamespace(live=kept)
    )


def client_of(bench) -> TestClient:
    app = FastAPI()
    app.state.bench = bench
    app.include_router(panels.router)

    @app.exception_handler(TmsimError)
    async def refuse(_request, fault):
        return JSONResponse({"message": str(fault)}, status_code=422)

    return TestClient(app)


@pytest.fixture(scope="module")
def page(bench):
    return client_of(bench)


@pytest.fixture(scope="module")
def early():
    """The page before its field is there."""
    return client_of(SimpleNamespace(head=None, fields=None, anatomy=None))


@pytest.fixture(scope="module")
def rooms(bench):
    """What the rooms themselves say of the default plan."""
    return LiveResults(plan=default(), head=bench.head, basis=bench.fields.full)


def plan_with(**sections):
    plan = default().model_dump(mode="json")
    for section, values in sections.items():
        plan[section] = plan[section] | values
    return plan


def ask(page, name, plan=None, **more):
    response = page.post(f"/api/panels/{name}", json={"plan": plan or plan_with(), **more})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_dose_is_told_in_all_units_and_they_agree(page, rooms):
    told = ask(page, "pulse")
    dose, most = told["dose"], rooms.didt_max_A_per_s
    assert dose["percent_rmt"] == pytest.approx(120)
    assert dose["didt_A_per_us"] * 1e6 == pytest.approx(1.2 * rooms.threshold.didt_A_per_s, rel=1e-4)
    assert dose["percent_mso"] == pytest.approx(120 * rooms.threshold.didt_A_per_s / most, rel=1e-3)
    assert dose["threshold"]["field_V_per_m"] == pytest.approx(rooms.threshold.drive_V_per_m, rel=1e-3)
    shape = waveform("magstim-rapid2-biphasic")
    assert told["output"]["current_A"] == pytest.approx(
        shape.peak_current_A(dose["didt_A_per_us"] * 1e6), rel=1e-3
    )
    assert max(np.abs(told["curve"]["share"])) == pytest.approx(1, abs=0.01)
    assert max(told["curve"]["current_A"]) == pytest.approx(told["output"]["current_A"], rel=0.01)


def test_a_dose_beyond_the_stimulator_is_refused_beside_its_waveform(page):
    told = ask(page, "pulse", plan_with(pulse={"dose": "250 %RMT"}))
    assert told["dose"]["didt_A_per_us"] is None
    assert "at most" in told["dose"]["refused"]
    assert told["curve"]["share"]


def test_who_fires_is_what_the_neuron_room_says(page, rooms, bench):
    told = ask(page, "recruit", population="L5")
    fired = rooms.response.recruitment
    areas = {row["name"]: row["area_cm2"] for row in told["populations"]}
    assert areas == pytest.approx(
        dict(zip(fired.populations, fired.area_m2 * 1e4, strict=True)), rel=1e-3, abs=1e-6
    )
    shown = np.frombuffer(base64.b64decode(told["overlay"]), np.uint8) / 255
    np.testing.assert_allclose(
        shown, fired.fraction[fired.populations.index("L5")][bench.anatomy.live], atol=0.5 / 255
    )
    assert told["regions"][0]["region"] == fired.regions[0].region


def test_more_output_recruits_more(page):
    weak, strong = (
        ask(page, "recruit", plan_with(pulse={"dose": dose}))["populations"][1]["area_cm2"]
        for dose in ("60 A/us", "80 A/us")
    )
    assert strong > 1.5 * weak > 0


def test_the_plans_person_has_the_threshold_of_this_head(page, rooms):
    told = ask(page, "person")
    assert told["rmt_mso"] == pytest.approx(rooms.threshold.percent_mso, rel=1e-3)
    other = ask(page, "person", person=3)
    assert other["rmt_mso"] == pytest.approx(threshold_mso(draw_subject(0, 3)), rel=1e-3)
    middle = np.array(other["quantiles_mV"][2])
    assert (np.diff(middle) >= 0).all()


def test_a_shot_is_the_same_each_time_and_its_trace_has_its_size(page):
    one, again, next_one = (
        ask(page, "person/shot", person=2, amplitude_mso=80, shot=shot) for shot in (4, 4, 5)
    )
    assert one == again
    assert one["mep_mV"] != next_one["mep_mV"]
    assert np.ptp(one["emg_mV"]) == pytest.approx(one["mep_mV"], rel=0.05)
    assert one["reaches"] == (one["mep_mV"] >= 0.05)


def test_a_hunt_by_hand_ends_where_maximum_likelihood_does(page):
    """Whoever fires what the procedure asks for gets the estimate of the room's own hunt."""
    found = hunt(draw_subject(0, 5))
    trials = [
        {"amplitude_mso": t.amplitude_mso, "mep_mV": t.mep_V * 1e3, "responded": t.responded}
        for t in found.trials
    ]
    first = ask(page, "person/hunt", person=5, trials=[])
    assert first["next_mso"] == found.trials[0].amplitude_mso
    assert first["estimate_mso"] is None
    assert "true_mso" not in first
    last = ask(page, "person/hunt", person=5, trials=trials, reveal=True)
    assert last["estimate_mso"] == pytest.approx(found.estimate_mso, rel=1e-3)
    assert last["true_mso"] == pytest.approx(found.true_mso, rel=1e-3)
    by_itself = ask(page, "person/run", person=5)
    assert [t["amplitude_mso"] for t in by_itself["trials"]] == [t.amplitude_mso for t in found.trials]


def test_a_train_is_the_same_as_words_blocks_and_name(page):
    told = ask(page, "train")
    (block,) = told["blocks"]
    assert block["sentence"] == str(parse_train("iTBS"))
    assert told["totals"]["pulses"] == 600
    assert told["totals"]["pulses_per_week"] == 5 * 600
    back = page.post("/api/panels/train/read", json={"layers": block["layers"]}).json()
    assert page.post("/api/panels/train/read", json={"words": "iTBS"}).json() == back
    assert parse_train(back["sentence"]) == parse_train("iTBS")
    again = ask(page, "train", plan_with(session={"protocol": back["sentence"]}))
    assert again["blocks"][0]["layers"] == block["layers"]


def test_what_is_being_typed_is_told_why_it_cannot_be_read_yet(page):
    for asked in ({"words": "10 Hz, 4 s"}, {"layers": [{"count": 3, "interval_s": 0.0}]}, {"words": ""}):
        response = page.post("/api/panels/train/read", json=asked)
        assert response.status_code == 200
        assert response.json()["refused"]


def test_a_raster_has_every_pulse_or_a_block_of_them():
    whole, train, burst = rasters(parse_train("iTBS"))
    assert [row["pulses"] for row in (whole, train, burst)] == [600, 30, 3]
    np.testing.assert_allclose(whole["onsets_s"], 10.0 * np.arange(20))
    assert whole["width_s"] == pytest.approx(9 * 0.2 + 0.04)
    np.testing.assert_allclose(train["onsets_s"], parse_train("iTBS").onsets_s()[:30], atol=1e-6)
    assert train["width_s"] == 0
    np.testing.assert_allclose(burst["onsets_s"], [0, 0.02, 0.04])
    assert burst["width_s"] == 0


def test_findings_are_those_of_the_safety_room_at_this_output(page, rooms):
    told = ask(page, "train")
    found = check_session(
        protocol("itbs600"), intensity=PercentRMT(120.0), device="magstim-super-rapid2-plus",
        percent_mso=told["percent_mso"],
    )  # fmt: skip
    assert [row["message"] for row in told["findings"]] == [f.message for f in found]
    assert told["percent_mso"] == pytest.approx(1.2 * rooms.threshold.percent_mso, abs=0.05)
    assert {h["ear"] for h in told["hearing"]} == {"left", "right"}
    assert not any("safe" in row["message"].lower().split() for row in told["findings"])


def test_a_harder_train_is_found_graver(page):
    hard = ask(page, "train", plan_with(session={"protocol": "25 Hz, 10 s on, 1 s off, for 2500 pulses"}))
    assert hard["findings"][0]["severity"] in ("stop", "caution")


def test_clicks_are_the_sound_of_the_train(page):
    response = page.get("/api/panels/clicks.wav", params={"source": "itbs600", "duration_s": 2})
    assert response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as file:
        rate, sound = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_allclose(sound / 32767, click_train(parse_train("iTBS"), duration_s=2), atol=1e-4)
    assert rate == 48_000


def test_the_after_effect_is_that_of_the_plasticity_room(page):
    (block,) = ask(page, "after")["blocks"]
    train = protocol("itbs600").blocks[0].train
    group = respond(draw_people(0, 200), default_model(train).after_effect(train, PercentRMT(120.0)))
    told = block["group"]
    np.testing.assert_allclose(told["mean_percent"], 100 * group.mean[::2], rtol=2e-3, atol=1e-6)
    assert told["responders"] == pytest.approx(group.responders.mean(), rel=1e-3)
    assert told["evidence"]["strength"] == "weak"


def test_a_train_that_no_model_covers_says_so(page):
    (block,) = ask(page, "after", plan_with(session={"protocol": "2 Hz for 100 pulses"}))["blocks"]
    assert block["group"] is None
    assert "changes sign" in block["missing"]


def test_a_course_is_that_of_the_course_room(page):
    plan = plan_with(course={"people": 200, "missed": ["day 12", "7-9"]})
    told = ask(page, "course", plan)
    weeks = weeks_of(parse(""), protocol("itbs600"))
    rows = {row["day"]: row for row in told["schedule"]["days"]}
    assert told["schedule"]["planned"] - told["schedule"]["given"] == 4
    assert rows[12]["planned"] == 1
    assert rows[12]["given"] == 0
    active, sham = told["arms"]
    assert (active["arm"], sham["arm"]) == ("active", "sham")
    assert active["mean"][0] == pytest.approx(weeks.cohorts[0].mean[0], abs=1.0)
    assert active["response"]["percent"][-1] > sham["response"]["percent"][-1] > 0
    assert any(trial["arm"] == "open" for trial in told["trials"])


def test_an_accelerated_course_has_ten_sessions_a_day(page):
    told = ask(page, "course", plan_with(session={"protocol": "saint"}, course={"people": 100}))
    assert told["schedule"]["most_a_day"] == 10
    assert told["schedule"]["last_day"] == 5
    assert told["model"]["name"] == "accelerated"


def test_a_sentence_has_no_course_until_it_is_told_how_many_sessions(page):
    plan = plan_with(session={"protocol": "10 Hz for 40 pulses"})
    assert ask(page, "course", plan)["schedule"] is None
    plan["course"]["sessions"] = 5
    assert ask(page, "course", plan)["schedule"]["given"] == 5


def test_the_brain_answers_where_the_coil_is(page, rooms):
    told = ask(page, "network")
    assert told["site"] == rooms.brain.site
    assert told["regions"][0]["recruited"] > 0
    assert told["far_kept_when_cut"] < 0.01
    assert told["rest"]["rate_after_Hz"] > told["rest"]["rate_before_Hz"]


def test_the_response_on_the_cortex_is_that_of_each_points_region(page, rooms, bench):
    told = ask(page, "network", shown="early")
    shown = np.frombuffer(base64.b64decode(told["overlay"]), np.uint8) / 255
    regions = regions_of(bench.head)
    names = np.array(regions.names)[regions.index[bench.anatomy.live]]
    assert set(shown[names == rooms.brain.site]) == {1.0}
    other = told["regions"][1]
    share = other["early_mV"] / told["regions"][0]["early_mV"]
    np.testing.assert_allclose(shown[names == other["region"]], share, atol=2 / 255)


def test_transmitters_are_shown_with_every_case_and_their_evidence(page, rooms):
    told = ask(page, "transmitters", plan_with(course={"sessions": 2}))
    dopamine, serotonin, _ = told["transmitters"]
    assert len(told["cases"]) == 4
    change = 100 * rooms.transmission.release.change
    np.testing.assert_allclose(dopamine["change_percent"], change[0], rtol=1e-3)
    assert min(serotonin["change_percent"]) < 0 < max(serotonin["change_percent"])
    assert serotonin["sign"] == "unknown"
    assert len(told["course"]["session"]) == 2


def test_links_are_the_sentences_of_the_plan(page, rooms):
    told = ask(page, "explain", links=["coil", "field", "session"])["links"]
    assert told == [
        {"name": link.name, "sentence": link.sentence, "evidence": link.evidence}
        for link in explain(rooms, "coil", "field", "session")
    ]
    response = page.post("/api/panels/explain", json={"plan": plan_with(), "links": ["soul"]})
    assert response.status_code == 422
    assert "coil" in response.json()["message"]


def test_every_topic_has_an_equation_and_sources_that_are_known(page):
    told = page.get("/api/panels/evidence").json()
    for name, topic in TOPICS.items():
        assert topic.equation, name
        assert len(told[name]["sources"]) == len(topic.keys), name


@pytest.mark.parametrize(
    ("name", "plan", "words"),
    [
        ("pulse", {"pulse": {"waveform": "nonsense"}}, "waveform"),
        ("pulse", {"pulse": {"dose": "120"}}, "dose"),
        ("train", {"session": {"protocol": "every"}}, "protocol"),
        ("train", {"session": {"protocol": "10 Hz, 4 s on, 26 s off, for 3001 pulses"}}, "multiple"),
        ("after", {"session": {"plasticity": "alchemy"}}, "plasticity model"),
        ("course", {"course": {"missed": ["day 6"]}}, "day with a session"),
        ("course", {"course": {"peple": 3}}, "people"),
        ("recruit", {"coil": {"source": "no-such-coil"}}, "coil"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(page, name, plan, words):
    response = page.post(f"/api/panels/{name}", json={"plan": plan_with(**plan)})
    assert response.status_code == 422
    assert words in response.json()["message"]


@pytest.mark.parametrize("name", ["recruit", "network", "transmitters", "explain"])
def test_without_a_field_there_is_a_sentence_and_no_number(early, name):
    response = early.post(f"/api/panels/{name}", json={"plan": plan_with()})
    assert response.status_code == 409


@pytest.mark.parametrize("name", ["pulse", "person", "train", "after", "course"])
def test_what_needs_no_field_is_there_before_it(early, name):
    told = ask(early, name)
    assert told
    if name == "train":
        assert told["percent_mso"] is None
        assert told["findings"]


def test_the_held_protocol_and_the_threshold_of_a_person_are_the_plans():
    assert protocol_of(default()).id == "itbs600"
    assert threshold_mso(with_threshold(draw_subject(0), 55.0)) == pytest.approx(55.0)
