"""The pictures of docs/console.md and README.md, from the console as it is: docs/images/console-*.png.

    .venv-peers/bin/python tests/browser/screenshots.py [--into docs/images]

Small ones: a hundred kilobytes each at most. A seed, a tenant and a way that are always the same, so that a picture changes when
the page does; times that are relative may differ.
"""

import argparse
import pathlib
import sys

import console
import planted
import png
from playwright.sync_api import expect, sync_playwright

TENANT = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b"
LARGEST = 100_000
VIEW = {"width": 1120, "height": 700}


def take(visitor, into: pathlib.Path, name: str) -> None:
    path = into / f"console-{name}.png"
    path.write_bytes(png.shrunk(visitor.page.screenshot(animations="disabled", caret="hide")))
    size = path.stat().st_size
    if size > LARGEST:
        sys.exit(f"{path} has {size} bytes: take less of the page")
    print(f"   {path.name}: {size // 1000} KB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=pathlib.Path, default=console.ROOT / "docs/images")
    into = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    with console.System.up(120, "--seed", "6") as system, sync_playwright() as playwright:
        browser = console.launched(playwright)
        visitor = console.visitor(system, browser, tenant=TENANT).sign_in()
        visitor.page.set_viewport_size(VIEW)
        take(visitor, into, "tier")
        visitor.go("/console/tier/plan?target=PRODUCTION")
        take(visitor, into, "plan")
        dark = console.visitor(system, browser, tenant=TENANT, theme="dark").sign_in()
        dark.page.set_viewport_size(VIEW)
        dark.start("STAGING", "Load testing for Q1 release")
        dark.go("/console/tier/progress")
        # Some resources are done, some are not.
        expect(dark.page.get_by_role("row").filter(has_text="Done").first).to_be_visible()
        take(dark, into, "progress")
        planted.hosts(system, planted.HOST)
        planted.insights(visitor)
        visitor.go("/console/insights")
        take(visitor, into, "insights")
        browser.close()


if __name__ == "__main__":
    main()
