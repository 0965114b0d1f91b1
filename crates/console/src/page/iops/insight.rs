//! One finding, with everything it explains, and what people did about it.

use super::super::{View, badge, curl, fact, objections};
use super::{host_link, when};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::series::amount;
use crate::show::{list, number, sentence, text};
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
    let path = format!("/insights/{}", encode(id));
    let insight = door.get(&path).await?;
    let open = text(&insight, "status") == "open";
    let live = view.live(&path, open.then_some("5s"), text(&insight, "status"), explained(view, &insight));
    if let Some(alone) = live.alone() {
        return Ok(alone);
    }
    let page = html! {
        (objections(refused))
        (live)
        @if text(&insight, "status") != "dismissed" { (answers(door, view, &path, open)) }
    };
    let status = if refused.is_empty() { 200 } else { 400 };
    let title = format!("{} on {}", sentence(text(&insight, "type")), text(&insight, "hostname"));
    Ok(view.page(&title, page).with_status(status))
}

fn explained(view: &View<'_>, insight: &Value) -> Markup {
    let review = &insight["review"];
    html! {
        p { strong { (text(insight, "message")) } }
        dl .facts {
            (fact("Severity", badge(text(insight, "severity"))))
            (fact("Status", badge(text(insight, "status"))))
            (fact("Host", host_link(view, text(insight, "hostname"))))
            (fact("Risk", html! { (number(&insight["riskScore"])) " of 100" }))
            (fact("First seen", when(&insight["timestamp"], view)))
            (fact("Last seen", when(&insight["lastSeen"], view)))
            (fact("Samples", number(&insight["count"])))
            (fact("Confidence", html! { (insight["confidence"].as_f64().map_or_else(|| "–".to_owned(), |sure| format!("{:.0} %", sure * 100.0))) }))
        }
        @if !review.is_null() {
            div .notice { p { strong { (sentence(text(insight, "status"))) } " by " (text(review, "by")) " " (when(&review["at"], view))
                ": " (text(review, "note")) } }
        }
        h2 { "Why" }
        (reasons(view, insight))
        h2 { "What to do" }
        ul { @for line in list(insight, "recommendations") { li { (line.as_str().unwrap_or_default()) } } }
        p .quiet { "Scored by " (text(insight, "model")) " " (text(insight, "modelVersion")) " (" (text(insight, "source")) ")."
            @if let Some(why) = insight["modelFailure"].as_str() { " The model behind the endpoint was asked first: " (why) "." } }
    }
}

fn reasons(view: &View<'_>, insight: &Value) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="The insight" { table {
            thead { tr { th scope="col" { "Metric" } th scope="col" .number { "Value" } th scope="col" { "Expected" }
                th scope="col" { "Since" } th scope="col" { "How rare" } th scope="col" .number { "Points" } } }
            tbody { @for one in list(insight, "findings") { tr {
                th scope="row" { (text(one, "metric")) }
                td .number { (number(&one["value"])) " " (text(one, "unit")) }
                td { (expected(one)) }
                td { (when(&one["since"], view)) }
                td { (rarity(&one["rarity"])) }
                td .number { (number(&one["points"])) }
            } } }
        } }
    }
}

fn expected(finding: &Value) -> String {
    let (low, high) = (&finding["expectedLow"], &finding["expectedHigh"]);
    let unit = text(finding, "unit");
    let words = match (low.is_null(), high.is_null()) {
        (false, false) => format!("{} to {}", number(low), number(high)),
        (true, false) => format!("at most {}", number(high)),
        (false, true) => format!("at least {}", number(low)),
        (true, true) => return "–".to_owned(),
    };
    format!("{words} {unit}").trim_end().to_owned()
}

/// Once in so many samples; a limit that was passed says nothing of how rare it is.
fn rarity(value: &Value) -> String {
    match value.as_f64() {
        None => "a limit".to_owned(),
        Some(rare) if rare > 1e6 => "less than once in a million samples".to_owned(),
        Some(rare) => format!("once in {} samples", amount(rare)),
    }
}

fn answers<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, path: &str, open: bool) -> Markup {
    let act = |path| Act { method: "POST", path, body: json!({ "note": "what is done about it" }) };
    let (seen_to, dismissal) = (format!("{path}/acknowledge"), format!("{path}/dismiss"));
    let note = view.request.field("note");
    html! {
        @if !view.session.may(Role::Operator) {
            h2 { "See to it" }
            (view.takes(Role::Operator))
        } @else {
            @if open {
                h2 { "See to it" }
                p { "Others see that somebody does, and why." }
                (view.form(&seen_to, html! {
                    label for="note" { "Note: what is done about it" }
                    input #note name="note" required maxlength="1000" autocomplete="off" value=(note);
                    button type="submit" .primary { "Acknowledge" }
                }))
                (curl(door, &act(&seen_to)))
            }
            h2 { "A false alarm" }
            p { "The next model learns from it that this is not to be found." }
            (view.form(&dismissal, html! {
                label for="none-note" { "Note: why it is a false alarm" }
                input #none-note name="note" required maxlength="1000" autocomplete="off" value=(note);
                button type="submit" .danger { "Dismiss" }
            }))
            (curl(door, &act(&dismissal)))
        }
    }
}

/// Has it acknowledged or dismissed.
pub(super) async fn review<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    id: &str,
    how: &str,
) -> Result<Answer, Failure> {
    let path = format!("/insights/{}", encode(id));
    let body = json!({ "note": view.request.field("note") });
    match door.act(&Act { method: "POST", path: &format!("{path}/{how}"), body }).await {
        Ok(_) => Ok(Answer::see_other(view.at(&path))),
        Err(failure) => show(door, view, id, &failure.objections()?).await,
    }
}
