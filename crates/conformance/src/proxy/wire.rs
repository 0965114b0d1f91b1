//! HTTP/1.1, as far as the SDK and the emulators go.

use std::io::{Error, ErrorKind, Result};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `POST`.
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// In the order of their coming.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Without those about the connection and the body's length.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Request {
    /// A request of our own.
    pub fn post(uri: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST".to_owned(), uri: uri.to_owned(), headers: owned(headers), body: body.into() }
    }

    /// The same, to put something.
    pub fn put(uri: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        Self { method: "PUT".to_owned(), ..Self::post(uri, headers, body) }
    }

    /// The header of this name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The API's operation, such as `CreateStream`; of a REST API its method and path.
    pub fn operation(&self) -> String {
        if let Some((_, operation)) = self.header("x-amz-target").and_then(|target| target.rsplit_once('.')) {
            return operation.to_owned();
        }
        if let Some((_, operation)) = self.uri.split_once("/operation/") {
            return operation.to_owned();
        }
        if let Some(operation) = self.rest_operation() {
            return operation.to_owned();
        }
        let form = String::from_utf8_lossy(&self.body);
        match form.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
            Some(operation) => operation.to_owned(),
            None => format!("{} {}", self.method, self.uri),
        }
    }

    /// Of the REST APIs that say it by method and path: objects, functions, answers of models, usage plans.
    fn rest_operation(&self) -> Option<&str> {
        let path = self.uri.split('?').next().unwrap_or_default();
        let said = self
            .uri
            .split_once('?')
            .and_then(|(_, query)| query.split('&').find_map(|pair| pair.strip_prefix("x-id=")));
        match self.method.as_str() {
            _ if said.is_some() => said,
            "HEAD" => Some("HeadObject"),
            _ if path.starts_with("/20") => function_operation(&self.method, path),
            "GET" if path == "/usageplans" => Some("GetUsagePlans"),
            "PATCH" if path.starts_with("/usageplans/") => Some("UpdateUsagePlan"),
            "POST" if path.starts_with("/endpoints/") && path.ends_with("/invocations") => {
                Some("InvokeEndpoint")
            }
            _ => None,
        }
    }

    /// The next request of a connection; `None`: there is none.
    pub(super) async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Self>> {
        let Some((line, headers)) = head(stream).await? else { return Ok(None) };
        let mut words = line.split(' ');
        let (Some(method), Some(uri)) = (words.next(), words.next()) else { return Err(unreadable(&line)) };
        let body = match length(&headers)? {
            Length::Bytes(count) => bytes(stream, count).await?,
            Length::Chunks => chunks(stream).await?,
            Length::UntilTheEnd => Vec::new(),
        };
        Ok(Some(Self { method: method.to_owned(), uri: uri.to_owned(), headers, body }))
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        let mut text =
            format!("{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", self.method, self.uri);
        for (name, value) in self.headers.iter().filter(|(name, _)| !about_the_connection(name)) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        [text.into_bytes(), self.body.clone()].concat()
    }
}

impl Response {
    pub(super) fn new(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Self {
        Self { status, headers: owned(headers), body }
    }

    /// As it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Status\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        // An answer to HEAD says how long its body would be.
        if header(&self.headers, "content-length").is_none() {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        [text.into_bytes(), self.body.clone()].concat()
    }
}

/// Asks the server at `target` (host and port, with or without `http://`), on a connection of its own.
pub async fn ask(target: &str, request: &Request) -> Result<Response> {
    let target = target.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = BufReader::new(TcpStream::connect(target).await?);
    stream.write_all(&request.bytes(target)).await?;
    loop {
        let Some((line, mut headers)) = head(&mut stream).await? else { return Err(unreadable("")) };
        let status =
            line.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(|| unreadable(&line))?;
        if status == 100 {
            continue;
        }
        let body = match length(&headers)? {
            _ if status == 204 || status == 304 || request.method == "HEAD" => Vec::new(),
            Length::Bytes(count) => bytes(&mut stream, count).await?,
            Length::Chunks => chunks(&mut stream).await?,
            Length::UntilTheEnd => {
                let mut body = Vec::new();
                stream.read_to_end(&mut body).await?;
                body
            }
        };
        let would_be =
            header(&headers, "content-length").filter(|_| request.method == "HEAD").map(str::to_owned);
        headers.retain(|(name, _)| !about_the_connection(name));
        headers.extend(would_be.map(|length| ("content-length".to_owned(), length)));
        return Ok(Response { status, headers, body });
    }
}

/// How the end of a body is told.
enum Length {
    Bytes(usize),
    Chunks,
    UntilTheEnd,
}

fn length(headers: &[(String, String)]) -> Result<Length> {
    if header(headers, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return Ok(Length::Chunks);
    }
    match header(headers, "content-length") {
        Some(text) => text.parse().map(Length::Bytes).map_err(|_| unreadable(text)),
        None => Ok(Length::UntilTheEnd),
    }
}

/// The first line, and the headers.
async fn head(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<(String, Vec<(String, String)>)>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => return Ok(Some((first.trim_end().to_owned(), headers))),
        }
    }
}

