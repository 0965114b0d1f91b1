//! Signing in on one machine: the system's own issuer, as an OpenID provider for its console.
//!
//! Any process of this machine reaches the port, also those of other users, so whoever signs in has to show that he can read
//! the issuer's key: by a ticket that `capstan up` and `capstan console` sign with it. The ticket's link leaves a cookie that
//! is good for the same time. Who has the key may be anybody (`capstan token`), so the form only asks who one wants to be.
//! The flow is the one that every provider has (RFC 6749 §4.1 with PKCE, RFC 7636), so that the console has one way to sign in.

use super::{Gateway, Problem, Reply, Request};
use crate::issuer::{AUDIENCE, Bearer, ISSUER, Issuer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::ids::{TenantId, hex};
use capstan_core::subject::subject_objection;
use capstan_core::tier::Role;
use capstan_core::time::{Millis, Timestamp};
use capstan_core::web::{encode, fields};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// What these paths begin with.
pub(super) const PATH: &str = "/oauth2/";
pub(super) const AUTHORIZE: &str = "/oauth2/authorize";
pub(super) const TOKEN: &str = "/oauth2/token";
const START: &str = "/oauth2/start";

/// How long a ticket is good, and the cookie that it leaves.
pub(crate) const TICKET_LIFE: Millis = Millis::hours(12);
/// How long a code is good.
const CODE_LIFE: Millis = Millis::minutes(1);
/// How long a sign-in lasts.
const SESSION: Millis = Millis::hours(8);

const OF_TICKET: &str = "capstan-ticket";
const OF_CODE: &str = "capstan-code";
/// Whom the form proposes, and whose tenant.
const SUBJECT: &str = "developer";
const TENANT: &str = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b";

/// The issuer with what it remembers.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: Issuer,
    /// Codes that were redeemed: none is good twice to this process. After a restart one is again, for the rest of its minute, to
    /// whoever has the verifier, too.
    redeemed: Mutex<BTreeSet<String>>,
}

/// The link by which somebody who can read the key signs in.
pub fn link(issuer: &Issuer, url: &str, now: Timestamp) -> String {
    let until = (now + TICKET_LIFE).as_millis() / 1_000;
    let ticket = issuer.sign(&json!({ "aud": OF_TICKET, "exp": until }));
    format!("{url}{START}?ticket={ticket}")
}

impl Provider {
    pub(super) fn new(issuer: Issuer) -> Self {
        Self { issuer, redeemed: Mutex::default() }
    }

    /// The claims of something signed here for this use that is still good.
    fn opened(&self, signed: &str, of: &str, now: Timestamp) -> Option<Value> {
        let (parts, signature) = signed.rsplit_once('.')?;
        // A signature by this kind of key is the same each time.
        let must = self.issuer.signature(parts);
        let same = must.len() == signature.len()
            && must.bytes().zip(signature.bytes()).fold(0, |or, (a, b)| or | (a ^ b)) == 0;
        let payload = URL_SAFE_NO_PAD.decode(parts.split('.').nth(1)?).ok().filter(|_| same)?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let good = claims["aud"] == of && claims["exp"].as_u64()? > now.as_millis() / 1_000;
        good.then_some(claims)
    }
}

type Fields = BTreeMap<String, String>;

impl Gateway {
    /// Answers what begins with [`PATH`].
    pub(super) fn sign_in(&self, request: &Request) -> Result<Reply, Problem> {
        let Some(provider) = &self.provider else { return Err(Problem::no_such_path()) };
        let now = self.wall();
        if request.path == TOKEN {
            return if request.method == "POST" {
                Ok(redeem(provider, request, now))
            } else {
                Err(Problem::wrong_method(&request.method, "POST"))
            };
        }
        let (port, own) = (self.port(), self.hosts());
        if !self.is_meant(request) {
            return Err(Problem::no_such_path());
        }
        let cookie = format!("capstan-machine-{port}");
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", START) => Ok(start(provider, request, &cookie, now)),
            ("GET" | "POST", AUTHORIZE) => {
                let query = fields(&request.query);
                let known = request.header("cookie").into_iter().flat_map(|header| header.split(';'));
                let mut known = known.filter_map(|pair| pair.trim().split_once('='));
                let ticket = known.find(|(name, _)| *name == cookie).map(|(_, value)| value);
                if ticket.is_none_or(|ticket| provider.opened(ticket, OF_TICKET, now).is_none()) {
                    return Ok(page(403, "Sign in from a terminal", NO_TICKET));
                }
                let back = own.clone().map(|own| format!("http://{own}/console/signed-in"));
                if let Err(why) = checked(&query, &back) {
                    return Ok(page(400, "That is no sign-in", &format!("<p>{}</p>", escaped(why))));
                }
                if request.method == "GET" {
                    return Ok(form(&own, &request.query, None, &Fields::new()));
                }
                let body = fields(&String::from_utf8_lossy(&request.body));
                Ok(match consent(provider, &query, &body, now) {
                    Ok(location) => Reply::to(&location),
                    Err(why) => form(&own, &request.query, Some(&why), &body),
                })
            }
            (method, START | AUTHORIZE) => Err(Problem::wrong_method(method, "GET")),
            _ => Err(Problem::no_such_path()),
        }
    }
}

