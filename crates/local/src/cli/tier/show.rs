//! Answers of the API as a few lines for a person.
//!
//! They are read as JSON and not as types, so that the command also speaks to an API that knows more fields, or fewer.

use crate::cli::table::{Table, money};
use capstan_core::tier::request::unprintable;
use serde_json::Value;

fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        // What others wrote must not play with the terminal.
        Value::String(text) => text.replace(unprintable, "\u{fffd}"),
        other => other.to_string(),
    }
}

/// `2026-11-21T07:34:53.865Z` as `2026-11-21 07:34:53Z`.
fn time(value: &Value) -> String {
    value.as_str().map_or_else(
        || "–".to_owned(),
        |text| format!("{}Z", text.get(..19).unwrap_or(text).replace('T', " ")),
    )
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn status(body: &Value) -> String {
    let mut table = Table::new(&["tier", &text(&body["currentTier"])]);
    let mut line = |name: &str, value: String| table.row([name.to_owned(), value]);
    line("status", text(&body["transitionStatus"]));
    if !body["targetTier"].is_null() {
        line("on its way to", text(&body["targetTier"]));
    }
    line("estimated", format!("{} a month", money(&body["estimatedMonthlyCost"])));
    line("spent this month", money(&body["actualMtdCost"]));
    if !body["lastChangedAt"].is_null() {
        line("last changed", format!("{} by {}", time(&body["lastChangedAt"]), text(&body["lastChangedBy"])));
    }
    if body["cooldownActive"] == true {
        line("next change", format!("not before {}", time(&body["nextChangeAllowedAt"])));
    }
    table.text()
}

pub(super) fn plan(body: &Value) -> String {
    let mut shown = format!(
        "{} to {}, about {} min, {} to {} a month\n",
        text(&body["fromTier"]),
        text(&body["toTier"]),
        text(&body["expectedMinutes"]),
        money(&body["costBefore"]),
        money(&body["costAfter"]),
    );
    for item in items(&body["items"]) {
        shown.push_str(&format!("  {}\n", text(&item["summary"])));
    }
    section(&mut shown, "Mind:", &body["warnings"]);
    section(&mut shown, "It would be refused now:", &body["objections"]);
    shown
}

fn section(shown: &mut String, title: &str, lines: &Value) {
    if items(lines).is_empty() {
        return;
    }
    shown.push_str(&format!("{title}\n"));
    for line in items(lines) {
        let line = if line["message"].is_null() { text(line) } else { text(&line["message"]) };
        shown.push_str(&format!("  - {line}\n"));
    }
}

pub(super) fn change(body: &Value) -> String {
    if body["status"] == "REQUIRES_CONFIRMATION" {
        let token = text(&body["confirmationToken"]);
        let until = time(&body["expiresAt"]);
        let (by, role) = (&body["confirmation"]["by"], text(&body["confirmation"]["role"]));
        let how = if by == "ANOTHER_PERSON" {
            format!(
                "This has to be confirmed by somebody else, who is {role} of this tenant, until {until}. Give them this:"
            )
        } else {
            format!("This has to be confirmed, until {until}:")
        };
        return format!("{}\n{how}\n  capstan tier confirm {token}\n", what_is_confirmed(body));
    }
    format!(
        "{}: {} to {}, about {} min\ntransition {}\nfollow it: capstan tier watch\n",
        text(&body["status"]),
        text(&body["fromTier"]),
        text(&body["toTier"]),
        text(&body["estimatedCompletionMinutes"]),
        text(&body["transitionId"]),
    )
}

pub(super) fn what_is_confirmed(body: &Value) -> String {
    plan(&body["plan"])
}

pub(super) fn ended(body: &Value) -> String {
    let said = ["message", "next"].iter().find_map(|name| body[*name].as_str());
    format!("{}\n{}", text(&body["status"]), said.map(|said| format!("{said}\n")).unwrap_or_default())
}

pub(super) fn history(body: &Value, more: &str) -> String {
    let mut table = Table::new(&["started", "from", "to", "status", ">seconds", "by", "reason"]);
    for change in items(&body["changes"]) {
        let bypass = if change["bypassedCooldown"] == true { " (bypassed the cooldown)" } else { "" };
        table.row([
            time(if change["startedAt"].is_null() { &change["createdAt"] } else { &change["startedAt"] }),
            text(&change["fromTier"]),
            text(&change["toTier"]),
            text(&change["status"]),
            text(&change["durationSeconds"]),
            text(&change["changedBy"]),
            format!("{}{bypass}", text(&change["reason"])),
        ]);
    }
    let mut shown = table.text();
    if let Some(cursor) = body["cursor"].as_str() {
        if items(&body["changes"]).is_empty() {
            shown.push_str("none of those looked at fits; there are older ones\n");
        }
        shown.push_str(&format!("more: {more} --cursor {cursor}\n"));
    }
    shown
}

pub(super) fn config(body: &Value) -> String {
    let mut table = Table::new(&["field", "value"]);
    for (field, value) in body.as_object().into_iter().flatten() {
        table.row([field.clone(), text(value)]);
    }
    table.text()
}

pub(super) fn configs(body: &Value) -> String {
    let configs = items(&body["configs"]);
    let mut fields: Vec<&String> =
        configs.iter().filter_map(Value::as_object).flat_map(|one| one.keys()).collect();
    fields.sort();
    fields.dedup();
    let at =
        |index: usize, field: &str| configs.get(index).map(|config| text(&config[field])).unwrap_or_default();
    let mut table = Table::new(&["field", &at(0, "tier"), &at(1, "tier"), &at(2, "tier")]);
    for field in fields.into_iter().filter(|field| *field != "tier") {
        table.row([field.clone(), at(0, field), at(1, field), at(2, field)]);
    }
    table.text()
}

pub(super) fn compare(body: &Value) -> String {
    let mut shown = String::new();
    for tier in items(&body["tiers"]) {
        let here = if tier["tier"] == body["currentTier"] { "  ← here" } else { "" };
        let cost = money(&tier["estimatedMonthlyCost"]);
        shown.push_str(&format!(
            "{} ({}), {cost} a month{here}\n",
            text(&tier["tier"]),
            text(&tier["displayName"])
        ));
        for (mark, list) in [("+", &tier["features"]), ("-", &tier["limitations"])] {
            for line in items(list) {
                shown.push_str(&format!("  {mark} {}\n", text(line)));
            }
        }
    }
    shown
}

pub(super) fn resources(body: &Value) -> String {
    let mut table = Table::new(&["kind", "name", "state", "tier", ">USD/h", "made", "delete after"]);
    let mut retired = 0.0;
    for one in items(&body["resources"]) {
        if one["state"] == "RETIRED" {
            retired += one["hourlyCost"].as_f64().unwrap_or_default();
        }
        table.row([
            text(&one["kind"]),
            text(&one["name"]),
            text(&one["state"]),
            text(&one["tier"]),
            one["hourlyCost"].as_f64().map_or_else(|| "–".to_owned(), |cost| format!("{cost:.3}")),
            time(&one["madeAt"]),
            time(&one["deleteAfter"]),
        ]);
    }
    let total = body["hourlyCost"].as_f64().unwrap_or_default();
    let of_which =
        if retired > 0.0 { format!(", {retired:.3} of it for retired stores") } else { String::new() };
    format!("{}{total:.3} USD an hour at least{of_which}\n", table.text())
}

pub(super) fn orphans(body: &Value) -> String {
    let orphans = items(&body["orphans"]);
    if orphans.is_empty() {
        return "no orphans: everything that bears the tenant's tag is accounted for\n".to_owned();
    }
    let mut table = Table::new(&["service", "kind", "name", "made by transition"]);
    for one in orphans {
        let tags = &one["tags"];
        table.row([
            text(&one["service"]),
            text(&one["kind"]),
            text(&one["name"]),
            text(&tags["TransitionId"]),
        ]);
    }
    table.text()
}

pub(super) fn cooldown(body: &Value) -> String {
    format!(
        "{} h after each change; next change allowed: {}\n",
        text(&body["cooldownHours"]),
        if body["nextChangeAllowedAt"].is_null() {
            "now".to_owned()
        } else {
            time(&body["nextChangeAllowedAt"])
        },
    )
}

/// How a change stands, in one line.
pub(super) fn progress(body: &Value) -> String {
    let percent = body["progressPercent"].as_u64().unwrap_or(0).min(100);
    let full = usize::try_from(percent / 5).unwrap_or(0);
    format!(
        "{} to {}  [{}{}] {percent:>3}%  {}  about {} s left",
        text(&body["fromTier"]),
        text(&body["toTier"]),
        "#".repeat(full),
        ".".repeat(20 - full),
        text(&body["currentStep"]),
        text(&body["estimatedSecondsRemaining"]),
    )
}

/// How its resources stand, a line each.
pub(super) fn progress_rows(body: &Value) -> Vec<String> {
    let row = |one: &Value| {
        let note =
            ["lastError", "waitingFor"].iter().find_map(|name| one[*name].as_str()).unwrap_or_default();
        let name = text(&one["name"]);
        format!("  {:<12} {name:<36} {:<12} {note}", text(&one["service"]), text(&one["state"]))
            .trim_end()
            .to_owned()
    };
    items(&body["resources"]).iter().map(row).collect()
}

/// How the last change ended; whether well.
pub(super) fn outcome(body: &Value) -> (String, bool) {
    let last = &body["lastChange"];
    if last.is_null() {
        return ("nothing is under way".to_owned(), true);
    }
    let stuck = body["status"] == "STUCK";
    let status = if stuck { "STUCK".to_owned() } else { text(&last["status"]) };
    let mut shown = format!("{} to {}: {status}", text(&last["fromTier"]), text(&last["toTier"]));
    if let Some(seconds) = last["durationSeconds"].as_u64() {
        shown.push_str(&format!(" after {seconds} s"));
    }
    for error in items(&last["errors"]) {
        let message = error["message"].as_str().map_or_else(|| text(error), str::to_owned);
        shown.push_str(&format!("\n  {}: {message}", text(&error["name"])));
    }
    if status != "COMPLETED"
        && let Some(next) = body["next"].as_str()
    {
        shown.push_str(&format!("\nnext: {next}"));
    }
    (shown, status == "COMPLETED")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn progress_is_a_bar_with_step_and_time_left() {
        let body = json!({
            "fromTier": "DEV", "toTier": "STAGING", "progressPercent": 43, "currentStep": "WaitForProvisioning",
            "estimatedSecondsRemaining": 487,
            "resources": [{ "service": "kinesis", "name": "cato-events-1", "state": "IN_PROGRESS", "waitingFor": "ACTIVE" }],
        });
        let bar = "DEV to STAGING  [########............]  43%  WaitForProvisioning  about 487 s left";
        assert_eq!(progress(&body), bar);
        assert!(progress_rows(&body)[0].contains("IN_PROGRESS  ACTIVE"));
    }

    #[test]
    fn an_outcome_is_good_only_when_completed() {
        let body = |status: &str, last: &str| json!({ "status": status, "lastChange": { "status": last }, "next": "do x" });
        assert!(outcome(&body("STABLE", "COMPLETED")).1);
        assert!(!outcome(&body("FAILED", "ROLLED_BACK")).1);
        let (text, good) = outcome(&body("STUCK", "COMPLETED"));
        assert!(!good && text.contains("STUCK") && text.contains("do x"), "{text}");
        assert!(outcome(&json!({})).1);
    }

    #[test]
    fn what_is_missing_is_shown_as_missing() {
        let history = |body: &Value| history(body, "capstan tier history");
        for show in
            [status, plan, change, ended, config, configs, compare, resources, orphans, cooldown, history]
        {
            show(&json!({}));
            show(&json!(null));
            show(&json!([1]));
        }
    }
}
