//! Many connections at once, each kept open, each with one request at a time.
//!
//! All of them are served by one thread on bare sockets: a client that takes more of the machine than the server would
//! measure itself.

use crate::cli::Failure;
use crate::clock::Stopwatch;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime;

pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) per_second: f64,
}

/// Asks for the tier, `requests` times on each of `connections`; in milliseconds.
pub(super) fn measure(
    to: SocketAddr,
    token: &str,
    connections: usize,
    requests: usize,
) -> Result<Latency, Failure> {
    let request = vec![look(to, token, "/tier")];
    let watch = Stopwatch::start();
    let talks = vec![Talk { requests: request, until: Until::Times(requests) }; connections];
    let times = talk(to, talks)?.concat();
    Ok(Latency::of(times, watch.elapsed()))
}

/// Those who look and those who write, at once, each on a connection of its own, for so long.
pub(super) fn sustain(
    to: SocketAddr,
    looking: Vec<Vec<String>>,
    writing: Vec<Vec<String>>,
    time: Duration,
) -> Result<(Latency, Latency), Failure> {
    let lookers = looking.len();
    let watch = Stopwatch::start();
    let until = Until::Over(watch, time);
    let talks = looking.into_iter().chain(writing).map(|requests| Talk { requests, until }).collect();
    let mut looked = talk(to, talks)?;
    let wrote = looked.split_off(lookers);
    let took = watch.elapsed();
    Ok((Latency::of(looked.concat(), took), Latency::of(wrote.concat(), took)))
}

/// Each list on a connection of its own, each request once, in order.
pub(super) fn once(to: SocketAddr, lists: Vec<Vec<String>>) -> Result<Latency, Failure> {
    let watch = Stopwatch::start();
    let talks =
        lists.into_iter().map(|requests| Talk { until: Until::Times(requests.len()), requests }).collect();
    let times = talk(to, talks)?.concat();
    Ok(Latency::of(times, watch.elapsed()))
}

/// What hosts report, without a token.
pub(super) fn report(to: SocketAddr, body: &str) -> String {
    format!(
        "POST /metrics HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request of the IOps API that only looks.
pub(super) fn look_at(to: SocketAddr, token: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\r\n")
}

impl Latency {
    fn of(mut times: Vec<f64>, took: Duration) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied()
        };
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
        Self {
            p50: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or_default(),
            per_second: f64::from(count) / took.as_secs_f64(),
        }
    }
}

/// A request that only looks.
pub(super) fn look(to: SocketAddr, token: &str, path: &str) -> String {
    format!(
        "GET /api/admin/infrastructure{path} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// A request with a body.
pub(super) fn send(to: SocketAddr, token: &str, method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} /api/admin/infrastructure{path} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// How long one connection goes on.
#[derive(Debug, Clone, Copy)]
enum Until {
    Times(usize),
    Over(Stopwatch, Duration),
}

impl Until {
    fn goes_on(self, done: usize) -> bool {
        match self {
            Self::Times(times) => done < times,
            Self::Over(watch, time) => watch.elapsed() < time,
        }
    }
}

/// What one connection asks, in turns.
#[derive(Debug, Clone)]
struct Talk {
    requests: Vec<String>,
    until: Until,
}

/// Asks for a change of tier.
pub(super) fn ask(to: SocketAddr, token: &str, body: &str) -> Result<(), Failure> {
    let requests = vec![send(to, token, "POST", "/tier/change", body)];
    talk(to, vec![Talk { requests, until: Until::Times(1) }])?;
    Ok(())
}

/// Sends one request; its answer, head and body.
pub(super) fn read_one(to: SocketAddr, request: &str) -> Result<String, Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    Ok(runtime.block_on(async {
        let stream = TcpStream::connect(to).await?;
        let mut answer = Vec::new();
        exchange(&stream, request, &mut answer).await?;
        Ok::<_, io::Error>(String::from_utf8_lossy(&answer).into_owned())
    })?)
}

/// The times of each, in milliseconds.
fn talk(to: SocketAddr, talks: Vec<Talk>) -> io::Result<Vec<Vec<f64>>> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let all: Vec<_> = talks.into_iter().map(|talk| tokio::spawn(converse(to, talk))).collect();
        let mut times = Vec::with_capacity(all.len());
        for one in all {
            times.push(one.await.map_err(io::Error::other)??);
        }
        Ok(times)
    })
}

async fn converse(to: SocketAddr, talk: Talk) -> io::Result<Vec<f64>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let mut times = Vec::new();
    let mut answer = Vec::with_capacity(4096);
    for request in talk.requests.iter().cycle() {
        if !talk.until.goes_on(times.len()) {
            break;
        }
        let watch = Stopwatch::start();
        exchange(&stream, request, &mut answer).await?;
        times.push(watch.millis());
    }
    Ok(times)
}

/// One request and its whole answer, which must be a good one.
async fn exchange(stream: &TcpStream, request: &str, answer: &mut Vec<u8>) -> io::Result<()> {
    write(stream, request.as_bytes()).await?;
    answer.clear();
    while !whole(answer)? {
        read(stream, answer).await?;
    }
    Ok(())
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn read(stream: &TcpStream, into: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::Error::other("the system closed the connection")),
            Ok(count) => {
                into.extend_from_slice(&buffer[..count]);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether the answer, which must be a good one, is complete.
fn whole(answer: &[u8]) -> io::Result<bool> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") {
        let first = head.lines().next().unwrap_or_default();
        return Err(io::Error::other(format!("the system answered `{first}`")));
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    Ok(answer.len() >= end + 4 + length)
}
