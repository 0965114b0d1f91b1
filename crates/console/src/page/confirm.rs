//! What has to be confirmed: by who asked, with the cost before his eyes, or by a second person, who sees the plan anew.

use super::plan::{shown, words};
use super::{View, curl, fact, objections, plan};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{list, money, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::tier::Tier;
use capstan_core::web::with_query;
use maud::{Markup, html};
use serde_json::{Value, json};

/// What has to be typed before it is done.
fn phrase(to: &str) -> String {
    format!("move to {to}")
}

/// What it costs, after it was asked for: to be confirmed here, or by somebody else.
pub(super) fn asked<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    asked: &Value,
    reason: &str,
) -> Answer {
    let plan = &asked["plan"];
    let (to, token) = (text(plan, "toTier"), text(asked, "confirmationToken"));
    let act = Act { method: "POST", path: "/tier/confirm", body: json!({ "confirmationToken": token }) };
    let by = &asked["confirmation"];
    let content = html! {
        div .notice.warn role="alert" {
            p { strong { "This costs " (money(&plan["costAfter"])) " a month" } ", now " (money(&plan["costBefore"])) ". "
                "It has to be confirmed " (time(&asked["expiresAt"], view.wall)) " at the latest." }
            @for line in list(asked, "warnings") { p { (words(line)) } }
        }
        @if text(by, "by") == "ANOTHER_PERSON" {
            p { "Somebody else with the role " strong { (text(by, "role")) } " has to confirm it. Give them this token:" }
            pre tabindex="0" { code { (token) } }
            p { "It is confirmed on this page, where they see the plan too:" }
            pre tabindex="0" { code { (view.request.origin) (view.at(&with_query("/tier/confirm", &[("to", to)]))) } }
            p { "Then " a href=(view.at("/tier/progress")) { "follow it" } "." }
        } @else {
            (view.form("/tier/confirm", html! {
                input type="hidden" name="token" value=(token);
                input type="hidden" name="reason" value=(reason);
                (typed(to))
            }))
        }
        (curl(door, &act))
        details { summary { "The plan" } (shown(plan)) }
    };
    view.page(&format!("Confirm the move to {to}"), content)
}

/// What both type, and the button.
fn typed(to: &str) -> Markup {
    html! {
        input type="hidden" name="to" value=(to);
        label for="typed" { "To confirm, type: " code { (phrase(to)) } }
        input #typed name="typed" required autocomplete="off" spellcheck="false";
        button type="submit" .primary { "Confirm the move to " (to) }
    }
}

/// The page of the second person.
pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let to = view.request.asked("to").and_then(Tier::parse);
    second(door, view, to, &[]).await
}

async fn second<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    to: Option<Tier>,
    refused: &[String],
) -> Result<Answer, Failure> {
    let Some(to) = to.map(Tier::as_str) else {
        let now = door.get("/tier").await?;
        let others = || Tier::ALL.into_iter().filter(|tier| tier.as_str() != text(&now, "currentTier"));
        let content = html! {
            p { "Where a change takes two persons, the second one gets a token from the first. Where does it lead?" }
            p { @for tier in others() { a .button href=(view.at(&format!("/tier/confirm?to={tier}"))) { (tier) } " " } }
        };
        return Ok(view.page("Confirm what somebody else asked for", content));
    };
    let plan = door.post("/tier/plan", json!({ "targetTier": to })).await?;
    let act = Act {
        method: "POST",
        path: "/tier/confirm",
        body: json!({ "confirmationToken": "what you were given" }),
    };
    let content = html! {
        (objections(refused))
        p { "Somebody else asked for this, and gave you a token. If the tenant or the tier's configuration has moved on since, the token is good no more." }
        dl .facts { (fact("From → to", html! { strong { (text(&plan, "fromTier")) " → " (to) } })) }
        (shown(&plan))
        h2 { "Confirm it" }
        (view.form("/tier/confirm", html! {
            input type="hidden" name="second" value="yes";
            label for="token" { "Token" }
            input #token name="token" required autocomplete="off" spellcheck="false" value=(view.request.field("token"));
            (typed(to))
        }))
        (curl(door, &act))
    };
    let status = if refused.is_empty() { 200 } else { 400 };
    Ok(view.page(&format!("Confirm the move to {to}"), content).with_status(status))
}

