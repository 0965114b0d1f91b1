//! What the function is told from outside.

use tier_steps::{Environment, SettingError};

const NAME: &str = "IOPS_ENDPOINT";

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The endpoint that is meant where none is named.
    pub endpoint: String,
}

/// Whether `SageMaker` would take this as an endpoint's name.
pub(crate) fn is_endpoint(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

impl Config {
    /// Reads `IOPS_ENDPOINT`.
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let wrong = |problem: String| SettingError { name: NAME, problem };
        let endpoint = environment.get(NAME).ok_or_else(|| wrong("is missing".to_owned()))?;
        if is_endpoint(endpoint) {
            Ok(Self { endpoint: endpoint.clone() })
        } else {
            Err(wrong(format!("`{endpoint}` is not the name of an endpoint")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_name_is_shown() {
        let read = |value: &str| Config::read(&Environment::from([(NAME.to_owned(), value.to_owned())]));
        assert_eq!(read("iops-model").unwrap().endpoint, "iops-model");
        for bad in ["", "a b", "-a", "a-", "a_b", &"a".repeat(64)] {
            assert!(read(bad).unwrap_err().to_string().contains(&format!("`{bad}`")));
        }
        assert!(Config::read(&Environment::new()).is_err());
    }
}
