"""Size, start, warm time and memory of the functions as they ship, and the same task in Rust, Python and Node.

    python tools/runtime/bench_lambda.py [--bootstraps FOLDER] [--worlds PROGRAM] [--json FILE] [--check] [FUNCTION …]

Each function serves two events (tools/runtime/bench_lambda.toml). One it answers without a call, if it can: what remains is
the process, the runtime and its own code. One is work: its calls are recorded once against the emulated clouds, in the
world that the event comes into, and then answered at once from the record (tools/runtime/replay.py), so that the emulators'
slowness is not measured. Start is from before the process is made until its answer is read. Ours is the warm time less
the time that the calls were in the replaying server: code, SDK, and the way there and back.

Then crates/bench-function and its peers in tests/bench-lambda do the same task, of three calls, in turn on the same
emulated clouds, and again on the replaying server.

What is held against the targets is: sizes; starts on the light event; memory after work; ours of the same task; the
starts of the same task answered at once, Python's and Node's over Rust's (on the emulated clouds, which are programs in
Python and take longer for their answers than Rust for all else, the ratios are printed beside). With --check a miss is exit code 1.
boto3 and awslambdaric (.venv-peers), Node and npm are needed.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import tomllib
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import front  # noqa: E402
import invoke_all  # noqa: E402
import peers  # noqa: E402
import runtime  # noqa: E402
import worlds  # noqa: E402

EVENTS = ROOT / "tools" / "runtime" / "bench_lambda.toml"
PEERS = ROOT / "tests" / "bench-lambda"
STARTS, WARM = 11, 40
MEGABYTE = 1e6
TENANT, TRANSITION = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b", "019b76da-a800-73cb-a1e4-59320dd7044c"
TASK = {"tenantId": TENANT, "transitionId": TRANSITION}
ENDPOINT = f"cato-shadow-self-{TENANT[:8]}"
# What must hold: of each function, of their median, and of the same task.
TARGETS = {
    "size, each": 10.0,
    "size, median": 6.0,
    "start, each": 20.0,
    "start, median": 12.0,
    "memory, each": 20.0,
    "ours, warm": 1.0,
    "Python / Rust": 20.0,
    "Node / Rust": 10.0,
}


@dataclasses.dataclass(frozen=True)
class Run:
    """Many starts on one event, and one process that went on: milliseconds and megabytes."""

    start: float
    slowest: float
    warm: float
    ours: float
    memory: float
    calls: int


class Server:
    """The replaying server with a record, until the block ends."""

    def __init__(self, record: list[front.Asked]):
        plain = [
            {"service": one.service, "operation": one.operation, "status": one.status, "kind": one.kind,
             "body": base64.b64encode(one.body).decode(), "answer": base64.b64encode(one.answer).decode()}
            for one in record
        ]  # fmt: skip
        self._file = tempfile.NamedTemporaryFile("w", suffix=".json")
        json.dump(plain, self._file)
        self._file.flush()

    def __enter__(self) -> Server:
        command = [sys.executable, str(ROOT / "tools" / "runtime" / "replay.py"), self._file.name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._file.close()

    def turn(self) -> dict:
        """Begins anew; what there was since the last time."""
        told = json.loads(urllib.request.urlopen(f"{self.url}/-/turn", timeout=10).read())
        if told["unknown"]:
            raise runtime.Broken(f"calls that the record does not have: {', '.join(told['unknown'])}")
        return told


@dataclasses.dataclass(frozen=True)
class Subject:
    """Something that serves events."""

    name: str
    command: list[str]
    environment: dict[str, str]

    def begin(self, **more: str) -> runtime.Function:
        return runtime.Function(self.command, self.environment | more, name=self.name)


def measure(subject: Subject, event: object, record: list[front.Asked]) -> Run:
    """Starts and warm invocations against the replaying server."""
    with Server(record) as server:
        at = every_service_at(server.url)
        starts = []
        for _ in range(STARTS):
            server.turn()
            with subject.begin(**at) as function:
                function.invoke(event)
                starts.append(function.first_answer)
        server.turn()
        with subject.begin(**at) as function:
            function.invoke(event)
            warm, ours, calls = [], [], 0
            for _ in range(WARM):
                function.idle()
                server.turn()
                seconds = function.invoke(event).seconds
                told = server.turn()
                warm.append(seconds)
                ours.append(seconds - told["seconds"])
                calls = told["calls"]
            memory = function.memory()
    return Run(
        start=statistics.median(starts) * 1e3,
        slowest=max(starts) * 1e3,
        warm=statistics.median(warm) * 1e3,
        ours=statistics.median(ours) * 1e3,
        memory=memory.peak / MEGABYTE if memory else 0.0,
        calls=calls,
    )


def every_service_at(url: str) -> dict[str, str]:
    """The environment that sends every call there."""
    return peers.CLOUD | {"AWS_ENDPOINT_URL": url}


def functions(options, clouds: peers.Clouds, stack: contextlib.ExitStack) -> dict[str, dict]:
    """The figures of each function."""
    events = tomllib.loads(EVENTS.read_text())
    exporter = invoke_all.Exporter(options.worlds)
    runner = invoke_all.Runner(clouds, stack, options.bootstraps)
    figures = {}
    for name in options.only or sorted(events):
        bootstrap = options.bootstraps / name / "bootstrap"
        if not bootstrap.exists():
            sys.exit(f"{bootstrap} is not there")
        runs = {}
        for kind in ("light", "work"):
            case = exporter.ask(f"{name}/{events[name][kind]}")
            # As it ships: the first request of a tenant counts against its limit in the store.
            runner.run(case, limited=True)
            subject = Subject(name, [str(bootstrap)], runner.own[name])
            runs[kind] = measure(subject, case["event"], runner.asked())
        figures[name] = {
            "size": bootstrap.stat().st_size / MEGABYTE,
            "events": events[name],
            **{kind: dataclasses.asdict(run) for kind, run in runs.items()},
        }
        print(line(name, figures[name]), flush=True)
    exporter.close()
    return figures


COLUMNS = [
    ("", "", 24),
    ("size", "MB", 6),
    ("light:", "calls", 6),
    ("start", "ms", 7),
    ("max", "ms", 7),
    ("work:", "calls", 6),
    ("start", "ms", 7),
    ("max", "ms", 7),
    ("warm", "ms", 7),
    ("ours", "ms", 7),
    ("memory", "MB", 7),
]


def row(widths: list[int], cells: list[object]) -> str:
    """A line of a table: the first cell to the left, numbers to the right."""
    texts = [f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells]
    first, *others = zip(texts, widths, strict=True)
    return first[0].ljust(first[1]) + "".join(text.rjust(width + 1) for text, width in others)


def line(name: str, of: dict) -> str:
    """A function's figures."""
    light, work = of["light"], of["work"]
    figures = [work["calls"], work["start"], work["slowest"], work["warm"], work["ours"], work["memory"]]
    cells = [name, of["size"], light["calls"], light["start"], light["slowest"], *figures]
    return row([width for _, _, width in COLUMNS], cells)


