"""A change that fails, watched to the end of its rollback."""

import re

import pytest
from conftest import WATCHED
from console import System
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def failing():
    """A cloud in which OpenSearch never gets ready."""
    with System.up(WATCHED, "--seed", "7", "--fault", "opensearch:*:*:fails") as system:
        yield system


def test_a_failing_change_is_watched_to_its_rollback(visit, failing):
    visitor = visit(at=failing)
    page = visitor.go("/console/tier/plan?target=STAGING")
    page.get_by_label("Reason").fill("Load testing for Q1 release")
    page.get_by_role("button", name="Move to STAGING").click()
    expect(visitor.fact("Status")).to_contain_text("Scaling up")
    # It turns around before one's eyes, and says why.
    expect(visitor.fact("Status")).to_contain_text("Rolling back")
    expect(visitor.fact("Step")).to_contain_text("RollbackProvisioning")
    visitor.picture("rolling-back")
    expect(visitor.fact("Ended")).to_contain_text("Rolled back")
    main = page.get_by_role("main")
    expect(main).to_contain_text(re.compile(r"ResourceFailed: domain/cato-vectors-\w+: OpenSearch could not make it"))
    expect(main).to_contain_text(re.compile("undone"))
    expect(main).to_contain_text(re.compile("Next: .*ask again"))
    visitor.picture("rolled-back")
    page.get_by_role("link", name="To the tiers").click()
    expect(visitor.fact("Current tier")).to_contain_text("DEV")
    assert visitor.changes()[0]["status"] == "ROLLED_BACK"
    # The next safe step is open at once.
    page.get_by_role("button", name="Plan a move to STAGING").click()
    expect(page.get_by_role("button", name="Move to STAGING")).to_be_enabled()


@pytest.fixture(scope="module")
def denying():
    """One in which what was begun can't be undone either."""
    faults = ("--fault", "opensearch:CreateDomain:*:fails", "--fault", "elasticache:DeleteReplicationGroup:*:denied")
    with System.up(2000, "--seed", "8", *faults) as system:
        yield system


def test_a_rollback_that_gets_stuck_says_what_a_person_does_next(visit, denying):
    visitor = visit(at=denying)
    visitor.start("STAGING")
    visitor.go("/console/tier/progress")
    expect(visitor.fact("Status")).to_contain_text("Stuck", timeout=60_000)
    page = visitor.go("/console/tier")
    expect(page.get_by_role("alert")).to_contain_text("Stuck")
    page.get_by_role("link", name=re.compile("next safe step")).click()
    expect(page.get_by_role("main")).to_contain_text("cato-cache-")
    expect(page.get_by_role("button", name="Undo it again")).to_be_visible()
    visitor.picture("stuck")
    page.get_by_label(re.compile("What was found")).fill("looked at it: the cache is kept on purpose")
    page.get_by_role("button", name="Declare it stable").click()
    expect(page).to_have_url(re.compile("/console/tier/progress"))
    assert visitor.tier()["transitionStatus"] == "STABLE"
