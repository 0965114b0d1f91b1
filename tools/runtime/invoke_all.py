"""Runs every event of events/ through the built function itself, and holds its answer against the simulated cloud's.

    python tools/runtime/invoke_all.py [--bootstraps FOLDER] [--worlds PROGRAM] [--verbose] [FUNCTION[/CASE] …]

For each case the exporter (`cargo build -p capstan-tests --example worlds`) tells the event, the world it comes into,
and what must come of it; the world is put into the emulated clouds (tools/runtime/worlds.py), the bootstrap is started as
Lambda starts it (tools/runtime/runtime.py), and these are compared: the answer or error, the rows of all tables afterwards, the
words that were sent. Calls go through a proxy (tools/runtime/front.py) that makes the faults which the case has planned, and
shows resources in the middle of their life cycles (tools/runtime/pace.py), which the emulated clouds do not have.

What they can't show stands in tools/runtime/invoke_all.toml with its reason, and with what must come of it there; an entry that
is not needed any more is a failure. Exit code 1 on any difference. boto3 is needed (.venv-peers).
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.parse

import botocore.exceptions

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import alike  # noqa: E402
import env_json  # noqa: E402
import front  # noqa: E402
import issuer  # noqa: E402
import pace  # noqa: E402
import peers  # noqa: E402
import runtime  # noqa: E402
import worlds  # noqa: E402

# Where cargo puts what it makes.
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BOOTSTRAPS = TARGET / "lambda"
WORLDS = TARGET / "test-release" / "examples" / "worlds"
EXCEPTIONS = ROOT / "tools" / "runtime" / "invoke_all.toml"
SNAPSHOTS = ROOT / "tests" / "tests" / "snapshots"
# Who may use the vectors, which the template leaves to its user.
# and what models are trained in, which the simulated worlds have (tests/src/scenario/mod.rs).
PARAMETERS = {
    "CollectionPrincipals": "arn:aws:iam::000000000000:role/application",
    "IopsModelImage": "capstan/model:local",
}


@dataclasses.dataclass
class Tally:
    """What came of a function's cases."""

    whole: int = 0
    excepted: int = 0
    failed: int = 0


