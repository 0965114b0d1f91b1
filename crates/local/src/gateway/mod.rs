//! The front door: what API Gateway is in the cloud.
//!
//! [`Gateway::handle`] is one plain function from a request to a reply, so that drills and tests go through the same
//! door as a browser, only without a socket. In it a request finds its route in the template, is authorized, becomes a
//! proxy event, and the function's answer becomes the reply. Whatever fails in between is a problem document (RFC 9457)
//! with a stable `code`, and never a 500: that number would say that nobody thought of it.

mod authorize;
mod compress;
mod event;
mod page;
mod problem;
mod reply;
mod routes;
mod server;
mod sign_in;
mod stage;

use crate::clock::ScaledClock;
use crate::engine::real::Waker;
use crate::issuer::{ISSUER, Issuer};
use crate::system::{System, TIMED_OUT};
use capstan_core::ports::{Answered, Clock, Entropy};
use capstan_core::time::Timestamp;
use capstan_core::web::LOOPBACK;
use event::Context;
pub use problem::Problem;
pub use reply::Reply;
use routes::{Found, Routes};
use serde_json::Value;
pub use server::serve;
use sign_in::Provider;
pub use sign_in::link as sign_in_link;
use sim::{Invocation, Knock, Ports};
use std::sync::{Arc, Weak};

/// The largest body that is taken, in bytes; a report of hosts may be larger ([`api::MAX_REPORT`]).
pub const MAX_BODY: usize = 64 * 1024;
/// The most headers of a request.
pub const MAX_HEADERS: usize = 64;
/// The most bytes of a request before its body.
pub const MAX_HEAD: usize = 32 * 1024;
/// The longest path with its query, in bytes.
pub const MAX_TARGET: usize = 8 * 1024;

/// What is here besides the console.
const ABOUT: &str = "/about";
/// Where the keys of the system's own issuer are.
const JWKS: &str = "/.well-known/jwks.json";
/// Where it says so.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A request as it comes in. Header names are in lower case.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method, upper case.
    pub method: String,
    /// The path, not decoded.
    pub path: String,
    /// What stands after `?`, not decoded.
    pub query: String,
    /// The headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Who sent it.
    pub source_ip: String,
}

