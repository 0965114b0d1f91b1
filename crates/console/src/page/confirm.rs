//! What has to be confirmed: by whoever asked for it, who sees the cost, or by a second person, who sees what the token
//! stands for.

use super::plan::{shown, words};
use super::{View, curl, fact, objections, plan};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{list, money, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::tier::Role;
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
    let act = Act { method: "POST", path: "/tier/confirm", body: meant(token, to) };
    let by = &asked["confirmation"];
    let content = html! {
        div .notice.warn role="alert" {
            p { strong { "This costs " (money(&plan["costAfter"])) " a month" } ", now " (money(&plan["costBefore"])) ". "
                "It has to be confirmed " (time(&asked["expiresAt"], view.wall)) " at the latest." }
            @for line in list(asked, "warnings") { p { (words(line)) } }
        }
        @if text(by, "by") == "ANOTHER_PERSON" {
            p { "Somebody else with the role " strong { (text(by, "role").replace('_', " ")) } " has to confirm it. Give them this token:" }
            pre tabindex="0" { code { (token) } }
            p { "They confirm it at this address, where they see first what it stands for:" }
            pre tabindex="0" { code { (view.request.origin) (view.at("/tier/confirm")) } }
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

/// The page of the second person: first the token, then what it stands for.
pub(crate) fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Answer {
    ask_token(door, view, &[])
}

fn ask_token<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>, refused: &[String]) -> Answer {
    let body = json!({ "confirmationToken": "what you were given", "dryRun": true });
    let content = html! {
        (objections(refused))
        p { "Where a change takes two persons, who asked for it gives the token to a second one, who sees here what it stands for before confirming it." }
        @if view.session.may(Role::Admin) {
            (view.form("/tier/confirm", html! {
                input type="hidden" name="second" value="yes";
                label for="token" { "Token" }
                input #token name="token" required autocomplete="off" spellcheck="false" value=(view.request.field("token"));
                button type="submit" .primary { "See what it stands for" }
            }))
        } @else { (view.takes(Role::Admin)) }
        (curl(door, &Act { method: "POST", path: "/tier/confirm", body }))
    };
    let status = if refused.is_empty() { 200 } else { 400 };
    view.page("Confirm what somebody else asked for", content).with_status(status)
}

/// What the second person confirms, as the API tells it of the token.
async fn second<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    refused: &[String],
) -> Result<Answer, Failure> {
    let token = view.request.field("token");
    let body = json!({ "confirmationToken": token, "dryRun": true });
    let asked = match door.post("/tier/confirm", body).await {
        Ok(asked) => asked,
        Err(failure) => {
            let lines = failure.objections()?;
            return Ok(ask_token(door, view, if refused.is_empty() { &lines } else { refused }));
        }
    };
    let plan = &asked["plan"];
    let to = text(plan, "toTier");
    let act = Act { method: "POST", path: "/tier/confirm", body: meant(token, to) };
    let content = html! {
        (objections(refused))
        dl .facts {
            (fact("From → to", html! { strong { (text(plan, "fromTier")) " → " (to) } }))
            (fact("Asked for by", text(&asked, "requestedBy")))
            (fact("To be confirmed", time(&asked["expiresAt"], view.wall)))
        }
        p { "Why: " q { (text(&asked, "reason")) } }
        @if asked["bypassesCooldown"] == true { div .notice.warn { p { "It bypasses the cooldown." } } }
        (shown(plan))
        h2 { "Confirm it" }
        @if text(&asked["confirmation"], "by") == "ANOTHER_PERSON" && text(&asked, "requestedBy") == view.session.subject {
            p { "You asked for it yourself: somebody else has to confirm it. Give them the token." }
        } @else {
            (view.form("/tier/confirm", html! {
                input type="hidden" name="second" value="yes";
                input type="hidden" name="token" value=(token);
                (typed(to))
            }))
        }
        (curl(door, &act))
    };
    let status = if refused.is_empty() { 200 } else { 400 };
    Ok(view.page(&format!("Confirm the move to {to}"), content).with_status(status))
}

/// What is confirmed, and where who confirms means to go.
fn meant(token: &str, to: &str) -> Value {
    json!({ "confirmationToken": token, "targetTier": to })
}

/// Confirms it.
pub(crate) async fn confirm<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let request = view.request;
    let (token, to) = (request.field("token"), request.field("to"));
    let is_second = request.field("second") == "yes";
    if is_second && to.is_empty() {
        return second(door, view, &[]).await;
    }
    if !request.field("typed").eq_ignore_ascii_case(&phrase(to)) {
        let wrong = [format!("Type `{}` to confirm it; the token is still good.", phrase(to))];
        return if is_second { second(door, view, &wrong).await } else { Ok(again(view, &wrong)) };
    }
    match door.act(&Act { method: "POST", path: "/tier/confirm", body: meant(token, to) }).await {
        // Or the same form, sent twice before the first answer was there.
        Ok(_) | Err(Failure::InProgress) => Ok(Answer::see_other(view.at("/tier/progress"))),
        Err(failure) if is_second => second(door, view, &failure.objections()?).await,
        Err(failure) => plan::render(door, view, to, request.field("reason"), &failure.objections()?).await,
    }
}

