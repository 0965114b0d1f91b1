//! What the environment tells the adapters, read once.

use capstan_core::ports::Table;
use std::collections::BTreeMap;

/// The environment of a function, as the template gives it.
pub type Environment = BTreeMap<String, String>;

/// A variable that is missing or makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {name}: {problem}")]
pub struct ConfigError {
    /// Its name.
    pub name: &'static str,
    /// What is wrong, with the bad value, and what would be right.
    pub problem: String,
}

/// What the adapters are told from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsConfig {
    /// What ends every table's name (`TABLE_SUFFIX`), such as `-dev`. It may be empty.
    pub table_suffix: String,
    /// The names of tables in whose place others may serve, whole (`METRICS_TABLE`, `INSIGHTS_TABLE`).
    pub table_names: BTreeMap<Table, String>,
    /// The tier-transition state machine (`STATE_MACHINE_ARN`); only for functions that start or look at executions.
    pub state_machine_arn: Option<String>,
    /// Where notices go (`ALERT_TOPIC_ARN`); only for functions that send word.
    pub alert_topic_arn: Option<String>,
    /// The key that the audit is sealed with, or its alias (`AUDIT_KEY_ARN`); only for functions that sign, or hand out its public half.
    pub audit_key_arn: Option<String>,
    /// The bucket of what models are made of and of what comes of it (`ML_BUCKET`); only for functions that read or write it.
    pub ml_bucket: Option<String>,
    /// Who may read and write the vectors of a Serverless collection (`COLLECTION_PRINCIPALS`: ARNs of roles or users,
    /// separated by commas). A collection is not made without them, since nobody could use it.
    pub collection_principals: Vec<String>,
    /// The cost allocation tag by which the bill is told from that of others in the account (`COST_TAG`: `key=value`); `None`:
    /// the whole account's is meant.
    pub cost_tag: Option<(String, String)>,
}

impl AwsConfig {
    /// Reads the configuration. Variables that only some functions have are optional here, and a call that needs an
    /// absent one is refused by its name; a value that makes no sense stops the start.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let suffix = environment.get("TABLE_SUFFIX").ok_or_else(|| ConfigError {
            name: "TABLE_SUFFIX",
            problem: "is missing: give what ends every table's name, such as `-dev`".to_owned(),
        })?;
        if !suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            return Err(ConfigError {
                name: "TABLE_SUFFIX",
                problem: format!("`{suffix}` can't end a table's name (letters, digits, `-`, `_`, `.`)"),
            });
        }
        let principals = environment.get("COLLECTION_PRINCIPALS").map(String::as_str).unwrap_or_default();
        let principals: Vec<String> =
            principals.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        for principal in &principals {
            arn("COLLECTION_PRINCIPALS", principal, "iam", "role/").or_else(|error| {
                arn("COLLECTION_PRINCIPALS", principal, "iam", "user/").map_err(|_| error)
            })?;
        }
        Ok(Self {
            table_suffix: suffix.clone(),
            table_names: table_names(environment)?,
            state_machine_arn: optional_arn(environment, "STATE_MACHINE_ARN", "states", "stateMachine:")?,
            alert_topic_arn: optional_arn(environment, "ALERT_TOPIC_ARN", "sns", "")?,
            audit_key_arn: optional_arn(environment, "AUDIT_KEY_ARN", "kms", "")?,
            ml_bucket: bucket(environment, "ML_BUCKET")?,
            collection_principals: principals,
            cost_tag: cost_tag(environment)?,
        })
    }
}

