//! Account settings, bills, metrics, tags at birth.

use crate::script::{Script, json, json_refusal};
use capstan_core::ids::TenantId;
use capstan_core::money::Usd;
use capstan_core::ports::{CollectionLimits, Collections, Costs, Streams, TagKey, Tags, Traffic};
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::Timestamp;
use serde_json::{Value, json};

#[tokio::test]
async fn the_accounts_limits_are_set_and_seen() {
    let limits = json!({ "maxIndexingCapacityInOCU": 500, "maxSearchCapacityInOCU": 502 });
    let answer = json!({ "accountSettingsDetail": { "capacityLimits": limits } });
    let script =
        Script::new(vec![json("UpdateAccountSettings", &answer), json("GetAccountSettings", &answer)]).await;
    let wanted = CollectionLimits { max_indexing_ocus: 500, max_search_ocus: 502 };
    script.ports().set_collection_limits(wanted).await.unwrap();
    assert_eq!(script.sent_json("UpdateAccountSettings"), json!({ "capacityLimits": limits }));
    assert_eq!(script.ports().collection_limits().await, Ok(wanted));
}

fn tenant() -> TenantId {
    TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap()
}

fn month(amount: &str) -> Value {
    json!({
        "TimePeriod": { "Start": "2026-11-01", "End": "2026-11-22" },
        "Total": { "UnblendedCost": { "Amount": amount, "Unit": "USD" } },
        "Groups": [],
        "Estimated": true,
    })
}

#[tokio::test]
async fn a_bill_is_summed_over_its_pages() {
    let script = Script::new(vec![
        json("GetCostAndUsage", &json!({ "NextPageToken": "more", "ResultsByTime": [month("350.105")] })),
        json("GetCostAndUsage", &json!({ "ResultsByTime": [month("0.895")] })),
    ])
    .await;
    let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
    assert_eq!(script.ports().month_to_date(&tenant(), now).await, Ok(Usd::dollars(351)));
    let sent = script.sent_json("GetCostAndUsage");
    assert_eq!(sent["TimePeriod"], json!({ "Start": "2026-11-01", "End": "2026-11-22" }));
    assert_eq!(sent["Filter"]["Tags"], json!({ "Key": "TenantId", "Values": [tenant().as_str()] }));
    let second: Value = serde_json::from_str(&script.sent("GetCostAndUsage")[1]).unwrap();
    assert_eq!(second["NextPageToken"], "more");
}

#[tokio::test]
async fn what_is_not_billed_yet_cost_nothing() {
    let refusal = json_refusal("GetCostAndUsage", 400, "DataUnavailableException", "Data is not available.");
    let script = Script::new(vec![refusal]).await;
    let now = Timestamp::parse("2026-11-01T00:10:00Z").unwrap();
    assert_eq!(script.ports().month_to_date(&tenant(), now).await, Ok(Usd::ZERO));
}

#[tokio::test]
async fn what_is_searched_for_is_held_against_the_name() {
    let series = |label: &str, values: &[f64]| json!({ "Id": "m", "Label": label, "Values": values, "StatusCode": "Complete" });
    for (kind, results, used) in [
        (ResourceKind::Domain, vec![series("n", &[3.0, 7.5]), series("n-2", &[90.0])], 8),
        (ResourceKind::Collection, vec![series("n", &[1.0])], 1),
        (
            ResourceKind::CacheGroup,
            vec![series("n-001", &[4.0]), series("n-002", &[5.0]), series("nn-001", &[9.0])],
            9,
        ),
        (ResourceKind::GraphCluster, vec![], 0),
    ] {
        let script = Script::new(vec![json("GetMetricData", &json!({ "MetricDataResults": results }))]).await;
        let resource = ResourceRef { kind, name: "n".to_owned() };
        assert_eq!(script.ports().connections(&resource).await, Ok(used), "{kind}");
    }
}

#[tokio::test]
async fn a_stream_is_born_with_its_tags() {
    let script = Script::new(vec![json("CreateStream", &json!({}))]).await;
    let tags = Tags::from([(TagKey::Tier, "DEV".to_owned())]);
    script.ports().create_stream("s", None, &tags).await.unwrap();
    let expected = json!({
        "StreamName": "s", "StreamModeDetails": { "StreamMode": "ON_DEMAND" }, "Tags": { "Tier": "DEV" },
    });
    assert_eq!(script.sent_json("CreateStream"), expected);
}
