//! No line of the log, no answer, no notice and no row holds a token, a key, a secret or a stack.
//!
//! Requests of every kind, good, hostile and unlucky, go through the front door with the real authorizer; each secret in
//! them is a word found nowhere else, and all that comes out is searched for it. The one answer that hands out a
//! confirmation token is the one exception, and only for that token.

#![expect(clippy::expect_used, reason = "what is wrong is a failed test")]

use capstan_core::ids::{TenantId, hex};
use capstan_core::ports::Table;
use capstan_core::tier::Role;
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::scenario::{SEED_OF_KEY, TENANT, issuer};
use local::engine::Options;
use local::functions::{Env, Function, Handler, registry};
use local::gateway::{Reply, Request};
use local::issuer::Bearer;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

const BASE: &str = "/api/admin/infrastructure";
const REASON: &str = "[EMERGENCY] a test of what is said";

/// What came out, by where.
#[derive(Debug, Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn note(&self, text: &str) {
        let mut said = self.0.lock().expect("not poisoned");
        said.extend_from_slice(text.as_bytes());
        said.push(b'\n');
    }
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Functions whose errors are noted: what a step fails by is what its Lambda logs.
fn overheard(said: &Said) -> Vec<Function> {
    let overhear = |mut function: Function| {
        let (build, said) = (Arc::clone(&function.build), said.clone());
        function.build = Arc::new(move |env: &Env| {
            let (inner, said) = (build(env)?, said.clone());
            let handler: Handler = Box::new(move |ports, event| {
                let (run, said) = (inner(ports, event), said.clone());
                Box::pin(async move {
                    let answer = run.await;
                    if let Err(error) = &answer {
                        said.note(&format!("{} {}", error.name, error.message));
                    }
                    answer
                })
            });
            Ok(handler)
        });
        function
    };
    registry().into_iter().map(overhear).collect()
}

/// The front door with everything that comes out of it.
struct Door {
    lab: Lab,
    said: Said,
    /// Words that must not come out.
    canaries: Vec<String>,
}

impl Door {
    fn new(parameters: &[(&str, &str)]) -> Self {
        let said = Said::default();
        let world = Lab::new(77).world().clone();
        let lab = Lab::with(world, &overheard(&said), Options::default(), parameters);
        Self { lab, said, canaries: vec![hex(SEED_OF_KEY)] }
    }

    /// A word found nowhere else.
    fn canary(&mut self, of: &str) -> String {
        let word = format!("canary-{of}-{:04}", self.canaries.len());
        self.canaries.push(word.clone());
        word
    }

    fn bearer(&mut self, subject: &str, role: Role) -> String {
        let tenant = TenantId::parse(TENANT).expect("an id");
        let bearer = Bearer { subject, role, tenant: &tenant };
        let token = issuer().token(bearer, self.lab.engine().now(), Millis::hours(1));
        self.canaries.extend(token.split('.').map(str::to_owned));
        token
    }

    fn send(&mut self, request: &Request) -> Reply {
        let reply = self.lab.gateway().handle(request);
        self.lab.engine().look();
        self.said.note(&format!("{} {:?}", reply.status, reply.headers));
        self.said.note(&String::from_utf8_lossy(&reply.body));
        reply
    }

    fn post(&mut self, path: &str, body: &str) -> Reply {
        let (token, key) = (self.bearer("grace", Role::SuperAdmin), self.canary("key"));
        let request = Request::new("POST", &format!("{BASE}{path}"), body).with_token(&token);
        self.send(&request.with_header("Idempotency-Key", &key))
    }

    fn check(&self) {
        let rows = |table| {
            self.lab.world().with(|world| world.items(table).map(|row| json!(row)).collect::<Vec<_>>())
        };
        let stored: String = Table::ALL.map(|table| json!(rows(table)).to_string()).concat();
        let notices = self.lab.world().with(|world| json!(world.notices()).to_string());
        let said = self.said.text();
        assert!(
            said.contains("The request was answered.") && said.contains("Unauthorized"),
            "nothing was overheard"
        );
        for (place, text) in [("log or answer", &said), ("store", &stored), ("notices", &notices)] {
            for word in &self.canaries {
                let found = text.find(word.as_str());
                assert!(
                    found.is_none(),
                    "{place} has {word}: {}",
                    found.and_then(|at| text.get(at.saturating_sub(200)..at + 50)).unwrap_or_default()
                );
            }
            for stack in ["stack backtrace", "panicked at", "RUST_BACKTRACE", ".rs:"] {
                assert!(!text.contains(stack), "{place} has a stack: {stack}");
            }
        }
    }
}

/// Runs with everything that is logged overheard, however fine.
fn logged(parameters: &[(&str, &str)], run: impl FnOnce(&mut Door)) {
    let mut door = Door::new(parameters);
    let said = door.said.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .json()
        .with_writer(move || said.clone())
        .finish();
    let overheard = subscriber.set_default();
    run(&mut door);
    drop(overheard);
    door.check();
}