def heads() -> str:
    widths = [width for _, _, width in COLUMNS]
    return "\n".join(row(widths, [column[at] for column in COLUMNS]) for at in (0, 1))


def subjects(bootstraps: pathlib.Path) -> list[Subject]:
    """The same task in three languages."""
    rust = bootstraps / "bench-function" / "bootstrap"
    if not rust.exists():
        sys.exit(f"{rust} is not there: build crates/bench-function as the functions are")
    node = PEERS / "node"
    if not (node / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=node, check=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=node, check=True)
    shared = peers.CLOUD | {"TABLE_SUFFIX": "-bench"}
    python = shared | {"PYTHONPATH": str(PEERS / "python")}
    return [
        Subject("Rust", [str(rust)], shared),
        Subject("Python", [sys.executable, "-m", "awslambdaric", "describe_and_write.handler"], python),
        Subject("Node", ["node", str(node / "runtime.cjs"), str(node / "build" / "describe_and_write.js")], shared),
    ]


def same_task(options, clouds: peers.Clouds, stack: contextlib.ExitStack) -> dict[str, dict]:
    """The figures of each language, taken in turn."""
    cloud = worlds.Cloud(clouds)
    cloud.reset()
    index = {"name": "cato_tier_index", "partitionKey": "index_name", "sortKey": "entry", "items": []}
    cloud.tables([index], "-bench")
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=worlds.ROLE)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "model",
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
    sagemaker.create_endpoint(
        EndpointName=ENDPOINT, EndpointConfigName="config", Tags=[{"Key": "TenantId", "Value": TENANT}]
    )
    all_of_them = subjects(options.bootstraps)
    emulated = {one.name: {"start": [], "warm": []} for one in all_of_them}
    with contextlib.ExitStack() as running:
        # Once for nothing: Python compiles its modules, the disk's cache fills.
        for turn in range(STARTS + 1):
            for subject in all_of_them:
                with subject.begin(**clouds.environment()) as function:
                    done(subject, function.invoke(TASK))
                    if turn:
                        emulated[subject.name]["start"].append(function.first_answer * 1e3)
        going = {one.name: running.enter_context(one.begin(**clouds.environment())) for one in all_of_them}
        for turn in range(WARM + 1):
            for subject in all_of_them:
                answer = going[subject.name].invoke(TASK)
                done(subject, answer)
                if turn:
                    emulated[subject.name]["warm"].append(answer.seconds * 1e3)
    fronts = [stack.enter_context(front.Front(url)) for url in (clouds.ministack, clouds.moto)]
    behind = peers.Clouds(*(one.url for one in fronts), folder=clouds.folder)
    figures = {}
    for subject in all_of_them:
        for one in fronts:
            one.asked = []
        with subject.begin(**behind.environment()) as function:
            done(subject, function.invoke(TASK))
        replayed = measure(subject, TASK, [asked for one in fronts for asked in one.asked])
        medians = {name: statistics.median(times) for name, times in emulated[subject.name].items()}
        figures[subject.name] = {
            "emulated": medians | {"slowest": max(emulated[subject.name]["start"])},
            "replayed": dataclasses.asdict(replayed),
        }
    return figures


