//! A server that answers each operation as it is told, and keeps what it was asked.

use aws::{Aws, AwsConfig, Environment, sdk_config};
use conformance::proxy::{Proxy, Request};
use conformance::run::evidence_folder;
use serde_json::Value;
use std::sync::{Arc, Mutex, Once};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An answer: the operation it is for, the status, the body.
pub(crate) type Line = (&'static str, u16, String);

/// A cloud that follows a script. Of several lines for an operation each is for one call, the last one for all after it.
pub(crate) struct Script {
    aws: Aws,
    asked: Arc<Mutex<Vec<Request>>>,
    _proxy: Proxy,
}

/// A line of JSON.
pub(crate) fn json(operation: &'static str, body: &Value) -> Line {
    (operation, 200, body.to_string())
}

/// A line of XML, as the services of the query protocol wrap it.
pub(crate) fn xml(operation: &'static str, result: &str) -> Line {
    let body = format!(
        "<{operation}Response><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    );
    (operation, 200, body)
}

/// A refusal in JSON.
pub(crate) fn json_refusal(operation: &'static str, status: u16, code: &str, message: &str) -> Line {
    (operation, status, serde_json::json!({ "__type": code, "message": message }).to_string())
}

/// A refusal in XML.
pub(crate) fn xml_refusal(operation: &'static str, status: u16, code: &str, message: &str) -> Line {
    let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
    let body = format!("<ErrorResponse><Error>{error}</Error><RequestId>r</RequestId></ErrorResponse>");
    (operation, status, body)
}

impl Script {
    pub(crate) async fn new(lines: Vec<Line>) -> Self {
        static FRESH: Once = Once::new();
        let wire = evidence_folder().join("wire-recorded.jsonl");
        // A record of an earlier run would pass for this one.
        FRESH.call_once(|| std::fs::remove_file(&wire).unwrap_or_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        tokio::spawn(serve(listener, lines, Arc::clone(&asked)));
        let proxy = Proxy::recording(&url, "recorded", &wire);
        let pairs = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", proxy.url()),
            ("TABLE_SUFFIX", "-test"),
            ("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:m"),
            ("ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:alerts"),
            ("COLLECTION_PRINCIPALS", "arn:aws:iam::123456789012:role/app"),
        ];
        let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let aws = Aws::new(AwsConfig::read(&environment).unwrap(), sdk_config(&environment).unwrap());
        Self { aws, asked, _proxy: proxy }
    }

    pub(crate) fn ports(&self) -> &Aws {
        &self.aws
    }

    /// What was asked by this operation, as text.
    pub(crate) fn sent(&self, operation: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let these = asked.iter().filter(|request| request.operation() == operation);
        these.map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect()
    }

    /// What was asked by this operation first, as JSON.
    pub(crate) fn sent_json(&self, operation: &str) -> Value {
        serde_json::from_str(&self.sent(operation)[0]).unwrap()
    }
}

async fn serve(listener: TcpListener, mut lines: Vec<Line>, asked: Arc<Mutex<Vec<Request>>>) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let Some(request) = read(&mut stream).await else { continue };
        let operation = request.operation();
        let cbor = request.header("smithy-protocol").is_some();
        asked.lock().unwrap().push(request);
        let of_it = |line: &Line| line.0 == operation;
        let at = lines.iter().position(of_it).unwrap_or_else(|| panic!("no line for {operation}"));
        let (_, status, body) = lines[at].clone();
        if lines.iter().filter(|line| of_it(line)).count() > 1 {
            lines.remove(at);
        }
        let (kind, body) = if cbor {
            (
                "application/cbor\r\nsmithy-protocol: rpc-v2-cbor",
                cbor_of(&serde_json::from_str(&body).unwrap()),
            )
        } else if body.starts_with('<') {
            ("text/xml", body.into_bytes())
        } else {
            ("application/x-amz-json-1.1", body.into_bytes())
        };
        let head = format!(
            "HTTP/1.1 {status} S\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(&[head.into_bytes(), body].concat()).await;
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut rows = head.lines();
        let mut first = rows.next()?.split(' ');
        let pairs = rows.filter_map(|row| row.split_once(':'));
        let headers: Vec<(String, String)> =
            pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
        let body = &bytes[end + 4..];
        if body.len() >= length {
            let (method, uri) = (first.next()?.to_owned(), first.next()?.to_owned());
            return Some(Request { method, uri, headers, body: body.to_vec() });
        }
    }
}

/// JSON as CBOR, as far as answers about metrics go: maps, lists, text, doubles, and `{"@instant": seconds}`.
fn cbor_of(value: &Value) -> Vec<u8> {
    let head = |kind: u8, length: usize| {
        [vec![kind << 5 | 0x19], u16::try_from(length).unwrap().to_be_bytes().to_vec()].concat()
    };
    match value {
        Value::String(text) => [head(3, text.len()), text.clone().into_bytes()].concat(),
        Value::Array(list) => [head(4, list.len()), list.iter().flat_map(cbor_of).collect()].concat(),
        Value::Object(map) if map.contains_key("@instant") => {
            [vec![0xc1], cbor_of(&map["@instant"])].concat()
        }
        Value::Object(map) => {
            let pairs =
                map.iter().flat_map(|(key, value)| [cbor_of(&key.as_str().into()), cbor_of(value)].concat());
            [head(5, map.len()), pairs.collect()].concat()
        }
        Value::Number(number) => [vec![0xfb], number.as_f64().unwrap().to_be_bytes().to_vec()].concat(),
        Value::Bool(it) => vec![if *it { 0xf5 } else { 0xf4 }],
        Value::Null => vec![0xf6],
    }
}
