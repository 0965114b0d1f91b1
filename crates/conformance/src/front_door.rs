//! What [`ApiClient`] and [`SignIn`] promise, and the door on which it is tried: an API and an issuer that tell what they heard.
//!
//! Neither is a service of AWS, so no emulator has them. The door is one function for both sides: the simulation hangs it in,
//! and `tests/front_door.rs` puts it behind a socket for the adapters of `aws`.

use crate::case::{Checked, Failure, equal, holds};
use capstan_core::ports::{Answered, ApiClient, Ask, IssuerError, SignIn, SignInEndpoints};
use serde_json::{Value, json};

/// A request as the door hears it.
#[derive(Debug, Clone)]
pub struct Heard<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Headers by their names in lower case.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: &'a str,
}

impl Heard<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| *of == name).map(|(_, value)| *value)
    }
}

/// What the door at this URL answers. The API tells what it heard, with the status that the path ends with; the issuer redeems
/// the code `good`.
pub fn answer(url: &str, heard: &Heard<'_>) -> Answered {
    let as_json = |status: u16, body: &Value| Answered { status, body: body.to_string() };
    let configuration = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "end_session_endpoint": format!("{url}/out"),
    });
    match (heard.method, heard.target) {
        ("GET", "/.well-known/openid-configuration") => as_json(200, &configuration),
        ("POST", "/token") if heard.header("content-type") != Some("application/x-www-form-urlencoded") => {
            as_json(415, &json!({"error": "invalid_request"}))
        }
        ("POST", "/token") if heard.body == "grant_type=authorization_code&code=good" => {
            as_json(200, &json!({"id_token": "e30.e30.c2ln"}))
        }
        ("POST", "/token") => as_json(400, &json!({"error": "invalid_grant"})),
        (method, target) => {
            let path = target.split('?').next().unwrap_or_default();
            let status = path.rsplit('/').next().and_then(|status| status.parse().ok()).unwrap_or(200);
            let heard = json!({
                "method": method,
                "target": target,
                "authorization": heard.header("authorization"),
                "type": heard.header("content-type"),
                "key": heard.header("idempotency-key"),
                "body": heard.body,
            });
            as_json(status, &heard)
        }
    }
}

/// A promise, and whether it was kept.
#[derive(Debug)]
pub struct Kept {
    /// The port, by its trait's name.
    pub port: &'static str,
    /// The promise.
    pub name: &'static str,
    /// The methods of this port that it exercises.
    pub methods: &'static [&'static str],
    /// Whether it was kept.
    pub outcome: Checked,
}

/// Ports, and where the door is that they ask.
#[derive(Debug)]
pub struct Place<'a, P> {
    /// The ports.
    pub ports: &'a P,
    /// The door's URL.
    pub url: &'a str,
}

/// Those that were not kept, for a test to fail with.
pub fn broken(all: &[Kept]) -> Vec<String> {
    let failure = |kept: &Kept| {
        kept.outcome.as_ref().err().map(|Failure(why)| format!("{}::{}: {why}", kept.port, kept.name))
    };
    all.iter().filter_map(failure).collect()
}

macro_rules! tried {
    ($($port:literal: $case:ident [$($method:ident),+] ($place:expr),)+) => {
        vec![$(Kept {
            port: $port,
            name: stringify!($case),
            methods: &[$(stringify!($method)),+],
            outcome: $case($place).await,
        },)+]
    };
}

/// Tries every promise: at a door that is `open`, and where there is none.
pub async fn all<P: ApiClient + SignIn>(open: Place<'_, P>, shut: Place<'_, P>) -> Vec<Kept> {
    tried! {
        "ApiClient": a_question_comes_as_it_was_put [ask] (&open),
        "ApiClient": an_act_comes_with_its_key_and_its_body [ask] (&open),
        "ApiClient": every_status_is_an_answer [ask] (&open),
        "ApiClient": where_nobody_answers_it_is_said [ask] (&shut),
        "SignIn": people_sign_in_where_the_issuer_says [sign_in_endpoints] (&open),
        "SignIn": another_issuer_is_not_believed [sign_in_endpoints] (&open),
        "SignIn": a_code_is_redeemed_or_refused [redeem] (&open),
        "SignIn": an_issuer_that_is_away_is_unavailable [sign_in_endpoints, redeem] (&shut),
    }
}

