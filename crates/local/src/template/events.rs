//! The events of a function: routes, schedules, rules.

use super::cloudformation::{Resource, Stack};
use super::place::{Place, TemplateError};
use super::{Description, Pattern, Route, Rule, Schedule, StreamSource};
use capstan_core::time::Millis;
use serde_json::Value;
use serde_norway::Value as Yaml;
use std::collections::BTreeMap;

/// Who says who may come in.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// The function's ARN.
    pub(super) arn: String,
    /// Whether it is asked only where there is an `Authorization` header.
    pub(super) wants_header: bool,
}

/// The APIs by logical id, each with its default authorizer.
pub(super) type Apis = BTreeMap<String, Option<Guard>>;

pub(super) fn read(
    stack: &Stack<'_>,
    function: &Resource<'_>,
    apis: &Apis,
    root: &Place<'_>,
    into: &mut Description,
) -> Result<(), TemplateError> {
    let Some(events) = function.property("Events").and_then(Yaml::as_mapping) else { return Ok(()) };
    for (name, node) in events {
        let name = name.as_str().unwrap_or_default();
        let place = function.place(root, "Events").child(name);
        let kind = node.get("Type").and_then(Yaml::as_str).unwrap_or_default();
        let properties = node.get("Properties").unwrap_or(&Yaml::Null);
        let event =
            Event { stack, function: function.id, name, properties, place: place.child("Properties") };
        match kind {
            "Api" => into.routes.push(event.route(apis)?),
            "Schedule" => into.schedules.extend(event.schedule("Schedule")?),
            "ScheduleV2" => into.schedules.extend(event.schedule("ScheduleExpression")?),
            "EventBridgeRule" | "CloudWatchEvent" => into.rules.push(event.rule()?),
            "DynamoDB" => into.streams.push(event.stream()?),
            _ => {
                return Err(place.error(format!(
                    "events of type `{kind}` are not known here; Api, Schedule, ScheduleV2, EventBridgeRule and DynamoDB are"
                )));
            }
        }
    }
    Ok(())
}

struct Event<'a, 's> {
    stack: &'a Stack<'s>,
    function: &'a str,
    name: &'a str,
    properties: &'a Yaml,
    place: Place<'a>,
}

impl Event<'_, '_> {
    fn text(&self, name: &str) -> Result<String, TemplateError> {
        let place = self.place.child(name);
        let node = self.properties.get(name).ok_or_else(|| place.error("it is missing"))?;
        self.stack.text(node, &place)
    }

    fn route(&self, apis: &Apis) -> Result<Route, TemplateError> {
        let path = self.text("Path")?;
        if !path.starts_with('/') {
            return Err(self.place.child("Path").error("a path begins with `/`"));
        }
        let api = match self.properties.get("RestApiId") {
            Some(_) => Some(self.text("RestApiId")?),
            None => apis.keys().next().cloned(),
        };
        let authorizer = match api.as_deref().map(|api| apis.get(api)) {
            Some(Some(authorizer)) => authorizer.clone(),
            Some(None) => {
                return Err(self.place.child("RestApiId").error("there is no such AWS::Serverless::Api"));
            }
            None => None,
        };
        let own = self.properties.get("Auth").and_then(|auth| auth.get("Authorizer")).and_then(Yaml::as_str);
        let guard = if own == Some("NONE") { None } else { authorizer };
        let method = self.text("Method")?.to_ascii_uppercase();
        let wants_header = guard.as_ref().is_some_and(|guard| guard.wants_header);
        let authorizer = guard.map(|guard| guard.arn);
        Ok(Route { method, path, function: self.function.to_owned(), authorizer, wants_header })
    }

    /// What is left out has the cloud's own default.
    fn stream(&self) -> Result<StreamSource, TemplateError> {
        let number = |name: &str, default: u64| {
            if self.properties.get(name).is_none() {
                return Ok(default);
            }
            let place = self.place.child(name);
            let text = self.text(name)?;
            text.parse().map_err(|_| place.error(format!("`{text}` is not a whole number")))
        };
        let is = |name: &str| self.properties.get(name).and_then(Yaml::as_bool) == Some(true);
        let reports = self.properties.get("FunctionResponseTypes").and_then(Yaml::as_sequence);
        let place = self.place.child("DestinationConfig").child("OnFailure").child("Destination");
        let queue = self
            .properties
            .get("DestinationConfig")
            .and_then(|node| node.get("OnFailure")?.get("Destination"));
        let queue =
            queue.ok_or_else(|| place.error("it is missing: what is given up must not be lost silently"))?;
        let queue = self.stack.text(queue, &place)?;
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
        Ok(StreamSource {
            function: self.function.to_owned(),
            name: self.name.to_owned(),
            arn: self.text("Stream")?,
            batch: size(number("BatchSize", 100)?),
            lanes: size(number("ParallelizationFactor", 1)?),
            bisect: is("BisectBatchOnFunctionError"),
            reports: reports
                .is_some_and(|all| all.iter().any(|one| one.as_str() == Some("ReportBatchItemFailures"))),
            retries: u32::try_from(number("MaximumRetryAttempts", 10_000)?).unwrap_or(u32::MAX),
            longest: Millis::seconds(number("MaximumRecordAgeInSeconds", 86_400)?),
            dead_letters: queue.rsplit(':').next().unwrap_or_default().to_owned(),
        })
    }

    /// `None` if it is switched off.
    fn schedule(&self, property: &str) -> Result<Option<Schedule>, TemplateError> {
        let off = self.properties.get("Enabled").and_then(Yaml::as_bool) == Some(false)
            || self.properties.get("State").and_then(Yaml::as_str) == Some("DISABLED");
        let rate = self.text(property)?;
        let every = parse_rate(&rate).ok_or_else(|| {
            let place = self.place.child(property);
            place.error(format!(
                "`{rate}` is not known here; rate(N minutes), rate(N hours) and rate(N days) are"
            ))
        })?;
        let (function, name) = (self.function.to_owned(), self.name.to_owned());
        Ok((!off).then_some(Schedule { function, name, every }))
    }

    fn rule(&self) -> Result<Rule, TemplateError> {
        let place = self.place.child("Pattern");
        let pattern = match self.properties.get("Pattern") {
            Some(node) => self.stack.resolve(node, &place)?,
            None => None,
        };
        let pattern =
            Pattern::parse(&pattern.unwrap_or(Value::Null)).map_err(|message| place.error(message))?;
        Ok(Rule { function: self.function.to_owned(), name: self.name.to_owned(), pattern })
    }
}

/// `rate(5 minutes)`; at least one minute, as in the cloud.
fn parse_rate(text: &str) -> Option<Millis> {
    let inner = text.strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inner.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| (1..=10_000).contains(number))?;
    match unit {
        "minute" | "minutes" => Some(Millis::minutes(number)),
        "hour" | "hours" => Some(Millis::hours(number)),
        "day" | "days" => Some(Millis::days(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!(parse_rate("rate(1 minute)"), Some(Millis::minutes(1)));
        assert_eq!(parse_rate("rate(12 hours)"), Some(Millis::hours(12)));
        assert_eq!(parse_rate("rate(1 day)"), Some(Millis::days(1)));
        for bad in
            ["rate(0 minutes)", "rate(1 second)", "rate(1)", "cron(0 0 * * ? *)", "1 minute", "rate(-1 day)"]
        {
            assert_eq!(parse_rate(bad), None, "{bad}");
        }
    }
}
