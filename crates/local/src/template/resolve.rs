//! From YAML with CloudFormation's functions in it to plain JSON.
//!
//! Only what the local system reads is resolved, and at the moment it is read: a template may say anything it likes
//! about roles and dashboards, in functions that are not known here.

use super::cloudformation::Stack;
use super::place::{Place, TemplateError};
use serde_json::{Map, Value};
use serde_norway::Value as Yaml;

/// A function call: `!Sub x`, `{"Fn::Sub": x}`, `!Ref x`, `{"Ref": x}`.
fn call(node: &Yaml) -> Option<(String, &Yaml)> {
    match node {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            Some((tag.trim_start_matches('!').to_owned(), &tagged.value))
        }
        Yaml::Mapping(mapping) if mapping.len() == 1 => {
            let (key, value) = mapping.iter().next()?;
            let key = key.as_str()?;
            let name = if matches!(key, "Ref" | "Condition") { key } else { key.strip_prefix("Fn::")? };
            Some((name.to_owned(), value))
        }
        _ => None,
    }
}

/// A scalar as text: parameters and comparisons know nothing else.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Stack<'_> {
    /// The value; `None` where `AWS::NoValue` takes it away.
    pub(super) fn resolve(&self, node: &Yaml, place: &Place<'_>) -> Result<Option<Value>, TemplateError> {
        place.check_depth()?;
        if let Some((name, argument)) = call(node) {
            return self.apply(&name, argument, place);
        }
        Ok(Some(match node {
            Yaml::Sequence(items) => {
                let mut array = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    array.extend(self.resolve(item, &place.child(&at.to_string()))?);
                }
                Value::Array(array)
            }
            Yaml::Mapping(mapping) => {
                let mut object = Map::new();
                for (key, value) in mapping {
                    let key = key_text(key, place)?;
                    if let Some(value) = self.resolve(value, &place.child(&key))? {
                        object.insert(key, value);
                    }
                }
                Value::Object(object)
            }
            scalar => serde_json::to_value(scalar).map_err(|error| place.error(error.to_string()))?,
        }))
    }

    /// The value as text.
    pub(super) fn text(&self, node: &Yaml, place: &Place<'_>) -> Result<String, TemplateError> {
        let value = self.resolve(node, place)?.unwrap_or_default();
        text_of(&value).ok_or_else(|| place.error("this must be a text"))
    }

    fn apply(&self, name: &str, argument: &Yaml, place: &Place<'_>) -> Result<Option<Value>, TemplateError> {
        let inner = place.child(name);
        Ok(Some(match name {
            "Ref" => match argument.as_str() {
                Some("AWS::NoValue") => return Ok(None),
                Some(target) => Value::String(self.reference(target, place)?),
                None => return Err(inner.error("it must name a parameter or a resource")),
            },
            "Sub" => Value::String(self.substitute(argument, &inner)?),
            "GetAtt" => Value::String(self.get_att(argument, &inner)?),
            "If" => {
                let [condition, yes, no] = three(argument, &inner)?;
                let condition =
                    condition.as_str().ok_or_else(|| inner.error("its condition must be a name"))?;
                let chosen = if self.condition(condition, place)? { yes } else { no };
                return self.resolve(chosen, &inner);
            }
            "Join" => Value::String(self.join(argument, &inner)?),
            "Equals" | "Not" | "And" | "Or" | "Condition" => Value::Bool(self.test(name, argument, &inner)?),
            _ => {
                return Err(place.error(format!(
                    "the function {name} is not known here; Ref, Sub, GetAtt, If, Join, Equals, Not, And and Or are"
                )));
            }
        }))
    }

    fn substitute(&self, argument: &Yaml, place: &Place<'_>) -> Result<String, TemplateError> {
        let (text, own) = match argument {
            Yaml::String(text) => (text.as_str(), None),
            Yaml::Sequence(parts) => match parts.as_slice() {
                [Yaml::String(text), Yaml::Mapping(own)] => (text.as_str(), Some(own)),
                _ => return Err(place.error("it must be a text, or a text and its variables")),
            },
            _ => return Err(place.error("it must be a text, or a text and its variables")),
        };
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(place.error("a `${` has no `}`"));
            };
            result.push_str(before);
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = own.and_then(|own| own.get(name)) {
                result.push_str(&self.text(value, &place.child(name))?);
            } else if let Some((resource, attribute)) = name.split_once('.') {
                result.push_str(&self.attribute(resource, attribute, place)?);
            } else {
                result.push_str(&self.reference(name, place)?);
            }
        }
        result.push_str(rest);
        Ok(result)
    }

    fn get_att(&self, argument: &Yaml, place: &Place<'_>) -> Result<String, TemplateError> {
        let parts: Vec<&str> = match argument {
            Yaml::String(text) => text.splitn(2, '.').collect(),
            Yaml::Sequence(parts) => parts.iter().filter_map(Yaml::as_str).collect(),
            _ => Vec::new(),
        };
        match parts[..] {
            [resource, attribute] => self.attribute(resource, attribute, place),
            _ => Err(place.error("it must be RESOURCE.ATTRIBUTE")),
        }
    }

    fn join(&self, argument: &Yaml, place: &Place<'_>) -> Result<String, TemplateError> {
        let resolved = self.resolve(argument, place)?.unwrap_or_default();
        let parts = resolved.as_array().map_or(&[][..], Vec::as_slice);
        match parts {
            [Value::String(between), Value::Array(items)] => {
                let items: Option<Vec<String>> = items.iter().map(text_of).collect();
                let items = items.ok_or_else(|| place.error("every part must be a text"))?;
                Ok(items.join(between))
            }
            _ => Err(place.error("it must be a separator and a list")),
        }
    }

    /// The value of a condition function.
    pub(super) fn test(&self, name: &str, argument: &Yaml, place: &Place<'_>) -> Result<bool, TemplateError> {
        place.check_depth()?;
        if name == "Condition" {
            let condition = argument.as_str().ok_or_else(|| place.error("it must name a condition"))?;
            return self.condition(condition, place);
        }
        let items = argument.as_sequence().ok_or_else(|| place.error("it must be a list"))?;
        if name == "Equals" {
            let [left, right] = items.as_slice() else { return Err(place.error("it compares two values")) };
            return Ok(self.text(left, place)? == self.text(right, place)?);
        }
        let mut values = Vec::new();
        for item in items {
            let (name, argument) = call(item).ok_or_else(|| place.error("it must be made of conditions"))?;
            values.push(self.test(&name, argument, &place.child(&name))?);
        }
        match (name, values.as_slice()) {
            ("Not", [value]) => Ok(!value),
            ("And", values) => Ok(values.iter().all(|value| *value)),
            ("Or", values) => Ok(values.iter().any(|value| *value)),
            _ => Err(place.error("it is not a condition that is known here")),
        }
    }

    /// The value of a named condition.
    pub(super) fn condition(&self, name: &str, place: &Place<'_>) -> Result<bool, TemplateError> {
        let Some(node) = self.conditions.and_then(|conditions| conditions.get(name)) else {
            return Err(place.error(format!("there is no condition `{name}`")));
        };
        let place = place.elsewhere(&format!("Conditions.{name}"));
        let (name, argument) = call(node).ok_or_else(|| place.error("it must be a condition"))?;
        self.test(&name, argument, &place)
    }
}

fn three<'a>(argument: &'a Yaml, place: &Place<'_>) -> Result<[&'a Yaml; 3], TemplateError> {
    match argument.as_sequence().map(Vec::as_slice) {
        Some([a, b, c]) => Ok([a, b, c]),
        _ => Err(place.error("it must be a condition and two values")),
    }
}

pub(super) fn key_text(key: &Yaml, place: &Place<'_>) -> Result<String, TemplateError> {
    match key {
        Yaml::String(text) => Ok(text.clone()),
        Yaml::Number(number) => Ok(number.to_string()),
        Yaml::Bool(value) => Ok(value.to_string()),
        _ => Err(place.error("a key must be a text")),
    }
}
