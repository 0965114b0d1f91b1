//! Which operations were called, by what passed on the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance::proxy::Request;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// An operation that was called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Called {
    /// The name that requests to it are signed with.
    pub(crate) service: String,
    pub(crate) operation: String,
    /// Whether it was answered well.
    pub(crate) good: bool,
}

/// botocore's name of a service, and the one that its requests are signed with, where they differ.
const SIGNED: [(&str, &str); 8] = [
    ("opensearch", "es"),
    ("opensearchserverless", "aoss"),
    ("neptune", "rds"),
    ("sagemaker-runtime", "sagemaker"),
    ("resourcegroupstaggingapi", "tagging"),
    ("stepfunctions", "states"),
    ("cloudwatch", "monitoring"),
    ("ce", "ce"),
];

impl Called {
    /// Whether it is this operation of the service of this name in botocore.
    pub(crate) fn is(&self, service: &str, operation: &str) -> bool {
        let signed = SIGNED.iter().find(|(name, _)| *name == service).map_or(service, |(_, signed)| signed);
        self.service == signed && self.operation == operation
    }
}

/// What passed, by the file that the proxy wrote.
pub(crate) fn called(wire: &Path) -> BTreeSet<Called> {
    let text = std::fs::read_to_string(wire).unwrap();
    text.lines().map(|line| one(&serde_json::from_str(line).unwrap())).collect()
}

fn one(exchange: &Value) -> Called {
    let headers = exchange["requestHeaders"].as_object().unwrap();
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let request = Request {
        method: exchange["method"].as_str().unwrap().to_owned(),
        uri: exchange["uri"].as_str().unwrap().to_owned(),
        headers: headers.collect(),
        body: STANDARD.decode(exchange["requestBody"].as_str().unwrap()).unwrap(),
    };
    // Credential=AKID/20260101/us-east-1/kinesis/aws4_request
    let signature = request.header("authorization").expect("requests are signed");
    let service = signature.split('/').nth(3).expect("a signature has its scope").to_owned();
    let operation = match service.as_str() {
        "es" => domain_operation(&request).to_owned(),
        _ => request.operation(),
    };
    let good = exchange["status"].as_u64().is_some_and(|status| (200..300).contains(&status));
    Called { service, operation, good }
}

/// The one REST API: the operation is in method and path.
fn domain_operation(request: &Request) -> &'static str {
    let path = request.uri.split('?').next().unwrap_or_default().trim_start_matches("/2021-01-01");
    let path = path.trim_end_matches('/');
    match (request.method.as_str(), path) {
        ("POST", "/opensearch/domain") => "CreateDomain",
        ("GET", "/tags") => "ListTags",
        ("POST", "/tags") => "AddTags",
        ("POST", "/tags-removal") => "RemoveTags",
        ("POST", path) if path.ends_with("/config") => "UpdateDomainConfig",
        ("GET", _) => "DescribeDomain",
        ("DELETE", _) => "DeleteDomain",
        _ => "unknown",
    }
}
