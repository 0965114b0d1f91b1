//! How each service says no on the wire, and what the adapters make of it. The words are those that users of the services
//! report.

use crate::script::{Line, Script, json_refusal, xml_refusal};
use aws::Aws;
use capstan_core::ports::CloudErrorKind::{AlreadyExists, Busy, Denied, Invalid, NotFound, Quota, Throttled};
use capstan_core::ports::{
    CacheGroups, CloudErrorKind, CloudResult, Collections, DomainSettings, Domains, EndpointScaling,
    Endpoints, GraphClusters, GraphInstances, ScalingRange, ServerlessCapacity, Streams, Tags, Workflows,
};
use serde_json::json;

async fn refused(line: Line, ask: impl AsyncFnOnce(&Aws) -> CloudResult<()>) -> CloudErrorKind {
    let what = format!("{line:?}");
    let script = Script::new(vec![line]).await;
    let error = ask(script.ports()).await.expect_err(&what);
    assert!(!error.message.is_empty(), "the service's words are kept: {what}");
    error.kind
}

#[tokio::test]
async fn sagemaker() {
    let update = "UpdateEndpoint";
    for (code, message, kind) in [
        (
            "ValidationException",
            "Cannot update in-progress endpoint \"arn:aws:sagemaker:x:1:endpoint/e\".",
            Busy,
        ),
        ("ValidationException", "Could not find endpoint \"arn:aws:sagemaker:x:1:endpoint/e\".", NotFound),
        (
            "ValidationException",
            "Could not find endpoint configuration \"arn:aws:sagemaker:x:1:endpoint-config/c\".",
            NotFound,
        ),
        (
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.g5.2xlarge for endpoint usage' is 4 Instances, with current utilization of 4 Instances and a request delta of 2 Instances.",
            Quota,
        ),
        (
            "AccessDeniedException",
            "User: arn:aws:sts::1:assumed-role/r is not authorized to perform: sagemaker:UpdateEndpoint",
            Denied,
        ),
    ] {
        let line = json_refusal(update, 400, code, message);
        assert_eq!(refused(line, async |aws| aws.update_endpoint("e", "c").await).await, kind, "{message}");
    }
    for (message, kind) in [
        ("Cannot update in-progress endpoint \"arn:aws:sagemaker:x:1:endpoint/e\".", Busy),
        (
            "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to \
             invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to \
             deregister the scalable target.",
            Denied,
        ),
    ] {
        let line = json_refusal("DeleteEndpoint", 400, "ValidationException", message);
        assert_eq!(refused(line, async |aws| aws.delete_endpoint("e").await).await, kind, "{message}");
    }
    let message = "Cannot create already existing endpoint \"arn:aws:sagemaker:x:1:endpoint/e\".";
    let line = json_refusal("CreateEndpoint", 400, "ValidationException", message);
    let create = async |aws: &Aws| aws.create_endpoint("e", "c", &Tags::new()).await;
    assert_eq!(refused(line, create).await, AlreadyExists);
    let message = "DesiredInstanceCount must be greater than or equal to 1";
    let line = json_refusal("UpdateEndpointWeightsAndCapacities", 400, "ValidationException", message);
    assert_eq!(refused(line, async |aws| aws.set_desired_instances("e", 0).await).await, Invalid);
}

#[tokio::test]
async fn application_auto_scaling() {
    let range = ScalingRange { min: 1, max: 2, scale_in_cooldown: 60 };
    for (code, message, kind) in [
        ("ValidationException", "Could not find endpoint: arn:aws:sagemaker:x:1:endpoint/e", NotFound),
        ("ValidationException", "Maximum capacity cannot be less than minimum capacity", Invalid),
        ("ConcurrentUpdateException", "You already have a pending update to an Auto Scaling resource.", Busy),
        ("LimitExceededException", "Maximum number of scalable targets reached", Quota),
    ] {
        let line = json_refusal("RegisterScalableTarget", 400, code, message);
        assert_eq!(refused(line, async |aws| aws.set_scaling("e", range).await).await, kind, "{message}");
    }
}

#[tokio::test]
async fn opensearch() {
    let settings =
        DomainSettings { instance_type: "t3.small.search".to_owned(), instance_count: 1, ebs_gb: 10 };
    let progress =
        "A change/update is in progress. Please wait for it to complete before requesting another change.";
    for (status, code, message, kind) in [
        (400, "ValidationException", progress, Busy),
        (409, "ResourceNotFoundException", "Domain not found: vectors", NotFound),
        (409, "LimitExceededException", "You've exceeded the limit of nodes", Quota),
        (400, "ValidationException", "1 validation error detected: Value at 'clusterConfig' failed", Invalid),
    ] {
        let line = json_refusal("POST /2021-01-01/opensearch/domain/vectors/config", status, code, message);
        let update = async |aws: &Aws| aws.update_domain("vectors", &settings).await;
        assert_eq!(refused(line, update).await, kind, "{message}");
    }
}

