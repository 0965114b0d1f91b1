//! HTTP on a socket.
//!
//! hyper alone, without a framework: the routes come from the template, so a router would have one route, and the
//! limits wanted here (size, number and time of headers) are the server's own. What only looks is answered at
//! once on the thread that read it, since the simulated ports never wait; what writes waits for the disk, and does that
//! on a thread of its own, so that lookers are not held up.

use super::{Gateway, MAX_BODY, MAX_HEAD, MAX_HEADERS, Problem, Reply, Request, compress};
use api::MAX_REPORT;
use capstan_core::access::INGEST;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time;

/// How long the headers of a request, or a quiet connection, may take, while there is room.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(15);
/// How much more than the gateway takes is read, so that it can say what is too much; beyond that the server closes with a
/// bare 431.
const ROOM: usize = 4;
/// The most connections at once. For one more the oldest goes of which nothing whole has come: half-sent requests keep nobody
/// out. Where each has its answer made, more have to wait.
const MAX_CONNECTIONS: usize = 1024;
/// How often is looked for one to go where there is none yet.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long requests under way may take when the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// A connection, as those see it that want its room.
#[derive(Default)]
struct Occupant {
    /// Requests that have come whole and are not answered yet.
    answering: AtomicUsize,
    /// It is to go.
    out: Notify,
}

/// A request that has come whole; dropped, it is answered.
struct Answering(Arc<Occupant>);

impl Answering {
    fn begin(occupant: &Arc<Occupant>) -> Self {
        occupant.answering.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(occupant))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves until `stop` is done, then lets what is under way end.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) {
    serve_at_most(MAX_CONNECTIONS, listener, gateway, stop).await;
}

pub(super) async fn serve_at_most(
    most: usize,
    listener: TcpListener,
    gateway: Arc<Gateway>,
    stop: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(most));
    let (closing, closed) = watch::channel(false);
    let mut stop = pin!(stop);
    // The oldest first; those that are gone are let go of here when they come to the front.
    let mut inside: VecDeque<Weak<Occupant>> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, from)) = accepted else {
            // Out of file descriptors, most likely: they come back, and sooner where somebody has to go.
            send_out_oldest(&mut inside);
            time::sleep(LOOK_AGAIN).await;
            continue;
        };
        let permit = tokio::select! {
            permit = enter(&room, &mut inside) => permit,
            () = &mut stop => break,
        };
        let occupant = Arc::new(Occupant::default());
        inside.push_back(Arc::downgrade(&occupant));
        let connection = connection(stream, from, gateway.clone(), closed.clone(), occupant);
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = closing.send(true);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    // Those that are not done by then are cut off.
    drop(time::timeout(GRACE, room.acquire_many(all)).await);
}

/// Whoever has been here longest without a whole request has to go.
fn send_out_oldest(inside: &mut VecDeque<Weak<Occupant>>) {
    let waits = |occupant: &Arc<Occupant>| occupant.answering.load(Ordering::Relaxed) == 0;
    let oldest = inside.iter().position(|occupant| occupant.upgrade().as_ref().is_some_and(waits));
    if let Some(gone) = oldest.and_then(|oldest| inside.remove(oldest)).and_then(|gone| gone.upgrade()) {
        gone.out.notify_one();
    }
}

/// Waits for room for one more, and makes it.
async fn enter(room: &Arc<Semaphore>, inside: &mut VecDeque<Weak<Occupant>>) -> Option<OwnedSemaphorePermit> {
    inside.retain(|occupant| occupant.strong_count() > 0);
    loop {
        if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
            return Some(permit);
        }
        send_out_oldest(inside);
        if let Ok(permit) = time::timeout(LOOK_AGAIN, Arc::clone(room).acquire_owned()).await {
            return permit.ok();
        }
    }
}

async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    gateway: Arc<Gateway>,
    mut closed: watch::Receiver<bool>,
    occupant: Arc<Occupant>,
) {
    // A small answer must not wait for the next.
    drop(stream.set_nodelay(true));
    let answered = Arc::clone(&occupant);
    let service = service_fn(|request| {
        let (gateway, occupant) = (gateway.clone(), answered.clone());
        async move { Ok::<_, Infallible>(answer(request, from, gateway, &occupant).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_headers(ROOM * MAX_HEADERS)
        .max_buf_size(ROOM * MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A connection that breaks is its client's affair.
    tokio::select! {
        ended = &mut connection => return drop(ended),
        () = occupant.out.notified() => {
            if occupant.answering.load(Ordering::Relaxed) == 0 {
                return;
            }
            // What came whole meanwhile is answered first.
            connection.as_mut().graceful_shutdown();
        }
        _ = closed.changed() => connection.as_mut().graceful_shutdown(),
    }
    drop(connection.await);
}

async fn answer(
    request: hyper::Request<Incoming>,
    from: SocketAddr,
    gateway: Arc<Gateway>,
    occupant: &Arc<Occupant>,
) -> Response<Full<Bytes>> {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let zips = compress::accepts(request.headers());
    let read = read(request, from).await;
    let _answering = Answering::begin(occupant);
    let reply = match read {
        Err(problem) => problem.into_reply(),
        Ok(request) if looks => gateway.handle(&request),
        Ok(request) => tokio::task::spawn_blocking(move || gateway.handle(&request))
            .await
            .unwrap_or_else(|_| Problem::function_failed().into_reply()),
    };
    response(if zips { compress::page(reply) } else { reply })
}

async fn read(request: hyper::Request<Incoming>, from: SocketAddr) -> Result<Request, Problem> {
    let (head, body) = request.into_parts();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: Vec::new(),
        source_ip: from.ip().to_string(),
    };
    let announced = request.header("content-length").and_then(|length| length.parse::<usize>().ok());
    // With the stage before it the path is longer; which route it is for is found out later.
    let report = request.method == INGEST.0 && request.path.ends_with(INGEST.1);
    let most = if report { MAX_REPORT } else { MAX_BODY };
    if announced.is_some_and(|length| length > most) {
        return Err(Problem::too_large());
    }
    let body = time::timeout(BODY_TIME, Limited::new(body, most).collect()).await;
    match body {
        Ok(Ok(body)) => request.body = body.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Problem::too_large()),
        Ok(Err(_)) => return Err(Problem::cut_off()),
        Err(_) => return Err(Problem::too_slow()),
    }
    Ok(request)
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() =
        hyper::StatusCode::from_u16(reply.status).unwrap_or(hyper::StatusCode::BAD_GATEWAY);
    for (name, value) in reply.headers {
        // A function's header that can't be one is left out.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
