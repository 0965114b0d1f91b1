//! Answers that no peer gave, in the words of the protocol that was asked in.

use super::{Request, Response};

/// How a service is spoken to.
enum Protocol {
    /// `X-Amz-Target`, JSON both ways.
    Json,
    /// A form there, XML back.
    Query,
    /// Smithy's RPC protocol.
    Cbor,
    /// Method and path, JSON both ways.
    Rest,
}

fn protocol(request: &Request) -> Protocol {
    let content = request.header("content-type").unwrap_or_default();
    if request.header("smithy-protocol").is_some() {
        Protocol::Cbor
    } else if request.header("x-amz-target").is_some() {
        Protocol::Json
    } else if content.starts_with("application/x-www-form-urlencoded") {
        Protocol::Query
    } else {
        Protocol::Rest
    }
}

/// Slow down.
pub(super) fn throttled(request: &Request) -> Response {
    let status = if matches!(protocol(request), Protocol::Rest) { 429 } else { 400 };
    refused(request, status, "Throttling", "Rate exceeded")
}

/// The service failed.
pub(super) fn failed(request: &Request, status: u16) -> Response {
    let code = if status == 503 { "ServiceUnavailable" } else { "InternalFailure" };
    refused(request, status, code, "made by the proxy")
}

/// A good answer that can't be read.
pub(super) fn garbage() -> Response {
    Response::new(
        200,
        &[("content-type", "text/plain")],
        b"\xff\x00 it is late, and the moon is out {<".to_vec(),
    )
}

/// No, with this code, which bears no `Exception` at its end.
pub(super) fn refused(request: &Request, status: u16, code: &str, message: &str) -> Response {
    match protocol(request) {
        Protocol::Json => {
            let body = format!(r#"{{"__type":"{code}Exception","message":"{message}"}}"#);
            Response::new(status, &[("content-type", "application/x-amz-json-1.1")], body.into_bytes())
        }
        Protocol::Rest => {
            let error = format!("{code}Exception");
            let headers = [("content-type", "application/json"), ("x-amzn-errortype", error.as_str())];
            Response::new(status, &headers, format!(r#"{{"message":"{message}"}}"#).into_bytes())
        }
        Protocol::Query => {
            let fault = if status < 500 { "Sender" } else { "Receiver" };
            let body = format!(
                "<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
            );
            Response::new(status, &[("content-type", "text/xml")], body.into_bytes())
        }
        Protocol::Cbor => {
            let mut body = vec![0xa2];
            for text in ["__type", &format!("{code}Exception"), "message", message] {
                string(&mut body, text);
            }
            let headers = [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")];
            Response::new(status, &headers, body)
        }
    }
}

/// A text of at most 255 bytes.
fn string(body: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    body.extend([0x78, length]);
    body.extend(&text.as_bytes()[..usize::from(length)]);
}
