//! The adapter against an issuer on this machine that says what the test wants.

use super::*;
use crate::heard::{answer, heard, lines, ok};
use tokio::net::TcpListener;

/// Asks an issuer that gives these answers for its keys.
async fn ask(answers: &[String]) -> (Result<KeysDocument, IssuerError>, Vec<String>) {
    heard(answers, async |url| Issuer { http: &Http::new(), url }.keys().await).await
}

const CONFIGURATION: &str = r#"{"issuer": "URL", "jwks_uri": "URL/keys"}"#;

#[tokio::test]
async fn the_keys_are_where_the_issuer_says() {
    let keys = ok("Cache-Control: public, max-age=600\r\n", r#"{"keys": []}"#);
    let (answer, asked) = ask(&[ok("", CONFIGURATION), keys]).await;
    let document = answer.unwrap();
    assert_eq!((document.text.as_str(), document.max_age), (r#"{"keys": []}"#, Some(Millis::minutes(10))));
    assert_eq!(lines(&asked), ["GET /.well-known/openid-configuration HTTP/1.1", "GET /keys HTTP/1.1"]);
}

#[tokio::test]
async fn what_may_not_be_kept_is_not() {
    for (header, age) in [
        ("", None),
        ("Cache-Control: no-store, max-age=600\r\n", Some(Millis(0))),
        ("Cache-Control: max-age=soon\r\n", None),
    ] {
        let (answer, _) = ask(&[ok("", CONFIGURATION), ok(header, "{}")]).await;
        assert_eq!(answer.unwrap().max_age, age, "{header}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_not_believed() {
    let long = format!(r#"{{"keys": [], "x": "{}"}}"#, "x".repeat(MAX_DOCUMENT));
    for (why, answers) in [
        (
            "of another issuer",
            vec![ok("", r#"{"issuer": "https://login.example.com", "jwks_uri": "URL/keys"}"#)],
        ),
        ("does not say where", vec![ok("", r#"{"issuer": "URL"}"#)]),
        ("is not JSON", vec![ok("", "<html>")]),
        (
            "is not to be asked",
            vec![ok("", r#"{"issuer": "URL", "jwks_uri": "http://login.example.com/keys"}"#)],
        ),
        ("is not to be asked", vec![ok("", r#"{"issuer": "URL", "jwks_uri": "file:///etc/passwd"}"#)]),
        ("is longer than", vec![ok("", CONFIGURATION), ok("", &long)]),
    ] {
        match ask(&answers).await.0 {
            Err(IssuerError::Malformed(said)) => assert!(said.contains(why), "{why}: {said}"),
            other => panic!("{why}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_unavailable() {
    let head = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let elsewhere =
        "HTTP/1.1 302 Found\r\nLocation: URL/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for (why, answers) in [
        ("answers 500", vec![head("500 Internal Server Error")]),
        ("answers 302", vec![elsewhere.to_owned()]),
        ("answers 404", vec![ok("", CONFIGURATION), head("404 Not Found")]),
        ("can't be reached", vec![String::new()]),
        ("breaks off", vec!["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned()]),
    ] {
        match ask(&answers).await.0 {
            Err(IssuerError::Unavailable(said)) => assert!(said.contains(why), "{why}: {said}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    let nobody = Issuer { http: &Http::new(), url: "http://127.0.0.1:9" }.keys().await;
    assert!(matches!(nobody, Err(IssuerError::Unavailable(_))), "{nobody:?}");
}

#[tokio::test]
async fn an_issuer_that_never_ends_is_waited_for_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = async {
        let (_stream, _) = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    };
    let http = Http::new();
    let issuer = Issuer { http: &http, url: &url };
    let limit = tokio::time::timeout(DOCUMENT.time + Duration::from_secs(2), issuer.keys());
    tokio::select! {
        () = silent => {}
        answer = limit => assert!(matches!(answer, Ok(Err(IssuerError::Unavailable(_)))), "{answer:?}"),
    }
}

#[test]
fn only_where_others_can_not_write() {
    for (url, issuer, may) in [
        ("https://login.example.com/keys", "https://login.example.com", true),
        ("https://keys.example.com", "https://login.example.com", true),
        ("http://login.example.com/keys", "https://login.example.com", false),
        ("http://127.0.0.1:80/keys", "https://login.example.com", false),
        ("http://169.254.169.254/latest/meta-data", "http://127.0.0.1:3000", false),
        ("http://localhost:8080/keys", "http://127.0.0.1:3000", true),
        ("http://localhost.example.com/keys", "http://127.0.0.1:3000", false),
        ("http://127.0.0.1:80@login.example.com/keys", "http://127.0.0.1:3000", false),
        ("https://login.example.com/a b", "https://login.example.com", false),
        ("", "https://login.example.com", false),
    ] {
        let asks = Issuer { http: &Http::new(), url: issuer }.check(url);
        assert_eq!(asks.is_ok(), may, "{url} for {issuer}");
    }
}

const SIGN_IN: &str = r#"{"issuer": "URL", "authorization_endpoint": "https://login.example.com/authorize",
    "token_endpoint": "URL/token", "end_session_endpoint": "URL/out"}"#;

#[tokio::test]
async fn people_sign_in_where_the_issuer_says() {
    let endpoints = async |configuration: &str| {
        let ask = async |url: &str| (Issuer { http: &Http::new(), url }.endpoints().await, url.to_owned());
        heard(&[ok("", configuration)], ask).await.0
    };
    let (found, url) = endpoints(SIGN_IN).await;
    let wanted = SignInEndpoints {
        authorization: "https://login.example.com/authorize".to_owned(),
        token: format!("{url}/token"),
        end_session: Some(format!("{url}/out")),
    };
    assert_eq!(found.unwrap(), wanted);
    let bare = SIGN_IN.replace(r#", "end_session_endpoint": "URL/out""#, "");
    assert_eq!(endpoints(&bare).await.0.unwrap().end_session, None);
    for (why, from, to) in [
        ("of another issuer", r#""issuer": "URL""#, r#""issuer": "https://login.example.com""#),
        ("does not say its token_endpoint", "token_endpoint", "no_endpoint"),
        ("is not to be asked", "https://login.example.com/authorize", "http://login.example.com/authorize"),
        ("is not to be asked", "https://login.example.com/authorize", "javascript:alert(1)"),
        ("is not to be asked", "URL/out", "http://login.example.com/out"),
    ] {
        match endpoints(&SIGN_IN.replace(from, to)).await.0 {
            Err(IssuerError::Malformed(said)) => assert!(said.contains(why), "{why}: {said}"),
            other => panic!("{why}: {other:?}"),
        }
    }
}

/// Redeems a code with an issuer that gives this answer.
async fn redeem(answer: String) -> (Result<Answered, IssuerError>, Vec<String>) {
    let form = "grant_type=authorization_code&code=s3cret";
    let ask =
        async |url: &str| Issuer { http: &Http::new(), url }.redeem(&format!("{url}/token"), form).await;
    heard(&[answer], ask).await
}

#[tokio::test]
async fn a_code_is_sent_once_as_a_form_and_any_answer_in_json_is_one() {
    for (line, status, body) in [
        ("200 OK", 200, r#"{"id_token": "a.b.c"}"#),
        ("400 Bad Request", 400, r#"{"error": "invalid_grant"}"#),
        ("503 Service Unavailable", 503, r#"{"error": "temporarily_unavailable"}"#),
    ] {
        let (came, asked) = redeem(answer(line, "Content-Type: application/json\r\n", body)).await;
        assert_eq!(came.unwrap(), Answered { status, body: body.to_owned() });
        assert_eq!(lines(&asked), ["POST /token HTTP/1.1"]);
        let (head, form) = asked[0].split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
        assert_eq!(form, "grant_type=authorization_code&code=s3cret");
    }
}

#[tokio::test]
async fn what_is_no_answer_to_a_code_says_nothing_of_it() {
    let long = format!(r#"{{"id_token": "{}"}}"#, "x".repeat(MAX_DOCUMENT));
    let elsewhere = "Location: URL/elsewhere\r\nContent-Length: 0\r\n";
    for (malformed, why, answer) in [
        (true, "answers 200, and not in JSON", ok("", "<html>")),
        (true, "answers 302, and not in JSON", answer("302 Found", elsewhere, "")),
        (true, "is longer than", ok("", &long)),
        (false, "answers 502", answer("502 Bad Gateway", "", "<html>")),
        (false, "can't be reached", String::new()),
    ] {
        let (came, asked) = redeem(answer).await;
        assert_eq!(asked.len(), 1, "{why}: a code is sent once");
        let error = came.unwrap_err();
        assert_eq!(matches!(error, IssuerError::Malformed(_)), malformed, "{why}: {error}");
        assert!(error.to_string().contains(why) && !error.to_string().contains("s3cret"), "{why}: {error}");
    }
    let elsewhere = Issuer { http: &Http::new(), url: "https://login.example.com" };
    let refused = elsewhere.redeem("http://login.example.com/token", "code=s3cret").await;
    assert!(matches!(refused, Err(IssuerError::Malformed(_))), "{refused:?}");
}
