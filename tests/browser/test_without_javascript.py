"""The whole change in a browser that runs no script."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.watched


def test_a_change_from_the_link_to_its_end(visit):
    visitor = visit(javascript=False)
    page = visitor.page
    page.get_by_role("button", name="Plan a move to STAGING").click()
    expect(visitor.fact("Cost a month")).to_contain_text("$350 → $35,000")
    page.get_by_label("Reason").fill("Load testing for Q1 release")
    page.get_by_role("button", name="Move to STAGING").click()
    expect(page).to_have_url(re.compile("/console/tier/progress"))
    expect(visitor.fact("Step")).to_contain_text(re.compile(r"\w"))
    visitor.picture("progress-without-javascript")
    # The page loads itself anew, without anybody's doing.
    expect(visitor.fact("Ended")).to_contain_text("Completed")
    page.get_by_role("link", name="To the tiers").click()
    expect(visitor.fact("Current tier")).to_contain_text("STAGING")


def test_a_change_is_stopped(visit):
    visitor = visit(javascript=False)
    page = visitor.go("/console/tier/plan?target=STAGING")
    page.get_by_label("Reason").fill("Load testing for Q1 release")
    page.get_by_role("button", name="Move to STAGING").click()
    # Each key takes its time, all of them more than the page stands otherwise.
    page.get_by_role("link", name="Hold it still").click()
    page.get_by_label("Reason").press_sequentially("the wrong tenant", delay=220)
    page.get_by_role("button", name="Stop and undo").click()
    expect(visitor.fact("Ended")).to_contain_text("Rolled back")
    assert visitor.tier()["currentTier"] == "DEV"


def test_production_is_confirmed(visit):
    visitor = visit(javascript=False)
    page = visitor.go("/console/tier/plan?target=PRODUCTION")
    page.get_by_label("Reason").fill("Launch of the second region")
    page.get_by_role("button", name="Move to PRODUCTION").click()
    page.get_by_label(re.compile("To confirm, type")).fill("move to PRODUCTION")
    page.get_by_role("button", name="Confirm the move to PRODUCTION").click()
    expect(page).to_have_url(re.compile("/console/tier/progress"))
    assert visitor.changes()[0]["toTier"] == "PRODUCTION"


def test_what_only_scripts_do_is_not_offered(visit):
    page = visit(javascript=False).go("/console/tier/plan?target=STAGING")
    expect(page.get_by_role("button", name=re.compile("Search"))).to_have_count(0)
    page.get_by_text("The same as curl").click()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
