//! What a change would do, before anything happens; then the change.

use super::{View, curl, fact, objections};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{hourly, list, money, sentence, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::tier::{EMERGENCY, MAX_REASON, MIN_REASON, Role};
use maud::{Markup, html};
use serde_json::{Value, json};

/// What has to be typed before a change that has to be confirmed.
fn phrase(to: &str) -> String {
    format!("move to {to}")
}

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let target = view.request.asked("target").unwrap_or_default();
    let reason = view.request.asked("reason").unwrap_or_default();
    render(door, view, target, reason.trim(), &[]).await
}

async fn render<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    target: &str,
    reason: &str,
    refused: &[String],
) -> Result<Answer, Failure> {
    let plan = door.post("/tier/plan", json!({ "targetTier": target })).await?;
    let title = format!("Move from {} to {}", text(&plan, "fromTier"), text(&plan, "toTier"));
    let status = if refused.is_empty() { 200 } else { 400 };
    let content = html! { (objections(refused)) (shown(&plan)) (wish(door, view, &plan, reason)) };
    Ok(view.page(&title, content).with_status(status))
}

/// The plan itself.
fn shown(plan: &Value) -> Markup {
    let (before, after) =
        (plan["costBefore"].as_f64().unwrap_or_default(), plan["costAfter"].as_f64().unwrap_or_default());
    let more = json!((after - before).abs());
    html! {
        dl .facts {
            (fact("Cost a month", html! { (money(&plan["costBefore"])) " → " strong { (money(&plan["costAfter"])) } }))
            (fact("Difference", html! { (money(&more)) @if after >= before { " more" } @else { " less" } " a month" }))
            (fact("It takes about", html! { (plan["expectedMinutes"]) " min" }))
            (fact("Direction", sentence(text(plan, "direction"))))
        }
        @for warning in list(plan, "warnings") {
            div .notice.warn { p { strong { "Mind: " } (words(warning)) } }
        }
        h2 { "What will happen" }
        div .scroll tabindex="0" role="region" aria-label="What will happen" { table .plan {
            thead { tr { th scope="col" { "Service" } th scope="col" { "Action" } th scope="col" { "What" }
                th scope="col" .number { "$ an hour" } th scope="col" .number { "Minutes" } } }
            tbody { @for item in list(plan, "items") { tr {
                th scope="row" { (text(item, "service")) }
                td { span class={ "badge " (colour(text(item, "action"))) } { (sentence(text(item, "action"))) } }
                td { (text(item, "summary")) }
                td .number { (hourly(&item["hourlyBefore"])) " → " (hourly(&item["hourlyAfter"])) }
                td .number { (item["expectedMinutes"]) }
            } } }
        } }
    }
}

fn colour(action: &str) -> &'static str {
    match action {
        "create" => "good",
        "retire" => "bad",
        "resize" | "switch" => "warn",
        _ => "plain",
    }
}

fn words(line: &Value) -> &str {
    line.as_str().or_else(|| line.get("message").and_then(Value::as_str)).unwrap_or_default()
}

