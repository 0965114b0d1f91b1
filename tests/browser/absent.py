"""The pages of the console, and which of them are not there yet.

This is the one place where something of the console may be excused. `test_absent.py` fails as soon as something that is listed
in ABSENT is there after all, so the list can only shrink; when it is empty, it goes, and `needs` with it.
"""

import re

# Every page that can be opened as it stands, with what must be seen on it. A `{…}` is filled in from what was planted.
PAGES = {
    "/console/tier": "Infrastructure Tier",
    "/console/tier/plan?target={target}": "Move from",
    "/console/tier/progress": "Change of tier",
    "/console/tier/configs": "Configure Tiers",
    "/console/tier/configs/STAGING": "STAGING",
    "/console/tier/history": "History",
    "/console/tier/history/{change}": "Change",
    "/console/tier/resources": "Resources",
    "/console/tier/audit": "Audit",
    "/console/hosts": "Hosts",
    "/console/hosts/{host}": "{host}",
    "/console/insights": "Insights",
    "/console/canary": "Canary",
    "/console/models": "Models",
}


def reason_beside_the_cards(visitor) -> bool:
    return visitor.go("/console/tier").get_by_label(re.compile("reason", re.I)).count() > 0


def graph_of_the_workflow(visitor) -> bool:
    visitor.start("STAGING")
    return visitor.go("/console/tier/progress").get_by_role("img", name=re.compile("workflow", re.I)).count() > 0


def no_way_to_where_one_is(visitor) -> bool:
    return visitor.go("/console/tier").locator("a[href*='target=DEV']").count() == 0


def way_to_the_last_change(visitor) -> bool:
    visitor.move("STAGING")
    links = visitor.go("/console/tier").locator("a[href*='/tier/progress'], main a[href*='/tier/history/']")
    return links.count() > 0


# What a page may still lack, and how one sees that it is there.
FEATURES = {
    # The runbook's third step is the reason, its fourth the card.
    "reason beside the cards": reason_beside_the_cards,
    "graph of the workflow": graph_of_the_workflow,
    # The plan of a move to the tier that one is in is refused, so nothing should lead there.
    "no way to where one is": no_way_to_where_one_is,
    # How the last change went is found without knowing its address.
    "way to the last change": way_to_the_last_change,
}

ABSENT = {
    "/console/tier/history",
    "/console/tier/history/{change}",
    "/console/tier/resources",
    "/console/tier/audit",
    "/console/hosts",
    "/console/hosts/{host}",
    "/console/insights",
    "/console/canary",
    "/console/models",
}


def addresses(change: str, target: str, host: str = "db-1") -> dict[str, str]:
    """The pages that are there, filled in for a tenant, with what must be seen on each."""
    filled = {"change": change, "target": target, "host": host}
    return {path.format(**filled): words.format(**filled) for path, words in PAGES.items() if path not in ABSENT}