/// The form once more, for who asked and has mistyped.
fn again(view: &View<'_>, wrong: &[String]) -> Answer {
    let request = view.request;
    let content = html! {
        (objections(wrong))
        (view.form("/tier/confirm", html! {
            input type="hidden" name="token" value=(request.field("token"));
            input type="hidden" name="reason" value=(request.field("reason"));
            (typed(request.field("to")))
        }))
        p { "Or " a href=(view.at("/tier")) { "leave it" } ": an unconfirmed change is forgotten." }
    };
    view.page("Nothing was done", content).with_status(400)
}

#[cfg(test)]
mod tests {
    use crate::fake::{Fake, HOSTILE, harmless};
    use serde_json::{Value, json};

    fn plan() -> Value {
        json!({"fromTier": "STAGING", "toTier": "PRODUCTION", "costBefore": 35_000, "costAfter": 750_000, "items": []})
    }

    fn api(confirmed: (u16, Value)) -> Fake {
        let asked = json!({"status": "TO_BE_CONFIRMED", "plan": plan(), "requestedBy": "ada", "reason": HOSTILE, "bypassesCooldown": true,
            "expiresAt": "2026-01-04T12:10:00.000Z"});
        Fake::of("admin").answers("POST", "/tier/confirm", 200, asked).answers(
            "POST",
            "/tier/confirm",
            confirmed.0,
            confirmed.1,
        )
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
            "http://127.0.0.1:3000/console/tier/confirm",
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
    fn the_second_person_sees_what_the_token_stands_for_and_confirms_that() {
        let api = api((200, json!({"status": "INITIATED"})));
        api.get("/tier/confirm").has(&["name=\"token\""]);
        let seen = api.post("/tier/confirm", &[("second", "yes"), ("token", " t0ken ")]);
        seen.says(&[
            "STAGING → PRODUCTION",
            "$750,000",
            "Asked for by ada",
            "It bypasses the cooldown.",
            "move to PRODUCTION",
        ]);
        harmless(&seen);
        let fields =
            [("second", "yes"), ("to", "PRODUCTION"), ("token", "t0ken"), ("typed", "move to production")];
        let done = api.post("/tier/confirm", &fields);
        assert_eq!((done.status, done.location.as_deref()), (303, Some("/console/tier/progress")));
        let bodies: Vec<Value> = api.acts().into_iter().map(|act| act.body).collect();
        let looked = json!({"confirmationToken": "t0ken", "dryRun": true});
        assert_eq!(bodies, [looked, json!({"confirmationToken": "t0ken", "targetTier": "PRODUCTION"})]);
        let viewer = Fake::of("operator").get("/tier/confirm");
        viewer.says(&["It takes the role admin."]);
        assert!(!viewer.body.contains("name=\"token\""));
    }

    #[test]
    fn what_was_typed_is_not_lost() {
        let used = json!({"errors": [{"code": "TOKEN_USED", "message": "this token was used"}]});
        let fields = [("second", "yes"), ("to", "PRODUCTION"), ("token", "t0ken"), ("typed", "yes")];
        let mistyped = api((400, used.clone())).post("/tier/confirm", &fields);
        assert_eq!(mistyped.status, 400);
        mistyped.says(&["Type `move to PRODUCTION` to confirm it", "STAGING → PRODUCTION"]);
        let api = Fake::of("admin").answers("POST", "/tier/confirm", 400, used);
        let refused = api.post("/tier/confirm", &[("second", "yes"), ("token", "t0ken")]);
        refused.says(&["this token was used"]);
        refused.has(&["value=\"t0ken\""]);
    }
}
