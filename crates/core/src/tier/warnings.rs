//! What a plan says to people: one line a service, and what must be known before confirming.

use super::plan::{NamedSpec, PlanInput, Verb, Warning};
use super::request::is_costly;
use super::{Action, Desired, Direction, ResourceKind, Spec, Tier, prices, timing};
use crate::time::Timestamp;

fn warning(code: &str, message: String) -> Warning {
    Warning { code: code.to_owned(), message }
}

/// Warnings of the change as a whole.
pub(super) fn of_change(input: &PlanInput<'_>) -> Vec<Warning> {
    let (from_tier, from) = input.from;
    let (to_tier, to) = input.to;
    let mut warnings = Vec::new();
    let (before, after) = (from.estimated_monthly_cost(from_tier), to.estimated_monthly_cost(to_tier));
    if to_tier == Tier::Production || is_costly(to_tier, after) {
        warnings.push(warning(
            "COST",
            format!("{to_tier} costs about {after} a month; {from_tier} costs about {before}"),
        ));
    }
    if from_tier == Tier::Production {
        warnings.push(warning(
            "CAPACITY",
            format!("{to_tier} does not carry production traffic: capacity falls to that of {to_tier}"),
        ));
    }
    if from.bedrock_model_units != to.bedrock_model_units {
        warnings.push(warning(
            "BEDROCK_BY_HAND",
            format!(
                "Bedrock provisioned throughput ({} model units after {}) is bought by commitment and not changed here",
                to.bedrock_model_units, from.bedrock_model_units
            ),
        ));
    }
    if from.dynamodb_regions != to.dynamodb_regions {
        warnings.push(warning(
            "DYNAMODB_BY_HAND",
            format!(
                "DynamoDB replicas are not changed here; {to_tier} is meant to have {}",
                to.dynamodb_regions.join(", ")
            ),
        ));
    }
    if input.direction == Direction::ScalingDown {
        warnings.push(warning(
            "DRAIN",
            format!(
                "the application is asked to drain before capacity is taken away; connections left after {} seconds are cut",
                timing::LONGEST_DRAIN.as_seconds_ceil()
            ),
        ));
    }
    warnings
}

/// Warnings of one service's actions.
pub(super) fn of_actions(input: &PlanInput<'_>, actions: &[Action]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for action in actions {
        match (&action.before, &action.after) {
            (Desired::Serving { .. }, Desired::Retired { spec, delete_after, .. }) => {
                warnings.push(not_carried_over(action, spec, *delete_after));
            }
            (Desired::Serving { .. }, Desired::Absent) => warnings.push(warning(
                "ENDPOINT_AT_ZERO",
                format!(
                    "{} is deleted: {} rests at zero instances, which a SageMaker endpoint can't. Edit sagemakerShadowSelfMinInstances to 1 to keep one",
                    action.resource.name, input.to.0
                ),
            )),
            (Desired::Absent, Desired::Serving { spec: Spec::Collection { max_ocus, .. }, .. }) => {
                warnings.push(warning(
                    "ACCOUNT_OCU_LIMIT",
                    format!(
                        "OCU limits belong to the account, not the collection: the account's is raised to at least {max_ocus} for indexing and for search, and never lowered here"
                    ),
                ));
            }
            (Desired::Serving { spec: before, .. }, Desired::Serving { spec: after, .. }) => {
                warnings.extend(in_place(action, before, after));
            }
            _ => {}
        }
    }
    warnings
}

fn not_carried_over(action: &Action, spec: &Spec, delete_after: Timestamp) -> Warning {
    let what = match action.resource.kind {
        ResourceKind::Domain | ResourceKind::Collection => {
            "its vectors are not copied: index them again into the new store"
        }
        ResourceKind::CacheGroup | ResourceKind::ServerlessCache => {
            "its entries are not copied: the new cache starts cold"
        }
        _ => "its data is not copied",
    };
    let daily = prices::hourly(spec).times(24.0);
    let snapshot = match action.resource.kind {
        ResourceKind::Domain | ResourceKind::Collection => {
            "then deleted, without a final snapshot: OpenSearch offers none"
        }
        _ => "then deleted with a final snapshot",
    };
    warning(
        "DATA_NOT_CARRIED_OVER",
        format!(
            "{} {} is replaced; {what}. It is kept until {delete_after} at {daily} a day, {snapshot}",
            action.resource.kind, action.resource.name
        ),
    )
}

