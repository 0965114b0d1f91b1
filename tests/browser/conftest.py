"""One browser and one system for all tests; a tenant and a window of their own for each."""

import re
import shutil
import signal
import sys

import pytest
from playwright.sync_api import expect, sync_playwright

import console

# A change takes twelve minutes: seen on its way in six seconds, or over in one.
WATCHED, QUICK = 120, 600
expect.set_options(timeout=console.PATIENCE)


def pytest_configure(config):
    config.addinivalue_line("markers", "watched: on a system so slow that what goes on is seen")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    setattr(item, f"report_{report.when}", report)
    return report


@pytest.fixture(scope="session", autouse=True)
def ended_from_outside():
    # Pictures are of this run.
    shutil.rmtree(console.ARTIFACTS, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended from outside", returncode=143))


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright):
    try:
        chromium = console.launched(playwright)
    except SystemExit as why:
        pytest.exit(str(why), returncode=1)
    yield chromium
    chromium.close()


def running(speed: int):
    try:
        with console.System.up(speed, "--seed", "6") as system:
            yield system
    except SystemExit as why:
        pytest.exit(str(why), returncode=1)


@pytest.fixture(scope="session")
def system():
    """What all tests look at that want nothing special."""
    yield from running(QUICK)


@pytest.fixture(scope="session")
def watched():
    """The same, five times slower."""
    yield from running(WATCHED)


@pytest.fixture
def visit(request, browser):
    """Opens browsers: `visit(theme="dark")` is somebody in one, signed in. What they complain of fails the test."""
    visitors = []

    def opened(signed_in: bool = True, at: console.System | None = None, **options) -> console.Visitor:
        if at is None:
            at = request.getfixturevalue("watched" if request.node.get_closest_marker("watched") else "system")
        one = console.visitor(at, browser, **options)
        visitors.append(one)
        return one.sign_in() if signed_in else one

    yield opened
    report = getattr(request.node, "report_call", None)
    complaints = []
    for number, one in enumerate(visitors):
        if report is not None and report.failed:
            name = re.sub(r"[^\w-]+", "-", request.node.nodeid.rsplit("::")[-1])
            one.picture(f"FAILED-{name}-{number}")
            print(f"visitor {number} is at {one.page.url}", file=sys.stderr)
        complaints += one.trouble.unexpected()
        one.context.close()
    assert not complaints, "the browser complains:\n" + "\n".join(complaints)


@pytest.fixture
def visitor(visit):
    """A super admin at a desk."""
    return visit()
