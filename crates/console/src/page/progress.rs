//! A change as it goes: how far, what is waited for, how to stop it; and how the last one ended.

use super::live::Live;
use super::{View, badge, bar, curl, fact, objections, reason};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::graph;
use crate::show::{duration, list, sentence, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
use capstan_core::web::with_query;
use maud::{Markup, html};
use serde_json::{Value, json};

/// The piece of the page that has the workflow.
const STEPS: &str = "workflow";
/// What that piece is told when the change is at another step.
const NEXT_STEP: &str = "next-step";

pub(crate) async fn show<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    refused: &[String],
) -> Result<Answer, Failure> {
    if view.request.asked("live") == Some(STEPS) {
        // Better the one before than none.
        let workflow = door.get("/tier/workflow").await?;
        return Ok(steps(view, &workflow, true).alone().unwrap_or_else(|| Answer::piece(html! {})));
    }
    let progress = door.get("/tier/transition-status").await?;
    let state = State::of(&progress);
    let goes_on = matches!(state, State::Running | State::Undone);
    let content = if matches!(state, State::None | State::Over) {
        ended(view, &progress)
    } else {
        under_way(view, &progress)
    };
    let step = text(&progress, "currentStep");
    let this = with_query("/tier/progress", &[("step", step)]);
    let every = match state {
        State::Running | State::Undone => Some("2s"),
        // Somebody else may undo it, or declare it stable.
        State::Stuck => Some("15s"),
        State::None | State::Over => None,
    };
    let live = view.live(&this, every, state.word(), content);
    if let Some(alone) = live.alone() {
        let same = view.request.asked("step").unwrap_or_default() == step;
        // Another step is drawn at once.
        return Ok(if same { alone } else { alone.with_header("HX-Trigger-After-Swap", NEXT_STEP) });
    }
    // How it went is worth seeing, but not worth the page.
    let workflow = if matches!(state, State::None) {
        Value::Null
    } else {
        door.get("/tier/workflow").await.unwrap_or_default()
    };
    let change = text(&progress, "transitionId");
    let content = html! {
        (objections(refused))
        (live)
        @if matches!(state, State::Running | State::Stuck) { (stop(door, view, change, matches!(state, State::Stuck))) }
        @if matches!(state, State::Stuck) { (reset(door, view, change)) }
        (steps(view, &workflow, goes_on))
    };
    let status = if refused.is_empty() { 200 } else { 409 };
    Ok(view.live_page("Change of tier", goes_on, content).with_status(status))
}

/// What decides what one can do.
#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing was ever changed.
    None,
    /// It goes on, and can be stopped.
    Running,
    /// It is being undone, or will be: it can't be stopped once more.
    Undone,
    /// A person has to decide.
    Stuck,
    /// It has ended.
    Over,
}

impl State {
    fn of(progress: &Value) -> Self {
        match (text(progress, "transitionId"), text(progress, "status")) {
            ("", _) if progress["lastChange"].is_null() => Self::None,
            ("", _) => Self::Over,
            (_, "STUCK") => Self::Stuck,
            (_, "ROLLING_BACK") => Self::Undone,
            _ if !progress["cancellation"].is_null() => Self::Undone,
            _ => Self::Running,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Running => "running",
            Self::Undone => "undone",
            Self::Stuck => "stuck",
            Self::Over => "over",
        }
    }
}

fn under_way(view: &View<'_>, progress: &Value) -> Markup {
    let left = progress["estimatedSecondsRemaining"].as_u64().unwrap_or_default();
    html! {
        dl .facts {
            (fact("From → to", html! { strong { (text(progress, "fromTier")) " → " (text(progress, "toTier")) } }))
            (fact("Status", badge(text(progress, "status"))))
            (fact("Step", html! { code { (text(progress, "currentStep")) } }))
            @if !matches!(State::of(progress), State::Stuck) { (fact("Left", html! { "about " (duration(left)) })) }
            (fact("Started", time(&progress["startedAt"], view.now)))
        }
        @if text(progress, "status") == "ROLLING_BACK" { p { strong { "It is being undone." } " The bar shows how far that is." } }
        (bar(progress["progressPercent"].as_u64(), "Progress of the change"))
        @if matches!(State::of(progress), State::Running) { p .jump { a href="#stop" { "Stop it" } } }
        (errors(progress))
        (resources(progress))
        @if !progress["cancellation"].is_null() {
            p .notice.warn { "It is being stopped: " (text(&progress["cancellation"], "reason")) }
        }
        @if text(progress, "status") == "STUCK" { p .quiet { "Next: " (text(progress, "next")) } }
    }
}

/// The workflow, which is fetched with each step and seldom between: it is larger than the rest, and costs the API more.
fn steps<'a>(view: &'a View<'a>, workflow: &Value, goes_on: bool) -> Live<'a> {
    let content = html! {
        @if !list(workflow, "states").is_empty() { h2 { "The workflow" } (graph::draw(workflow)) }
    };
    Live {
        view,
        part: STEPS,
        path: "/tier/progress",
        every: goes_on.then_some("10s, next-step from:body"),
        state: "",
        content,
    }
}

