//! What passed, written down: one JSON object a line.

use super::{Request, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// A file of exchanges with one peer. Several may write to it: a line is written at once, and at the end.
#[derive(Debug)]
pub(super) struct Record {
    peer: String,
    file: File,
}

impl Record {
    #[expect(clippy::expect_used, reason = "start-up: a record that can't be written must stop the test")]
    pub(super) fn open(peer: &str, path: &Path) -> Self {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder for the record");
        }
        let file = OpenOptions::new().create(true).append(true).open(path).expect("a record to write to");
        Self { peer: peer.to_owned(), file }
    }

    #[expect(
        clippy::expect_used,
        reason = "an exchange that is not in the record would pass for one that never was"
    )]
    pub(super) fn write(&self, request: &Request, answer: &Response) {
        let line = json!({
            "peer": self.peer,
            "method": request.method,
            "uri": request.uri,
            "requestHeaders": headers(&request.headers),
            "requestBody": STANDARD.encode(&request.body),
            "status": answer.status,
            "responseHeaders": headers(&answer.headers),
            "responseBody": STANDARD.encode(&answer.body),
        });
        (&self.file).write_all(format!("{line}\n").as_bytes()).expect("the record takes a line");
    }
}

/// By their names in lower case.
fn headers(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.to_ascii_lowercase(), Value::from(value.as_str()))).collect()
}
