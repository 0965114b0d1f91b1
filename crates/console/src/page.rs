//! The pages: which there are, and what all of them are made for.
#![expect(
    clippy::needless_pass_by_value,
    reason = "markup is made where it is handed over, and nowhere kept"
)]

mod audit;
mod config;
mod configs;
mod confirm;
mod field;
mod frame;
mod gather;
mod history;
mod iops;
mod live;
mod parts;
mod plan;
mod progress;
mod resources;
mod tier;

use crate::answer::Answer;
use crate::call::{Door, Failure};
use crate::request::Request;
use crate::session::Session;
use capstan_core::ids::uuid_v7;
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
use capstan_core::time::Timestamp;
use frame::PLACES;
use live::Live;
use maud::{Markup, html};

pub(crate) use frame::{nothing_here, onward, outside, signed_out};
pub(crate) use parts::{badge, bar, curl, fact, objections, reason, saved};

/// What a page is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) request: &'a Request,
    pub(crate) session: &'a Session,
    /// As the cloud lives it.
    pub(crate) now: Timestamp,
    /// As people live it: hosts, canaries, models and sign-ins go by this.
    pub(crate) wall: Timestamp,
    pub(crate) entropy: [u8; 16],
}

/// What is said in place of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) title: &'a str,
    /// What happened.
    pub(crate) what: &'a str,
    /// What to do about it.
    pub(crate) next: &'a str,
}

/// Answers a page that is looked at.
pub(crate) async fn get<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    path: &str,
) -> Result<Answer, Failure> {
    match path {
        "/tier" => tier::show(door, view).await,
        "/tier/plan" => plan::show(door, view).await,
        "/tier/confirm" => Ok(confirm::show(door, view)),
        "/tier/progress" => progress::show(door, view, &[]).await,
        "/tier/configs" => configs::show(door, view).await,
        "/tier/history" => history::show(door, view).await,
        "/tier/resources" => resources::show(door, view).await,
        "/tier/audit" => audit::show(door, view).await,
        "/tier/audit/verify" => audit::verify(door, view).await,
        path if let Some(tier) = one("/tier/configs/", path, "") => config::show(door, view, tier).await,
        path if let Some(id) = one("/tier/history/", path, "") => history::one(door, view, id).await,
        _ if iops::owns(path) => match known(view, iops::get(door, view, path).await) {
            // Who signs in anew would get the same token, and come back here.
            Err(Failure::SignedOut) if door.get("/tier").await.is_ok() => {
                Ok(Answer::page(403, inside(view, NOT_TAKEN)))
            }
            answer => answer,
        },
        _ => Ok(Answer::page(404, inside(view, NOTHING))),
    }
}

/// Answers a form.
pub(crate) async fn post<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    path: &str,
) -> Result<Answer, Failure> {
    match path {
        "/tier/change" => plan::change(door, view).await,
        "/tier/confirm" => confirm::confirm(door, view).await,
        "/tier/cancel" => progress::cancel(door, view).await,
        "/tier/reset" => progress::declare(door, view).await,
        "/tier/cooldown" => configs::set_cooldown(door, view).await,
        path if let Some(tier) = one("/tier/configs/", path, "") => config::save(door, view, tier).await,
        path if let Some(tier) = one("/tier/configs/", path, "/review") => {
            config::review(door, view, tier).await
        }
        path if let Some(tier) = one("/tier/configs/", path, "/edit") => {
            config::go_on(door, view, tier).await
        }
        _ if iops::owns(path) => known(view, iops::post(door, view, path).await),
        _ => Ok(Answer::page(404, inside(view, NOTHING))),
    }
}

/// An answer, or that there is none.
fn known(view: &View<'_>, answer: Option<Result<Answer, Failure>>) -> Result<Answer, Failure> {
    answer.unwrap_or_else(|| Ok(Answer::page(404, inside(view, NOTHING))))
}

/// The page whose form leads to this path.
pub(crate) fn form_of(path: &str) -> &'static str {
    match path {
        "/tier/cancel" | "/tier/reset" => "/tier/progress",
        "/tier/confirm" => "/tier/confirm",
        "/tier/cooldown" => "/tier/configs",
        path => {
            PLACES.iter().rev().find(|place| path.starts_with(place.path)).map_or("/tier", |place| place.path)
        }
    }
}

/// The name of one thing in a path, between what stands before and after it.
fn one<'a>(before: &str, path: &'a str, after: &str) -> Option<&'a str> {
    let name = path.strip_prefix(before)?.strip_suffix(after)?;
    // Two dots would be another path to whoever resolves them.
    (!name.is_empty() && !name.contains('/') && name != "." && name != "..").then_some(name)
}

