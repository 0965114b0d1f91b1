"""The runbook's way through the page: docs/runbooks, "Changing Tiers via Admin UI"."""

import json
import re
import subprocess

import pytest
from console import ADMIN, ROOT
from playwright.sync_api import expect

STATES = set(json.loads((ROOT / "statemachine/tier-transition.asl.json").read_text())["States"])
REASON = "Load testing for Q1 release"


def navigate(page) -> None:
    """Step 1: System → Infrastructure Tier, from wherever one is."""
    menu = page.get_by_role("navigation", name="Pages")
    expect(menu.get_by_text("System", exact=True)).to_be_visible()
    menu.get_by_role("link", name="Infrastructure Tier").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Infrastructure Tier")


def review(visitor, tier: str, cost: str) -> None:
    """Step 2: the current tier, its status and what it costs."""
    expect(visitor.fact("Current tier")).to_contain_text(tier)
    expect(visitor.fact("Status")).to_contain_text("Stable")
    expect(visitor.fact("Estimated cost")).to_contain_text(cost)
    expect(visitor.fact("This month so far")).to_contain_text("$")
    for name in ("DEV", "STAGING", "PRODUCTION"):
        card = visitor.page.get_by_role("region", name=re.compile(rf"^{name}\b"))
        expect(card).to_contain_text("a month")
        expect(card.get_by_text("Current", exact=True)).to_have_count(1 if name == tier else 0)


def plan(page, target: str) -> None:
    page.get_by_role("button", name=f"Plan a move to {target}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"to {target}")


def watch(visitor, end: str) -> list[int]:
    """Step 6: it is seen on its way, in true steps, to its end; the percentages that were shown."""
    page = visitor.page
    expect(page).to_have_url(re.compile(r"/console/tier/progress"))
    bar = page.get_by_role("progressbar", name="Progress of the change")
    expect(bar).to_be_visible()
    expect(visitor.fact("Left")).to_contain_text(re.compile(r"\d"))
    percentages, steps = [], set()
    ended = visitor.fact("Ended")
    while ended.count() == 0:
        seen = visitor.look(
            "() => [document.querySelector('progress')?.value, [...document.querySelectorAll('dt')]"
            ".find((one) => one.textContent === 'Step')?.nextElementSibling.textContent]"
        )
        if seen and seen[0] is not None and seen[1]:
            percentages.append(seen[0])
            steps.add(seen[1].strip())
        page.wait_for_timeout(100)
    expect(ended).to_contain_text(end)
    unknown = steps - STATES
    assert steps and not unknown, f"steps that the workflow does not have: {unknown} of {steps}"
    return percentages


@pytest.mark.watched
def test_a_move_to_staging_and_back_from_the_page_alone(visitor):
    page = visitor.page
    navigate(page)
    review(visitor, "DEV", "$350")
    visitor.picture("tier")
    plan(page, "STAGING")
    # What it would do, before anything happens.
    expect(visitor.fact("Cost a month")).to_contain_text("$350 → $35,000")
    expect(visitor.fact("Difference")).to_contain_text("$34,650 more")
    expect(visitor.fact("It takes about")).to_contain_text("min")
    rows = page.get_by_role("table").get_by_role("row")
    for service in ("SageMaker", "OpenSearch", "ElastiCache", "Neptune", "Kinesis"):
        expect(rows.filter(has_text=re.compile(service, re.I)).first).to_be_visible()
    visitor.picture("plan")
    assert visitor.changes() == []
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Move to STAGING").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    visitor.picture("progress")
    percentages = watch(visitor, "Completed")
    assert len(set(percentages)) >= 3 and percentages == sorted(percentages), percentages
    visitor.picture("progress-ended")
    change = visitor.changes()[0]
    assert (change["fromTier"], change["toTier"], change["reason"]) == ("DEV", "STAGING", REASON)
    assert change["changedBy"] == visitor.subject

    navigate(page)
    review(visitor, "STAGING", "$35,000")
    # Back, in spite of the cooldown, which takes its own words.
    expect(page.get_by_text("Cooldown", exact=False).first).to_be_visible()
    plan(page, "DEV")
    page.get_by_label("Reason").fill("[EMERGENCY] costs run away")
    page.get_by_role("button", name=re.compile("bypass.*DEV", re.I)).click()
    watch(visitor, "Completed")
    assert visitor.tier()["currentTier"] == "DEV"
    assert visitor.changes()[0]["bypassedCooldown"] is True


@pytest.mark.watched
def test_the_workflow_is_drawn_as_it_stands(visitor):
    """Each state with its real status: as the API says, while it goes on and at its end."""
    visitor.start("STAGING")
    page = visitor.go("/console/tier/progress")
    expect(page.get_by_role("img", name=re.compile("workflow", re.I))).to_be_visible()
    page.wait_for_function("() => [...document.querySelectorAll('svg g title')].some((one) => one.textContent.startsWith('WaitForProvisioning: run'))")
    expect(visitor.fact("Step")).to_contain_text("WaitForProvisioning")
    expect(visitor.fact("Ended")).to_contain_text("Completed")
    states = visitor.ask("GET", f"{ADMIN}/tier/workflow")["states"]
    said = {state["name"]: state["status"].replace("_", " ").lower() for state in states}
    drawn = dict(one.split(",")[0].split(": ") for one in page.locator("svg g title").all_text_contents())
    assert drawn and drawn == {name: status for name, status in said.items() if name in drawn}
    assert drawn["TransitionComplete"] == "succeeded" and "succeeded" not in drawn["RollbackProvisioning"], drawn
    # What is left out is what a branch comes to only when it fails.
    assert {name for name in set(said) - set(drawn) if said[name] in ("succeeded", "running", "failed")} == set()


@pytest.mark.watched
def test_the_six_steps_in_the_runbooks_order(visitor):
    page = visitor.page
    navigate(page)
    review(visitor, "DEV", "$350")
    page.get_by_label(re.compile("reason", re.I)).fill(REASON)
    page.get_by_role("region", name=re.compile(r"^PRODUCTION\b")).get_by_role("button").click()
    expect(page.get_by_label("Reason")).to_have_value(REASON)
    page.get_by_role("button", name="Move to PRODUCTION").click()
    page.get_by_label(re.compile("To confirm, type")).fill("move to PRODUCTION")
    page.get_by_role("button", name="Confirm the move to PRODUCTION").click()
    watch(visitor, "Completed")
    assert visitor.tier()["currentTier"] == "PRODUCTION"


@pytest.mark.watched
def test_production_is_confirmed_with_its_cost_typed_out(visitor):
    page = visitor.page
    navigate(page)
    plan(page, "PRODUCTION")
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Move to PRODUCTION").click()
    warning = page.get_by_role("alert")
    expect(warning).to_contain_text("$750,000")
    visitor.picture("confirm")
    assert visitor.changes() == []
    visitor.expect(r"^400 |status of 400")
    page.get_by_label(re.compile("To confirm, type")).fill("yes")
    page.get_by_role("button", name="Confirm the move to PRODUCTION").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing was done")
    assert visitor.tier()["transitionStatus"] == "STABLE"
    # As the page says: back, and the token is still good.
    page.go_back()
    page.get_by_label(re.compile("To confirm, type")).fill("move to PRODUCTION")
    page.get_by_role("button", name="Confirm the move to PRODUCTION").click()
    watch(visitor, "Completed")
    assert visitor.tier()["currentTier"] == "PRODUCTION"


def test_a_reason_that_is_too_short_is_refused_by_the_browser_and_by_the_api(visitor):
    page = visitor.go("/console/tier/plan?target=STAGING")
    reason = page.get_by_label("Reason")
    reason.fill("short")
    move = page.get_by_role("button", name="Move to STAGING")
    move.click()
    assert page.evaluate("() => document.querySelector('[name=reason]').validity.tooShort")
    assert "/plan" in page.url
    visitor.expect(r"^4(00|22) |status of 4(00|22)")
    page.evaluate("() => { document.querySelector('[name=reason]').form.noValidate = true }")
    move.click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("10 characters|at least 10", re.I))
    # What was typed is not lost.
    expect(page.get_by_label("Reason")).to_have_value("short")
    assert visitor.changes() == []