/// Who is not let in.
fn strangers(door: &mut Door) {
    let good = door.bearer("grace", Role::SuperAdmin);
    let (head, signature) = good.rsplit_once('.').expect("a token");
    let values = [
        format!("Bearer {}", door.canary("bearer")),
        format!("Basic {}", door.canary("basic")),
        format!("Bearer {head}.{}", door.canary("signature")),
        format!("Bearer {}.{signature}", door.canary("head")),
        format!("Bearer {good}{}", door.canary("tail")),
        door.canary("bare"),
    ];
    for value in values {
        let request = Request::new("GET", &format!("{BASE}/tier"), "").with_header("authorization", &value);
        assert_eq!(door.send(&request).status, 401);
    }
    let secret = door.canary("query");
    let request = Request::new("GET", &format!("{BASE}/tier?access_token={secret}"), "").with_token(&good);
    assert_eq!(door.send(&request).status, 422);
    let other = door.canary("second-key");
    let first = door.canary("first-key");
    let request =
        Request::new("POST", &format!("{BASE}/tier/plan"), r#"{"targetTier":"STAGING"}"#).with_token(&good);
    let twice = request.clone().with_header("idempotency-key", &first).with_header("idempotency-key", &other);
    assert_eq!(door.send(&twice).status, 422);
    for bad in [format!("{first}\u{1}"), format!("{first}{}", "x".repeat(128))] {
        assert_eq!(door.send(&request.clone().with_header("idempotency-key", &bad)).status, 422);
    }
}

/// Confirmation tokens in every place and form.
fn tokens(door: &mut Door) {
    let secret = door.canary("confirmation");
    let long = format!("{secret}{}", "0".repeat(64 - secret.len()));
    for body in [
        json!({ "confirmationToken": secret }),
        json!({ "confirmationToken": long }),
        json!({ "confirmationToken": [secret] }),
        json!({ "confirmationToken": { "token": secret } }),
        json!({ "token": secret }),
        json!({ "confirmationToken": long, "password": secret }),
        json!([secret]),
        json!(secret),
    ] {
        let reply = door.post("/tier/confirm", &body.to_string());
        assert!((400..500).contains(&reply.status), "{body}");
    }
    for body in
        [format!(r#"{{"confirmationToken": "{secret}"#), format!(r#"{{"confirmationToken": {secret}}}"#)]
    {
        assert_eq!(door.post("/tier/confirm", &body).status, 400, "{body}");
    }
}

/// A change that is asked for, refused to one, confirmed, sent again, and cancelled; then everything fails.
fn changes(door: &mut Door) {
    let wish = json!({"targetTier": "PRODUCTION", "reason": REASON}).to_string();
    let (token, key) = (door.bearer("grace", Role::SuperAdmin), door.canary("key"));
    let change = Request::new("POST", &format!("{BASE}/tier/change"), wish.as_str())
        .with_token(&token)
        .with_header("idempotency-key", &key);
    // These two answers hand it out, so they are not noted.
    let asked = [door.lab.gateway().handle(&change), door.lab.gateway().handle(&change)];
    let bodies = asked.map(|reply| serde_json::from_slice::<Value>(&reply.body).expect("JSON"));
    assert_eq!(bodies[0], bodies[1]);
    let confirmation = bodies[0]["confirmationToken"].as_str().expect("a token").to_owned();
    door.canaries.push(confirmation.clone());
    let confirm = json!({ "confirmationToken": confirmation }).to_string();
    assert_eq!(door.post("/tier/confirm", &confirm).status, 403, "it takes a second person");
    let (hal, key) = (door.bearer("hal", Role::SuperAdmin), door.canary("key"));
    let request = Request::new("POST", &format!("{BASE}/tier/confirm"), confirm.as_str()).with_token(&hal);
    let request = request.with_header("idempotency-key", &key);
    assert_eq!((door.send(&request).status, door.send(&request).status), (200, 200));
    assert_eq!(door.send(&request.clone().with_header("x-more", "1")).status, 200);
    let other = Request::new("POST", &format!("{BASE}/tier/confirm"), "{}").with_token(&hal);
    assert_eq!(door.send(&other.with_header("idempotency-key", &key)).status, 422);
    let until = door.lab.engine().now() + Millis::minutes(5);
    door.lab.engine().run_until(until, |_| false);
    assert_eq!(door.post("/tier/cancel", &json!({"reason": REASON}).to_string()).status, 200);
    assert!(door.lab.settle());
    for fault in ["error", "throttled", "denied", "timeout", "timeout-after", "crash", "crash-after"] {
        door.lab.fault(&format!("*:*:*:{fault}"));
        for (path, body) in
            [("/tier/change", wish.as_str()), ("/tier/confirm", confirm.as_str()), ("/tier/plan", "{}")]
        {
            let reply = door.post(path, body);
            assert!(reply.status >= 400, "{fault} {path}");
        }
        door.lab.heal();
    }
}

#[test]
fn nothing_that_comes_out_tells_a_secret_or_a_stack() {
    let parameters = [("TwoPersonRule", "true"), ("TenantRequestsPerMinute", "0")];
    logged(&parameters, |door| {
        strangers(door);
        tokens(door);
        changes(door);
    });
}

#[test]
fn neither_does_what_is_turned_away_for_its_rate() {
    logged(&[("TenantRequestsPerMinute", "4")], |door| {
        let bad = door.canary("bearer");
        let request = Request::new("GET", &format!("{BASE}/tier"), "").with_token(&bad);
        assert_eq!(door.send(&request).status, 401);
        let statuses: Vec<u16> =
            (0..3).map(|_| door.post("/tier/plan", r#"{"targetTier":"STAGING"}"#).status).collect();
        assert!(statuses.contains(&429), "{statuses:?}");
        door.lab.fault("dynamodb:*:*:error");
        let until = door.lab.engine().now() + Millis::minutes(2);
        door.lab.engine().run_until(until, |_| false);
        assert_eq!(door.post("/tier/plan", r#"{"targetTier":"STAGING"}"#).status, 503);
    });
}