const NOTHING: Words<'_> = Words {
    title: "There is no such page",
    what: "Nothing is at this address.",
    next: "Choose a page from the menu, or press / to search for one.",
};

const NOT_TAKEN: Words<'_> = Words {
    title: "IOps does not take your token",
    what: "The API of the tiers takes it, that of IOps does not.",
    next: "See to what the authorizer of IOps expects: its issuer and audience (docs/deploy.md, Tokens). Its log has the reason.",
};

impl View<'_> {
    /// A path of the console, for links.
    pub(crate) fn at(&self, path: &str) -> String {
        self.request.at(path)
    }

    /// A form that does something, once.
    pub(crate) fn form(&self, path: &str, content: Markup) -> Markup {
        let key = format!("{}{}", uuid_v7(self.now.as_millis(), self.entropy), path.replace('/', "-"));
        html! {
            form method="post" action=(self.at(path)) {
                input type="hidden" name="formToken" value=(self.session.form_token(path));
                input type="hidden" name="key" value=(key);
                (content)
            }
        }
    }

    /// The whole page.
    pub(crate) fn page(&self, title: &str, content: Markup) -> Answer {
        Answer::page(200, self.frame(title, content, None))
    }

    /// A page on which something goes on: without JavaScript it loads itself anew.
    pub(crate) fn live_page(&self, title: &str, goes_on: bool, content: Markup) -> Answer {
        // The answer to a form has no address to be loaded from.
        let still = self.request.asked("still").is_some() || self.request.method == "POST";
        Answer::page(200, self.frame(title, content, (goes_on && !still).then_some(3)))
    }

    /// What is said to whoever may not do something.
    pub(crate) fn takes(&self, role: Role) -> Markup {
        let words = |role: Role| role.as_str().replace('_', " ");
        let mine = self.session.role.map_or_else(|| "somebody without a role".to_owned(), words);
        html! { p { "It takes the role " (words(role)) ". You are signed in as " (mine) "." } }
    }

    /// The piece of the page at `path` that changes by itself; `state` decides what stands around it.
    pub(crate) fn live<'a>(
        &'a self,
        path: &'a str,
        every: Option<&'a str>,
        state: &'a str,
        content: Markup,
    ) -> Live<'a> {
        Live { view: self, part: "live", path, every, state, content }
    }
}

/// Words in the frame of somebody who is signed in.
pub(crate) fn inside(view: &View<'_>, words: Words<'_>) -> Markup {
    view.frame(words.title, html! { p { (words.what) } p { (words.next) } }, None)
}

/// What the API refused, where the page has no better place for it.
pub(crate) fn failed(view: &View<'_>, failure: &Failure) -> Answer {
    if failure.code() == Some("CHANGE_UNDER_WAY") {
        let content = html! {
            p { "Until it has ended there is nothing to plan from, and nothing else can be asked for. Nothing was done." }
            p { a .button href=(view.at("/tier/progress")) { "Follow or stop it" } }
        };
        return view.page("A change is under way", content).with_status(409);
    }
    let lines = failure.lines().join(" ");
    let (status, title, next) = match failure {
        Failure::InProgress => (
            409,
            "It is being done",
            "The same form was sent before, and is being worked on: look at the page that it is about. To send it again does nothing twice.",
        ),
        Failure::SignedOut => (401, "You are not signed in any more", "Sign in, and do it again."),
        Failure::NoAnswer(_) => (
            502,
            "The API does not answer",
            "If you sent a form: whether it was done is not known. Look at the history; to send the same form again does nothing twice.",
        ),
        Failure::Refused { status: 403, .. } if failure.code() == Some("SECOND_PERSON_NEEDED") => (
            403,
            "It takes a second person",
            "Give the token to somebody else who may confirm it. Nothing was done, and it is on record that it was tried alone.",
        ),
        Failure::Refused { status: 403, .. } => {
            (403, "Your role is not enough", "Ask somebody who may, or sign in as somebody else.")
        }
        Failure::Refused { status: 404, .. } => {
            (404, "That is not there", "It may have been another tenant's, or a mistyped address.")
        }
        Failure::Refused { status: 429, .. } => (
            429,
            "Too many requests at once",
            "Nothing was done. A page that you only look at is loaded anew in a few seconds.",
        ),
        Failure::Refused { status: 500.., .. } => {
            (502, "The API could not answer", "Load the page anew; if it stays, see the alarms.")
        }
        Failure::Refused { status, .. } => {
            (*status, "Not done", "Nothing was changed. Go back and correct it.")
        }
    };
    let answer = Answer::page(status, inside(view, Words { title, what: &lines, next }));
    // A page that is only looked at comes back by itself.
    if status == 429 && view.request.method != "POST" { answer.with_header("Refresh", "5") } else { answer }
}
