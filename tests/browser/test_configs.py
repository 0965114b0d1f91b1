"""Configure Tiers: the runbook's steps of section 8, and an edit that meets another one."""

import re

import pytest
from console import ADMIN, ARTIFACTS
from playwright.sync_api import expect

MAX, BUDGET = re.compile("^SageMaker: Shadow self max instances"), re.compile("^Budget: Monthly curiosity limit")

def config(visitor, tier: str) -> dict:
    return visitor.ask("GET", f"{ADMIN}/tier/configs/{tier}")


def save(page) -> None:
    page.get_by_role("button", name=re.compile("^Save")).click()


def is_saved(page) -> None:
    expect(page.get_by_role("status")).to_contain_text("Saved")


def row(page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def test_a_configuration_is_edited_as_the_runbook_says(visitor):
    page = visitor.page
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Configure Tiers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Configure Tiers")
    page.get_by_role("link", name=re.compile("^Edit.* DEV")).click()
    most = page.get_by_label(MAX)
    assert (most.get_attribute("min"), most.get_attribute("max")) == ("1", "500")
    most.fill("2")
    page.get_by_label(BUDGET).fill("200")
    # What the edit is and what it costs, before it is saved.
    page.get_by_role("button", name="Review the edit").click()
    expect(row(page, "Budget: Monthly curiosity limit")).to_contain_text(re.compile(r"\$100\s*\$200"))
    expect(visitor.fact("Cost a month")).to_contain_text(re.compile(r"\$350 → \$"))
    assert config(visitor, "DEV")["version"] == 0
    visitor.picture("config-review")
    promised = visitor.fact("Cost a month").inner_text().split("→")[1].strip()
    save(page)
    is_saved(page)
    # It costs what the review said.
    expect(visitor.fact("Cost a month")).to_contain_text(promised)
    saved = config(visitor, "DEV")
    assert (saved["sagemakerShadowSelfMaxInstances"], saved["budgetMonthlyCuriosityLimit"], saved["version"]) == (2, 200, 1)


def test_a_second_tab_meets_the_edit_of_the_first(visitor):
    first, second = visitor.page, visitor.context.new_page()
    for page in (first, second):
        page.goto(f"{visitor.system.url}/console/tier/configs/STAGING")
    for page, most in ((first, "30"), (second, "40")):
        page.get_by_label(MAX).fill(most)
        page.get_by_role("button", name="Review the edit").click()
        expect(page.get_by_role("button", name=re.compile("^Save"))).to_be_visible()
    save(first)
    is_saved(first)
    visitor.expect(r"^409 |status of 409")
    save(second)
    # Nothing is lost of either: what was, what is saved now, and what one wanted.
    expect(second.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(row(second, "SageMaker: Shadow self max instances")).to_contain_text(re.compile(r"20\s*30\s*40"))
    assert config(visitor, "STAGING")["sagemakerShadowSelfMaxInstances"] == 30
    second.screenshot(path=ARTIFACTS / "config-conflict.png", full_page=True)
    second.get_by_role("button", name="Go on from theirs").click()
    expect(second.get_by_label(MAX)).to_have_value("40")
    second.get_by_role("button", name="Review the edit").click()
    save(second)
    is_saved(second)
    assert config(visitor, "STAGING")["sagemakerShadowSelfMaxInstances"] == 40


def test_what_is_out_of_range_is_named_beside_its_field(visitor):
    page = visitor.go("/console/tier/configs/STAGING")
    page.get_by_label(MAX).fill("501")
    visitor.expect(r"^4(00|22) |status of 4(00|22)")
    page.evaluate("() => { for (const form of document.forms) form.noValidate = true }")
    page.get_by_role("button", name="Review the edit").click()
    expect(page.get_by_role("alert")).to_contain_text("501 is not a whole number from 1 to 500")
    assert config(visitor, "STAGING")["version"] == 0
