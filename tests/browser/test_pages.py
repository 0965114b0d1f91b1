"""What holds of every page: in both themes, on a phone, without JavaScript, and for who cannot see it."""

import re

import places
import planted
import pytest
from console import ROOT
from playwright.sync_api import expect

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text()
GRAVE = ("serious", "critical")
# Widest thing first, for the message.
WIDER = """() => [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
    && !one.closest('.scroll, pre')).slice(0, 5).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def tenant(system, browser):
    """A tenant that was moved once, and hosts that report: every page has something to show."""
    import console

    visitor = console.visitor(system, browser)
    planted.hosts(system, planted.HOST)
    change = planted.tenant(visitor)
    planted.insights(visitor)
    yield visitor.tenant, change
    visitor.context.close()


def pages(tenant_and_change) -> dict[str, str]:
    return places.addresses(tenant_and_change[1], "DEV")


def name(path: str) -> str:
    return re.sub(r"\W+", "-", path.removeprefix("/console/")).strip("-")


def violations(page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 5, "axe looked at nothing"
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:160]} {node['any'][:1] and node['any'][0]['message']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", False), ("dark", True)])
def test_axe_finds_nothing_grave_on_any_page(visit, tenant, theme, phone):
    """In a context of its own, since the pages' policy would not let axe in."""
    visitor = visit(tenant=tenant[0], theme=theme, phone=phone, without_policy=True)
    found = []
    for path in pages(tenant):
        page = visitor.go(path)
        visitor.picture(f"{name(path)}-{'phone-' if phone else ''}{theme}")
        # What is folded away is looked at too.
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
        found += [f"{path}: {one}" for one in violations(page)]
    visitor.page.keyboard.press("Control+k")
    expect(visitor.page.get_by_role("dialog")).to_be_visible()
    found += [f"the palette: {one}" for one in violations(visitor.page)]
    assert not found, "\n".join(found)


def test_the_issuers_form_is_accessible_too(visit):
    visitor = visit(signed_in=False, without_policy=True)
    visitor.page.goto(visitor.system.link())
    expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert violations(visitor.page) == []


def test_axe_sees_what_is_grave(visit):
    """The check itself: a page with a picture without words and a field without a label."""
    visitor = visit(without_policy=True)
    visitor.page.evaluate("() => { document.querySelector('main').innerHTML += '<img src=\"/x.png\"><input>' }")
    visitor.expect("404|401|403")
    found = " ".join(violations(visitor.page))
    assert "image-alt" in found and "label" in found, found


def test_every_page_fits_a_phone(visit, tenant):
    visitor = visit(tenant=tenant[0], phone=True)
    found = []
    for path in pages(tenant):
        page = visitor.go(path)
        visitor.picture(f"{name(path)}-phone")
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > 390:
            found.append(f"{path}: {width} pixels wide: {page.evaluate(WIDER)}")
        small = page.evaluate(
            "() => [...document.querySelectorAll('button, .button, input, select')].filter((one) => one.checkVisibility()"
            " && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML.slice(0, 80))"
        )
        # WCAG 2.2, 2.5.8: at least 24 by 24.
        found += [f"{path}: too small for a finger: {one}" for one in small]
    assert not found, "\n".join(found)


def test_both_themes_are_themes(visit, tenant):
    """Dark is dark, light is light, and nothing has to be chosen."""

    def lightness(theme: str) -> float:
        page = visit(tenant=tenant[0], theme=theme).page
        colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3

    assert lightness("light") > 200 and lightness("dark") < 60


@pytest.mark.parametrize("javascript", [True, False])
def test_every_page_has_an_address_a_title_and_one_heading(visit, tenant, javascript):
    visitor = visit(tenant=tenant[0], javascript=javascript)
    for path, words in pages(tenant).items():
        page = visitor.go(path)
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_count(1)
        expect(page).to_have_title(re.compile(r".+ · Capstan"))
        expect(page.get_by_role("main")).to_contain_text(words)
        assert page.get_by_role("main").inner_text().strip()


def test_no_link_leads_into_an_error(visit, tenant):
    assert crawled(visit(tenant=tenant[0]))[1] == []


def test_every_page_is_in_the_menu_or_a_link_away(visit, tenant):
    """Nobody has to know an address: all are reached from the first page by links alone."""
    visitor = visit(tenant=tenant[0])
    visitor.expect(r"^422 |status of 422")
    seen, _ = crawled(visitor)
    # The plan is a button away: its reason goes with it.
    missing = [path for path in pages(tenant) if path not in seen and "/tier/plan" not in path]
    assert not missing, f"no link leads to {missing}; {sorted(seen)}"


def crawled(visitor) -> tuple[set[str], list[str]]:
    """The pages that links lead to from the first one, and those that are errors."""
    todo, seen, errors = ["/console/tier"], set(), []
    while todo:
        path = todo.pop(0)
        seen.add(path)
        page = visitor.page
        if page.goto(visitor.system.url + path).status >= 400:
            errors.append(path)
        links = page.evaluate("() => [...document.querySelectorAll('a[href]')].map((one) => new URL(one.href))"
                              ".filter((at) => at.origin === location.origin).map((at) => at.pathname + at.search)")
        todo += [link for link in dict.fromkeys(links) if link not in seen and link not in todo and len(seen) + len(todo) < 60]
    return seen, errors


def test_what_is_nowhere_says_so(visitor):
    page = visitor.go("/console/no/such/page", status=404)
    expect(page.get_by_role("heading", level=1)).to_contain_text("no such page")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()


def test_a_target_that_is_no_tier_says_so(visitor):
    visitor.expect(r"^4(00|04|22) |status of 4(00|04|22)")
    answer = visitor.page.goto(f"{visitor.system.url}/console/tier/plan?target=GOLD")
    assert 400 <= answer.status < 500
    expect(visitor.page.get_by_role("main")).to_contain_text(re.compile("GOLD|targetTier|tier"))
