//! Edits of a configuration: partial, checked field by field and then as a whole, all objections at once.

use super::config::{OpenSearchConfig, TierConfig};
use super::{Tier, prices};
use crate::money::Usd;
use serde::Serialize;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// The fields an operator may edit (facts page, "Editable, with ranges").
pub const EDITABLE: [&str; 8] = [
    "sagemakerShadowSelfInstanceType",
    "sagemakerShadowSelfMinInstances",
    "sagemakerShadowSelfMaxInstances",
    "sagemakerShadowSelfScaleToZero",
    "opensearchInstanceType",
    "opensearchInstanceCount",
    "budgetMonthlyCuriosityLimit",
    "budgetDailyExplorationCap",
];

const ENDPOINT_TYPES: [&str; 1] = ["ml.g5."];
const DOMAIN_TYPES: [&str; 2] = ["t3.", "r6g."];
const MIN_INSTANCES: RangeInclusive<u32> = 0..=500;
const MAX_INSTANCES: RangeInclusive<u32> = 1..=500;
const DOMAIN_INSTANCES: RangeInclusive<u32> = 1..=10;
/// USD.
const MOST_A_MONTH: u32 = 1_000_000;
/// USD.
const MOST_A_DAY: u32 = 10_000;

/// What an editable field takes by itself, for those who ask people for it. Whether fields fit each other, [`apply`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// A whole number of this range.
    Whole(RangeInclusive<u32>),
    /// USD from 0 to this many, in whole cents.
    Usd(u32),
    /// `true` or `false`.
    YesNo,
    /// One of these words.
    OneOf(Vec<&'static str>),
}

/// What a field takes; `None` if it is not one of [`EDITABLE`].
pub fn takes(field: &str) -> Option<Takes> {
    Some(match field {
        "sagemakerShadowSelfInstanceType" => Takes::OneOf(prices::instance_types(&ENDPOINT_TYPES)),
        "sagemakerShadowSelfMinInstances" => Takes::Whole(MIN_INSTANCES),
        "sagemakerShadowSelfMaxInstances" => Takes::Whole(MAX_INSTANCES),
        "sagemakerShadowSelfScaleToZero" => Takes::YesNo,
        "opensearchInstanceType" => Takes::OneOf(prices::instance_types(&DOMAIN_TYPES)),
        "opensearchInstanceCount" => Takes::Whole(DOMAIN_INSTANCES),
        "budgetMonthlyCuriosityLimit" => Takes::Usd(MOST_A_MONTH),
        "budgetDailyExplorationCap" => Takes::Usd(MOST_A_DAY),
        _ => return None,
    })
}

/// What is wrong with one field of an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl FieldError {
    fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.chars().take(64).collect(), message: message.into() }
    }
}

/// Applies an edit to a configuration. The edit holds fields of the API's names, without its `version`.
pub fn apply(
    tier: Tier,
    config: &TierConfig,
    edit: &Map<String, Value>,
) -> Result<TierConfig, Vec<FieldError>> {
    let mut edited = config.clone();
    let mut errors = Vec::new();
    if edit.is_empty() {
        errors.push(FieldError::new(
            "",
            format!("the edit changes nothing: give one of {}", EDITABLE.join(", ")),
        ));
    }
    for (field, value) in edit {
        if let Err(message) = apply_field(tier, &mut edited, field, value) {
            errors.push(FieldError::new(field, message));
        }
    }
    if errors.is_empty() {
        errors = inconsistencies(&edited);
    }
    if errors.is_empty() { Ok(edited) } else { Err(errors) }
}

fn apply_field(tier: Tier, config: &mut TierConfig, field: &str, value: &Value) -> Result<(), String> {
    let endpoint = &mut config.sagemaker;
    match field {
        "sagemakerShadowSelfInstanceType" => endpoint.instance_type = instance_type(value, &ENDPOINT_TYPES)?,
        "sagemakerShadowSelfMinInstances" => endpoint.min_instances = whole(value, &MIN_INSTANCES)?,
        "sagemakerShadowSelfMaxInstances" => endpoint.max_instances = whole(value, &MAX_INSTANCES)?,
        "sagemakerShadowSelfScaleToZero" => {
            endpoint.scale_to_zero = value.as_bool().ok_or_else(|| wrong(value, "true or false"))?;
        }
        "opensearchInstanceType" => match &mut config.opensearch {
            OpenSearchConfig::Provisioned { instance_type: current, .. } => {
                *current = opensearch_instance_type(value)?;
            }
            OpenSearchConfig::Serverless { .. } => return Err(serverless(tier)),
        },
        "opensearchInstanceCount" => match &mut config.opensearch {
            OpenSearchConfig::Provisioned { instance_count, .. } => {
                *instance_count = whole(value, &DOMAIN_INSTANCES)?;
            }
            OpenSearchConfig::Serverless { .. } => return Err(serverless(tier)),
        },
        "budgetMonthlyCuriosityLimit" => config.budget_monthly_curiosity_limit = money(value, MOST_A_MONTH)?,
        "budgetDailyExplorationCap" => config.budget_daily_exploration_cap = money(value, MOST_A_DAY)?,
        known if is_field(known) => {
            return Err(format!("can't be edited; the editable fields are {}", EDITABLE.join(", ")));
        }
        _ => {
            return Err(format!(
                "is not a field of a configuration; the editable ones are {}",
                EDITABLE.join(", ")
            ));
        }
    }
    Ok(())
}

