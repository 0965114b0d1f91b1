//! The adapters against a server that answers as it is told, byte for byte: what reaches the wire, and what comes of
//! answers that are refusals, cut short, or not there. With a real connection, since what is held here is just that:
//! how the SDK's failures are told apart.

use crate::{Aws, AwsConfig, Environment, sdk_config};
use capstan_core::ports::{
    CacheGroups, CloudErrorKind, Collections, Condition, Effect, Endpoints, Key, Store, StoreError, Streams,
    Table, TagKey, Tags, Write,
};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Debug, Clone, Copy)]
enum Play {
    /// Answers with this status and body.
    Answer(u16, &'static str),
    /// Hangs up without an answer.
    HangUp,
    /// Hangs up in the middle of the answer.
    Cut,
}
use Play::{Answer, Cut, HangUp};

/// Plays these, the last one for ever; gives the address and the requests it got.
async fn server(plays: &[Play]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let (plays, requests) = (plays.to_vec(), Arc::clone(&got));
    tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let Some(request) = read(&mut stream).await else { continue };
            let number = {
                let mut requests = requests.lock().unwrap();
                requests.push(request);
                requests.len() - 1
            };
            let answer = match plays[number.min(plays.len() - 1)] {
                HangUp => continue,
                Cut => "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"StreamDesc".to_owned(),
                Answer(status, body) => {
                    let length = body.len();
                    format!(
                        "HTTP/1.1 {status} S\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                    )
                }
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, got)
}

/// One request's body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(body.to_owned());
        }
    }
}

fn aws(url: &str) -> Aws {
    let pairs = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", url),
        ("TABLE_SUFFIX", "-test"),
    ];
    let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Aws::new(AwsConfig::read(&environment).unwrap(), sdk_config(&environment).unwrap())
}

const THROTTLED: Play = Answer(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
const BROKEN: Play = Answer(500, r#"{"__type":"InternalFailureException"}"#);

/// What deleting and describing a stream come to.
async fn both(plays: &[Play]) -> (Option<CloudErrorKind>, Option<CloudErrorKind>) {
    let deleted = aws(&server(plays).await.0).delete_stream("s").await;
    let described = aws(&server(plays).await.0).stream("s").await;
    (deleted.err().map(|error| error.kind), described.err().map(|error| error.kind))
}

#[tokio::test]
async fn without_a_connection_nothing_happened() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let aws = aws(&format!("http://{closed}"));
    let error = aws.delete_stream("s").await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::Unavailable, "{error}");
    assert!(matches!(aws.transact(vec![put()]).await.unwrap_err(), StoreError::Unavailable(_)));
}

#[tokio::test]
async fn without_an_answer_nobody_knows() {
    let unknown = (Some(CloudErrorKind::Unknown), Some(CloudErrorKind::Unavailable));
    assert_eq!(both(&[HangUp]).await, unknown);
    assert_eq!(both(&[BROKEN]).await, unknown);
}

#[tokio::test]
async fn slow_down_after_a_lost_answer_is_not_believed() {
    let throttled = Some(CloudErrorKind::Throttled);
    assert_eq!(both(&[THROTTLED]).await, (throttled, throttled));
    assert_eq!(both(&[HangUp, THROTTLED]).await, (Some(CloudErrorKind::Unknown), throttled));
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_is_asked_for_again() {
    let stream = r#"{"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:1:stream/s",
        "StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"PROVISIONED"},"RetentionPeriodHours":24,
        "StreamCreationTimestamp":1,"EnhancedMonitoring":[],"OpenShardCount":5}}"#;
    let tags = r#"{"Tags":[{"Key":"TenantId","Value":"t"},{"Key":"Else","Value":"x"}],"HasMoreTags":false}"#;
    let (url, got) = server(&[Cut, Answer(200, stream), Answer(200, tags)]).await;
    let seen = aws(&url).stream("s").await.unwrap().unwrap();
    assert_eq!((seen.open_shards, seen.tags.len()), (5, 1));
    assert_eq!(seen.tags[&TagKey::TenantId], "t");
    assert_eq!(got.lock().unwrap().len(), 3);
}

fn put() -> Write {
    let item = serde_json::json!({"tenant_id": "t", "version": 1}).as_object().unwrap().clone();
    let key = Key { table: Table::InfrastructureTier, partition: "t".to_owned(), sort: String::new() };
    Write { key, effect: Effect::Put(item), condition: Some(Condition::Absent) }
}

