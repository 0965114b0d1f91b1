//! Whose tokens count, and where they say what: for the authorizer, which believes them, and the console, which asks for them.

use crate::settings::{Environment, SettingError};
use capstan_core::web::{authority, is_loopback};

/// Whose tokens count, and where they say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// The issuer, as tokens name it.
    pub issuer: String,
    /// The audience that a token must be for. For who asks for tokens it is the client id, since a token is for whoever asked
    /// for it (OpenID Connect Core 1.0 §2).
    pub audience: String,
    /// The claim that says the role.
    pub role_claim: String,
    /// The claim that says the tenant.
    pub tenant_claim: String,
}

impl Oidc {
    /// Reads `OIDC_ISSUER`, which must be there; `OIDC_AUDIENCE` (`capstan`), `OIDC_ROLE_CLAIM` (`role`) and
    /// `OIDC_TENANT_CLAIM` (`tenant`).
    ///
    /// # Errors
    /// The issuer is missing or no URL to be trusted, or a name could not be one.
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let given = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let Some(issuer) = given("OIDC_ISSUER") else {
            let problem =
                "is missing: give the URL of the issuer of the callers' tokens, as their `iss` has it";
            return Err(SettingError { name: "OIDC_ISSUER", problem: problem.to_owned() });
        };
        check_url("OIDC_ISSUER", issuer)?;
        let name = |name: &'static str, default: &str| {
            let value = given(name).unwrap_or(default);
            let good = value.len() <= 256 && value.bytes().all(|byte| byte.is_ascii_graphic());
            let problem = format!("is `{value}`: give at most 256 printable characters without spaces");
            if good { Ok(value.to_owned()) } else { Err(SettingError { name, problem }) }
        };
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: name("OIDC_AUDIENCE", "capstan")?,
            role_claim: name("OIDC_ROLE_CLAIM", "role")?,
            tenant_claim: name("OIDC_TENANT_CLAIM", "tenant")?,
        })
    }
}

/// What is fetched from elsewhere over a line that others read and write is nobody's word: https, or this machine.
///
/// # Errors
/// It is another URL, or none.
pub fn check_url(name: &'static str, url: &str) -> Result<(), SettingError> {
    if is_trusted(url) {
        return Ok(());
    }
    let problem =
        format!("is `{url}`: give an https URL without query and fragment (http on 127.0.0.1 and localhost)");
    Err(SettingError { name, problem })
}

fn is_trusted(url: &str) -> bool {
    let (scheme, _) = url.split_once("://").unwrap_or_default();
    let authority = authority(url);
    let host = authority.split(':').next().unwrap_or_default();
    let well_formed = url.len() <= 512
        && !host.is_empty()
        && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"\\<>".contains(&byte))
        && !authority.contains('@');
    well_formed && (scheme == "https" || scheme == "http" && is_loopback(authority))
}
