//! A proxy between our adapters and an emulated cloud: it writes down what passes, and makes faults.
//!
//! It speaks just as much HTTP/1.1 as the SDK and the emulators do, on plain tokio: what is tested here is what happens
//! on a connection, and a library's server would not cut an answer in its middle nor hang up on a request. Every fault
//! says whether the peer got the request: that is what an adapter can't see and must not guess.

mod answer;
mod plan;
mod record;
mod wire;

pub use plan::{Fault, When};
pub use wire::{Request, Response, ask};

use plan::Plan;
use record::Record;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A proxy that listens on a port of this machine, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    inner: Arc<Inner>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    /// Host and port of the peer.
    target: String,
    plan: Mutex<Plan>,
    record: Option<Record>,
    asked: AtomicUsize,
    passed: AtomicUsize,
    passing: AtomicUsize,
}

impl Proxy {
    /// A proxy in front of `target` (`http://127.0.0.1:4566`). It passes everything on until it is told otherwise.
    /// Called inside a tokio runtime.
    pub fn start(target: &str) -> Self {
        Self::listen(target, None)
    }

    /// A proxy that also appends every exchange with the peer to the file at `path`, one JSON object a line, under the
    /// peer's name.
    pub fn recording(target: &str, peer: &str, path: &Path) -> Self {
        Self::listen(target, Some(Record::open(peer, path)))
    }

    #[expect(
        clippy::expect_used,
        reason = "start-up: a test that has no port of its own machine can't go on"
    )]
    fn listen(target: &str, record: Option<Record>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let listener = TcpListener::from_std(listener).expect("a tokio runtime");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let target = target.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let [asked, passed, passing] = [0; 3].map(AtomicUsize::new);
        let inner = Arc::new(Inner { target, plan: Mutex::default(), record, asked, passed, passing });
        let listening = tokio::spawn(accept(listener, Arc::clone(&inner)));
        Self { url, inner, listening }
    }

    /// Where it listens: what `AWS_ENDPOINT_URL` is set to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What becomes of the next requests, one fault each; all after them pass.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.replace(Plan::each("", faults));
    }

    /// The same for requests of one operation only (`UpdateStreamMode`; of a REST API method and path, such as
    /// `POST /2021-01-01/opensearch/domain`, or their beginning); all others pass.
    pub fn plan_for(&self, operation: &str, faults: impl IntoIterator<Item = Fault>) {
        self.replace(Plan::each(operation, faults));
    }

    /// What becomes of all requests from now on.
    pub fn always(&self, fault: Fault) {
        self.replace(Plan::always("", fault));
    }

    /// The same for requests of one operation only.
    pub fn always_for(&self, operation: &str, fault: Fault) {
        self.replace(Plan::always(operation, fault));
    }

    /// Throttles all requests for so long; then all pass.
    pub fn throttle_for(&self, duration: Duration) {
        self.replace(Plan::throttled_for(duration));
    }

    /// Requests that came in so far.
    pub fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }

    /// Requests that the peer got so far.
    pub fn passed(&self) -> usize {
        self.inner.passed.load(Ordering::SeqCst)
    }

    /// Until the peer is through with all that it got, so that the world can be looked at: a client that gives up does
    /// not stop what it asked for.
    pub async fn settled(&self) {
        // A request whose sender is gone may still be unread.
        tokio::time::sleep(Duration::from_millis(20)).await;
        while self.inner.passing.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn replace(&self, plan: Plan) {
        *self.inner.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Takes connections. Those that are open are closed with it.
async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        // A connection that fails is the client's to notice.
        open.spawn(async move { inner.serve(BufReader::new(stream)).await.unwrap_or_default() });
        while open.try_join_next().is_some() {}
    }
}

impl Inner {
    async fn serve(&self, mut stream: BufReader<TcpStream>) -> std::io::Result<()> {
        while let Some(request) = Request::read(&mut stream).await? {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let fault = self.plan.lock().unwrap_or_else(PoisonError::into_inner).next(&request);
            if let Fault::Slow(duration) = fault {
                tokio::time::sleep(duration).await;
            }
            let answer = if fault.reaches_the_peer() { Some(self.pass(&request).await) } else { None };
            let answer = match fault {
                Fault::Pass | Fault::Slow(_) => answer.unwrap_or_else(|| answer::failed(&request, 502)),
                Fault::Throttle => answer::throttled(&request),
                Fault::Refuse(status, code) => answer::refused(&request, status, code, "made by the proxy"),
                Fault::Status(status, _) => answer::failed(&request, status),
                Fault::Garbage(_) => answer::garbage(),
                Fault::Hang(_) => std::future::pending().await,
                Fault::Reset(_) => return stream.get_ref().set_zero_linger(),
                Fault::Cut => {
                    let whole = answer.unwrap_or_else(|| answer::failed(&request, 502)).bytes();
                    // Half of the body, or of the head where there is no body.
                    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                    let end = if head < whole.len() { usize::midpoint(head, whole.len()) } else { head / 2 };
                    stream.write_all(&whole[..end]).await?;
                    return stream.shutdown().await;
                }
            };
            stream.write_all(&answer.bytes()).await?;
        }
        Ok(())
    }

    /// The peer's answer, written down; 502 where it gives none.
    async fn pass(&self, request: &Request) -> Response {
        self.passing.fetch_add(1, Ordering::SeqCst);
        let answer = ask(&self.target, request).await;
        self.passing.fetch_sub(1, Ordering::SeqCst);
        let Ok(answer) = answer else { return answer::failed(request, 502) };
        self.passed.fetch_add(1, Ordering::SeqCst);
        if let Some(record) = &self.record {
            record.write(request, &answer);
        }
        answer
    }
}

#[cfg(test)]
mod tests;
