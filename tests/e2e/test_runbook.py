"""Every `aws …` and `curl …` line of docs/runbooks/tier-transitions.md, run as it stands there against the deployed system.

A line that is added to the document is run by that alone. Only names in it are exchanged: the tenant, its stem, ARNs.
"""

import json
import os
import re
import subprocess
import uuid

import pytest

import cloud
import peers
from test_transitions import REASON, everything_named, moved

DOCUMENT = cloud.ROOT / "docs" / "runbooks" / "tier-transitions.md"
# The stem that the document's examples have.
STEM = "8d3c7a52rbw4"
# What no emulator at hand can answer, by what a line must have in it. An entry that no line has is an error.
NOT_ANSWERED = {
    "ce get-cost-and-usage-with-resources": "no emulator has the operation",
    "sns subscribe": "it would call the pager's URL",
}
# What a line must have shown, by what it has in it; the rest must succeed.
SHOWS = {
    "stepfunctions describe-execution": lambda seen: seen["status"] == "SUCCEEDED",
    "logs filter-log-events": lambda seen: any(
        "provision-sagemaker" in event["message"] for event in seen["events"]
    ),
    "sagemaker describe-endpoint": lambda seen: seen["EndpointStatus"] == "InService",
    "opensearch describe-domain": lambda seen: seen["DomainStatus"]["ClusterConfig"]["InstanceCount"] == 3,
    "describe-replication-groups": lambda seen: seen["ReplicationGroups"][0]["Status"] == "available",
    "describe-db-clusters": lambda seen: seen["DBClusters"][0]["Status"] == "available",
    "describe-stream-summary": lambda seen: seen["StreamDescriptionSummary"]["OpenShardCount"] == 5,
    "get-resources": lambda seen: any(
        "replicationgroup" in found["ResourceARN"] for found in seen["ResourceTagMappingList"]
    ),
    "dynamodb query": lambda seen: len(seen["Items"]) >= 1,
    "dynamodb get-item": lambda seen: seen["Item"]["current_tier"] == {"S": "STAGING"},
}
# What deletes a store that STAGING has not.
OF_OTHER_TIERS = ["delete-serverless-cache", "delete-collection"]
DELETES = re.compile(r"^aws \S+ delete-")


def blocks():
    """Every shell block of the document."""
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)]


def lines():
    """Every `aws …` line of the document: of its shell blocks, and in backticks."""
    text = DOCUMENT.read_text()
    found = []
    for block in blocks():
        whole = block.replace("\\\n", " ")
        found += [line for line in whole.splitlines() if line.startswith("aws ")]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found += [line for line in re.findall(r"`(aws [^`]+)`", prose) if "…" not in line]
    return [re.sub(r"\s+", " ", line) for line in dict.fromkeys(found)]


