//! The door with two toy functions behind it: what goes through, what is turned away, and by which words.

use super::{Gateway, MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_TARGET, Reply, Request, json_of};
use crate::functions::Function;
use crate::toy;
use capstan_core::time::Millis;
use serde_json::{Value, json};
use sim::Ports;

const API: &str = "  Api:\n    Type: AWS::Serverless::Api\n    Properties: { Auth: { DefaultAuthorizer: G, Authorizers: { G: { FunctionArn: !GetAtt Guard.Arn } } } }\n";

fn template() -> String {
    let events = "Events: { \
        A: { Type: Api, Properties: { RestApiId: !Ref Api, Method: GET, Path: '/base/tier/{id}' } }, \
        B: { Type: Api, Properties: { RestApiId: !Ref Api, Method: POST, Path: '/base/tier' } } }";
    format!("{API}{}{}", toy::function("Guard", "guard", ""), toy::function("Echo", "echo", events))
}

/// Knows three tokens, and breaks on a fourth.
fn guard(_: &Ports, event: &Value) -> crate::functions::Answer {
    let effect = match event["headers"]["Authorization"].as_str() {
        Some("Bearer good") => "Allow",
        Some("Bearer denied") => "Deny",
        Some("Bearer broken") => return Err(toy::failure("Oops")),
        _ => return Err(toy::failure("Unauthorized")),
    };
    let policy = json!({ "Statement": [{ "Effect": effect, "Resource": event["methodArn"] }] });
    Ok(json!({ "principalId": "ada", "policyDocument": policy, "context": { "role": "admin", "level": 3 } }))
}

fn echo(_: &Ports, event: &Value) -> crate::functions::Answer {
    match event["body"].as_str() {
        Some("fail") => Err(toy::failure("Secret of the function")),
        Some("panic") => panic!("secret of the function"),
        Some("nonsense") => Ok(json!("secret")),
        _ => Ok(json!({ "statusCode": 200, "body": event.to_string() })),
    }
}

fn gateway() -> Gateway {
    let registry = [
        toy::code("guard", |ports, event| guard(ports, &event)),
        toy::code("echo", |ports, event| echo(ports, &event)),
    ];
    Gateway::new(toy::system(&template(), &registry))
}

fn ask(request: &Request) -> Reply {
    gateway().handle(request)
}

fn post(body: impl Into<Vec<u8>>) -> Reply {
    ask(&Request::new("POST", "/base/tier", body).with_token("good"))
}

/// Every failure is a problem document that says what to rely on, and nothing of the inside.
fn problem(reply: &Reply, status: u16, code: &str) {
    let body = json_of(reply);
    assert_eq!(
        (reply.status, body["status"].as_u64(), body["code"].as_str()),
        (status, Some(u64::from(status)), Some(code))
    );
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    for member in ["type", "title", "detail"] {
        assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {body}");
    }
    assert!(!body.to_string().to_ascii_lowercase().contains("secret"), "{body}");
}

#[test]
fn a_request_reaches_its_function_with_what_the_authorizer_says() {
    let reply = ask(&Request::new("GET", "/base/tier/7?x=1", "")
        .with_token("good")
        .with_header("requestContext", "role=super_admin")
        .with_header("x-amzn-authorizer-role", "super_admin"));
    assert_eq!(reply.status, 200);
    let event = json_of(&reply);
    assert_eq!(
        event["requestContext"]["authorizer"],
        json!({ "principalId": "ada", "role": "admin", "level": "3" })
    );
    assert_eq!(event["pathParameters"], json!({ "id": "7" }));
    let staged = ask(&Request::new("GET", "/local/base/tier/7", "").with_token("good"));
    assert_eq!(staged.status, 200, "the stage may stand before the path");
}

#[test]
fn who_is_not_let_in() {
    let get = || Request::new("GET", "/base/tier/7", "");
    for request in [get(), get().with_header("authorization", " "), get().with_token("forged")] {
        let reply = ask(&request);
        problem(&reply, 401, "UNAUTHORIZED");
        assert!(reply.header("www-authenticate").is_some());
    }
    problem(&ask(&get().with_token("denied")), 403, "FORBIDDEN");
    problem(&ask(&get().with_token("broken")), 503, "AUTHORIZER_FAILED");
}

#[test]
fn what_is_not_there() {
    for path in ["/nope", "/base", "/base/tier/", "/base/tier/1/2", "/local", "/..", "//"] {
        problem(&ask(&Request::new("GET", path, "").with_token("good")), 404, "NOT_FOUND");
    }
    let reply = ask(&Request::new("DELETE", "/base/tier/7", ""));
    problem(&reply, 405, "METHOD_NOT_ALLOWED");
    assert_eq!(reply.header("allow"), Some("GET"));
    problem(&ask(&Request::new("POST", "/", "")), 405, "METHOD_NOT_ALLOWED");
}

#[test]
fn bodies() {
    assert_eq!(post(vec![b'a'; MAX_BODY]).status, 200);
    problem(&post(vec![b'a'; MAX_BODY + 1]), 413, "BODY_TOO_LARGE");
    problem(&post(vec![0xff, 0xfe]), 400, "MALFORMED_REQUEST");
    assert_eq!(json_of(&post(""))["body"], Value::Null);
}

