"""What is excused must really be absent."""

import absent
import pytest


@pytest.mark.parametrize("name", sorted(absent.ABSENT))
def test_what_is_listed_as_absent_is_absent(visit, name):
    """Once it is there, it is taken off the list in absent.py, and its tests run."""
    assert name in absent.PAGES or name in absent.FEATURES
    visitor = visit()
    if name in absent.FEATURES:
        there = absent.FEATURES[name](visitor)
    else:
        visitor.expect("404")
        change, host = "01a201a2-f5f9-7973-990b-60c7aa934fb4", "db-1"
        address = visitor.system.url + name.format(change=change, host=host, target="STAGING")
        there = visitor.page.goto(address).status != 404 or "no such page" not in visitor.page.content()
    assert not there, f"{name} is there: take it off ABSENT"
