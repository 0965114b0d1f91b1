//! The pages: which there are, and the frame around each.
#![expect(
    clippy::needless_pass_by_value,
    reason = "markup is made where it is handed over, and nowhere kept"
)]

mod audit;
mod config;
mod configs;
mod field;
mod gather;
mod history;
mod iops;
mod plan;
mod progress;
mod resources;
mod tier;

use crate::answer::Answer;
use crate::assets::Asset;
use crate::call::{Act, Door, Failure};
use crate::request::Request;
use crate::session::Session;
use crate::show;
use capstan_core::ids::uuid_v7;
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
use capstan_core::time::Timestamp;
use maud::{DOCTYPE, Markup, html};

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

/// A page in the navigation.
struct Place {
    path: &'static str,
    name: &'static str,
    group: &'static str,
}

const fn place(group: &'static str, path: &'static str, name: &'static str) -> Place {
    Place { path, name, group }
}

/// Every page that is not about one thing.
const PLACES: &[Place] = &[
    place("System", "/tier", "Infrastructure Tier"),
    place("System", "/tier/configs", "Configure Tiers"),
    place("System", "/tier/history", "History"),
    place("System", "/tier/resources", "Resources"),
    place("System", "/tier/audit", "Audit"),
    place("IOps", "/hosts", "Hosts"),
    place("IOps", "/insights", "Insights"),
    place("IOps", "/canary", "Canary"),
    place("IOps", "/models", "Models"),
];

/// Answers a page that is looked at.
pub(crate) async fn get<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    path: &str,
) -> Result<Answer, Failure> {
    match path {
        "/tier" => tier::show(door, view).await,
        "/tier/plan" => plan::show(door, view).await,
        "/tier/progress" => progress::show(door, view).await,
        "/tier/configs" => configs::show(door, view).await,
        "/tier/history" => history::show(door, view).await,
        "/tier/resources" => resources::show(door, view).await,
        "/tier/audit" => audit::show(door, view).await,
        "/tier/audit/verify" => audit::verify(door, view).await,
        path if let Some(tier) = one("/tier/configs/", path, "") => config::show(door, view, tier).await,
        path if let Some(id) = one("/tier/history/", path, "") => history::one(door, view, id).await,
        _ if iops::owns(path) => known(view, iops::get(door, view, path).await),
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
        "/tier/confirm" => plan::confirm(door, view).await,
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
        Answer::page(200, self.frame(title, content, goes_on.then_some(3)))
    }

    /// The piece of a page that changes by itself: fetched again and again from `path`, which answers with it alone.
    pub(crate) fn live(&self, path: &str, every: &str, content: Markup) -> Markup {
        self.live_part("live", path, every, content)
    }

    /// One of several such pieces, by what it is called in the page and in the question for it.
    pub(crate) fn live_part(&self, part: &str, path: &str, every: &str, content: Markup) -> Markup {
        let joint = if path.contains('?') { '&' } else { '?' };
        html! {
            div id=(part) hx-get=(self.at(&format!("{path}{joint}live={part}"))) hx-trigger={ "every " (every) } hx-swap="outerHTML" {
                (content)
            }
        }
    }

    /// The same when nothing goes on any more.
    pub(crate) fn still(content: Markup) -> Markup {
        html! { div #live { (content) } }
    }

    fn frame(&self, title: &str, content: Markup, refresh: Option<u32>) -> Markup {
        let session = self.session;
        let role = session.role.map_or("no role", Role::as_str);
        document(
            self.request,
            title,
            refresh,
            html! {
                a .skip href="#main" { "Skip to the content" }
                header {
                    a .brand href=(self.at("/tier")) { "Capstan" }
                    nav aria-label="Pages" { (self.menu()) }
                    button #open-palette type="button" title="Search pages and actions (Ctrl-K or /)" hidden { "Search " kbd { "Ctrl K" } }
                    details .who {
                        summary { (session.subject) }
                        p { "Role " strong { (role) } br; "Tenant " code { (session.tenant) } br;
                            "Signed in until " time datetime=(session.until) { (session.until) } }
                        (self.form("/sign-out", html! { button type="submit" { "Sign out" } }))
                    }
                }
                main #main tabindex="-1" { h1 { (title) } (content) }
                (self.palette())
            },
        )
    }

    fn menu(&self) -> Markup {
        let here = PLACES
            .iter()
            .filter(|place| self.request.path.starts_with(place.path))
            .max_by_key(|place| place.path.len());
        let mut groups: Vec<&str> = PLACES.iter().map(|place| place.group).collect();
        groups.dedup();
        html! {
            @for group in groups {
                span .group { (group) }
                @for place in PLACES.iter().filter(|place| place.group == group) {
                    a href=(self.at(place.path)) aria-current=[here.filter(|here| here.path == place.path).map(|_| "page")] { (place.name) }
                }
            }
        }
    }

    fn palette(&self) -> Markup {
        html! {
            dialog #palette aria-label="Search pages and actions" {
                input type="search" aria-label="Search" placeholder="Where to?" autocomplete="off";
                ul {
                    @for place in PLACES { li { a href=(self.at(place.path)) { (place.group) " → " (place.name) } } }
                    li { a href=(self.at("/tier#reason")) { "Plan a move to another tier" } }
                    li { a href=(self.at("/tier/progress")) { "Follow or stop the change under way" } }
                }
            }
        }
    }
}

