//! One change of every service and protocol under every fault.

use crate::claims::{Change, Told, refusal, told};
use crate::world::{ACCOUNT, aws, aws_with, form, json, peer};
use capstan_core::ids::TenantId;
use capstan_core::ports::{
    CloudErrorKind, Collections, Condition, DomainSettings, Domains, Effect, EndpointConfig, EndpointConfigs,
    EndpointScaling, GraphClusters, Key, Notice, NoticeKind, Notifier, ScalingRange, ServerlessCaches, Store,
    Streams, Table, TagKey, Tags, Workflows, Write,
};
use conformance::proxy::{Fault, Proxy};
use serde_json::json;

pub(crate) fn tags() -> Tags {
    [(TagKey::TenantId, "faults".to_owned()), (TagKey::ManagedBy, "capstan".to_owned())].into()
}

pub(crate) fn key(name: &str) -> Key {
    Key { table: Table::InfrastructureTier, partition: name.to_owned(), sort: String::new() }
}

fn put(name: &str, version: u64, condition: Condition) -> Vec<Write> {
    let item = json!({"tenant_id": name, "version": version}).as_object().unwrap().clone();
    vec![Write { key: key(name), effect: Effect::Put(item), condition: Some(condition) }]
}

/// Makes the table; there already is fine.
pub(crate) async fn make_table(peer: &str) {
    let body = json!({
        "TableName": format!("{}-faults", Table::InfrastructureTier.name()),
        "AttributeDefinitions": [{"AttributeName": "tenant_id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "tenant_id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    });
    json(peer, "dynamodb", "DynamoDB_20120810.CreateTable", &body).await;
}

/// Makes the state machine; there already is fine.
pub(crate) async fn make_machine(peer: &str) {
    let definition = json!({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}).to_string();
    let body = json!({
        "name": "capstan-faults",
        "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/machine"),
        "definition": definition,
    });
    json(peer, "states", "AWSStepFunctions.CreateStateMachine", &body).await;
}

#[tokio::test]
async fn a_transaction() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    make_table(&peer).await;
    // Written only where nothing is: a second time would be refused, so that a success is exactly one.
    let change = Change::new(&peer, "put", "dynamodb TransactWriteItems");
    let made = async |name: &str| usize::from(aws(&peer).get(&key(name)).await.unwrap().is_some());
    change.hold(async |url, name| told(aws(url).transact(put(name, 1, Condition::Absent)).await), made).await;
    // The same with a version: what the runbooks' records do.
    let change = Change::new(&peer, "version", "dynamodb TransactWriteItems");
    let moved = async |name: &str| {
        let item = aws(&peer).get(&key(name)).await.unwrap().unwrap();
        usize::from(item["version"] == 2)
    };
    let write = async |url: &str, name: &str| {
        aws(&peer).transact(put(name, 1, Condition::Absent)).await.unwrap();
        told(aws(url).transact(put(name, 2, Condition::VersionIs(1))).await)
    };
    change.hold(write, moved).await;
}

#[tokio::test]
async fn an_execution() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    make_machine(&peer).await;
    let started = async |name: &str| usize::from(aws(&peer).describe(name).await.unwrap().is_some());
    let start =
        async |url: &str, name: &str| told(aws(url).start(name, &json!({"transitionId": name})).await);
    Change::new(&peer, "execution", "stepfunctions StartExecution").hold(start, started).await;
}

pub(crate) fn notice(body: &str) -> Notice {
    Notice {
        kind: NoticeKind::Stuck,
        tenant_id: TenantId::parse("11111111-1111-4111-8111-111111111111").ok(),
        subject: "A change is stuck".to_owned(),
        body: body.to_owned(),
    }
}

/// At least once: word said twice is no harm, and the port says so.
#[tokio::test]
async fn a_notice() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let publish = async |url: &str, name: &str| {
        let topic = form(&peer, "sns", &format!("Action=CreateTopic&Name={name}"), "TopicArn").await;
        let queue = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}");
        form(&peer, "sqs", &format!("Action=CreateQueue&QueueName={name}"), "QueueUrl").await;
        let subscribe = format!("Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={queue}");
        form(&peer, "sns", &subscribe, "SubscriptionArn").await;
        told(aws_with(url, &[("ALERT_TOPIC_ARN", &topic)]).notify(&notice(name)).await)
    };
    let arrived = async |name: &str| {
        let url = format!("{peer}/{ACCOUNT}/{name}");
        let ask =
            format!("Action=GetQueueAttributes&QueueUrl={url}&AttributeName.1=ApproximateNumberOfMessages");
        form(&peer, "sqs", &ask, "Value").await.parse().unwrap()
    };
    let change = Change { may_repeat: true, ..Change::new(&peer, "notice", "sns Publish") };
    change.hold(publish, arrived).await;
}

