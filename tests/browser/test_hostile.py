"""Words from outside are words: none is run, none becomes a part of the page, and none breaks it."""

import re
import urllib.parse

import places
import planted
import pytest
from console import ADMIN
from playwright.sync_api import expect

HURT = "() => [window.hurt, document.querySelectorAll('main b, main img[src=x], main svg[onload], main script').length]"


def unhurt(page) -> None:
    # A picture that can't be loaded would tell a moment later.
    page.wait_for_timeout(50)
    assert page.evaluate(HURT) == [None, 0], page.url
    links = page.evaluate("() => [...document.links].map((one) => one.protocol)")
    assert set(links) <= {"http:"}, links


@pytest.mark.watched
def test_a_hostile_reason_is_shown_as_it_was_written(visit):
    visitor = visit()
    page = visitor.go("/console/tier/plan?target=PRODUCTION")
    page.get_by_label("Reason").fill(planted.HOSTILE)
    page.get_by_role("button", name="Move to PRODUCTION").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Confirm")
    unhurt(page)
    page.get_by_label(re.compile("To confirm, type")).fill("move to PRODUCTION")
    page.get_by_role("button", name="Confirm the move to PRODUCTION").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    unhurt(page)
    page.get_by_label("Reason").fill(planted.HOSTILE)
    page.get_by_role("button", name="Stop and undo").click()
    expect(page.get_by_text("window.hurt = 1").first).to_be_visible()
    unhurt(page)
    visitor.settled()
    change = visitor.changes()[0]
    assert change["reason"] == planted.HOSTILE
    for path in places.addresses(change["id"], "STAGING"):
        visitor.go(path)
        unhurt(page)


@pytest.mark.watched
def test_a_hostile_reason_that_is_refused_comes_back_unhurt(visitor):
    """The API refuses it, and the form is shown anew with what was typed."""
    page = visitor.go("/console/tier/plan?target=STAGING")
    visitor.start("STAGING")
    visitor.expect(r"^4\d\d |status of 4\d\d")
    page.get_by_label("Reason").fill(planted.HOSTILE)
    page.get_by_role("button", name="Move to STAGING").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    unhurt(page)
    assert len(visitor.changes()) == 1


def test_a_hostile_reason_is_read_in_the_history(visitor):
    change = planted.tenant(visitor, planted.HOSTILE)
    for path in ("/console/tier/history", f"/console/tier/history/{change}"):
        page = visitor.go(path)
        expect(page.get_by_role("main")).to_contain_text(planted.HOSTILE)
        unhurt(page)


def test_a_hostile_name_of_who_signs_in(visit):
    visitor = visit(subject="<img/src=x/onerror=window.hurt=5>")
    unhurt(visitor.page)
    expect(visitor.page.get_by_role("banner")).to_contain_text("<img/src=x/onerror=window.hurt=5>")


@pytest.mark.parametrize("path", ["/console/tier/plan?target={}", "/console/{}", "/console/tier?live={}", "/console/tier/progress?id={}"])
def test_a_hostile_address(visitor, path):
    visitor.expect(r"^4\d\d |status of 4\d\d")
    hostile = urllib.parse.quote(planted.HOSTILE, safe="")
    visitor.page.goto(visitor.system.url + path.format(hostile))
    unhurt(visitor.page)


def test_a_hostile_address_of_a_host(visitor):
    visitor.expect(r"^4\d\d |status of 4\d\d")
    visitor.page.goto(f"{visitor.system.url}/console/hosts/{urllib.parse.quote(planted.HOSTILE, safe='')}")
    unhurt(visitor.page)


def test_a_hostile_host_and_what_is_found_on_it(visitor):
    """The API takes no such name: if it ever does, the pages must still show it."""
    status, answer = visitor.system.ask("POST", "/metrics", planted.metric("<b>db</b>", 30))
    assert status == 422, answer
    planted.hosts(visitor.system, planted.HOST)
    found = planted.insights(visitor)[0]
    # What people write about an insight is the only free text of IOps.
    visitor.ask("POST", f"/insights/{found['insightId']}/acknowledge", {"note": planted.HOSTILE})
    for path in ("/console/hosts", f"/console/hosts/{planted.HOST}", "/console/insights"):
        unhurt(visitor.go(path))


@pytest.mark.parametrize("path", ["/prize.example/x", "%2Fprize.example/x", "%5C%5Cprize.example", "tier/..%2F..%2F%2Fprize.example"])
def test_who_signs_in_can_not_be_sent_elsewhere(visitor, path):
    """After signing in one is where one was going, and that is never another site."""
    visitor.forget_session()
    visitor.expect(r"^4\d\d |status of 4\d\d")
    visitor.page.goto(f"{visitor.system.url}/console/{path}")
    if "/oauth2/authorize" in visitor.page.url:
        visitor.fill_in()
        visitor.page.wait_for_url(lambda url: "/oauth2/" not in url)
    assert visitor.page.url.startswith(f"{visitor.system.url}/"), visitor.page.url


def test_the_policy_lets_nothing_in(visitor):
    """The check itself: an inline script and a picture from elsewhere are refused by the page's own policy."""
    visitor.expect("policy|Content Security Policy|prize.example|request: ")
    visitor.page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.hurt = 6';
            document.body.append(script);
            const picture = document.createElement('img');
            picture.src = 'http://prize.example/x.png';
            document.body.append(picture);
        }"""
    )
    visitor.page.wait_for_timeout(200)
    assert visitor.page.evaluate("() => window.hurt") is None
    assert any("policy: script-src" in one for one in visitor.trouble.found), visitor.trouble.found
    assert any("policy: img-src" in one for one in visitor.trouble.found), visitor.trouble.found
    assert visitor.ask("GET", f"{ADMIN}/tier")["currentTier"] == "DEV"
