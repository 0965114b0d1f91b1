//! Many connections at once, each kept open, each with one request at a time.
//!
//! All of them are served by one thread on bare sockets: a client that takes more of the machine than the server would
//! measure itself.

use crate::cli::Failure;
use crate::clock::Stopwatch;
use std::io;
use std::net::SocketAddr;
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
    let request = format!(
        "GET /api/admin/infrastructure/tier HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let watch = Stopwatch::start();
    let mut times = talk(to, &request, connections, requests)?;
    let seconds = watch.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at =
        |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
    Ok(Latency {
        p50: at(50).unwrap_or_default(),
        p99: at(99).unwrap_or_default(),
        per_second: f64::from(count) / seconds,
    })
}

/// Asks for a change of tier.
pub(super) fn ask(to: SocketAddr, token: &str, body: &str) -> Result<(), Failure> {
    let request = format!(
        "POST /api/admin/infrastructure/tier/change HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    talk(to, &request, 1, 1)?;
    Ok(())
}

fn talk(to: SocketAddr, request: &str, connections: usize, requests: usize) -> io::Result<Vec<f64>> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut all = Vec::with_capacity(connections);
        for _ in 0..connections {
            all.push(tokio::spawn(converse(to, request.to_owned(), requests)));
        }
        let mut times = Vec::with_capacity(connections * requests);
        for one in all {
            times.extend(one.await.map_err(io::Error::other)??);
        }
        Ok(times)
    })
}

async fn converse(to: SocketAddr, request: String, requests: usize) -> io::Result<Vec<f64>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let mut times = Vec::with_capacity(requests);
    let mut answer = Vec::with_capacity(4096);
    for _ in 0..requests {
        let watch = Stopwatch::start();
        write(&stream, request.as_bytes()).await?;
        answer.clear();
        while !whole(&answer)? {
            read(&stream, &mut answer).await?;
        }
        times.push(watch.millis());
    }
    Ok(times)
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
