//! What the console is told from outside.

use tier_steps::{Environment, SettingError};

/// What the console is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub(crate) issuer: String,
    pub(crate) client: String,
    pub(crate) role_claim: String,
    pub(crate) tenant_claim: String,
    pub(crate) iops_url: String,
}

impl Config {
    /// Reads `OIDC_ISSUER` and `IOPS_URL` (where the IOps API is), which must be there; `OIDC_AUDIENCE` (`capstan`), which is
    /// the console's client id too, since a token is for whoever asked for it (OpenID Connect Core 1.0 §2); `OIDC_ROLE_CLAIM`
    /// (`role`) and `OIDC_TENANT_CLAIM` (`tenant`).
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let given = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
        let must = |name: &'static str, what: &str| {
            given(name).ok_or_else(|| SettingError { name, problem: format!("is missing: give {what}") })
        };
        let iops_url = must("IOPS_URL", "the URL of the IOps API with its stage")?;
        Ok(Self {
            issuer: must("OIDC_ISSUER", "the URL of the issuer of the callers' tokens")?,
            client: given("OIDC_AUDIENCE").unwrap_or_else(|| "capstan".to_owned()),
            role_claim: given("OIDC_ROLE_CLAIM").unwrap_or_else(|| "role".to_owned()),
            tenant_claim: given("OIDC_TENANT_CLAIM").unwrap_or_else(|| "tenant".to_owned()),
            iops_url: iops_url.trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let read = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Config::read(&pairs.collect())
        };
        let issuer = ("OIDC_ISSUER", "https://issuer.example");
        assert_eq!(read(&[issuer]).unwrap_err().name, "IOPS_URL");
        assert_eq!(
            read(&[("IOPS_URL", "https://x/dev"), ("OIDC_ISSUER", "")]).unwrap_err().name,
            "OIDC_ISSUER"
        );
        let config = read(&[issuer, ("IOPS_URL", "https://x/dev/")]).unwrap();
        assert_eq!((config.client.as_str(), config.iops_url.as_str()), ("capstan", "https://x/dev"));
    }
}
