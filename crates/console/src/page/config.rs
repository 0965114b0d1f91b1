//! One tier's configuration: the form, the review of an edit, and what to do when somebody else was faster.
//!
//! The form knows what each field was when it was shown (`was.…`), so an edit is what somebody changed and nothing else:
//! going on from what another person has saved keeps what both wanted. The review has no call of its own in the API, so it
//! asks the core what the API will ask it, and the API asks it again.

use super::{View, curl, fact, field, objections, saved};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::request::Request;
use crate::show::{money, text};
use capstan_core::ports::ApiClient;
use capstan_core::tier::edit::{self, EDITABLE, Takes};
use capstan_core::tier::{Role, Tier, TierConfig};
use capstan_core::web::encode;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

pub(crate) async fn show<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    tier: &str,
) -> Result<Answer, Failure> {
    let config = read(door, tier).await?;
    Ok(form(door, view, &config, &Map::new(), &[]))
}

async fn read<P: ApiClient>(door: &Door<'_, P>, tier: &str) -> Result<Value, Failure> {
    door.get(&format!("/tier/configs/{}", encode(tier))).await
}

/// The form again with what was typed, on what is saved now.
pub(crate) async fn go_on<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    tier: &str,
) -> Result<Answer, Failure> {
    let config = read(door, tier).await?;
    Ok(form(door, view, &config, &wanted(view.request), &[]))
}

/// What an edit would change and cost, before it is saved.
pub(crate) async fn review<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    tier: &str,
) -> Result<Answer, Failure> {
    let config = read(door, tier).await?;
    let wanted = wanted(view.request);
    if number(view.request.field("version")) != config["version"] {
        return Ok(conflict(view, &config, &wanted));
    }
    if wanted.is_empty() {
        let said = "Nothing differs from what is saved.".to_owned();
        return Ok(form(door, view, &config, &wanted, &[said]));
    }
    match cost_after(&config, &wanted) {
        Ok(cost) => Ok(reviewed(door, view, &config, &wanted, &cost)),
        Err(lines) => Ok(form(door, view, &config, &wanted, &lines)),
    }
}

/// Saves it.
pub(crate) async fn save<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    tier: &str,
) -> Result<Answer, Failure> {
    let wanted = wanted(view.request);
    let path = format!("/tier/configs/{}", encode(tier));
    let body = body(&number(view.request.field("version")), &wanted);
    match door.act(&Act { method: "PUT", path: &path, body }).await {
        Ok(now) => Ok(Answer::see_other(view.at(&format!("{path}?saved={}", now["version"])))),
        Err(failure @ Failure::Refused { status: 409, .. }) if failure.code() == Some("STALE_VERSION") => {
            let now = read(door, tier).await?;
            // Sent twice, or saved by an answer that was lost: it is as was wished.
            if wanted.iter().all(|(name, wish)| value(name, &plain(&now[name])) == *wish) {
                return Ok(Answer::see_other(view.at(&format!("{path}?saved={}", now["version"]))));
            }
            Ok(conflict(view, &now, &wanted))
        }
        Err(failure @ Failure::Refused { status: 400 | 409 | 422, .. }) => {
            Ok(form(door, view, &read(door, tier).await?, &wanted, &failure.lines()))
        }
        Err(failure) => Err(failure),
    }
}

fn body(version: &Value, wanted: &Map<String, Value>) -> Value {
    let mut body = wanted.clone();
    body.insert("version".to_owned(), version.clone());
    Value::Object(body)
}

/// The fields that somebody changed, as JSON has them.
fn wanted(request: &Request) -> Map<String, Value> {
    let changed = |name: &&str| {
        let typed = request.form.get(*name)?.trim();
        let was = request.form.get(&format!("was.{name}"));
        (was.is_none_or(|was| value(name, was) != value(name, typed)))
            .then(|| ((*name).to_owned(), value(name, typed)))
    };
    EDITABLE.iter().filter_map(changed).collect()
}

/// What was typed, as what it means; what means nothing stays a text, and the API says what is wrong with it.
fn value(name: &str, typed: &str) -> Value {
    match (edit::takes(name), typed) {
        (Some(Takes::YesNo), "true") => json!(true),
        (Some(Takes::YesNo), "false") => json!(false),
        (Some(Takes::Whole(_) | Takes::Usd(_)), typed) => number(typed),
        _ => json!(typed),
    }
}

/// A number, if it is one; a whole one however it was written.
pub(crate) fn number(typed: &str) -> Value {
    let read = serde_json::from_str(typed).ok().filter(Value::is_number);
    let whole = |read: Value| edit::whole_number(&read).map_or(read, |number| json!(number));
    read.map_or_else(|| json!(typed), whole)
}

