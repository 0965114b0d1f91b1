//! What the environment tells the steps, read once.

use crate::ReleaseError;
use tier_steps::{Environment, SettingError};

/// What the steps are told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The endpoint that serves (`IOPS_ENDPOINT`).
    pub endpoint: String,
    /// The container that trains and serves (`MODEL_IMAGE`); `None`: the stack has none.
    pub image: Option<String>,
    /// Whose rights it has (`MODEL_ROLE_ARN`); `None`: the stack says of nobody.
    pub role_arn: Option<String>,
    /// On what it trains (`TRAINING_INSTANCE_TYPE`).
    pub training_instance: String,
    /// On what it serves (`SERVING_INSTANCE_TYPE`).
    pub serving_instance: String,
}

impl Settings {
    /// Reads the settings; a variable that is absent has the template's default.
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let given = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let instance = |name: &'static str| match given(name).unwrap_or("ml.m5.large") {
            good if good.starts_with("ml.") => Ok(good.to_owned()),
            bad => {
                let problem = format!("`{bad}` is not an instance type of SageMaker, such as ml.m5.large");
                Err(SettingError { name, problem })
            }
        };
        let endpoint = given("IOPS_ENDPOINT").unwrap_or("iops-model");
        let well_formed =
            endpoint.len() <= 63 && endpoint.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !well_formed {
            let problem = format!("`{endpoint}` is not the name of an endpoint (letters, digits, hyphens)");
            return Err(SettingError { name: "IOPS_ENDPOINT", problem });
        }
        let role_arn = given("MODEL_ROLE_ARN");
        if let Some(bad) = role_arn.filter(|role| !role.contains(":role/")) {
            let problem = format!("`{bad}` is not the ARN of a role");
            return Err(SettingError { name: "MODEL_ROLE_ARN", problem });
        }
        Ok(Self {
            endpoint: endpoint.to_owned(),
            image: given("MODEL_IMAGE").map(str::to_owned),
            role_arn: role_arn.map(str::to_owned),
            training_instance: instance("TRAINING_INSTANCE_TYPE")?,
            serving_instance: instance("SERVING_INSTANCE_TYPE")?,
        })
    }

    /// Image and role, or the word what the stack has to be told first.
    pub fn container(&self) -> Result<(&str, &str), ReleaseError> {
        let missing = |what: &str| {
            ReleaseError::NotConfigured(format!(
                "the stack has no {what}: deploy it with the parameters IopsModelImage (the container that trains and serves) \
                 and IopsModelRole, then ask again"
            ))
        };
        let image = self.image.as_deref().ok_or_else(|| missing("IopsModelImage"))?;
        Ok((image, self.role_arn.as_deref().ok_or_else(|| missing("IopsModelRole"))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_what_is_missing_with_its_parameter() {
        let read = |name: &str, value: &str| {
            Settings::read(&Environment::from([(name.to_owned(), value.to_owned())]))
        };
        for (name, value) in [
            ("SERVING_INSTANCE_TYPE", "m5.large"),
            ("TRAINING_INSTANCE_TYPE", "x"),
            ("IOPS_ENDPOINT", "a b"),
            ("MODEL_ROLE_ARN", "me"),
        ] {
            let error = read(name, value).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
        let error = Settings::read(&Environment::new()).unwrap().container().unwrap_err();
        assert_eq!(error.name(), "NotConfigured");
        assert!(error.to_string().contains("IopsModelImage"), "{error}");
        assert!(
            read("MODEL_IMAGE", "i")
                .unwrap()
                .container()
                .unwrap_err()
                .to_string()
                .contains("no IopsModelRole")
        );
    }
}
