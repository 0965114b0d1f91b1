"""Configure Tiers: the runbook's steps of section 8, and an edit that meets another one."""

import re

import pytest
from console import ADMIN
from playwright.sync_api import expect

MAX, BUDGET = re.compile("sagemakerShadowSelfMaxInstances"), re.compile("budgetMonthlyCuriosityLimit")
pytestmark = pytest.mark.needs("/console/tier/configs", "/console/tier/configs/STAGING")


def config(visitor, tier: str) -> dict:
    return visitor.ask("GET", f"{ADMIN}/tier/configs/{tier}")


def test_a_configuration_is_edited_as_the_runbook_says(visitor):
    page = visitor.page
    page.get_by_role("link", name="Configure Tiers").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Configure Tiers")
    page.get_by_role("link", name=re.compile("Edit Configuration.*DEV|DEV.*Edit Configuration")).click()
    most = page.get_by_label(MAX)
    assert (most.get_attribute("min"), most.get_attribute("max")) == ("1", "500")
    most.fill("2")
    page.get_by_label(BUDGET).fill("200")
    # What the edit is and what it costs, before it is saved.
    page.get_by_role("button", name="Review the edit").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text(re.compile(r"100\s*→\s*200"))
    expect(main).to_contain_text(re.compile(r"\$350.*→.*\$"))
    assert config(visitor, "DEV")["version"] == 0
    visitor.picture("config-review")
    page.get_by_role("button", name="Save Configuration").click()
    expect(page.get_by_role("status").or_(page.get_by_role("alert")).first).to_contain_text(re.compile("saved", re.I))
    saved = config(visitor, "DEV")
    assert (saved["sagemakerShadowSelfMaxInstances"], saved["budgetMonthlyCuriosityLimit"], saved["version"]) == (2, 200, 1)


def test_a_second_tab_meets_the_edit_of_the_first(visitor):
    first, second = visitor.page, visitor.context.new_page()
    for page in (first, second):
        page.goto(f"{visitor.system.url}/console/tier/configs/STAGING")
    for page, most in ((first, "30"), (second, "40")):
        page.get_by_label(MAX).fill(most)
        page.get_by_role("button", name="Review the edit").click()
        expect(page.get_by_role("button", name="Save Configuration")).to_be_visible()
    first.get_by_role("button", name="Save Configuration").click()
    expect(first.get_by_role("status").or_(first.get_by_role("alert")).first).to_contain_text(re.compile("saved", re.I))
    visitor.expect(r"^409 |status of 409")
    second.get_by_role("button", name="Save Configuration").click()
    # Nothing is lost of either: what is there now, and what one wanted.
    expect(second.get_by_role("alert")).to_contain_text(re.compile("changed|another|meanwhile", re.I))
    main = second.get_by_role("main")
    expect(main).to_contain_text("30")
    expect(second.get_by_label(MAX)).to_have_value("40")
    assert config(visitor, "STAGING")["sagemakerShadowSelfMaxInstances"] == 30
    second.get_by_role("button", name="Review the edit").click()
    second.get_by_role("button", name="Save Configuration").click()
    expect(second.get_by_role("status").or_(second.get_by_role("alert")).first).to_contain_text(re.compile("saved", re.I))
    assert config(visitor, "STAGING")["sagemakerShadowSelfMaxInstances"] == 40


def test_what_is_out_of_range_is_named_beside_its_field(visitor):
    page = visitor.go("/console/tier/configs/STAGING")
    page.get_by_label(MAX).fill("501")
    visitor.expect(r"^4(00|22) |status of 4(00|22)")
    page.evaluate("() => { for (const form of document.forms) form.noValidate = true }")
    page.get_by_role("button", name="Review the edit").click()
    expect(page.get_by_role("alert")).to_contain_text("sagemakerShadowSelfMaxInstances")
    assert config(visitor, "STAGING")["version"] == 0
