"""Gives resources in an emulated cloud their life cycles: the peers do everything at once, the cloud takes minutes.

What a world says is being made, changed or deleted, and what is made, changed or deleted through the proxy
(tools/runtime/front.py), is shown as such in the answers to descriptions, in the service's own words; nothing ends by itself.
Only states are touched: settings and tags are what the peer says.
"""

from __future__ import annotations

import datetime
import json
import re
import urllib.parse

MAKING, CHANGING, DELETING, FAILED = "Creating", "Changing", "Deleting", "Failed"

# What an operation does to the life of a resource, and how the resource is named in the request.
ACTS = {
    ("sagemaker", "CreateEndpoint"): (MAKING, "EndpointName"),
    ("sagemaker", "UpdateEndpoint"): (CHANGING, "EndpointName"),
    ("sagemaker", "UpdateEndpointWeightsAndCapacities"): (CHANGING, "EndpointName"),
    ("sagemaker", "DeleteEndpoint"): (DELETING, "EndpointName"),
    ("opensearch", "CreateDomain"): (MAKING, "DomainName"),
    ("opensearch", "UpdateDomainConfig"): (CHANGING, "DomainName"),
    ("opensearch", "DeleteDomain"): (DELETING, "DomainName"),
    ("elasticache", "CreateReplicationGroup"): (MAKING, "ReplicationGroupId"),
    ("elasticache", "ModifyReplicationGroup"): (CHANGING, "ReplicationGroupId"),
    ("elasticache", "IncreaseReplicaCount"): (CHANGING, "ReplicationGroupId"),
    ("elasticache", "DecreaseReplicaCount"): (CHANGING, "ReplicationGroupId"),
    ("elasticache", "DeleteReplicationGroup"): (DELETING, "ReplicationGroupId"),
    ("elasticache", "CreateServerlessCache"): (MAKING, "ServerlessCacheName"),
    ("elasticache", "ModifyServerlessCache"): (CHANGING, "ServerlessCacheName"),
    ("elasticache", "DeleteServerlessCache"): (DELETING, "ServerlessCacheName"),
    ("neptune", "CreateDBCluster"): (MAKING, "DBClusterIdentifier"),
    ("neptune", "ModifyDBCluster"): (CHANGING, "DBClusterIdentifier"),
    ("neptune", "FailoverDBCluster"): (CHANGING, "DBClusterIdentifier"),
    ("neptune", "DeleteDBCluster"): (DELETING, "DBClusterIdentifier"),
    ("neptune", "CreateDBInstance"): (MAKING, "DBInstanceIdentifier"),
    ("neptune", "DeleteDBInstance"): (DELETING, "DBInstanceIdentifier"),
    ("kinesis", "CreateStream"): (MAKING, "StreamName"),
    ("kinesis", "UpdateShardCount"): (CHANGING, "StreamName"),
    ("kinesis", "UpdateStreamMode"): (CHANGING, "StreamARN"),
    ("kinesis", "DeleteStream"): (DELETING, "StreamName"),
}
# What shows one resource, and how it is named in the request.
LOOKS = {
    ("sagemaker", "DescribeEndpoint"): "EndpointName",
    ("opensearch", "DescribeDomain"): "DomainName",
    ("elasticache", "DescribeReplicationGroups"): "ReplicationGroupId",
    ("elasticache", "DescribeServerlessCaches"): "ServerlessCacheName",
    ("neptune", "DescribeDBClusters"): "DBClusterIdentifier",
    ("kinesis", "DescribeStreamSummary"): "StreamName",
}
# What lists a resource's tags; of one that is being deleted, and is gone at the peer, they are as they were.
TAGS = [
    ("sagemaker", "ListTags"),
    ("elasticache", "ListTagsForResource"),
    ("neptune", "ListTagsForResource"),
    ("kinesis", "ListTagsForStream"),
    ("opensearch", "ListTags"),
]
# The services' words: being made, being changed, being deleted, failed.
WORDS = {
    "sagemaker": {MAKING: "Creating", CHANGING: "Updating", DELETING: "Deleting", FAILED: "Failed"},
    "elasticache": {MAKING: "creating", CHANGING: "modifying", DELETING: "deleting", FAILED: "create-failed"},
    "neptune": {MAKING: "creating", CHANGING: "modifying", DELETING: "deleting", FAILED: "failed"},
    "kinesis": {MAKING: "CREATING", CHANGING: "UPDATING", DELETING: "DELETING", FAILED: "DELETING"},
}
SERVICE_OF = {
    "endpoint": "sagemaker",
    "domain": "opensearch",
    "cache-group": "elasticache/group",
    "serverless-cache": "elasticache/serverless",
    "graph-cluster": "neptune",
    "stream": "kinesis",
}


def _space(service: str, parameter: str) -> str:
    """What a name is unique in: ElastiCache has two kinds of caches."""
    kinds = {"ReplicationGroupId": "elasticache/group", "ServerlessCacheName": "elasticache/serverless"}
    return kinds.get(parameter, service)


def _name(parameter: str, path: str, body: bytes) -> str:
    if parameter == "DomainName" and (found := re.search(r"/domain/([^/?]+)", path)):
        return found[1]
    if body[:1] == b"{":
        return str(json.loads(body).get(parameter, "")).rsplit("/", 1)[-1]
    return dict(urllib.parse.parse_qsl(body.decode())).get(parameter, "")


