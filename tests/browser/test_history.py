"""What was done, and that it can be believed: the changes of the past, and the audit."""

import datetime
import pathlib
import re
import tempfile
import time

import api
import console
import planted
import pytest
from console import ADMIN, System
from playwright.sync_api import expect

ROUNDS = 10


@pytest.fixture(scope="module")
def past(browser):
    """A tenant that was moved up and down, more often than a page shows; the first time, the cloud refused."""
    with System.up(3600, "--seed", "6", "--fault", "opensearch:CreateDomain:1:fails") as system:
        visitor = console.visitor(system, browser)
        visitor.move("STAGING")
        for number in range(ROUNDS):
            visitor.start("STAGING", f"up, round {number}")
            assert visitor.settled()["currentTier"] == "STAGING"
            visitor.start("DEV", f"down, round {number}")
            assert visitor.settled()["currentTier"] == "DEV"
        visitor.context.close()
        yield system, visitor.tenant


@pytest.fixture
def reader(visit, past):
    return visit(at=past[0], tenant=past[1], role="viewer")


def rows(page):
    """The changes that are listed."""
    return page.get_by_role("region", name="Changes").get_by_role("row").filter(has=page.get_by_role("rowheader"))


def look_for(page, **filters: str) -> None:
    """Fills in the form of the filters, all of it."""
    page.get_by_label("Status").select_option(filters.get("status", "any"))
    page.get_by_label("From or to").select_option(filters.get("tier", "any"))
    page.get_by_label("Since (UTC)").fill(filters.get("since", ""))
    page.get_by_label("Until (UTC)").fill(filters.get("until", ""))
    with page.expect_navigation():
        page.get_by_role("button", name="Filter").click()


def test_changes_are_sought_by_how_they_ended_by_tier_and_by_day(reader):
    page = reader.go("/console/tier/history")
    look_for(page, status="Rolled back")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("DEV → STAGING")
    expect(rows(page)).to_contain_text("Rolled back")
    # What was asked for is still to be seen beside what came of it.
    expect(page.get_by_label("Status")).to_have_value("ROLLED_BACK")
    look_for(page, tier="PRODUCTION")
    expect(page.get_by_role("main")).to_contain_text("No change fits")
    # More than a page shows; what is sought goes along to the next one.
    look_for(page, tier="STAGING")
    expect(rows(page)).to_have_count(20)
    page.get_by_role("link", name="Older ones").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Rolled back")
    expect(page.get_by_label("From or to")).to_have_value("STAGING")
    days = [datetime.date.fromisoformat(change["createdAt"][:10]) for change in reader.changes()]
    day = datetime.timedelta(days=1)
    look_for(page, status="Rolled back", since=str(min(days)), until=str(min(days)))
    expect(rows(page)).to_have_count(1)
    look_for(page, since=str(max(days) + day))
    expect(page.get_by_role("main")).to_contain_text("No change fits")
    look_for(page, until=str(min(days) - day))
    expect(page.get_by_role("main")).to_contain_text("No change fits")
    page.get_by_role("link", name="All", exact=True).click()
    expect(rows(page)).to_have_count(20)


def test_the_first_change_is_pages_away_and_told_from_beginning_to_end(reader):
    page = reader.page
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="History").click()
    expect(rows(page)).to_have_count(20)
    expect(rows(page).first).to_contain_text(f"down, round {ROUNDS - 1}")
    reader.picture("history")
    page.get_by_role("link", name="Older ones").click()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("link", name="Older ones")).to_have_count(0)
    rows(page).get_by_role("link").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("DEV → STAGING")
    expect(reader.fact("Status")).to_have_text("Rolled back")
    expect(reader.fact("By")).to_have_text("api")
    expect(page.get_by_role("main")).to_contain_text("where the test begins")
    events = page.get_by_role("region", name="Timeline").get_by_role("row")
    told = " / ".join(events.all_inner_texts())
    order = ["Asked for", "Change started by api", "ResourceFailed: ", "Store deleted by capstan", "Change rolled back by capstan"]
    at = [told.find(words) for words in order]
    assert -1 not in at and at == sorted(at) and "Ended" in told, told
    # The times are in their order too, and the last one is when it ended.
    times = [one.get_attribute("title") for one in events.get_by_role("time").all()]
    change = reader.changes()[-1]
    assert times == sorted(times) and (times[0], times[-1]) == (change["createdAt"], change["completedAt"]), times
    reader.picture("history-one")
    page.get_by_role("link", name="All changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")


