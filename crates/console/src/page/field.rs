//! The settings of a tier as people read them: a group, a name, a value.

use crate::show::{money, number};
use maud::{Markup, html};
use serde_json::Value;

/// What is said of a configuration elsewhere on the page.
const ASIDE: [&str; 4] = ["tier", "version", "displayName", "estimatedMonthlyCost"];

/// Whether a member of a configuration is a setting.
pub(crate) fn is_setting(name: &str) -> bool {
    !ASIDE.contains(&name)
}

/// What a setting belongs to: the first word of its name (`sagemaker…`), as its owner writes it.
pub(crate) fn group(name: &str) -> String {
    match first(name).0 {
        "sagemaker" => "SageMaker".to_owned(),
        "opensearch" => "OpenSearch".to_owned(),
        "elasticache" => "ElastiCache".to_owned(),
        "dynamodb" => "DynamoDB".to_owned(),
        other => capital(other),
    }
}

/// The rest of its name in words: `Shadow self min instances`.
pub(crate) fn label(name: &str) -> String {
    words(first(name).1)
}

/// A name of JSON in words: `nodeType` as `Node type`.
pub(crate) fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    capital(&words)
}

fn first(name: &str) -> (&str, &str) {
    name.find(char::is_uppercase).map_or((name, name), |at| name.split_at(at))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The value of a setting; `–` where this tier does not have it.
pub(crate) fn value(name: &str, value: &Value) -> Markup {
    let text = match value {
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(all) => all.iter().map(number).collect::<Vec<_>>().join(", "),
        Value::Number(_) if name.starts_with("budget") => money(value),
        other => number(other),
    };
    html! { (text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_setting_is_read_by_people() {
        let name = "sagemakerShadowSelfMinInstances";
        assert_eq!((group(name).as_str(), label(name).as_str()), ("SageMaker", "Shadow self min instances"));
        assert_eq!((group("kinesisShardCount"), words("nodeType")), ("Kinesis".into(), "Node type".into()));
        for (name, given, shown) in [
            ("budgetDailyExplorationCap", json!(1500), "$1,500"),
            ("elasticacheMinEcpu", json!(1000), "1,000"),
            ("elasticacheClusterMode", json!(false), "no"),
            ("dynamodbRegions", json!(["us-east-1", "eu-west-1"]), "us-east-1, eu-west-1"),
            ("neptuneType", json!("<b>"), "&lt;b&gt;"),
            ("kinesisShardCount", json!(null), "–"),
        ] {
            assert_eq!(value(name, &given).into_string(), shown);
        }
    }
}
