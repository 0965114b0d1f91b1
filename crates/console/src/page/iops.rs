//! The pages of IOps: hosts, what was found on them, and the models that score them.

mod canaries;
mod canary;
mod host;
mod hosts;
mod insight;
mod insights;
mod models;
mod rates;
mod release;
#[cfg(test)]
mod tests;

use super::View;
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::time;
use capstan_core::ports::ApiClient;
use capstan_core::web::encode;
use maud::{Markup, html};
use serde_json::{Value, json};

/// Whether a path is one of these pages, or one of their forms.
pub(super) fn owns(path: &str) -> bool {
    let first = path.split('/').nth(1);
    first.is_some_and(|first| ["hosts", "insights", "canary", "models"].contains(&first))
}

/// The parts of a path; none of one that leads elsewhere.
fn parts(path: &str) -> Vec<&str> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    if parts.iter().any(|part| ["", ".", ".."].contains(part)) { Vec::new() } else { parts }
}

/// Answers a page that is looked at; none where there is no such page.
pub(super) async fn get<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    path: &str,
) -> Option<Result<Answer, Failure>> {
    Some(match parts(path).as_slice() {
        ["hosts"] => hosts::show(door, view).await,
        ["hosts", hostname] => host::show(door, view, hostname).await,
        ["insights"] => insights::show(door, view).await,
        ["insights", id] => insight::show(door, view, id, &[]).await,
        ["canary"] => canaries::show(door, view, &[]).await,
        ["canary", id] => canary::show(door, view, id, &[]).await,
        ["models"] => models::show(door, view, &[]).await,
        ["models", "releases", id] => release::show(door, view, id, &[]).await,
        _ => return None,
    })
}

/// Answers a form; none where there is no such form.
pub(super) async fn post<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    path: &str,
) -> Option<Result<Answer, Failure>> {
    Some(match parts(path).as_slice() {
        ["insights", id, "acknowledge"] => insight::review(door, view, id, "acknowledge").await,
        ["insights", id, "dismiss"] => insight::review(door, view, id, "dismiss").await,
        ["canary"] => canaries::start(door, view).await,
        ["canary", id, "rollback"] => canary::roll_back(door, view, id).await,
        ["models", "releases"] => models::start(door, view).await,
        ["models", "restore"] => models::restore(door, view).await,
        ["models", "releases", id, "cancel"] => release::cancel(door, view, id).await,
        _ => return None,
    })
}

/// A host's name, as a link to it.
fn host_link(view: &View<'_>, hostname: &str) -> Markup {
    html! { a href=(view.at(&format!("/hosts/{}", encode(hostname)))) { (hostname) } }
}

/// The command that has made-up hosts report, as it is typed here.
fn feed(view: &View<'_>, options: &str) -> Markup {
    let request = view.request;
    // In AWS it takes a URL that its deployment says, and a token.
    let url = if request.is_local() { format!(" --url {}", request.origin) } else { String::new() };
    html! { pre tabindex="0" { code { "capstan feed" (url) " " (options) } } }
}

/// A time of IOps: hosts, canaries and models live with people, not with the simulated cloud.
fn when(value: &Value, view: &View<'_>) -> Markup {
    time(value, view.wall)
}

/// A share of one, in percent.
fn percent(share: &Value) -> String {
    share.as_f64().map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", 100.0 * share))
}

/// An act that takes a reason and nothing else.
async fn because<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, path: &str) -> Result<Value, Failure> {
    let body = json!({ "reason": view.request.field("reason") });
    door.act(&Act { method: "POST", path, body }).await
}