impl Request {
    /// A request without headers.
    pub fn new(method: &str, target: &str, body: impl Into<Vec<u8>>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: body.into(),
            source_ip: "127.0.0.1".to_owned(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The same with a token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    /// What is too long before the body, if anything is. Four bytes are between and after name and value.
    fn check_head(&self) -> Result<(), Problem> {
        let target = self.path.len() + self.query.len() + 1;
        if target > MAX_TARGET {
            return Err(Problem::target_too_long());
        }
        let bytes: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        if self.headers.len() > MAX_HEADERS || target + bytes > MAX_HEAD {
            return Err(Problem::head_too_large());
        }
        Ok(())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The front door of one system.
#[derive(Debug)]
pub struct Gateway {
    system: Arc<System>,
    routes: Routes,
    stage: String,
    page: Vec<u8>,
    /// Where it is reached, for what says so.
    url: String,
    /// The time the world is brought to before a request is handled; `None`: somebody else lets time pass.
    clock: Option<ScaledClock>,
    waker: Option<Waker>,
    /// Who signs people in, if anybody does.
    provider: Option<Provider>,
}

impl Gateway {
    /// The door of a system on virtual time.
    pub fn new(system: Arc<System>) -> Self {
        let routes = Routes::new(&system.description().routes);
        let environment =
            system.description().functions.iter().find_map(|function| function.env.get("ENVIRONMENT"));
        let stage = environment.cloned().unwrap_or_else(|| "local".to_owned());
        let page = page::html(system.description()).into_bytes();
        Self { system, routes, stage, page, url: ISSUER.to_owned(), clock: None, waker: None, provider: None }
    }

    /// The door of a system on real time: the clock is read at each request, and the engine woken after it.
    #[must_use]
    pub fn on_real_time(mut self, clock: ScaledClock, waker: Waker) -> Self {
        (self.clock, self.waker) = (Some(clock), Some(waker));
        self
    }

    /// The door that is reached at this URL.
    #[must_use]
    pub fn at(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self
    }

    /// The door whose system is its own issuer, with which people sign in.
    #[must_use]
    pub fn signing_in(mut self, issuer: Issuer) -> Self {
        self.provider = Some(Provider::new(issuer));
        self
    }

    /// Hangs it in as the door through which functions of the system ask the system itself.
    #[must_use]
    pub fn hung_in(self) -> Arc<Self> {
        let gateway = Arc::new(self);
        let door: Weak<Self> = Arc::downgrade(&gateway);
        let answer = move |knock: &Knock<'_>| match door.upgrade() {
            Some(gateway) => gateway.answer_function(knock),
            None => Answered { status: 503, body: String::new() },
        };
        gateway.system.world().set_door(Arc::new(answer));
        gateway
    }

    /// The port that it is reached at.
    fn port(&self) -> &str {
        self.url.rsplit_once(':').map(|(_, port)| port).unwrap_or_default()
    }

    /// The names by which it is reached.
    fn hosts(&self) -> [String; 2] {
        LOOPBACK.map(|host| format!("{host}:{}", self.port()))
    }

    /// Whether a request is meant for this door: under another name it is of somebody else's page (DNS rebinding).
    fn is_meant(&self, request: &Request) -> bool {
        request.header("host").is_some_and(|host| self.hosts().iter().any(|own| own == host))
    }

    fn answer_function(&self, knock: &Knock<'_>) -> Answered {
        let mut request = Request::new(knock.method, knock.target, knock.body);
        for (name, value) in &knock.headers {
            request = request.with_header(name, value);
        }
        let reply = self.handle(&request);
        Answered { status: reply.status, body: String::from_utf8_lossy(&reply.body).into_owned() }
    }

    /// The time as people live it.
    pub fn wall(&self) -> Timestamp {
        Ports::for_invocation(self.system.world(), Invocation::unlimited()).wall()
    }

    /// Answers a request.
    pub fn handle(&self, request: &Request) -> Reply {
        if let Err(problem) = request.check_head() {
            return problem.into_reply();
        }
        let reply = match (request.method.as_str(), request.path.as_str()) {
            ("GET" | "HEAD", "/") => Ok(Reply::to("/console")),
            ("GET" | "HEAD", ABOUT) => Ok(Reply::new(200, "text/html; charset=utf-8", self.page.clone())),
            ("GET" | "HEAD", "/healthz") => {
                Ok(Reply::new(200, "application/json", br#"{"status":"ok"}"#.to_vec()))
            }
            ("GET" | "HEAD", JWKS) => self.keys(),
            ("GET" | "HEAD", DISCOVERY) => {
                Ok(Reply::new(200, "application/json", sign_in::discovery(&self.url, JWKS)))
            }
            (_, "/" | ABOUT | "/healthz" | JWKS | DISCOVERY) => {
                Err(Problem::wrong_method(&request.method, "GET"))
            }
            (_, path) if path.starts_with(sign_in::PATH) => self.sign_in(request),
            (method, path) if path.starts_with(stage::PATH) => self.set_the_stage(method, path, request),
            _ => self.answer(request),
        };
        reply.unwrap_or_else(Problem::into_reply)
    }

    /// The keys of the system's own issuer.
    fn keys(&self) -> Result<Reply, Problem> {
        let keys = self.system.world().with(|world| world.issuer_keys(ISSUER).cloned());
        let keys = keys.ok_or_else(Problem::no_such_path)?;
        Ok(Reply::new(200, "application/jwk-set+json", keys.text.into_bytes()))
    }

    fn answer(&self, request: &Request) -> Result<Reply, Problem> {
        let path = self.without_stage(&request.path);
        let (route, parameters) = match self.routes.find(&request.method, path) {
            Found::Route(route, parameters) => (route, parameters),
            Found::WrongMethod(allowed) => return Err(Problem::wrong_method(&request.method, &allowed)),
            Found::Nothing => return Err(Problem::no_such_path()),
        };
        if request.body.len() > api::largest_body(&route.method, &route.path) {
            return Err(Problem::too_large());
        }
        if let Some(clock) = &self.clock {
            self.system.world().with(|world| world.advance_to(clock.now()));
        }
        let ports = Ports::for_invocation(self.system.world(), Invocation::unlimited());
        let random = ports.random();
        let context = Context::new(&self.stage, route, parameters, ports.wall(), random);
        let authorizer = match &route.authorizer {
            None => None,
            Some(authorizer) => Some(authorize::authorize(&self.system, authorizer, request, &context)?),
        };
        let event = event::proxy(request, &context, authorizer)?;
        let (invoked, seen) = self.system.invoke_seeing(&route.function, event);
        if let Some(waker) = self.waker.as_ref().filter(|_| request.method != "GET") {
            waker.wake();
        }
        // Who acts is told only what is on the disk, also of what somebody else has done a moment before.
        if request.method != "GET" && self.system.world().sync_to(seen).is_err() {
            return Err(Problem::function_failed());
        }
        match invoked.answer {
            Ok(answer) => reply::from_proxy(&answer),
            Err(error) if error.name == TIMED_OUT => Err(Problem::timed_out()),
            Err(_) => Err(Problem::function_failed()),
        }
    }

    /// In the cloud the stage may stand before the path.
    fn without_stage<'a>(&self, path: &'a str) -> &'a str {
        let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(self.stage.as_str()));
        rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }
}

/// Reads a reply's body as JSON; null if it is none.
pub fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

#[cfg(test)]
mod tests;
