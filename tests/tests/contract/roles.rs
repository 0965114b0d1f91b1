//! What the role of each function allows, read from the template as it is written.

use capstan_core::ports::Table;
use capstan_tests::workspace;
use serde_norway::{Mapping, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Something that a role allows: an action and, for a table, which.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    /// As IAM has it: `dynamodb:GetItem`.
    pub(crate) action: String,
    /// The table's name; empty for all else.
    pub(crate) table: String,
}

/// A statement that allows actions on what is of another service.
pub(crate) type Misfit = String;

/// What roles allow by the crate of their functions, and statements that can't mean what they say.
pub(crate) fn read() -> (BTreeMap<String, BTreeSet<Right>>, Vec<Misfit>) {
    let template: Value = serde_norway::from_str(&workspace::text("template.yaml")).unwrap();
    let resources = template["Resources"].as_mapping().unwrap();
    let mut roles = BTreeMap::new();
    let mut misfits = Vec::new();
    for (id, node) in resources.iter().filter(|(_, node)| node["Type"] == "AWS::Serverless::Function") {
        let binary = node["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap_or_default();
        let policies = node["Properties"].get("Policies").and_then(Value::as_sequence);
        let mut rights = BTreeSet::new();
        for policy in policies.into_iter().flatten() {
            for statement in statements(policy, resources, &mut rights) {
                allow(statement, resources, &mut rights, &mut misfits, id.as_str().unwrap_or_default());
            }
        }
        roles.insert(binary.to_owned(), rights);
    }
    (roles, misfits)
}

/// How many managed policies the template attaches to each function.
pub(crate) fn attached() -> BTreeMap<String, usize> {
    let template: Value = serde_norway::from_str(&workspace::text("template.yaml")).unwrap();
    let resources = template["Resources"].as_mapping().unwrap().iter();
    let functions = resources.filter(|(_, node)| node["Type"] == "AWS::Serverless::Function");
    let count = |node: &Value| {
        let policies = node["Properties"].get("Policies").and_then(Value::as_sequence);
        policies.into_iter().flatten().filter(|policy| reference(policy).is_some()).count()
    };
    functions.map(|(id, node)| (id.as_str().unwrap_or_default().to_owned(), count(node))).collect()
}

/// The statements of one entry of `Policies`: a managed policy, a template of SAM, or its own.
fn statements<'a>(policy: &'a Value, resources: &'a Mapping, rights: &mut BTreeSet<Right>) -> Vec<&'a Value> {
    let document = match reference(policy) {
        Some(name) => &resources[name]["Properties"]["PolicyDocument"],
        None if policy.get("SNSPublishMessagePolicy").is_some() => {
            rights.insert(Right { action: "sns:Publish".to_owned(), table: String::new() });
            return Vec::new();
        }
        None => policy,
    };
    let statements = document.get("Statement").and_then(Value::as_sequence);
    statements
        .unwrap_or_else(|| panic!("template.yaml: this policy is not understood here: {policy:?}"))
        .iter()
        .collect()
}

fn allow(
    statement: &Value,
    resources: &Mapping,
    rights: &mut BTreeSet<Right>,
    misfits: &mut Vec<Misfit>,
    function: &str,
) {
    assert_eq!(statement["Effect"], "Allow", "template.yaml: {function}: only Allow is understood here");
    let actions: Vec<&str> =
        statement["Action"].as_sequence().into_iter().flatten().filter_map(Value::as_str).collect();
    let resource = &statement["Resource"];
    let on: Vec<&Value> = resource.as_sequence().map_or_else(|| vec![resource], |list| list.iter().collect());
    for action in actions {
        let service = action.split(':').next().unwrap_or_default();
        assert!(!action.contains('*'), "template.yaml: {function}: {action} allows more than it says");
        for resource in &on {
            let mut right = Right { action: action.to_owned(), table: String::new() };
            match (service, resource) {
                // A table, or a backup of it, as a resource by its name.
                ("dynamodb", Value::Tagged(tagged))
                    if tagged.value.as_str().is_some_and(|arn| arn.starts_with("arn:")) => {}
                ("dynamodb", Value::Tagged(tagged)) => {
                    right.table = table(tagged.value.as_str().unwrap_or_default(), resources);
                }
                (_, Value::Tagged(tagged)) => {
                    let arn = tagged.value.as_str().unwrap_or_default();
                    if arn.replace("AWS::", "").split(':').nth(2) != Some(service) {
                        misfits.push(format!("{function}: {action} on {arn}"));
                    }
                }
                (_, Value::String(all)) if all == "*" => {}
                _ => misfits.push(format!("{function}: {action} on {resource:?}")),
            }
            rights.insert(right);
        }
    }
}

/// The store's name of the table behind `AppConfigTable.Arn`.
fn table(attribute: &str, resources: &Mapping) -> String {
    // What a restore makes of a table serves in its place.
    let own = attribute.strip_prefix("${").and_then(|rest| rest.strip_suffix("}-restored-*"));
    let id = own
        .unwrap_or(attribute)
        .strip_suffix(".Arn")
        .unwrap_or_else(|| panic!("template.yaml: {attribute} is no table's ARN"));
    let name = &resources[id]["Properties"]["TableName"];
    let name = match name {
        Value::Tagged(tagged) => tagged.value.as_str().unwrap_or_default(),
        _ => panic!("template.yaml: {id} needs a TableName by !Sub"),
    };
    let found =
        Table::ALL.into_iter().find(|table| name.strip_suffix("-${Environment}") == Some(table.name()));
    found.unwrap_or_else(|| panic!("template.yaml: {name} is no table of the store")).name().to_owned()
}

fn reference(policy: &Value) -> Option<&str> {
    match policy {
        Value::Tagged(tagged) if tagged.tag == "Ref" => tagged.value.as_str(),
        _ => None,
    }
}
