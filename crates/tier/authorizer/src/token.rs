//! A token: a compact JWS (RFC 7515 §7.1) that holds claims (RFC 7519).
//!
//! It is read in two halves, since the key that verifies it has to be found in between: [`Token::read`] takes the header
//! and believes nothing of it but which key to ask for; [`Token::claims`] verifies, and only then looks at the claims.

use crate::config::Config;
use crate::json;
use crate::keys::{Algorithm, Key, MAX_KID};
use crate::reason::Reason;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::ids::TenantId;
use capstan_core::subject::subject_objection;
use capstan_core::tier::Role;
use serde_json::{Map, Value};

/// A token longer than this, in bytes, is not looked at.
pub const MAX_TOKEN: usize = 4_096;
/// By how many seconds the issuer's clock may be off ours.
pub const LEEWAY: u64 = 30;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The subject.
    pub subject: String,
    /// The role.
    pub role: Role,
    /// The tenant.
    pub tenant: TenantId,
}

/// A token whose header is read.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    /// Header and claims, as they were signed.
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Reason> {
        if text.len() > MAX_TOKEN {
            return Err(Reason::Oversized);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Reason::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Reason::Malformed)?;
        if claims.contains('.') {
            return Err(Reason::Malformed);
        }
        let header = decode(header).and_then(|bytes| json::object(&bytes)).ok_or(Reason::Malformed)?;
        let signature = decode(signature).ok_or(Reason::Malformed)?;
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let algorithm = algorithm.ok_or(Reason::Algorithm)?;
        // `crit` names what must be understood, and nothing is; the others bring a key or say where one is.
        if ["crit", "b64", "jwk", "jku", "x5u", "zip"].iter().any(|name| header.contains_key(*name)) {
            return Err(Reason::Header);
        }
        if !header.get("typ").is_none_or(is_jwt) {
            return Err(Reason::Header);
        }
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=MAX_KID).contains(&kid.len()) => Some(kid.clone()),
            Some(_) => return Err(Reason::UnknownKey),
        };
        Ok(Self { algorithm, kid, signed, claims, signature })
    }

    /// The name of the key it says it is signed with.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Who calls, if this key signed it and all that it says holds at `now` (seconds since the epoch).
    pub(crate) fn claims(&self, key: &Key, config: &Config, now: u64) -> Result<Claims, Reason> {
        if self.algorithm != key.algorithm() {
            return Err(Reason::Algorithm);
        }
        if !key.signed(self.signed.as_bytes(), &self.signature) {
            return Err(Reason::Signature);
        }
        let claims = decode(self.claims).and_then(|bytes| json::object(&bytes)).ok_or(Reason::Malformed)?;
        if claims.get("iss").and_then(Value::as_str) != Some(config.issuer()) {
            return Err(Reason::Issuer);
        }
        if !is_for(claims.get("aud"), config.audience()) {
            return Err(Reason::Audience);
        }
        check_times(&claims, config.longest_seconds(), now)?;
        Ok(Claims {
            subject: subject(claims.get("sub")).ok_or(Reason::Subject)?,
            role: role(claims.get(config.role_claim())).ok_or(Reason::Role)?,
            tenant: tenant(claims.get(config.tenant_claim())).ok_or(Reason::Tenant)?,
        })
    }
}

/// Base64url without padding, each text in one spelling alone: bits that say nothing must be zero.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn is_jwt(typ: &Value) -> bool {
    let name = typ.as_str().map(str::to_ascii_lowercase);
    matches!(name.as_deref(), Some("jwt" | "at+jwt" | "application/at+jwt"))
}

/// `aud` is one audience or a list of them (RFC 7519 §4.1.3).
fn is_for(audience: Option<&Value>, ours: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == ours,
        Some(Value::Array(several)) => {
            several.iter().all(Value::is_string) && several.iter().any(|one| one == ours)
        }
        _ => false,
    }
}

fn check_times(claims: &Map<String, Value>, longest: u64, now: u64) -> Result<(), Reason> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(Reason::Lifetime),
    };
    let (Some(expires), Some(issued)) = (time("exp")?, time("iat")?) else { return Err(Reason::Lifetime) };
    let not_before = time("nbf")?.unwrap_or(issued);
    if expires <= issued || expires - issued > longest {
        return Err(Reason::Lifetime);
    }
    if now >= expires.saturating_add(LEEWAY) {
        return Err(Reason::Expired);
    }
    if issued.max(not_before) > now.saturating_add(LEEWAY) {
        return Err(Reason::NotYetValid);
    }
    Ok(())
}

/// A name that can be shown and recorded, and is nobody else's.
fn subject(value: Option<&Value>) -> Option<String> {
    let subject = value?.as_str()?;
    subject_objection(subject).is_none().then(|| subject.to_owned())
}

/// One role, or of a list of groups the highest that is a role.
fn role(value: Option<&Value>) -> Option<Role> {
    match value? {
        Value::String(name) => Role::parse(name),
        Value::Array(groups) if groups.iter().all(Value::is_string) => {
            groups.iter().filter_map(|group| Role::parse(group.as_str()?)).max()
        }
        _ => None,
    }
}

fn tenant(value: Option<&Value>) -> Option<TenantId> {
    TenantId::parse(value?.as_str()?).ok()
}