/// What the tier would cost a month, or what the API would object.
fn cost_after(config: &Value, wanted: &Map<String, Value>) -> Result<Value, Vec<String>> {
    let now = serde_json::from_value::<TierConfig>(config.clone()).ok();
    let Some((tier, now)) = Tier::parse(text(config, "tier")).zip(now) else {
        // An API that knows more than this page: it decides.
        return Ok(Value::Null);
    };
    match edit::apply(tier, &now, wanted) {
        Ok(edited) => Ok(json!(edited.estimated_monthly_cost(tier))),
        Err(errors) => {
            Err(errors.into_iter().map(|error| format!("{} {}", error.field, error.message)).collect())
        }
    }
}

/// The editable fields that this tier has.
fn editable(config: &Value) -> impl Iterator<Item = (&'static str, Takes)> + '_ {
    let of_tier = EDITABLE.into_iter().filter(|name| config.get(*name).is_some());
    of_tier.filter_map(|name| Some((name, edit::takes(name)?)))
}

fn form<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    config: &Value,
    wanted: &Map<String, Value>,
    refused: &[String],
) -> Answer {
    let tier = text(config, "tier");
    let path = format!("/tier/configs/{tier}");
    let example = editable(config).map(|(name, _)| (name.to_owned(), config[name].clone())).next();
    let act =
        Act { method: "PUT", path: &path, body: body(&config["version"], &example.into_iter().collect()) };
    let content = html! {
        (objections(refused))
        @if view.request.asked("saved").is_some() {
            (saved(&format!("Saved. It takes effect with the next change to {tier}.")))
        }
        dl .facts {
            (fact("Cost a month, estimated", money(&config["estimatedMonthlyCost"])))
            (fact("Version", html! { @if config["version"] == 0 { "as delivered" } @else { (config["version"]) } }))
        }
        @if view.session.may(Role::Admin) {
            (view.form(&format!("{path}/review"), html! {
                input type="hidden" name="version" value=(config["version"]);
                @for (name, takes) in editable(config) { (input(name, &takes, &config[name], wanted.get(name))) }
                button type="submit" .primary { "Review the edit" }
            }))
        } @else { (view.takes(Role::Admin)) }
        h2 { "What else it is made of" }
        div .scroll tabindex="0" role="region" aria-label="What else it is made of" { table { tbody { @for (name, value) in fixed(config, view.session.may(Role::Admin)) { tr {
            th scope="row" title=(name) { (field::group(name)) ": " (field::label(name)) }
            td { (field::value(name, value)) }
        } } } } }
        p { a href=(view.at("/tier/configs")) { "All three tiers" } }
        (curl(door, &act))
    };
    let status = if refused.is_empty() { 200 } else { 422 };
    view.page(&format!("Configure {tier}"), content).with_status(status)
}

/// What is only shown.
fn fixed(config: &Value, edits: bool) -> impl Iterator<Item = (&String, &Value)> {
    let members = config.as_object().into_iter().flatten();
    members.filter(move |(name, _)| field::is_setting(name) && !(edits && EDITABLE.contains(&name.as_str())))
}

/// A field of the form: what is saved, or what somebody wants in its place.
fn input(name: &str, takes: &Takes, was: &Value, wanted: Option<&Value>) -> Markup {
    let (was, shown) = (plain(was), plain(wanted.unwrap_or(was)));
    html! {
        label for=(name) { (field::group(name)) ": " (field::label(name)) " "
            span .quiet { @match takes {
                Takes::Whole(range) => { (range.start()) " to " (range.end()) }
                Takes::Usd(most) => { "$, 0 to " (money(&json!(most)).trim_start_matches('$')) ", whole cents" }
                Takes::YesNo | Takes::OneOf(_) => {}
            } }
        }
        input type="hidden" name={ "was." (name) } value=(was);
        @match takes {
            Takes::Whole(range) => { input id=(name) type="number" name=(name) value=(shown) required step="1" min=(range.start()) max=(range.end()); }
            Takes::Usd(most) => { input id=(name) type="number" name=(name) value=(shown) required step="0.01" min="0" max=(most); }
            Takes::YesNo => { (choice(name, &[("true", "yes"), ("false", "no")], &shown)) }
            Takes::OneOf(words) => { (choice(name, &words.iter().map(|word| (*word, *word)).collect::<Vec<_>>(), &shown)) }
        }
    }
}

