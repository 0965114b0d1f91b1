//! System → Infrastructure Tier: where the tenant stands, what the tiers are, and the way to another.

use super::{View, badge, bar, fact};
use crate::answer::Answer;
use crate::call::{Door, Failure};
use crate::show::{hourly, list, money, sentence, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::tier::{EMERGENCY, MAX_REASON, MIN_REASON, Role};
use maud::{Markup, html};
use serde_json::{Value, json};

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let tier = door.get("/tier").await?;
    let goes_on = !text(&tier, "transitionId").is_empty();
    let progress = if goes_on { door.get("/tier/transition-status").await? } else { Value::Null };
    let standing = standing(view, &tier, &progress);
    // Somebody else may begin something at any time.
    let every = Some(if goes_on { "4s" } else { "30s" });
    // The cards are of the tier that is the current one.
    let state = format!("{} {}", text(&tier, "currentTier"), if goes_on { "moves" } else { "stands" });
    let standing = view.live("/tier", every, &state, standing);
    if let Some(alone) = standing.alone() {
        return Ok(alone);
    }
    let compared = door.get("/tier/compare").await?;
    // What it costs now is worth seeing, but not worth the page.
    let ledger = door.get("/tier/resources").await.unwrap_or_default();
    let cards = html! {
        h2 { "The tiers" }
        // It leads to the plan, and does nothing yet.
        form .wide method="get" action=(view.at("/tier/plan")) {
            label for="reason" { "Reason for a move, for the record (at least " (MIN_REASON) " characters; it can be given with the plan, too)" }
            textarea #reason name="reason" rows="2" maxlength=(MAX_REASON) {}
            div .cards { @for one in list(&compared, "tiers") { (card(&tier, one)) } }
        }
        p .quiet { "Prices: " (text(&compared["prices"], "source")) ", " (text(&compared["prices"], "date")) "." }
    };
    Ok(view.live_page("Infrastructure Tier", goes_on, html! { (standing) (running(view, &ledger)) (cards) }))
}

/// What is, now.
fn standing(view: &View<'_>, tier: &Value, progress: &Value) -> Markup {
    let status = text(tier, "transitionStatus");
    html! {
        dl .facts {
            (fact("Current tier", html! { strong .tier { (text(tier, "currentTier")) } }))
            (fact("Status", badge(status)))
            (fact("Estimated cost", html! { (money(&tier["estimatedMonthlyCost"])) " a month" }))
            (fact("This month so far", spent(tier)))
            (fact("Last change", html! {
                (time(&tier["lastChangedAt"], view.now))
                @if !text(tier, "lastChangedBy").is_empty() { " by " (text(tier, "lastChangedBy")) }
            }))
        }
        @if !progress.is_null() { (under_way(view, progress)) }
        @if status == "FAILED" {
            div .notice.warn { p { "The last change was not finished and has been undone: the tenant is in " (text(tier, "currentTier")) " as before. "
                a href=(view.at("/tier/progress")) { "How it went" } } }
        } @else if status == "STABLE" && !tier["lastChangedAt"].is_null() {
            p { a href=(view.at("/tier/progress")) { "How the last change went" } }
        }
        @if status == "STUCK" {
            div .notice.bad role="alert" { p { strong { "Stuck." } " The last change could be neither finished nor undone. "
                a href=(view.at("/tier/progress")) { "See why, and the next safe step" } "." } }
        }
        @if tier["cooldownActive"] == true { (cooldown(view, tier)) }
    }
}

/// What stands there now and costs by the hour; what is kept for a while after a change is in no estimate.
fn running(view: &View<'_>, ledger: &Value) -> Markup {
    let all = list(ledger, "resources");
    let kept = || all.iter().filter(|one| text(one, "state") == "RETIRED");
    let kept_cost: f64 = kept().filter_map(|one| one["hourlyCost"].as_f64()).sum();
    let until = kept().filter_map(|one| one["deleteAfter"].as_str()).max();
    html! {
        @if !all.is_empty() { p {
            "What stands there now costs " strong { (hourly(&ledger["hourlyCost"])) } " an hour, each at its least capacity"
            @if kept_cost > 0.0 { "; of it " strong { (hourly(&json!(kept_cost))) } " for what is retired and kept"
                @if let Some(until) = until { ", the last of it deleted " (time(&json!(until), view.now)) } }
            ". " a href=(view.at("/tier/resources")) { "The resources" }
        } }
    }
}

fn spent(tier: &Value) -> Markup {
    let (spent, estimate) = (tier["actualMtdCost"].as_f64(), tier["estimatedMonthlyCost"].as_f64());
    let share =
        spent.zip(estimate).filter(|(_, estimate)| *estimate > 0.0).map(|(spent, of)| 100.0 * spent / of);
    html! {
        (money(&tier["actualMtdCost"]))
        @if let Some(share) = share { span .quiet { " (" (format!("{share:.1}")) " % of the month's estimate)" } }
        @if let Some(why) = tier["actualMtdCostError"].as_str() { span .quiet { " (" (why) ")" } }
    }
}

