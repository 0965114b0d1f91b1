//! The adapter against an issuer on this machine that says what the test wants.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Asks an issuer that gives these answers, in this order, with `URL` for where it is.
async fn ask(answers: &[String]) -> (Result<KeysDocument, IssuerError>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = async {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4_096];
            let length = stream.read(&mut bytes).await.unwrap();
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            asked.push(text.lines().next().unwrap_or_default().to_owned());
            // Whoever has read enough hangs up.
            drop(stream.write_all(answer.replace("URL", &url).as_bytes()).await);
        }
        asked
    };
    let issuers = Issuers::new();
    let mut serve = std::pin::pin!(serve);
    let mut keys = std::pin::pin!(issuers.keys(&url));
    let mut asked = None;
    let answer = loop {
        tokio::select! {
            answer = &mut keys => break answer,
            done = &mut serve, if asked.is_none() => asked = Some(done),
        }
    };
    (answer, asked.unwrap_or_default())
}

fn ok(headers: &str, body: &str) -> String {
    let body = body.replace("URL", "http://127.0.0.1:00000");
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n{body}")
        .replace("http://127.0.0.1:00000", "URL")
}

const CONFIGURATION: &str = r#"{"issuer": "URL", "jwks_uri": "URL/keys"}"#;

#[tokio::test]
async fn the_keys_are_where_the_issuer_says() {
    let keys = ok("Cache-Control: public, max-age=600\r\n", r#"{"keys": []}"#);
    let (answer, asked) = ask(&[ok("", CONFIGURATION), keys]).await;
    let document = answer.unwrap();
    assert_eq!((document.text.as_str(), document.max_age), (r#"{"keys": []}"#, Some(Millis::minutes(10))));
    assert_eq!(asked, ["GET /.well-known/openid-configuration HTTP/1.1", "GET /keys HTTP/1.1"]);
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
    let nobody = Issuers::new().keys("http://127.0.0.1:9").await;
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
    let issuers = Issuers::new();
    let limit = tokio::time::timeout(DOCUMENT + Duration::from_secs(2), issuers.keys(&url));
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
        ("https://login.example.com/a b", "https://login.example.com", false),
        ("", "https://login.example.com", false),
    ] {
        assert_eq!(may_ask(url, issuer), may, "{url} for {issuer}");
    }
}
