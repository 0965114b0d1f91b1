"""Runs the lines of docs/runbooks/iops-dashboard.md as they stand there: on one machine, and by the AWS command line.

    .venv-peers/bin/python tests/outside/runbook_iops.py [--binary target/test-release/capstan]

Blocks that begin with `# one machine` are run, in order, against `capstan up`, which this starts and stops. Blocks that begin
with `# emulated cloud` are run by the AWS command line on ministack, against tables made as `template.yaml` has them and filled
with what the system on one machine then holds. A block that is added to the page is run by that alone.
"""

import argparse
import calendar
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "outside")]

import boto3  # noqa: E402
import peers  # noqa: E402
from api import TENANT, clean, server, token  # noqa: E402
from env_json import TEMPLATE, Tagged  # noqa: E402
import yaml  # noqa: E402

DOCUMENT = ROOT / "docs/runbooks/iops-dashboard.md"
ONE_MACHINE, EMULATED = "# one machine\n", "# emulated cloud\n"
# What a block must have shown, by what it has in it; every line of a block must succeed in any case.
SHOWS = {
    "curl -sf $API_URL/health": ['"verdict":"', "iops-ingest-metrics-local", "POST /subscriptions adds somebody"],
    'curl -sf -X POST "$API_URL/metrics"': ['"message":"Metric stored successfully"', '"metricId":"'],
    "curl -sf $API_URL/cost": ['"monthToDate":0', '"daysInMonth":'],
    "test-alarm": ['"notified":true', "rang, and is OK again."],
    "capstan iops subscribe": ["new-email@example.com", "pager.example.com", "CONFIRMED"],
    "describe-table --table-name $INSIGHTS_TABLE": ['"TableStatus": "ACTIVE"', '"KeyType": "RANGE"'],
    "Items[*].[hostname.S,timestamp.N,cpuUsage.N]": ["db-1", "critical", "97.5"],
    "describe-continuous-backups": ['"PointInTimeRecoveryStatus": "ENABLED"', '"BackupSummaries"'],
    "capstan scale list": ["function/analyze-metrics: ", "keep 200 concurrent runs", "scale reads from 5 to 500"],
    "aws sns subscribe": ["new-email@example.com"],
    "--select COUNT": ['"Count": 3'],
}
# The host that the page's query asks for.
HOST = "your-host"


def blocks(kind: str) -> list[str]:
    """The shell blocks of this kind, in the order of the page."""
    return [block for block in re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL) if block.startswith(kind)]


def play(block: str, environment: dict[str, str]) -> None:
    """Runs a block as an operator would, and holds what it prints against what it must show."""
    print(f"   {next(line for line in block.splitlines()[1:] if line.strip())[:90]}", flush=True)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], capture_output=True, text=True, env=environment, timeout=120
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        sys.exit(f"{DOCUMENT.name}: this block ends with {done.returncode}:\n{block}\n{said}")
    found = [words for start, words in SHOWS.items() if start in block]
    if len(found) != 1:
        sys.exit(f"{DOCUMENT.name}: say in SHOWS what this block must show, once:\n{block}")
    for word in (word for words in found for word in words):
        if word not in said:
            sys.exit(f"{DOCUMENT.name}: this block does not show {word!r}:\n{block}\n{said}")


def report(url: str) -> None:
    """Hosts report: one is well, and of one something critical is found."""
    now = int(time.time())
    calm = {"cpuUsage": 20, "memoryUsage": 40, "diskIO": 100, "networkIO": 80}
    bad = calm | {"cpuUsage": 97.5, "iops": 200_000, "latency": 80, "errorRate": 9, "queueDepth": 500}
    metrics = [calm | {"hostname": HOST, "timestamp": at(now - 60 * minute)} for minute in range(3)]
    metrics += [bad | {"hostname": "db-1", "timestamp": at(now - 30)}]
    ask(url, "/metrics", data={"metrics": metrics})


