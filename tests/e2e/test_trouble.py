"""What an operator meets at 3 a.m.: everybody presses the button at once, somebody stops a change, functions die."""

import concurrent.futures
import os
import pathlib
import signal
import time
import uuid

import cloud
from test_transitions import REASON, everything_named, request_change


def stem_of(stack, tenant):
    """What the names of a tenant's resources end with."""
    status, plan = stack.call("POST", "/tier/plan", cloud.token("viewer", tenant), {"targetTier": "STAGING"})
    assert status == 200, plan
    name = next(one["to"]["name"] for one in plan["items"] if one["service"] == "kinesis")
    return name.removeprefix("cato-events-")


def test_of_many_requests_at_once_one_starts(stack):
    tenant = str(uuid.uuid4())
    admin = cloud.token("admin", tenant)
    ask = lambda _: stack.call("POST", "/tier/change", admin, {"targetTier": "STAGING", "reason": REASON})  # noqa: E731
    with concurrent.futures.ThreadPoolExecutor(12) as many:
        answers = list(many.map(ask, range(12)))
    started = [answer for status, answer in answers if status == 200]
    assert [answer["status"] for answer in started] == ["INITIATED"], answers
    # The others learn why, or that somebody wrote at the same time.
    assert {status for status, _ in answers} <= {200, 400, 409}, answers
    assert stack.settled(admin)["currentTier"] == "STAGING"
    assert [row["status"] for row in stack.items("cato_tier_change_log", tenant)] == ["COMPLETED"]


def test_a_cancelled_change_leaves_nothing(stack):
    tenant = str(uuid.uuid4())
    admin, stem = cloud.token("admin", tenant), stem_of(stack, tenant)
    assert request_change(stack, tenant, "STAGING")["status"] == "INITIATED"
    status, answer = stack.call("POST", "/tier/cancel", admin, {"reason": "changed my mind"})
    # It may have come to its end in the meantime: there is nothing to wait for in these clouds.
    assert (status, answer.get("status") or answer["code"]) in [
        (200, "CANCELLING"), (409, "NOTHING_UNDER_WAY"), (409, "TOO_LATE")
    ], answer
    state = stack.settled(admin)
    if status == 200:
        assert (state["currentTier"], state["transitionStatus"]) == ("DEV", "FAILED"), state
        left = everything_named(stack, stem)
        assert not any(left.values()), left


def kill_the_functions(folder):
    """Kills every function that the emulator has running, in the middle of whatever it does; how many there were."""
    killed = 0
    for process in pathlib.Path("/proc").iterdir():
        try:
            program = os.readlink(process / "exe") if process.name.isdigit() else ""
        except OSError:
            continue
        # A program that is gone already has a mark behind its name.
        if program.startswith(str(folder)) and program.split(" ")[0].endswith("bootstrap"):
            os.kill(int(process.name), signal.SIGKILL)
            killed += 1
    return killed


def ended(stack, tenant):
    """Where a tenant comes to rest. Retries wait for nothing in these clouds, so a rollback may run out of them while
    functions die: then the notice's next safe call, which tries it again."""
    admin = cloud.token("admin", tenant)
    state = stack.settled(admin)
    if state["transitionStatus"] == "STUCK":
        status, answer = stack.call("POST", "/tier/cancel", admin, {"reason": "the functions are back"})
        assert status == 200, answer
        state = stack.settled(admin)
    return state["currentTier"], state["transitionStatus"]


def test_functions_that_are_killed_leave_all_or_nothing(stack):
    tenant = str(uuid.uuid4())
    stem = stem_of(stack, tenant)
    assert request_change(stack, tenant, "STAGING")["status"] == "INITIATED"
    killed = 0
    for _ in range(4):
        time.sleep(0.15)
        killed += kill_the_functions(stack.clouds.folder)
    assert killed, f"no function ran from {stack.clouds.folder}"
    end = ended(stack, tenant)
    assert end in [("STAGING", "STABLE"), ("DEV", "FAILED")]
    left = everything_named(stack, stem)
    if end == ("DEV", "FAILED"):
        assert not any(left.values()), left
    else:
        assert all(left[kind] for kind in ("endpoint", "domain", "cache-group", "graph-cluster", "stream")), left
