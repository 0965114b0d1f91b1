//! The canary under way, the last ones, and how to start one.

use super::super::{View, badge, curl, fact, objections, reason};
use super::{canary, when};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{list, number, text};
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
use capstan_core::web::encode;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

pub(super) async fn show<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    refused: &[String],
) -> Result<Answer, Failure> {
    let canaries = door.get("/canary").await?;
    let running = &canaries["running"];
    let path = format!("/canary/{}", encode(text(running, "canaryId")));
    let content = if running.is_null() {
        let traffic = door.get("/traffic").await?;
        html! { (answering(view, &traffic)) (last(view, &canaries)) }
    } else {
        let measurements = door.get(&format!("{path}/measurements")).await?;
        html! {
            p { a href=(view.at(&path)) { "A page of its own" } }
            (canary::whole(view, running, &measurements))
            (last(view, &canaries))
        }
    };
    let goes_on = !running.is_null();
    let (every, state) = if goes_on { ("5s", text(running, "canaryId")) } else { ("15s", "none") };
    let live = view.live("/canary", Some(every), state, content);
    if let Some(alone) = live.alone() {
        return Ok(alone);
    }
    let page = html! {
        (objections(refused))
        (live)
        @if goes_on { (canary::way_back(door, view, &path)) } @else { (beginning(door, view)) }
    };
    let status = if refused.is_empty() { 200 } else { 409 };
    Ok(view.live_page("Canary", goes_on, page).with_status(status))
}

fn answering(view: &View<'_>, traffic: &Value) -> Markup {
    let model = text(traffic, "model");
    html! {
        p { "No canary is under way." }
        dl .facts {
            (fact("Hosts that a model answers for", html! { strong { (number(&traffic["percent"])) " %" } }))
            (fact("Model", html! { @if model.is_empty() { "the built-in one alone" } @else { code { (model) } } }))
            @if !traffic["since"].is_null() { (fact("Since", html! { (when(&traffic["since"], view)) " by " (text(traffic, "by")) })) }
        }
    }
}

fn last(view: &View<'_>, canaries: &Value) -> Markup {
    let ended: Vec<&Value> =
        list(canaries, "canaries").iter().filter(|one| !one["endedAt"].is_null()).collect();
    html! {
        h2 { "The last ones" }
        @if ended.is_empty() { p { "None has ended yet." } } @else {
            div .scroll tabindex="0" role="region" aria-label="Canaries" { table {
                thead { tr { th scope="col" { "Started" } th scope="col" { "Model" } th scope="col" { "Ended" } th scope="col" { "Verdict" } } }
                tbody { @for one in ended { tr {
                    td { a href=(view.at(&format!("/canary/{}", encode(text(one, "canaryId"))))) { (when(&one["askedAt"], view)) } " by " (text(one, "by")) }
                    td { code { (text(one, "modelVersion")) } }
                    td { (badge(text(one, "status"))) " " (when(&one["endedAt"], view)) }
                    td { (text(one, "text")) }
                } } }
            } }
        }
    }
}

fn beginning<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Markup {
    let typed = |name| view.request.field(name);
    let body = json!({ "reason": "why it is rolled out", "settings": { "stages": [{ "percent": 10, "seconds": 120 }, { "percent": 100, "seconds": 300 }] } });
    html! {
        h2 { "Start one" }
        @if view.session.may(Role::Admin) {
            p { "The model behind an endpoint answers for more and more hosts, as long as it is shown to be good; if not, it is taken back by itself." }
            (view.form("/canary", html! {
                label for="endpoint" { "Endpoint (empty: the one of this environment)" }
                input #endpoint name="endpoint" maxlength="63" autocomplete="off" spellcheck="false" value=(typed("endpoint"));
                label for="stages" { "Stages, percent:seconds (empty: as it is usual)" }
                input #stages name="stages" placeholder="20:60, 100:60" autocomplete="off" spellcheck="false" value=(typed("stages"));
                (reason("reason", "Reason, for the record", typed("reason")))
                button type="submit" .primary { "Start the canary" }
            }))
        } @else { (view.takes(Role::Admin)) }
        (curl(door, &Act { method: "POST", path: "/canary", body }))
    }
}

/// Stages as they are typed: `20:60, 100:60`. What they may be says the API.
pub(super) fn stages(typed: &str) -> Result<Option<Value>, String> {
    let stage = |text: &str| {
        let (percent, seconds) = text.split_once(':')?;
        let (percent, seconds): (u32, u32) = (percent.trim().parse().ok()?, seconds.trim().parse().ok()?);
        Some(json!({ "percent": percent, "seconds": seconds }))
    };
    let parts: Vec<&str> = typed.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let wrong = |part: &str| format!("stages: `{part}` is no stage: write percent:seconds, such as 20:60");
    let stages: Result<Vec<Value>, String> =
        parts.into_iter().map(|part| stage(part).ok_or_else(|| wrong(part))).collect();
    stages.map(|stages| (!stages.is_empty()).then(|| json!({ "stages": stages })))
}

/// Starts one.
pub(super) async fn start<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let request = view.request;
    let settings = match stages(request.field("stages")) {
        Ok(settings) => settings,
        Err(wrong) => return show(door, view, &[wrong]).await,
    };
    let mut body = Map::new();
    body.insert("reason".to_owned(), json!(request.field("reason")));
    if !request.field("endpoint").is_empty() {
        body.insert("endpoint".to_owned(), json!(request.field("endpoint")));
    }
    if let Some(settings) = settings {
        body.insert("settings".to_owned(), settings);
    }
    match door.act(&Act { method: "POST", path: "/canary", body: Value::Object(body) }).await {
        Ok(canary) => {
            Ok(Answer::see_other(view.at(&format!("/canary/{}", encode(text(&canary, "canaryId"))))))
        }
        Err(failure) => show(door, view, &failure.objections()?).await,
    }
}