def test_a_change_that_is_nowhere_says_so(reader):
    page = reader.go("/console/tier/history/01a00000-0000-7000-8000-000000000000", status=404)
    expect(page.get_by_role("heading", level=1)).to_have_text("No such change")
    expect(page.get_by_role("main")).to_contain_text("No change of this tenant has this id.")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()


def acts(page):
    return page.get_by_role("region", name="Acts").get_by_role("row").filter(has=page.get_by_role("rowheader"))


def test_the_audit_tells_who_did_what_and_verifies_itself(visitor):
    visitor.ask("PUT", f"{ADMIN}/tier/cooldown", {"hours": 24})
    page = visitor.go("/console/tier/plan?target=STAGING")
    page.get_by_label("Reason").fill("Load testing for Q1 release")
    page.get_by_role("button", name="Move to STAGING").click()
    expect(page).to_have_url(re.compile("/console/tier/progress"))
    visitor.settled()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Audit").click()
    entries = int(visitor.fact("Entries").inner_text())
    expect(acts(page)).to_have_count(entries)
    page.get_by_label("Who").fill(visitor.subject)
    page.get_by_role("button", name="Filter").click()
    expect(acts(page)).to_have_count(1)
    expect(acts(page)).to_contain_text("Change started")
    expect(acts(page)).to_contain_text("Load testing for Q1 release")
    visitor.picture("audit-of-one")
    page.get_by_label("Who").fill("api")
    page.get_by_role("button", name="Filter").click()
    expect(acts(page)).to_have_count(1)
    expect(acts(page)).to_contain_text("Cooldown set")
    page.get_by_label("Who").fill("eve@example.com")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("main")).to_contain_text("No entry fits")

    page.get_by_role("link", name="Verify it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify the audit")
    expect(page.get_by_role("status")).to_contain_text("Nothing in it was changed, removed, reordered or put in.")
    expect(visitor.fact("Entries")).to_have_text(str(entries))
    visitor.picture("audit-verified")


def sealed(visitor) -> None:
    """Waits until what was done is sealed."""
    for _ in range(console.PATIENCE // 50):
        if visitor.ask("GET", f"{ADMIN}/tier/audit")["seals"]:
            return
        time.sleep(0.05)
    raise AssertionError("nothing is sealed")


def test_seals_of_another_key_are_said_to_be_broken(visit):
    """The store itself lets no byte be changed; who takes the key can still put another chain in its place."""
    with tempfile.TemporaryDirectory(prefix="capstan-browser-") as name:
        folder = pathlib.Path(name)
        with api.server(console.BINARY, folder, "600") as url:
            before = visit(at=System(url, folder))
            planted.tenant(before)
            sealed(before)
            page = before.go("/console/tier/audit/verify")
            expect(page.get_by_role("status")).to_contain_text("Nothing in it was changed")
        (folder / "data/audit-key.pk8").unlink()
        with api.server(console.BINARY, folder, "600") as url:
            after = visit(at=System(url, folder), tenant=before.tenant)
            page = after.go("/console/tier/audit/verify")
            verdict = page.get_by_role("alert")
            expect(verdict).to_contain_text("Broken")
            expect(verdict).to_contain_text(re.compile(r"Entry \d+: the signature of its seal is not one of the key"))
            expect(page.get_by_role("status")).to_have_count(0)
            after.picture("audit-broken")
