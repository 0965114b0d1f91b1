//! The SDK's configuration, from the environment alone.

use crate::config::{ConfigError, Environment};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::time::Duration;

/// How often a call is tried, and how long it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Tries of one call. The state machine's own retries come on top.
    pub attempts: u32,
    /// Before the second try, at most; each one after waits up to twice as long.
    pub pause: Duration,
    /// Until a connection stands.
    pub connect: Duration,
    /// One try, with its answer read.
    pub attempt: Duration,
    /// All tries of one call.
    pub operation: Duration,
}

impl Default for Patience {
    /// What a function has for one call. What bounds all calls of a request is `lambda`'s.
    fn default() -> Self {
        Self {
            attempts: 3,
            pause: Duration::from_secs(1),
            connect: Duration::from_secs(2),
            attempt: Duration::from_secs(10),
            operation: Duration::from_secs(25),
        }
    }
}

/// Region, credentials and endpoints from the variables that Lambda sets, with our retries and time-outs. Clients made
/// from one such configuration share connections.
pub fn sdk_config(environment: &Environment) -> Result<SdkConfig, ConfigError> {
    sdk_config_with(environment, Patience::default())
}

/// The same with a patience of one's own.
pub fn sdk_config_with(environment: &Environment, patience: Patience) -> Result<SdkConfig, ConfigError> {
    let region = required(environment, "AWS_REGION", "a region such as `us-east-1`")?;
    let well_formed =
        region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !well_formed {
        return Err(ConfigError { name: "AWS_REGION", problem: format!("`{region}` is not a region") });
    }
    let credentials = Credentials::new(
        required(environment, "AWS_ACCESS_KEY_ID", "the credentials of the function's role")?,
        required(environment, "AWS_SECRET_ACCESS_KEY", "the credentials of the function's role")?,
        environment.get("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()).cloned(),
        None,
        "environment",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .operation_attempt_timeout(patience.attempt)
        .operation_timeout(patience.operation)
        .build();
    let retries =
        RetryConfig::standard().with_max_attempts(patience.attempts).with_initial_backoff(patience.pause);
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(retries)
        .timeout_config(timeouts)
        .sleep_impl(TokioSleep::new())
        .http_client(http)
        .service_config(Endpoints::read(environment)?);
    if let Some(url) = environment.get("AWS_ENDPOINT_URL") {
        config = config.endpoint_url(url.clone());
    }
    Ok(config.build())
}

fn required<'a>(
    environment: &'a Environment,
    name: &'static str,
    what: &str,
) -> Result<&'a str, ConfigError> {
    match environment.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(ConfigError { name, problem: format!("is missing: Lambda sets it to {what}") }),
    }
}

/// `AWS_ENDPOINT_URL_<SERVICE>`, which each client asks for by its service's name.
#[derive(Debug)]
struct Endpoints(Environment);

impl Endpoints {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let urls: Environment = environment
            .iter()
            .filter(|(name, _)| name.starts_with("AWS_ENDPOINT_URL"))
            .map(|(name, url)| (name.clone(), url.clone()))
            .collect();
        for (name, url) in &urls {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(ConfigError {
                    name: "AWS_ENDPOINT_URL",
                    problem: format!("{name}: `{url}` is not a URL"),
                });
            }
        }
        Ok(Self(urls))
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace([' ', '-'], "_");
        self.0.get(&format!("{}_{service}", key.env())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let lambda =
            [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        lambda.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let mut environment = environment(&[]);
            environment.remove(name);
            assert!(sdk_config(&environment).unwrap_err().to_string().contains(name));
        }
        for (name, value) in [("AWS_REGION", "US East"), ("AWS_ENDPOINT_URL_KINESIS", "localhost:4566")] {
            let error = sdk_config(&environment(&[(name, value)])).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(&format!("`{value}`")), "{error}");
        }
    }

    #[test]
    fn a_service_has_its_own_endpoint() {
        let urls =
            [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING", "http://own")];
        let config = sdk_config(&environment(&urls)).unwrap();
        assert_eq!(config.endpoint_url(), Some("http://all"));
        let own = |service| {
            let key = ServiceConfigKey::builder()
                .service_id(service)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url");
            config.service_config().and_then(|urls| urls.load_config(key.build().unwrap()))
        };
        assert_eq!(own("Application Auto Scaling").as_deref(), Some("http://own"));
        assert_eq!(own("SageMaker"), None);
    }
}
