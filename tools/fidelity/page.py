"""Makes docs/fidelity.md: which evidence there is that our adapters and our simulation do as AWS does.

    python tools/fidelity/page.py           writes the page
    python tools/fidelity/page.py --check   fails if the page is not what would be written, or an operation has no evidence

What it reads is written by the tests of crates/conformance into target/conformance: `cases-<backend>.jsonl` (what came of
each promise of each port), `wire-<peer>.jsonl` (what passed on the wire; examined by tools/fidelity/wire.py) and `faults.jsonl`
(operations that hold under every fault); and the table of operations, `cargo run -p conformance --example operations`.
The page holds no times and no counts of runs, so that the same evidence makes the same page.

Run it with .venv-peers/bin/python (`make tools`).
"""

import collections
import json
import pathlib
import subprocess
import sys

import wire

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EVIDENCE = wire.RECORDS
PAGE = ROOT / "docs" / "fidelity.md"
BACKENDS = ["sim", "moto", "ministack"]
TITLES = {"sim": "the simulation", "moto": "moto", "ministack": "ministack"}

# How a promise is known not to be kept, worst last.
KINDS = ["absent", "differs"]

HEAD = """\
# How far the simulation and the adapters are to be trusted

This page is made by `tools/fidelity/page.py` from what the tests of `crates/conformance` write down; `make` fails when it is
out of date, or when an operation has no evidence at all.

## What each kind of evidence proves

| evidence | what it is | what it proves | what it does not prove |
|---|---|---|---|
| simulation | every promise of a port, tried on the simulated cloud | that the simulation does as the port says, so that what is tried on it means something | that AWS does so: port and simulation are both ours |
| moto, ministack | the same promises, tried through the AWS SDK on emulators that others wrote | that our adapters read and write what somebody else took AWS's protocol to be; that simulation and adapter agree | what these emulators leave out or make up: most of their changes are done at once, and they check little |
| recorded answer | our adapters against answers that are written down, for what no emulator has | that we read such an answer rightly; each is held against AWS's own service model | that AWS gives this answer in this state |
| valid request | every request that passed, held against the service model that AWS publishes with botocore | names, types, required members, enums, bounds and patterns of what we send | that AWS accepts it in the state that it is in, and rules that no model has |
| faults | a call of the service under throttling, 5xx before and after the effect, hanging, cut, reset, late and unreadable answers, held against what really happened behind the proxy | that what the adapter says is true of the world, or is "nobody knows" | faults that no proxy can make: a service that says it is done and is not |
"""

DEPLOYED = """\
## The deployed stack

`make e2e` puts the real template with the real programs into ministack (SageMaker, Application Auto Scaling, Cost Explorer
and Kinesis into moto) by `sam build` and `sam deploy`, and moves tenants there. It shows that template, roles' names,
environment, payloads, state machine and programs fit together under CloudFormation, API Gateway, Step Functions and the
Lambda Runtime API as somebody else wrote them. Permissions and time it does not show.

- What that CloudFormation can't take is left out of the template; the list is `NOT_TAKEN` in `tests/e2e/cloud.py`, and an
  entry that fits nothing any more fails the run. Version and alias of the state machine are then made by two calls.
- Three gaps are closed for it (`tests/peers/mended.py`), as AWS's service models and documents say: the instance types that
  moto runs endpoints on, the tags of its `CreateStream`, and a `SEARCH` for metrics, which finds nothing in ministack instead
  of being refused. The suites above run on the emulators as they are.
"""

TAIL = """\
## What nobody has proved

- **No line here was made by AWS itself.** Emulators, service models and documents are what others say of it. The first
  deployment into an account is the first proof.
- **Time.** Only the simulation has life cycles that take their time. That a domain takes a quarter of an hour, or that an
  endpoint says `Updating` for a while after the call, is from AWS's documents.
- **Refusals in words.** Where a service says everything with one code (`ValidationException`) the adapters read its message.
  AWS may change such words without notice; an unknown message is taken for a request that is wrong, which stops and does
  not guess.
- **Permissions.** The emulators are run without checking a role's actions. Actions are derived from the table of operations,
  and nobody has refused one that is missing.
- **Capacity.** Instances that are not to be had are played by the simulation alone.
- **A good answer without content.** Of some changes the SDK reads nothing but the status. A stranger between us and AWS who
  answers 200 would be believed; TLS is what stands against it.
- **Consistency.** Both emulators show a change at once; a list that is seconds late, as in AWS, they don't have.
"""


