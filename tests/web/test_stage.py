"""The stage: dragging, readings against a solve, two poses, search, plans in and out, themes."""

from __future__ import annotations

import json
import re
import struct
import tomllib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tmsim.coil import Coil
from tmsim.core.cache import Cache
from tmsim.field import FiniteElements, simulate
from tmsim.head import Head
from tmsim.placement import Pose
from tmsim.web.anatomy import anatomy_of
from tmsim.web.readings import Points, readings

SLOW_ms = 600_000  # a search and its direct solves, beside software rendering
WITHIN = 0.02


@dataclass
class Talk:
    """What went over the live socket."""

    sent: list[dict[str, Any]]
    fields: list[tuple[int, dict[str, Any], np.ndarray, np.ndarray]]

    def asked(self, seq: int) -> dict[str, Any]:
        return next(message for message in self.sent if message["seq"] == seq)


def listen(page: Page) -> Talk:
    talk = Talk([], [])

    def heard(payload: str | bytes) -> None:
        if not isinstance(payload, bytes):
            return
        magic, seq, _, points, size = struct.unpack_from("<4sIIII", payload)
        assert magic == b"TMSF"
        reading = json.loads(payload[20 : 20 + size])
        both = np.frombuffer(payload, "<f4", 2 * points, 20 + size).reshape(2, points)
        talk.fields.append((seq, reading, both[0], both[1]))

    def follow(socket: Any) -> None:
        if socket.url.endswith("/api/live"):
            socket.on("framesent", lambda payload: talk.sent.append(json.loads(payload)))
            socket.on("framereceived", heard)

    page.on("websocket", follow)
    return talk


def stage(page: Page) -> Locator:
    return page.get_by_test_id("stage")


def settled(page: Page) -> None:
    page.locator('[data-testid="stage"][data-ready="true"]').wait_for(timeout=90_000)


def drag_coil(page: Page, right: int, down: int) -> None:
    """Take the coil between its wings, at the target that it is over, and put it down elsewhere."""
    box = page.get_by_test_id("canvas").bounding_box()
    assert box is not None
    # The view from the front left is the same at the start of every test.
    x, y = box["x"] + 0.36 * box["width"], box["y"] + 0.38 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2, steps=4)
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()
    settled(page)


def pose_of(page: Page) -> np.ndarray:
    page.get_by_test_id("tab-place").click()
    return np.array(page.get_by_test_id("pose").input_value().split(), dtype=float).reshape(4, 4)


def plan_of(page: Page) -> dict[str, Any]:
    page.get_by_test_id("tab-jobs").click()
    expect(page.get_by_test_id("toml")).to_have_value(re.compile("placement"))
    page.wait_for_timeout(800)  # a pose is written once the coil rests
    return tomllib.loads(page.get_by_test_id("toml").input_value())


@pytest.fixture
def talk(blank: Page) -> Talk:
    return listen(blank)


def test_dragging_moves_coil_and_field_and_its_numbers_are_those_of_a_solve(talk: Talk, ready: Page):
    canvas = ready.get_by_test_id("canvas")
    before, picture = pose_of(ready), canvas.screenshot()
    peak = stage(ready).get_attribute("data-peak")

    drag_coil(ready, right=70, down=-50)

    after = pose_of(ready)
    assert np.linalg.norm(after[:3, 3] - before[:3, 3]) > 10  # mm
    assert stage(ready).get_attribute("data-peak") != peak
    assert canvas.screenshot() != picture
    assert [seq for seq, *_ in talk.fields] == sorted(seq for seq, *_ in talk.fields)

    seq, reading, size, normal = talk.fields[-1]
    assert str(seq) == stage(ready).get_attribute("data-seq")
    assert float(stage(ready).get_attribute("data-peak") or 0) == pytest.approx(reading["peak"])
    assert size.max() == pytest.approx(reading["peak"], rel=1e-5)
    np.testing.assert_allclose(after, np.reshape(reading["pose"], (4, 4)), atol=0.006)  # mm, as it is shown

    asked = talk.asked(seq)
    head, coil = Head.load("colin27"), Coil.load(asked["coil"])
    solved = simulate(
        head, coil, Pose.from_simnibs_mm(np.reshape(reading["pose"], (4, 4))),
        didt_A_per_s=asked["didt"] * 1e6, method=FiniteElements(order=1),
    )  # fmt: skip
    anatomy = anatomy_of("colin27", False, lambda: head, Cache())
    points = Points.of(anatomy, full=False)
    assert len(points.points_m) == len(size)
    E = solved.cortex_V_per_m[anatomy.live]
    direct, along = np.linalg.norm(E, axis=1), np.einsum("ij,ij->i", E, points.column)
    near = points.near(np.array(asked["target_mm"]) * 1e-3, asked["radius_mm"] * 1e-3)
    expected = readings(points, direct, along, near)
    for name in ("p999", "at_target"):
        assert reading[name] == pytest.approx(expected[name], rel=WITHIN), name
    assert np.linalg.norm(size - direct) < WITHIN * np.linalg.norm(direct)
    assert np.linalg.norm(normal - along) < 2 * WITHIN * np.linalg.norm(along)