fn table_names(environment: &Environment) -> Result<BTreeMap<Table, String>, ConfigError> {
    let mut names = BTreeMap::new();
    for table in Table::ALL {
        let Some(variable) = table.variable() else { continue };
        let Some(name) = environment.get(variable) else { continue };
        let good =
            name.strip_prefix(table.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if !good {
            let problem = format!("`{name}` is no table of the kind {}: it begins otherwise", table.name());
            return Err(ConfigError { name: variable, problem });
        }
        names.insert(table, name.clone());
    }
    Ok(names)
}

/// `COST_TAG`, if it is not empty.
fn cost_tag(environment: &Environment) -> Result<Option<(String, String)>, ConfigError> {
    let text = environment.get("COST_TAG").map(String::as_str).unwrap_or_default();
    match text.split_once('=') {
        None if text.is_empty() => Ok(None),
        Some((key, value)) if !key.is_empty() && !value.is_empty() => {
            Ok(Some((key.to_owned(), value.to_owned())))
        }
        _ => {
            Err(ConfigError { name: "COST_TAG", problem: format!("`{text}` is not `key=value`, nor empty") })
        }
    }
}

fn optional_arn(
    environment: &Environment,
    name: &'static str,
    service: &str,
    stem: &str,
) -> Result<Option<String>, ConfigError> {
    let Some(value) = environment.get(name) else { return Ok(None) };
    arn(name, value, service, stem)?;
    Ok(Some(value.clone()))
}

/// A bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens.
fn bucket(environment: &Environment, name: &'static str) -> Result<Option<String>, ConfigError> {
    let Some(value) = environment.get(name) else { return Ok(None) };
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    if (3..=63).contains(&value.len()) && value.bytes().all(letter) {
        return Ok(Some(value.clone()));
    }
    Err(ConfigError { name, problem: format!("`{value}` is not the name of a bucket") })
}

/// Checks the form `arn:<partition>:<service>:<region>:<account>:<stem>…`.
fn arn(name: &'static str, value: &str, service: &str, stem: &str) -> Result<(), ConfigError> {
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let good = match parts.as_slice() {
        ["arn", partition, its_service, _, account, rest] => {
            !partition.is_empty()
                && *its_service == service
                && account.len() == 12
                && rest.strip_prefix(stem).is_some_and(|name| !name.is_empty())
        }
        _ => false,
    };
    if good {
        return Ok(());
    }
    let problem =
        format!("`{value}` is not an ARN of the form arn:aws:{service}:<region>:<account>:{stem}<name>");
    Err(ConfigError { name, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable() {
        for (name, value) in [
            ("STATE_MACHINE_ARN", "cato-tier-transition-dev"),
            ("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:execution:x"),
            ("AUDIT_KEY_ARN", "alias/cato-tier-audit-dev"),
            ("ALERT_TOPIC_ARN", ""),
            ("ALERT_TOPIC_ARN", "arn:aws:sqs:us-east-1:123456789012:alerts"),
            ("COLLECTION_PRINCIPALS", "everybody"),
            ("ML_BUCKET", "arn:aws:s3:::iops-ml-data"),
            ("ML_BUCKET", ""),
            ("COST_TAG", "capstan"),
            ("COST_TAG", "=iops"),
            ("TABLE_SUFFIX", "-dev/2"),
            ("METRICS_TABLE", "iops-insights-dev"),
        ] {
            let mut environment = environment(&[("TABLE_SUFFIX", "-dev")]);
            environment.insert(name.to_owned(), value.to_owned());
            let error = AwsConfig::read(&environment).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(&format!("`{value}`")), "{error}");
        }
        assert!(
            AwsConfig::read(&Environment::new())
                .unwrap_err()
                .to_string()
                .contains("TABLE_SUFFIX: is missing")
        );
    }

    #[test]
    fn what_the_template_gives_is_read() {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:cato-tier-transition-dev";
        let config = AwsConfig::read(&environment(&[
            ("TABLE_SUFFIX", "-dev"),
            ("STATE_MACHINE_ARN", machine),
            ("ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:cato-alerts-dev"),
            ("COST_TAG", "Project=IOps"),
            (
                "COLLECTION_PRINCIPALS",
                "arn:aws:iam::123456789012:role/app, arn:aws:iam::123456789012:user/ada",
            ),
        ]))
        .unwrap();
        assert_eq!(config.state_machine_arn.as_deref(), Some(machine));
        assert_eq!(config.collection_principals.len(), 2);
        assert_eq!(config.cost_tag, Some(("Project".to_owned(), "IOps".to_owned())));
    }
}
