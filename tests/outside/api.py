"""Holds the running system against docs/openapi.yaml, by schemathesis: every operation, all its checks.

    .venv-outside/bin/python tests/outside/api.py [--binary target/test-release/capstan] [--examples 40] [--seed 24]

It starts `capstan up` on a free port over a folder of its own, gets a token for each role, and has schemathesis call every
operation with what the document allows and with what it does not: as a super admin through all phases, the stateful one
included; as each lesser role, with the examples and at the edges of every schema. Whatever any check finds fails the run, as
does a panic of the server. What it starts it stops.
"""

import argparse
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "docs/openapi.yaml"
TENANT = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b"
# More options of `capstan up`, such as a rate limit turned off: what is looked for here is not how fast it may be asked.
UP = ["--requests-per-minute", "0"]


def arguments() -> argparse.Namespace:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=target / "test-release/capstan")
    parser.add_argument("--examples", type=int, default=40, help="of each operation, in each phase")
    parser.add_argument("--seed", type=int, default=24)
    return parser.parse_args()


@contextlib.contextmanager
def server(binary: pathlib.Path, folder: pathlib.Path, speed: str = "3600", more: tuple[str, ...] = ()):
    """The address of a system that lives for so long; `more` are options of its own."""
    with open(folder / "stderr", "wb") as errors:
        process = subprocess.Popen(
            [binary, "up", "--port", "0", "--speed", speed, "--data-dir", folder / "data", *UP, *more],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=clean(),
        )
        try:
            line = process.stdout.readline()
            if not line.startswith("ready "):
                sys.exit(f"`capstan up` did not get ready: {(folder / 'stderr').read_text()}")
            yield line.split()[1]
            if process.poll() is not None:
                sys.exit(f"`capstan up` ended by itself with {process.returncode}")
        finally:
            process.kill()
            process.wait()


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CAPSTAN_")}


def token(binary: pathlib.Path, folder: pathlib.Path, role: str) -> str:
    command = [binary, "token", "--role", role, "--tenant", TENANT, "--data-dir", folder / "data"]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=clean()).stdout.strip()


def examine(url: str, bearer: str, options: list[str], folder: pathlib.Path) -> str | None:
    """One run of schemathesis; what it printed, if it found something."""
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"),
        "--config-file", HERE / "schemathesis.toml",
        "run", DOCUMENT, "--url", url, "--checks", "all",
        "--header", f"Authorization: Bearer {bearer}",
        *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})
    generated = re.search(r"(\d+) generated", done.stdout)
    calls = int(generated.group(1)) if generated else 0
    if done.returncode != 0 or calls == 0 or "Tested: 0" in done.stdout:
        return done.stdout + done.stderr
    print(f"   {calls} cases", end="", flush=True)
    return None


def main() -> None:
    asked = arguments()
    full = ["--max-examples", str(asked.examples), "--seed", str(asked.seed)]
    runs = [("super_admin", full)]
    edges = ["--phases", "examples,coverage", "--seed", str(asked.seed)]
    runs += [(role, edges) for role in ("viewer", "operator", "admin")]
    with tempfile.TemporaryDirectory(prefix="capstan-outside-") as name:
        folder = pathlib.Path(name)
        with server(asked.binary.resolve(), folder) as url:
            for role, options in runs:
                started = time.monotonic()
                found = examine(url, token(asked.binary.resolve(), folder, role), options, folder)
                if found:
                    sys.exit(f"as {role}:\n{found}")
                print(f" as {role}: nothing found, {time.monotonic() - started:.0f} s")
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                assert answer.status == 200
        said = (folder / "stderr").read_text()
        if "panicked" in said:
            sys.exit(f"the server panicked:\n{said}")


if __name__ == "__main__":
    main()