def run(stack, line, **variables):
    """Runs a line in a shell, as an operator would."""
    # This one service's endpoint the command line takes from no variable.
    line = line.replace("aws neptune ", "aws neptune --endpoint-url $AWS_ENDPOINT_URL ")
    shell = stack.shell | {"PATH": f"{peers.BIN}:{os.environ['PATH']}", "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"}
    shell |= variables
    return subprocess.run(["bash", "-c", line], env=shell, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def tenant(stack):
    """A tenant in STAGING, and what stands for the names in the document."""
    tenant = str(uuid.uuid4())
    transition, _ = moved(stack, tenant, "STAGING")
    names = {kind: one["name"] for kind, one in stack.resources(cloud.token("viewer", tenant)).items()}
    stem = names["stream"].removeprefix("cato-events-")
    execution = stack.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{transition}"
    words = {
        STEM: stem,
        "<tenant-id>": tenant,
        "<transitionExecutionArn of GET /tier>": execution,
        "--name-contains <name>": f"--name-contains {names['endpoint']}",
    }
    return {"names": names, "stem": stem, "words": words}


def filled_in(line, words):
    for placeholder, word in words.items():
        line = line.replace(placeholder, word)
    return line


def test_every_line_that_looks(stack, tenant):
    looking = [line for line in lines() if not DELETES.match(line)]
    for part in list(NOT_ANSWERED) + list(SHOWS):
        assert any(part in line for line in looking), f"no line has `{part}`: take it off the list"
    # These ask for a store that this tenant has only in another tier; that nothing is there is their answer.
    elsewhere = {"describe-serverless-caches": "ServerlessCacheNotFound"}
    for line in looking:
        if any(part in line for part in NOT_ANSWERED):
            continue
        done = run(stack, filled_in(line, tenant["words"]))
        absent = [error for part, error in elsewhere.items() if part in line]
        if absent:
            assert absent[0] in done.stderr, f"{line}\n{done.stdout}{done.stderr}"
            continue
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        for part, shows in SHOWS.items():
            if part in line:
                assert shows(json.loads(done.stdout)), f"{line}\n{done.stdout[:3000]}"


def test_every_line_that_deletes(stack, tenant):
    """The lines for orphans, each with the name that it is for; afterwards nothing is left."""
    deleting = [line for line in lines() if DELETES.match(line)]
    assert deleting
    names = tenant["names"]
    for line in deleting:
        service = line.split()[1]
        kind = {
            "kinesis": "stream", "neptune": "graph-cluster", "opensearch": "domain", "sagemaker": "endpoint",
            "elasticache": "serverless-cache" if "serverless" in line else "cache-group",
        }.get(service)
        if kind not in names:
            assert any(part in line for part in OF_OTHER_TIERS), f"nothing stands for this line: {line}"
            continue
        words = {"<name>": names[kind], "<n>": "1"}
        if "<config>" in line:
            configs = everything_named(stack, tenant["stem"])["config"]
            assert len(configs) == 1
            words["<config>"] = configs[0]
        done = run(stack, filled_in(line, words))
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    left = everything_named(stack, tenant["stem"])
    assert not any(left.values()), left


# The calls of the document in their order: what is in each, and what it answers for a tenant in STAGING: the status,
# and what its body must have.
CALLS = [
    ("$API/tier/resources", 200, "cato-events-"),
    ("$API/tier/change ", 400, "SAME_TIER"),
    ("$API/tier/confirm", 400, "TOKEN_UNKNOWN"),
    ('"targetTier": "PRODUCTION"', 200, "REQUIRES_CONFIRMATION"),
    ("$API/tier/transition-status", 200, "transitionId"),
    ("$API/tier/reset", 409, "NOT_STUCK"),
    ("$API/tier/configs/DEV", 200, "version"),
    ("$API/tier ", 200, "estimatedMonthlyCost"),
    ('"targetTier": "DEV"', 200, "INITIATED"),
    ("$API/tier/change-history", 200, "changes"),
]


def test_every_call(stack):
    """Every `curl …` block, in the document's order, with the variables that it begins by setting."""
    tenant = str(uuid.uuid4())
    moved(stack, tenant, "STAGING")
    calls = [block for block in blocks() if block.startswith("curl ")]
    assert len(calls) == len(CALLS), "a call was added or taken away: say in CALLS what it answers"
    for block, (has, status, part) in zip(calls, CALLS):
        assert has in block, f"`{has}` is not where it was:\n{block}"
        # The whole answer with its status, in place of what a filter makes of it.
        line = block.split(" | jq")[0] + " -s -w '\\n%{http_code}'"
        done = run(
            stack,
            line,
            API=stack.api,
            ADMIN_TOKEN=cloud.token("admin", tenant),
            SUPER_ADMIN_TOKEN=cloud.token("super_admin", tenant),
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        body, code = done.stdout.rsplit("\n", 1)
        assert (int(code), part in body) == (status, True), f"{block}\n{done.stdout}"
    # The last but one began a change. How it ends is not asked here: the edit gave DEV an endpoint of another type, and
    # moto has no UpdateEndpoint. That it ends is.
    stack.settled(cloud.token("viewer", tenant))
