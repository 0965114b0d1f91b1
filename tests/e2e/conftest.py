"""One stack for all tests: built, deployed, and taken down with the clouds it stands in."""

import contextlib
import signal

import pytest

import cloud
import issuer
import peers

FOLDER = cloud.ROOT / "target" / "e2e"


def pytest_configure(config):
    config.figures = {}


def pytest_terminal_summary(terminalreporter, config):
    """The line of figures."""
    words = ", ".join(f"{name} {value:.1f} s" for name, value in config.figures.items())
    terminalreporter.write_line(f"e2e: {words}")


@pytest.fixture(scope="session")
def figures(request):
    """Seconds, by what they were spent on; printed at the end."""
    return request.config.figures


@pytest.fixture(scope="session")
def stack(figures):
    """The deployed system."""
    try:
        with peers.running(FOLDER / "logs", mended=True) as clouds:
            # A SystemExit would pass for one failed test.
            signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended from outside", returncode=143))
            deployed = cloud.Deployed(clouds, figures)
            with contextlib.closing(issuer.Served(cloud.ISSUER)) as deployed.issuer:
                deployed.build_and_deploy(FOLDER / "build")
                yield deployed
    except cloud.Refused as refused:
        pytest.exit(str(refused), returncode=1)