fn errors(of: &Value) -> Markup {
    html! {
        @for error in list(of, "errors") {
            div .notice.bad { p {
                strong { (text(error, "name")) } ": " (text(error, "message"))
            } }
        }
    }
}

fn resources(progress: &Value) -> Markup {
    html! {
        @if !list(progress, "resources").is_empty() {
            h2 { "Resources" }
            div .scroll tabindex="0" role="region" aria-label="Resources" { table {
                thead { tr { th scope="col" { "Service" } th scope="col" { "Name" } th scope="col" { "State" } th scope="col" { "Phase" } th scope="col" { "Waits for" } } }
                tbody { @for one in list(progress, "resources") { tr {
                    th scope="row" { (text(one, "service")) }
                    td { code { (text(one, "name")) } }
                    td { (badge(text(one, "state"))) }
                    td { (sentence(text(one, "phase"))) }
                    td { (text(one, "waitingFor")) @if !text(one, "lastError").is_empty() { " " strong { (text(one, "lastError")) } } }
                } } }
            } }
        }
    }
}

fn ended(view: &View<'_>, progress: &Value) -> Markup {
    let last = &progress["lastChange"];
    html! {
        @if last.is_null() {
            p { "Nothing was changed yet. " a href=(view.at("/tier")) { "Plan a move" } "." }
        } @else {
            dl .facts {
                (fact("From → to", html! { strong { (text(last, "fromTier")) " → " (text(last, "toTier")) } }))
                (fact("Ended", badge(text(last, "status"))))
                (fact("When", time(&last["completedAt"], view.now)))
                (fact("It took", duration(last["durationSeconds"].as_u64().unwrap_or_default())))
            }
            (errors(last))
            @let stopped = list(last, "errors").iter().any(|error| text(error, "name") == "TransitionCancelled");
            @if text(last, "status") == "FAILED" {
                p .notice.bad { "It could be neither finished nor undone, and was declared stable by a person. What it left stands among "
                    a href=(view.at("/tier/resources")) { "the resources" } "." }
            } @else if text(last, "status") != "COMPLETED" {
                p { "What it had done was undone: the tenant is where it was." }
                p { @if stopped { "Next: nothing has to be mended; " } @else { "Next: correct the cause, then " }
                    a href=(view.at("/tier")) { "ask again" } @if stopped { " when it is wanted" } "." }
            }
            p { a .button href=(view.at("/tier")) { "To the tiers" } }
        }
    }
}

fn stop<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, change: &str, stuck: bool) -> Markup {
    let act =
        Act { method: "POST", path: "/tier/cancel", body: json!({ "reason": "why it is to be stopped" }) };
    html! {
        h2 #stop { @if stuck { "Try again to undo it" } @else { "Stop it" } }
        @if view.session.may(Role::Operator) {
            p { "What was done so far is undone, step by step; the tenant comes back to where it was." }
            (view.form("/tier/cancel", html! {
                input type="hidden" name="change" value=(change);
                (reason("stop-reason", "Reason, for the record", ""))
                button type="submit" .danger { @if stuck { "Undo it again" } @else { "Stop and undo" } }
            }))
        } @else { (view.takes(Role::Operator)) }
        (curl(door, &act))
    }
}

fn reset<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, change: &str) -> Markup {
    let act = Act {
        method: "POST",
        path: "/tier/reset",
        body: json!({ "reason": "what was looked at and found" }),
    };
    html! {
        h2 { "Declare it stable" }
        p { "Only after a person has looked at what is there: what is left over stays." }
        @if view.session.may(Role::SuperAdmin) {
            (view.form("/tier/reset", html! {
                input type="hidden" name="change" value=(change);
                (reason("reset-reason", "What was found, for the record", ""))
                button type="submit" .danger { "Declare it stable" }
            }))
        } @else { (view.takes(Role::SuperAdmin)) }
        (curl(door, &act))
    }
}

/// Stops it and has it undone.
pub(crate) async fn cancel<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    because(door, view, "/tier/cancel").await
}

/// Declares a stuck tier stable.
pub(crate) async fn declare<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    because(door, view, "/tier/reset").await
}

async fn because<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, path: &str) -> Result<Answer, Failure> {
    // A form of a change that is over is not for the one after it.
    let now = door.get("/tier/transition-status").await?;
    let under_way = text(&now, "transitionId");
    if under_way.is_empty() {
        // How it ended is said there; the form may have been sent twice.
        return Ok(Answer::see_other(view.at("/tier/progress")));
    }
    if under_way != view.request.field("change") {
        let said = "The change that this form was for is over: nothing was done about what is under way now, if anything.";
        return show(door, view, &[said.to_owned()]).await;
    }
    let body = json!({ "reason": view.request.field("reason") });
    match door.act(&Act { method: "POST", path, body }).await {
        Ok(_) | Err(Failure::InProgress) => Ok(Answer::see_other(view.at("/tier/progress"))),
        Err(failure) => show(door, view, &failure.objections()?).await,
    }
}

#[cfg(test)]
mod tests;
