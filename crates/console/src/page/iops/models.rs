//! Versions of the model: which serves, how good each is, and how another comes into use.

use super::super::{View, badge, curl, fact, objections, reason};
use super::{because, canaries, percent, when};
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
    let models = door.get("/models").await?;
    let releases = door.get("/models/releases?limit=20").await?;
    let under_way = text(&models, "underWay");
    let goes_on = !under_way.is_empty();
    let content = html! { (standing(view, &models)) (versions(view, &models)) (table(view, &releases)) };
    let (every, state) = if goes_on { ("5s", under_way) } else { ("15s", "none") };
    let live = view.live("/models", Some(every), state, content);
    if let Some(alone) = live.alone() {
        return Ok(alone);
    }
    let page = html! {
        (objections(refused))
        (live)
        @if !goes_on { (beginning(door, view)) (going_back(door, view, &models)) }
    };
    let status = if refused.is_empty() { 200 } else { 409 };
    Ok(view.live_page("Models", goes_on, page).with_status(status))
}

fn standing(view: &View<'_>, models: &Value) -> Markup {
    let (serving, under_way) = (text(models, "serving"), text(models, "underWay"));
    html! {
        dl .facts {
            (fact("Serves", html! { @if serving.is_empty() { "no version of ours: hosts are scored by the built-in model, or by what a canary brought" }
                @else { strong { (serving) } } }))
            @if !text(models, "former").is_empty() { (fact("Before it", text(models, "former"))) }
            (fact("Endpoint", html! { code { (text(models, "endpoint")) } }))
        }
        @if !under_way.is_empty() {
            div .notice.busy { p { "A release is under way. "
                a href=(view.at(&format!("/models/releases/{}", encode(under_way)))) { "Follow or stop it" } } }
        }
    }
}

fn versions(view: &View<'_>, models: &Value) -> Markup {
    let versions = list(models, "versions");
    html! {
        h2 { "Versions" }
        @if versions.is_empty() { p { "There is none yet: train one below, on what hosts reported." } } @else {
            div .scroll tabindex="0" role="region" aria-label="Versions" { table {
                thead { tr { th scope="col" { "Version" } th scope="col" { "State" } th scope="col" .number { "Accuracy" }
                    th scope="col" .number { "Of the most frequent class" } th scope="col" .number { "Caught" } th scope="col" { "Trained on" }
                    th scope="col" { "Made" } th scope="col" { "Release" } } }
                tbody { @for one in versions { tr {
                    th scope="row" { code { (text(one, "modelVersion")) } }
                    td { (badge(text(one, "state"))) }
                    td .number { (percent(&one["measured"]["accuracy"])) }
                    td .number { (percent(&one["measured"]["majority"])) }
                    td .number { (percent(&one["measured"]["caught"])) }
                    td { (data(&one["data"])) }
                    td { (when(&one["madeAt"], view)) " by " (text(one, "deployedBy")) }
                    td { a href=(view.at(&format!("/models/releases/{}", encode(text(one, "releaseId"))))) { "Its release" } }
                } } }
            } }
        }
    }
}

/// What a version was trained and measured on.
pub(super) fn data(data: &Value) -> Markup {
    html! {
        @if data.is_null() { "–" } @else {
            (number(&data["learnRows"])) " rows of " (number(&data["hosts"])) " hosts, " (number(&data["heldOutRows"])) " held out"
        }
    }
}

fn table(view: &View<'_>, releases: &Value) -> Markup {
    let releases = list(releases, "releases");
    html! {
        h2 { "Releases" }
        @if releases.is_empty() { p { "None yet." } } @else {
            div .scroll tabindex="0" role="region" aria-label="Releases" { table {
                thead { tr { th scope="col" { "Asked for" } th scope="col" { "Version" } th scope="col" { "What" } th scope="col" { "Status" } th scope="col" { "Reason" } } }
                tbody { @for one in releases { tr {
                    td { a href=(view.at(&format!("/models/releases/{}", encode(text(one, "releaseId"))))) { (when(&one["asked"]["at"], view)) }
                        " by " (text(&one["asked"], "by")) }
                    td { code { (text(one, "modelVersion")) } }
                    td { (purpose(&one["purpose"])) }
                    td { (badge(text(one, "status"))) }
                    td { (text(&one["asked"], "reason")) }
                } } }
            } }
        }
    }
}