fn in_place(action: &Action, before: &Spec, after: &Spec) -> Option<Warning> {
    let name = &action.resource.name;
    match (before, after) {
        (Spec::GraphServerless(_), Spec::GraphProvisioned { .. })
        | (Spec::GraphProvisioned { .. }, Spec::GraphServerless(_)) => Some(warning(
            "GRAPH_FAILOVER",
            format!(
                "{name} switches inside its cluster: the data stays, writes pause for about half a minute while it fails over"
            ),
        )),
        (Spec::StreamOnDemand, Spec::StreamProvisioned { .. })
        | (Spec::StreamProvisioned { .. }, Spec::StreamOnDemand) => Some(warning(
            "STREAM_MODE_SWITCH",
            format!(
                "{name} switches its capacity mode, which Kinesis allows twice in 24 hours; one of them is kept for undoing"
            ),
        )),
        _ => None,
    }
}

pub(super) fn mode_kept(name: &str, until: Timestamp) -> Warning {
    warning(
        "STREAM_MODE_KEPT",
        format!(
            "{name} keeps its capacity mode: it was switched within the last 24 hours, and one switch is kept for undoing. The next change after {until} switches it"
        ),
    )
}

pub(super) fn shards_kept(name: &str, until: Timestamp) -> Warning {
    warning(
        "STREAM_SHARDS_KEPT",
        format!(
            "{name} keeps its shards: Kinesis takes ten changes of them in 24 hours, and too few are left to go there and, if it fails, back. The next change after {until} changes them"
        ),
    )
}

/// One line about a service.
pub(super) fn summary(
    verb: Verb,
    from: Option<&NamedSpec>,
    to: Option<&NamedSpec>,
    actions: &[Action],
) -> String {
    let shape = |side: Option<&NamedSpec>| side.map_or_else(|| "nothing".to_owned(), |it| describe(&it.spec));
    let name = to.or(from).map_or("", |it| it.name.as_str());
    match verb {
        Verb::Create => format!("make {name}: {}", shape(to)),
        Verb::Resize => format!("resize {name}: {} → {}", shape(from), shape(to)),
        Verb::Switch if actions.len() > 1 => {
            let old = from.map_or("", |it| it.name.as_str());
            format!(
                "replace {old} ({}) by {name} ({}), keep the old one until its date",
                shape(from),
                shape(to)
            )
        }
        Verb::Switch => format!("switch {name} in place: {} → {}", shape(from), shape(to)),
        Verb::Retire => format!("delete {name} ({})", shape(from)),
        Verb::Keep => format!("keep {name}: {}", shape(to)),
    }
}

/// A shape in a few words.
pub fn describe(spec: &Spec) -> String {
    #[expect(
        clippy::cast_lossless,
        reason = "f64::from is not const-friendly in a closure; u32 fits exactly"
    )]
    let ncu = |milli: u32| milli as f64 / 1e3;
    match spec {
        Spec::Endpoint { instance_type, min, max, .. } => format!("{instance_type} × {min}–{max}"),
        Spec::Domain(domain) => {
            format!("{} × {}, {} GB", domain.instance_type, domain.instance_count, domain.ebs_gb)
        }
        Spec::Collection { min_ocus, max_ocus } => format!("serverless, {min_ocus}–{max_ocus} OCU"),
        Spec::CacheGroup(group) => {
            let mode = if group.cluster_mode { ", cluster mode" } else { "" };
            format!("{} × {}{mode}", group.node_type, group.nodes)
        }
        Spec::ServerlessCache { min_ecpu, max_ecpu } => format!("serverless, {min_ecpu}–{max_ecpu} ECPU/s"),
        Spec::GraphServerless(range) => {
            format!("serverless, {}–{} NCU", ncu(range.min_milli_ncu), ncu(range.max_milli_ncu))
        }
        Spec::GraphProvisioned { class, instances } => format!("{class} × {instances}"),
        Spec::StreamOnDemand => "on demand".to_owned(),
        Spec::StreamProvisioned { shards } => format!("{shards} shards"),
    }
}
