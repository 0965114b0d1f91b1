//! `console`: the web page for people.
//!
//! A browser's view of the API and nothing else: each page is what the API answers to the user's own token, each button is a
//! call that the page can show as a line of curl. No rule stands here, and the function has no rights in AWS. Pages work
//! without JavaScript; with it, what goes on is seen as it goes on. docs/decisions/0035-console.md.

mod answer;
mod assets;
mod call;
mod config;
#[cfg(test)]
mod fake;
mod graph;
mod page;
mod request;
mod series;
mod session;
mod show;
mod sign_in;

pub use answer::POLICY;
pub use config::Config;

use answer::Answer;
use call::{Door, Failure};
use capstan_core::ports::{ApiClient, Clock, Entropy, SignIn};
use page::{View, Words};
use request::Request;
use serde_json::Value;
use session::Session;

/// Where the style of the pages is, for those around them.
pub fn style() -> String {
    format!("{}{}", request::ROOT, assets::Asset::Style.path())
}

/// Where their icon is.
pub fn icon() -> String {
    format!("{}{}", request::ROOT, assets::Asset::Icon.path())
}

/// The ports of this function.
pub trait Ports: ApiClient + SignIn + Clock + Entropy {}
impl<P: ApiClient + SignIn + Clock + Entropy> Ports for P {}

/// Answers a proxy event with a proxy response. It never fails: every failure is a page.
pub async fn handle(ports: &impl Ports, config: &Config, event: &Value) -> Value {
    let request = match Request::read(event) {
        Ok(request) => request,
        Err(error) => {
            let (request, what) = (Request::default(), error.to_string());
            let words = Words { title: "That can't be read", what: &what, next: "Nothing was done." };
            return Answer::page(400, page::outside(&request, words, None)).into_proxy(None);
        }
    };
    answer(ports, config, &request).await.into_proxy(Some(&request))
}

/// The page for an event whose handler took too long. What was asked for may have been done.
pub fn late(event: &Value) -> Value {
    let words = Words {
        title: "It took too long",
        what: "The API did not answer in time. What you asked for may have been done, or may still be.",
        next: "Look at the tier before you do anything again. A form that is sent again does nothing twice.",
    };
    let request = Request::read(event).unwrap_or_default();
    Answer::page(503, page::outside(&request, words, Some(("/tier", "Look at the tier")))).into_proxy(None)
}

async fn answer(ports: &impl Ports, config: &Config, request: &Request) -> Answer {
    let (method, path) = (request.method.as_str(), request.path.as_str());
    if let Some(asset) = assets::find(path) {
        return asset;
    }
    match (method, path) {
        ("GET" | "HEAD", sign_in::BACK) => return sign_in::end(ports, config, request).await,
        ("GET" | "HEAD" | "POST", _) => {}
        _ => return Answer::page(405, page::nothing_here(request)).with_header("Allow", "GET, HEAD, POST"),
    }
    let Some(session) = Session::of(request, config, ports.wall()) else {
        return signed_out(ports, config, request).await;
    };
    let door = Door { ports, config, request, session: &session };
    let view =
        View { request, session: &session, now: ports.now(), wall: ports.wall(), entropy: ports.random() };
    if method == "POST" {
        return post(ports, &door, &view).await;
    }
    let answer = match path {
        "" => Ok(Answer::see_other(request.at("/tier"))),
        _ => page::get(&door, &view, path).await,
    };
    told(ports, &view, config, answer).await
}

/// A form that was sent: from a page of this session, or not looked at.
async fn post<P: Ports>(ports: &P, door: &Door<'_, P>, view: &View<'_>) -> Answer {
    let request = view.request;
    if !view.session.sent(request) {
        let words = Words {
            title: "Nothing was done",
            what: "The form was not of a page that was shown to you since you signed in.",
            next: "Go back, load the page anew, and send the form again.",
        };
        return Answer::page(403, page::inside(view, words));
    }
    if request.path == "/sign-out" {
        return sign_in::out(ports, door.config, request).await;
    }
    let answer = page::post(door, view, &request.path).await;
    told(ports, view, door.config, answer).await
}

/// A failure that the page itself has no words for.
async fn told(
    ports: &impl Ports,
    view: &View<'_>,
    config: &Config,
    answer: Result<Answer, Failure>,
) -> Answer {
    match answer {
        Ok(answer) => answer,
        Err(Failure::SignedOut) => signed_out(ports, config, view.request).await,
        Err(failure) => page::failed(view, &failure),
    }
}

/// Who only looks is sent to sign in, and comes back. An act is not carried out later, by whoever signs in then.
async fn signed_out(ports: &impl Ports, config: &Config, request: &Request) -> Answer {
    if request.live || request.asked("live").is_some() {
        // A piece of a page can't lead elsewhere by a redirect; the page has to be loaded anew.
        let mut page = request.clone();
        page.query.retain(|name, _| !["live", "was", "step"].contains(&name.as_str()));
        let answer = Answer::piece(maud::html! {}).with_status(401);
        return answer.with_header("HX-Redirect", request.at(&page.with_query()));
    }
    if request.method != "POST" {
        let path = if request.path.is_empty() { "/tier".to_owned() } else { request.with_query() };
        return sign_in::begin(ports, config, request, &path).await;
    }
    let words = Words {
        title: "Nothing was done: you are not signed in any more",
        what: "The session ended before the form was sent, so the API was not asked.",
        next: "Sign in, and send the form again.",
    };
    let back = page::form_of(&request.path);
    Answer::page(401, page::outside(request, words, Some((back, "Sign in"))))
}