/// The form that asks for the change, or why it can't be asked for.
fn wish<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, plan: &Value, reason: &str) -> Markup {
    let to = text(plan, "toTier");
    let standing: Vec<&Value> =
        list(plan, "objections").iter().filter(|one| text(one, "code") != "REASON_TOO_SHORT").collect();
    let cooldown = standing.iter().any(|one| text(one, "code") == "COOLDOWN_ACTIVE");
    let bypass = cooldown && view.session.may(Role::SuperAdmin);
    let blocked = standing.iter().any(|one| text(one, "code") != "COOLDOWN_ACTIVE") || cooldown && !bypass;
    let path = if bypass { "/tier/bypass-cooldown" } else { "/tier/change" };
    let example =
        json!({ "targetTier": to, "reason": if reason.is_empty() { "why it is needed" } else { reason } });
    html! {
        h2 { "Do it" }
        @for one in &standing { div .notice.warn { p { (words(one)) } } }
        @if blocked {
            p { "It can't be asked for now. The plan above is what it would do." }
        } @else if !view.session.may(Role::Admin) {
            p { "It takes the role admin. The plan above is what it would do." }
        } @else {
            (view.form("/tier/change", html! {
                input type="hidden" name="target" value=(to);
                @if bypass { input type="hidden" name="bypass" value="yes"; }
                label for="reason" { "Reason, for the record (at least " (MIN_REASON) " characters)" }
                textarea #reason name="reason" rows="2" required minlength=(MIN_REASON) maxlength=(MAX_REASON)
                    aria-describedby=[bypass.then_some("emergency")] { (reason) }
                @if bypass { p #emergency .quiet { "The cooldown is bypassed: begin with " (EMERGENCY) "." } }
                button type="submit" .primary { @if bypass { "Bypass the cooldown and move to " (to) } @else { "Move to " (to) } }
            }))
        }
        (curl(door, &Act { method: "POST", path, body: example }))
    }
}

/// Asks for the change.
pub(crate) async fn change<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let (target, reason) = (view.request.field("target"), view.request.field("reason"));
    let path = if view.request.field("bypass") == "yes" { "/tier/bypass-cooldown" } else { "/tier/change" };
    let body = json!({ "targetTier": target, "reason": reason });
    match door.act(&Act { method: "POST", path, body }).await {
        Ok(answer) if text(&answer, "status") == "REQUIRES_CONFIRMATION" => {
            Ok(to_be_confirmed(door, view, &answer, reason, &[]))
        }
        // Or the same form, sent twice before the first answer was there.
        Ok(_) | Err(Failure::InProgress) => Ok(Answer::see_other(view.at("/tier/progress"))),
        Err(failure) if failure.code() == Some("CHANGE_UNDER_WAY") => Ok(super::failed(view, &failure)),
        Err(failure) => render(door, view, target, reason, &failure.objections()?).await,
    }
}

/// What it costs, in words, to be typed before it is done.
fn to_be_confirmed<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    asked: &Value,
    reason: &str,
    refused: &[String],
) -> Answer {
    let plan = &asked["plan"];
    let (to, token) = (text(plan, "toTier"), text(asked, "confirmationToken"));
    let another =
        text(&asked["confirmation"], "by") != "REQUESTER" && !text(&asked["confirmation"], "by").is_empty();
    let act = Act { method: "POST", path: "/tier/confirm", body: json!({ "confirmationToken": token }) };
    let content = html! {
        (objections(refused))
        div .notice.warn role="alert" {
            p { strong { "This costs " (money(&plan["costAfter"])) " a month" } ", now " (money(&plan["costBefore"])) ". "
                "It has to be confirmed " (time(&asked["expiresAt"], view.wall)) " at the latest." }
            @for line in list(asked, "warnings") { p { (words(line)) } }
        }
        @if another {
            p { "Somebody else with the role " strong { (text(&asked["confirmation"], "role")) } " has to confirm it, with this token:" }
            pre tabindex="0" { code { (token) } }
        }
        (view.form("/tier/confirm", html! {
            input type="hidden" name="token" value=(token);
            input type="hidden" name="to" value=(to);
            input type="hidden" name="reason" value=(reason);
            label for="typed" { "To confirm, type: " code { (phrase(to)) } }
            input #typed name="typed" required autocomplete="off" spellcheck="false";
            button type="submit" .primary { "Confirm the move to " (to) }
        }))
        (curl(door, &act))
        details { summary { "The plan" } (shown(plan)) }
    };
    view.page(&format!("Confirm the move to {to}"), content)
}

/// Confirms it.
pub(crate) async fn confirm<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let request = view.request;
    let (token, to) = (request.field("token"), request.field("to"));
    if !request.field("typed").eq_ignore_ascii_case(&phrase(to)) {
        let what = format!("Type `{}` to confirm it: go back, and the token is still good.", phrase(to));
        let words = super::Words {
            title: "Nothing was done",
            what: &what,
            next: "Or leave it: an unconfirmed change is forgotten.",
        };
        return Ok(Answer::page(400, super::inside(view, words)));
    }
    let body = json!({ "confirmationToken": token });
    match door.act(&Act { method: "POST", path: "/tier/confirm", body }).await {
        // Or the same form, sent twice before the first answer was there.
        Ok(_) | Err(Failure::InProgress) => Ok(Answer::see_other(view.at("/tier/progress"))),
        Err(failure) => render(door, view, to, request.field("reason"), &failure.objections()?).await,
    }
}