/// Whether some tier's configuration has this field.
fn is_field(name: &str) -> bool {
    matches!(name, "tier" | "estimatedMonthlyCost")
        || Tier::ALL.into_iter().any(|tier| {
            serde_json::to_value(TierConfig::default_for(tier)).is_ok_and(|config| config.get(name).is_some())
        })
}

fn inconsistencies(config: &TierConfig) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let endpoint = &config.sagemaker;
    if endpoint.max_instances < endpoint.min_instances {
        errors.push(FieldError::new(
            "sagemakerShadowSelfMaxInstances",
            format!(
                "{} is below sagemakerShadowSelfMinInstances ({}): raise one or lower the other in the same edit",
                endpoint.max_instances, endpoint.min_instances
            ),
        ));
    }
    if endpoint.min_instances == 0 && !endpoint.scale_to_zero {
        errors.push(FieldError::new(
            "sagemakerShadowSelfMinInstances",
            "0 needs sagemakerShadowSelfScaleToZero true: an endpoint that exists has at least one instance",
        ));
    }
    if config.budget_daily_exploration_cap > config.budget_monthly_curiosity_limit {
        errors.push(FieldError::new(
            "budgetDailyExplorationCap",
            format!(
                "{} is above budgetMonthlyCuriosityLimit ({})",
                config.budget_daily_exploration_cap, config.budget_monthly_curiosity_limit
            ),
        ));
    }
    errors
}

fn wrong(value: &Value, expected: &str) -> String {
    let shown: String = value.to_string().chars().take(64).collect();
    format!("{shown} is not {expected}")
}

fn serverless(tier: Tier) -> String {
    format!("does not apply to {tier}: its OpenSearch is serverless and has no instances")
}

/// A whole number that is not negative, however it was written: to JSON Schema `2.0` is an integer as `2` is.
pub fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| crate::ports::whole(value.as_f64()?)?.as_u64())
}

fn whole(value: &Value, range: &RangeInclusive<u32>) -> Result<u32, String> {
    whole_number(value)
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| wrong(value, &format!("a whole number from {} to {}", range.start(), range.end())))
}

fn money(value: &Value, most_dollars: u32) -> Result<Usd, String> {
    value
        .as_f64()
        .and_then(Usd::from_f64)
        .filter(|amount| {
            (Usd::ZERO..=Usd::dollars(most_dollars.into())).contains(amount) && amount.is_whole_cents()
        })
        .ok_or_else(|| wrong(value, &format!("an amount of USD from 0 to {most_dollars}, in whole cents")))
}

fn instance_type(value: &Value, families: &[&str]) -> Result<String, String> {
    let known = prices::instance_types(families);
    match value.as_str() {
        Some(name) if known.contains(&name) => Ok(name.to_owned()),
        _ => Err(wrong(value, &format!("one of {}", known.join(", ")))),
    }
}