async fn bytes(stream: &mut (impl AsyncRead + Unpin), count: usize) -> Result<Vec<u8>> {
    let mut body = vec![0; count];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

async fn chunks(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        stream.read_line(&mut size).await?;
        let hex = size.split(';').next().unwrap_or_default().trim();
        let count = usize::from_str_radix(hex, 16).map_err(|_| unreadable(&size))?;
        body.extend(bytes(stream, count).await?);
        let mut end = String::new();
        stream.read_line(&mut end).await?;
        if count == 0 {
            return Ok(body);
        }
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Headers that each of the two connections has for itself.
fn about_the_connection(name: &str) -> bool {
    ["host", "connection", "keep-alive", "content-length", "transfer-encoding"]
        .iter()
        .any(|other| other.eq_ignore_ascii_case(name))
}

/// Operations on functions and on what feeds them; they come under three versions of the API.
fn function_operation<'a>(method: &str, path: &str) -> Option<&'a str> {
    let (_, rest) = path.trim_matches('/').split_once('/')?;
    let parts: Vec<&str> = rest.split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["functions", _, "configuration"]) => Some("GetFunctionConfiguration"),
        ("PUT", ["functions", _, "configuration"]) => Some("UpdateFunctionConfiguration"),
        ("GET", ["functions", _, "concurrency"]) => Some("GetFunctionConcurrency"),
        ("PUT", ["functions", _, "concurrency"]) => Some("PutFunctionConcurrency"),
        ("DELETE", ["functions", _, "concurrency"]) => Some("DeleteFunctionConcurrency"),
        ("GET", ["account-settings"]) => Some("GetAccountSettings"),
        ("GET", ["event-source-mappings"]) => Some("ListEventSourceMappings"),
        ("POST", ["event-source-mappings"]) => Some("CreateEventSourceMapping"),
        ("GET", ["event-source-mappings", _]) => Some("GetEventSourceMapping"),
        ("DELETE", ["event-source-mappings", _]) => Some("DeleteEventSourceMapping"),
        _ => None,
    }
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn unreadable(text: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("not HTTP: `{}`", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_ends_by_its_length_or_by_its_last_chunk() {
        let counted = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST".as_slice();
        let request = Request::read(&mut BufReader::new(counted)).await.unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.body.as_slice()), ("POST", b"abc".as_slice()));
        let chunked =
            b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
                .as_slice();
        let request = Request::read(&mut BufReader::new(chunked)).await.unwrap().unwrap();
        assert_eq!((request.uri.as_str(), request.body.as_slice()), ("/x", b"abcd".as_slice()));
        assert_eq!(Request::read(&mut BufReader::new(b"".as_slice())).await.unwrap(), None);
        assert!(Request::read(&mut BufReader::new(b"GET / HTTP/1.1\r\n".as_slice())).await.is_err());
    }

    #[test]
    fn an_operation_is_told_in_every_protocol() {
        let target = [("X-Amz-Target", "Kinesis_20131202.CreateStream")];
        for (request, operation) in [
            (Request::post("/", &target, "{}"), "CreateStream"),
            (Request::post("/", &[], "Action=Publish&Version=2010-03-31"), "Publish"),
            (Request::post("/service/CloudWatch/operation/GetMetricData", &[], ""), "GetMetricData"),
            (Request::post("/2021-01-01/tags", &[], "{}"), "POST /2021-01-01/tags"),
            (Request::put("/2017-10-31/functions/f/concurrency", &[], "{}"), "PutFunctionConcurrency"),
            (Request::post("/2015-03-31/event-source-mappings/", &[], "{}"), "CreateEventSourceMapping"),
        ] {
            assert_eq!(request.operation(), operation);
        }
    }
}
