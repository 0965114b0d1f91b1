//! Small systems for the tests of this crate: a template in a few lines, and functions that are closures.

use crate::System;
use crate::functions::{Answer, Function, FunctionError};
use crate::template::{Description, Parameters};
use serde_json::Value;
use sim::{SharedWorld, WorldConfig};
use std::sync::Arc;

pub(crate) const HEAD: &str = r"
Parameters:
  Environment: { Type: String, Default: dev }
Globals:
  Function: { Timeout: 30, Environment: { Variables: { ENVIRONMENT: !Ref Environment } } }
Resources:
";

/// A function of the template.
pub(crate) fn function(id: &str, name: &str, more: &str) -> String {
    format!(
        "  {id}:\n    Type: AWS::Serverless::Function\n    Properties: {{ FunctionName: !Sub 'cato-{name}-${{Environment}}', {more} }}\n"
    )
}

/// A state machine of the template, whose tasks call `${Name}` functions.
pub(crate) fn machine(definition: &str, functions: &[&str]) -> String {
    machine_called("Machine", "toy", definition, functions)
}

/// One of several state machines of the template.
pub(crate) fn machine_called(id: &str, name: &str, definition: &str, functions: &[&str]) -> String {
    let substitutions: Vec<String> = functions.iter().map(|id| format!("{id}: !GetAtt {id}.Arn")).collect();
    format!(
        "  {id}:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n      Name: !Sub 'cato-{name}-${{Environment}}'\n      \
         DefinitionSubstitutions: {{ {} }}\n      Definition: {definition}\n",
        substitutions.join(", ")
    )
}

pub(crate) fn parameters() -> Parameters {
    Parameters::from([("Environment".to_owned(), "local".to_owned())])
}

pub(crate) fn describe(resources: &str) -> Description {
    Description::parse("toy.yaml", &format!("{HEAD}{resources}"), &parameters()).unwrap()
}

/// A function that is a closure over ports and event.
pub(crate) fn code(
    name: &'static str,
    act: impl Fn(&sim::Ports, Value) -> Answer + Send + Sync + Clone + 'static,
) -> Function {
    Function::new(name, move |_| {
        let act = act.clone();
        Ok(Box::new(move |ports, event| {
            let answer = act(&ports, event);
            Box::pin(std::future::ready(answer))
        }))
    })
}

pub(crate) fn failure(name: &str) -> FunctionError {
    FunctionError { name: name.to_owned(), message: "as told".to_owned() }
}

pub(crate) fn config() -> WorldConfig {
    WorldConfig { state_machine: "cato-toy-local".to_owned(), ..WorldConfig::default() }
}

pub(crate) fn system(resources: &str, registry: &[Function]) -> Arc<System> {
    System::new(describe(resources), registry, SharedWorld::in_memory(config())).unwrap()
}