fn start(provider: &Provider, request: &Request, cookie: &str, now: Timestamp) -> Reply {
    let ticket = fields(&request.query).remove("ticket").unwrap_or_default();
    if provider.opened(&ticket, OF_TICKET, now).is_none() {
        return page(403, "This link is not good any more", NO_TICKET);
    }
    let seconds = TICKET_LIFE.0 / 1_000;
    let mut reply = Reply::to("/console");
    let value = format!("{cookie}={ticket}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    reply.headers.push(("set-cookie".to_owned(), value));
    reply
}

/// The console alone may ask, and only by the whole of the standard.
fn checked(query: &Fields, back: &[String]) -> Result<(), &'static str> {
    let is = |name: &str, value: &str| query.get(name).is_some_and(|given| given == value);
    let there = |name: &str| query.get(name).is_some_and(|given| !given.is_empty());
    match () {
        () if !query.get("redirect_uri").is_some_and(|uri| back.contains(uri)) => {
            Err("redirect_uri is not the console of this machine")
        }
        () if !is("client_id", AUDIENCE) => Err("client_id is not the console's"),
        () if !is("response_type", "code") => Err("response_type is not code"),
        () if !is("code_challenge_method", "S256") || !there("code_challenge") => {
            Err("code_challenge with the method S256 is wanted (RFC 7636)")
        }
        () => Ok(()),
    }
}

/// Where the browser goes with its code, or why the form is not good.
fn consent(provider: &Provider, query: &Fields, body: &Fields, now: Timestamp) -> Result<String, String> {
    let field = |name: &str| body.get(name).map_or("", |value| value.trim());
    let (subject, role) = (field("subject"), Role::parse(field("role")));
    if let Some(why) = subject_objection(subject) {
        return Err(format!("The name: {why}."));
    }
    let role = role.ok_or("Choose a role.")?;
    let tenant = TenantId::parse(field("tenant")).map_err(|why| format!("The tenant: {why}."))?;
    let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
    let code = provider.issuer.sign(&json!({
        "aud": OF_CODE, "exp": (now + CODE_LIFE).as_millis() / 1_000, "jti": jti(query, now),
        "subject": subject, "role": role, "tenant": tenant,
        "nonce": asked("nonce"), "challenge": asked("code_challenge"), "redirect": asked("redirect_uri"),
    }));
    let state: String = encode(&asked("state"));
    Ok(format!("{}?code={code}&state={state}", asked("redirect_uri")))
}

/// What tells this code from all others: the challenge is of this sign-in alone.
fn jti(query: &Fields, now: Timestamp) -> String {
    let challenge = query.get("code_challenge").map(String::as_str).unwrap_or_default();
    hex(&Sha256::digest(format!("{challenge} {}", now.as_millis())))
}

