//! Signing in: OpenID Connect's code flow with PKCE (RFC 7636), as a public client.
//!
//! What has to come back unchanged (state, nonce, verifier, where one was going) waits in a cookie of ten minutes, so that no
//! other browser can end what this one began.

use crate::answer::Answer;
use crate::call::{Door, Failure};
use crate::config::Config;
use crate::page::{self, Words};
use crate::request::Request;
use crate::session::{self, Session};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::ports::{ApiClient, Clock, Entropy, SignIn};
use capstan_core::web::{decode, encode};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Where the issuer sends the browser back to.
pub(crate) const BACK: &str = "/signed-in";
const PENDING: &str = "sign-in";
const PENDING_SECONDS: u64 = 600;
/// The longest address, coded, that one comes back to with its query.
const LONGEST_PATH: usize = 3_000;

/// Sends the browser to the issuer; it comes back to `path`.
pub(crate) async fn begin(
    ports: &(impl SignIn + Entropy),
    config: &Config,
    request: &Request,
    path: &str,
) -> Answer {
    let endpoints = match ports.sign_in_endpoints(&config.issuer).await {
        Ok(endpoints) => endpoints,
        Err(error) => return unavailable(request, &error.to_string()),
    };
    let random = || URL_SAFE_NO_PAD.encode([ports.random(), ports.random()].concat());
    let (state, nonce, verifier) = (random(), random(), random());
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let query = form(&[
        ("response_type", "code"),
        ("client_id", &config.client),
        ("redirect_uri", &redirect(request)),
        ("scope", "openid"),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let joint = if endpoints.authorization.contains('?') { '&' } else { '?' };
    // A browser drops a cookie of more than 4 096 bytes.
    let path =
        if encode(path).len() > LONGEST_PATH { path.split('?').next().unwrap_or_default() } else { path };
    let pending = format!("{state}.{nonce}.{verifier}.{}", encode(path));
    let place = format!("{}{joint}{query}", endpoints.authorization);
    // What a form leads to counts as the form's (`form-action`), however often one is sent on, and nobody knows by how many
    // hosts an issuer does. From a page of its own it is a new way.
    let answer = if request.query.is_empty() {
        Answer::see_other(place)
    } else {
        Answer::page(200, page::onward(request, &place))
    };
    answer.with_cookie(session::cookie(request, PENDING, &pending, PENDING_SECONDS))
}

/// The browser is back from the issuer.
pub(crate) async fn end(
    ports: &(impl ApiClient + SignIn + Clock),
    config: &Config,
    request: &Request,
) -> Answer {
    let pending = request.cookies.get(&session::cookie_name(request, PENDING)).map(String::as_str);
    let kept: Vec<&str> = pending.unwrap_or_default().splitn(4, '.').collect();
    let &[state, nonce, verifier, path] = kept.as_slice() else {
        return again(request, "It took more than ten minutes, or was begun in another browser.");
    };
    if request.asked("state") != Some(state) {
        return again(request, "What came back is not what was begun here.");
    }
    if let Some(error) = request.asked("error") {
        let words = request.asked("error_description").unwrap_or(error);
        return again(request, &format!("The issuer says: {words}"));
    }
    let Some(code) = request.asked("code") else {
        return again(request, "The issuer sent no code.");
    };
    let bearer = match redeem(ports, config, request, code, verifier).await {
        Ok(bearer) => bearer,
        Err(answer) => return answer,
    };
    // OpenID Connect Core 1.0 §3.1.3.7: it came straight from the issuer, so the line vouches for the signature.
    let claims = session::claims(&bearer).unwrap_or_default();
    if claims.get("nonce").and_then(Value::as_str) != Some(nonce) {
        return again(request, "The token is of another sign-in.");
    }
    let Some(session) = Session::read(bearer, config) else {
        return again(request, "The token can't be read.");
    };
    let Some(cookies) = session.cookies(request, ports.wall()) else {
        return again(
            request,
            "The token is over 7 600 bytes, more than cookies hold: have the issuer leave out claims that nobody needs, such as long lists of groups.",
        );
    };
    // A page would send whom the API does not know to the issuer, which sends whom it knows back at once, for ever.
    let door = Door { ports, config, request, session: &session };
    if door.get("/tier").await == Err(Failure::SignedOut) {
        return again(
            request,
            "The API does not take the token that the issuer gave: see to its audience, role, tenant, life and length (docs/deploy.md, Tokens). The authorizer's log has the reason.",
        );
    }
    let path = decode(path, false);
    // Up from a page leads out of the console.
    let path = if path.split(['/', '\\', '?']).any(|part| part == "..") { "/tier" } else { &path };
    let answer = Answer::see_other(request.at(path)).with_cookie(session::cookie(request, PENDING, "", 0));
    cookies.into_iter().fold(answer, Answer::with_cookie)
}

async fn redeem(
    ports: &impl SignIn,
    config: &Config,
    request: &Request,
    code: &str,
    verifier: &str,
) -> Result<String, Answer> {
    let endpoints = ports.sign_in_endpoints(&config.issuer).await;
    let endpoints = endpoints.map_err(|error| unavailable(request, &error.to_string()))?;
    let form = form(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect(request)),
        ("client_id", &config.client),
        ("code_verifier", verifier),
    ]);
    let answer = ports.redeem(&config.issuer, &endpoints.token, &form).await;
    let answer = answer.map_err(|error| unavailable(request, &error.to_string()))?;
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    match text("id_token") {
        Some(token) if answer.status == 200 => Ok(token.to_owned()),
        _ => {
            let why = text("error_description").or_else(|| text("error")).unwrap_or("no token came");
            Err(again(request, &format!("The issuer says: {why}")))
        }
    }
}

/// Ends the session here; what the issuer remembers, it remembers.
pub(crate) async fn out(ports: &impl SignIn, config: &Config, request: &Request) -> Answer {
    let endpoints = ports.sign_in_endpoints(&config.issuer).await.ok();
    let page = page::signed_out(request, endpoints.and_then(|endpoints| endpoints.end_session).as_deref());
    // Nor does Back show what was seen.
    let answer = Answer::page(200, page).with_header("Clear-Site-Data", "\"cache\"");
    Session::end(request).fold(answer, Answer::with_cookie)
}

fn redirect(request: &Request) -> String {
    format!("{}{}", request.origin, request.at(BACK))
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn again(request: &Request, why: &str) -> Answer {
    let words = Words { title: "Not signed in", what: why, next: "Nothing was done. Sign in again." };
    Answer::page(400, page::outside(request, words, Some(("/tier", "Sign in"))))
}

fn unavailable(request: &Request, why: &str) -> Answer {
    let next =
        "Try again in a minute. Who has a token can go on with the API and the command line meanwhile.";
    let words = Words { title: "Nobody can sign in now", what: why, next };
    Answer::page(503, page::outside(request, words, Some(("/tier", "Try again"))))
}
