//! Ways around a token, each of which has worked somewhere. `tokens.json` was signed by another implementation.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

use authorizer::{Authorizer, Claims, Config, LEEWAY, MAX_TOKEN, Reason, Refusal};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use capstan_core::ports::{Clock, IssuerError, IssuerKeys, KeysDocument};
use capstan_core::tier::Role;
use capstan_core::time::Timestamp;
use proptest::prelude::*;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use sim::{Invocation, Outcome};

const ISSUER: &str = "https://login.example.com";
const SEED: &[u8; 32] = b"for the events of the tests only";

fn given() -> Value {
    serde_json::from_str(include_str!("tokens.json")).unwrap()
}

/// An issuer that always answers, at one moment.
struct World {
    now: u64,
    keys: Value,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now * 1_000)
    }
}

impl IssuerKeys for World {
    async fn issuer_keys(&self, issuer: &str) -> Result<KeysDocument, IssuerError> {
        assert_eq!(issuer, ISSUER);
        Ok(KeysDocument { text: self.keys.to_string(), max_age: None })
    }
}

fn config(more: &[(&str, &str)]) -> Config {
    let all = [("OIDC_ISSUER", ISSUER)].into_iter().chain(more.iter().copied());
    Config::read(&all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()).unwrap()
}

fn ask(world: &World, config: Config, token: &str) -> Result<Claims, Refusal> {
    let authorizer = Authorizer::new(config);
    match sim::run(authorizer.verify(world, token), &Invocation::unlimited()) {
        Outcome::Done(answer, _) => answer,
        other => panic!("{other:?}"),
    }
}

fn began() -> u64 {
    given()["issuedAt"].as_u64().unwrap()
}

fn world() -> World {
    World { now: began() + 60, keys: given()["jwks"].clone() }
}

fn refused(token: &str) -> Reason {
    refused_with(&[], token)
}

fn refused_with(settings: &[(&str, &str)], token: &str) -> Reason {
    match ask(&world(), config(settings), token) {
        Err(Refusal::Token(reason)) => reason,
        other => panic!("{token}: {other:?}"),
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "capstan", "sub": "ada", "role": "admin",
        "tenant": "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b", "iat": began(), "exp": began() + 3_600,
    })
}

/// The claims with one of them changed, or taken away by null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

fn signed(header: &str, claims: &str) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let pair = Ed25519KeyPair::from_seed_unchecked(SEED).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()).as_ref()))
}

fn sign(claims: &Value) -> String {
    signed(r#"{"alg":"EdDSA","typ":"JWT","kid":"ed"}"#, &claims.to_string())
}

fn good() -> Vec<(String, String)> {
    let all = given()["good"].as_object().unwrap().clone();
    all.into_iter().map(|(name, token)| (name, token.as_str().unwrap().to_owned())).collect()
}

#[test]
fn the_three_algorithms_are_verified() {
    assert_eq!(good().len(), 3);
    for (algorithm, token) in good() {
        let claims =
            ask(&world(), config(&[]), &token).unwrap_or_else(|error| panic!("{algorithm}: {error:?}"));
        assert_eq!((claims.subject.as_str(), claims.role), ("ada", Role::Admin), "{algorithm}");
        assert_eq!(claims.tenant.as_str(), "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b");
    }
}

#[test]
fn what_another_implementation_signed_wrongly_is_refused() {
    let bad = given()["bad"].as_object().unwrap().clone();
    assert!(bad.len() > 20);
    for (why, token) in bad {
        let reason = refused(token.as_str().unwrap());
        let expected = [Reason::Algorithm, Reason::Signature, Reason::UnknownKey];
        assert!(expected.contains(&reason), "{why}: {reason:?}");
    }
}

#[test]
fn none_by_any_spelling_is_no_algorithm() {
    let body = claims().to_string();
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None","kid":"ed"}"#,
        r#"{"alg":"NONE","kid":"ed"}"#,
        r#"{"alg":"nOnE","kid":"ed"}"#,
        r#"{"alg":"","kid":"ed"}"#,
        r#"{"alg":null,"kid":"ed"}"#,
        r#"{"alg":["EdDSA"],"kid":"ed"}"#,
        r#"{"alg":"eddsa","kid":"ed"}"#,
        r#"{"alg":"EdDSA ","kid":"ed"}"#,
        r#"{"kid":"ed"}"#,
    ] {
        let token = signed(header, &body);
        let unsigned = token.rsplit_once('.').unwrap().0;
        for token in [format!("{unsigned}."), token.clone()] {
            assert_eq!(refused(&token), Reason::Algorithm, "{header}");
        }
    }
}

