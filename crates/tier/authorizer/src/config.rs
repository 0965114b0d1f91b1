//! What the authorizer is told from outside: whose tokens count, and where they say what.

use tier_steps::{Environment, Oidc, SettingError};

/// The longest that a token may be good, in hours, unless told otherwise.
pub const LONGEST_HOURS: u64 = 24;
/// The most hours that can be set: a week.
const MOST_HOURS: u64 = 168;

/// What the authorizer is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    oidc: Oidc,
    longest_hours: u64,
    open_ingest: bool,
}

impl Config {
    /// Reads `OIDC_ISSUER`, which must be there; `OIDC_AUDIENCE` (`capstan`), `OIDC_ROLE_CLAIM` (`role`),
    /// `OIDC_TENANT_CLAIM` (`tenant`), `OIDC_LONGEST_HOURS` (24) and `OPEN_INGEST` (false).
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let given = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
        Ok(Self {
            oidc: Oidc::read(environment)?,
            longest_hours: hours(given("OIDC_LONGEST_HOURS"))?,
            open_ingest: yes_or_no("OPEN_INGEST", given("OPEN_INGEST"))?,
        })
    }

    /// The issuer, as tokens name it.
    pub fn issuer(&self) -> &str {
        &self.oidc.issuer
    }
    /// The audience that a token must be for.
    pub fn audience(&self) -> &str {
        &self.oidc.audience
    }
    pub(crate) fn role_claim(&self) -> &str {
        &self.oidc.role_claim
    }
    pub(crate) fn tenant_claim(&self) -> &str {
        &self.oidc.tenant_claim
    }
    /// Whether hosts may report without a token.
    pub const fn open_ingest(&self) -> bool {
        self.open_ingest
    }
    pub(crate) const fn longest_seconds(&self) -> u64 {
        self.longest_hours * 3_600
    }
}

fn yes_or_no(name: &'static str, given: Option<&str>) -> Result<bool, SettingError> {
    match given {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(SettingError { name, problem: format!("is `{other}`: give true or false") }),
    }
}

fn hours(given: Option<&str>) -> Result<u64, SettingError> {
    let Some(text) = given else { return Ok(LONGEST_HOURS) };
    text.parse().ok().filter(|hours| (1..=MOST_HOURS).contains(hours)).ok_or_else(|| SettingError {
        name: "OIDC_LONGEST_HOURS",
        problem: format!("is `{text}`: give a whole number of hours from 1 to {MOST_HOURS}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, SettingError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(&pairs.collect())
    }

    #[test]
    fn what_is_missing_or_wrong_stops_the_start_and_is_named() {
        for issuer in [
            "",
            "login.example.com",
            "http://login.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "https://",
            "https://login.example.com/?x=1",
            "https://login.example.com/#x",
            "https://user:password@login.example.com",
            "ftp://login.example.com",
        ] {
            let error = read(&[("OIDC_ISSUER", issuer)]).unwrap_err().to_string();
            assert!(error.contains("OIDC_ISSUER") && error.contains(issuer), "{error}");
        }
        for (name, value) in [
            ("OIDC_AUDIENCE", "two words"),
            ("OIDC_ROLE_CLAIM", "röle"),
            ("OIDC_TENANT_CLAIM", "a\nb"),
            ("OIDC_LONGEST_HOURS", "0"),
            ("OIDC_LONGEST_HOURS", "169"),
            ("OIDC_LONGEST_HOURS", "a day"),
            ("OPEN_INGEST", "yes"),
            ("OPEN_INGEST", "True"),
        ] {
            let error = read(&[("OIDC_ISSUER", "https://login.example.com"), (name, value)]).unwrap_err();
            assert!(error.to_string().contains(name) && error.to_string().contains(value), "{error}");
        }
    }

    #[test]
    fn an_issuer_is_enough() {
        for issuer in [
            "https://login.example.com",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab1Cd2Ef3",
            "https://login.example.com:8443/realms/ops/",
            "http://127.0.0.1:3000",
            "http://localhost:8080/issuer",
        ] {
            let config = read(&[("OIDC_ISSUER", issuer), ("OIDC_AUDIENCE", "")]).unwrap();
            assert_eq!((config.issuer(), config.audience()), (issuer, "capstan"));
            assert_eq!((config.role_claim(), config.tenant_claim()), ("role", "tenant"));
            assert_eq!(config.longest_seconds(), 86_400);
        }
    }
}