class Exporter:
    """The program that runs the simulated worlds up."""

    def __init__(self, program: pathlib.Path):
        if not program.exists():
            sys.exit(f"{program} is not there: cargo build --profile test-release -p capstan-tests --example worlds")
        self.cases = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, case: str) -> dict:
        """The case in a world whose time is now."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._process.stdin.write(f"{case} {now}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{case}: the exporter failed, see above")
        return json.loads(line)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)


class Runner:
    """Both clouds with the proxies before them."""

    def __init__(self, clouds: peers.Clouds, stack: contextlib.ExitStack, bootstraps: pathlib.Path):
        self._cloud = worlds.Cloud(clouds)
        self._fronts = [stack.enter_context(front.Front(url)) for url in (clouds.ministack, clouds.moto)]
        behind = peers.Clouds(*(one.url for one in self._fronts), folder=clouds.folder)
        self._environment = behind.environment()
        # The events' tokens, by the same key, of an issuer that can be asked.
        self._issuer = issuer.Issuer(issuer.seed_of_events())
        stack.enter_context(contextlib.closing(issuer.Served(self._issuer)))
        template = env_json.Template(PARAMETERS | {"OidcIssuer": self._issuer.name})
        binaries = template.binaries()
        # Each function's environment, as the template gives it.
        self.own = {binary: template.environment(function) for binary, function in binaries.items()}
        self._bootstraps = bootstraps
        self._log = pathlib.Path(stack.enter_context(tempfile.NamedTemporaryFile(suffix=".log")).name)

    def run(self, case: dict, limited: bool = False) -> tuple[list[str], dict]:
        """In what the real function differs from the simulated one, and what it came to."""
        function = case["case"].split("/")[0]
        environment = self.own[function] | self._environment
        if not limited:
            # Without a limit on requests, as in the simulated world (tests/src/scenario/mod.rs).
            environment["TENANT_REQUESTS_PER_MINUTE"] = "0"
        self._cloud.reset()
        event = case["event"] = self._issuer.renamed_in(case["event"])
        asks = (
            event.get("requestContext", {}).get("authorizer", {}).get("tenant", "") if isinstance(event, dict) else ""
        )
        self._cloud.seed(case["world"], environment, services(function), asks)
        faults = [fault for fault in map(front.Fault.read, case["world"]["faults"]) if fault]
        for one in self._fronts:
            one.faults, one.asked, one.pace = faults, [], pace.Pace(case["world"])
        self._log.write_bytes(b"")
        bootstrap = str(self._bootstraps / function / "bootstrap")
        with runtime.Function([bootstrap], environment, name=function, log=self._log) as running:
            answer = running.invoke(case["event"])
        got = (
            {"errorType": answer.error()[0], "errorMessage": answer.error()[1]}
            if answer.failed
            else {"answer": answer.body}
        )
        pair = alike.Pair([case["event"], case["world"]])
        found = pair.differences(parsed(case["expected"], []), parsed(got, faults), "answer")
        found += pair.differences(case["notices"], self._notices(), "notices")
        if "dynamodb" not in services(function):
            return found, got
        tables = self._cloud.rows(case["world"]["tables"], environment["TABLE_SUFFIX"])
        for expected, rows in zip(case["tablesAfter"], tables, strict=True):
            found += pair.differences(ordered(expected), ordered(plain_words(rows, faults)), expected["name"])
        return found, got

    def asked(self) -> list[front.Asked]:
        """The calls of the last case."""
        return [asked for one in self._fronts for asked in one.asked]

    def log(self) -> str:
        """What the function said last."""
        return self._log.read_text(errors="replace")[-2000:]

    def _notices(self) -> list[dict]:
        """The words that were sent and not refused."""
        sent = []
        for asked in self._fronts[0].asked:
            if asked.operation == "Publish" and not asked.refused and asked.status < 300:
                form = dict(urllib.parse.parse_qsl(asked.body.decode(), keep_blank_values=True))
                names = {
                    form[f"MessageAttributes.entry.{n}.Name"]: form[f"MessageAttributes.entry.{n}.Value.StringValue"]
                    for n in (1, 2)
                    if f"MessageAttributes.entry.{n}.Name" in form
                }
                sent.append(
                    {
                        "subject": form["Subject"],
                        "body": form["Message"],
                        "kind": names["kind"],
                    }
                    # What is no tenant's has none.
                    | {name: names[name] for name in ("tenantId",) if name in names}
                )
        return sent


def services(function: str) -> set[str]:
    """The services that a function is built to call: features of crates/aws."""
    (found,) = [*ROOT.glob(f"crates/*/{function}/Cargo.toml"), *ROOT.glob(f"crates/{function}/Cargo.toml")]
    manifest = tomllib.loads(found.read_text())
    return {one.removeprefix("aws/") for one in manifest["features"]["lambda"] if one.startswith("aws/")}


def parsed(came: dict, faults: list[front.Fault]) -> object:
    """An answer with its body as JSON, in plain words."""
    if "answer" in came:
        came = came["answer"]
        if isinstance(came, dict) and isinstance(came.get("body"), str):
            # A page is compared as the text that it is.
            with contextlib.suppress(ValueError):
                came = came | {"body": json.loads(came["body"])}
    return plain_words(came, faults)


def plain_words(value: object, faults: list[front.Fault]) -> object:
    """A value in which refusals are told as the simulated cloud tells them: without the code, which it does not have,
    and with its names of the services."""
    text = json.dumps(value)
    for fault in faults:
        code = fault.code()[1]
        for said in (code, code.removesuffix("Exception"), code.removesuffix("Fault")):
            words = front.WORDS[fault.kind]
            text = text.replace(f": {said}: {words}", f": {words}")
    return json.loads(text)


def ordered(table: dict) -> list[dict]:
    """Rows without the order that ids made by chance give them."""
    return sorted(table["items"], key=lambda item: alike.CHANGING.sub("·", json.dumps(item, sort_keys=True)))


def titled(came: object) -> object:
    """An answer as snapshots have it: of a page the title alone, which tests/tests/fixtures.rs says why."""
    if not isinstance(came, dict) or not isinstance(came.get("headers"), dict):
        return came
    body, headers = came.get("body"), came["headers"]
    if isinstance(body, str) and (title := re.search("<title>(.*?)</title>", body, re.DOTALL)):
        came = came | {"body": title[1]}
    return came | {"headers": headers | {"ETag": "…"}} if "ETag" in headers else came


def snapshot_differences(case: dict) -> list[str]:
    """Whether the snapshot, which is of the same world at another time, says the same as the simulated world here."""
    file = SNAPSHOTS / (case["case"].replace("/", "__") + ".snap")
    whole = json.loads(file.read_text().split("\n---\n", 1)[1])
    for name in ("effects", "notices"):
        whole.pop(name, None)
    came = titled(parsed(case["expected"], []))

    def mask(value: object) -> str:
        # What a month has cost so far depends on how many of its days are over.
        text = alike.CHANGING.sub("·", json.dumps(value, sort_keys=True))
        text = re.sub(r'"actualMtdCost": [\d.]+', "", text)
        # A cursor of the audit holds half a hash, and that is of times too.
        return re.sub(r'"cursor": "[\w-]+"', '"cursor": "·"', text)

    return [] if mask(whole) == mask(came) else [f"the snapshot says otherwise: {file.name}"]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bootstraps", type=pathlib.Path, default=BOOTSTRAPS)
    arguments.add_argument("--worlds", type=pathlib.Path, default=WORLDS)
    arguments.add_argument("--verbose", action="store_true", help="print every case and what the function logged")
    arguments.add_argument("only", nargs="*", metavar="FUNCTION[/CASE]")
    options = arguments.parse_args()
    # A request to end must go the same way as the end itself, so that nothing is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    exceptions = tomllib.loads(EXCEPTIONS.read_text())
    left_out, hourly = exceptions.pop("left-out"), exceptions.pop("hourly")
    begun = time.monotonic()
    exporter = Exporter(options.worlds)
    wanted = [
        case
        for case in exporter.cases
        if (
            not {case, case.split("/")[0]} & left_out.keys()
            if not options.only
            else {case, case.split("/")[0]} & set(options.only)
        )
    ]
    if unknown := left_out.keys() - {case.split("/")[0] for case in exporter.cases} - set(exporter.cases):
        sys.exit(f"{EXCEPTIONS.name} leaves out what is not there: {', '.join(sorted(unknown))}")
    functions = sorted({case.split("/")[0] for case in wanted})
    missing = [one for one in functions if not (options.bootstraps / one / "bootstrap").exists()]
    if missing or not wanted:
        sys.exit(f"not built under {options.bootstraps}: {', '.join(missing)}" if missing else "no such case")
    tallies: dict[str, Tally] = collections.defaultdict(Tally)
    with peers.running(mended=True) as clouds, contextlib.ExitStack() as stack:
        runner = Runner(clouds, stack, options.bootstraps)
        for name in sorted(wanted):
            report(runner, exporter.ask(name), exceptions | {"hourly": hourly}, tallies[name.split("/")[0]], options.verbose)
    exporter.close()
    unknown = sorted((set(exceptions) | set(hourly)) - set(exporter.cases))
    for name in unknown:
        print(f"tools/runtime/invoke_all.toml: there is no case {name}: take it out")
    whole = Tally(*(sum(getattr(one, field.name) for one in tallies.values()) for field in dataclasses.fields(Tally)))
    for name, one in tallies.items():
        print(f"{name:28} {one.whole:4} alike {one.excepted:4} as listed {one.failed:4} failed")
    total = whole.whole + whole.excepted + whole.failed
    print(
        f"{total} events through the runtime in {time.monotonic() - begun:.0f} s: {whole.whole} alike in full "
        f"({100 * whole.whole / total:.1f} %), {whole.excepted} as listed, {whole.failed} failed"
    )
    return 1 if whole.failed or unknown else 0


def report(runner: Runner, case: dict, exceptions: dict, tally: Tally, verbose: bool) -> None:
    """Runs a case, and says what is wrong with it."""
    name = case["case"]
    try:
        found, got = runner.run(case)
    except (runtime.Broken, botocore.exceptions.ClientError) as broken:
        # The function, or the seeding of its world.
        found, got = [str(broken)[:400]], {}
    listed = exceptions.get(name)
    wrong = [] if name in exceptions["hourly"] else snapshot_differences(case)
    if listed is None:
        wrong += found
    elif not found:
        wrong.append("comes out alike: take it out of tools/runtime/invoke_all.toml")
    else:
        wrong += [line for line in found if not line.startswith(tuple(listed["differs"]))]
        wrong += [line for line in alike.Pair().differences(listed["gives"], summary(got), "gives")]
    if wrong:
        tally.failed += 1
        print(f"{name}\n    " + "\n    ".join(wrong[:12]))
        if verbose:
            print(runner.log())
    elif listed is None:
        tally.whole += 1
    else:
        tally.excepted += 1


def summary(got: dict) -> dict:
    """The part of an answer that an exception names: verdict, status, error, or the whole."""
    if "errorType" in got:
        return {"error": got["errorType"]}
    answer = got.get("answer")
    if isinstance(answer, dict):
        for name in ("verdict", "statusCode"):
            if name in answer:
                return {name: answer[name]}
    return {"answer": answer}


if __name__ == "__main__":
    sys.exit(main())
