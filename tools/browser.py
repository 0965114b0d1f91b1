#!/usr/bin/env python3
"""Finds the browser that the console is tested in; installs Debian's where there is none and that is ours to do.

    tools/browser.py            installs it where missing; says what to do where it can't
    CHROMIUM=/path tools/…      this one, whatever else there is

Playwright's own download of a browser is not used: a distribution's package is renewed with the machine, and reachable where
nothing but the distribution is.
"""

import os
import pathlib
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
MISSING = (
    "there is no Chromium for the tests of the console. On Debian: apt-get install chromium; "
    "elsewhere Chromium or Google Chrome; or say where one is: CHROMIUM=/path/to/it"
)
INSTALL = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])


def find() -> str | None:
    """The path of a browser."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    found = (shutil.which(name) for name in (*NAMES, *PLACES))
    return next((path for path in found if path), None)


def is_ours_to_install() -> bool:
    """On Debian, as root. Ubuntu's package of that name is a pointer to a snap, which doesn't run in a container."""
    release = pathlib.Path("/etc/os-release")
    named = release.read_text().splitlines() if release.exists() else []
    return "ID=debian" in named and os.geteuid() == 0


def main() -> None:
    if find():
        return
    if "CHROMIUM" in os.environ:
        sys.exit(f"CHROMIUM={os.environ['CHROMIUM']} can't be run")
    if not is_ours_to_install():
        # Only the console's tests want it, and they fail without it.
        print(f"note: {MISSING}", file=sys.stderr)
        return
    print("── chromium, from Debian", flush=True)
    for command in INSTALL:
        done = subprocess.run(command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    if not find():
        sys.exit("apt-get installed chromium, and yet it isn't there")


if __name__ == "__main__":
    main()
