//! What the console is told from outside.

use tier_steps::{Environment, Oidc, SettingError, check_url};

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
    /// Reads `IOPS_URL` (where the IOps API is), which must be there, and what [`Oidc`] reads. The audience is the console's
    /// client id.
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let iops_url = environment.get("IOPS_URL").map_or("", String::as_str);
        if iops_url.is_empty() {
            let problem = "is missing: give the URL of the IOps API with its stage".to_owned();
            return Err(SettingError { name: "IOPS_URL", problem });
        }
        check_url("IOPS_URL", iops_url)?;
        let Oidc { issuer, audience, role_claim, tenant_claim } = Oidc::read(environment)?;
        let iops_url = iops_url.trim_end_matches('/').to_owned();
        Ok(Self { issuer, client: audience, role_claim, tenant_claim, iops_url })
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
        for url in ["http://x/dev", "x", "https://x/dev?y"] {
            assert_eq!(read(&[issuer, ("IOPS_URL", url)]).unwrap_err().name, "IOPS_URL", "{url}");
        }
        let config = read(&[issuer, ("IOPS_URL", "https://x/dev/")]).unwrap();
        assert_eq!((config.client.as_str(), config.iops_url.as_str()), ("capstan", "https://x/dev"));
    }
}
