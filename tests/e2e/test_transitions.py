"""Transitions through the deployed API: to the end, refused, and rolled back.

What came of them is asked of the clouds, by boto3 alone. The numbers are those of docs/tier-transitions.md and of the
runbook's section 1.
"""

import json
import time
import uuid

import pytest

import cloud

REASON = "Load testing for Q1 release"
TAGS = {"Project": "RADIANT", "ManagedBy": "capstan"}


def request_change(stack, tenant, tier, path="/tier/change", role="admin", reason=REASON):
    status, answer = stack.call(
        "POST", path, cloud.token(role, tenant), {"targetTier": tier, "reason": reason}
    )
    assert status == 200, answer
    return answer


def moved(stack, tenant, tier, **how):
    """Moves a tenant and waits for the end; gives the transition's id and the seconds it took."""
    began = time.monotonic()
    answer = request_change(stack, tenant, tier, **how)
    assert answer["status"] == "INITIATED", answer
    state = stack.settled(cloud.token("viewer", tenant))
    went = (state["currentTier"], state["transitionStatus"])
    assert went == (tier, "STABLE"), f"{went}: {stack.items('cato_tier_change_log', tenant)[-1]['errors']}"
    return answer["transitionId"], time.monotonic() - began


def tags_of(stack, kind, name):
    """A resource's tags, by the call of its own service."""
    match kind:
        case "endpoint":
            arn = stack.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointArn"]
            pairs = stack.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
        case "domain":
            arn = stack.client("opensearch").describe_domain(DomainName=name)["DomainStatus"]["ARN"]
            pairs = stack.client("opensearch").list_tags(ARN=arn)["TagList"]
        case "cache-group":
            groups = stack.client("elasticache").describe_replication_groups(ReplicationGroupId=name)
            pairs = stack.client("elasticache").list_tags_for_resource(
                ResourceName=groups["ReplicationGroups"][0]["ARN"]
            )["TagList"]
        case "serverless-cache":
            caches = stack.client("elasticache").describe_serverless_caches(ServerlessCacheName=name)
            pairs = stack.client("elasticache").list_tags_for_resource(
                ResourceName=caches["ServerlessCaches"][0]["ARN"]
            )["TagList"]
        case "graph-cluster":
            clusters = stack.client("neptune").describe_db_clusters(DBClusterIdentifier=name)
            pairs = stack.client("neptune").list_tags_for_resource(
                ResourceName=clusters["DBClusters"][0]["DBClusterArn"]
            )["TagList"]
        case "stream":
            pairs = stack.client("kinesis").list_tags_for_stream(StreamName=name)["Tags"]
    return {pair["Key"]: pair["Value"] for pair in pairs}


def everything_named(stack, stem):
    """Every resource in the clouds whose name has a tenant's stem in it, whatever made it."""
    lists = {
        "endpoint": [one["EndpointName"] for one in stack.client("sagemaker").list_endpoints(MaxResults=100)["Endpoints"]],
        "config": [
            one["EndpointConfigName"]
            for one in stack.client("sagemaker").list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
        ],
        "domain": [one["DomainName"] for one in stack.client("opensearch").list_domain_names()["DomainNames"]],
        "cache-group": [
            one["ReplicationGroupId"]
            for one in stack.client("elasticache").describe_replication_groups()["ReplicationGroups"]
        ],
        "serverless-cache": [
            one["ServerlessCacheName"]
            for one in stack.client("elasticache").describe_serverless_caches()["ServerlessCaches"]
        ],
        "graph-cluster": [
            one["DBClusterIdentifier"] for one in stack.client("neptune").describe_db_clusters()["DBClusters"]
        ],
        "graph-instance": [
            one["DBInstanceIdentifier"] for one in stack.client("neptune").describe_db_instances()["DBInstances"]
        ],
        "stream": stack.client("kinesis").list_streams(Limit=100)["StreamNames"],
    }
    return {kind: sorted(name for name in names if stem in name) for kind, names in lists.items()}