#[test]
fn a_function_that_breaks_is_a_bad_gateway_and_never_a_500() {
    problem(&post("fail"), 502, "FUNCTION_FAILED");
    problem(&post("panic"), 502, "FUNCTION_FAILED");
    problem(&post("nonsense"), 502, "MALFORMED_ANSWER");
    let never = Function::new("echo", |_| Ok(Box::new(|_, _| Box::pin(std::future::pending()))));
    let system = toy::system(&template(), &[toy::code("guard", |ports, event| guard(ports, &event)), never]);
    let request = Request::new("POST", "/base/tier", "").with_token("good");
    problem(&Gateway::new(system).handle(&request), 503, "FUNCTION_TIMED_OUT");
}

#[test]
fn the_page_and_the_health_check_are_for_everybody() {
    assert_eq!(ask(&Request::new("GET", "/", "")).header("location"), Some("/console"));
    let page = ask(&Request::new("GET", "/about", ""));
    let text = String::from_utf8(page.body).unwrap();
    assert!(text.contains("/base/tier/{id}") && text.contains("capstan token"));
    assert_eq!(ask(&Request::new("GET", "/healthz", "")).status, 200);
}

#[test]
fn the_world_is_brought_up_to_the_time_before_a_request() {
    let registry = [
        toy::code("guard", |ports, event| guard(ports, &event)),
        toy::code("echo", |ports, event| echo(ports, &event)),
    ];
    let system = toy::system(&template(), &registry);
    let began = system.world().now();
    let engine = crate::engine::Engine::new(system.clone(), crate::engine::Options::default());
    let clock = crate::clock::ScaledClock::new(began + Millis::hours(1), 1);
    let driver = crate::engine::real::Driver::start(engine, clock, |_| {}).unwrap();
    let gateway = Gateway::new(system.clone()).on_real_time(clock, driver.waker());
    gateway.handle(&Request::new("GET", "/base/tier/7", "").with_token("good"));
    assert!(system.world().now() >= began + Millis::hours(1));
}

#[test]
fn a_head_is_taken_at_its_bounds_and_refused_beyond_them() {
    let get = |target: &str| Request::new("GET", target, "").with_token("good");
    let target = |length: usize| {
        let start = "/base/tier/1?";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    assert_eq!(ask(&get(&target(MAX_TARGET))).status, 200);
    problem(&ask(&get(&target(MAX_TARGET + 1))), 414, "URI_TOO_LONG");
    let many = |count: usize| {
        (1..count)
            .fold(get("/base/tier/1"), |request, number| request.with_header(&format!("x-{number}"), "1"))
    };
    assert_eq!(ask(&many(MAX_HEADERS)).status, 200);
    problem(&ask(&many(MAX_HEADERS + 1)), 431, "HEADERS_TOO_LARGE");
    let plain = get("/base/tier/1");
    let used = "/base/tier/1?".len() + "authorizationBearer good".len() + 4 + "x".len() + 4;
    let long = |more: usize| plain.clone().with_header("x", &"y".repeat(MAX_HEAD - used + more));
    assert_eq!(ask(&long(0)).status, 200);
    problem(&ask(&long(1)), 431, "HEADERS_TOO_LARGE");
    // Who is not even let in hears the same.
    problem(&ask(&Request::new("GET", &target(MAX_TARGET + 1), "")), 414, "URI_TOO_LONG");
}

/// Half-sent requests take the room of nobody who sends a whole one; a request that came whole is answered, also where there
/// is no room for more.
#[test]
fn half_sent_requests_keep_nobody_out() {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};
    const ROOM: usize = 8;
    const LONG: std::time::Duration = std::time::Duration::from_secs(5);
    let connect = |at: SocketAddr, text: &str| {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let whole = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let read = |mut stream: TcpStream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let at = listener.local_addr().unwrap();
    let gateway = std::sync::Arc::new(gateway());
    let serving = runtime.spawn(super::server::serve_at_most(ROOM, listener, gateway, async {
        drop(stopped.await);
    }));
    let head = "GET /healthz HTTP/1.1\r\nHost: x\r\nX";
    let body =
        "POST /base/tier HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Length: 10\r\n\r\n{";
    for half in [head, body, ""] {
        let mut open: Vec<TcpStream> = (0..5 * ROOM).map(|_| connect(at, half)).collect();
        for _ in 0..2 * ROOM {
            let answer = read(connect(at, whole)).expect("nobody waits for the half-sent ones");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        // The oldest had to go; the server has not kept more than there is room for.
        let mut first = open.remove(0);
        assert!(matches!(first.read(&mut [0; 1]), Ok(0) | Err(_)));
    }
    let _ = stop.send(());
    runtime.block_on(serving).unwrap();
}

/// A page of another site, under a name that its owner has made lead here, is of the same origin as this door to a browser.
#[test]
fn the_stage_is_not_set_under_another_name() {
    let asked = |host: &str| {
        let request =
            Request::new("GET", "/_sim/endpoints/none/failing", "").with_header("x-capstan-sim", "1");
        gateway().at("http://127.0.0.1:3000").handle(&request.with_header("host", host)).status
    };
    assert_eq!((asked("127.0.0.1:3000"), asked("localhost:3000")), (405, 405));
    assert_eq!((asked("evil.example:3000"), asked("127.0.0.1:3001")), (404, 404));
}