fn choice(name: &str, words: &[(&str, &str)], shown: &str) -> Markup {
    html! {
        select id=(name) name=(name) {
            @if !words.iter().any(|(word, _)| *word == shown) { option value=(shown) selected { (shown) } }
            @for (word, said) in words { option value=(word) selected[*word == shown] { (said) } }
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What is wanted, hidden in a form, with what it was wanted in place of.
fn carried(request: &Request, version: &Value, wanted: &Map<String, Value>) -> Markup {
    let was = request.form.iter().filter(|(name, _)| name.starts_with("was."));
    html! {
        input type="hidden" name="version" value=(version);
        @for (name, value) in was { input type="hidden" name=(name) value=(value); }
        @for (name, value) in wanted { input type="hidden" name=(name) value=(plain(value)); }
    }
}

fn reviewed<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    config: &Value,
    wanted: &Map<String, Value>,
    after: &Value,
) -> Answer {
    let tier = text(config, "tier");
    let path = format!("/tier/configs/{tier}");
    let before = &config["estimatedMonthlyCost"];
    let moved = after.as_f64().zip(before.as_f64()).map(|(after, before)| after - before);
    let act = Act { method: "PUT", path: &path, body: body(&config["version"], wanted) };
    let hidden = || carried(view.request, &config["version"], wanted);
    let content = html! {
        dl .facts {
            (fact("Cost a month, estimated", html! { (money(before)) " → " strong { (money(after)) } }))
            @if let Some(moved) = moved { (fact("Difference", html! {
                @if moved == 0.0 { "none" } @else { (money(&json!(moved.abs()))) @if moved > 0.0 { " more" } @else { " less" } " a month" }
            })) }
        }
        div .scroll tabindex="0" role="region" aria-label="What would change" { table {
            thead { tr { th scope="col" { "Setting" } th scope="col" { "Now" } th scope="col" { "Then" } } }
            tbody { @for (name, value) in wanted { tr {
                th scope="row" title=(name) { (field::group(name)) ": " (field::label(name)) }
                td { (field::value(name, &config[name.as_str()])) }
                td { strong { (field::value(name, value)) } }
            } } }
        } }
        p { "Nothing that runs is touched: it takes effect with the next change to " (tier) "." }
        (view.form(&path, html! { (hidden()) button type="submit" .primary { "Save" } }))
        (view.form(&format!("{path}/edit"), html! { (hidden()) button type="submit" { "Go on editing" } }))
        (curl(door, &act))
    };
    view.page(&format!("Review the edit of {tier}"), content)
}

/// Somebody else has saved meanwhile: theirs next to yours.
fn conflict(view: &View<'_>, config: &Value, wanted: &Map<String, Value>) -> Answer {
    let tier = text(config, "tier");
    let path = format!("/tier/configs/{tier}");
    let was = |name: &str| view.request.form.get(&format!("was.{name}")).map(|was| value(name, was));
    let theirs = |name: &str| value(name, &plain(&config[name]));
    let moved = |name: &str| was(name).is_some_and(|was| was != theirs(name));
    let rows = EDITABLE.into_iter().filter(|name| wanted.contains_key(*name) || moved(name));
    let content = html! {
        div .notice.warn role="alert" {
            p { strong { "Nothing was saved." } " While you were editing, somebody else saved version " (config["version"]) "." }
        }
        div .scroll tabindex="0" role="region" aria-label="Theirs and yours" { table {
            thead { tr { th scope="col" { "Setting" } th scope="col" { "When you began" } th scope="col" { "Theirs, saved" } th scope="col" { "Yours" } } }
            tbody { @for name in rows { tr {
                th scope="row" title=(name) { (field::group(name)) ": " (field::label(name)) }
                td { @if let Some(was) = was(name) { (field::value(name, &was)) } }
                td { @if moved(name) { strong { (field::value(name, &theirs(name))) } } @else { (field::value(name, &theirs(name))) } }
                td { @if let Some(mine) = wanted.get(name) { strong { (field::value(name, mine)) } } @else { span .quiet { "not changed" } } }
            } } }
        } }
        (view.form(&format!("{path}/edit"), html! {
            (carried(view.request, &config["version"], wanted))
            button type="submit" .primary { "Go on from theirs, with my changes" }
        }))
        p { a .button href=(view.at(&path)) { "Take theirs, and drop mine" } }
        p { a href=(view.at("/tier/audit")) { "Who it was is in the audit" } "." }
    };
    view.page(&format!("Somebody else has saved {tier}"), content).with_status(409)
}

#[cfg(test)]
mod tests;
