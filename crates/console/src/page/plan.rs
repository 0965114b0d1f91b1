//! What a change would do, before anything happens; then the change.

use super::{View, confirm, curl, fact, objections};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{hourly, list, money, sentence, text};
use capstan_core::ports::ApiClient;
use capstan_core::tier::{EMERGENCY, MAX_REASON, MIN_REASON, Role};
use maud::{Markup, html};
use serde_json::{Value, json};

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let target = view.request.asked("target").unwrap_or_default();
    let reason = view.request.asked("reason").unwrap_or_default();
    render(door, view, target, reason.trim(), &[]).await
}

/// The plan, with what was objected to.
pub(super) async fn render<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    target: &str,
    reason: &str,
    refused: &[String],
) -> Result<Answer, Failure> {
    let plan = door.post("/tier/plan", json!({ "targetTier": target })).await?;
    let title = format!("Move from {} to {}", text(&plan, "fromTier"), text(&plan, "toTier"));
    let status = if refused.is_empty() { 200 } else { 400 };
    // How long one waits afterwards is worth knowing, but not worth the page.
    let tier = door.get("/tier").await.unwrap_or_default();
    let content = html! {
        (objections(refused))
        (shown(&plan))
        (wish(door, view, &plan, reason))
        @if let Some(hours) = tier["cooldownHours"].as_u64().filter(|hours| *hours > 0) { p .quiet {
            "Once it is completed, the next change waits " (hours) " h; a super admin may bypass that in an emergency, or "
            a href=(view.at("/tier/configs#cooldown")) { "set the cooldown" } ". While it goes on it can be stopped, and is undone then."
        } }
    };
    Ok(view.page(&title, content).with_status(status))
}

/// The plan itself.
pub(super) fn shown(plan: &Value) -> Markup {
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
                td data-label="Action" { span class={ "badge " (colour(text(item, "action"))) } { (sentence(text(item, "action"))) } }
                td data-label="What" { (text(item, "summary")) }
                td .number data-label="$ an hour" { (hourly(&item["hourlyBefore"])) " → " (hourly(&item["hourlyAfter"])) }
                td .number data-label="Minutes" { (item["expectedMinutes"]) }
            } } }
            tfoot { tr {
                th scope="row" colspan="3" { "All together, each at its least capacity" }
                td .number data-label="$ an hour" { (hourly(&sum(plan, "hourlyBefore"))) " → " strong { (hourly(&sum(plan, "hourlyAfter"))) } }
                td {}
            } }
        } }
        p .quiet { "The cost of a month is the runbook's figure for the whole tier under its usual load, Bedrock, DynamoDB and traffic included, "
            "moved by what was edited in its configuration. The hours are list prices of what stands there with nothing to do." }
    }
}

/// What all items cost an hour.
fn sum(plan: &Value, name: &str) -> Value {
    json!(list(plan, "items").iter().filter_map(|item| item[name].as_f64()).sum::<f64>())
}

fn colour(action: &str) -> &'static str {
    match action {
        "create" => "good",
        "retire" => "bad",
        "resize" | "switch" => "warn",
        _ => "plain",
    }
}

/// A warning's words.
pub(super) fn words(line: &Value) -> &str {
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
            (view.takes(Role::Admin))
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
            Ok(confirm::asked(door, view, &answer, reason))
        }
        // Or the same form, sent twice before the first answer was there.
        Ok(_) | Err(Failure::InProgress) => Ok(Answer::see_other(view.at("/tier/progress"))),
        Err(failure) if failure.code() == Some("CHANGE_UNDER_WAY") => Ok(super::failed(view, &failure)),
        Err(failure) => render(door, view, target, reason, &failure.objections()?).await,
    }
}

#[cfg(test)]
mod tests {
    use crate::fake::Fake;
    use serde_json::json;

    fn api() -> Fake {
        let item = |service: &str, before: f64, after: f64| json!({"service": service, "action": "create", "summary": "what", "hourlyBefore": before, "hourlyAfter": after, "expectedMinutes": 9});
        let plan = json!({"fromTier": "DEV", "toTier": "STAGING", "costBefore": 350, "costAfter": 35_000, "expectedMinutes": 9,
            "items": [item("sagemaker", 0.5, 3.03), item("kinesis", 0.0, 0.075)], "objections": []});
        Fake::of("admin").answers("POST", "/tier/plan", 200, plan)
    }

    #[test]
    fn the_hours_are_added_up_and_said_to_be_another_sum_than_the_month() {
        let page = api().get("/tier/plan?target=STAGING");
        page.says(&[
            "All together, each at its least capacity $0.500 → $3.105",
            "the runbook's figure for the whole tier",
        ]);
        // What a phone shows in place of the table's head.
        page.has(&["data-label=\"$ an hour\""]);
    }

    #[test]
    fn how_long_one_waits_afterwards_is_said_before() {
        let page = |hours: u32| {
            api()
                .answers("GET", "/tier", 200, json!({"cooldownHours": hours}))
                .get("/tier/plan?target=STAGING")
        };
        page(24).says(&["the next change waits 24 h"]);
        assert!(!page(0).text().contains("the next change waits"));
    }

    #[test]
    fn while_a_change_is_under_way_the_page_leads_to_it() {
        let said =
            json!({"code": "CHANGE_UNDER_WAY", "detail": "GET /tier/transition-status says when it ends"});
        let page =
            Fake::of("admin").answers("POST", "/tier/plan", 409, said).get("/tier/plan?target=STAGING");
        assert_eq!(page.status, 409);
        page.says(&["A change is under way", "Follow or stop it"]);
    }
}