/// The line of curl that does the same as a button.
pub(crate) fn curl<P: ApiClient>(door: &Door<'_, P>, act: &Act<'_>) -> Markup {
    let url = door.url(act.path);
    let mut line =
        format!("curl -X {} '{url}' \\\n  -H \"Authorization: Bearer $CAPSTAN_TOKEN\"", act.method);
    if act.method != "GET" && !act.body.is_null() {
        let body = act.body.to_string().replace('\'', r"'\''");
        line.push_str(&format!(" \\\n  -H 'Content-Type: application/json' -d '{body}'"));
    }
    html! {
        details .curl {
            summary { "The same as curl" }
            pre tabindex="0" { code { (line) } }
            button type="button" .copy hidden { "Copy" }
        }
    }
}

/// Objections above a form.
pub(crate) fn objections(lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            div .notice.bad role="alert" {
                p { strong { "Not done." } }
                ul { @for line in lines { li { (line) } } }
            }
        }
    }
}

/// What was done, above the page that it led to.
pub(crate) fn saved(words: &str) -> Markup {
    html! { div .notice.good role="status" { p { (words) } } }
}

/// Words in the frame of somebody who is signed in.
pub(crate) fn inside(view: &View<'_>, words: Words<'_>) -> Markup {
    view.frame(words.title, html! { p { (words.what) } p { (words.next) } }, None)
}

/// Words for somebody who is not.
pub(crate) fn outside(request: &Request, words: Words<'_>, link: Option<(&str, &str)>) -> Markup {
    document(
        request,
        words.title,
        None,
        html! {
            header { span .brand { "Capstan" } }
            main #main {
                h1 { (words.title) }
                p { (words.what) }
                p { (words.next) }
                @if let Some((path, name)) = link { p { a .button href=(request.at(path)) { (name) } } }
            }
        },
    )
}

/// On to where one signs in, at once; by hand, where a browser does not go by itself.
pub(crate) fn onward(request: &Request, place: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content={ "0;url=" (place) };
                title { "Sign in · Capstan" }
                link rel="stylesheet" href=(request.at(Asset::Style.path()));
            }
            body { main #main { h1 { "Sign in" } p { a .button href=(place) { "Go to where you sign in" } } } }
        }
    }
}

/// After signing out.
pub(crate) fn signed_out(request: &Request, issuer: Option<&str>) -> Markup {
    document(
        request,
        "Signed out",
        None,
        html! {
            header { span .brand { "Capstan" } }
            main #main {
                h1 { "Signed out" }
                p { "This browser has your token no more." }
                @if let Some(issuer) = issuer { p { a href=(issuer) { "Sign out of the issuer too" } } }
                p { a .button href=(request.at("/tier")) { "Sign in" } }
            }
        },
    )
}

/// A method that nothing takes.
pub(crate) fn nothing_here(request: &Request) -> Markup {
    outside(request, NOTHING, Some(("/tier", "To the first page")))
}

/// What the API refused, where the page has no better place for it.
pub(crate) fn failed(view: &View<'_>, failure: &Failure) -> Answer {
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
        Failure::Refused { status: 403, .. } => {
            (403, "Your role is not enough", "Ask somebody who may, or sign in as somebody else.")
        }
        Failure::Refused { status: 404, .. } => {
            (404, "That is not there", "It may have been another tenant's, or a mistyped address.")
        }
        Failure::Refused { status: 429, .. } => {
            (429, "Too many requests at once", "Wait a moment and load the page anew.")
        }
        Failure::Refused { status: 500.., .. } => {
            (502, "The API could not answer", "Load the page anew; if it stays, see the alarms.")
        }
        Failure::Refused { status, .. } => {
            (*status, "Not done", "Nothing was changed. Go back and correct it.")
        }
    };
    Answer::page(status, inside(view, Words { title, what: &lines, next }))
}

fn document(request: &Request, title: &str, refresh: Option<u32>, body: Markup) -> Markup {
    let asset = |asset: Asset| request.at(asset.path());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;
                title { (title) " · Capstan" }
                link rel="icon" href=(asset(Asset::Icon));
                link rel="stylesheet" href=(asset(Asset::Style));
                script src=(asset(Asset::Htmx)) defer {}
                script src=(asset(Asset::Script)) defer {}
                @if let Some(seconds) = refresh { noscript { meta http-equiv="refresh" content=(seconds); } }
            }
            body { (body) }
        }
    }
}

/// The step of the way there, in words: `2 of 5`.
pub(crate) fn bar(percent: Option<u64>, label: &str) -> Markup {
    html! {
        div .bar {
            progress max="100" value=[percent] aria-label=(label) {}
            span { @if let Some(percent) = percent { (percent) " %" } @else { "…" } }
        }
    }
}

/// A value with its name.
pub(crate) fn fact(name: &str, value: impl maud::Render) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A closed word.
pub(crate) fn badge(word: &str) -> Markup {
    show::badge(word)
}
