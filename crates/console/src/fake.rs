//! For tests: an API that answers what it is told to, and a browser in which somebody is signed in.

use crate::config::Config;
use crate::request::Request;
use crate::session::Session;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::access::BASE_PATH;
use capstan_core::ports::{
    Answered, ApiClient, Ask, Clock, Entropy, IssuerError, NoAnswer, SignIn, SignInEndpoints,
};
use capstan_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::{self, Future};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

const HOST: &str = "127.0.0.1:3000";
const IOPS: &str = "https://iops.example/dev";

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Without the base: `/tier/configs/DEV`.
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) key: Option<String>,
}

/// An API that answers by method and path, with its query; the same answer each time, or several in turn.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    answers: Mutex<BTreeMap<String, Vec<(u16, Value)>>>,
    asked: Mutex<Vec<Asked>>,
    role: &'static str,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: u64,
    pub(crate) body: String,
    /// Where it leads, if elsewhere.
    pub(crate) location: Option<String>,
    /// Whether the browser is told to load all of the page.
    pub(crate) reloads: bool,
    /// Where it is told to load it from.
    pub(crate) leads_to: Option<String>,
    /// After how many seconds it is loaded anew by itself.
    pub(crate) comes_back: Option<String>,
    /// What the page's other pieces are told.
    pub(crate) triggers: Option<String>,
}

impl Fake {
    /// For somebody of this role.
    pub(crate) fn of(role: &'static str) -> Self {
        Self { role, ..Self::default() }
    }

    /// Has it answer so. Said again of the same call, the second answer is for the second time, and the last stays.
    #[must_use]
    pub(crate) fn answers(self, method: &str, path: &str, status: u16, body: Value) -> Self {
        self.answers.lock().unwrap().entry(format!("{method} {path}")).or_default().push((status, body));
        self
    }

    /// What was asked of it, in turn.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The calls that were not only looks.
    pub(crate) fn acts(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.method != "GET").collect()
    }

    /// A page that is looked at, by its path in the console with its query.
    pub(crate) fn get(&self, path: &str) -> Page {
        self.send("GET", path, &[])
    }

    /// A form of a page that is sent.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send("POST", path, fields)
    }

    fn send(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let session = self.session();
        let local = Request { origin: format!("http://{HOST}"), ..Request::default() };
        let cookies = session.cookies(&local, self.wall()).unwrap();
        let cookies: Vec<&str> = cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect();
        let token = session.form_token(path);
        let form: Vec<String> = [("formToken", token.as_str()), ("key", "key-of-the-form")]
            .iter()
            .chain(fields)
            .map(|(name, value)| {
                format!("{}={}", capstan_core::web::encode(name), capstan_core::web::encode(value))
            })
            .collect();
        let query: BTreeMap<&str, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, capstan_core::web::decode(value, true)))
            .collect();
        let event = json!({
            "httpMethod": method, "path": format!("/console{path}"), "queryStringParameters": query,
            "headers": {"Cookie": cookies.join("; ")}, "body": form.join("&"), "isBase64Encoded": false,
            "requestContext": {"domainName": HOST, "path": "/local/console"},
        });
        let answer = at_once(crate::handle(self, &config(), &event));
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Page {
            status: answer["statusCode"].as_u64().unwrap(),
            body: text("/body").unwrap(),
            location: text("/headers/Location"),
            reloads: text("/headers/HX-Redirect").is_some(),
            leads_to: text("/headers/HX-Redirect"),
            comes_back: text("/headers/Refresh"),
            triggers: text("/headers/HX-Trigger-After-Swap"),
        }
    }

    fn session(&self) -> Session {
        let claims = json!({"sub": "ada", "role": self.role, "tenant": "t", "exp": 4_000_000_000_u64});
        Session::read(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string())), &config()).unwrap()
    }
}

impl Page {
    /// The words of the page's content, without its tags.
    pub(crate) fn text(&self) -> String {
        let main = self.body.split_once("<main").map_or(self.body.as_str(), |(_, main)| main);
        let mut text = String::new();
        for piece in main.split('<') {
            text.push(' ');
            text.push_str(piece.split_once('>').map_or("", |(_, words)| words));
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Fails unless the page has all of this, tags and all.
    pub(crate) fn has(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.body.contains(part), "{part} is not in {}", self.body);
        }
    }

    /// Fails unless its words have all of this.
    pub(crate) fn says(&self, parts: &[&str]) {
        let text = self.text();
        for part in parts {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

/// What somebody hostile may write where people may write what they like.
pub(crate) const HOSTILE: &str = r#""><script>alert(1)</script><img src=x onerror='alert(2)'>"#;

/// Fails unless what is hostile is there, and is text and nothing else.
pub(crate) fn harmless(page: &Page) {
    assert!(page.body.contains("&lt;script&gt;alert(1)"), "it is not there: {}", page.body);
    assert!(!page.body.contains("<script>alert") && !page.body.contains("<img"), "{}", page.body);
}

fn config() -> Config {
    let env = [("OIDC_ISSUER", "https://i.example"), ("IOPS_URL", IOPS)];
    Config::read(&env.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).unwrap()
}

/// What a future comes to that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

impl ApiClient for Fake {
    fn ask(&self, ask: Ask<'_>) -> impl Future<Output = Result<Answered, NoAnswer>> + Send {
        let base = format!("http://{HOST}{BASE_PATH}");
        let path = ask.url.strip_prefix(&base).or_else(|| ask.url.strip_prefix(IOPS)).unwrap_or(ask.url);
        let call = format!("{} {path}", ask.method);
        let body = ask.body.map(|body| serde_json::from_str(body).unwrap()).unwrap_or_default();
        self.asked.lock().unwrap().push(Asked {
            method: ask.method.to_owned(),
            path: path.to_owned(),
            body,
            key: ask.idempotency_key.map(str::to_owned),
        });
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.get_mut(&call) {
            Some(turns) if turns.len() > 1 => Ok(turns.remove(0)),
            Some(turns) => Ok(turns[0].clone()),
            None => Err(NoAnswer(format!("nobody said what {call} answers"))),
        };
        future::ready(answer.map(|(status, body)| Answered { status, body: body.to_string() }))
    }
}

impl SignIn for Fake {
    fn sign_in_endpoints(
        &self,
        _: &str,
    ) -> impl Future<Output = Result<SignInEndpoints, IssuerError>> + Send {
        future::ready(Err(IssuerError::Unavailable("nobody signs in here".to_owned())))
    }

    fn redeem(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> impl Future<Output = Result<Answered, IssuerError>> + Send {
        future::ready(Err(IssuerError::Unavailable("nobody signs in here".to_owned())))
    }
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-01-04T12:00:00Z").unwrap()
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }
}

impl Entropy for Fake {
    fn random(&self) -> [u8; 16] {
        [7; 16]
    }
}
