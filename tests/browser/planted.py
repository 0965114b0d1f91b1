"""A tenant and hosts that have something to show on every page."""

import time

from console import ADMIN, Visitor

HOST = "db-1"
HOSTILE = (
    '<script>window.hurt = 1</script>"><img src=x onerror="window.hurt = 2">'
    "'><svg onload=window.hurt=3></svg> javascript:window.hurt=4 <b>bold</b> {{7*7}} &lt;i&gt;"
)


def metric(host: str, seconds_ago: int, **values: float) -> dict:
    calm = {"cpuUsage": 20, "memoryUsage": 40, "diskIO": 100, "networkIO": 80}
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))
    return calm | {"hostname": host, "timestamp": at} | values


def hosts(system, *names: str) -> None:
    """Two hosts that are well, and these, of which something critical is found."""
    bad = {"cpuUsage": 97.5, "iops": 200_000, "latency": 80, "errorRate": 9, "queueDepth": 500}
    metrics = [metric(host, 60 * minute) for host in ("web-1", "web-2") for minute in range(30, 0, -1)]
    metrics += [metric(name, 30, **bad) for name in names]
    status, answer = system.ask("POST", "/metrics", {"metrics": metrics})
    assert status in (200, 201, 202, 207), answer


def insights(visitor: Visitor, least: int = 1) -> list[dict]:
    """Waits until something is found on the hosts."""
    for _ in range(200):
        found = visitor.ask("GET", "/insights")["insights"]
        if len(found) >= least:
            return found
        time.sleep(0.1)
    raise AssertionError("nothing is found on the hosts")


def tenant(visitor: Visitor, reason: str = "Load testing for Q1 release") -> str:
    """A tenant that was moved up, and whose configuration was edited; the id of the change."""
    visitor.ask("PUT", f"{ADMIN}/tier/cooldown", {"hours": 24})
    visitor.ask("PUT", f"{ADMIN}/tier/configs/STAGING", {"version": 0, "sagemakerShadowSelfMaxInstances": 25})
    visitor.start("STAGING", reason)
    visitor.settled()
    return visitor.changes()[0]["id"]
