//! From the template's text to a [`Description`].

use super::cloudformation::{Resource, Stack};
use super::definition::{self, Definitions};
use super::events::{self, Apis, Guard};
use super::place::{Place, TemplateError};
use super::{Description, FunctionSpec, Parameters, StateMachine, TableSpec};
use capstan_core::time::Millis;
use serde_json::Value;
use serde_norway::{Mapping, Value as Yaml};
use std::collections::BTreeMap;

/// Lambda's own default.
const DEFAULT_TIMEOUT: u64 = 3;

pub(super) fn describe(
    file: &str,
    text: &str,
    given: &Parameters,
    definitions: &Definitions,
) -> Result<Description, TemplateError> {
    let root = Place::root(file);
    let yaml: Yaml =
        serde_norway::from_str(text).map_err(|error| root.error(format!("it is not YAML: {error}")))?;
    let section = |name: &str| yaml.get(name).and_then(Yaml::as_mapping);
    let Some(resources) = section("Resources") else {
        return Err(root.error("it has no Resources, so it is not a template of CloudFormation"));
    };
    let stack =
        Stack { parameters: section("Parameters"), conditions: section("Conditions"), resources, given };
    let globals = yaml.get("Globals").and_then(|globals| globals.get("Function")).and_then(Yaml::as_mapping);
    let reader = Reader { stack, globals, definitions, root };
    reader.read(file)
}

struct Reader<'a> {
    stack: Stack<'a>,
    globals: Option<&'a Mapping>,
    definitions: &'a Definitions,
    root: Place<'a>,
}