/// `OpenSearch` types end in `.search`; the runbook writes them without, so both are taken.
fn opensearch_instance_type(value: &Value) -> Result<String, String> {
    match value.as_str() {
        Some(name) if !name.ends_with(".search") => {
            instance_type(&format!("{name}.search").into(), &DOMAIN_TYPES).map_err(|_| {
                wrong(value, &format!("one of {}", prices::instance_types(&DOMAIN_TYPES).join(", ")))
            })
        }
        _ => instance_type(value, &DOMAIN_TYPES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn edit(tier: Tier, fields: &Value) -> Result<TierConfig, Vec<FieldError>> {
        apply(tier, &TierConfig::default_for(tier), fields.as_object().unwrap())
    }

    #[test]
    fn the_runbook_s_edit_is_taken() {
        let edited = edit(
            Tier::Dev,
            &json!({"sagemakerShadowSelfMinInstances": 1, "sagemakerShadowSelfMaxInstances": 2, "budgetMonthlyCuriosityLimit": 200}),
        )
        .unwrap();
        assert_eq!((edited.sagemaker.min_instances, edited.sagemaker.max_instances), (1, 2));
        assert_eq!(edited.budget_monthly_curiosity_limit, Usd::dollars(200));
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for (written, number) in [("2", Some(2)), ("2.0", Some(2)), ("2e2", Some(200)), ("-0.0", Some(0))] {
            assert_eq!(whole_number(&serde_json::from_str(written).unwrap()), number, "{written}");
        }
        for written in ["2.5", "-1", "-1.0", "1e300", "\"2\"", "null", "true", "18446744073709551616"] {
            assert_eq!(whole_number(&serde_json::from_str(written).unwrap()), None, "{written}");
        }
        let edited = edit(Tier::Staging, &json!({"sagemakerShadowSelfMaxInstances": 7.0})).unwrap();
        assert_eq!(edited.sagemaker.max_instances, 7);
    }

    /// What a form offers is what an edit takes, at both ends and not beyond.
    #[test]
    fn what_a_field_takes_is_said_of_each() {
        let alone = |field: &str, value: Value| {
            let mut config = TierConfig::default_for(Tier::Staging);
            apply_field(Tier::Staging, &mut config, field, &value).is_ok()
        };
        for field in EDITABLE {
            match takes(field).unwrap() {
                Takes::Whole(range) => {
                    let (least, most) = (i64::from(*range.start()), i64::from(*range.end()));
                    let at = [least - 1, least, most, most + 1].map(|number| alone(field, json!(number)));
                    assert_eq!(at, [false, true, true, false], "{field}");
                }
                Takes::Usd(most) => {
                    let at = [json!(-0.01), json!(0), json!(most), json!(f64::from(most) + 0.01)];
                    assert_eq!(at.map(|usd| alone(field, usd)), [false, true, true, false], "{field}");
                }
                Takes::YesNo => assert!(alone(field, json!(true)) && !alone(field, json!("true")), "{field}"),
                Takes::OneOf(words) => {
                    assert!(
                        !words.is_empty() && words.iter().all(|word| alone(field, json!(word))),
                        "{field}"
                    );
                }
            }
        }
        assert_eq!(takes("kinesisShardCount"), None);
    }

    #[test]
    fn every_bad_field_is_named_and_all_at_once() {
        let errors = edit(
            Tier::Production,
            &json!({
                "sagemakerShadowSelfMinInstances": 501, "sagemakerShadowSelfMaxInstances": 0,
                "sagemakerShadowSelfInstanceType": "ml.p5.48xlarge", "sagemakerShadowSelfScaleToZero": "yes",
                "opensearchInstanceCount": 3, "budgetMonthlyCuriosityLimit": 0.001,
                "budgetDailyExplorationCap": -1, "kinesisShardCount": 7, "colour": "red",
            }),
        )
        .unwrap_err();
        assert_eq!(errors.len(), 9, "{errors:#?}");
        let of = |field: &str| &errors.iter().find(|error| error.field == field).unwrap().message;
        assert!(of("kinesisShardCount").contains("can't be edited"));
        assert!(of("colour").contains("is not a field"));
        assert!(of("opensearchInstanceCount").contains("serverless"));
    }

    #[test]
    fn fields_are_checked_against_each_other() {
        let fields = |value: Value| edit(Tier::Staging, &value).unwrap_err()[0].field.clone();
        assert_eq!(fields(json!({"sagemakerShadowSelfMinInstances": 21})), "sagemakerShadowSelfMaxInstances");
        assert_eq!(fields(json!({"sagemakerShadowSelfMinInstances": 0})), "sagemakerShadowSelfMinInstances");
        assert_eq!(fields(json!({"budgetDailyExplorationCap": 6000})), "budgetDailyExplorationCap");
        assert!(
            edit(
                Tier::Staging,
                &json!({"sagemakerShadowSelfMinInstances": 21, "sagemakerShadowSelfMaxInstances": 21})
            )
            .is_ok()
        );
    }

    #[test]
    fn an_opensearch_type_is_taken_with_and_without_its_suffix() {
        for name in ["r6g.xlarge", "r6g.xlarge.search"] {
            let edited = edit(Tier::Dev, &json!({"opensearchInstanceType": name})).unwrap();
            assert!(
                matches!(edited.opensearch, OpenSearchConfig::Provisioned { instance_type, .. } if instance_type == "r6g.xlarge.search")
            );
        }
        assert!(edit(Tier::Dev, &json!({"opensearchInstanceType": "m5.large.search"})).is_err());
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_within_every_range(min in 0u32..600, max in 0u32..600, count in 0u32..20, monthly in -10.0f64..2e6, daily in -10.0f64..20_000.0) {
            let result = edit(Tier::Staging, &json!({
                "sagemakerShadowSelfMinInstances": min, "sagemakerShadowSelfMaxInstances": max,
                "opensearchInstanceCount": count,
                "budgetMonthlyCuriosityLimit": (monthly * 100.0).round() / 100.0,
                "budgetDailyExplorationCap": (daily * 100.0).round() / 100.0,
            }));
            let in_range = (1..=500).contains(&min) && (1..=500).contains(&max) && max >= min && (1..=10).contains(&count)
                && (0.0..=1e6).contains(&((monthly * 100.0).round() / 100.0)) && (0.0..=1e4).contains(&((daily * 100.0).round() / 100.0))
                && (daily * 100.0).round() <= (monthly * 100.0).round();
            prop_assert_eq!(result.is_ok(), in_range, "{:?}", result);
        }
    }
}
