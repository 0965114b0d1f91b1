//! Who is signed in: the token that the issuer gave, in cookies that no script can read.
//!
//! The token is kept by the browser and nowhere else. A table of sessions would be a table of live tokens, one read away
//! from what every operator may do; so the function needs no rights at all (docs/decisions/0035-console.md). A cookie holds
//! 4 KB, so a longer token is in several.

use crate::config::Config;
use crate::request::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::ids::hex;
use capstan_core::tier::Role;
use capstan_core::time::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Of a token, in one cookie.
const PIECE: usize = 3_800;
/// In how many cookies a token may be: with the other headers, what API Gateway takes (10 240 bytes).
const PIECES: usize = 2;

/// Who is signed in. What it says of the user is for display: the API believes the token alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) bearer: String,
    pub(crate) subject: String,
    pub(crate) role: Option<Role>,
    pub(crate) tenant: String,
    /// When it ends.
    pub(crate) until: Timestamp,
}

impl Session {
    /// The session of a request, if it has one that has not ended.
    pub(crate) fn of(request: &Request, config: &Config, now: Timestamp) -> Option<Self> {
        let piece = |number: usize| request.cookies.get(&name(request, number)).map(String::as_str);
        let bearer: String = (0..PIECES).map_while(piece).collect();
        let session = Self::read(bearer, config)?;
        (session.until > now).then_some(session)
    }

    /// Reads a token without verifying it: it came from the issuer over a line of its own, and whoever put another one into
    /// the browser gets nowhere with it.
    pub(crate) fn read(bearer: String, config: &Config) -> Option<Self> {
        let claims = claims(&bearer)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let seconds = claims.get("exp").and_then(Value::as_u64)?;
        Some(Self {
            subject: text("sub"),
            role: role(claims.get(&config.role_claim)),
            tenant: text(&config.tenant_claim),
            until: Timestamp::from_millis(seconds.checked_mul(1_000)?),
            bearer,
        })
    }

    /// The cookies that hold it, or none if it is too long for them.
    pub(crate) fn cookies(&self, request: &Request, now: Timestamp) -> Option<Vec<String>> {
        let seconds = self.until.as_millis().saturating_sub(now.as_millis()) / 1_000;
        let pieces: Vec<&[u8]> = self.bearer.as_bytes().chunks(PIECE).collect();
        if pieces.len() > PIECES {
            return None;
        }
        let piece = |number: usize| {
            let text = pieces.get(number).map(|piece| String::from_utf8_lossy(piece)).unwrap_or_default();
            let seconds = if text.is_empty() { 0 } else { seconds };
            cookie(request, &number.to_string(), &text, seconds)
        };
        Some((0..PIECES).map(piece).collect())
    }

    /// The cookies that end it.
    pub(crate) fn end(request: &Request) -> impl Iterator<Item = String> + '_ {
        (0..PIECES).map(|number| cookie(request, &number.to_string(), "", 0))
    }

    /// What a form must bear that is sent to this path of the console: nobody knows it who does not have the token, so no
    /// other site can have the browser send one.
    pub(crate) fn form_token(&self, path: &str) -> String {
        let of_bearer = Sha256::digest(self.bearer.as_bytes());
        let mut hash = Sha256::new_with_prefix(b"capstan console form\n");
        hash.update(of_bearer);
        hash.update(path.as_bytes());
        hex(&hash.finalize())
    }

    /// Whether a form bears it.
    pub(crate) fn sent(&self, request: &Request) -> bool {
        let (is, must) = (request.field("formToken"), self.form_token(&request.path));
        // In the same time wherever they differ.
        is.len() == must.len() && is.bytes().zip(must.bytes()).fold(0, |or, (a, b)| or | (a ^ b)) == 0
    }

    /// Whether the role is enough for what takes at least this one.
    pub(crate) fn may(&self, least: Role) -> bool {
        self.role.is_some_and(|role| role >= least)
    }
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// A role, or the highest of a list of groups, as the authorizer reads it.
fn role(claim: Option<&Value>) -> Option<Role> {
    match claim? {
        Value::String(text) => Role::parse(text),
        Value::Array(groups) => groups.iter().filter_map(|group| Role::parse(group.as_str()?)).max(),
        _ => None,
    }
}

/// The name of a piece's cookie.
fn name(request: &Request, number: usize) -> String {
    cookie_name(request, &number.to_string())
}

/// A browser takes a `__Host-` cookie from this host alone, over https, and for no wider domain.
pub(crate) fn cookie_name(request: &Request, name: &str) -> String {
    // On one machine all ports share their cookies, so the port is in the name.
    let port = request.origin.rsplit_once(':').map_or("", |(_, port)| port);
    if request.is_local() { format!("capstan-{port}-{name}") } else { format!("__Host-capstan-{name}") }
}

/// A cookie for so many seconds; for none, it goes.
pub(crate) fn cookie(request: &Request, name: &str, value: &str, seconds: u64) -> String {
    let secure = if request.is_local() { "" } else { "; Secure" };
    let name = cookie_name(request, name);
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn config() -> Config {
        let env = [("OIDC_ISSUER", "https://i.example"), ("IOPS_URL", "https://x/dev")];
        Config::read(&env.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).unwrap()
    }

    fn token(claims: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn request(origin: &str) -> Request {
        Request { origin: origin.to_owned(), ..Request::default() }
    }

    fn kept(cookies: &[String]) -> BTreeMap<String, String> {
        let pair = |cookie: &String| {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        cookies.iter().map(pair).filter(|(_, value)| !value.is_empty()).collect()
    }

    #[test]
    fn a_token_comes_back_from_its_cookies_until_it_ends() {
        let now = Timestamp::from_millis(1_000_000);
        for (length, pieces) in [(10, 1), (4_000, 2)] {
            let bearer =
                token(&json!({"sub": "ada", "role": ["x", "admin", "viewer"], "tenant": "t", "exp": 2_000,
                                       "more": "m".repeat(length)}));
            let session = Session::read(bearer, &config()).unwrap();
            assert_eq!((session.subject.as_str(), session.role), ("ada", Some(Role::Admin)));
            let mut request = request("https://c.example");
            let cookies = session.cookies(&request, now).unwrap();
            assert!(
                cookies.iter().all(|cookie| cookie.starts_with("__Host-capstan-")
                    && cookie.ends_with("; Path=/; Max-Age=1000; HttpOnly; SameSite=Lax; Secure")
                    || cookie.contains("Max-Age=0")),
                "{cookies:?}"
            );
            request.cookies = kept(&cookies);
            assert_eq!(request.cookies.len(), pieces);
            assert_eq!(Session::of(&request, &config(), now), Some(session));
            assert_eq!(Session::of(&request, &config(), Timestamp::from_millis(2_000_000)), None);
        }
        let long = token(&json!({"exp": 2_000, "more": "m".repeat(6_000)}));
        assert_eq!(Session::read(long, &config()).unwrap().cookies(&request("https://c.example"), now), None);
    }

    #[test]
    fn a_form_is_of_one_session_and_one_path() {
        let read = |sub: &str| Session::read(token(&json!({"sub": sub, "exp": 9})), &config()).unwrap();
        let (ada, bob) = (read("ada"), read("bob"));
        let mut request = Request { path: "/tier/change".to_owned(), ..Request::default() };
        assert!(!ada.sent(&request));
        request.form.insert("formToken".to_owned(), ada.form_token("/tier/change"));
        assert!(ada.sent(&request) && !bob.sent(&request));
        request.path = "/tier/cancel".to_owned();
        assert!(!ada.sent(&request));
    }
}
