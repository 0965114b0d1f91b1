"""Metrics in, insights out, at the deployed stack: the API, the tables, the stream between them."""

import time
import uuid

import cloud
import pytest

# Seconds until what was reported must be found: the peer polls the stream.
PATIENCE = 60
# Over the limits of four rules: 20 + 25 + 30 + 15 points.
SICK = {"iops": 120000, "latency": 48, "errorRate": 3.5, "queueDepth": 300}
WELL = {"cpuUsage": 40.5, "memoryUsage": 55, "diskIO": 120.5, "networkIO": 80}


def report(host, seconds_ago, **more):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))
    return {"timestamp": at, "hostname": host} | WELL | more


def insights(stack, token, host):
    """What was found on a host, once something was."""
    end = time.monotonic() + PATIENCE
    while True:
        status, answer = stack.iops("GET", f"/insights?hostname={host}", token)
        assert status == 200, answer
        if answer["insights"] or time.monotonic() > end:
            return answer["insights"]
        time.sleep(0.3)


@pytest.fixture(scope="module")
def operator():
    return cloud.token("operator", str(uuid.uuid4()))


def test_what_hosts_report_is_stored_analysed_found_and_acknowledged(stack, operator):
    bad, good = (f"{kind}-{uuid.uuid4().hex[:8]}.example.com" for kind in ("sick", "well"))
    reports = [report(host, 60 - n, **(SICK if host == bad else {})) for n in range(0, 60, 10) for host in (bad, good)]
    spoilt = report(good, 5) | {"cpuUsage": 140}
    status, answer = stack.iops("POST", "/metrics", operator, [*reports, spoilt])
    assert status in (200, 207), answer
    assert (answer["stored"], answer["refused"]) == (12, 1), answer
    # As the runbook's own line reads them.
    rows = stack.client("dynamodb").query(
        TableName=f"iops-metrics-{cloud.ENVIRONMENT}",
        KeyConditionExpression="hostname = :h",
        ExpressionAttributeValues={":h": {"S": bad}},
    )["Items"]
    assert [row["latency"]["N"] for row in rows] == ["48"] * 6, rows

    [found] = insights(stack, operator, bad)
    assert (found["hostname"], found["severity"]) == (bad, "critical"), found
    assert {one["metric"] for one in found["findings"]} == set(SICK), found
    status, one = stack.iops("GET", f"/insights/{found['insightId']}", operator)
    assert (status, one["insightId"]) == (200, found["insightId"]), one
    note = {"note": "the volume is being replaced"}
    status, seen = stack.iops("POST", f"/insights/{found['insightId']}/acknowledge", operator, note)
    assert status == 200, seen
    status, again = stack.iops("GET", f"/insights/{found['insightId']}", operator)
    assert again["status"] == "acknowledged", again
    assert stack.iops("GET", f"/insights?hostname={good}", operator)[1]["insights"] == []

    # Sent again, it is stored once and counted once.
    assert stack.iops("POST", "/metrics", operator, reports)[0] == 200
    time.sleep(3)
    [once] = insights(stack, operator, bad)
    assert once["count"] == again["count"], once


@pytest.mark.parametrize(
    "path",
    [
        "/insights/summary", "/canary", "/traffic", "/models", "/models/releases", "/restores", "/tables", "/subscriptions",
        "/scale", "/health",
    ],
)
def test_what_can_be_looked_at_is_answered_by_the_deployed_functions(stack, operator, path):
    status, answer = stack.iops("GET", path, operator)
    assert status == 200, answer
    assert "errorMessage" not in answer, answer


def test_who_may_not_is_refused_at_the_door(stack):
    viewer = cloud.token("viewer", str(uuid.uuid4()))
    status, answer = stack.iops("POST", "/metrics", viewer, report("web-1", 1))
    assert status == 403, answer
    status, answer = stack.iops("GET", "/insights")
    assert status == 401, answer