class Pace:
    """Which resources are not at rest, in one world."""

    def __init__(self, world: dict | None = None):
        self._life: dict[tuple[str, str], str] = {}
        self._last: dict[tuple[str, str], bytes] = {}
        self._tags: dict[tuple[str, str, bytes], bytes] = {}
        self._stopped = {
            one["name"]: one["stoppedAt"] for one in (world or {}).get("executions", []) if one["stoppedAt"]
        }
        for resource in (world or {}).get("resources", []):
            if resource["stage"] != "Ready":
                self._life[SERVICE_OF[resource["kind"]], resource["name"]] = resource["stage"]
            for instance in resource["seen"].get("instances", []):
                stages = {"Creating": MAKING, "Modifying": CHANGING, "Deleting": DELETING, "Failed": FAILED}
                if stage := stages.get(instance["status"]):
                    self._life["neptune", instance["name"]] = stage

    def answer(
        self, service: str, operation: str, path: str, body: bytes, status: int, answer: bytes
    ) -> tuple[int, bytes]:
        """The peer's answer, with the states as they would be."""
        if act := ACTS.get((service, operation)):
            if status < 300:
                stage, parameter = act
                self._life[_space(service, parameter), _name(parameter, path, body)] = stage
            return status, answer
        if (service, operation) == ("neptune", "DescribeDBInstances"):
            return status, self._instances(answer)
        if (service, operation) in TAGS:
            return self._tagged(service, path, body, status, answer)
        if (service, operation) == ("states", "DescribeExecution") and status < 300:
            return status, self._execution(answer)
        parameter = LOOKS.get((service, operation))
        if parameter is None:
            return status, answer
        key = _space(service, parameter), _name(parameter, path, body)
        if status < 300:
            self._last[key] = answer
        stage = self._life.get(key)
        if stage == DELETING and status >= 400 and key in self._last:
            # It is gone there already.
            status, answer = 200, self._last[key]
        if stage is None or status >= 300:
            return status, answer
        return status, _show(service, stage, answer)

    def _tagged(self, service: str, path: str, body: bytes, status: int, answer: bytes) -> tuple[int, bytes]:
        key = service, path, body
        if status < 300:
            self._tags[key] = answer
            return status, answer
        asked = urllib.parse.unquote(f"{path} {body.decode(errors='replace')}")
        going = any(stage == DELETING and name in asked for (_, name), stage in self._life.items())
        return (200, self._tags[key]) if going and key in self._tags else (status, answer)

    def _execution(self, answer: bytes) -> bytes:
        """An execution with the time at which it ended in the world; the peer's is the time of seeding."""
        whole = json.loads(answer)
        if stopped := self._stopped.get(whole.get("name", "")):
            at = datetime.datetime.fromisoformat(stopped.replace("Z", "+00:00"))
            whole["stopDate"] = at.timestamp()
        return json.dumps(whole).encode()

    def _instances(self, answer: bytes) -> bytes:
        def one(found: re.Match) -> bytes:
            name = re.search(rb"<DBInstanceIdentifier>([^<]+)<", found[0])
            stage = self._life.get(("neptune", name[1].decode())) if name else None
            if stage is None:
                return found[0]
            status = f"<DBInstanceStatus>{WORDS['neptune'][stage]}<".encode()
            return re.sub(rb"<DBInstanceStatus>[^<]*<", status, found[0])

        whole = re.sub(rb"<DBInstance>.*?</DBInstance>", one, answer, flags=re.DOTALL)
        gone = [block for name, block in self._gone_instances(whole)]
        return whole.replace(b"</DBInstances>", b"".join(gone) + b"</DBInstances>") if gone else whole

    def _gone_instances(self, whole: bytes) -> list[tuple[str, bytes]]:
        """Instances that the peer has deleted already, as they were seen last."""
        for block in re.findall(rb"<DBInstance>.*?</DBInstance>", whole, flags=re.DOTALL):
            name = re.search(rb"<DBInstanceIdentifier>([^<]+)<", block)[1].decode()
            self._last["neptune/instance", name] = block
        shown = whole.decode(errors="replace")
        return [
            (name, re.sub(rb"<DBInstanceStatus>[^<]*<", b"<DBInstanceStatus>deleting<", block))
            for (kind, name), block in self._last.items()
            if kind == "neptune/instance"
            and self._life.get(("neptune", name)) == DELETING
            and f"<DBInstanceIdentifier>{name}<" not in shown
        ]


def _show(service: str, stage: str, answer: bytes) -> bytes:
    """A description that shows this stage."""
    if service == "opensearch":
        whole = json.loads(answer)
        domain = whole["DomainStatus"]
        domain |= {"Processing": stage != DELETING, "Deleted": stage == DELETING}
        if stage == MAKING:
            domain.pop("Endpoint", None)
        return json.dumps(whole).encode()
    word = WORDS[service][stage]
    if service in ("elasticache", "neptune"):
        return re.sub(rb"<Status>[^<]*<", f"<Status>{word}<".encode(), answer)
    whole = json.loads(answer)
    if service == "sagemaker":
        whole["EndpointStatus"] = word
        if stage == MAKING:
            for variant in whole.get("ProductionVariants", []):
                variant["CurrentInstanceCount"] = 0
    else:
        summary = whole["StreamDescriptionSummary"]
        summary["StreamStatus"] = word
        if stage == MAKING:
            summary["OpenShardCount"] = 0
    return json.dumps(whole).encode()