async fn ask<P: ApiClient>(place: &Place<'_, P>, method: &str, path: &str) -> Result<Answered, Failure> {
    let url = format!("{}{path}", place.url);
    let ask = Ask { method, url: &url, bearer: "e30.e30.c2ln", idempotency_key: None, body: None };
    place.ports.ask(ask).await.map_err(|error| Failure(error.to_string()))
}

fn read(answered: &Answered) -> Result<Value, Failure> {
    serde_json::from_str(&answered.body).map_err(|error| Failure(format!("{error}: {}", answered.body)))
}

async fn a_question_comes_as_it_was_put<P: ApiClient>(place: &Place<'_, P>) -> Checked {
    let answered = ask(place, "GET", "/dev/tier?limit=3&cursor=a%2Fb").await?;
    equal("the status", &answered.status, &200)?;
    let heard = json!({
        "method": "GET", "target": "/dev/tier?limit=3&cursor=a%2Fb", "authorization": "Bearer e30.e30.c2ln",
        "type": null, "key": null, "body": "",
    });
    equal("what was heard", &read(&answered)?, &heard)
}

async fn an_act_comes_with_its_key_and_its_body<P: ApiClient>(place: &Place<'_, P>) -> Checked {
    let url = format!("{}/dev/tier/change", place.url);
    let body = r#"{"reason":"größer, \"jetzt\""}"#;
    for method in ["POST", "PUT", "DELETE"] {
        let body = (method != "DELETE").then_some(body);
        let act = Ask { method, url: &url, bearer: "e30.e30.c2ln", idempotency_key: Some("k-1"), body };
        let answered = place.ports.ask(act).await.map_err(|error| Failure(error.to_string()))?;
        let heard = json!({
            "method": method, "target": "/dev/tier/change", "authorization": "Bearer e30.e30.c2ln",
            "type": body.map(|_| "application/json"), "key": "k-1", "body": body.unwrap_or_default(),
        });
        equal("what was heard", &read(&answered)?, &heard)?;
    }
    Ok(())
}

async fn every_status_is_an_answer<P: ApiClient>(place: &Place<'_, P>) -> Checked {
    for status in [202_u16, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503] {
        let answered = ask(place, "GET", &format!("/tier/{status}")).await?;
        equal("the status", &answered.status, &status)?;
        equal("the path", &read(&answered)?["target"], &json!(format!("/tier/{status}")))?;
    }
    Ok(())
}

async fn where_nobody_answers_it_is_said<P: ApiClient>(place: &Place<'_, P>) -> Checked {
    holds("there is no answer", ask(place, "GET", "/tier").await.is_err())
}

async fn people_sign_in_where_the_issuer_says<P: SignIn>(place: &Place<'_, P>) -> Checked {
    let found = place.ports.sign_in_endpoints(place.url).await;
    let at = |path: &str| format!("{}/{path}", place.url);
    let wanted =
        SignInEndpoints { authorization: at("authorize"), token: at("token"), end_session: Some(at("out")) };
    equal("the endpoints", &found, &Ok(wanted))
}

/// What is asked is the issuer's own word, and it must be of that name.
async fn another_issuer_is_not_believed<P: SignIn>(place: &Place<'_, P>) -> Checked {
    let found = place.ports.sign_in_endpoints(&format!("{}/", place.url)).await;
    holds("it is malformed", matches!(found, Err(IssuerError::Malformed(_))))
}

async fn a_code_is_redeemed_or_refused<P: SignIn>(place: &Place<'_, P>) -> Checked {
    let endpoint = format!("{}/token", place.url);
    let redeem = async |code: &str| {
        let form = format!("grant_type=authorization_code&code={code}");
        place.ports.redeem(place.url, &endpoint, &form).await
    };
    let answer = |status: u16, body: &Value| Ok(Answered { status, body: body.to_string() });
    equal("the token", &redeem("good").await, &answer(200, &json!({"id_token": "e30.e30.c2ln"})))?;
    equal("the refusal", &redeem("bad").await, &answer(400, &json!({"error": "invalid_grant"})))
}

async fn an_issuer_that_is_away_is_unavailable<P: SignIn>(place: &Place<'_, P>) -> Checked {
    let found = place.ports.sign_in_endpoints(place.url).await;
    holds("nobody can sign in", matches!(found, Err(IssuerError::Unavailable(_))))?;
    let redeemed = place.ports.redeem(place.url, &format!("{}/token", place.url), "code=good").await;
    holds("no code is redeemed", matches!(redeemed, Err(IssuerError::Unavailable(_))))
}
