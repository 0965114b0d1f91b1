//! One canary: its stages, both arms, the verdict in words, and the way back.

use super::super::{View, badge, curl, fact, objections, reason};
use super::{because, percent, rates, when};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::series::amount;
use crate::show::{duration, list, number, sentence, text};
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
use capstan_core::web::encode;
use maud::{Markup, html};
use serde_json::{Value, json};

pub(super) async fn show<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    id: &str,
    refused: &[String],
) -> Result<Answer, Failure> {
    let path = format!("/canary/{}", encode(id));
    let canary = door.get(&path).await?;
    let measurements = door.get(&format!("{path}/measurements")).await?;
    let goes_on = canary["endedAt"].is_null();
    let state = if goes_on { "running" } else { "over" };
    let live = view.live(&path, goes_on.then_some("5s"), state, whole(view, &canary, &measurements));
    if let Some(alone) = live.alone() {
        return Ok(alone);
    }
    let page = html! { (objections(refused)) (live) @if goes_on { (way_back(door, view, &path)) } };
    let status = if refused.is_empty() { 200 } else { 409 };
    Ok(view.live_page(&format!("Canary of {}", text(&canary, "model")), goes_on, page).with_status(status))
}

/// All that is to be seen of it.
pub(super) fn whole(view: &View<'_>, canary: &Value, measurements: &Value) -> Markup {
    html! {
        dl .facts {
            (fact("Status", badge(text(canary, "status"))))
            (fact("Model", html! { code { (text(canary, "modelVersion")) } " behind " code { (text(canary, "endpoint")) } }))
            (fact("Answers for", html! { strong { (number(&canary["percent"])) " %" } " of the hosts" }))
            (fact("Started", html! { (when(&canary["askedAt"], view)) " by " (text(canary, "by")) }))
            @if !canary["endedAt"].is_null() { (fact("Ended", when(&canary["endedAt"], view))) }
            (fact("Reason", text(canary, "reason")))
        }
        (verdict(view, canary))
        h2 { "Stages" }
        (stages(view, canary))
        h2 { "Both arms" }
        (rates::pictures(view, measurements))
        (evidence(canary))
    }
}

fn verdict(view: &View<'_>, canary: &Value) -> Markup {
    let ended = &canary["ended"];
    let kind = match text(canary, "status") {
        "ROLLED_BACK" => "notice bad",
        "PROMOTED" => "notice good",
        _ => "notice busy",
    };
    html! {
        div class=(kind) {
            p { strong { "Verdict: " } (text(canary, "text")) }
            @if !ended.is_null() { p { "Ended by " (text(ended, "by")) ": " (sentence(text(ended, "code"))) "." } }
            @else if !canary["judgedAt"].is_null() { p .quiet { "Judged " (when(&canary["judgedAt"], view)) "." } }
        }
    }
}

/// The stages, with the one that is under way marked.
fn stages(view: &View<'_>, canary: &Value) -> Markup {
    let stages = list(canary, "stages");
    let entered = stages.iter().filter(|stage| !stage["enteredAt"].is_null()).count();
    let current = canary["endedAt"].is_null().then(|| entered.checked_sub(1)).flatten();
    html! {
        ol .stages { @for (index, stage) in stages.iter().enumerate() {
            li aria-current=[(current == Some(index)).then_some("step")] {
                (number(&stage["percent"])) " % of the hosts for at least " (duration(stage["seconds"].as_u64().unwrap_or_default()))
                @if stage["enteredAt"].is_null() { span .quiet { " – not begun" } }
                @else { span .quiet { " – begun " (when(&stage["enteredAt"], view)) } }
                @if current == Some(index) { " " span .badge.busy { "Now" } }
            }
        } }
    }
}

/// What the verdict rests on.
fn evidence(canary: &Value) -> Markup {
    let criteria = list(&canary["report"], "criteria");
    let odds = |value: &Value| match value.as_f64() {
        None => "–".to_owned(),
        Some(odds) if odds > 1e6 => "over a million to 1".to_owned(),
        Some(odds) => format!("{} to 1", amount(odds)),
    };
    html! {
        @if !criteria.is_empty() {
            h2 { "Evidence" }
            div .scroll tabindex="0" role="region" aria-label="Evidence" { table {
                thead { tr { th scope="col" { "Criterion" } th scope="col" { "Canary" } th scope="col" { "Baseline" }
                    th scope="col" .number { "That it is worse" } th scope="col" .number { "Rolls back at" }
                    th scope="col" .number { "That it is good" } th scope="col" .number { "Goes on at" } } }
                tbody { @for one in criteria { tr {
                    th scope="row" { (criterion(one)) }
                    td { (share(&one["canary"])) }
                    td { (share(&one["baseline"])) }
                    td .number { (odds(&one["against"])) }
                    td .number { (odds(&one["neededAgainst"])) }
                    td .number { (odds(&one["good"])) }
                    td .number { (odds(&one["neededGood"])) }
                } } }
            } }
        }
    }
}

fn criterion(finding: &Value) -> String {
    match text(finding, "criterion") {
        "latency" => finding["latency"]["slowAbove"]
            .as_f64()
            .map_or_else(|| "Slow answers".to_owned(), |above| format!("Answers slower than {above:.0} ms")),
        "disagreement" => "Scores of another severity".to_owned(),
        other => sentence(other),
    }
}

fn share(share: &Value) -> Markup {
    html! {
        @if share.is_null() { "–" } @else {
            (number(&share["hits"])) " of " (number(&share["samples"]))
            @if !share["share"].is_null() {
                " (" (percent(&share["share"])) ", surely " (percent(&share["low"])) " to " (percent(&share["high"])) ")"
            }
        }
    }
}

/// The form that takes it back.
pub(super) fn way_back<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, path: &str) -> Markup {
    let path = format!("{path}/rollback");
    let act = Act { method: "POST", path: &path, body: json!({ "reason": "why it is not to go on" }) };
    html! {
        h2 { "Roll it back" }
        @if view.session.may(Role::Operator) {
            p { "At once: the hosts are answered as before the canary, within seconds." }
            (view.form(&path, html! {
                (reason("reason", "Reason, for the record", view.request.field("reason")))
                button type="submit" .danger { "Roll back" }
            }))
        } @else { (view.takes(Role::Operator)) }
        (curl(door, &act))
    }
}

/// Takes it back.
pub(super) async fn roll_back<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let path = format!("/canary/{}", encode(id));
    match because(door, view, &format!("{path}/rollback")).await {
        Ok(_) => Ok(Answer::see_other(view.at(&path))),
        Err(failure) => show(door, view, id, &failure.objections()?).await,
    }
}
