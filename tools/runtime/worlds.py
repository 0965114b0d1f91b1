"""Simulated worlds put into the emulated clouds: tables with their rows, resources, executions, the topic.

As a library: `worlds.Cloud(clouds)` resets both peers and seeds a world that `tests/examples/worlds.rs` has written.
boto3 is needed (.venv-peers). The peers do everything at once, so what is being made, changed or deleted is simply
there; tools/runtime/pace.py shows it as it is.
"""

from __future__ import annotations

import datetime
import json
import urllib.request

import boto3
from botocore.config import Config

import peers
from items import attribute, plain

ROLE = "arn:aws:iam::000000000000:role/capstan"
# Parts of one BatchWriteItem.
BATCH = 25
SAGEMAKER_SCALING = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
# An execution that was started with `end` ends so; any other waits for a worker that never comes.
MACHINE = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [{"Variable": "$.end", "IsPresent": True}, {"Variable": "$.end", "StringEquals": end}],
                    "Next": state,
                }
                for end, state in (("SUCCEEDED", "Good"), ("FAILED", "Bad"))
            ],
            "Default": "Waits",
        },
        "Good": {"Type": "Succeed"},
        "Bad": {"Type": "Fail"},
    },
}


# Which feature of crates/aws sees a kind of resource.
SERVICE_OF = {
    "endpoint": "sagemaker",
    "domain": "opensearch",
    "collection": "opensearchserverless",
    "cache-group": "elasticache",
    "serverless-cache": "elasticache",
    "graph-cluster": "neptune",
    "stream": "kinesis",
}
# Where the services put how much a resource is used; the peer knows no search for metrics, which the other kinds need.
METRICS = {
    "endpoint": ("AWS/SageMaker", "Invocations", {"VariantName": "AllTraffic"}, "EndpointName"),
    "serverless-cache": ("AWS/ElastiCache", "CurrConnections", {}, "clusterId"),
    "graph-cluster": ("AWS/Neptune", "TotalRequestsPerSec", {}, "DBClusterIdentifier"),
    "stream": ("AWS/Kinesis", "IncomingRecords", {}, "StreamName"),
}