/// Confirms it.
pub(crate) async fn confirm<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let request = view.request;
    let (token, to) = (request.field("token"), request.field("to"));
    let tier = Tier::parse(to).filter(|_| request.field("second") == "yes");
    if !request.field("typed").eq_ignore_ascii_case(&phrase(to)) {
        if tier.is_some() {
            return second(door, view, tier, &[format!("Type `{}` to confirm it.", phrase(to))]).await;
        }
        let content = html! {
            (objections(&[format!("Type `{}` to confirm it; the token is still good.", phrase(to))]))
            (view.form("/tier/confirm", html! {
                input type="hidden" name="token" value=(token);
                input type="hidden" name="reason" value=(request.field("reason"));
                (typed(to))
            }))
            p { "Or " a href=(view.at("/tier")) { "leave it" } ": an unconfirmed change is forgotten." }
        };
        return Ok(view.page("Nothing was done", content).with_status(400));
    }
    let body = json!({ "confirmationToken": token });
    match door.act(&Act { method: "POST", path: "/tier/confirm", body }).await {
        // Or the same form, sent twice before the first answer was there.
        Ok(_) | Err(Failure::InProgress) => Ok(Answer::see_other(view.at("/tier/progress"))),
        Err(failure) if tier.is_some() => second(door, view, tier, &failure.objections()?).await,
        Err(failure) => plan::render(door, view, to, request.field("reason"), &failure.objections()?).await,
    }
}

#[cfg(test)]
mod tests {
    use crate::fake::Fake;
    use serde_json::{Value, json};

    fn plan() -> Value {
        json!({"fromTier": "STAGING", "toTier": "PRODUCTION", "costBefore": 35_000, "costAfter": 750_000, "items": []})
    }

    fn api(confirmed: (u16, Value)) -> Fake {
        Fake::of("admin")
            .answers("GET", "/tier", 200, json!({"currentTier": "STAGING"}))
            .answers("POST", "/tier/plan", 200, plan())
            .answers("POST", "/tier/confirm", confirmed.0, confirmed.1)
    }

    #[test]
    fn who_asked_is_told_how_the_second_person_confirms() {
        let asked = |by: &str| {
            json!({"status": "REQUIRES_CONFIRMATION", "confirmationToken": "t0ken", "plan": plan(), "warnings": [],
                "confirmation": {"by": by, "role": "admin"}, "expiresAt": "2026-01-04T12:10:00.000Z"})
        };
        let ask = |by: &str| {
            let api = Fake::of("admin").answers("POST", "/tier/change", 200, asked(by));
            api.post("/tier/change", &[("target", "PRODUCTION"), ("reason", "the launch of Tuesday")])
        };
        let two = ask("ANOTHER_PERSON");
        two.says(&[
            "Somebody else with the role admin",
            "t0ken",
            "/console/tier/confirm?to=PRODUCTION",
            "$750,000 a month",
        ]);
        assert!(!two.body.contains("name=\"typed\""), "who asked has nothing to type");
        let again =
            Fake::of("admin").post("/tier/confirm", &[("token", "t0ken"), ("to", "DEV"), ("typed", "yes")]);
        again.says(&["Nothing was done", "Type `move to DEV`"]);
        again.has(&["value=\"t0ken\"", "name=\"typed\""]);
        let one = ask("REQUESTER");
        one.has(&["name=\"typed\"", "value=\"t0ken\""]);
        assert!(!one.text().contains("Somebody else"));
    }

    #[test]
    fn the_second_person_sees_the_plan_and_confirms_with_the_token() {
        let api = api((200, json!({"status": "INITIATED"})));
        let choice = api.get("/tier/confirm");
        choice.has(&["href=\"/console/tier/confirm?to=PRODUCTION\""]);
        assert!(!choice.body.contains("confirm?to=STAGING"), "where the tenant is, nothing leads");
        api.get("/tier/confirm?to=PRODUCTION").says(&[
            "STAGING → PRODUCTION",
            "$750,000",
            "move to PRODUCTION",
        ]);
        let fields =
            [("second", "yes"), ("to", "PRODUCTION"), ("token", " t0ken "), ("typed", "move to production")];
        let done = api.post("/tier/confirm", &fields);
        assert_eq!((done.status, done.location.as_deref()), (303, Some("/console/tier/progress")));
        assert_eq!(api.acts().last().unwrap().body, json!({"confirmationToken": "t0ken"}));
    }

    #[test]
    fn what_was_typed_is_not_lost() {
        let api = api((400, json!({"errors": [{"code": "TOKEN_USED", "message": "this token was used"}]})));
        let fields = [("second", "yes"), ("to", "PRODUCTION"), ("token", "t0ken"), ("typed", "yes")];
        let mistyped = api.post("/tier/confirm", &fields);
        assert_eq!(mistyped.status, 400);
        mistyped.says(&["Type `move to PRODUCTION` to confirm it."]);
        mistyped.has(&["value=\"t0ken\""]);
        assert!(api.acts().iter().all(|act| act.path == "/tier/plan"), "nothing was confirmed");
        let refused = api.post("/tier/confirm", &[&fields[..3], &[("typed", "move to PRODUCTION")]].concat());
        refused.says(&["this token was used"]);
        refused.has(&["value=\"t0ken\""]);
    }
}