/// What a release is to do.
pub(super) fn purpose(purpose: &Value) -> String {
    match text(purpose, "kind") {
        "train" if purpose["days"] == 1 => "Train on one day".to_owned(),
        "train" => format!("Train on {} days", number(&purpose["days"])),
        "restore" => "Deploy it again".to_owned(),
        "compare" => format!("Compare it with {}", text(purpose, "other")),
        other => other.to_owned(),
    }
}

fn beginning<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Markup {
    let typed = |name| view.request.field(name);
    let body = json!({ "reason": "why a new one is wanted", "days": 30 });
    html! {
        h2 { "Release a new version" }
        @if view.session.may(Role::Admin) {
            p { "It is trained on what was stored, held against the one that serves, and brought into use behind a canary. Whatever fails, all is as it was." }
            (view.form("/models/releases", html! {
                label for="days" { "Days to train on (empty: as many as there are)" }
                input #days name="days" type="number" min="1" value=(typed("days"));
                label for="stages" { "Stages of its canary, percent:seconds (empty: as it is usual)" }
                input #stages name="stages" placeholder="20:60, 100:60" autocomplete="off" spellcheck="false" value=(typed("stages"));
                (reason("reason", "Reason, for the record", if typed("version").is_empty() { typed("reason") } else { "" }))
                button type="submit" .primary { "Release" }
            }))
        } @else { (view.takes(Role::Admin)) }
        (curl(door, &Act { method: "POST", path: "/models/releases", body }))
    }
}

fn going_back<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, models: &Value) -> Markup {
    let serving = text(models, "serving");
    let others: Vec<&str> = list(models, "versions")
        .iter()
        .map(|one| text(one, "modelVersion"))
        .filter(|version| *version != serving)
        .collect();
    let (chosen, former) = (view.request.field("version"), text(models, "former"));
    let chosen = if chosen.is_empty() { former } else { chosen };
    let Some(first) = others.first() else { return html! {} };
    let example = if chosen.is_empty() { first } else { chosen };
    let path = format!("/models/{}/restore", encode(example));
    html! {
        h2 { "Go back to a version" }
        @if view.session.may(Role::Admin) {
            p { "What it was is deployed again, behind a canary." }
            (view.form("/models/restore", html! {
                label for="version" { "Version" }
                select #version name="version" { @for version in &others { option value=(version) selected[*version == chosen] { (version) } } }
                (reason("restore-reason", "Reason, for the record",
                    if view.request.field("version").is_empty() { "" } else { view.request.field("reason") }))
                button type="submit" .danger { "Deploy it again" }
            }))
        } @else { (view.takes(Role::Admin)) }
        (curl(door, &Act { method: "POST", path: &path, body: json!({ "reason": "why it is wanted again" }) }))
    }
}

/// Trains a version and deploys it.
pub(super) async fn start<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let request = view.request;
    let mut body = Map::new();
    body.insert("reason".to_owned(), json!(request.field("reason")));
    let days = request.field("days");
    if !days.is_empty() {
        // What is no number goes as it is: the API says what is wrong with it.
        body.insert("days".to_owned(), days.parse::<u32>().map_or_else(|_| json!(days), |days| json!(days)));
    }
    match canaries::stages(request.field("stages")) {
        Ok(None) => {}
        Ok(Some(settings)) => {
            body.insert("canary".to_owned(), settings);
        }
        Err(wrong) => return show(door, view, &[wrong]).await,
    }
    let act = Act { method: "POST", path: "/models/releases", body: Value::Object(body) };
    followed(door, view, door.act(&act).await).await
}

/// Deploys a version again.
pub(super) async fn restore<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let path = format!("/models/{}/restore", encode(view.request.field("version")));
    followed(door, view, because(door, view, &path).await).await
}

async fn followed<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    answer: Result<Value, Failure>,
) -> Result<Answer, Failure> {
    match answer {
        Ok(release) => {
            let id = encode(text(&release, "releaseId"));
            Ok(Answer::see_other(view.at(&format!("/models/releases/{id}"))))
        }
        // A version may be gone by now.
        Err(failure @ Failure::Refused { status: 404, .. }) => show(door, view, &failure.lines()).await,
        Err(failure) => show(door, view, &failure.objections()?).await,
    }
}