fn under_way(view: &View<'_>, progress: &Value) -> Markup {
    let to = text(progress, "toTier");
    html! {
        div .notice.busy {
            p { strong { (text(progress, "fromTier")) " → " (to) } ": " (sentence(text(progress, "status"))) ", at "
                code { (text(progress, "currentStep")) } ". " a href=(view.at("/tier/progress")) { "Follow or stop it" } }
            (bar(progress["progressPercent"].as_u64(), "Progress of the change"))
        }
    }
}

fn cooldown(view: &View<'_>, tier: &Value) -> Markup {
    html! {
        div .notice {
            p { "Cooldown: the next change is allowed " strong { (time(&tier["nextChangeAllowedAt"], view.now)) }
                ", " (tier["cooldownHours"]) " h after the last one." }
            @if view.session.may(Role::SuperAdmin) {
                p { "In an emergency you may bypass it: plan the move below, and give a reason that begins with "
                    code { (EMERGENCY) } "." }
            }
        }
    }
}

fn card(now: &Value, tier: &Value) -> Markup {
    let name = text(tier, "tier");
    let current = name == text(now, "currentTier");
    let parts = tier["costBreakdown"].as_object();
    html! {
        section .card.current[current] aria-labelledby={ "tier-" (name) } {
            h3 id={ "tier-" (name) } { (name) @if current { " " span .badge.good { "Current" } } }
            p .price { (money(&tier["estimatedMonthlyCost"])) span .quiet { " a month" } }
            ul { @for line in list(tier, "features") { li { (line.as_str().unwrap_or_default()) } } }
            @if !list(tier, "limitations").is_empty() {
                p .quiet { "Limits" }
                ul .limits { @for line in list(tier, "limitations") { li { (line.as_str().unwrap_or_default()) } } }
            }
            details { summary { "What it costs, part by part" }
                table { tbody { @for (part, cost) in parts.into_iter().flatten() { tr { th scope="row" { (part) } td .number { (money(cost)) } } } } }
            }
            @if !current { button type="submit" name="target" value=(name) { "Plan a move to " (name) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fake::Fake;
    use serde_json::json;

    /// A tenant in a tier, with a change under way where there is an id.
    fn tenant(current: &str, status: &str, id: &str) -> Fake {
        let tier = json!({"currentTier": current, "transitionStatus": status, "transitionId": id});
        let compared = json!({"tiers": [{"tier": "DEV"}, {"tier": "STAGING"}]});
        let progress = json!({"fromTier": "DEV", "toTier": "STAGING"});
        Fake::of("admin")
            .answers("GET", "/tier", 200, tier)
            .answers("GET", "/tier/transition-status", 200, progress)
            .answers("GET", "/tier/compare", 200, compared)
    }

    #[test]
    fn the_cards_are_loaded_anew_when_another_tier_is_the_current_one() {
        let moving = tenant("DEV", "SCALING_UP", "019b");
        moving
            .get("/tier")
            .has(&["hx-get=\"/console/tier?live=live&amp;was=DEV%20moves\" hx-trigger=\"every 4s\""]);
        assert!(!moving.get("/tier?live=live&was=DEV moves").reloads);
        assert!(tenant("STAGING", "STABLE", "").get("/tier?live=live&was=DEV moves").reloads);
        let undone = tenant("DEV", "FAILED", "");
        assert!(undone.get("/tier?live=live&was=DEV moves").reloads);
        undone.get("/tier").has(&["was=DEV%20stands\" hx-trigger=\"every 30s\""]);
    }

    #[test]
    fn what_is_kept_after_a_change_is_not_left_out_of_what_is_paid() {
        let one = |state: &str, cost: f64, until: Option<&str>| json!({"state": state, "hourlyCost": cost, "deleteAfter": until});
        let ledger = json!({"hourlyCost": 15.82, "resources": [
            one("SERVING", 0.81, None), one("RETIRED", 12.0, Some("2026-01-09T00:00:00.000Z")), one("RETIRED", 3.01, Some("2026-01-11T00:00:00.000Z")),
        ]});
        tenant("DEV", "FAILED", "").answers("GET", "/tier/resources", 200, ledger).get("/tier").says(&[
            "has been undone: the tenant is in DEV as before",
            "now costs $15.82 an hour",
            "of it $15.01 for what is retired and kept, the last of it deleted in 6 d 12 h",
        ]);
        let text = tenant("DEV", "STABLE", "").get("/tier").text();
        assert!(!text.contains("an hour") && !text.contains("How the last"), "{text}");
    }

    #[test]
    fn a_page_that_met_the_limit_comes_back_by_itself_and_a_form_does_not() {
        let limited = json!({"code": "TOO_MANY_REQUESTS", "detail": "wait"});
        let api = Fake::of("admin").answers("GET", "/tier", 429, limited.clone()).answers(
            "POST",
            "/tier/change",
            429,
            limited,
        );
        let page = api.get("/tier");
        assert_eq!((page.status, page.comes_back.as_deref()), (429, Some("5")));
        let form = api.post("/tier/change", &[("target", "STAGING"), ("reason", "load test")]);
        assert_eq!((form.status, form.comes_back), (429, None));
    }
}
