"""Holds the permissions in template.yaml against what IAM can scope, by a table that others wrote (the one in cfn-lint).

    python tools/scopes.py

An action that IAM can tie to a resource must be tied to one, and the resource must bear this product's name or stand
below with its reason. An action that IAM can't tie to anything is the only one that may have `"*"`. No action has a `*`.
Whether a function needs what it is allowed is held elsewhere (tests/tests/contract/policies.rs). Run with .venv.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections.abc import Iterator

import cfnlint
import yaml
from env_json import TEMPLATE, Tagged

KNOWN = pathlib.Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
# How resources of this product begin. What CloudFormation makes is referred to by its ARN and needs no pattern.
OWN = (
    "cato-",
    "iops-",
    "alarm:TargetTracking-endpoint/cato-",
    "alarm:TargetTracking-table/iops-",
    "alarm:TargetTracking-endpoint/${IopsModelEndpoint}",
    "alarm:IOps-",
    "endpoint/cato-",
    "aws-service-role/",
)
# What parameters and resources of the template name.
NAMED = ("${IopsModelEndpoint}", "${IopsModelRole}", "${IopsMlBucket}")

# What is not tied to a name of ours though IAM could tie it to something, and why.
REASONS = {
    "ce:GetCostAndUsage": "a view of the bill has no part of a tenant; what is asked for is filtered by tag",
    "cloudwatch:GetMetricData": "the resource is a dataset of OpenTelemetry metrics, not what is read here",
    "cloudwatch:DescribeAlarms": "composite alarms are shown to those alone who may see all alarms",
    "application-autoscaling:*ScalableTarget": "the ARN of a target has an id that the service gives",
    "application-autoscaling:PutScalingPolicy": "the same",
    "aoss:DeleteCollection": "the ARN has an id that the service gives; the name is a condition",
    "rds:DescribeDBInstances": "instances are asked for by their cluster, and IAM then sees all of them",
    "sagemaker:DescribeEndpointConfig": "what an endpoint runs may have been made by others, and is looked at alone",
    "sagemaker:CreateEndpoint": "brings back the configuration that an endpoint had, which others may have made",
    "sagemaker:UpdateEndpoint": "the same",
    "kms:Sign": "the ARN of a key has an id that the service gives; the key's alias is a condition",
    "kms:GetPublicKey": "the same",
    "ec2:CreateVpcEndpoint": "the endpoint of a serverless cache, which has no name; its service is a condition",
    "ec2:CreateTags": "the same; only while it is made",
    "lambda:GetEventSourceMapping": "the ARN of a mapping has an id that the service gives; its function is a condition",
    "lambda:DeleteEventSourceMapping": "the same",
    "apigateway:GET": "a plan is found by its name in the list of all",
    "apigateway:PATCH": "the ARN of a plan has an id that the service gives; a tag with its name is a condition",
    "parameter and subnet groups": "a cache or a graph is made with the account's default ones",
}
GROUPS = re.compile(r":(parametergroup|subnetgroup|cluster-pg|pg|og|subgrp):\*$")


def statements(node: object, place: str = "") -> Iterator[tuple[str, dict]]:
    """Every statement that allows actions, wherever it stands, with its place. Policies of resources are not roles'."""
    if isinstance(node, dict):
        if "Action" in node and "Effect" in node and "Principal" not in node:
            yield f"{place}.{node.get('Sid', '?')}", node
        for name, value in node.items():
            inner = name if place in ("", "Resources") else place
            yield from statements(value, place if place and place != "Resources" else inner)
    elif isinstance(node, list):
        for value in node:
            yield from statements(value, place)


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def reason(action: str, arn: str) -> str | None:
    """Under which entry of REASONS this stands."""
    if GROUPS.search(arn):
        return "parameter and subnet groups"
    service, name = action.split(":", 1)
    for entry in (action, f"{service}:*{re.sub(r'^[A-Z][a-z]+', '', name)}"):
        if entry in REASONS:
            return entry
    return None


def problem(action: str, scopable: bool, resource: object, used: set[str]) -> str | None:
    """What is wrong with allowing an action on a resource."""
    if resource == "*":
        why = reason(action, "*")
        if scopable and not why:
            return f"{action} can be tied to a resource and is allowed on all"
        used |= {why} if scopable and why else set()
        return None
    if "Fn::GetAtt" in resource or "Ref" in resource:
        return None
    arn = resource["Fn::Sub"] if isinstance(resource, dict) else resource
    # What a restore makes of a table bears the table's name.
    if re.fullmatch(r"\$\{\w+Table\.Arn\}-restored-\*", arn):
        return None
    name = re.split(r"AWS::AccountId}[:/]", arn)[-1]
    name = re.sub(r"^(?:[a-z-]+[/:])?", "", name) if not name.startswith(OWN) else name
    if name.startswith((*OWN, *NAMED)) or "s3:::${IopsMlBucket}" in arn or "-${Environment}" in name:
        return None
    why = reason(action, arn)
    if not why:
        return f"{action} on {arn}: no name of ours, and no reason"
    used.add(why)
    return None


def main() -> int:
    known = json.loads(KNOWN.read_text())
    template = yaml.load(TEMPLATE.read_text(), Tagged)
    wrong, used, count = [], set(), 0
    for place, statement in statements(template):
        for action in listed(statement["Action"]):
            service, _, name = action.partition(":")
            actions = {key.lower(): value for key, value in known.get(service, {}).get("Actions", {}).items()}
            if "*" in action or name.lower() not in actions:
                wrong.append(f"{place}: {action} is no action that IAM has")
                continue
            scopable = bool((actions[name.lower()] or {}).get("Resources"))
            for resource in listed(statement["Resource"]):
                count += 1
                found = problem(action, scopable, resource, used)
                wrong += [f"{place}: {found}"] if found else []
    wrong += [f"REASONS: nothing needs the one for {entry}" for entry in REASONS.keys() - used]
    print("\n".join(wrong) or f"{count} permissions in template.yaml, each as narrow as IAM allows or with its reason")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
