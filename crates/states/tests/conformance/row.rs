//! Rows of the table, and how they are compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) section: String,
    #[serde(rename = "by")]
    _by: Option<String>,
    #[serde(rename = "why")]
    _why: Option<String>,
    #[serde(default)]
    pub(crate) definition: Value,
    pub(crate) file: Option<PathBuf>,
    #[serde(default = "empty")]
    pub(crate) input: Value,
    #[serde(default)]
    pub(crate) tasks: BTreeMap<String, Vec<Value>>,
    pub(crate) expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) status: String,
    pub(crate) place: Option<String>,
    #[serde(default, deserialize_with = "there")]
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    #[serde(default)]
    pub(crate) calls: Vec<Value>,
    pub(crate) at: Option<Vec<f64>>,
    pub(crate) seconds: Option<f64>,
}

fn empty() -> Value {
    json!({})
}

/// A field that is there is something, even as `null`.
fn there<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// All rows, with whole definitions.
pub(crate) fn table() -> Vec<Row> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        fs::read_dir(here.join("tests/conformance/table")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut rows = vec![];
    for file in files {
        let read: Vec<Row> = serde_json::from_str(&fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|wrong| panic!("{}: {wrong}", file.display()));
        rows.extend(read);
    }
    for row in &mut rows {
        if let Some(file) = &row.file {
            let text = fs::read_to_string(here.join("../..").join(file)).unwrap();
            row.definition = serde_json::from_str(&text).unwrap();
        }
        row.definition = with_arns(&row.definition);
    }
    rows
}

/// `${name}` and `${NameFunctionArn}` as the ARN of the function.
fn with_arns(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("${").and_then(|text| text.strip_suffix('}')) {
            None => value.clone(),
            Some(name) => {
                let name = name.strip_suffix("FunctionArn").unwrap_or(name);
                format!("arn:aws:lambda:us-east-1:000000000000:function:{name}").into()
            }
        },
        Value::Array(items) => items.iter().map(with_arns).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), with_arns(field))).collect()
        }
        plain => plain.clone(),
    }
}

/// With texts that nobody promises taken out.
pub(crate) fn masked(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| {
                let hidden = match name.as_str() {
                    "Cause" | "cause" => "<cause>",
                    "token" => "<token>",
                    _ => return (name.clone(), masked(field)),
                };
                (name.clone(), if field.is_string() { hidden.into() } else { masked(field) })
            })
            .collect(),
        plain => plain.clone(),
    }
}

pub(crate) fn millis(seconds: &[f64]) -> Vec<i64> {
    seconds.iter().map(|s| format!("{:.0}", s * 1000.0).parse().unwrap()).collect()
}

/// How the calls made differ from those expected, if they do.
pub(crate) fn calls_differ(expected: &[Value], made: &[(String, Value)]) -> Option<String> {
    let made: Vec<String> =
        made.iter().map(|(name, input)| masked(&json!([name, input])).to_string()).collect();
    let mut rest = &made[..];
    for step in expected {
        let group: Vec<&Value> = match step.get("together") {
            Some(calls) => calls.as_array().unwrap().iter().collect(),
            None => vec![step],
        };
        let Some((taken, after)) = rest.split_at_checked(group.len()) else {
            return Some(format!("fewer than expected: {made:#?}"));
        };
        let mut wanted: Vec<String> = group.into_iter().map(|call| masked(call).to_string()).collect();
        let mut got = taken.to_vec();
        wanted.sort();
        got.sort();
        if wanted != got {
            return Some(format!("expected {wanted:#?}, got {got:#?}"));
        }
        rest = after;
    }
    (!rest.is_empty()).then(|| format!("more than expected: {rest:#?}"))
}
