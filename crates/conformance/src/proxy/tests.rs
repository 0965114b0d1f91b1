use super::When::{AfterTheEffect, BeforeTheEffect};
use super::*;

/// A peer that counts, and a proxy before it.
fn both() -> (Proxy, Proxy) {
    let peer = Proxy::start("127.0.0.1:1");
    peer.always(Fault::Garbage(BeforeTheEffect));
    let proxy = Proxy::start(peer.url());
    (peer, proxy)
}

fn json() -> Request {
    Request::post("/", &[("x-amz-target", "Kinesis_20131202.CreateStream")], "{}")
}

#[tokio::test]
async fn every_fault_is_what_it_is_called() {
    for (fault, status, heard) in [
        (Fault::Pass, Some(200), 1),
        (Fault::Throttle, Some(400), 0),
        (Fault::Status(503, BeforeTheEffect), Some(503), 0),
        (Fault::Status(500, AfterTheEffect), Some(500), 1),
        (Fault::Hang(BeforeTheEffect), None, 0),
        (Fault::Hang(AfterTheEffect), None, 1),
        (Fault::Cut, None, 1),
        (Fault::Reset(BeforeTheEffect), None, 0),
        (Fault::Reset(AfterTheEffect), None, 1),
        (Fault::Slow(Duration::from_millis(1)), Some(200), 1),
        (Fault::Garbage(BeforeTheEffect), Some(200), 0),
    ] {
        let (peer, proxy) = both();
        proxy.plan([fault]);
        let asked = tokio::time::timeout(Duration::from_millis(300), ask(proxy.url(), &json())).await;
        let got = asked.ok().and_then(Result::ok).map(|answer| answer.status);
        assert_eq!((got, peer.asked()), (status, heard), "{fault:?}");
        assert_eq!((proxy.asked(), proxy.passed()), (1, heard), "{fault:?}");
        assert_eq!(ask(proxy.url(), &json()).await.unwrap().status, 200, "what comes after {fault:?} passes");
    }
}

#[tokio::test]
async fn a_plan_may_be_for_one_operation_or_for_a_time() {
    let (_peer, proxy) = both();
    proxy.plan_for("UpdateStreamMode", [Fault::Throttle]);
    assert_eq!(ask(proxy.url(), &json()).await.unwrap().status, 200);
    proxy.plan_for("CreateStream", [Fault::Throttle]);
    assert_eq!(ask(proxy.url(), &json()).await.unwrap().status, 400);
    proxy.throttle_for(Duration::from_millis(50));
    assert_eq!(ask(proxy.url(), &json()).await.unwrap().status, 400);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(ask(proxy.url(), &json()).await.unwrap().status, 200);
}

#[tokio::test]
async fn slow_down_is_said_in_the_words_of_the_protocol() {
    let (_peer, proxy) = both();
    proxy.always(Fault::Throttle);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (request, status, words) in [
        (json(), 400, r#""__type":"ThrottlingException""#),
        (Request::post("/", &form, "Action=Publish"), 400, "<Code>Throttling</Code>"),
        (Request::post("/2021-01-01/tags", &[], "{}"), 429, r#"{"message":"Rate exceeded"}"#),
        (
            Request::post("/service/S/operation/O", &[("smithy-protocol", "rpc-v2-cbor")], ""),
            400,
            "ThrottlingException",
        ),
    ] {
        let answer = ask(proxy.url(), &request).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(String::from_utf8_lossy(&answer.body).contains(words), "{answer:?}");
    }
}

#[tokio::test]
async fn what_passes_is_written_down() {
    let path = std::env::temp_dir().join(format!("capstan-proxy-{}.jsonl", std::process::id()));
    let peer = Proxy::start("127.0.0.1:1");
    peer.always(Fault::Garbage(BeforeTheEffect));
    let proxy = Proxy::recording(peer.url(), "somebody", &path);
    ask(proxy.url(), &json()).await.unwrap();
    proxy.plan([Fault::Throttle]);
    ask(proxy.url(), &json()).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "what the proxy says itself is nothing that the peer said");
    assert_eq!((&lines[0]["peer"], &lines[0]["status"]), (&"somebody".into(), &200.into()));
    assert_eq!(lines[0]["requestHeaders"]["x-amz-target"], "Kinesis_20131202.CreateStream");
    assert_eq!(lines[0]["requestBody"], "e30=");
}
