//! `SageMaker` endpoints on their way, and Application Auto Scaling.

use crate::script::{Line, Script, json, json_refusal};
use capstan_core::ports::{EndpointScaling, EndpointStatus, Endpoints, TagKey};
use serde_json::json;

const ARN: &str = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e";

fn tags() -> Line {
    json(
        "ListTags",
        &json!({ "Tags": [{ "Key": "Tier", "Value": "STAGING" }, { "Key": "Other", "Value": "o" }] }),
    )
}

fn described(status: &str, pending: bool) -> Line {
    let mut body = json!({
        "EndpointName": "e",
        "EndpointArn": ARN,
        "EndpointConfigName": "old",
        "ProductionVariants": [{
            "VariantName": "AllTraffic", "CurrentWeight": 1.0, "DesiredWeight": 1.0,
            "CurrentInstanceCount": 2, "DesiredInstanceCount": 2,
        }],
        "EndpointStatus": status,
        "CreationTime": 1_767_225_600.0,
        "LastModifiedTime": 1_767_225_660.0,
    });
    if pending {
        body["PendingDeploymentSummary"] = json!({
            "EndpointConfigName": "new",
            "ProductionVariants": [{
                "VariantName": "AllTraffic", "CurrentInstanceCount": 0, "DesiredInstanceCount": 5,
                "InstanceType": "ml.g5.2xlarge",
            }],
            "StartTime": 1_767_225_660.0,
        });
    }
    json("DescribeEndpoint", &body)
}

#[tokio::test]
async fn an_endpoint_is_brought_to_another_configuration() {
    let script = Script::new(vec![
        json("UpdateEndpoint", &json!({ "EndpointArn": ARN })),
        described("Updating", true),
        described("InService", false),
        tags(),
    ])
    .await;
    script.ports().update_endpoint("e", "new").await.unwrap();
    assert_eq!(
        script.sent_json("UpdateEndpoint"),
        json!({ "EndpointName": "e", "EndpointConfigName": "new" })
    );
    let during = script.ports().endpoint("e").await.unwrap().unwrap();
    assert_eq!(during.status, EndpointStatus::Updating);
    assert_eq!(during.config_name, "new", "what it is being brought to");
    assert_eq!((during.current_instances, during.desired_instances), (2, 5));
    assert_eq!(during.tags.into_iter().collect::<Vec<_>>(), [(TagKey::Tier, "STAGING".to_owned())]);
    let after = script.ports().endpoint("e").await.unwrap().unwrap();
    assert_eq!((after.status, after.desired_instances), (EndpointStatus::InService, 2));
}

#[tokio::test]
async fn every_status_of_the_api_has_one_of_ours() {
    for (theirs, ours) in [
        ("Creating", EndpointStatus::Creating),
        ("InService", EndpointStatus::InService),
        ("Updating", EndpointStatus::Updating),
        ("SystemUpdating", EndpointStatus::Updating),
        ("RollingBack", EndpointStatus::Updating),
        ("Deleting", EndpointStatus::Deleting),
        ("Failed", EndpointStatus::Failed),
        ("OutOfService", EndpointStatus::Failed),
        ("UpdateRollbackFailed", EndpointStatus::Failed),
    ] {
        let script = Script::new(vec![described(theirs, false), tags()]).await;
        assert_eq!(script.ports().endpoint("e").await.unwrap().unwrap().status, ours, "{theirs}");
    }
}

#[tokio::test]
async fn an_endpoint_that_goes_while_its_tags_are_asked_for_is_gone() {
    let gone =
        json_refusal("ListTags", 400, "ValidationException", &format!("Could not find endpoint \"{ARN}\"."));
    let script = Script::new(vec![described("Deleting", false), gone]).await;
    assert_eq!(script.ports().endpoint("e").await, Ok(None));
}

#[tokio::test]
async fn a_target_that_is_not_registered_is_removed_all_the_same() {
    let refusal = json_refusal(
        "DeregisterScalableTarget",
        400,
        "ObjectNotFoundException",
        "No scalable target found for service namespace: sagemaker, resource ID: endpoint/e/variant/AllTraffic, \
         scalable dimension: sagemaker:variant:DesiredInstanceCount",
    );
    let script = Script::new(vec![refusal]).await;
    assert_eq!(script.ports().remove_scaling("e").await, Ok(()));
}