def lines(path):
    """The objects of a file of JSON lines; none if it is not there."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def operations():
    """The table of operations: (service, operation) to the methods (port, method) that call it; to what it is simulated as;
    to why no emulator has it. And the known differences: (backend, port, case) to their kind and reason."""
    command = ["cargo", "run", "-q", "--locked", "-p", "conformance", "--example", "operations"]
    table = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    calls, simulated = collections.defaultdict(set), collections.defaultdict(set)
    for method in table["methods"]:
        for call in method["calls"]:
            key = call["service"], call["operation"]
            calls[key].add((method["port"], method["method"]))
            simulated[key].update(one["operation"] for one in method["simulated"])
    unpeered = {(each["service"], each["operation"]): each["why"] for each in table["operationsOfNoPeer"]}
    known = {
        (each["backend"], each["port"], each["case"]): (each["kind"], " ".join(each["why"].split()))
        for each in table["differences"]
    }
    return calls, simulated, unpeered, known


class Evidence:
    """All that the tests wrote down."""

    def __init__(self, known):
        self.known = known
        self.cases = [case for path in sorted(EVIDENCE.glob("cases-*.jsonl")) for case in lines(path)]
        self.exchanges = wire.read(sorted(EVIDENCE.glob("wire-*.jsonl")))
        self.faults = {(each["service"], each["operation"]) for each in lines(EVIDENCE / "faults.jsonl")}
        self.sent = {(each.service, each.operation) for each in self.exchanges}
        # Something good was said at least once.
        self.answered = {(each.peer, each.service, each.operation) for each in self.exchanges if each.status < 300}
        # Answers that we wrote: refusals too are there to be read.
        self.recorded = {(each.service, each.operation) for each in self.exchanges if each.peer == "recorded"}
        self.invalid = {(each.service, each.operation) for each in self.exchanges if wire.unexplained([each])}

    def outcome(self, backend, methods, key):
        """What came of the promises that exercise these methods on a backend, in one word."""
        found = {
            self.known.get((backend, case["port"], case["case"]), (case["outcome"],))[0]
            for case in self.cases
            if case["backend"] == backend and any((case["port"], method) in methods for method in case["methods"])
        }
        if backend != "sim" and (backend, *key) not in self.answered:
            # Its methods were tried, and never came as far as this call.
            return "absent" if "absent" in found else ""
        if "pass" in found:
            return "holds" if found == {"pass"} else "holds in part"
        return next((kind for kind in reversed(KINDS) if kind in found), "")

    def row(self, key, methods):
        """The cells of an operation."""
        valid = key in self.sent and key not in self.invalid
        service_held = any(service == key[0] for service, _ in self.faults)
        return [
            *(self.outcome(backend, methods, key) for backend in BACKENDS),
            "read" if key in self.recorded else "",
            "valid" if valid else "",
            "holds" if key in self.faults else "by its service" if service_held else "",
        ]


def table(evidence, calls, simulated):
    """The table, and the operations that nothing speaks for."""
    head = ["operation", "simulated as", *(TITLES[backend] for backend in BACKENDS), "recorded answer", "request", "faults"]
    text, empty = [row_of(head), row_of(["---"] * len(head))], []
    for key in sorted(calls):
        cells = evidence.row(key, calls[key])
        # The simulation says nothing of what is sent, and "absent" is no evidence.
        if not {"holds", "holds in part", "read"} & set(cells[1:4]) or cells[4] != "valid":
            empty.append(" ".join(key))
        text.append(row_of([f"{key[0]} `{key[1]}`", ", ".join(sorted(simulated[key])), *cells]))
    return "\n".join(text), empty


def row_of(cells):
    return "| " + " | ".join(cell or "–" for cell in cells) + " |"


def differences(known):
    """Where a backend does otherwise, by backend and reason."""
    grouped = collections.defaultdict(set)
    for (backend, port, case), (kind, why) in known.items():
        grouped[backend, kind, why].add(f"{port}: {case.replace('_', ' ')}")
    text = []
    for backend in BACKENDS:
        ours = sorted(key for key in grouped if key[0] == backend)
        text += [f"### {TITLES[backend]}\n"]
        text += [f"- *{kind}*: {why} ({', '.join(sorted(grouped[backend, kind, why]))})" for _, kind, why in ours]
        text += ["" if ours else "None.\n"]
    return "\n".join(text)


def alone(evidence, calls):
    """Operations that no emulator answered."""
    peers = [backend for backend in BACKENDS if backend != "sim"]
    return [key for key in sorted(calls) if not any((peer, *key) in evidence.answered for peer in peers)]


def page():
    """The page, and the operations without evidence."""
    calls, simulated, unpeered, known = operations()
    evidence = Evidence(known)
    rows, empty = table(evidence, calls, simulated)
    lonely = [f"- {' `'.join(key)}`: {unpeered.get(key, 'they answer it with nothing')}" for key in alone(evidence, calls)]
    parts = [
        HEAD,
        "## The operations\n",
        "*Holds*: every promise that needs it was kept. *Holds in part*: some were, the others are among the differences\n"
        "below. *By its service*: another operation of the same service and protocol was tried under every fault.\n",
        rows,
        "",
        "### Without an emulator\n\nNo emulator answered these; what speaks for them is a recorded answer and the model:\n",
        "\n".join(lonely) or "None.",
        "",
        "## Known differences\n\nA promise that is not listed here is kept; one that is listed and kept fails the tests.\n",
        differences(known),
        DEPLOYED,
        TAIL,
    ]
    return "\n".join(parts), empty


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    missing = [f"cases-{backend}.jsonl" for backend in BACKENDS if not (EVIDENCE / f"cases-{backend}.jsonl").exists()]
    if missing:
        print(f"{', '.join(missing)} not in {EVIDENCE}: run the conformance tests first", file=sys.stderr)
        return 1
    text, empty = page()
    for operation in empty:
        print(f"nothing speaks for {operation}", file=sys.stderr)
    if not arguments:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        print(f"{PAGE.relative_to(ROOT)} is out of date: run tools/fidelity/page.py", file=sys.stderr)
        return 1
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
