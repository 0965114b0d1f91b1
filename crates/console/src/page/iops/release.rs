//! One release: how far it has come, what it did, and how to stop it.

use super::super::{View, badge, curl, fact, objections, reason};
use super::{because, models, percent, when};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{sentence, text};
use capstan_core::iops::models::ReleaseStatus;
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
use capstan_core::web::encode;
use maud::{Markup, html};
use serde_json::{Value, json};

/// The way that most releases take.
const WAY: [ReleaseStatus; 6] = [
    ReleaseStatus::Exporting,
    ReleaseStatus::Training,
    ReleaseStatus::Registering,
    ReleaseStatus::Deploying,
    ReleaseStatus::Canary,
    ReleaseStatus::Completed,
];

pub(super) async fn show<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    id: &str,
    refused: &[String],
) -> Result<Answer, Failure> {
    let path = format!("/models/releases/{}", encode(id));
    let release = door.get(&path).await?;
    let goes_on = release["endedAt"].is_null();
    let stuck = text(&release, "status") == "STUCK";
    let state = match (goes_on, stuck) {
        (true, _) => "running",
        (false, true) => "stuck",
        (false, false) => "over",
    };
    let live = view.live(&path, goes_on.then_some("2s"), state, whole(view, &release));
    if let Some(alone) = live.alone() {
        return Ok(alone);
    }
    let page = html! {
        (objections(refused))
        (live)
        @if goes_on || stuck { (stop(door, view, &path, stuck)) }
        p { a href=(view.at("/models")) { "All models" } }
    };
    let status = if refused.is_empty() { 200 } else { 409 };
    let title = format!("Release of {}", text(&release, "modelVersion"));
    Ok(view.live_page(&title, goes_on, page).with_status(status))
}

fn whole(view: &View<'_>, release: &Value) -> Markup {
    let (asked, failure, wish) = (&release["asked"], &release["failure"], &release["cancellation"]);
    html! {
        dl .facts {
            (fact("Status", badge(text(release, "status"))))
            (fact("What", models::purpose(&release["purpose"])))
            (fact("Asked for", html! { (when(&asked["at"], view)) " by " (text(asked, "by")) }))
            (fact("Reason", text(asked, "reason")))
            @if release["endedAt"].is_null() { (fact("Gives up by itself", when(&release["deadline"], view))) }
            @else { (fact("Ended", when(&release["endedAt"], view))) }
        }
        @if !wish.is_null() { p .notice.warn { "To be stopped, said " (text(wish, "by")) " " (when(&wish["at"], view)) ": " (text(wish, "reason")) } }
        @if !failure.is_null() {
            div .notice.bad { p { strong { (sentence_of(text(failure, "name"))) } " " (when(&failure["at"], view)) ": " (cause(failure)) } }
        }
        @if text(release, "status") == "STUCK" {
            p .notice.bad { "It could be neither finished nor undone. Remove the cause, then stop it once more: it is undone from where it stands." }
        }
        (way(text(release, "status")))
        (figures(view, release))
    }
}

/// `ReleaseCancelled` as words.
fn sentence_of(name: &str) -> String {
    super::host::words(name)
}

/// A failure's words; its name stands before them already.
fn cause(failure: &Value) -> &str {
    let (name, message) = (text(failure, "name"), text(failure, "message"));
    message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message)
}

/// The steps, with the one that is under way marked.
fn way(status: &str) -> Markup {
    let current = WAY.iter().position(|step| step.as_str() == status);
    html! {
        @if current.is_some() {
            h2 { "Steps" }
            ol .stages { @for (index, step) in WAY.iter().enumerate() {
                li aria-current=[(current == Some(index)).then_some("step")] {
                    (sentence(step.as_str()))
                    @if current > Some(index) { " " span .badge.good { "Done" } }
                    @if current == Some(index) && status != "COMPLETED" { " " span .badge.busy { "Now" } }
                }
            } }
        }
    }
}

fn figures(view: &View<'_>, release: &Value) -> Markup {
    let (new, serving) = (&release["measured"], &release["servingMeasured"]);
    let row = |name: &str, field: &str| {
        html! { tr { th scope="row" { (name) } td .number { (percent(&new[field])) } td .number { (percent(&serving[field])) } } }
    };
    html! {
        dl .facts {
            (fact("Data", models::data(&release["data"])))
            @if !text(release, "job").is_empty() { (fact("Training job", html! { code { (text(release, "job")) } })) }
            (fact("Configuration", html! { code { (text(release, "config")) } }))
            @if !text(release, "canaryId").is_empty() {
                (fact("Canary", html! { a href=(view.at(&format!("/canary/{}", encode(text(release, "canaryId"))))) { "Its canary" } }))
            }
        }
        @if !new.is_null() {
            h2 { "How good it is" }
            div .scroll tabindex="0" role="region" aria-label="Steps" { table {
                thead { tr { th scope="col" { "On the rows held out" } th scope="col" .number { "This one" } th scope="col" .number { "The one that served" } } }
                tbody { (row("Right", "accuracy")) (row("Right by always saying the most frequent class", "majority")) (row("Of what is high or critical, found", "caught")) }
            } }
        }
    }
}

fn stop<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, path: &str, stuck: bool) -> Markup {
    let path = format!("{path}/cancel");
    let act = Act { method: "POST", path: &path, body: json!({ "reason": "why it is to be stopped" }) };
    html! {
        h2 { @if stuck { "Try again to undo it" } @else { "Stop it" } }
        @if view.session.may(Role::Operator) {
            p { "What was done so far is undone: all is as it was before." }
            (view.form(&path, html! {
                (reason("reason", "Reason, for the record", view.request.field("reason")))
                button type="submit" .danger { @if stuck { "Undo it again" } @else { "Stop and undo" } }
            }))
        } @else { (view.takes(Role::Operator)) }
        (curl(door, &act))
    }
}

/// Stops it and has it undone.
pub(super) async fn cancel<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let path = format!("/models/releases/{}", encode(id));
    match because(door, view, &format!("{path}/cancel")).await {
        Ok(_) => Ok(Answer::see_other(view.at(&path))),
        Err(failure) => show(door, view, id, &failure.objections()?).await,
    }
}