#[tokio::test]
async fn opensearch_serverless() {
    let found = json!({
        "collectionDetails": [{ "id": "07tjusf2h91cunochc", "name": "vectors", "status": "CREATING", "type": "VECTORSEARCH",
            "arn": "arn:aws:aoss:us-east-1:123456789012:collection/07tjusf2h91cunochc" }],
        "collectionErrorDetails": [],
    });
    let script = Script::new(vec![
        crate::script::json("BatchGetCollection", &found),
        json_refusal("DeleteCollection", 409, "ConflictException", "Collection is in CREATING state"),
    ])
    .await;
    assert_eq!(script.ports().delete_collection("vectors").await.unwrap_err().kind, Busy);
    let made = json!({ "securityPolicyDetail": { "name": "vectors", "type": "encryption" } });
    let access = json!({ "accessPolicyDetail": { "name": "vectors", "type": "data" } });
    for (status, code, kind) in [
        (409, "ConflictException", AlreadyExists),
        (400, "OcuLimitExceededException", Quota),
        (402, "ServiceQuotaExceededException", Quota),
    ] {
        let script = Script::new(vec![
            json_refusal(
                "CreateSecurityPolicy",
                409,
                "ConflictException",
                "Policy with name vectors already exists",
            ),
            crate::script::json("CreateSecurityPolicy", &made),
            crate::script::json("CreateAccessPolicy", &access),
            json_refusal("CreateCollection", status, code, "no"),
        ])
        .await;
        let error = script.ports().create_collection("vectors", &Tags::new()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
    }
}

#[tokio::test]
async fn elasticache() {
    for (status, code, message, kind) in [
        (
            400,
            "InvalidReplicationGroupState",
            "Replication group must be in available state to modify.",
            Busy,
        ),
        (404, "ReplicationGroupNotFoundFault", "ReplicationGroup g not found.", NotFound),
        (400, "InsufficientCacheClusterCapacity", "No capacity", Quota),
        (400, "InvalidParameterValue", "The node type is not supported", Invalid),
    ] {
        let line = xml_refusal("ModifyReplicationGroup", status, code, message);
        let modify = async |aws: &Aws| aws.set_node_type("g", "cache.r7g.xlarge").await;
        assert_eq!(refused(line, modify).await, kind, "{code}");
    }
    let line =
        xml_refusal("DeleteReplicationGroup", 400, "SnapshotAlreadyExistsFault", "Snapshot s already exists");
    assert_eq!(refused(line, async |aws| aws.delete_cache_group("g", Some("s")).await).await, AlreadyExists);
}

#[tokio::test]
async fn neptune() {
    let state = "InvalidDBClusterStateFault";
    for (status, code, message, kind) in [
        (
            400,
            state,
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            Invalid,
        ),
        (
            400,
            state,
            "Can't create a snapshot because the database cluster c isn't currently in the available state",
            Busy,
        ),
        (404, "DBClusterNotFoundFault", "DBCluster c not found.", NotFound),
        (
            400,
            "DBClusterSnapshotAlreadyExistsFault",
            "Cannot create the snapshot because one exists",
            AlreadyExists,
        ),
    ] {
        let line = xml_refusal("DeleteDBCluster", status, code, message);
        let delete = async |aws: &Aws| aws.delete_graph_cluster("c", Some("s")).await;
        assert_eq!(refused(line, delete).await, kind, "{message}");
    }
    let capacity = ServerlessCapacity { min_milli_ncu: 1_000, max_milli_ncu: 2_500 };
    let line = xml_refusal("ModifyDBCluster", 400, state, "Database cluster is not in available state");
    assert_eq!(refused(line, async |aws| aws.set_capacity("c", capacity).await).await, Busy);
    let line = xml_refusal(
        "DeleteDBInstance",
        400,
        "InvalidDBInstanceState",
        "Instance i is already being deleted.",
    );
    assert_eq!(refused(line, async |aws| aws.delete_graph_instance("c", "i").await).await, Busy);
}

#[tokio::test]
async fn kinesis() {
    let limit = "LimitExceededException";
    for (code, message, kind) in [
        (
            limit,
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 2 Target shard count: 5",
            Invalid,
        ),
        (
            "InvalidArgumentException",
            "UpdateShardCount cannot scale down below half your current open shard count.",
            Invalid,
        ),
        (limit, "Scaling operations are limited to 10 per 24 hours per stream", Quota),
        (
            limit,
            "This request would exceed the shard limit for the account 123456789012 in us-east-1.",
            Quota,
        ),
        (
            "ResourceInUseException",
            "Stream s under account 123456789012 not ACTIVE, instead in state UPDATING",
            Busy,
        ),
        ("ResourceNotFoundException", "Stream s under account 123456789012 not found.", NotFound),
        ("ValidationException", "This operation is not supported for streams in ON_DEMAND mode", Invalid),
    ] {
        let line = json_refusal("UpdateShardCount", 400, code, message);
        assert_eq!(refused(line, async |aws| aws.set_shards("s", 5).await).await, kind, "{message}");
    }
    let line = json_refusal(
        "CreateStream",
        400,
        "ResourceInUseException",
        "Stream s under account 1 already exists.",
    );
    let create = async |aws: &Aws| aws.create_stream("s", Some(1), &Tags::new()).await;
    assert_eq!(refused(line, create).await, AlreadyExists);
    // "Slow down" is tried again before it is told.
    let line =
        json_refusal("DeleteStream", 400, limit, "Rate exceeded for stream s under account 123456789012.");
    assert_eq!(refused(line, async |aws| aws.delete_stream("s").await).await, Throttled);
}

#[tokio::test]
async fn step_functions() {
    for (code, kind) in [
        ("ExecutionAlreadyExists", AlreadyExists),
        ("ExecutionLimitExceeded", Quota),
        ("InvalidName", Invalid),
        ("StateMachineDoesNotExist", Invalid),
        ("StateMachineDeleting", Busy),
    ] {
        let line = json_refusal("StartExecution", 400, code, "no");
        assert_eq!(refused(line, async |aws| aws.start("e", &json!({})).await).await, kind, "{code}");
    }
}