def notices(stack, queue):
    """The subjects of what was published to the topic so far."""
    subjects = []
    while True:
        answer = stack.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        if not answer.get("Messages"):
            return subjects
        for message in answer["Messages"]:
            subjects.append(json.loads(message["Body"])["Subject"])
            stack.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture(scope="module")
def queue(stack):
    """A queue that hears what the topic says, in place of the pager."""
    url = stack.client("sqs").create_queue(QueueName="pager")["QueueUrl"]
    attributes = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    stack.client("sns").subscribe(
        TopicArn=stack.outputs["AlertTopicArn"], Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"]
    )
    return url


def test_up_and_down_to_the_end(stack, queue, figures):
    tenant = str(uuid.uuid4())
    viewer = cloud.token("viewer", tenant)
    up, figures["DEV→STAGING"] = moved(stack, tenant, "STAGING")

    there = stack.resources(viewer)
    names = {kind: one["name"] for kind, one in there.items()}
    assert set(names) == {"endpoint", "domain", "cache-group", "graph-cluster", "stream"}
    endpoint = stack.client("sagemaker").describe_endpoint(EndpointName=names["endpoint"])
    assert endpoint["EndpointStatus"] == "InService"
    config = stack.client("sagemaker").describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    variant = config["ProductionVariants"][0]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.g5.2xlarge", 2)
    targets = stack.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{names['endpoint']}/variant/AllTraffic"]
    )["ScalableTargets"]
    assert [(one["MinCapacity"], one["MaxCapacity"]) for one in targets] == [(2, 20)]
    domain = stack.client("opensearch").describe_domain(DomainName=names["domain"])["DomainStatus"]
    nodes = domain["ClusterConfig"]
    assert (nodes["InstanceType"], nodes["InstanceCount"]) == ("r6g.large.search", 3)
    group = stack.client("elasticache").describe_replication_groups(ReplicationGroupId=names["cache-group"])
    group = group["ReplicationGroups"][0]
    assert (group["CacheNodeType"], len(group["MemberClusters"])) == ("cache.r7g.large", 2)
    cluster = stack.client("neptune").describe_db_clusters(DBClusterIdentifier=names["graph-cluster"])["DBClusters"][0]
    capacity = cluster["ServerlessV2ScalingConfiguration"]
    assert (capacity["MinCapacity"], capacity["MaxCapacity"]) == (2.5, 16.0)
    stream = stack.client("kinesis").describe_stream_summary(StreamName=names["stream"])["StreamDescriptionSummary"]
    assert stream["OpenShardCount"] == 5
    for kind, name in names.items():
        want = TAGS | {"TenantId": tenant, "Tier": "STAGING", "TransitionId": up}
        assert want.items() <= tags_of(stack, kind, name).items(), kind

    down, figures["STAGING→DEV"] = moved(
        stack, tenant, "DEV", path="/tier/bypass-cooldown", role="super_admin", reason="[EMERGENCY] Cost runaway"
    )
    left = everything_named(stack, names["stream"].removeprefix("cato-events-"))
    assert left["endpoint"] == [] and left["config"] == [], left
    assert not stack.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{names['endpoint']}/variant/AllTraffic"]
    )["ScalableTargets"]
    domain = stack.client("opensearch").describe_domain(DomainName=names["domain"])["DomainStatus"]
    assert (domain["ClusterConfig"]["InstanceType"], domain["ClusterConfig"]["InstanceCount"]) == ("t3.small.search", 1)
    assert len(left["serverless-cache"]) == 1, left
    # The store that was replaced is kept until its grace period is over, and says so itself.
    assert "DeleteAfter" in tags_of(stack, "cache-group", names["cache-group"])
    stream = stack.client("kinesis").describe_stream_summary(StreamName=names["stream"])["StreamDescriptionSummary"]
    assert stream["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"

    history = stack.items("cato_tier_change_log", tenant)
    assert [(row["from_tier"], row["to_tier"], row["status"], row["changed_by"]) for row in history] == [
        ("DEV", "STAGING", "COMPLETED", "grace"),
        ("STAGING", "DEV", "COMPLETED", "grace"),
    ]
    assert [row["transition_id"] for row in history] == [up, down]
    [tier] = stack.items("cato_infrastructure_tier", tenant)
    assert (tier["current_tier"], tier["transition_status"], tier["target_tier"]) == ("DEV", "STABLE", None)
    audit = stack.items("cato_tier_audit", tenant)
    told = [(row["transition_id"], row["why"]) for row in audit if row.get("why")]
    assert (up, REASON) in told and (down, "[EMERGENCY] Cost runaway") in told, audit
    subjects = notices(stack, queue)
    moves = ["DEV to STAGING", "STAGING to DEV"]
    assert sorted(subjects) == [f"Tier change {move} completed" for move in moves], subjects
    for transition in (up, down):
        execution = stack.client("stepfunctions").describe_execution(
            executionArn=stack.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{transition}"
        )
        assert execution["status"] == "SUCCEEDED"


def test_what_fails_is_rolled_back(stack, queue, figures):
    tenant = str(uuid.uuid4())
    admin = cloud.token("admin", tenant)
    # Where the stream will be is what the plan says; a stranger is there first.
    status, plan = stack.call("POST", "/tier/plan", admin, {"targetTier": "STAGING"})
    assert status == 200, plan
    name = next(one["to"]["name"] for one in plan["items"] if one["service"] == "kinesis")
    kinesis = stack.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.add_tags_to_stream(StreamName=name, Tags={"Owner": "somebody else"})

    began = time.monotonic()
    answer = request_change(stack, tenant, "STAGING")
    state = stack.settled(admin)
    figures["failing and rolled back"] = time.monotonic() - began
    assert (state["currentTier"], state["transitionStatus"]) == ("DEV", "FAILED"), state

    left = everything_named(stack, name.removeprefix("cato-events-"))
    assert left.pop("stream") == [name]
    assert not any(left.values()), left
    assert tags_of(stack, "stream", name) == {"Owner": "somebody else"}
    assert kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 1
    [row] = stack.items("cato_tier_change_log", tenant)
    assert (row["transition_id"], row["status"]) == (answer["transitionId"], "ROLLED_BACK")
    assert any(error["name"] in ("OwnedByAnother", "ResourceExists") for error in row["errors"]), row["errors"]
    execution = stack.client("stepfunctions").describe_execution(
        executionArn=stack.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{row['transition_id']}"
    )
    assert execution["status"] == "FAILED"
    assert any("rolled back" in subject.lower() for subject in notices(stack, queue))


def test_what_is_refused_changes_nothing(stack):
    tenant = str(uuid.uuid4())
    admin, viewer = cloud.token("admin", tenant), cloud.token("viewer", tenant)
    good = {"targetTier": "STAGING", "reason": REASON}
    for token, body, status, code in [
        (admin, {"targetTier": "STAGING", "reason": "short"}, 400, "REJECTED"),
        (admin, {"targetTier": "staging", "reason": REASON}, 422, "INVALID_FIELDS"),
        (admin, {"targetTier": "DEV", "reason": REASON}, 400, "REJECTED"),
    ]:
        got, problem = stack.call("POST", "/tier/change", token, body)
        assert (got, problem["code"]) == (status, code), problem
    # The authorizer denies it, in words that are the gateway's, and has recorded that before.
    assert stack.call("POST", "/tier/change", viewer, good)[0] == 403
    audit = stack.items("cato_tier_audit", tenant)
    denials = [row for row in audit if row.get("action") == "REQUEST_DENIED"]
    assert [json.loads(row["detail"])["leastRole"] for row in denials] == ["admin"], denials
    # AWS says 401 where this emulator says 403; a request without a token does not reach a function in either.
    assert stack.call("POST", "/tier/change", None, good)[0] in (401, 403)
    assert stack.call("POST", "/tier/change", "not.a.token", good)[0] in (401, 403)
    status, _ = stack.call("POST", "/tier/bypass-cooldown", admin, good)
    assert status == 403
    assert stack.items("cato_tier_change_log", tenant) == []
    assert stack.items("cato_infrastructure_tier", tenant) == []