def test_keys_and_numbers_put_the_coil_where_they_say(ready: Page):
    canvas, angle = ready.get_by_test_id("canvas"), ready.get_by_test_id("angle")
    before = pose_of(ready)
    canvas.focus()
    ready.keyboard.press("e")
    ready.keyboard.press("r")
    expect(angle).to_have_value("50")
    expect(ready.get_by_test_id("gap")).to_have_value("5")
    settled(ready)
    after = pose_of(ready)
    turn = np.degrees(np.arccos(np.clip((np.trace(before[:3, :3].T @ after[:3, :3]) - 1) / 2, -1, 1)))
    assert turn == pytest.approx(5, abs=0.05)
    assert np.linalg.norm(after[:3, 3] - before[:3, 3]) == pytest.approx(
        1, abs=0.3
    )  # lifted as its casing needs

    angle.fill("-30")
    angle.press("Enter")
    ready.get_by_test_id("tilt-x").fill("10")
    ready.get_by_test_id("tilt-x").press("Enter")
    settled(ready)
    assert "pose" in plan_of(ready)["placement"]


def test_the_collar_of_the_handle_turns_the_coil(ready: Page):
    before = pose_of(ready)
    box = ready.get_by_test_id("canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + 0.637 * box["width"], box["y"] + 0.62 * box["height"]
    ready.mouse.move(x, y)
    ready.mouse.down()
    ready.mouse.move(x - 40, y + 90, steps=5)
    ready.mouse.up()
    settled(ready)
    after = pose_of(ready)
    assert np.degrees(np.arccos(after[:3, 1] @ before[:3, 1])) > 10
    assert after[:3, 2] @ before[:3, 2] == pytest.approx(1, abs=1e-4)  # tangential still
    assert abs(float(ready.get_by_test_id("angle").input_value()) - 45) > 10


def test_targets_by_label_coordinate_and_tape(ready: Page, server, watch):
    page = server.ask("/api/page")
    ready.get_by_test_id("target-text").fill("C3")
    ready.get_by_test_id("target-text").press("Enter")
    expect(ready.get_by_test_id("target-label")).to_have_text("C3")
    settled(ready)
    scalp = [float(ready.get_by_test_id(f"scalp-{axis}").input_value()) for axis in "xyz"]
    np.testing.assert_allclose(scalp, page["targets"]["electrodes"]["C3"], atol=0.2)

    kind = ready.get_by_test_id("target-kind")
    kind.get_by_text("MNI").click()
    for axis, value in zip("xyz", ("-38", "44", "26"), strict=True):
        ready.get_by_test_id(f"mni-{axis}").fill(value)
        ready.get_by_test_id(f"mni-{axis}").press("Enter")
    ready.get_by_test_id("target-go").click()
    expect(ready.get_by_test_id("target-label")).to_contain_text("mni -38 44 26")
    settled(ready)
    assert plan_of(ready)["placement"]["target"] == "mni -38 44 26 mm"

    ready.get_by_test_id("tab-place").click()
    kind.get_by_text("Beam F3").click()
    for tape, value in enumerate(("36", "38", "60")):
        ready.get_by_test_id(f"tape-{tape}").fill(value)
        ready.get_by_test_id(f"tape-{tape}").press("Enter")
    ready.get_by_test_id("target-go").click()
    expect(ready.get_by_test_id("target-label")).to_contain_text("beam-f3 36 38 60 cm")

    watch.allow("422")
    kind.get_by_text("10-10").click()
    ready.get_by_test_id("target-text").fill("F33")
    ready.get_by_test_id("target-text").press("Enter")
    expect(ready.get_by_test_id("target-card")).to_contain_text("Near:")


def test_a_refused_pose_is_said_and_can_be_taken_back(ready: Page, watch):
    text = ready.get_by_test_id("pose")
    before = text.input_value()
    text.fill("1 2 3")
    ready.get_by_test_id("pose-take").click()
    expect(ready.locator("[role=alert]")).to_contain_text("found 3 of 16")
    text.fill("1 0 0 -40  0 1 0 50  0 0 2 60  0 0 0 1")  # not rigid
    ready.get_by_test_id("pose-take").click()
    expect(ready.get_by_test_id("stage-refused")).to_be_visible()
    ready.get_by_test_id("stage-refused").get_by_role("button").click()
    expect(ready.get_by_test_id("stage-refused")).to_have_count(0)
    settled(ready)
    assert ready.get_by_test_id("pose").input_value() == before


def test_two_poses_side_by_side(ready: Page):
    ready.get_by_test_id("compare").click()
    expect(ready.get_by_test_id("readout-B")).to_be_visible()
    settled(ready)
    expect(ready.get_by_test_id("difference-peak")).to_have_text("0")
    ready.get_by_test_id("active-view").get_by_text("Move B").click()
    first = stage(ready).get_attribute("data-peak")
    ready.get_by_test_id("canvas").focus()
    for _ in range(4):
        ready.keyboard.press("Shift+ArrowUp")
    settled(ready)
    assert stage(ready).get_attribute("data-peak") == first
    second = stage(ready).get_attribute("data-peak-b")
    assert second != first
    shown = ready.get_by_test_id("difference-peak").inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(float(second or 0) - float(first or 0), abs=0.06)
    ready.get_by_test_id("compare").click()
    expect(ready.get_by_test_id("readout-B")).to_have_count(0)


def test_colours_follow_range_threshold_and_component(ready: Page):
    canvas, bar = ready.get_by_test_id("canvas"), ready.get_by_test_id("colorbar")
    pictures = [canvas.screenshot()]
    ready.get_by_test_id("component").get_by_text("Normal").click()
    expect(bar).to_contain_text("Normal")
    pictures.append(canvas.screenshot())
    ready.get_by_test_id("component").get_by_text("|E|").click()
    ready.get_by_test_id("threshold").fill("0.7")
    pictures.append(canvas.screenshot())
    ready.get_by_test_id("range-lock").click()
    top = ready.get_by_test_id("range-top")
    top.fill("500")
    top.press("Enter")
    expect(bar).to_have_attribute("data-top", "500")
    pictures.append(canvas.screenshot())
    ready.get_by_test_id("didt").fill("30")
    ready.get_by_test_id("didt").press("Enter")
    settled(ready)
    expect(bar).to_have_attribute("data-top", "500")  # locked
    assert len(set(pictures)) == len(pictures)


def test_a_cut_shows_the_tissues(ready: Page):
    canvas = ready.get_by_test_id("canvas")
    before = canvas.screenshot()
    with ready.expect_response(re.compile("volume/labels")):
        ready.get_by_test_id("open-look").click()
        ready.get_by_test_id("cut").get_by_text("Coronal").click()
    ready.wait_for_timeout(2_000)
    ready.keyboard.press("Escape")
    assert canvas.screenshot() != before


def test_a_search_ends_in_a_placement_that_was_solved_for(ready: Page):
    ready.get_by_test_id("tab-find").click()
    ready.get_by_test_id("objective").select_option("magnitude")
    ready.get_by_test_id("find").click()
    outcome = ready.get_by_test_id("find-state")
    expect(ready.get_by_test_id("find-map")).to_be_visible(timeout=SLOW_ms)
    expect(outcome).to_have_attribute("data-state", "done", timeout=SLOW_ms)

    def value(name: str) -> float:
        return float(ready.get_by_test_id(name).inner_text().split()[0])

    assert value("find-verified") == pytest.approx(value("find-best"), rel=0.01)
    assert value("find-second") == pytest.approx(value("find-best"), rel=0.25)
    best = value("find-best")
    ready.get_by_test_id("find-take").click()
    settled(ready)
    # The live field there has what the search had promised, on fewer points.
    assert float(ready.get_by_test_id("at-target-A").inner_text().split()[0]) == pytest.approx(best, rel=0.05)


def test_a_link_holds_the_whole_page(ready: Page, server, context):
    drag_coil(ready, right=50, down=-40)
    ready.get_by_test_id("coil").select_option("magventure-c-b60")
    settled(ready)
    plan = plan_of(ready)
    ready.get_by_test_id("share").click()
    ready.wait_for_url(re.compile("#plan="))
    second = context.new_page()
    second.goto(ready.url)
    settled(second)
    expect(second.get_by_test_id("coil")).to_have_value("magventure-c-b60")
    assert plan_of(second) == plan
    np.testing.assert_allclose(pose_of(second), pose_of(ready), atol=0.02)

    second.goto(f"{server.base}/#plan=broken")
    second.reload()
    expect(second.get_by_test_id("notices")).to_contain_text("damaged")
    settled(second)


def test_a_plan_dropped_on_the_page_opens(ready: Page, watch):
    def drop(toml: str) -> None:
        ready.evaluate(
            """toml => {
                const data = new DataTransfer();
                data.items.add(new File([toml], 'plan.toml', {type: 'text/plain'}));
                for (const type of ['dragover', 'drop'])
                    document.body.dispatchEvent(
                        new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
            }""",
            toml,
        )

    drop('[placement]\ntarget = "Cz"\nangle = "0 deg"\n[pulse]\ndose = "50 A/us"\n')
    expect(ready.get_by_test_id("target-label")).to_have_text("Cz")
    expect(ready.get_by_test_id("didt")).to_have_value("50")
    expect(ready.get_by_test_id("angle")).to_have_value("0")
    watch.allow("422")
    drop("[placement\n")
    expect(ready.get_by_test_id("notices")).to_contain_text("TOML")
    expect(ready.get_by_test_id("target-label")).to_have_text("Cz")


def test_a_dropped_connection_comes_back_by_itself(blank: Page, server, watch):
    watch.allow("WebSocket")
    open_: list[WebSocketRoute] = []
    down = False

    def through(route: WebSocketRoute) -> None:
        if down:
            route.close()
            return
        route.connect_to_server()
        open_.append(route)

    blank.route_web_socket(re.compile("/api/live$"), through)
    blank.goto(server.url)
    settled(blank)
    angle = blank.get_by_test_id("angle")
    down = True
    open_[-1].close()
    expect(blank.get_by_test_id("stage-lost")).to_be_visible()
    angle.fill("80")
    angle.press("Enter")
    expect(stage(blank)).to_have_attribute("data-ready", "false")
    down = False
    expect(blank.get_by_test_id("stage-lost")).to_have_count(0, timeout=30_000)
    settled(blank)
    expect(angle).to_have_value("80")


def test_themes(ready: Page):
    def ground() -> str:
        return ready.evaluate("getComputedStyle(document.body).backgroundColor")

    light = ground()
    ready.get_by_test_id("theme").click()
    assert ground() != light
    ready.reload()
    settled(ready)
    assert ground() != light
    ready.get_by_test_id("theme").click()
    assert ground() == light


def test_all_is_in_sight_on_a_tablet(ready: Page):
    ready.set_viewport_size({"width": 820, "height": 1180})
    settled(ready)
    stage_box, panel_box = (ready.get_by_test_id(name).bounding_box() for name in ("stage", "panel-place"))
    assert stage_box is not None
    assert panel_box is not None
    assert stage_box["y"] + stage_box["height"] <= panel_box["y"] + 60  # the rail lies between
    assert panel_box["x"] + panel_box["width"] <= 820
    assert ready.evaluate("document.documentElement.scrollWidth") <= 820


def test_slices_show_the_field_in_the_volume(ready: Page):
    assert not ready.evaluate("performance.getEntriesByType('resource').some(r => /niivue/.test(r.name))")
    with ready.expect_response(re.compile("volume/field"), timeout=SLOW_ms):
        ready.get_by_test_id("slices").click()
    expect(ready.get_by_test_id("slices-view")).to_have_attribute("data-state", "ready", timeout=SLOW_ms)
    picture = ready.locator(".slices canvas").screenshot(timeout=SLOW_ms)
    assert len(picture) > 10_000
