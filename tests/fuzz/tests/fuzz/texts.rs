//! What is written by hand: the template, faults, ids, times, edits of configurations.

use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::tier::{Role, Tier, TierConfig, edit};
use capstan_core::time::Timestamp;
use capstan_fuzz::Edits;
use capstan_tests::workspace;
use local::System;
use local::functions::registry;
use local::template::Source;
use serde_json::{Value, json};
use sim::{Fault, SharedWorld, WorldConfig};
use std::path::PathBuf;

thread_local! {
    static TEMPLATE: (String, PathBuf) = {
        // A folder of each thread, beside the definition that the template names.
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz-template");
        std::fs::create_dir_all(folder.join("statemachine")).expect("a folder");
        let definition = "statemachine/tier-transition.asl.json";
        std::fs::copy(workspace::root().join(definition), folder.join(definition)).expect("a copy");
        (workspace::text("template.yaml"), folder.join("template.yaml"))
    };
}

/// A template is read, or it is said where it is wrong; what is read makes a system, or it is said what does not fit.
pub(crate) fn template(mut edits: Edits<'_>) {
    TEMPLATE.with(|(whole, file)| {
        let mut text = whole.clone();
        if edits.byte().is_multiple_of(4) {
            text = edits.text(&text);
        } else {
            let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
            for _ in 0..=edits.byte() % 3 {
                let at = edits.below(lines.len());
                lines[at] = edits.text(&lines[at]);
            }
            text = lines.join("\n");
        }
        std::fs::write(file, &text).expect("written");
        let parameters = local::issuer::parameters();
        super::in_time("a template", || match Source::File(file.clone()).read(&parameters) {
            Err(error) => assert!(error.to_string().contains("template.yaml"), "{error}"),
            Ok(description) => {
                let world = SharedWorld::in_memory(WorldConfig::default());
                if let Err(error) = System::new(description, registry(), world) {
                    assert!(!error.to_string().is_empty());
                }
            }
        });
    });
}

/// A fault that is read is written as it is read.
pub(crate) fn fault(mut edits: Edits<'_>) {
    const FAULTS: [&str; 6] = [
        "opensearch:CreateDomain:1:throttled",
        "kinesis:UpdateShardCount:*:error",
        "*:*:@37:crash-after",
        "sagemaker:CreateEndpoint:1:slow=20",
        "neptune:CreateDBInstance:1:denied",
        "store:*:*:timeout-after",
    ];
    let mut text = FAULTS[edits.below(FAULTS.len())].to_owned();
    for _ in 0..edits.byte() % 3 {
        text = edits.text(&text);
    }
    if let Ok(fault) = text.parse::<Fault>() {
        let again: Fault =
            fault.to_string().parse().unwrap_or_else(|error| panic!("{text} became {fault}: {error}"));
        assert_eq!(again, fault, "{text}");
    }
}

/// Ids, times, tiers and roles that are read are written as they are read.
pub(crate) fn words(mut edits: Edits<'_>) {
    const WORDS: [&str; 5] = [
        "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b",
        "01a1fd22-3580-7169-92ee-72f3454f377d",
        "2026-11-21T08:15:10.000Z",
        "STAGING",
        "super_admin",
    ];
    let mut text = WORDS[edits.below(WORDS.len())].to_owned();
    for _ in 0..edits.byte() % 3 {
        text = edits.text(&text);
    }
    if let Ok(id) = TenantId::parse(&text) {
        assert_eq!(TenantId::parse(&id.to_string()).expect("again"), id);
    }
    if let Ok(id) = TransitionId::parse(&text) {
        assert_eq!(TransitionId::parse(&id.to_string()).expect("again"), id);
    }
    if let Some(at) = Timestamp::parse(&text) {
        assert_eq!(Timestamp::parse(&at.to_string()), Some(at), "{text}");
    }
    assert!(Tier::parse(&text).is_none_or(|tier| tier.to_string() == text));
    assert!(Role::parse(&text).is_none_or(|role| role.as_str() == text));
}

/// An edit is taken or every wrong field is named; what comes of it can be stored, and edited again.
pub(crate) fn config_edit(mut edits: Edits<'_>) {
    let tier = Tier::ALL[edits.below(3)];
    let config = TierConfig::default_for(tier);
    let mut whole: Value = json!({
        "sagemakerShadowSelfInstanceType": "ml.g5.2xlarge", "sagemakerShadowSelfMinInstances": 1, "sagemakerShadowSelfMaxInstances": 2,
        "sagemakerShadowSelfScaleToZero": false, "opensearchInstanceType": "r6g.large", "opensearchInstanceCount": 2,
        "budgetMonthlyCuriosityLimit": 200.5, "budgetDailyExplorationCap": 3
    });
    if edits.byte().is_multiple_of(2) {
        // What belongs together alone is taken more often.
        whole = json!({"sagemakerShadowSelfMinInstances": 1, "sagemakerShadowSelfMaxInstances": 2});
    }
    while edits.more() {
        edits.document(&mut whole);
    }
    let Value::Object(fields) = whole else { return };
    match edit::apply(tier, &config, &fields) {
        Err(errors) => {
            assert!(!errors.is_empty() && errors.iter().all(|error| error.field.chars().count() <= 64));
        }
        Ok(edited) => {
            let read: TierConfig = serde_json::from_value(json!(edited)).expect("it can be stored");
            assert_eq!(read, edited);
            assert_eq!(edit::apply(tier, &edited, &fields).expect("the same edit again"), edited);
        }
    }
}
