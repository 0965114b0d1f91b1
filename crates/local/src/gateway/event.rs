//! The events that API Gateway (REST, payload version 1) sends to authorizers and functions.
//!
//! Shapes are those of AWS's developer guide, "Input format of a Lambda function for proxy integration" and "Input to a
//! Lambda authorizer" (REQUEST). Header names come in their usual spelling, as clients of HTTP/1.1 send them.

use super::routes::Parameters;
use super::{Problem, Request};
use crate::template::Route;
use capstan_core::ids::uuid_v7;
use capstan_core::time::Timestamp;
use capstan_core::web::pairs;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const API_ID: &str = "local";
const ACCOUNT: &str = "000000000000";

/// What a request has besides itself.
pub(super) struct Context<'a> {
    stage: &'a str,
    route: &'a Route,
    parameters: Parameters,
    at: Timestamp,
    id: String,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        stage: &'a str,
        route: &'a Route,
        parameters: Parameters,
        at: Timestamp,
        random: [u8; 16],
    ) -> Self {
        Self { stage, route, parameters, at, id: uuid_v7(at.as_millis(), random) }
    }

    /// Whether the authorizer is asked only where there is an `Authorization` header.
    pub(super) const fn wants_header(&self) -> bool {
        self.route.wants_header
    }

    /// What a policy of the authorizer allows or denies.
    pub(super) fn method_arn(&self, request: &Request) -> String {
        let (stage, method, path) = (self.stage, &request.method, request.path.trim_start_matches('/'));
        format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:{API_ID}/{stage}/{method}/{path}")
    }

    fn request_context(&self, request: &Request) -> Value {
        json!({
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": request.header("host"),
            "domainPrefix": API_ID,
            "extendedRequestId": self.id,
            "httpMethod": request.method,
            "identity": { "sourceIp": request.source_ip, "userAgent": request.header("user-agent") },
            "path": format!("/{}{}", self.stage, request.path),
            "protocol": "HTTP/1.1",
            "requestId": self.id,
            "requestTime": clf(self.at),
            "requestTimeEpoch": self.at.as_millis(),
            "resourceId": API_ID,
            "resourcePath": self.route.path,
            "stage": self.stage,
        })
    }

    /// What both events share.
    fn common(&self, request: &Request) -> Map<String, Value> {
        let headers =
            multi(request.headers.iter().map(|(name, value)| (usual_spelling(name), value.clone())));
        let query = multi(pairs(&request.query));
        let parameters = (!self.parameters.is_empty()).then_some(&self.parameters);
        let event = json!({
            "resource": self.route.path,
            "path": request.path,
            "httpMethod": request.method,
            "headers": last(&headers),
            "multiValueHeaders": headers,
            "queryStringParameters": (!query.is_empty()).then(|| last(&query)),
            "multiValueQueryStringParameters": (!query.is_empty()).then_some(&query),
            "pathParameters": parameters,
            "stageVariables": null,
            "requestContext": self.request_context(request),
        });
        match event {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }
}

/// The event for an authorizer.
pub(super) fn authorizer(request: &Request, context: &Context<'_>) -> Value {
    let mut event = context.common(request);
    event.insert("type".to_owned(), json!("REQUEST"));
    event.insert("methodArn".to_owned(), json!(context.method_arn(request)));
    Value::Object(event)
}

/// The event for a function, with what the authorizer said. Nothing else gets into that place.
pub(super) fn proxy(
    request: &Request,
    context: &Context<'_>,
    authorizer: Option<Map<String, Value>>,
) -> Result<Value, Problem> {
    let body = std::str::from_utf8(&request.body).map_err(|_| Problem::not_text())?;
    let mut event = context.common(request);
    event.insert("body".to_owned(), if body.is_empty() { Value::Null } else { json!(body) });
    event.insert("isBase64Encoded".to_owned(), json!(false));
    if let (Some(authorizer), Some(context)) = (authorizer, event.get_mut("requestContext")) {
        context["authorizer"] = Value::Object(authorizer);
    }
    Ok(Value::Object(event))
}

fn multi(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name).or_default().push(value);
    }
    all
}

fn last(all: &BTreeMap<String, Vec<String>>) -> BTreeMap<&str, &str> {
    let pairs = all.iter().filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())));
    pairs.collect()
}

/// `content-type` as `Content-Type`.
fn usual_spelling(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len());
    let mut first = true;
    for letter in name.chars() {
        spelled.push(if first { letter.to_ascii_uppercase() } else { letter });
        first = letter == '-';
    }
    spelled
}

/// `09/Apr/2015:12:34:56 +0000`.
fn clf(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    format!("{}/{}/{}:{} +0000", part(8, 10), month.copied().unwrap_or_default(), part(0, 4), part(11, 19))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> Route {
        Route {
            method: "GET".to_owned(),
            path: "/tier/configs/{tier}".to_owned(),
            function: "F".to_owned(),
            authorizer: None,
            wants_header: false,
        }
    }

    #[test]
    fn a_proxy_event_has_the_cloud_s_shape() {
        let (route, parameters) = (route(), Parameters::from([("tier".to_owned(), "DEV".to_owned())]));
        let at = Timestamp::parse("2026-04-09T12:34:56.789Z").unwrap();
        let context = Context::new("local", &route, parameters, at, [7; 16]);
        let request = Request::new("GET", "/tier/configs/DEV?a=1&a=2&b=x%20y", "")
            .with_header("content-type", "application/json")
            .with_header("X-Twice", "1")
            .with_header("x-twice", "2");
        let authorizer = Map::from_iter([("role".to_owned(), json!("admin"))]);
        let event = proxy(&request, &context, Some(authorizer)).unwrap();
        assert_eq!(event["resource"], "/tier/configs/{tier}");
        assert_eq!(event["path"], "/tier/configs/DEV");
        assert_eq!(event["pathParameters"]["tier"], "DEV");
        assert_eq!(event["queryStringParameters"], json!({ "a": "2", "b": "x y" }));
        assert_eq!(event["multiValueQueryStringParameters"]["a"], json!(["1", "2"]));
        assert_eq!(event["headers"]["Content-Type"], "application/json");
        assert_eq!(event["multiValueHeaders"]["X-Twice"], json!(["1", "2"]));
        assert_eq!(event["requestContext"]["authorizer"]["role"], "admin");
        assert_eq!(event["requestContext"]["requestTime"], "09/Apr/2026:12:34:56 +0000");
        assert_eq!(event["body"], Value::Null);
        let arn = "arn:aws:execute-api:us-east-1:000000000000:local/local/GET/tier/configs/DEV";
        assert_eq!(super::authorizer(&request, &context)["methodArn"], arn);
    }
}
