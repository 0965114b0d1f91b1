"""Runs the IOps lines of README.md as they stand there: a newcomer's way from the first metric to a model that was promoted.

    .venv-peers/bin/python tests/outside/newcomer.py [--binary target/test-release/capstan]

Hosts report, the insight names the right one, a canary on a bad model comes back by itself, a model is trained on what was
stored, and its canary is promoted. It starts `capstan up` as `make run` does, on a free port over a folder of its own.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE)]

from api import TENANT, clean, server, token  # noqa: E402

HEADING = "## Metrics in, insights out"
PROMISED = "http://127.0.0.1:3000"
# Seconds that the lines may take, on a slow disk too.
LONGEST = 400
# What each block must show, in the order of the page.
SHOWS = [
    ["critical", "host-00000: ", "latency is", '"total":', "iops-ingest-metrics-local"],
    ["ROLLED_BACK", "errors: canary", "it came back by itself", "CANARY, RUNNING at 100 %", "COMPLETED: model", "SERVING"],
]


def blocks() -> list[str]:
    """The shell blocks of the section."""
    section = (ROOT / "README.md").read_text().split(HEADING, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def ask(url: str, path: str, bearer: str) -> dict:
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {bearer}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wrong(url: str, bearer: str, begun: float) -> list[str]:
    """What the system itself does not say as the story goes."""
    found = []
    models = ask(url, "/models", bearer)
    if models["serving"] is None or models["versions"][0]["modelVersion"] != models["serving"]:
        found.append(f"no trained version serves: {json.dumps(models)[:300]}")
    traffic = ask(url, "/traffic", bearer)
    if traffic["percent"] != 100 or not str(traffic["model"]).endswith(str(models["serving"])):
        found.append(f"it does not answer for all hosts: {json.dumps(traffic)}")
    ended = [one["status"] for one in ask(url, "/canary", bearer)["canaries"]]
    if ended != ["PROMOTED", "ROLLED_BACK"]:
        found.append(f"the canaries, the last first, ended as {ended}")
    critical = [
        one
        for one in ask(url, "/insights?hostname=host-00000&severity=critical&limit=5", bearer)["insights"]
        if time.mktime(time.strptime(one["timestamp"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone >= begun
    ]
    if not critical:
        found.append("nothing critical was found on the host with the full disk since it is full")
    return found


def main() -> None:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=target / "test-release/capstan")
    binary = parser.parse_args().binary.resolve()
    story = blocks()
    if len(story) != len(SHOWS) or PROMISED not in story[0]:
        sys.exit(f"README.md has {len(story)} blocks under `{HEADING}`: say in SHOWS what each must show")
    with tempfile.TemporaryDirectory(prefix="capstan-newcomer-") as folder:
        folder = pathlib.Path(folder)
        with server(binary, folder, speed="60") as url:
            bearer = token(binary, folder, "super_admin")
            shell = clean() | {
                "PATH": f"{binary.parent}:{os.environ['PATH']}",
                "CAPSTAN_URL": url,
                "CAPSTAN_TOKEN": bearer,
                "TENANT": TENANT,
            }
            begun = time.time()
            # One shell, as the newcomer has: the second block ends what the first one began. A line that fails stops nobody:
            # `capstan iops health` does where nobody is told of alerts, and what must have come of the others is looked at.
            script = "trap 'kill ${FEED:-} 2>/dev/null || true' EXIT\n" + "\necho '── block'\n".join(story)
            # All that it starts is in a session of its own, and ends with it.
            running = subprocess.Popen(
                ["bash", "-uo", "pipefail", "-c", script.replace(PROMISED, url)], cwd=folder, env=shell,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            )  # fmt: skip
            found = []
            try:
                said, _ = running.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                said, _ = running.communicate()
                found.append(f"it was not done after {LONGEST} s")
            for number, words in enumerate(SHOWS):
                shown = (said.split("── block\n") + [""] * len(SHOWS))[number]
                found += [f"{word!r} is not shown in block {number + 1}" for word in words if word not in shown]
            found += wrong(url, bearer, begun)
            if found:
                why = "README.md, the newcomer's lines: " + "; ".join(found)
                sys.exit(f"{why}\n{said}\n{why}")
            print(f"   from the first metric to the promoted model in {time.time() - begun:.0f} s")


if __name__ == "__main__":
    main()
