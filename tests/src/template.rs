//! The template as it is written. Tags such as `!Sub` stay what they are; here only a few of them are looked through.

use crate::workspace;
use serde_norway::{Mapping, Value};
use std::collections::BTreeMap;

/// The template.
#[derive(Debug)]
pub struct Template {
    resources: Mapping,
    globals: Value,
}

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name within the template.
    pub logical_id: String,
    /// `FunctionName`, as it is written.
    pub name: String,
    /// The crate that makes its binary.
    pub binary: String,
    /// Seconds that a run may take.
    pub timeout: u64,
    /// Its routes: method and path.
    pub routes: Vec<(String, String)>,
}

/// A table: its name as it is written, and its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `TableName`.
    pub name: String,
    /// The partition key.
    pub partition: String,
    /// The sort key.
    pub sort: Option<String>,
    /// The types of the keys.
    pub types: Vec<String>,
}

impl Template {
    /// Reads it.
    pub fn read() -> Self {
        let value: Value = serde_norway::from_str(&workspace::text("template.yaml"))
            .unwrap_or_else(|error| panic!("template.yaml is not YAML: {error}"));
        let resources = value.get("Resources").and_then(Value::as_mapping);
        Self {
            resources: resources.expect("template.yaml has Resources").clone(),
            globals: value.get("Globals").cloned().unwrap_or_default(),
        }
    }

    fn of_type(&self, kind: &str) -> impl Iterator<Item = (String, &Value)> {
        let of_type = |node: &Value| node.get("Type").and_then(Value::as_str) == Some(kind);
        let found = self.resources.iter().filter(move |(_, node)| of_type(node));
        found.filter_map(|(id, node)| Some((id.as_str()?.to_owned(), node.get("Properties")?)))
    }

    /// Every function.
    pub fn functions(&self) -> Vec<Function> {
        let default = self.globals.get("Function").and_then(|all| all.get("Timeout")).and_then(Value::as_u64);
        let mut functions = Vec::new();
        for (logical_id, properties) in self.of_type("AWS::Serverless::Function") {
            let binary = self.resources[logical_id.as_str()]
                .get("Metadata")
                .and_then(|metadata| metadata.get("BuildProperties"))
                .and_then(|build| build.get("Binary"));
            functions.push(Function {
                name: written(&properties["FunctionName"]),
                binary: binary.map(written).unwrap_or_default(),
                timeout: properties.get("Timeout").and_then(Value::as_u64).or(default).unwrap_or(3),
                routes: routes(properties),
                logical_id,
            });
        }
        functions
    }

    /// Every table.
    pub fn tables(&self) -> Vec<Table> {
        let table = |(_, properties): (String, &Value)| {
            let key = |kind: &str| {
                let keys = properties["KeySchema"].as_sequence()?;
                keys.iter().find(|key| key["KeyType"] == kind).map(|key| written(&key["AttributeName"]))
            };
            let types = properties["AttributeDefinitions"].as_sequence().into_iter().flatten();
            Table {
                name: written(&properties["TableName"]),
                partition: key("HASH").unwrap_or_default(),
                sort: key("RANGE"),
                types: types.map(|attribute| written(&attribute["AttributeType"])).collect(),
            }
        };
        self.of_type("AWS::DynamoDB::Table").map(table).collect()
    }

    /// What the state machine's substitutions are given: `GetAtt` of what.
    pub fn substitutions(&self) -> BTreeMap<String, String> {
        self.substitutions_of(crate::asl::FILE)
    }

    /// The same of the state machine in this file.
    pub fn substitutions_of(&self, file: &str) -> BTreeMap<String, String> {
        let machines = self.of_type("AWS::Serverless::StateMachine");
        let machines = machines.filter(|(_, properties)| properties["DefinitionUri"] == file);
        let given = machines
            .filter_map(|(_, properties)| properties.get("DefinitionSubstitutions")?.as_mapping().cloned());
        let given: Vec<Mapping> = given.collect();
        given
            .iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str()?.to_owned(), written(value))))
            .collect()
    }
}

fn routes(properties: &Value) -> Vec<(String, String)> {
    let events = properties.get("Events").and_then(Value::as_mapping);
    let apis = events.into_iter().flatten().filter(|(_, event)| event["Type"] == "Api");
    apis.map(|(_, event)| (written(&event["Properties"]["Method"]), written(&event["Properties"]["Path"])))
        .collect()
}

/// A text, or what stands behind a tag.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Tagged(tagged) => written(&tagged.value),
        _ => String::new(),
    }
}
