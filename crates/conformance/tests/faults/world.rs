//! The cloud behind the proxy: our adapters before it, and what sets it up and looks at it past them.

use aws::{Aws, AwsConfig, Environment, Patience, SdkConfig, sdk_config_with};
use conformance::proxy::{Request, ask};
use serde_json::Value;
use std::cell::OnceCell;
use std::time::Duration;

/// The account of both emulators' resources is the one that is not told otherwise.
pub(crate) const ACCOUNT: &str = "000000000000";

/// Where an emulator listens; `None`, and a word about it, if none runs.
pub(crate) fn peer(variable: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no start at which the environment could be read once"
    )]
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("skipped: {variable} is not set; run `python3 tools/peers.py run -- cargo test …`");
    }
    url
}

/// Short, so that a call that hangs does not hang the test; long enough for an emulator on a busy machine.
fn patience() -> Patience {
    Patience {
        attempts: 3,
        pause: Duration::from_millis(20),
        connect: Duration::from_secs(2),
        attempt: Duration::from_secs(3),
        operation: Duration::from_secs(8),
    }
}

/// What a function has in its environment, with its cloud at `url`.
pub(crate) fn environment(url: &str, own: &[(&str, &str)]) -> Environment {
    let machine = format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:capstan-faults");
    let principal = format!("arn:aws:iam::{ACCOUNT}:role/app");
    let lambda = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", url),
        ("TABLE_SUFFIX", "-faults"),
        ("STATE_MACHINE_ARN", &machine),
        ("COLLECTION_PRINCIPALS", &principal),
    ];
    lambda.iter().chain(own).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The adapters, with their cloud at `url`.
pub(crate) fn aws(url: &str) -> Aws {
    aws_with(url, &[])
}

/// The adapters, with variables of their own.
pub(crate) fn aws_with(url: &str, own: &[(&str, &str)]) -> Aws {
    let environment = environment(url, own);
    Aws::new(AwsConfig::read(&environment).unwrap(), sdk(&environment, url))
}

/// One configuration a test, since making its TLS takes longer than a call; a test has a thread of its own.
fn sdk(environment: &Environment, url: &str) -> SdkConfig {
    thread_local!(static SHARED: OnceCell<SdkConfig> = const { OnceCell::new() });
    if environment["AWS_REGION"] != "us-east-1" {
        return sdk_config_with(environment, patience()).unwrap();
    }
    let made = || sdk_config_with(environment, patience()).unwrap();
    SHARED.with(|shared| shared.get_or_init(made).clone()).into_builder().endpoint_url(url).build()
}

/// A name that nothing else has: good for every service.
pub(crate) fn name(service: &str, number: usize) -> String {
    format!("f{}-{service}-{number:02}", std::process::id())
}

/// The emulators tell services apart by this.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// Asks a JSON service past the adapters.
pub(crate) async fn json(peer: &str, service: &str, target: &str, body: &Value) -> Value {
    let authorization = authorization(service);
    let version = if matches!(service, "kinesis" | "sagemaker") { "1.1" } else { "1.0" };
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", &format!("application/x-amz-json-{version}")),
        ("x-amz-target", target),
    ];
    let answer = ask(peer, &Request::post("/", &headers, body.to_string())).await.unwrap();
    let text = String::from_utf8_lossy(&answer.body);
    assert!(
        answer.status == 200 || text.contains("exist") || text.contains("InUse"),
        "{target}: {} {text}",
        answer.status
    );
    serde_json::from_str(&text).unwrap_or_default()
}

/// Asks a query service past the adapters; gives the text of the answer's first element of this name.
pub(crate) async fn form(peer: &str, service: &str, form: &str, element: &str) -> String {
    let authorization = authorization(service);
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let answer = ask(peer, &Request::post("/", &headers, form)).await.unwrap();
    let text = String::from_utf8_lossy(&answer.body);
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let inner = text.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    inner.unwrap_or_else(|| panic!("{form}: {} {text}", answer.status)).0.to_owned()
}