#[tokio::test]
async fn a_transaction_bears_one_token_over_all_its_tries() {
    let (url, got) = server(&[HangUp, Answer(200, "{}")]).await;
    aws(&url).transact(vec![put()]).await.unwrap();
    let token = |body: &String| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["TransactItems"][0]["Put"]["TableName"], "cato_infrastructure_tier-test");
        body["ClientRequestToken"].as_str().unwrap().to_owned()
    };
    let tokens: Vec<String> = got.lock().unwrap().iter().map(token).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_good_answer_that_cannot_be_read_is_no_answer() {
    let moon = [Answer(200, "it is late, and the moon is out")];
    let written = aws(&server(&moon).await.0).transact(vec![put()]).await;
    assert!(matches!(&written, Err(StoreError::Unknown(_))), "{written:?}");
    let read = aws(&server(&moon).await.0).get(&put().key).await;
    assert!(matches!(&read, Err(StoreError::Unavailable(_))), "{read:?}");
    let made = aws(&server(&moon).await.0).create_endpoint("e", "c", &Tags::new()).await;
    assert_eq!(made.unwrap_err().kind, CloudErrorKind::Unknown);
}

#[tokio::test]
async fn an_absent_table_is_named_with_its_region() {
    let absent =
        Answer(400, r#"{"__type":"x#ResourceNotFoundException","message":"Requested resource not found"}"#);
    let (url, _) = server(&[absent]).await;
    for words in [
        aws(&url).get(&put().key).await.unwrap_err().to_string(),
        aws(&url).transact(vec![put()]).await.unwrap_err().to_string(),
    ] {
        assert!(words.contains("table cato_infrastructure_tier-test in us-east-1"), "{words}");
    }
}

#[tokio::test]
async fn a_cancelled_transaction_names_the_write() {
    let cancelled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled",
        "CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"m"}]}"#;
    let (url, _) = server(&[Answer(400, cancelled)]).await;
    let other = Write {
        key: Key { partition: "u".to_owned(), ..put().key },
        effect: Effect::Delete,
        condition: None,
    };
    assert_eq!(aws(&url).transact(vec![other, put()]).await, Err(StoreError::ConditionFailed(1)));
}

#[tokio::test]
async fn what_is_absent_is_told_in_each_services_way() {
    let sagemaker = r#"{"__type":"ValidationException","message":"Could not find endpoint \"arn:x\"."}"#;
    assert_eq!(aws(&server(&[Answer(400, sagemaker)]).await.0).endpoint("e").await, Ok(None));
    let kinesis = r#"{"__type":"ResourceNotFoundException","message":"Stream s not found"}"#;
    assert_eq!(aws(&server(&[Answer(400, kinesis)]).await.0).stream("s").await, Ok(None));
    let serverless =
        r#"{"collectionDetails":[],"collectionErrorDetails":[{"name":"c","errorCode":"NOT_FOUND"}]}"#;
    assert_eq!(aws(&server(&[Answer(200, serverless)]).await.0).collection("c").await, Ok(None));
    let cache = "<ErrorResponse><Error><Type>Sender</Type><Code>ReplicationGroupNotFoundFault</Code>\
        <Message>m</Message></Error></ErrorResponse>";
    assert_eq!(aws(&server(&[Answer(404, cache)]).await.0).cache_group("g").await, Ok(None));
}

#[tokio::test]
async fn a_cache_that_is_being_made_says_whose_it_is() {
    let group = "<DescribeReplicationGroupsResponse><DescribeReplicationGroupsResult><ReplicationGroups>\
        <ReplicationGroup><ReplicationGroupId>g</ReplicationGroupId><Description>TenantId=t Tier=STAGING</Description>\
        <Status>creating</Status><ARN>arn:aws:elasticache:us-east-1:1:replicationgroup:g</ARN></ReplicationGroup>\
        </ReplicationGroups></DescribeReplicationGroupsResult></DescribeReplicationGroupsResponse>";
    let busy = "<ErrorResponse><Error><Code>InvalidReplicationGroupState</Code><Message>m</Message></Error></ErrorResponse>";
    let (url, _) = server(&[Answer(200, group), Answer(400, busy)]).await;
    let seen = aws(&url).cache_group("g").await.unwrap().unwrap();
    assert_eq!(seen.tags[&TagKey::TenantId], "t");
}
