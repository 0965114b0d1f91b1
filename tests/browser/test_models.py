"""Canaries and releases of models, from the page: started, followed, stopped, taken back, brought into use."""

import re
import subprocess

import api
import console
import planted
import pytest
from playwright.sync_api import expect

# A canary takes its time: it is judged every ten seconds, and its release looks at it as often.
LONG = 90_000
# The way of a release.
STEPS = ["Exporting", "Training", "Registering", "Deploying", "Canary", "Completed"]


@pytest.fixture(scope="module")
def fleet(browser):
    """Hosts that report all the time, with trouble in their past: what a model can learn from."""
    with console.System.up(600, "--seed", "6") as system:
        options = ("--hosts", "200", "--rate", "200", "--past-incidents", "24", "--seconds", "0")
        feed = subprocess.Popen([console.BINARY, "feed", "--url", system.url, *options], env=api.clean(), stdout=subprocess.DEVNULL)
        visitor = console.visitor(system, browser)
        try:
            planted.insights(visitor, 20)
            yield system
        finally:
            feed.kill()
            feed.wait()
            visitor.context.close()


def form(page, button: str):
    """The form that a button sends."""
    return page.locator("form", has=page.get_by_role("button", name=button))


def go_to(page, name: str) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_canary_is_started_from_the_page_and_rolled_back(visit, fleet):
    visitor = visit(at=fleet)
    before = visitor.ask("GET", "/traffic")
    page = visitor.page
    go_to(page, "Canary")
    page.get_by_label("Endpoint").fill("iops-model")
    page.get_by_label("Stages").fill("20:60, all of them")
    page.get_by_label("Reason").fill("the model of this week")
    visitor.expect(r"^409 |status of 409")
    page.get_by_role("button", name="Start the canary").click()
    expect(page.get_by_role("alert")).to_contain_text("`all of them` is no stage: write percent:seconds, such as 20:60")
    # What was typed is not lost.
    expect(page.get_by_label("Endpoint")).to_have_value("iops-model")
    expect(page.get_by_label("Stages")).to_have_value("20:60, all of them")
    expect(page.get_by_label("Reason")).to_have_value("the model of this week")
    assert visitor.ask("GET", "/canary")["running"] is None

    page.get_by_label("Stages").fill("20:60, 100:120")
    page.get_by_role("button", name="Start the canary").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Canary of iops-model")
    expect(visitor.fact("Started")).to_contain_text(visitor.subject)
    expect(visitor.fact("Reason")).to_have_text("the model of this week")
    stages = page.get_by_role("list").filter(has_text="of the hosts for at least").get_by_role("listitem")
    # It begins before one's eyes, and is judged in words.
    expect(stages.first).to_contain_text("Now")
    expect(stages).to_contain_text(["20 % of the hosts for at least 1 min – begun", "100 % of the hosts for at least 2 min – not begun"])
    expect(visitor.fact("Answers for")).to_have_text("20 % of the hosts")
    expect(page.get_by_role("main")).to_contain_text("Verdict: Hold (20 %")
    # Both arms, as soon as anything is measured, in words too.
    for name in ("Error rate", "95th percentile of latency"):
        known = rf"^{name}: canary [\d.]+ (%|ms) \(surely .*\); baseline [\d.]+ (%|ms) \(surely .*\)"
        expect(page.get_by_role("img", name=re.compile(known))).to_be_visible(timeout=LONG)
    visitor.picture("canary")

    page.get_by_label("Reason").fill("the night shift wants to sleep")
    page.get_by_role("button", name="Roll back").click()
    expect(visitor.fact("Status")).to_have_text("Rolled back")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Verdict: the night shift wants to sleep")
    expect(main).to_contain_text(f"Ended by {visitor.subject}")
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)
    visitor.picture("canary-rolled-back")
    go_to(page, "Canary")
    last = page.get_by_role("region", name="Canaries").get_by_role("row").nth(1)
    expect(last).to_contain_text(visitor.subject)
    expect(last).to_contain_text("Rolled back")
    expect(last).to_contain_text("the night shift wants to sleep")
    after = visitor.ask("GET", "/traffic")
    assert (after["percent"], after["model"]) == (before["percent"], before["model"])


def steps(visitor, last: str) -> list[str]:
    """The steps that were under way, in the order in which they were seen, until this one."""
    seen = []
    script = "() => document.querySelector('main ol [aria-current=step]')?.textContent"
    for _ in range(LONG // 100):
        step = (visitor.look(script) or "").split(" ")[0]
        if step and step not in seen:
            seen.append(step)
        if step == last:
            return seen
        visitor.page.wait_for_timeout(100)
    raise AssertionError(f"it does not come to {last}: {seen}, {visitor.page.get_by_role('main').inner_text()}")


def test_a_release_is_followed_stopped_and_its_version_deployed_again(visit, fleet):
    visitor = visit(at=fleet)
    page = visitor.page
    go_to(page, "Models")
    release = form(page, "Release")
    release.get_by_label("Days to train on").fill("1")
    release.get_by_label("Stages").fill("100:60")
    release.get_by_label("Reason").fill("the fleet has new disks")
    release.get_by_role("button", name="Release").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Release of ")
    seen = steps(visitor, "Canary")
    assert len(seen) >= 2 and seen == sorted(seen, key=STEPS.index), seen
    expect(page.get_by_role("listitem").filter(has_text="Training")).to_contain_text("Done")
    expect(page.get_by_role("region", name="Steps")).to_contain_text("Of what is high or critical, found")
    visitor.picture("release")

    page.get_by_label("Reason").fill("the disks go back to the maker")
    page.get_by_role("button", name="Stop and undo").click()
    expect(page.get_by_role("main")).to_contain_text(f"To be stopped, said {visitor.subject}")
    expect(visitor.fact("Status")).to_have_text("Rolled back", timeout=LONG)
    expect(page.get_by_role("main")).to_contain_text(f"stopped by {visitor.subject}: the disks go back to the maker")
    expect(page.get_by_role("button", name="Stop and undo")).to_have_count(0)
    visitor.picture("release-undone")
    assert visitor.ask("GET", "/models")["serving"] is None
    version = page.get_by_role("heading", level=1).inner_text().removeprefix("Release of ")

    # Better than what is there, after all.
    page.get_by_role("link", name="All models").click()
    row = page.get_by_role("region", name="Versions").get_by_role("row").filter(has_text=version)
    expect(row).to_contain_text("Withdrawn")
    back = form(page, "Deploy it again")
    back.get_by_label("Version").select_option(version)
    back.get_by_label("Reason").fill("the disks stay where they are")
    back.get_by_role("button", name="Deploy it again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Release of {version}")
    expect(visitor.fact("What")).to_have_text("Deploy it again")
    page.get_by_label("Reason").fill("it was only to be seen")
    page.get_by_role("button", name="Stop and undo").click()
    expect(visitor.fact("Status")).to_have_text("Rolled back", timeout=LONG)
    go_to(page, "Models")
    last = page.get_by_role("region", name="Releases").get_by_role("row").nth(1)
    expect(last).to_contain_text("the disks stay where they are")
    expect(last).to_contain_text("Rolled back")


def test_who_may_only_look_has_no_form_of_canaries_and_models(visit, fleet):
    viewer = visit(at=fleet, role="viewer")
    for path in ("/console/canary", "/console/models"):
        page = viewer.go(path)
        expect(page.get_by_role("main")).to_contain_text("It takes the role admin.")
        expect(page.get_by_role("main").get_by_role("textbox")).to_have_count(0)
