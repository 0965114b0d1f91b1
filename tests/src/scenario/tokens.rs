//! The issuer of the events' tokens, and its tokens at another time.

use crate::scenario::Caller;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::ids::TenantId;
use capstan_core::tier::Role;
use capstan_core::time::{Millis, Timestamp};
use local::issuer::{Bearer, Issuer};
use serde_json::{Value, json};

/// What the key of the events' issuer comes of. It guards nothing: it is for these tests alone.
pub const SEED_OF_KEY: &[u8; 32] = b"for the events of the tests only";

/// The issuer of the events' tokens.
///
/// # Panics
/// If the key can't be used.
pub fn issuer() -> Issuer {
    Issuer::from_seed(SEED_OF_KEY).expect("a key")
}

impl Caller {
    /// A token of this caller, good for an hour from `now` on.
    ///
    /// # Panics
    /// If the caller has no role or tenant that could be.
    pub fn token(self, now: Timestamp) -> String {
        let role = Role::parse(self.role).expect("a role");
        let tenant = TenantId::parse(self.tenant).expect("a tenant");
        issuer().token(Bearer { subject: self.sub, role, tenant: &tenant }, now, Millis::hours(1))
    }
}

/// A token of the events' issuer with all its times so much later; what is not by its key stays as it is.
pub fn token_later(token: &str, by: Millis) -> String {
    resigned(token, by).unwrap_or_else(|| token.to_owned())
}

fn resigned(token: &str, by: Millis) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let issuer = issuer();
    if issuer.signature(signed) != signature {
        return None;
    }
    let (header, claims) = signed.split_once('.')?;
    let read =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (header, mut claims) = (read(header)?, read(claims)?);
    for name in ["iat", "exp", "nbf"] {
        if let Some(time) = claims.get(name).and_then(Value::as_u64) {
            claims[name] = json!(time + by.0 / 1_000);
        }
    }
    Some(issuer.sign_as(&header, &claims))
}

/// A text with every token in it, as a header has it, made so much later.
pub(super) fn tokens_later(text: &str, by: Millis) -> String {
    const BEFORE: &str = "Bearer ";
    let mut parts = text.split(BEFORE);
    let mut later = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('"').unwrap_or(part.len());
        later.push_str(BEFORE);
        later.push_str(&token_later(&part[..end], by));
        later.push_str(&part[end..]);
    }
    later
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ADA;

    #[test]
    fn its_own_tokens_are_later_and_nothing_else_is() {
        let (now, day) = (Timestamp::from_millis(1_767_225_600_000), Millis::days(1));
        let text = |token: &str| format!(r#"{{"a": "Bearer {token}", "b": ["Bearer {token}", "Bearer …"]}}"#);
        let token = ADA.token(now);
        assert_eq!(tokens_later(&text(&token), day), text(&ADA.token(now + day)));
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        let forged = format!("{signed}.{}", issuer().signature("something else"));
        assert_eq!(tokens_later(&text(&forged), day), text(&forged));
    }
}
