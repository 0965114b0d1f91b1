"""Who is signed in, for how long, and what nobody else can do in their name."""

import re
import urllib.parse

import pytest
from console import PATIENCE
from playwright.sync_api import expect

REASON = "Load testing for Q1 release"


def ready(visitor):
    """A form that only has to be sent."""
    page = visitor.go("/console/tier/plan?target=STAGING")
    page.get_by_label("Reason").fill(REASON)
    return page, page.get_by_role("button", name="Move to STAGING")


def test_a_session_that_ends_in_the_middle_does_nothing_and_says_so(visitor):
    page, button = ready(visitor)
    visitor.forget_session()
    visitor.expect(r"^401 |status of 401")
    button.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing was done")
    visitor.picture("signed-out")
    assert visitor.changes() == []
    page.get_by_role("link", name="Sign in").click()
    visitor.fill_in()
    expect(page).to_have_url(re.compile(r"/console/tier"))
    _, button = ready(visitor)
    button.click()
    expect(page).to_have_url(re.compile(r"/console/tier/progress"))
    assert len(visitor.changes()) == 1


def test_signing_in_again_leads_to_where_one_was_going(visitor):
    visitor.forget_session()
    visitor.page.goto(f"{visitor.system.url}/console/tier/plan?target=PRODUCTION")
    visitor.fill_in()
    expect(visitor.page).to_have_url(re.compile(r"/console/tier/plan\?target=PRODUCTION$"))


@pytest.mark.watched
def test_a_page_that_is_watched_asks_to_sign_in_when_the_session_ends(visitor):
    page, button = ready(visitor)
    button.click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    visitor.expect(r"^401 |status of 401|Response Status Error Code 401")
    visitor.forget_session()
    page.wait_for_url(re.compile(r"/oauth2/authorize"), timeout=PATIENCE)
    visitor.fill_in()
    expect(page).to_have_url(re.compile(r"/console/tier/progress"))


def test_signing_out_ends_it(visitor):
    page = visitor.page
    page.get_by_text(visitor.subject).first.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Signed out")
    # Nor does Back show what was seen.
    page.go_back()
    expect(page).to_have_url(re.compile(r"/oauth2/authorize"))
    page.goto(f"{visitor.system.url}/console/tier")
    expect(page).to_have_url(re.compile(r"/oauth2/authorize"))


def test_no_script_reads_the_session_and_no_other_site_sends_it(visitor):
    ours = [cookie for cookie in visitor.context.cookies() if re.search(r"capstan-\d", cookie["name"])]
    assert ours and all(cookie["httpOnly"] and cookie["sameSite"] in ("Lax", "Strict") for cookie in ours), ours
    assert visitor.page.evaluate("document.cookie") == ""


def test_a_form_of_another_site_does_nothing(visitor):
    """Another site has the browser send what the plan's button sends: without the session, since it is another site."""
    page, _ = ready(visitor)
    fields = page.evaluate("() => [...new FormData(document.querySelector('[name=reason]').form)]")
    hidden = "".join(f'<input name="{name}" value="{value}">' for name, value in fields)
    action = f"{visitor.system.url}/console/tier/change"
    trap = f'<form method="post" action="{action}">{hidden}<button>a prize</button></form>'
    page.route("http://prize.example/", lambda route: route.fulfill(body=trap, content_type="text/html"))
    page.goto("http://prize.example/")
    visitor.expect(r"^40[13] |status of 40[13]|prize\.example")
    page.get_by_role("button", name="a prize").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing was done")
    assert visitor.changes() == []


def test_a_form_without_its_token_does_nothing(visitor):
    """The session alone is not enough: what is sent must come from a page that was shown."""
    page, button = ready(visitor)
    page.evaluate("() => { document.querySelector('[name=reason]').form.elements.formToken.value = 'f'.repeat(64) }")
    visitor.expect(r"^403 |status of 403")
    button.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing was done")
    assert visitor.changes() == []


def test_a_ticket_of_somebody_else_signs_nobody_in(visit):
    """Any process of the machine reaches the port; the link's ticket shows that one may read the key."""
    stranger = visit(signed_in=False)
    stranger.expect(r"^4\d\d |status of 4\d\d")
    answer = stranger.page.goto(f"{stranger.system.url}/oauth2/start?ticket={urllib.parse.quote('e30.e30.AAAA')}")
    assert 400 <= answer.status < 500
    stranger.page.goto(f"{stranger.system.url}/console/tier")
    expect(stranger.page.get_by_role("button", name="Sign in")).to_have_count(0)
