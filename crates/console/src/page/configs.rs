//! Configure Tiers: the three side by side, and how long one waits between two changes.

use super::{View, curl, field, objections, saved};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{list, money, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
use capstan_core::tier::state::MAX_COOLDOWN_HOURS;
use maud::{Markup, html};
use serde_json::{Value, json};

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    render(door, view, None, &[]).await
}

async fn render<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    hours: Option<&str>,
    refused: &[String],
) -> Result<Answer, Failure> {
    let all = door.get("/tier/configs").await?;
    let tier = door.get("/tier").await?;
    let content = html! {
        (objections(refused))
        @if view.request.asked("saved") == Some("cooldown") { (saved("The cooldown is as you set it.")) }
        p { "What each tier is made of. An edit takes effect with the next change to that tier; nothing that runs is touched." }
        (side_by_side(view, list(&all, "configs"), text(&tier, "currentTier")))
        (cooldown(door, view, &tier, hours))
    };
    let status = if refused.is_empty() { 200 } else { 422 };
    Ok(view.page("Configure Tiers", content).with_status(status))
}

/// A row for each setting that any of them has.
fn side_by_side(view: &View<'_>, configs: &[Value], current: &str) -> Markup {
    let mut names: Vec<&String> =
        configs.iter().filter_map(Value::as_object).flat_map(|one| one.keys()).collect();
    names.retain(|name| field::is_setting(name));
    names.sort_unstable();
    names.dedup();
    let mut groups: Vec<String> = names.iter().map(|name| field::group(name)).collect();
    groups.dedup();
    html! {
        div .scroll tabindex="0" role="region" aria-label="Settings" { table .configs {
            thead { tr {
                th scope="col" { "Setting" }
                @for one in configs { th scope="col" {
                    (text(one, "tier")) @if text(one, "tier") == current { " " span .badge.good { "Current" } }
                } }
            } }
            tbody {
                tr { th scope="row" { "Name" } @for one in configs { td { (text(one, "displayName")) } } }
                tr { th scope="row" { "Cost a month, estimated" } @for one in configs { td { strong { (money(&one["estimatedMonthlyCost"])) } } } }
                tr { th scope="row" { "Version" } @for one in configs { td {
                    @if one["version"] == 0 { "as delivered" } @else { (one["version"]) }
                } } }
                tr { th scope="row" { "Change it" } @for one in configs { td {
                    a .button href=(view.at(&format!("/tier/configs/{}", text(one, "tier")))) { "Edit " (text(one, "tier")) }
                } } }
            }
            @for group in groups { tbody {
                tr { th .group scope="rowgroup" colspan=(configs.len() + 1) { (group) } }
                @for name in names.iter().filter(|name| field::group(name) == group) { tr {
                    th scope="row" title=(name) { (field::label(name)) }
                    @for one in configs { td { (field::value(name, &one[name.as_str()])) } }
                } }
            } }
        } }
    }
}

fn cooldown<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, tier: &Value, typed: Option<&str>) -> Markup {
    let hours = typed.map_or_else(|| tier["cooldownHours"].to_string(), str::to_owned);
    let act = Act { method: "PUT", path: "/tier/cooldown", body: json!({ "hours": tier["cooldownHours"] }) };
    html! {
        h2 #cooldown { "Cooldown" }
        p { "After a change, the next one has to wait " strong { (tier["cooldownHours"]) " h" } "."
            @if tier["cooldownActive"] == true { " It is allowed " (time(&tier["nextChangeAllowedAt"], view.now)) "." } }
        @if view.session.may(Role::SuperAdmin) {
            (view.form("/tier/cooldown", html! {
                label for="hours" { "Hours between two changes, 0 to " (MAX_COOLDOWN_HOURS) }
                input #hours type="number" name="hours" min="0" max=(MAX_COOLDOWN_HOURS) step="1" required value=(hours);
                button type="submit" { "Set the cooldown" }
            }))
        } @else { (view.takes(Role::SuperAdmin)) }
        (curl(door, &act))
    }
}

/// Sets the cooldown.
pub(crate) async fn set_cooldown<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
) -> Result<Answer, Failure> {
    let typed = view.request.field("hours");
    let body = json!({ "hours": super::config::number(typed) });
    match door.act(&Act { method: "PUT", path: "/tier/cooldown", body }).await {
        Ok(_) => Ok(Answer::see_other(view.at("/tier/configs?saved=cooldown#cooldown"))),
        Err(failure) => render(door, view, Some(typed), &failure.objections()?).await,
    }
}

#[cfg(test)]
mod tests {
    use crate::fake::{Fake, HOSTILE, harmless};
    use capstan_core::tier::{Tier, TierConfig};
    use serde_json::{Value, json};

    fn api(role: &'static str) -> Fake {
        let config = |tier: Tier| {
            let mut config = json!(TierConfig::default_for(tier));
            config["tier"] = json!(tier);
            config["version"] = json!(if tier == Tier::Dev { 0 } else { 3 });
            config["estimatedMonthlyCost"] =
                json!(TierConfig::default_for(tier).estimated_monthly_cost(tier));
            config
        };
        let mut configs = Tier::ALL.map(config);
        configs[1]["displayName"] = json!(HOSTILE);
        Fake::of(role).answers("GET", "/tier/configs", 200, json!({ "configs": configs })).answers(
            "GET",
            "/tier",
            200,
            json!({"currentTier": "STAGING", "cooldownHours": 24, "cooldownActive": true,
                "nextChangeAllowedAt": "2026-01-04T14:00:00.000Z"}),
        )
    }

    #[test]
    fn the_three_stand_side_by_side() {
        let page = api("viewer").get("/tier/configs");
        assert_eq!(page.status, 200);
        page.says(&[
            "STAGING Current",
            "$350 $35,000 $750,000",
            "as delivered 3 3",
            "Shadow self min instances 0 2 50",
            "Shard count – 5 20",
            "Monthly curiosity limit $100 $5,000 $50,000",
            "wait 24 h . It is allowed in 2 h",
            "It takes the role super admin",
        ]);
        page.has(&[r#"href="/console/tier/configs/PRODUCTION""#, r#"aria-current="page""#]);
        assert!(!page.body.contains(r#"action="/console/tier/cooldown""#));
        harmless(&page);
    }

    #[test]
    fn a_super_admin_sets_the_cooldown() {
        let api = api("super_admin").answers("PUT", "/tier/cooldown", 200, json!({"cooldownHours": 48}));
        let page = api.get("/tier/configs");
        page.has(&[r#"name="hours" min="0" max="168""#, "curl -X PUT"]);
        let done = api.post("/tier/cooldown", &[("hours", "48")]);
        assert_eq!(
            (done.status, done.location.as_deref()),
            (303, Some("/console/tier/configs?saved=cooldown#cooldown"))
        );
        assert_eq!(api.acts()[0].body, json!({"hours": 48}));
        api.get("/tier/configs?saved=cooldown").says(&["The cooldown is as you set it."]);
    }

    #[test]
    fn what_the_api_says_of_the_cooldown_stands_above_what_was_typed() {
        let said = json!({"errors": [{"field": "hours", "message": "\"soon\" is not a whole number from 0 to 168"}]});
        let api = api("super_admin").answers("PUT", "/tier/cooldown", 422, said);
        let page = api.post("/tier/cooldown", &[("hours", "soon")]);
        assert_eq!((page.status, &api.acts()[0].body), (422, &json!({"hours": "soon"})));
        page.has(&["is not a whole number from 0 to 168", r#"value="soon""#]);
        assert_eq!(api.acts()[0].body["hours"], Value::from("soon"));
    }
}