#[test]
fn a_header_names_a_key_and_brings_none() {
    let body = claims().to_string();
    for (header, reason) in [
        (r#"{"alg":"EdDSA","kid":"ed","crit":["exp"]}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","crit":[]}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","b64":false}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","jwk":{"kty":"OKP"}}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","jku":"https://evil.example.com"}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","x5u":"https://evil.example.com"}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","zip":"DEF"}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","typ":"logout+jwt"}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"ed","typ":7}"#, Reason::Header),
        (r#"{"alg":"EdDSA","kid":"../../../../dev/null"}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA","kid":"' OR '1'='1"}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA","kid":"ed\u0000"}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA","kid":"ED"}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA","kid":""}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA","kid":["ed"]}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA","kid":null}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA"}"#, Reason::UnknownKey),
        (r#"{"alg":"EdDSA","kid":"ed","alg":"EdDSA"}"#, Reason::Malformed),
        (r#"{"alg":"none","alg":"EdDSA","kid":"ed"}"#, Reason::Malformed),
        (r#"{"alg":"EdDSA","kid":"ed"}{}"#, Reason::Malformed),
        (r#"["EdDSA"]"#, Reason::Malformed),
    ] {
        assert_eq!(refused(&signed(header, &body)), reason, "{header}");
    }
    let long = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(300));
    assert_eq!(refused(&signed(&long, &body)), Reason::UnknownKey);
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        let header = format!(r#"{{"alg":"EdDSA","kid":"ed","typ":"{typ}"}}"#);
        assert!(ask(&world(), config(&[]), &signed(&header, &body)).is_ok(), "{typ}");
    }
}

#[test]
fn a_token_without_the_name_of_a_key_needs_a_set_of_one() {
    let token = signed(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    assert_eq!(refused(&token), Reason::UnknownKey, "of several keys none is meant");
    let one = World { keys: json!({"keys": [given()["jwks"]["keys"][2]]}), ..world() };
    assert!(ask(&one, config(&[]), &token).is_ok());
    let twice =
        World { keys: json!({"keys": [given()["jwks"]["keys"][2], given()["jwks"]["keys"][2]]}), ..world() };
    for token in [token, sign(&claims())] {
        let answer = ask(&twice, config(&[]), &token);
        assert!(matches!(answer, Err(Refusal::Token(Reason::UnknownKey))), "{answer:?}");
    }
}

#[test]
fn claims_that_do_not_hold_are_refused() {
    let (now, issued) = (began() + 60, began());
    for (name, value, reason) in [
        ("iss", json!("https://login.example.com/"), Reason::Issuer),
        ("iss", json!("https://LOGIN.example.com"), Reason::Issuer),
        ("iss", json!([ISSUER]), Reason::Issuer),
        ("iss", Value::Null, Reason::Issuer),
        ("aud", json!("capstan2"), Reason::Audience),
        ("aud", json!([]), Reason::Audience),
        ("aud", json!(["capstan", 7]), Reason::Audience),
        ("aud", json!({"capstan": true}), Reason::Audience),
        ("aud", Value::Null, Reason::Audience),
        ("exp", json!(now - LEEWAY), Reason::Expired),
        ("exp", json!(issued), Reason::Lifetime),
        ("exp", json!(issued - 1), Reason::Lifetime),
        ("exp", json!(issued + 86_401), Reason::Lifetime),
        ("exp", json!(u64::MAX), Reason::Lifetime),
        ("exp", json!(-1), Reason::Lifetime),
        ("exp", json!(1e12), Reason::Lifetime),
        ("exp", json!("4102444800"), Reason::Lifetime),
        ("exp", Value::Null, Reason::Lifetime),
        ("iat", json!(now + LEEWAY + 1), Reason::NotYetValid),
        ("iat", json!(0), Reason::Lifetime),
        ("iat", Value::Null, Reason::Lifetime),
        ("nbf", json!(now + LEEWAY + 1), Reason::NotYetValid),
        ("nbf", json!(u64::MAX), Reason::NotYetValid),
        ("nbf", json!("soon"), Reason::Lifetime),
        ("sub", json!(""), Reason::Subject),
        ("sub", json!(" "), Reason::Subject),
        ("sub", json!("ada "), Reason::Subject),
        ("sub", json!("\u{a0}ada"), Reason::Subject),
        ("sub", json!("capstan"), Reason::Subject),
        ("sub", json!("a\nlevel=error"), Reason::Subject),
        ("sub", json!("ada\u{202e}"), Reason::Subject),
        ("sub", json!(r#"ada","role":"super_admin"#), Reason::Subject),
        ("sub", json!("a".repeat(257)), Reason::Subject),
        ("sub", json!(["ada"]), Reason::Subject),
        ("sub", Value::Null, Reason::Subject),
        ("role", json!("root"), Reason::Role),
        ("role", json!("Admin"), Reason::Role),
        ("role", json!("viewer admin"), Reason::Role),
        ("role", json!(["staff"]), Reason::Role),
        ("role", json!([]), Reason::Role),
        ("role", json!(["admin", 7]), Reason::Role),
        ("role", json!({"admin": true}), Reason::Role),
        ("role", Value::Null, Reason::Role),
        ("tenant", json!("acme"), Reason::Tenant),
        ("tenant", json!("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b "), Reason::Tenant),
        ("tenant", json!(["8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b"]), Reason::Tenant),
        ("tenant", Value::Null, Reason::Tenant),
    ] {
        assert_eq!(refused(&sign(&with(name, value.clone()))), reason, "{name}: {value}");
    }
    for (name, value) in [
        ("aud", json!(["another", "capstan"])),
        ("exp", json!(now - LEEWAY + 1)),
        ("exp", json!(issued + 86_400)),
        ("iat", json!(now + LEEWAY)),
        ("nbf", json!(now + LEEWAY)),
        ("sub", json!("auth0|5f7c8ec7c33c6c004bbafe82")),
    ] {
        let answer = ask(&world(), config(&[]), &sign(&with(name, value.clone())));
        assert!(answer.is_ok(), "{name}: {value}: {answer:?}");
    }
}

#[test]
fn claims_given_twice_are_no_claims() {
    let body = claims().to_string();
    for more in [r#""role":"super_admin""#, r#""r\u006fle":"super_admin""#, r#""exp":4102444800"#] {
        let twice = format!("{},{more}}}", &body[..body.len() - 1]);
        let token = signed(r#"{"alg":"EdDSA","kid":"ed"}"#, &twice);
        assert_eq!(refused(&token), Reason::Malformed, "{more}");
    }
}

#[test]
fn role_and_tenant_stand_where_the_issuer_has_them() {
    let cognito = [("OIDC_ROLE_CLAIM", "cognito:groups"), ("OIDC_TENANT_CLAIM", "custom:tenant")];
    let mut claims = with("cognito:groups", json!(["staff", "super_admin", "viewer"]));
    claims["custom:tenant"] = json!("1B9D6BCD-BBFD-4B2D-9B5D-AB8DFBBD4BED");
    let caller = ask(&world(), config(&cognito), &sign(&claims)).unwrap();
    assert_eq!(caller.role, Role::SuperAdmin, "of several the highest");
    assert_eq!(caller.tenant.as_str(), "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
    assert_eq!(
        refused_with(&cognito, &sign(&self::claims())),
        Reason::Role,
        "the usual claim is not looked at"
    );
}

#[test]
fn the_longest_life_can_be_set() {
    let day = sign(&with("exp", json!(began() + 86_400)));
    assert_eq!(refused_with(&[("OIDC_LONGEST_HOURS", "1")], &day), Reason::Lifetime);
    assert!(ask(&world(), config(&[("OIDC_LONGEST_HOURS", "1")]), &sign(&claims())).is_ok());
}

#[test]
fn what_is_no_token_is_not_looked_into() {
    for text in ["", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "{}.{}.{}", "\0"] {
        assert_eq!(refused(text), Reason::Malformed, "{text:?}");
    }
    let token = sign(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let standard = STANDARD.encode(URL_SAFE_NO_PAD.decode(parts[2]).unwrap());
    let padded = URL_SAFE.encode(URL_SAFE_NO_PAD.decode(parts[2]).unwrap());
    for (why, text) in [
        ("a fourth part", format!("{token}.{}", parts[2])),
        ("an encrypted one's five", format!("{token}.{}.{}", parts[0], parts[1])),
        ("padding", format!("{}.{}.{padded}", parts[0], parts[1])),
        ("the other alphabet", format!("{}.{}.{standard}", parts[0], parts[1])),
        ("a space", format!("{} .{}.{}", parts[0], parts[1], parts[2])),
        ("a line end", format!("{token}\n")),
        ("without its signature", format!("{}.{}", parts[0], parts[1])),
    ] {
        assert_eq!(refused(&text), Reason::Malformed, "{why}");
    }
    let empty = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(refused(&empty), Reason::Signature);
    let fitting = MAX_TOKEN - token.len() - ",\"x\":\"\"".len();
    let mut reason = Reason::Malformed;
    for length in [fitting * 3 / 4 - 40, MAX_TOKEN] {
        let token = sign(&with("x", json!("x".repeat(length))));
        match ask(&world(), config(&[]), &token) {
            Ok(_) => assert!(token.len() <= MAX_TOKEN),
            Err(Refusal::Token(why)) => {
                assert!(token.len() > MAX_TOKEN);
                reason = why;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(reason, Reason::Oversized);
}

/// Every place of every good token, with several others in its place.
#[test]
fn no_byte_of_a_token_can_be_another() {
    for (algorithm, token) in good() {
        for at in 0..token.len() {
            let old = token.as_bytes()[at];
            for new in [old ^ 1, old ^ 2, old ^ 4, old ^ 0x20, b'.', b'=', b'A', b'_', b' '] {
                if new == old || !new.is_ascii() {
                    continue;
                }
                let mut bytes = token.clone().into_bytes();
                bytes[at] = new;
                let other = String::from_utf8(bytes).unwrap();
                let answer = ask(&world(), config(&[]), &other);
                assert!(
                    answer.is_err(),
                    "{algorithm}: place {at}, {} for {}",
                    char::from(new),
                    char::from(old)
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_part_can_be_cut_out_doubled_or_exchanged(which in 0_usize..3, from in any::<prop::sample::Index>(), length in 1_usize..40, other in "[A-Za-z0-9_.=-]{0,40}") {
        let (_, token) = good().swap_remove(which);
        let from = from.index(token.len());
        let to = (from + length).min(token.len());
        let text = format!("{}{other}{}", &token[..from], &token[to..]);
        prop_assume!(text != token);
        prop_assert!(ask(&world(), config(&[]), &text).is_err());
    }

    #[test]
    fn nothing_that_is_sent_breaks_it(text in "\\PC{0,200}") {
        prop_assert!(ask(&world(), config(&[]), &text).is_err());
    }

    #[test]
    fn no_header_or_claims_break_it(header in "\\PC{0,60}", claims in "\\PC{0,60}") {
        prop_assert!(ask(&world(), config(&[]), &signed(&header, &claims)).is_err());
        let good = r#"{"alg":"EdDSA","kid":"ed"}"#;
        prop_assert!(ask(&world(), config(&[]), &signed(good, &claims)).is_err());
    }
}
