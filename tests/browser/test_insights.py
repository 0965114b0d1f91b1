"""What is found on hosts, from the host to what people do about it."""

import time

import pytest
from console import System
from planted import metric
from playwright.sync_api import expect

TROUBLE = {"latency": 80, "errorRate": 9, "queueDepth": 500}
WORSE = TROUBLE | {"cpuUsage": 97.5, "iops": 200_000}


@pytest.fixture(scope="module")
def hosts():
    """Hosts of their own: what is found on them is for this file alone."""
    with System.up(600, "--seed", "6") as system:
        reports = [metric("web-1", 60), metric("web-2", 60)]
        status, answer = system.ask("POST", "/metrics", {"metrics": reports})
        assert status in (200, 201, 202, 207), answer
        yield system


def found(visitor, host: str, **values: float) -> str:
    """Has a host report something odd; the id of what is found on it."""
    status, answer = visitor.system.ask("POST", "/metrics", {"metrics": [metric(host, 30, **values)]})
    assert status in (200, 201, 202, 207), answer
    for _ in range(200):
        for one in visitor.ask("GET", f"/insights?hostname={host}")["insights"]:
            return one["insightId"]
        time.sleep(0.1)
    raise AssertionError(f"nothing is found on {host}")


def state(visitor, insight: str) -> str:
    return visitor.ask("GET", f"/insights/{insight}")["status"]


def rows(page, region: str, host: str):
    """Of a table, the rows about a host."""
    name = page.get_by_role("link", name=host, exact=True)
    return page.get_by_role("region", name=region).get_by_role("row").filter(has=name)


def test_the_worst_host_comes_first_and_leads_to_what_is_seen_to(visit, hosts):
    visitor = visit(at=hosts)
    # In the order of their names the worst would be in the middle.
    found(visitor, "app-1", **TROUBLE)
    insight = found(visitor, "db-1", **WORSE)
    page = visitor.page
    menu = page.get_by_role("navigation", name="Pages")
    menu.get_by_role("link", name="Hosts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hosts")
    names = page.get_by_role("region", name="Hosts").get_by_role("rowheader").all_inner_texts()
    assert [name for name in names if name in ("app-1", "db-1", "web-1")] == ["db-1", "app-1", "web-1"], names
    expect(rows(page, "Hosts", "db-1")).to_contain_text("Critical")
    expect(rows(page, "Hosts", "app-1")).to_contain_text("Warning")
    expect(rows(page, "Hosts", "web-1")).to_contain_text("Healthy")
    visitor.picture("hosts-worst-first")

    rows(page, "Hosts", "db-1").get_by_role("link", name="db-1", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Host db-1")
    expect(visitor.fact("Open insights")).to_have_text("1")
    page.get_by_role("region", name="Insights").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Critical performance issue on db-1")
    expect(visitor.fact("Status")).to_have_text("Open")
    expect(page.get_by_role("row").filter(has_text="errorRate")).to_contain_text("at most 1 %")

    # Who says nothing is not believed, and nothing is sent.
    page.get_by_role("button", name="Acknowledge").click()
    note = page.get_by_label("Note: what is done about it")
    expect(note).to_be_focused()
    assert note.evaluate("(one) => one.validity.valueMissing")
    assert state(visitor, insight) == "open"

    note.fill("the volume is being replaced")
    page.get_by_role("button", name="Acknowledge").click()
    expect(visitor.fact("Status")).to_have_text("Acknowledged")
    main = page.get_by_role("main")
    expect(main).to_contain_text(f"Acknowledged by {visitor.subject}")
    expect(main).to_contain_text("the volume is being replaced")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    visitor.picture("insight-acknowledged")
    menu.get_by_role("link", name="Insights").click()
    expect(rows(page, "Insights", "db-1")).to_contain_text("Acknowledged")
    expect(rows(page, "Insights", "app-1")).to_contain_text("Open")


def test_what_is_none_is_dismissed_and_sought_by_that(visit, hosts):
    visitor = visit(at=hosts)
    other, insight = found(visitor, "app-2", **TROUBLE), found(visitor, "app-3", **TROUBLE)
    page = visitor.go(f"/console/insights/{insight}")
    page.get_by_label("Note: why it is a false alarm").fill("a rehearsal of ours")
    page.get_by_role("button", name="Dismiss").click()
    expect(visitor.fact("Status")).to_have_text("Dismissed")
    expect(page.get_by_role("main")).to_contain_text(f"Dismissed by {visitor.subject}")
    expect(page.get_by_role("main")).to_contain_text("a rehearsal of ours")
    # It has been said.
    expect(page.get_by_role("main").get_by_role("button", name="Dismiss")).to_have_count(0)
    expect(page.get_by_label("Note", exact=False)).to_have_count(0)
    visitor.picture("insight-dismissed")
    visitor.go("/console/insights")
    page.get_by_label("Status").select_option("Dismissed")
    page.get_by_role("button", name="Filter").click()
    expect(rows(page, "Insights", "app-3")).to_contain_text("Dismissed")
    expect(rows(page, "Insights", "app-2")).to_have_count(0)
    page.get_by_label("Status").select_option("Open")
    page.get_by_label("Host").fill("app-2")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("region", name="Insights").get_by_role("row")).to_have_count(2)
    expect(rows(page, "Insights", "app-2")).to_contain_text("Open")
    assert state(visitor, other) == "open"


def test_who_may_only_look_reads_an_insight_and_has_no_form(visit, hosts):
    viewer = visit(at=hosts, role="viewer")
    insight = found(viewer, "db-2", **WORSE)
    page = viewer.go(f"/console/insights/{insight}")
    expect(viewer.fact("Status")).to_have_text("Open")
    expect(page.get_by_role("main")).to_contain_text("It takes the role operator.")
    expect(page.get_by_role("main").get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)


def test_what_somebody_else_sees_to_shows_up_by_itself(visit, hosts):
    """On the page of the insight, which loads itself anew, and in the list."""
    visitor, onlooker = visit(at=hosts), visit(at=hosts, role="viewer")
    insight = found(visitor, "db-3", **WORSE)
    page = visitor.go(f"/console/insights/{insight}")
    feed = onlooker.go("/console/insights")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    expect(rows(feed, "Insights", "db-3")).to_contain_text("Open")
    visitor.ask("POST", f"/insights/{insight}/acknowledge", {"note": "seen to by the night shift"})
    expect(visitor.fact("Status")).to_have_text("Acknowledged")
    expect(page.get_by_role("main")).to_contain_text("Acknowledged by api")
    expect(page.get_by_role("main")).to_contain_text("seen to by the night shift")
    # Its form is outside of what is fetched again and again.
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.get_by_role("button", name="Dismiss")).to_be_visible()
    expect(rows(feed, "Insights", "db-3")).to_contain_text("Acknowledged")


def test_an_insight_that_is_nowhere_says_so(visit, hosts):
    page = visit(at=hosts).go("/console/insights/none", status=404)
    expect(page.get_by_role("main")).to_contain_text("no insight has this id")
