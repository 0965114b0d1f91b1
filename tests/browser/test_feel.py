"""How it is to work with: the keyboard, what moves and what doesn't."""

import re

import pytest
from playwright.sync_api import expect

SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value })
        .observe({ type: 'layout-shift', buffered: true });
"""


def test_the_palette_goes_anywhere_from_the_keyboard(visitor):
    page = visitor.page
    # Keys are heard once the script is there, which shows its button then.
    expect(page.get_by_role("button", name="Search")).to_be_visible()
    for key in ("Control+k", "/"):
        page.keyboard.press(key)
        palette = page.get_by_role("dialog")
        expect(palette).to_be_visible()
        expect(palette.get_by_role("searchbox")).to_be_focused()
        page.keyboard.press("Escape")
        expect(palette).to_be_hidden()
    page.keyboard.press("/")
    palette = page.get_by_role("dialog")
    expect(palette.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("plan move")
    expect(palette.get_by_role("link")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/console/tier#reason$"))
    # In a field, a slash is a slash.
    reason = page.get_by_label("Reason")
    reason.focus()
    page.keyboard.type("a/b")
    expect(reason).to_have_value("a/b")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_change_is_made_without_a_mouse(visitor):
    """Tab and Enter alone, with the place one is at to be seen."""
    page = visitor.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            at = page.evaluate(
                "() => { const at = document.activeElement, style = getComputedStyle(at);"
                " return [at.labels?.[0]?.textContent ?? at.textContent, style.outlineStyle, parseFloat(style.outlineWidth)] }"
            )
            if re.search(name, at[0]):
                assert at[1] != "none" and at[2] >= 2, f"{name}: the focus is not to be seen: {at}"
                return
        raise AssertionError(f"{name} is not reached by the keyboard")

    tab_to("Plan a move to STAGING")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/plan"))
    tab_to("Reason")
    page.keyboard.type("Load testing for Q1 release")
    tab_to("^Move to STAGING")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/progress"))
    assert len(visitor.changes()) == 1


@pytest.mark.watched
def test_nothing_jumps_while_it_is_live(visitor):
    page = visitor.page
    page.add_init_script(SHIFTS)
    visitor.start("STAGING")
    visitor.go("/console/tier/progress")
    expect(page.get_by_role("progressbar")).to_be_visible()
    shifted = 0.0
    while page.get_by_role("term").filter(has_text="Ended").count() == 0:
        shifted = max(shifted, visitor.look("() => window.shifted") or 0.0)
        page.wait_for_timeout(100)
    # "Good" of the Web Vitals is below 0.1, of a whole visit.
    assert shifted < 0.1, shifted


@pytest.mark.watched
def test_what_one_types_outlives_the_ticks(visitor):
    page = visitor.page
    visitor.start("STAGING")
    visitor.go("/console/tier/progress")
    reason = page.get_by_label("Reason")
    reason.click()
    page.keyboard.type("it was the wrong")
    page.wait_for_timeout(2500)
    expect(reason).to_be_focused()
    page.keyboard.type(" tenant")
    expect(reason).to_have_value("it was the wrong tenant")


@pytest.mark.watched
def test_what_one_types_outlives_the_end_of_a_change(visitor):
    """All of the page is loaded anew then, since other tiers can be moved to."""
    visitor.start("STAGING")
    page = visitor.go("/console/tier")
    page.get_by_label("Reason").fill("back when the tests are over")
    expect(visitor.fact("Current tier")).to_have_text("STAGING")
    expect(page.get_by_role("button", name="Plan a move to DEV")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("back when the tests are over")


@pytest.mark.watched
def test_the_place_one_is_at_outlives_the_ticks(visitor):
    visitor.start("STAGING")
    page = visitor.go("/console/tier")
    link = page.get_by_role("link", name="Follow or stop it").first
    link.focus()
    page.locator("#live").evaluate("(piece) => { piece.dataset.old = 'yes' }")
    expect(page.locator("#live[data-old]")).to_have_count(0)
    expect(link).to_be_focused()


@pytest.mark.watched
def test_what_one_opens_stays_open_while_it_is_live(visitor):
    """The list of the states is put in anew with each of them; for who cannot see the graph it is all there is."""
    visitor.start("STAGING")
    page = visitor.go("/console/tier/progress")
    page.get_by_text("The states it has come to").click()
    items = page.get_by_role("listitem").filter(has_text="ValidateTransition")
    expect(items.first).to_be_visible()
    page.locator("#workflow").evaluate("(piece) => { piece.dataset.old = 'yes'; htmx.trigger(document.body, 'next-step') }")
    expect(page.locator("#workflow[data-old]")).to_have_count(0)
    expect(items.first).to_be_visible()


def test_times_are_relative_and_exact_on_hover(visitor):
    visitor.move("STAGING", cooldown=24)
    visitor.go("/console/tier")
    when = visitor.fact("Last change").get_by_role("time").first
    expect(when).to_contain_text(re.compile(r"ago|just now"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", when.get_attribute("title"))
    # Where the cloud's time is another than one's own, it is said which is which.
    expect(visitor.page.get_by_text("The cloud is simulated and lives at")).to_be_visible()
    # The cooldown as a countdown.
    expect(visitor.page.get_by_text(re.compile(r"in \d+ h"))).to_be_visible()
