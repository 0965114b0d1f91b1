#!/usr/bin/env python3
"""Transitions a second: crates/states and ministack, on the same chain of Pass states and the same machine.

    .venv-peers/bin/python tools/states/bench.py [--rounds N] [--check]

Rounds come in pairs, one of each right after the other, so that whatever else the machine does is shared; the medians
are told, and the median of the pairs' ratios. ministack's time is that of its own history, from the first state's
entry to the last one's exit: its HTTP, its pause before a start and its reading of the definition are left out. Ours
is from start to end, with payloads in the history, as ministack has them. `--check` fails below the target.
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import interpreters
import peers

TRANSITIONS = 10_000
TARGET = 20
INPUT = {"tenantId": "t-1", "count": 0}


def chain() -> dict:
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(TRANSITIONS - 1)}
    return {"StartAt": "S0", "States": states | {f"S{TRANSITIONS - 1}": {"Type": "Pass", "End": True}}}


def ours(binary) -> float:
    """Seconds of one round, the median of five in one process: one alone would mostly measure its first touch."""
    asked = json.dumps({"definition": chain(), "input": INPUT, "rounds": 5})
    ran = subprocess.run([binary], input=asked, capture_output=True, text=True, check=True, timeout=120)
    return statistics.median(json.loads(ran.stdout))


def moment(event) -> float:
    stamp = event["timestamp"]
    return stamp.timestamp() if isinstance(stamp, datetime.datetime) else float(stamp)


def ministack(states, machine) -> float:
    begun = states.start_execution(stateMachineArn=machine, input=json.dumps(INPUT))["executionArn"]
    end = time.monotonic() + 120
    # Asked seldom: an answer costs it time.
    while (now := states.describe_execution(executionArn=begun))["status"] == "RUNNING":
        if time.monotonic() > end:
            sys.exit("ministack does not come to an end")
        time.sleep(0.5)
    if now["status"] != "SUCCEEDED":
        sys.exit(f"ministack: {now['status']}, {now.get('cause')}")
    last, first = (
        states.get_execution_history(executionArn=begun, maxResults=10, reverseOrder=backwards)["events"]
        for backwards in (True, False)
    )
    entered = next(event for event in first if event["type"] == "PassStateEntered")
    exited = next(event for event in last if event["type"] == "PassStateExited")
    if exited["id"] - entered["id"] != 2 * TRANSITIONS - 1:
        sys.exit("ministack's history does not hold all transitions")
    return moment(exited) - moment(entered)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    told = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = target / "release/examples/rate"
    pairs = []
    with peers.running() as clouds:
        states = interpreters.client("stepfunctions", clouds.ministack)
        role = "arn:aws:iam::000000000000:role/states"
        machine = states.create_state_machine(name="chain", definition=json.dumps(chain()), roleArn=role)
        for _ in range(told.rounds):
            pairs.append((ours(binary), ministack(states, machine["stateMachineArn"])))
    rates = [[TRANSITIONS / seconds for seconds in side] for side in zip(*pairs)]
    ratio = statistics.median(theirs / own for own, theirs in pairs)
    for name, side in zip(("states", "ministack"), rates):
        print(f"{name:10} {statistics.median(side):>12,.0f} transitions/s (from {min(side):,.0f} to {max(side):,.0f})")
    print(f"ratio      {ratio:>12,.0f} × (median of {told.rounds} pairs; target: {TARGET} ×)")
    if told.check and ratio < TARGET:
        sys.exit("below the target")


if __name__ == "__main__":
    main()
