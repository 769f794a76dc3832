"""The panels and the tour, as someone uses them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

STEPS = 8
SLOW_ms = 90_000  # what follows a live field, on two cores
expect.set_options(timeout=30_000)


def open_panel(page: Page, name: str):
    page.get_by_test_id(f"tab-{name}").click()
    return page.get_by_test_id(f"panel-{name}")


def number(text: str | None) -> float:
    found = re.search(r"[-−]?[\d,.]+", text or "")
    assert found, text
    return float(found[0].replace("−", "-").replace(",", ""))


def words(page: Page):
    return page.get_by_test_id("train-words")


def test_words_and_blocks_write_each_other(page: Page):
    open_panel(page, "session")
    expect(words(page)).to_have_value("3 pulses at 50 Hz every 0.2 s, 2 s on, 8 s off, for 600 pulses")
    expect(page.get_by_test_id("count-2")).to_have_value("20")

    words(page).fill("10 Hz, 4 s on, 26 s off, for 3000 pulses")
    expect(page.get_by_test_id("rate-0")).to_have_value("10")
    expect(page.get_by_test_id("count-0")).to_have_value("40")
    expect(page.get_by_test_id("count-1")).to_have_value("75")
    expect(page.get_by_test_id("protocol")).to_have_value("own")

    page.get_by_test_id("interval-1").fill("15")
    page.get_by_test_id("interval-1").press("Enter")
    expect(words(page)).to_have_value("10 Hz, 4 s on, 11 s off, for 3000 pulses")
    page.get_by_test_id("remove-1").click()
    expect(words(page)).to_have_value("10 Hz for 40 pulses")
    page.get_by_test_id("add-layer").click()
    expect(page.get_by_test_id("count-1")).to_have_value("2")
    expect(page.get_by_test_id("pulses")).to_have_text("80")


def test_what_cannot_be_read_keeps_the_last_train_and_says_why(page: Page):
    open_panel(page, "session")
    expect(page.get_by_test_id("pulses")).to_have_text("600")
    words(page).fill("10 Hz, 4 s on, 26 s off, for 3001 pulses")
    expect(page.get_by_test_id("train-fault")).to_contain_text("multiple of 40")
    expect(page.get_by_test_id("pulses")).to_have_text("600")
    page.get_by_test_id("protocol").select_option("ctbs600")
    expect(page.get_by_test_id("train-fault")).to_have_count(0)
    expect(words(page)).to_have_value("3 pulses at 50 Hz every 0.2 s, for 600 pulses")


def test_findings_change_as_one_types(page: Page):
    open_panel(page, "session")
    words(page).fill("1 Hz for 10 min")
    findings = page.get_by_test_id("finding")
    expect(findings.first).to_be_attached()
    expect(page.locator('[data-severity="stop"], [data-severity="caution"]')).to_have_count(0)
    words(page).fill("25 Hz, 10 s on, 1 s off, for 2500 pulses")
    expect(findings.first).to_have_attribute("data-severity", re.compile("stop|caution"))
    assert " safe" not in page.get_by_test_id("findings").inner_text().lower()


def test_clicks_can_be_heard(page: Page):
    open_panel(page, "session")
    with page.expect_response(re.compile("clicks.wav")) as found:
        page.get_by_test_id("hear").click()
    assert found.value.headers["content-type"] == "audio/wav"


def test_the_dose_is_the_same_in_each_unit(ready: Page):
    open_panel(ready, "pulse")
    expect(ready.get_by_test_id("percent-rmt")).to_have_text("120 %RMT", timeout=SLOW_ms)
    slope = number(ready.get_by_test_id("didt").text_content())
    ready.get_by_test_id("dose-unit").get_by_text("A/µs").click()
    expect(ready.get_by_test_id("dose-number")).to_have_value(re.compile(r"^\d"))
    assert number(ready.get_by_test_id("dose-number").input_value()) == pytest.approx(slope, rel=0.01)
    expect(ready.get_by_test_id("percent-rmt")).to_have_text(re.compile("^(120|119)"))


def test_a_dose_beyond_the_stimulator_is_refused_in_words(ready: Page):
    open_panel(ready, "pulse")
    expect(ready.get_by_test_id("percent-rmt")).to_have_text("120 %RMT", timeout=SLOW_ms)
    number_field = ready.get_by_test_id("dose-number")
    number_field.fill("290")
    number_field.press("Enter")
    expect(ready.get_by_test_id("dose-refused")).to_contain_text("at most")


def test_who_fires_can_be_seen_on_the_cortex(ready: Page):
    open_panel(ready, "pulse")
    expect(ready.get_by_test_id("layer-L5")).to_contain_text("cm²", timeout=SLOW_ms)
    before = ready.get_by_test_id("canvas").screenshot()
    ready.get_by_test_id("show-L5").click()
    expect(ready.get_by_test_id("colorbar")).to_contain_text("L5", timeout=SLOW_ms)
    assert ready.get_by_test_id("canvas").screenshot() != before
    ready.get_by_test_id("overlay-off").click()
    expect(ready.get_by_test_id("colorbar")).to_contain_text("V/m")


def test_a_threshold_can_be_hunted_by_hand(page: Page):
    open_panel(page, "person")
    page.get_by_test_id("whose").get_by_text("Someone else").click()
    page.get_by_test_id("person-tab").get_by_text("Hunt by hand").click()
    for shot in range(8):
        page.get_by_test_id("fire").click()
        size = page.get_by_test_id("mep-size")
        expect(size).to_contain_text("µV")
        seen = number(size.text_content()) >= 50
        page.get_by_test_id("judge-yes" if seen else "judge-no").click()
        expect(page.get_by_test_id("shots")).to_have_text(str(shot + 1))
        page.get_by_test_id("take-advice").click()
    expect(page.get_by_test_id("estimate")).to_contain_text("%MSO")
    page.get_by_test_id("reveal").click()
    truth = number(page.get_by_test_id("truth").text_content())
    assert abs(number(page.get_by_test_id("estimate").text_content()) / truth - 1) < 0.15


def test_a_hunt_runs_by_itself(page: Page):
    open_panel(page, "person")
    page.get_by_test_id("whose").get_by_text("Someone else").click()
    page.get_by_test_id("person-tab").get_by_text("Let it run").click()
    page.get_by_test_id("run-hunt").click()
    truth = number(page.get_by_test_id("run-truth").text_content())
    assert number(page.get_by_test_id("run-estimate").text_content()) == pytest.approx(truth, rel=0.1)


def test_the_after_effect_follows_the_train(page: Page):
    open_panel(page, "after")
    expect(page.get_by_test_id("after-peak")).to_contain_text("+")
    open_panel(page, "session")
    page.get_by_test_id("protocol").select_option("ctbs600")
    open_panel(page, "after")
    expect(page.get_by_test_id("after-peak")).to_contain_text("−")


def test_a_day_of_the_calendar_can_be_missed(page: Page):
    open_panel(page, "course")
    expect(page.get_by_test_id("calendar")).to_be_visible()
    end = page.get_by_test_id("end-active")
    before = end.text_content()
    for day in (3, 4, 5, 8, 9, 10, 11, 12):
        page.get_by_test_id(f"day-{day}").click()
        expect(page.get_by_test_id(f"day-{day}")).to_have_attribute("data-given", "0")
    expect(end).not_to_have_text(before or "")
    assert number((end.text_content() or "").split(" to ")[1]) > number((before or "").split(" to ")[1])
    page.get_by_test_id("give-all").click()
    expect(page.get_by_test_id("day-3")).to_have_attribute("data-given", "1")


def test_another_protocol_has_a_calendar_of_its_own(page: Page):
    open_panel(page, "course")
    page.get_by_test_id("day-12").click()
    expect(page.get_by_test_id("day-12")).to_have_attribute("data-given", "0")
    open_panel(page, "session")
    page.get_by_test_id("protocol").select_option("saint")
    open_panel(page, "course")
    expect(page.get_by_test_id("day-5")).to_have_attribute("data-given", "10")


def test_an_accelerated_course_has_ten_sessions_on_a_day(page: Page):
    open_panel(page, "session")
    page.get_by_test_id("protocol").select_option("saint")
    open_panel(page, "course")
    expect(page.get_by_test_id("day-1")).to_have_attribute("data-given", "10")
    expect(page.get_by_test_id("trials-remission")).to_contain_text("SNT")


@pytest.mark.parametrize("name", ["pulse", "person", "session", "after", "course"])
def test_each_panel_opens_its_equation_and_sources(page: Page, name):
    panel = open_panel(page, name)
    panel.get_by_test_id("evidence-badge").first.click()
    opened = panel.locator('[data-testid="evidence"]:popover-open')
    expect(opened.locator(".equation")).not_to_be_empty()
    expect(opened.locator("code").first).to_be_visible()


def test_the_brain_answers(ready: Page):
    panel = open_panel(ready, "brain")
    expect(panel.get_by_test_id("rest-rate")).to_contain_text("Hz", timeout=SLOW_ms)
    panel.get_by_test_id("show-response").get_by_text("Late").click()
    expect(ready.get_by_test_id("colorbar")).to_contain_text("Late response", timeout=SLOW_ms)
    panel.get_by_test_id("brain-tab").get_by_text("Transmitters").click()
    dopamine = panel.get_by_test_id("transmitter-dopamine")
    expect(dopamine).to_contain_text("measured in people", timeout=SLOW_ms)
    expect(panel.get_by_test_id("transmitter-serotonin")).to_contain_text("neither is claimed")
    open_panel(ready, "after")
    expect(ready.get_by_test_id("colorbar")).to_contain_text("V/m")


def test_the_tour_goes_through_eight_steps_with_figures_of_this_plan(ready: Page):
    ready.get_by_test_id("tour-start").click()
    tour = ready.get_by_test_id("tour")
    told = set()
    for step in range(STEPS):
        expect(tour).to_have_attribute("data-step", str(step))
        figures = ready.get_by_test_id("tour-figures")
        expect(figures).to_have_attribute("data-ready", "true", timeout=SLOW_ms)
        text = figures.inner_text()
        assert re.search(r"\d", text), text
        told.add(text)
        ready.keyboard.press("ArrowRight")
    assert len(told) == STEPS
    ready.keyboard.press("ArrowLeft")
    expect(tour).to_have_attribute("data-step", str(STEPS - 2))
    ready.keyboard.press("Escape")
    expect(tour).to_have_count(0)


def test_the_tour_leaves_the_page_as_it_was(ready: Page):
    open_panel(ready, "course")
    ready.get_by_test_id("tour-start").click()
    for _ in range(3):
        ready.get_by_test_id("tour-next").click()
    expect(ready.get_by_test_id("colorbar")).to_contain_text("L5", timeout=SLOW_ms)
    ready.get_by_test_id("tour-leave").click()
    expect(ready.get_by_test_id("panel-course")).to_be_visible()
    expect(ready.get_by_test_id("colorbar")).to_contain_text("V/m")
