//! Versions and releases as the API shows them.

use iops_records::models::{Release, Serving, VersionRow};
use serde_json::{Value, json};

/// What rows have that nobody outside needs.
const HIDDEN: [&str; 7] =
    ["subject", "entry", "announced", "undoFailures", "makesModel", "makesSecond", "version"];

fn shown(row: Value) -> Value {
    let mut row = row;
    if let Value::Object(fields) = &mut row {
        fields.retain(|name, _| !HIDDEN.contains(&name.as_str()));
    }
    row
}

/// A release.
pub(crate) fn release(release: &Release) -> Value {
    shown(json!(release))
}

/// Which version serves, and those there are, the latest first.
pub(crate) fn models(serving: &Serving, versions: &[VersionRow], endpoint: &str) -> Value {
    json!({
        "endpoint": endpoint,
        "serving": serving.serving,
        "former": serving.former,
        "underWay": serving.under_way,
        "versions": versions.iter().map(|version| shown(json!(version))).collect::<Vec<_>>(),
    })
}
