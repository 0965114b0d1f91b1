//! Drills with the real functions, workflow and template.

use super::{Drill, Leg};
use crate::functions::registry;
use crate::template::Source;
use capstan_core::tier::Tier;
use serde_json::json;

fn drill(seed: u64) -> Drill {
    Drill::new(&Source::BuiltIn, &registry(), seed).unwrap()
}

fn path(seed: u64, tiers: &[Tier]) -> Vec<Leg> {
    let mut drill = drill(seed);
    let mut legs: Vec<Leg> = tiers.iter().map(|tier| drill.transition(*tier).unwrap()).collect();
    for leg in &mut legs {
        leg.wall_millis = 0.0;
    }
    legs
}

const THERE_AND_BACK: [Tier; 4] = [Tier::Staging, Tier::Production, Tier::Staging, Tier::Dev];

#[test]
fn there_and_back_leaves_nothing_and_ends_soon_after_its_slowest_resource() {
    for leg in path(1, &THERE_AND_BACK) {
        assert!(leg.good(), "{leg:?}");
        assert!(leg.slowest_resource_seconds > 0.0 && !leg.created.is_empty());
        assert!(leg.virtual_seconds <= leg.slowest_resource_seconds + 20.0, "{leg:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_drill() {
    assert_eq!(path(5, &THERE_AND_BACK), path(5, &THERE_AND_BACK));
    assert_ne!(path(5, &THERE_AND_BACK), path(6, &THERE_AND_BACK));
}

#[test]
fn a_change_that_fails_is_reported_as_undone() {
    let mut drill = drill(1);
    drill.misbehave(&["opensearch:CreateDomain:1:fails".parse().unwrap()]);
    let leg = drill.transition(Tier::Staging).unwrap();
    assert_eq!((leg.status.as_str(), leg.good()), ("ROLLED_BACK", false));
    assert!(leg.errors[0].contains("cato-vectors"), "{leg:?}");
    assert!(leg.created.iter().all(|one| leg.deleted.contains(one)) && leg.orphans.is_empty(), "{leg:?}");
    assert_eq!((drill.tier().unwrap(), leg.cost_before), (Tier::Dev, leg.cost_after));
}

#[test]
fn what_is_refused_is_reported_with_its_reasons() {
    let leg = drill(1).transition(Tier::Dev).unwrap();
    assert_eq!((leg.status.as_str(), leg.virtual_seconds), ("REJECTED", 0.0));
    assert!(!leg.errors.is_empty() && leg.created.is_empty());
}

#[test]
fn a_leg_in_json_has_the_fields_that_were_promised() {
    let leg = drill(1).transition(Tier::Staging).unwrap();
    let leg = json!(leg);
    let fields: Vec<&str> = leg.as_object().unwrap().keys().map(String::as_str).collect();
    let promised = [
        "changed",
        "costAfter",
        "costBefore",
        "created",
        "deleted",
        "errors",
        "from",
        "orphans",
        "retired",
        "slowestResourceSeconds",
        "status",
        "to",
        "virtualSeconds",
        "wallMillis",
    ];
    assert_eq!(fields, promised);
    assert_eq!((&leg["costBefore"], &leg["costAfter"]), (&json!(350), &json!(35000)));
}
