//! The adapter against an API on this machine that says what the test wants.

use super::*;
use crate::heard::{answer, heard, lines, ok};

/// Asks an API that gives this answer.
async fn ask(answer: String, body: Option<&str>) -> (Result<Answered, NoAnswer>, Vec<String>) {
    let limits = Limits { time: Duration::from_millis(300), body: 1_000 };
    let ask = async |url: &str| {
        let url = format!("{url}/dev/tier?page=s3cret");
        let method = if body.is_some() { "POST" } else { "GET" };
        let ask =
            Ask { method, url: &url, bearer: "e30.e30.s3cret", idempotency_key: body.map(|_| "k-1"), body };
        ask_with(&Http::new(), ask, limits).await
    };
    heard(&[answer], ask).await
}

#[tokio::test]
async fn it_is_asked_with_the_user_s_own_token_and_every_status_is_an_answer() {
    for (line, status) in [
        ("200 OK", 200),
        ("302 Found", 302),
        ("401 Unauthorized", 401),
        ("422 Unprocessable Entity", 422),
        ("503 Service Unavailable", 503),
    ] {
        let (came, asked) = ask(answer(line, "Location: URL/elsewhere\r\n", r#"{"a": 1}"#), None).await;
        assert_eq!(came, Ok(Answered { status, body: r#"{"a": 1}"#.to_owned() }));
        assert_eq!(lines(&asked), ["GET /dev/tier?page=s3cret HTTP/1.1"], "no redirect is followed");
        assert!(asked[0].contains("authorization: Bearer e30.e30.s3cret\r\n"), "{asked:?}");
        assert!(!asked[0].contains("idempotency-key") && !asked[0].contains("content-type"), "{asked:?}");
    }
}

#[tokio::test]
async fn an_act_has_its_key_and_its_body() {
    let (came, asked) = ask(ok("", "{}"), Some(r#"{"targetTier":"STAGING"}"#)).await;
    assert_eq!(came.unwrap().status, 200);
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /dev/tier?page=s3cret HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("idempotency-key: k-1") && head.contains("content-type: application/json"),
        "{head}"
    );
    assert_eq!(body, r#"{"targetTier":"STAGING"}"#);
}

#[tokio::test]
async fn what_is_no_answer_is_asked_once_and_says_nothing_of_the_request() {
    let unfinished = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned();
    let silent = "HTTP/1.1 200 OK\r\n".to_owned();
    for (why, answer) in [
        ("breaks off", unfinished),
        ("can't be reached", String::new()),
        ("can't be reached", silent),
        ("is longer than 1000 bytes", ok("", &"x".repeat(1_001))),
    ] {
        let (came, asked) = ask(answer, Some("{}")).await;
        assert_eq!(asked.len(), 1, "{why}: an act is sent once");
        let said = came.unwrap_err().0;
        assert!(said.contains(why) && !said.contains("s3cret"), "{why}: {said}");
    }
}

#[tokio::test]
async fn an_api_that_never_ends_is_waited_for_a_while() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/tier", listener.local_addr().unwrap());
    let silent = async {
        let (_stream, _) = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    };
    let ask = Ask { method: "GET", url: &url, bearer: "e30", idempotency_key: None, body: None };
    let (http, limits) = (Http::new(), Limits { time: Duration::from_millis(200), body: 1_000 });
    tokio::select! {
        () = silent => {}
        came = ask_with(&http, ask, limits) => assert!(came.unwrap_err().0.ends_with("took too long")),
    }
}

#[tokio::test]
async fn no_token_goes_over_an_open_line() {
    for url in ["http://abc.example/tier", "http://169.254.169.254/latest/meta-data", "ftp://127.0.0.1/"] {
        let ask = Ask { method: "GET", url, bearer: "e30", idempotency_key: None, body: None };
        let refused = ask_with(&Http::new(), ask, LIMITS).await.unwrap_err();
        assert_eq!(refused.0, format!("{url} is not to be asked"));
    }
}