/// RFC 6749 §4.1.3 and §5.2.
fn redeem(provider: &Provider, request: &Request, now: Timestamp) -> Reply {
    let form = fields(&String::from_utf8_lossy(&request.body));
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refused = |error: &str| {
        let body = json!({ "error": error });
        Reply::new(400, "application/json", body.to_string().into_bytes())
    };
    if given("grant_type") != "authorization_code" {
        return refused("unsupported_grant_type");
    }
    let Some(code) = provider.opened(given("code"), OF_CODE, now) else { return refused("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(given("code_verifier").as_bytes()));
    let text = |name: &str| code[name].as_str().unwrap_or_default();
    let of_it = text("challenge") == challenge && text("redirect") == given("redirect_uri");
    if !of_it || given("client_id") != AUDIENCE {
        return refused("invalid_grant");
    }
    let mut redeemed = provider.redeemed.lock().unwrap_or_else(PoisonError::into_inner);
    if !redeemed.insert(text("jti").to_owned()) {
        return refused("invalid_grant");
    }
    let (Some(role), Ok(tenant)) = (Role::parse(text("role")), TenantId::parse(text("tenant"))) else {
        return refused("invalid_grant");
    };
    let bearer = Bearer { subject: text("subject"), role, tenant: &tenant };
    let token = provider.issuer.id_token(bearer, now, SESSION, text("nonce"));
    let body = json!({ "id_token": token, "access_token": token, "token_type": "Bearer", "expires_in": SESSION.0 / 1_000 });
    Reply::new(200, "application/json", body.to_string().into_bytes())
}

/// What OpenID Connect Discovery 1.0 §3 wants of an issuer.
pub(super) fn discovery(url: &str, keys: &str) -> Vec<u8> {
    let document = json!({
        "issuer": ISSUER,
        "jwks_uri": format!("{url}{keys}"),
        "authorization_endpoint": format!("{url}{AUTHORIZE}"),
        "token_endpoint": format!("{url}{TOKEN}"),
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code"],
        "token_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
    });
    document.to_string().into_bytes()
}

const NO_TICKET: &str = "<p>Whoever signs in here shows that they may read the data of this system: run</p>\
<pre tabindex=\"0\"><code>capstan console</code></pre>\
<p>in a terminal, with the same <code>--data-dir</code> as <code>capstan up</code> if you gave one, and open the link that it \
prints. <code>capstan up</code> prints one, too, when it starts. A link is good for twelve hours.</p>\
<p>What else there is on this machine, without a browser: <a href=\"/about\">the API and the command line</a>.</p>";

/// What a role may do, each also what the ones before it may.
const fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "looks, and makes plans",
        Role::Operator => "stops a change under way",
        Role::Admin => "changes tiers, edits configurations",
        Role::SuperAdmin => "bypasses and sets the cooldown, resets a stuck tier",
    }
}

fn form(own: &[String], query: &str, why: Option<&str>, body: &Fields) -> Reply {
    let field = |name: &str, otherwise: &str| escaped(body.get(name).map_or(otherwise, String::as_str));
    let chosen = body.get("role").map_or(Role::SuperAdmin.as_str(), String::as_str);
    let option = |role: &Role| {
        let selected = if role.as_str() == chosen { " selected" } else { "" };
        format!("<option value=\"{0}\"{selected}>{0}: {1}</option>", role.as_str(), may(*role))
    };
    let options = [Role::Viewer, Role::Operator, Role::Admin, Role::SuperAdmin].iter().map(option);
    let options = options.collect::<Vec<_>>().concat();
    let why = why.map(|why| format!("<p class=\"notice bad\" role=\"alert\">{}</p>", escaped(why)));
    let text = format!(
        "<p>This is the issuer of this machine. In AWS it is your own, and asks for your password.</p>{why}\
         <form method=\"post\" action=\"{AUTHORIZE}?{query}\">\
         <label for=\"subject\">Name, for the record</label><input id=\"subject\" name=\"subject\" required value=\"{subject}\">\
         <label for=\"role\">Role</label><select id=\"role\" name=\"role\">{options}</select>\
         <label for=\"tenant\">Tenant, any UUID: one never seen before is in DEV</label>\
         <input id=\"tenant\" name=\"tenant\" required size=\"40\" spellcheck=\"false\" value=\"{tenant}\">\
         <button type=\"submit\" class=\"primary\">Sign in</button></form>",
        why = why.unwrap_or_default(),
        query = escaped(query),
        subject = field("subject", SUBJECT),
        tenant = field("tenant", TENANT),
    );
    let mut reply = page(if body.is_empty() { 200 } else { 400 }, "Sign in to this machine", &text);
    // It leads back to the console under the name by which that was asked for, which may be another one of this machine.
    let back: String = own.iter().map(|own| format!("http://{own} ")).collect::<Vec<_>>().concat();
    for (_, policy) in reply.headers.iter_mut().filter(|(name, _)| name == "content-security-policy") {
        *policy = policy.replace("form-action 'self'", format!("form-action 'self' {back}").trim_end());
    }
    reply
}

fn page(status: u16, title: &str, content: &str) -> Reply {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · Capstan</title>\
         <link rel=\"icon\" href=\"{icon}\"><link rel=\"stylesheet\" href=\"{style}\"></head>\
         <body><header><span class=\"brand\">Capstan</span></header><main><h1>{title}</h1>{content}</main></body></html>",
        icon = console::icon(),
        style = console::style(),
    );
    let mut reply = Reply::new(status, "text/html; charset=utf-8", text.into_bytes());
    for (name, value) in [("cache-control", "no-store"), ("content-security-policy", console::POLICY)] {
        reply.headers.push((name.to_owned(), value.to_owned()));
    }
    reply
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
