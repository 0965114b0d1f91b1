//! One look of every service and protocol under every fault.

use crate::changes::{key, make_machine, make_table, tags};
use crate::claims::hold_read;
use crate::world::{aws, form, json, name, peer};
use capstan_core::ids::TenantId;
use capstan_core::ports::{
    Collections, Costs, DomainSettings, Domains, Effect, EndpointConfig, EndpointConfigs, EndpointScaling,
    GraphClusters, Inventory, ScalingRange, ServerlessCaches, Store, Streams, TagKey, Traffic, Workflows,
    Write,
};
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::Timestamp;
use serde_json::json;

/// Names of what is looked at: after those of the changes.
const NUMBER: usize = 99;

#[tokio::test]
async fn a_record() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    make_table(&peer).await;
    let name = name("record", NUMBER);
    let item = json!({"tenant_id": name, "version": 1}).as_object().unwrap().clone();
    let write = Write { key: key(&name), effect: Effect::Put(item), condition: None };
    aws(&peer).transact(vec![write]).await.unwrap();
    hold_read(&peer, "dynamodb GetItem", async |aws| aws.get(&key(&name)).await).await;
}

#[tokio::test]
async fn a_stream() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let name = name("stream", NUMBER);
    aws(&peer).create_stream(&name, Some(2), &tags()).await.unwrap();
    hold_read(&peer, "kinesis DescribeStreamSummary", async |aws| aws.stream(&name).await).await;
}

#[tokio::test]
async fn an_endpoint_configuration() {
    let Some(peer) = peer("MOTO_URL") else { return };
    let name = name("config", NUMBER);
    let model = json!({
        "ModelName": "m-read",
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/model",
        "PrimaryContainer": {"Image": "image"},
    });
    json(&peer, "sagemaker", "SageMaker.CreateModel", &model).await;
    let config = EndpointConfig {
        name: name.clone(),
        model: "m-read".to_owned(),
        instance_type: "ml.m5.large".to_owned(),
        initial_instances: 1,
        second_model: None,
    };
    aws(&peer).create_endpoint_config(&config, &tags()).await.unwrap();
    hold_read(&peer, "sagemaker DescribeEndpointConfig", async |aws| aws.endpoint_config(&name).await).await;
}

#[tokio::test]
async fn a_cache() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let name = name("cache", NUMBER);
    aws(&peer).create_serverless_cache(&name, 1_000, 5_000, &tags()).await.unwrap();
    hold_read(&peer, "elasticache DescribeServerlessCaches", async |aws| aws.serverless_cache(&name).await)
        .await;
}

#[tokio::test]
async fn a_graph() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let name = name("graph", NUMBER);
    aws(&peer).create_graph_cluster(&name, None, &tags()).await.unwrap();
    hold_read(&peer, "neptune DescribeDBClusters", async |aws| aws.graph_cluster(&name).await).await;
}

#[tokio::test]
async fn a_domain() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let name = name("domain", NUMBER);
    let settings =
        DomainSettings { instance_type: "r6g.large.search".to_owned(), instance_count: 1, ebs_gb: 100 };
    aws(&peer).create_domain(&name, &settings, &tags()).await.unwrap();
    hold_read(&peer, "opensearch DescribeDomain", async |aws| aws.domain(&name).await).await;
}

#[tokio::test]
async fn a_collection() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let name = name("vectors", NUMBER);
    aws(&peer).create_collection(&name, &tags()).await.unwrap();
    hold_read(&peer, "opensearchserverless BatchGetCollection", async |aws| aws.collection(&name).await)
        .await;
}

#[tokio::test]
async fn an_execution() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    make_machine(&peer).await;
    let name = name("execution", NUMBER);
    aws(&peer).start(&name, &json!({})).await.unwrap();
    while aws(&peer).describe(&name).await.unwrap().unwrap().stopped_at.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    hold_read(&peer, "stepfunctions DescribeExecution", async |aws| aws.describe(&name).await).await;
    hold_read(&peer, "stepfunctions GetExecutionHistory", async |aws| aws.history(&name).await).await;
}

#[tokio::test]
async fn a_range_of_instances() {
    let Some(peer) = peer("MOTO_URL") else { return };
    let name = name("scaling", NUMBER);
    let range = ScalingRange { min: 1, max: 4, scale_in_cooldown: 300 };
    aws(&peer).set_scaling(&name, range).await.unwrap();
    hold_read(&peer, "application-autoscaling DescribeScalableTargets", async |aws| aws.scaling(&name).await)
        .await;
}

/// Nothing measured is 0 connections, so that an answer which is none would let a store be deleted in the midst of its use.
#[tokio::test]
async fn how_much_a_stream_is_used() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let stream = ResourceRef { kind: ResourceKind::Stream, name: name("used", NUMBER) };
    let datum = format!(
        "Action=PutMetricData&Version=2010-08-01&Namespace=AWS/Kinesis&MetricData.member.1.MetricName=IncomingRecords\
         &MetricData.member.1.Value=7&MetricData.member.1.Dimensions.member.1.Name=StreamName\
         &MetricData.member.1.Dimensions.member.1.Value={}",
        stream.name
    );
    form(&peer, "monitoring", &datum, "RequestId").await;
    assert_eq!(aws(&peer).connections(&stream).await, Ok(7));
    hold_read(&peer, "cloudwatch GetMetricData", async |aws| aws.connections(&stream).await).await;
}

#[tokio::test]
async fn whose_resources_there_are() {
    let Some(peer) = peer("MOTO_URL") else { return };
    let name = name("tagged", NUMBER);
    let tenant = TenantId::parse("22222222-2222-4222-8222-222222222222").unwrap();
    let tags = [(TagKey::TenantId, tenant.to_string())].into();
    aws(&peer).create_graph_cluster(&name, None, &tags).await.unwrap();
    assert_eq!(aws(&peer).tagged(&tenant).await.unwrap().len(), 1);
    hold_read(&peer, "resourcegroupstaggingapi GetResources", async |aws| aws.tagged(&tenant).await).await;
}

#[tokio::test]
async fn what_was_spent() {
    let Some(peer) = peer("MOTO_URL") else { return };
    let tenant = TenantId::parse("11111111-1111-4111-8111-111111111111").unwrap();
    let now = Timestamp::from_millis(1_790_000_000_000);
    hold_read(&peer, "ce GetCostAndUsage", async |aws| aws.month_to_date(&tenant, now).await).await;
}
