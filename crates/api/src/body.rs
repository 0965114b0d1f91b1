//! The body of a request, field by field: every wrong or unknown field is named, all at once.

mod once;

use crate::{Problem, Request};
use capstan_core::tier::Tier;
use capstan_core::tier::edit::{FieldError, whole_number};
use once::Once;
use serde_json::{Map, Value};

/// The fields of a JSON body, taken one by one.
#[derive(Debug)]
pub struct Fields {
    left: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads the body. 400 if it is not a JSON object.
    pub fn read(request: &Request) -> Result<Self, Problem> {
        let text = request.body.as_deref().unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Problem::malformed("this takes a JSON object as its body"));
        }
        match serde_json::from_str(text) {
            Ok(Once { members: Some(left), twice }) => {
                let error = |field| FieldError { field, message: "is given twice".to_owned() };
                Ok(Self { left, errors: twice.into_iter().map(error).collect() })
            }
            Ok(Once { members: None, .. }) => Err(Problem::malformed("the body is JSON, but not an object")),
            Err(error) => Err(Problem::malformed(format!("the body is not JSON: {error}"))),
        }
    }

    /// Takes a field away, whatever it is.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    /// Takes a field that must be text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.left.remove(name) {
            Some(Value::String(text)) => Some(text),
            other => self.wrong(name, other.as_ref(), "text"),
        }
    }

    /// Takes a field that must be text and is a secret: what stands there instead is not repeated in the answer.
    pub fn secret(&mut self, name: &str) -> Option<String> {
        match self.left.remove(name) {
            Some(Value::String(text)) => Some(text),
            None => self.wrong(name, None, "text"),
            Some(_) => {
                let message = "what was sent is not text".to_owned();
                self.errors.push(FieldError { field: name.to_owned(), message });
                None
            }
        }
    }

    /// Takes a field that must be a tier.
    pub fn tier(&mut self, name: &str) -> Option<Tier> {
        let value = self.left.remove(name);
        match value.as_ref().and_then(Value::as_str).and_then(Tier::parse) {
            Some(tier) => Some(tier),
            None => self.wrong(name, value.as_ref(), "one of DEV, STAGING, PRODUCTION"),
        }
    }

    /// Takes a field that must be true or false, if it is given; else false.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.left.remove(name) {
            None => Some(false),
            Some(Value::Bool(flag)) => Some(flag),
            other => self.wrong(name, other.as_ref(), "true or false"),
        }
    }

    /// Whether a field is given and was not taken yet.
    pub fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// Takes a field that must be a whole number within a range.
    pub fn whole(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let value = self.left.remove(name);
        let number = value.as_ref().and_then(whole_number).and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Some(number),
            None => self.wrong(name, value.as_ref(), &format!("a whole number from {least} to {most}")),
        }
    }

    /// Gives what is left, for those who check it themselves.
    pub fn rest(self) -> Result<Map<String, Value>, Problem> {
        if self.errors.is_empty() { Ok(self.left) } else { Err(Problem::invalid(&self.errors)) }
    }

    /// Ends the reading: fields that nobody took are errors too.
    pub fn finish(mut self) -> Result<(), Problem> {
        let unknown = std::mem::take(&mut self.left);
        self.errors.extend(unknown.keys().map(|name| FieldError {
            field: name.chars().take(64).collect(),
            message: "is not a field of this request".to_owned(),
        }));
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(&self.errors)) }
    }

    fn wrong<T>(&mut self, name: &str, value: Option<&Value>, expected: &str) -> Option<T> {
        let message = match value {
            None => format!("is missing: give {expected}"),
            Some(value) => {
                let shown: String = value.to_string().chars().take(64).collect();
                format!("{shown} is not {expected}")
            }
        };
        self.errors.push(FieldError { field: name.to_owned(), message });
        None
    }
}
