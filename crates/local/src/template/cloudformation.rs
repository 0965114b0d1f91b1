//! The stack as CloudFormation would see it: what a parameter's value is, what a resource's name and ARN are.
//!
//! Region and account are constants: nothing local has either, but names and ARNs must have their form, and tests
//! must have the same bytes everywhere.

use super::place::{Place, TemplateError};
use super::resolve::text_of;
use super::{Parameters, resolve::key_text};
use serde_norway::{Mapping, Value as Yaml};

/// The region everything says it is in.
pub(super) const REGION: &str = "us-east-1";
/// The account everything says it is in.
pub(super) const ACCOUNT: &str = "000000000000";

/// A template's text as YAML, with values for its parameters.
pub(super) struct Stack<'a> {
    pub(super) parameters: Option<&'a Mapping>,
    pub(super) conditions: Option<&'a Mapping>,
    pub(super) resources: &'a Mapping,
    pub(super) given: &'a Parameters,
}

/// A resource: its name in the template, its type, its properties.
#[derive(Clone, Copy)]
pub(super) struct Resource<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) node: &'a Mapping,
}

impl<'a> Resource<'a> {
    pub(super) fn properties(&self) -> Option<&'a Mapping> {
        self.node.get("Properties").and_then(Yaml::as_mapping)
    }
    pub(super) fn property(&self, name: &str) -> Option<&'a Yaml> {
        self.properties()?.get(name)
    }
    pub(super) fn place<'f>(&self, root: &Place<'f>, property: &str) -> Place<'f> {
        root.elsewhere(&format!("Resources.{}.Properties.{property}", self.id))
    }
}

/// `arn:aws:SERVICE:REGION:ACCOUNT:REST`.
pub(super) fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")
}

/// The property that holds the name of a resource of this type.
fn name_property(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::Serverless::Function" => "FunctionName",
        "AWS::Serverless::StateMachine" => "Name",
        "AWS::DynamoDB::Table" => "TableName",
        "AWS::SNS::Topic" => "TopicName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::ApiGateway::UsagePlan" => "UsagePlanName",
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => "AlarmName",
        _ => return None,
    })
}

impl<'a> Stack<'a> {
    /// All resources whose condition holds, in the template's order.
    pub(super) fn resources(&self, root: &Place<'_>) -> Result<Vec<Resource<'a>>, TemplateError> {
        let mut resources = Vec::new();
        for (key, node) in self.resources {
            let place = root.child("Resources").child(&key_text(key, root)?);
            let resource = key.as_str().and_then(|id| self.resource(id));
            let resource = resource.ok_or_else(|| place.error("a resource needs a Type"))?;
            let condition = node.get("Condition").and_then(Yaml::as_str);
            if condition.map_or(Ok(true), |name| self.condition(name, &place))? {
                resources.push(resource);
            }
        }
        Ok(resources)
    }

    fn resource(&self, id: &str) -> Option<Resource<'a>> {
        let (key, node) = self.resources.iter().find(|(key, _)| key.as_str() == Some(id))?;
        let node = node.as_mapping()?;
        Some(Resource { id: key.as_str()?, kind: node.get("Type")?.as_str()?, node })
    }

    /// What `Ref` gives.
    pub(super) fn reference(&self, name: &str, place: &Place<'_>) -> Result<String, TemplateError> {
        if let Some(value) = pseudo(name) {
            return Ok(value.to_owned());
        }
        if let Some(parameter) = self.parameters.and_then(|parameters| parameters.get(name)) {
            return self.parameter(name, parameter, place);
        }
        let Some(resource) = self.resource(name) else {
            return Err(place.error(format!("there is neither a parameter nor a resource `{name}`")));
        };
        match resource.kind {
            "AWS::SNS::Topic" | "AWS::Serverless::StateMachine" => self.arn_of(&resource, place),
            "AWS::SQS::Queue" => {
                let queue = self.name_of(&resource, place)?;
                Ok(format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{queue}"))
            }
            kind if name_property(kind).is_some() => self.name_of(&resource, place),
            // Most types are known to CloudFormation by a made-up name that begins with this one.
            _ => Ok(name.to_owned()),
        }
    }

    fn parameter(&self, name: &str, node: &Yaml, place: &Place<'_>) -> Result<String, TemplateError> {
        if let Some(value) = self.given.get(name) {
            return Ok(value.clone());
        }
        let default = node.get("Default").and_then(|value| serde_json::to_value(value).ok());
        default.as_ref().and_then(text_of).ok_or_else(|| {
            place.error(format!("the parameter `{name}` has no default, and no value is known for it here"))
        })
    }

    /// What `GetAtt` gives.
    pub(super) fn attribute(
        &self,
        id: &str,
        attribute: &str,
        place: &Place<'_>,
    ) -> Result<String, TemplateError> {
        let Some(resource) = self.resource(id) else {
            return Err(place.error(format!("there is no resource `{id}`")));
        };
        match attribute {
            "Arn" | "TopicArn" => self.arn_of(&resource, place),
            // The real one ends in the time at which the stream was made.
            "StreamArn" => Ok(format!("{}/stream/local", self.arn_of(&resource, place)?)),
            "Name" | "TopicName" | "QueueName" => self.name_of(&resource, place),
            _ => Err(place.error(format!("the attribute {attribute} of `{id}` is not known here"))),
        }
    }

    /// The resource's name in the cloud.
    pub(super) fn name_of(
        &self,
        resource: &Resource<'_>,
        place: &Place<'_>,
    ) -> Result<String, TemplateError> {
        let Some(property) = name_property(resource.kind) else {
            return Err(
                place.error(format!("the name of `{}` ({}) is not known here", resource.id, resource.kind))
            );
        };
        let place = place.elsewhere(&format!("Resources.{}.Properties.{property}", resource.id));
        match resource.property(property) {
            Some(node) => self.text(node, &place),
            None => {
                Err(place.error("it needs a name: one that is made up at deployment can't be known here"))
            }
        }
    }

    pub(super) fn arn_of(&self, resource: &Resource<'_>, place: &Place<'_>) -> Result<String, TemplateError> {
        let name = self.name_of(resource, place)?;
        Ok(match resource.kind {
            "AWS::Serverless::Function" => arn("lambda", &format!("function:{name}")),
            "AWS::Serverless::StateMachine" => arn("states", &format!("stateMachine:{name}")),
            "AWS::DynamoDB::Table" => arn("dynamodb", &format!("table/{name}")),
            "AWS::SNS::Topic" => arn("sns", &name),
            "AWS::SQS::Queue" => arn("sqs", &name),
            _ => arn("logs", &format!("log-group:{name}")),
        })
    }
}

fn pseudo(name: &str) -> Option<&'static str> {
    Some(match name {
        "AWS::Region" => REGION,
        "AWS::AccountId" => ACCOUNT,
        "AWS::Partition" => "aws",
        "AWS::URLSuffix" => "amazonaws.com",
        "AWS::StackName" => "capstan-local",
        "AWS::StackId" => "arn:aws:cloudformation:us-east-1:000000000000:stack/capstan-local/local",
        _ => return None,
    })
}
