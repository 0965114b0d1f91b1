use crate::fake::{Fake, HOSTILE, Page, harmless};
use capstan_core::tier::{Tier, TierConfig};
use serde_json::{Value, json};

/// STAGING as the API shows it, at a version, with some fields otherwise.
fn staging(version: u64, fields: &Value) -> Value {
    let mut config = json!(TierConfig::default_for(Tier::Staging));
    config["tier"] = json!("STAGING");
    config["version"] = json!(version);
    config["estimatedMonthlyCost"] = json!(35_000);
    for (name, value) in fields.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

fn api(config: Value) -> Fake {
    Fake::of("admin").answers("GET", "/tier/configs/STAGING", 200, config)
}

/// What the form of a page sends, with some fields typed over.
fn sent<'a>(page: &'a Page, typed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = Vec::new();
    for tag in page.body.split('<').filter(|tag| tag.starts_with("input ")) {
        let of =
            |name: &str| tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next());
        fields.extend(of("name").zip(of("value")).filter(|(name, _)| !["formToken", "key"].contains(name)));
    }
    for select in page.body.split("<select ").skip(1) {
        let name = select.split_once("name=\"").unwrap().1.split('"').next().unwrap();
        let chosen = select.split("<option ").find(|option| option.contains(" selected")).unwrap();
        fields.push((name, chosen.split_once("value=\"").unwrap().1.split('"').next().unwrap()));
    }
    fields.retain(|(name, _)| typed.iter().all(|(other, _)| other != name));
    fields.extend(typed);
    fields
}

#[test]
fn the_form_has_what_is_saved_and_what_each_field_takes() {
    let page = api(staging(2, &json!({}))).get("/tier/configs/STAGING");
    page.has(&[
        r#"name="sagemakerShadowSelfMaxInstances" value="20" required step="1" min="1" max="500""#,
        r#"name="budgetMonthlyCuriosityLimit" value="5000" required step="0.01" min="0" max="1000000""#,
        r#"<option value="r6g.large.search" selected>"#,
        r#"<option value="false" selected>no"#,
        "curl -X PUT",
    ]);
    page.says(&["Configure STAGING", "Review the edit", "Kinesis: Shard count 5"]);
    let serverless = json!({"tier": "STAGING", "version": 0, "opensearchType": "serverless"});
    let page = api(serverless).get("/tier/configs/STAGING");
    assert!(!page.body.contains("opensearchInstanceCount"), "a field that it does not have");
}

#[test]
fn who_may_not_edit_sees_all_of_it_and_no_form() {
    let api = Fake::of("operator").answers("GET", "/tier/configs/STAGING", 200, staging(2, &json!({})));
    let page = api.get("/tier/configs/STAGING");
    page.says(&["It takes the role admin", "Shadow self max instances 20"]);
    assert!(!page.body.contains("/review"));
}

#[test]
fn an_edit_is_reviewed_with_its_cost_and_then_saved() {
    let api = api(staging(2, &json!({}))).answers("PUT", "/tier/configs/STAGING", 200, json!({"version": 3}));
    let form = api.get("/tier/configs/STAGING");
    let typed = [("sagemakerShadowSelfMinInstances", "4"), ("budgetDailyExplorationCap", "150.0")];
    let review = api.post("/tier/configs/STAGING/review", &sent(&form, &typed));
    assert_eq!((review.status, api.acts()), (200, vec![]));
    // As the API reckons the same edit: tests/tests/snapshots/tier-configs__edit-config.snap.
    review.says(&["$35,000 → $37,211.90", "$2,211.90 more a month", "Shadow self min instances 2 4"]);
    assert!(!review.text().contains("Daily exploration"), "150.0 is 150: {}", review.text());
    let done = api.post("/tier/configs/STAGING", &sent(&review, &[]));
    assert_eq!(done.location.as_deref(), Some("/console/tier/configs/STAGING?saved=3"));
    let act = &api.acts()[0];
    assert_eq!(
        (act.method.as_str(), &act.body),
        ("PUT", &json!({"version": 2, "sagemakerShadowSelfMinInstances": 4}))
    );
    api.get("/tier/configs/STAGING?saved=3").says(&["Saved. It takes effect with the next change"]);
}

#[test]
fn what_is_wrong_is_said_and_what_was_typed_stays() {
    let api = api(staging(2, &json!({})));
    let form = api.get("/tier/configs/STAGING");
    let typed = [("sagemakerShadowSelfMaxInstances", "501"), ("opensearchInstanceCount", HOSTILE)];
    let page = api.post("/tier/configs/STAGING/review", &sent(&form, &typed));
    assert_eq!(page.status, 422);
    page.has(&["501 is not a whole number from 1 to 500", r#"value="501""#]);
    harmless(&page);
    let none = api.post("/tier/configs/STAGING/review", &sent(&form, &[]));
    none.says(&["Nothing differs from what is saved."]);
    assert_eq!(api.acts(), vec![]);
}

#[test]
fn theirs_stands_next_to_yours_and_one_goes_on_from_it() {
    let theirs = staging(3, &json!({"sagemakerShadowSelfMaxInstances": 30}));
    let api = Fake::of("admin")
        .answers("GET", "/tier/configs/STAGING", 200, staging(2, &json!({})))
        .answers("GET", "/tier/configs/STAGING", 200, staging(2, &json!({})))
        .answers("GET", "/tier/configs/STAGING", 200, theirs)
        .answers(
            "PUT",
            "/tier/configs/STAGING",
            409,
            json!({"code": "STALE_VERSION", "detail": "read it again"}),
        );
    let form = api.get("/tier/configs/STAGING");
    let fields = sent(&form, &[("sagemakerShadowSelfMinInstances", "4")]);
    let review = api.post("/tier/configs/STAGING/review", &fields);
    // The other one saves now.
    let conflict = api.post("/tier/configs/STAGING", &sent(&review, &[]));
    assert_eq!(conflict.status, 409);
    conflict.says(&[
        "Nothing was saved.",
        "saved version 3",
        "Shadow self min instances 2 2 4",
        "Shadow self max instances 20 30 not changed",
    ]);
    let form = api.post("/tier/configs/STAGING/edit", &sent(&conflict, &[]));
    form.has(&[
        r#"name="version" value="3""#,
        r#"name="sagemakerShadowSelfMaxInstances" value="30""#,
        r#"name="sagemakerShadowSelfMinInstances" value="4""#,
        r#"name="was.sagemakerShadowSelfMinInstances" value="2""#,
    ]);
    // One that was begun before is told at its review already, and asks nothing of the API.
    let late = api.post("/tier/configs/STAGING/review", &fields);
    assert_eq!((late.status, api.acts().len()), (409, 1));
}

#[test]
fn a_tier_that_is_not_there_is_said_to_be_none() {
    let none = json!({"detail": "there is no such tier: the tiers are DEV, STAGING, PRODUCTION"});
    let api = Fake::of("admin").answers("GET", "/tier/configs/%3Cb%3E", 404, none);
    let page = api.get("/tier/configs/%3Cb%3E");
    assert_eq!(page.status, 404);
    page.says(&["there is no such tier"]);
    for path in ["/tier/configs/..", "/tier/configs/DEV/..", "/tier/configs/DEV/x"] {
        assert_eq!((api.get(path).status, api.asked().len()), (404, 1), "{path}");
    }
}
