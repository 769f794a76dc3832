"""Plans in, results out: bad TOML, a job with cancel, one that outlives the server, its files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

ACCEPTED = re.compile("schema_version.*67 A/us", re.DOTALL)  # with the defaults written out
SLOW_ms = 600_000  # a whole plan, beside software rendering
QUICK = """
[placement]
target = "C3"

[pulse]
dose = "67 A/us"

[session]
protocol = ""

[field]
order = 1

[output]
files = ["tables", "navigation", "report"]
"""


def open_jobs(page: Page) -> None:
    page.get_by_test_id("tab-jobs").click()
    expect(page.get_by_test_id("toml")).to_have_value(re.compile("placement"))


def take(page: Page, toml: str) -> None:
    page.get_by_test_id("toml").fill(toml)
    page.get_by_test_id("toml-take").click()


def job(page: Page, server) -> str:
    """The latest job."""
    with page.expect_response(
        lambda answer: answer.url.endswith("/api/jobs") and answer.request.method == "POST"
    ):
        page.get_by_test_id("run").click()
    page.get_by_test_id("jobs").wait_for()
    return server.ask("/api/jobs")[0]["id"]


def row(page: Page, id_: str, state: str):
    return page.locator(f'[data-testid="job-{id_}"][data-state="{state}"]')


@pytest.mark.parametrize(
    ("toml", "words"),
    [("[coil\n", "TOML"), ('[pulse]\ndoes = "1 A/us"\n', "dose"), ('[placement]\ngap = "9 m"\n', "gap")],
)
def test_bad_toml_is_answered_in_a_sentence_and_changes_nothing(page: Page, watch, toml, words):
    watch.allow("422")
    open_jobs(page)
    before = page.get_by_test_id("toml").input_value()
    take(page, toml)
    expect(page.get_by_test_id("toml-fault")).to_contain_text(words)
    page.get_by_test_id("toml-leave").click()
    expect(page.get_by_test_id("toml")).to_have_value(before)


def test_a_plan_opened_as_text_is_the_page(page: Page):
    open_jobs(page)
    take(page, QUICK)
    expect(page.get_by_test_id("toml-fault")).to_have_count(0)
    expect(page.get_by_test_id("toml")).to_have_value(ACCEPTED)
    shown = tomllib.loads(page.get_by_test_id("toml").input_value())
    assert shown["pulse"]["dose"] == "67 A/us"
    assert shown["field"]["order"] == 1


def test_a_job_can_be_stopped(page: Page, server):
    open_jobs(page)
    id_ = job(page, server)
    page.get_by_test_id(f"job-{id_}").get_by_test_id("job-cancel").click()
    expect(row(page, id_, "cancelled")).to_be_visible(timeout=SLOW_ms)
    page.get_by_test_id(f"job-{id_}").get_by_test_id("job-remove").click()
    expect(page.get_by_test_id(f"job-{id_}")).to_have_count(0)


def test_a_job_outlives_the_server_and_its_files_can_be_had(page: Page, server, watch, tmp_path):
    watch.allow("WebSocket|ERR_CONNECTION|Failed to load|Failed to fetch|net::")
    open_jobs(page)
    take(page, QUICK)
    expect(page.get_by_test_id("toml")).to_have_value(ACCEPTED)
    id_ = job(page, server)
    expect(row(page, id_, "running")).to_be_visible(timeout=60_000)
    server.stop()
    server.start()
    expect(row(page, id_, "done")).to_be_visible(timeout=SLOW_ms)

    shown = page.get_by_test_id(f"job-{id_}")
    shown.get_by_text(re.compile("files")).click()
    with page.expect_download() as kept:
        shown.get_by_role("link", name="plan.toml").click()
    kept.value.save_as(tmp_path / "plan.toml")
    assert tomllib.loads((tmp_path / "plan.toml").read_text())["pulse"]["dose"] == "67 A/us"
    with page.context.expect_page() as opened:
        shown.get_by_test_id("job-report").click()
    report = opened.value
    expect(report.locator("h1").first).to_be_visible()
    assert not report.evaluate("performance.getEntriesByType('resource').map(r => r.name)")
    report.close()
    server.wait_for_basis()


def test_a_job_that_fails_says_why(page: Page, server, tmp_path: Path):
    (tmp_path / "broken.msh").write_text("no mesh")
    plan = server.ask("/api/page")["default_plan"] | {"head": {"source": str(tmp_path / "broken.msh")}}
    id_ = server.ask("/api/jobs", {"kind": "run", "plan": plan})["id"]
    open_jobs(page)
    expect(row(page, id_, "failed")).to_be_visible(timeout=SLOW_ms)
    expect(page.get_by_test_id(f"job-{id_}")).to_contain_text("broken.msh")