impl Reader<'_> {
    fn read(&self, file: &str) -> Result<Description, TemplateError> {
        let mut description = Description { source: file.to_owned(), ..Description::default() };
        let resources = self.stack.resources(&self.root)?;
        let mut apis = Apis::new();
        for api in resources.iter().filter(|resource| resource.kind == "AWS::Serverless::Api") {
            apis.insert(api.id.to_owned(), self.default_authorizer(api)?);
        }
        for resource in &resources {
            match resource.kind {
                "AWS::Serverless::Function" => {
                    description.functions.push(self.function(resource)?);
                    events::read(&self.stack, resource, &apis, &self.root, &mut description)?;
                }
                "AWS::Serverless::StateMachine" => {
                    description.state_machines.push(self.state_machine(resource)?);
                }
                "AWS::DynamoDB::Table" => description.tables.push(TableSpec {
                    logical_id: resource.id.to_owned(),
                    name: self.stack.name_of(resource, &self.root)?,
                    time_to_live: self.time_to_live(resource)?,
                }),
                "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => {
                    let name = self.stack.name_of(resource, &self.root)?;
                    description.alarms.insert(name, self.alarm_actions(resource)?);
                }
                "AWS::ApiGateway::UsagePlan" => {
                    let name = self.stack.name_of(resource, &self.root)?;
                    description.usage_plans.extend(self.limits(resource)?.map(|to| (name, to)));
                }
                "AWS::SNS::Topic" => description.topics.push(self.stack.name_of(resource, &self.root)?),
                _ => {}
            }
        }
        self.name_authorizers(&mut description)?;
        Ok(description)
    }

    /// Authorizers were read as ARNs, before all functions were known.
    fn name_authorizers(&self, description: &mut Description) -> Result<(), TemplateError> {
        for route in &mut description.routes {
            if let Some(arn) = &route.authorizer {
                let Some(function) = description.functions.iter().find(|function| function.arn == *arn)
                else {
                    return Err(self
                        .root
                        .error(format!("the authorizer {arn} of the API is no function in here")));
                };
                route.authorizer = Some(function.logical_id.clone());
            }
        }
        Ok(())
    }

    /// How fast a usage plan lets in, if it says.
    fn limits(&self, resource: &Resource<'_>) -> Result<Option<(u32, u32)>, TemplateError> {
        let place = resource.place(&self.root, "Throttle");
        let Some(throttle) = resource.property("Throttle") else { return Ok(None) };
        let number = |name: &str| -> Result<u32, TemplateError> {
            let place = place.child(name);
            let node = throttle.get(name).ok_or_else(|| place.error("it is missing"))?;
            let text = self.stack.text(node, &place)?;
            text.parse().map_err(|_| place.error(format!("`{text}` is no whole number")))
        };
        Ok(Some((number("RateLimit")?, number("BurstLimit")?)))
    }

    fn default_authorizer(&self, api: &Resource<'_>) -> Result<Option<Guard>, TemplateError> {
        let place = api.place(&self.root, "Auth");
        let Some(auth) = api.property("Auth") else { return Ok(None) };
        let Some(name) = auth.get("DefaultAuthorizer").and_then(Yaml::as_str) else { return Ok(None) };
        let place = place.child("Authorizers").child(name).child("FunctionArn");
        let one = auth.get("Authorizers").and_then(|all| all.get(name));
        let arn = one.and_then(|one| one.get("FunctionArn"));
        let arn =
            arn.ok_or_else(|| place.error("it is missing; only authorizers that are functions work here"))?;
        // Without `Identity`, SAM has the header asked for.
        let identity = one.and_then(|one| one.get("Identity"));
        let headers = identity.map(|identity| identity.get("Headers").and_then(Yaml::as_sequence));
        let wants_header = headers.is_none_or(|headers| headers.is_some_and(|headers| !headers.is_empty()));
        Ok(Some(Guard { arn: self.stack.text(arn, &place)?, wants_header }))
    }

    fn function(&self, resource: &Resource<'_>) -> Result<FunctionSpec, TemplateError> {
        let name = self.stack.name_of(resource, &self.root)?;
        let place = resource.place(&self.root, "Timeout");
        let timeout = match resource.property("Timeout").or_else(|| self.globals?.get("Timeout")) {
            None => DEFAULT_TIMEOUT,
            Some(node) => {
                let text = self.stack.text(node, &place)?;
                let seconds = text.parse().ok().filter(|seconds| (1..=900).contains(seconds));
                seconds.ok_or_else(|| place.error(format!("`{text}` is not 1 to 900 seconds")))?
            }
        };
        Ok(FunctionSpec {
            logical_id: resource.id.to_owned(),
            crate_name: self.crate_name(resource, &name)?,
            arn: self.stack.arn_of(resource, &self.root)?,
            name,
            timeout: Millis::seconds(timeout),
            env: self.env(resource)?,
        })
    }

    /// The binary that `sam build` makes; without one, the function's name between `cato-` or `iops-` and the environment.
    fn crate_name(&self, resource: &Resource<'_>, name: &str) -> Result<String, TemplateError> {
        let metadata = resource.node.get("Metadata").and_then(|metadata| metadata.get("BuildProperties"));
        if let Some(binary) = metadata.and_then(|build| build.get("Binary")) {
            let path = format!("Resources.{}.Metadata.BuildProperties.Binary", resource.id);
            return self.stack.text(binary, &self.root.elsewhere(&path));
        }
        let environment = self.stack.reference("Environment", &self.root).unwrap_or_default();
        let bare = name.strip_prefix("cato-").or_else(|| name.strip_prefix("iops-")).unwrap_or(name);
        Ok(bare.strip_suffix(&format!("-{environment}")).unwrap_or(bare).to_owned())
    }

    /// The attribute that says when a row of the table may go.
    fn time_to_live(&self, table: &Resource<'_>) -> Result<Option<String>, TemplateError> {
        let place = table.place(&self.root, "TimeToLiveSpecification");
        let Some(specification) = table.property("TimeToLiveSpecification") else { return Ok(None) };
        let text = |name: &str| {
            let node = specification.get(name).ok_or_else(|| place.child(name).error("it is missing"))?;
            self.stack.text(node, &place.child(name))
        };
        Ok(if text("Enabled")? == "true" { Some(text("AttributeName")?) } else { None })
    }

    /// What an alarm calls when it rings.
    fn alarm_actions(&self, alarm: &Resource<'_>) -> Result<Vec<String>, TemplateError> {
        let place = alarm.place(&self.root, "AlarmActions");
        let actions = alarm.property("AlarmActions").and_then(Yaml::as_sequence);
        actions.into_iter().flatten().map(|action| self.stack.text(action, &place)).collect()
    }

    fn env(&self, resource: &Resource<'_>) -> Result<BTreeMap<String, String>, TemplateError> {
        let mut env = BTreeMap::new();
        let global = self.globals.and_then(|globals| globals.get("Environment"));
        let own = resource.property("Environment");
        let places = [
            (global, self.root.elsewhere("Globals.Function.Environment.Variables")),
            (own, resource.place(&self.root, "Environment.Variables")),
        ];
        for (environment, place) in places {
            let variables = environment.and_then(|node| node.get("Variables")).and_then(Yaml::as_mapping);
            for (name, value) in variables.into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                env.insert(name.to_owned(), self.stack.text(value, &place.child(name))?);
            }
        }
        Ok(env)
    }

    fn state_machine(&self, resource: &Resource<'_>) -> Result<StateMachine, TemplateError> {
        let mut substitutions = BTreeMap::new();
        let place = resource.place(&self.root, "DefinitionSubstitutions");
        let given = resource.property("DefinitionSubstitutions").and_then(Yaml::as_mapping);
        for (name, value) in given.into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            substitutions.insert(name.to_owned(), self.stack.text(value, &place.child(name))?);
        }
        let (file, definition) = self.definition(resource, &substitutions)?;
        Ok(StateMachine {
            logical_id: resource.id.to_owned(),
            name: self.stack.name_of(resource, &self.root)?,
            arn: self.stack.arn_of(resource, &self.root)?,
            file,
            definition,
        })
    }

    /// From a file, or from the template itself; and where from.
    fn definition(
        &self,
        resource: &Resource<'_>,
        substitutions: &BTreeMap<String, String>,
    ) -> Result<(String, Value), TemplateError> {
        let place = resource.place(&self.root, "Definition");
        if let Some(inline) = resource.property("Definition") {
            let text = self.stack.resolve(inline, &place)?.unwrap_or_default().to_string();
            let path = format!("the definition of {}", resource.id);
            return Ok((path.clone(), definition::made(&text, &path, substitutions, &place)?));
        }
        let place = resource.place(&self.root, "DefinitionUri");
        let uri = resource.property("DefinitionUri").ok_or_else(|| place.error("it is missing"))?;
        let uri = self.stack.text(uri, &place)?;
        let text = self.definitions.text(&uri).map_err(|message| place.error(message))?;
        let definition = definition::made(&text, &uri, substitutions, &place)?;
        Ok((uri, definition))
    }
}
