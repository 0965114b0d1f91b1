//! What stands around each page: the head of the document, the menu, the palette; and the pages of nobody.

use super::{NOTHING, View, Words};
use crate::assets::Asset;
use crate::request::Request;
use capstan_core::tier::Role;
use maud::{DOCTYPE, Markup, html};

/// A page in the navigation.
pub(super) struct Place {
    pub(super) path: &'static str,
    name: &'static str,
    group: &'static str,
}

const fn place(group: &'static str, path: &'static str, name: &'static str) -> Place {
    Place { path, name, group }
}

/// Every page that is not about one thing.
pub(super) const PLACES: &[Place] = &[
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

/// How far apart two clocks are that are not one, in milliseconds.
const CLOCKS_APART: u64 = 60_000;

impl View<'_> {
    /// All of the document around a page; `refresh` is after how many seconds it loads itself anew without JavaScript.
    pub(super) fn frame(&self, title: &str, content: Markup, refresh: Option<u32>) -> Markup {
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
                        summary { (session.subject) " · " (role) " · " code title=(session.tenant) { (session.tenant.get(..8).unwrap_or(&session.tenant)) "…" } }
                        p { "Role " strong { (role) } br; "Tenant " code { (session.tenant) } br;
                            "Signed in until " time datetime=(session.until) { (session.until) } }
                        (self.form("/sign-out", html! { button type="submit" { "Sign out" } }))
                    }
                }
                main #main tabindex="-1" {
                    h1 { (title) }
                    // What is typed would be gone with the next load.
                    @if refresh.is_some() { noscript { p .notice { "This page loads itself anew every few seconds. "
                        a href=(self.at(&self.held())) { "Hold it still" } " to fill in a form." } } }
                    (content)
                    (self.clocks())
                }
                (self.palette())
            },
        )
    }

    /// This page, without loading itself anew.
    fn held(&self) -> String {
        let path = self.request.with_query();
        format!("{path}{}still=yes", if path.contains('?') { '&' } else { '?' })
    }

    /// Where the cloud's time is not that of people, which is which.
    fn clocks(&self) -> Markup {
        let apart = self.now.as_millis().abs_diff(self.wall.as_millis());
        html! {
            @if apart > CLOCKS_APART { p .quiet {
                "The cloud is simulated and lives at " (self.now) ": so do tiers, resources, history and audit. "
                "Confirmations, sign-ins, hosts, insights, canaries and models go by your own time."
            } }
        }
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
                div {
                    span .group { (group) }
                    @for place in PLACES.iter().filter(|place| place.group == group) {
                        a href=(self.at(place.path)) aria-current=[here.filter(|here| here.path == place.path).map(|_| "page")] { (place.name) }
                    }
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
                    li { a href=(self.at("/tier/confirm")) { "Confirm what somebody else asked for" } }
                    li { a href=(self.at("/tier/progress")) { "Follow or stop the change under way" } }
                }
            }
        }
    }
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