class Cloud:
    """Both peers, as one cloud that holds one world at a time."""

    def __init__(self, clouds: peers.Clouds):
        self._clouds = clouds
        self._clients: dict[str, object] = {}

    def client(self, service: str):
        """A client of a service, at whichever peer has it."""
        if service not in self._clients:
            environment = self._clouds.environment()
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self._clouds.endpoint(service),
                region_name=environment["AWS_REGION"],
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                config=Config(retries={"max_attempts": 2}, parameter_validation=False),
            )
        return self._clients[service]

    def reset(self) -> None:
        """An empty account."""
        for url in (f"{self._clouds.ministack}/_ministack/reset", f"{self._clouds.moto}/moto-api/reset"):
            urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30).read()

    def seed(self, world: dict, environment: dict[str, str], services: set[str], tenant: str) -> None:
        """Puts a world into the empty account, so far as a function with this environment can see it: it is built to
        call these services (features of crates/aws). The tenant is who asks."""
        if "dynamodb" in services:
            self.tables(world["tables"], environment["TABLE_SUFFIX"])
        kinds = {kind for kind, service in SERVICE_OF.items() if {service, "resources"} & services}
        if "endpoint" in kinds:
            models = {environment["SHADOW_SELF_MODEL"]} | {config["model"] for config in world["endpointConfigs"]}
            for model in sorted(models):
                self.client("sagemaker").create_model(ModelName=model, ExecutionRoleArn=ROLE)
            for config in world["endpointConfigs"]:
                self._endpoint_config(config)
        for resource in world["resources"]:
            if resource["kind"] in kinds:
                make = getattr(self, "_" + resource["kind"].replace("-", "_"))
                make(resource["name"], resource["seen"])
            if "cloudwatch" in services and resource["kind"] in METRICS:
                self._connections(resource["kind"], resource["name"], resource["connections"])
        if "sns" in services:
            self.client("sns").create_topic(Name=environment["ALERT_TOPIC_ARN"].rsplit(":", 1)[1])
            for one in world["subscriptions"]:
                self.client("sns").subscribe(
                    TopicArn=environment["ALERT_TOPIC_ARN"], Protocol=one["protocol"], Endpoint=one["endpoint"]
                )
        if "cloudwatch" in services:
            self._alarms(world["alarms"])
        if "s3" in services and "ML_BUCKET" in environment:
            self.client("s3").create_bucket(Bucket=environment["ML_BUCKET"])
        if "kms" in services:
            self._audit_key(environment["AUDIT_KEY_ARN"])
        if "sfn" in services:
            self._executions(environment["STATE_MACHINE_ARN"], world["executions"])
        if "costexplorer" in services:
            self._cost(world["monthToDate"].get(tenant, 0))

    def tables(self, tables: list[dict], suffix: str) -> None:
        """The tables with their rows."""
        dynamodb = self.client("dynamodb")
        puts = []
        for table in tables:
            keys = [(table["partitionKey"], "HASH")]
            if table["sortKey"]:
                keys.append((table["sortKey"], "RANGE"))
            dynamodb.create_table(
                TableName=table["name"] + suffix,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "N" if kind == "RANGE" and table["sortIsNumber"] else "S"}
                    for name, kind in keys
                ],
            )
            for item in table["items"]:
                put = {"PutRequest": {"Item": {name: attribute(value) for name, value in item.items()}}}
                puts.append((table["name"] + suffix, put))
        for at in range(0, len(puts), BATCH):
            requests: dict[str, list] = {}
            for table, put in puts[at : at + BATCH]:
                requests.setdefault(table, []).append(put)
            dynamodb.batch_write_item(RequestItems=requests)

    def rows(self, tables: list[dict], suffix: str) -> list[dict]:
        """What the tables hold now, in the same form and order as they were given."""
        found = []
        for table in tables:
            pages = (
                self.client("dynamodb")
                .get_paginator("scan")
                .paginate(TableName=table["name"] + suffix, ConsistentRead=True)
            )
            items = [{name: plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]
            items.sort(key=lambda item: (item[table["partitionKey"]], item.get(table["sortKey"], "")))
            found.append(table | {"items": items})
        return found

    def _endpoint_config(self, config: dict) -> None:
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": config["model"],
            "InstanceType": config["instance_type"],
            "InitialInstanceCount": config["initial_instances"],
            "InitialVariantWeight": 1.0,
        }
        self.client("sagemaker").create_endpoint_config(
            EndpointConfigName=config["name"], ProductionVariants=[variant]
        )

    def _endpoint(self, name: str, seen: dict) -> None:
        sagemaker = self.client("sagemaker")
        sagemaker.create_endpoint(
            EndpointName=name, EndpointConfigName=seen["config_name"], Tags=_listed(seen["tags"])
        )
        wanted = {
            "VariantName": "AllTraffic",
            "DesiredInstanceCount": seen["desired_instances"],
            "DesiredWeight": 1.0,
        }
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[wanted])
        if scaling := seen["scaling"]:
            target = SAGEMAKER_SCALING | {"ResourceId": f"endpoint/{name}/variant/AllTraffic"}
            autoscaling = self.client("application-autoscaling")
            autoscaling.register_scalable_target(**target, MinCapacity=scaling["min"], MaxCapacity=scaling["max"])
            metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
            tracking = {
                "TargetValue": 1000.0,
                "PredefinedMetricSpecification": metric,
                "ScaleInCooldown": scaling["scaleInCooldown"],
            }
            autoscaling.put_scaling_policy(
                PolicyName=f"{name}-invocations",
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=tracking,
                **target,
            )

    def _domain(self, name: str, seen: dict) -> None:
        settings = seen["settings"]
        self.client("opensearch").create_domain(
            DomainName=name,
            EngineVersion="OpenSearch_2.11",
            ClusterConfig={"InstanceType": settings["instanceType"], "InstanceCount": settings["instanceCount"]},
            EBSOptions={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": settings["ebsGb"]},
            TagList=_listed(seen["tags"]),
        )

    def _cache_group(self, name: str, seen: dict) -> None:
        settings = seen["settings"]
        if settings["clusterMode"]:
            raise NotImplementedError("a replication group in cluster mode")
        self.client("elasticache").create_replication_group(
            ReplicationGroupId=name,
            ReplicationGroupDescription="seeded",
            Engine="valkey",
            CacheNodeType=settings["nodeType"],
            # One that is being made has none yet.
            NumCacheClusters=max(1, settings["nodes"]),
            AutomaticFailoverEnabled=settings["nodes"] > 1,
            Tags=_listed(seen["tags"]),
        )

    def _serverless_cache(self, name: str, seen: dict) -> None:
        limits = {"ECPUPerSecond": {"Minimum": seen["min_ecpu"], "Maximum": seen["max_ecpu"]}}
        self.client("elasticache").create_serverless_cache(
            ServerlessCacheName=name, Engine="valkey", CacheUsageLimits=limits, Tags=_listed(seen["tags"])
        )

    def _graph_cluster(self, name: str, seen: dict) -> None:
        neptune = self.client("neptune")
        capacity = {}
        if found := seen["capacity"]:
            limits = {"MinCapacity": found["minMilliNcu"] / 1000, "MaxCapacity": found["maxMilliNcu"] / 1000}
            capacity = {"ServerlessV2ScalingConfiguration": limits}
        neptune.create_db_cluster(DBClusterIdentifier=name, Engine="neptune", Tags=_listed(seen["tags"]), **capacity)
        # The first one becomes the writer.
        for instance in sorted(seen["instances"], key=lambda instance: not instance["writer"]):
            neptune.create_db_instance(
                DBInstanceIdentifier=instance["name"],
                DBInstanceClass=instance["class"],
                Engine="neptune",
                DBClusterIdentifier=name,
            )

    def _stream(self, name: str, seen: dict) -> None:
        mode = {"StreamModeDetails": {"StreamMode": seen["mode"]}}
        # One that is being made has none yet.
        shards = {"ShardCount": max(1, seen["open_shards"])} if seen["mode"] == "PROVISIONED" else {}
        self.client("kinesis").create_stream(StreamName=name, Tags=seen["tags"], **mode, **shards)

    def _connections(self, kind: str, name: str, connections: int) -> None:
        namespace, metric, others, own = METRICS[kind]
        dimensions = [{"Name": key, "Value": value} for key, value in (others | {own: name}).items()]
        at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=60)
        point = {"MetricName": metric, "Dimensions": dimensions, "Timestamp": at, "Value": float(connections)}
        self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[point])

    def _alarms(self, alarms: list[dict]) -> None:
        cloudwatch = self.client("cloudwatch")
        for alarm in alarms:
            cloudwatch.put_metric_alarm(
                AlarmName=alarm["name"],
                Namespace="Seeded",
                MetricName="Seeded",
                Statistic="Sum",
                Period=300,
                EvaluationPeriods=2,
                Threshold=1.0,
                ComparisonOperator="GreaterThanThreshold",
                AlarmActions=alarm["actions"],
            )
            cloudwatch.set_alarm_state(
                AlarmName=alarm["name"], StateValue=alarm["state"], StateReason=alarm["reason"] or "Unchecked"
            )

    def _cost(self, dollars: float) -> None:
        """The peer tells what it is told to, whoever asks."""
        total = {"UnblendedCost": {"Amount": str(dollars), "Unit": "USD"}}
        told = {"results": [{"ResultsByTime": [{"Estimated": True, "Groups": [], "Total": total}]}]}
        url = f"{self._clouds.moto}/moto-api/static/ce/cost-and-usage-results"
        request = urllib.request.Request(url, json.dumps(told).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()

    def _audit_key(self, alias: str) -> None:
        """The key under its alias, as the template makes it."""
        kms = self.client("kms")
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias.rsplit(":", 1)[1], TargetKeyId=key)

    def _executions(self, machine: str, executions: list[dict]) -> None:
        states = self.client("stepfunctions")
        activity = states.create_activity(name="never")["activityArn"]
        waits = {"Waits": {"Type": "Task", "Resource": activity, "End": True}}
        definition = MACHINE | {"States": MACHINE["States"] | waits}
        name, alias = machine.split(":")[6], machine.split(":")[7:]
        made = states.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE, publish=bool(alias)
        )
        if alias:
            route = [{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}]
            states.create_state_machine_alias(name=alias[0], routingConfiguration=route)
        for execution in executions:
            end = {} if execution["status"] in ("RUNNING", "ABORTED") else {"end": execution["status"]}
            started = states.start_execution(
                stateMachineArn=made["stateMachineArn"], name=execution["name"], input=json.dumps(end)
            )
            if execution["status"] == "ABORTED":
                states.stop_execution(executionArn=started["executionArn"])


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]