#[tokio::test]
async fn a_stream() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let there = async |name: &str| usize::from(aws(&peer).stream(name).await.unwrap().is_some());
    let create = async |url: &str, name: &str| told(aws(url).create_stream(name, Some(1), &tags()).await);
    Change::new(&peer, "stream", "kinesis CreateStream").hold(create, there).await;
}

#[tokio::test]
async fn a_deletion() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let gone = async |name: &str| usize::from(aws(&peer).stream(name).await.unwrap().is_none());
    let delete = async |url: &str, name: &str| {
        aws(&peer).create_stream(name, Some(1), &tags()).await.unwrap();
        told(aws(url).delete_stream(name).await)
    };
    Change::new(&peer, "deletion", "kinesis DeleteStream").hold(delete, gone).await;
}

#[tokio::test]
async fn an_endpoint_configuration() {
    let Some(peer) = peer("MOTO_URL") else { return };
    let model = json!({
        "ModelName": "m",
        "ExecutionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/model"),
        "PrimaryContainer": {"Image": "image"},
    });
    json(&peer, "sagemaker", "SageMaker.CreateModel", &model).await;
    let config = |name: &str| EndpointConfig {
        name: name.to_owned(),
        model: "m".to_owned(),
        instance_type: "ml.m5.large".to_owned(),
        initial_instances: 1,
        second_model: None,
    };
    let there = async |name: &str| usize::from(aws(&peer).endpoint_config(name).await.unwrap().is_some());
    let create =
        async |url: &str, name: &str| told(aws(url).create_endpoint_config(&config(name), &tags()).await);
    Change::new(&peer, "config", "sagemaker CreateEndpointConfig").hold(create, there).await;
}

#[tokio::test]
async fn a_cache() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let there = async |name: &str| usize::from(aws(&peer).serverless_cache(name).await.unwrap().is_some());
    let create = async |url: &str, name: &str| {
        told(aws(url).create_serverless_cache(name, 1_000, 5_000, &tags()).await)
    };
    Change::new(&peer, "cache", "elasticache CreateServerlessCache").hold(create, there).await;
}

#[tokio::test]
async fn a_graph() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let there = async |name: &str| usize::from(aws(&peer).graph_cluster(name).await.unwrap().is_some());
    let create = async |url: &str, name: &str| told(aws(url).create_graph_cluster(name, None, &tags()).await);
    Change::new(&peer, "graph", "neptune CreateDBCluster").hold(create, there).await;
}

#[tokio::test]
async fn a_domain() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let settings =
        DomainSettings { instance_type: "r6g.large.search".to_owned(), instance_count: 1, ebs_gb: 100 };
    let there = async |name: &str| usize::from(aws(&peer).domain(name).await.unwrap().is_some());
    let create = async |url: &str, name: &str| told(aws(url).create_domain(name, &settings, &tags()).await);
    let path = Some("POST /2021-01-01/opensearch/domain");
    let change = Change { path, ..Change::new(&peer, "domain", "opensearch CreateDomain") };
    change.hold(create, there).await;
}

#[tokio::test]
async fn a_collection_after_its_policies() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let there = async |name: &str| usize::from(aws(&peer).collection(name).await.unwrap().is_some());
    let create = async |url: &str, name: &str| told(aws(url).create_collection(name, &tags()).await);
    let change =
        Change { half_done: true, ..Change::new(&peer, "vectors", "opensearchserverless CreateCollection") };
    change.hold(create, there).await;
}

const RANGE: ScalingRange = ScalingRange { min: 1, max: 4, scale_in_cooldown: 300 };

#[tokio::test]
async fn a_scalable_target() {
    let Some(peer) = peer("MOTO_URL") else { return };
    let there = async |name: &str| usize::from(aws(&peer).scaling(name).await.unwrap().is_some());
    let set = async |url: &str, name: &str| told(aws(url).set_scaling(name, RANGE).await);
    Change::new(&peer, "scaling", "application-autoscaling RegisterScalableTarget").hold(set, there).await;
}

/// The target is there by then, so that "slow down" about its policy must not be taken for "nothing happened".
#[tokio::test]
async fn a_range_whose_second_half_is_refused() {
    let Some(peer) = peer("MOTO_URL") else { return };
    let proxy = Proxy::start(&peer);
    proxy.always_for("PutScalingPolicy", Fault::Throttle);
    let error = refusal(aws(proxy.url()).set_scaling("half", RANGE).await);
    assert_eq!(error.kind, CloudErrorKind::Unknown, "{error}");
    assert!(aws(&peer).scaling("half").await.unwrap().is_some());
    let Told::Done = told(aws(&peer).set_scaling("half", RANGE).await) else { panic!("it can be repeated") };
    assert_eq!(aws(&peer).scaling("half").await.unwrap(), Some(RANGE));
}