@pytest.mark.watched
def test_a_change_under_way_is_stopped_and_undone(visitor):
    page = visitor.go("/console/tier/plan?target=STAGING")
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Move to STAGING").click()
    expect(visitor.fact("Step")).to_contain_text("WaitForProvisioning")
    page.get_by_label("Reason").fill("it was the wrong tenant")
    page.get_by_role("button", name="Stop and undo").click()
    expect(page.get_by_text("it was the wrong tenant").first).to_be_visible()
    expect(visitor.fact("Ended")).to_contain_text("Rolled back")
    assert visitor.tier()["currentTier"] == "DEV"


def test_a_form_that_is_sent_twice_does_it_once(visitor):
    page = visitor.go("/console/tier/plan?target=STAGING")
    page.get_by_label("Reason").fill(REASON)
    # Both before the page has a chance to disable anything; what the second one is told is another question.
    visitor.expect(r"^4(00|09) |status of 4(00|09)")
    page.evaluate(
        """async () => {
            const form = document.querySelector('[name=reason]').form, body = new URLSearchParams(new FormData(form));
            await Promise.all([1, 2].map(() => fetch(form.action, { method: 'POST', body })));
        }"""
    )
    assert len(visitor.changes()) == 1
    assert visitor.settled()["currentTier"] == "STAGING"


def test_the_emergency_is_for_super_admins_alone(visit):
    first = visit()
    first.move("STAGING", cooldown=24)
    admin = visit(tenant=first.tenant, role="admin", subject="bob@example.com")
    page = admin.go("/console/tier/plan?target=DEV")
    expect(page.get_by_role("button", name=re.compile("bypass|move to", re.I))).to_have_count(0)
    expect(page.get_by_text(re.compile("cooldown", re.I)).first).to_be_visible()
    page = first.go("/console/tier/plan?target=DEV")
    page.get_by_label("Reason").fill("no emergency at all")
    first.expect(r"^4(00|22) |status of 4(00|22)")
    page.get_by_role("button", name=re.compile("bypass", re.I)).click()
    expect(page.get_by_role("alert")).to_contain_text("[EMERGENCY]")
    assert first.tier()["currentTier"] == "STAGING"


def test_who_may_only_look_sees_the_plan_and_no_form(visit):
    viewer = visit(role="viewer")
    page = viewer.go("/console/tier/plan?target=STAGING")
    expect(viewer.fact("Cost a month")).to_contain_text("$35,000")
    expect(page.get_by_label("Reason")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("role admin")


def test_the_line_of_curl_does_what_the_button_does(visitor):
    page = visitor.go("/console/tier/plan?target=STAGING")
    page.get_by_text("The same as curl").click()
    line = page.locator("details", has_text="The same as curl").get_by_role("code").inner_text()
    bearer = visitor.system.token(visitor.tenant, "admin")
    done = subprocess.run(
        ["bash", "-euc", line], capture_output=True, text=True, timeout=30, env={"CAPSTAN_TOKEN": bearer, "PATH": "/usr/bin:/bin"}
    )
    assert json.loads(done.stdout)["status"] == "INITIATED", done.stdout + done.stderr
    assert ADMIN in line and visitor.changes()[0]["toTier"] == "STAGING"