def done(subject: Subject, answer: runtime.Answer) -> None:
    if answer.failed or answer.body != {"verdict": "DONE"}:
        sys.exit(f"{subject.name} could not do the task: {answer.body}")


def verdicts(of_functions: dict[str, dict], of_languages: dict[str, dict]) -> list[tuple[str, float, bool]]:
    """Each target with what was measured and whether it is met."""
    sizes = [one["size"] for one in of_functions.values()]
    starts = [one["light"]["start"] for one in of_functions.values()]
    memories = [one[kind]["memory"] for one in of_functions.values() for kind in ("light", "work")]
    rust, python, node = (of_languages[name] for name in ("Rust", "Python", "Node"))
    measured = {
        "size, each": max(sizes),
        "size, median": statistics.median(sizes),
        "start, each": max(starts),
        "start, median": statistics.median(starts),
        "memory, each": max(memories),
        "ours, warm": rust["replayed"]["ours"],
    }
    held = [(name, value, value <= TARGETS[name]) for name, value in measured.items()]
    for name, other in (("Python / Rust", python), ("Node / Rust", node)):
        ratio = other["replayed"]["start"] / rust["replayed"]["start"]
        held.append((name, ratio, ratio >= TARGETS[name]))
    return held


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bootstraps", type=pathlib.Path, default=invoke_all.BOOTSTRAPS)
    arguments.add_argument("--worlds", type=pathlib.Path, default=invoke_all.WORLDS)
    arguments.add_argument("--json", type=pathlib.Path, help="write all figures there")
    arguments.add_argument("--check", action="store_true", help="exit code 1 if a target is missed")
    arguments.add_argument("only", nargs="*", metavar="FUNCTION")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"{os.cpu_count()} processors; {STARTS} starts and {WARM} warm invocations each\n\n{heads()}")
    with peers.running(mended=True) as clouds, contextlib.ExitStack() as stack:
        of_functions = functions(options, clouds, stack)
        of_languages = same_task(options, clouds, stack)
    print("\nThe same task: describe an endpoint with its tags, write one item (3 calls); milliseconds, megabytes")
    widths = [8, 20, 8, 8, 22, 8, 8, 8, 8]
    print(
        row(
            widths,
            ["", "on emulators: start", "max", "warm", "answered at once: start", "max", "warm", "ours", "memory"],
        )
    )
    for name, one in of_languages.items():
        slow, fast = one["emulated"], one["replayed"]
        figures = [slow["start"], slow["slowest"], slow["warm"], fast["start"], fast["slowest"]]
        print(row(widths, [name, *figures, fast["warm"], fast["ours"], fast["memory"]]))
    print("\nTargets")
    held = verdicts(of_functions, of_languages)
    for name, value, met in held:
        sign = "≥" if "/" in name else "≤"
        print(f"{'met   ' if met else 'MISSED'} {name:16} {value:8.2f}   {sign} {TARGETS[name]:g}")
    rust = of_languages["Rust"]["emulated"]["start"]
    ratios = (f"{name} / Rust {of_languages[name]['emulated']['start'] / rust:.1f}" for name in ("Python", "Node"))
    print(f"with the emulators' own time, which is the same for all three: {', '.join(ratios)}")
    if options.json:
        whole = {
            "functions": of_functions,
            "languages": of_languages,
            "targets": {name: {"measured": value, "met": met} for name, value, met in held},
        }
        options.json.write_text(json.dumps(whole, indent=2) + "\n")
    return 1 if options.check and not all(met for _, _, met in held) else 0


if __name__ == "__main__":
    sys.exit(main())
