//! Which actions of IAM a call of the simulated cloud takes in the real one.
//!
//! What the adapters call is in the table of operations of the crate `conformance`. Here is what a service wants of its
//! caller beside that, for what it does itself in the caller's name.

use conformance::operations::METHODS;
use std::collections::BTreeSet;

/// By operation, what the service does with its caller's rights.
const BESIDE: &[(&str, &str, &[&str])] = &[
    // Application Auto Scaling looks at the endpoint, changes it, and makes the alarms of its policy.
    (
        "application-autoscaling",
        "RegisterScalableTarget",
        &[
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:DeleteAlarms",
            "iam:CreateServiceLinkedRole",
            "sagemaker:DescribeEndpoint",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:UpdateEndpointWeightsAndCapacities",
        ],
    ),
    ("application-autoscaling", "DeregisterScalableTarget", &["cloudwatch:DeleteAlarms"]),
    // The first of its kind in an account makes the service's role.
    ("opensearchserverless", "CreateCollection", &["iam:CreateServiceLinkedRole"]),
    ("elasticache", "CreateReplicationGroup", &["iam:CreateServiceLinkedRole"]),
    ("neptune", "CreateDBCluster", &["iam:CreateServiceLinkedRole"]),
    // A serverless cache is reached by an endpoint in the VPC.
    (
        "elasticache",
        "CreateServerlessCache",
        &[
            "iam:CreateServiceLinkedRole",
            "ec2:CreateVpcEndpoint",
            "ec2:CreateTags",
            "ec2:DescribeVpcs",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
        ],
    ),
];

/// The actions behind an operation of the simulated cloud; `kind` tells whose tags are meant. `None` if the table does
/// not have it.
pub(crate) fn of(service: &str, operation: &str, kind: &str) -> Option<BTreeSet<&'static str>> {
    let tagging = matches!(operation, "TagResources" | "UntagResources");
    let mut methods = METHODS
        .iter()
        .filter(|method| {
            method.simulated.iter().any(|known| known.service() == service && known.name() == operation)
        })
        .peekable();
    methods.peek()?;
    let calls = methods.flat_map(|method| method.calls);
    // A method that has several of these in the simulation has several calls too, of which one is made.
    let calls = calls.filter(|call| {
        let one_of_many =
            ["IncreaseReplicaCount", "DecreaseReplicaCount", "ModifyReplicationGroupShardConfiguration"];
        let other = one_of_many.contains(&call.operation) && call.operation != operation;
        // Whoever sets a capacity alone needs no more than that.
        let more = kind == "capacity" && call.operation != operation;
        !other && !more && (!tagging || Some(call.service) == service_of(kind))
    });
    let beside = BESIDE.iter().filter(|(of, name, _)| *of == service && *name == operation);
    Some(calls.flat_map(|call| call.actions).chain(beside.flat_map(|(_, _, more)| *more)).copied().collect())
}

/// The service that a kind of resource belongs to. A tagging that was refused touched nothing, so of what kind it was is
/// not known, and it tells nothing.
fn service_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "endpoint" => "sagemaker",
        "domain" => "opensearch",
        "collection" => "opensearchserverless",
        "cache-group" | "serverless-cache" => "elasticache",
        "graph-cluster" => "neptune",
        "stream" => "kinesis",
        _ => return None,
    })
}