def at(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def ask(url: str, path: str, bearer: str | None = None, data: dict | None = None) -> dict:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    body = None if data is None else json.dumps(data).encode()
    with urllib.request.urlopen(urllib.request.Request(url + path, body, headers), timeout=30) as answer:
        return json.load(answer, parse_float=Decimal)


def held(url: str, bearer: str) -> tuple[list[dict], list[dict]]:
    """The metrics and insights that the system holds, with the keys that their tables have."""
    metrics = []
    for host in (HOST, "db-1"):
        metrics += ask(url, f"/metrics?hostname={host}", bearer)["metrics"]
    for metric in metrics:
        stamp = time.strptime(metric["timestamp"][:19], "%Y-%m-%dT%H:%M:%S")
        metric["timestamp"] = calendar.timegm(stamp)
    for _ in range(100):
        insights = ask(url, "/insights", bearer)["insights"]
        if insights:
            break
        time.sleep(0.1)
    for insight in insights:
        insight |= {"bucket": insight["insightId"][:13], "entry": insight["insightId"]}
    return metrics, insights


@contextlib.contextmanager
def emulated(metrics: list[dict], insights: list[dict]):
    """The environment of a shell for which ministack is the cloud, with the tables and the topic of the template in it."""
    template = yaml.load(TEMPLATE.read_text(), Tagged)["Resources"]
    with peers.running() as clouds:
        session = boto3.Session(region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        dynamodb = session.client("dynamodb", endpoint_url=clouds.ministack)
        names = {}
        for table, rows in (("IopsMetricsTable", metrics), ("IopsInsightsTable", insights)):
            names[table] = made(dynamodb, template[table]["Properties"])
            into = session.resource("dynamodb", endpoint_url=clouds.ministack).Table(names[table])
            for row in rows:
                into.put_item(Item=row)
        topic = session.client("sns", endpoint_url=clouds.ministack).create_topic(Name="iops-alerts-dev")
        yield peers.clean_environment() | peers.CLOUD | {
            "AWS_ENDPOINT_URL": clouds.ministack,
            "AWS_PAGER": "",
            "PATH": f"{peers.BIN}:{os.environ['PATH']}",
            "METRICS_TABLE": names["IopsMetricsTable"],
            "INSIGHTS_TABLE": names["IopsInsightsTable"],
            "TOPIC": topic["TopicArn"],
        }


def made(dynamodb, of: dict) -> str:
    """Makes a table as the template has it; its name."""
    name = of["TableName"]["Fn::Sub"].replace("${Environment}", "dev")
    dynamodb.create_table(
        TableName=name,
        BillingMode=of["BillingMode"],
        AttributeDefinitions=of["AttributeDefinitions"],
        KeySchema=of["KeySchema"],
    )
    recovery = of["PointInTimeRecoverySpecification"]
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=of["TimeToLiveSpecification"])
    return name


def main() -> None:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=target / "test-release/capstan")
    binary = parser.parse_args().binary.resolve()
    here, there = blocks(ONE_MACHINE), blocks(EMULATED)
    unused = [start for start in SHOWS if not any(start in block for block in here + there)]
    if unused or len(here) < 5 or len(there) < 5:
        sys.exit(f"{DOCUMENT.name}: {len(here)} and {len(there)} blocks; nothing shows {unused}")
    with tempfile.TemporaryDirectory(prefix="capstan-runbook-") as folder:
        folder = pathlib.Path(folder)
        with server(binary, folder) as url:
            bearer = token(binary, folder, "admin")
            shell = clean() | {
                "PATH": f"{binary.parent}:{os.environ['PATH']}",
                "API_URL": url,
                "CAPSTAN_URL": url,
                "CAPSTAN_TOKEN": bearer,
                "TENANT": TENANT,
            }
            for block in here:
                play(block, shell)
            report(url)
            metrics, insights = held(url, bearer)
    with emulated(metrics, insights) as shell:
        for block in there:
            play(block, shell)
    print(f"   {len(here)} blocks on one machine and {len(there)} in an emulated cloud do what the page says")


if __name__ == "__main__":
    main()
