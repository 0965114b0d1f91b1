//! `tier-configs`: edits configurations (admin) and the cooldown (super admin).

use api::{Fields, Problem, Reply, Request};
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::edit::FieldError;
use capstan_core::tier::state::MAX_COOLDOWN_HOURS;
use capstan_core::tier::{Tier, edit};
use serde_json::{Value, json};
use tier_records::{Act, AuditEntry, ConfigRow, RecordError, Transaction};

/// Answers a request.
pub async fn handle(ports: &(impl Store + Clock), request: Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    match (request.method.as_str(), request.route.as_str()) {
        ("PUT", "/tier/configs/{tier}") => edit_config(ports, &request).await,
        ("PUT", "/tier/cooldown") => set_cooldown(ports, &request).await,
        _ => Err(request.no_such_route()),
    }
}

async fn edit_config(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    let caller = &request.caller;
    let named = request.path.get("tier").map_or("", String::as_str);
    let tier = Tier::parse(named)
        .ok_or_else(|| Problem::not_found("there is no such tier: the tiers are DEV, STAGING, PRODUCTION"))?;
    let mut fields = Fields::read(request)?;
    let based_on = fields.take("version");
    let mut row = tier_records::config(ports, &caller.tenant, tier).await?;
    let edits = fields.rest()?;
    let edited = edit::apply(tier, &row.config, &edits);
    let mut errors = edited.as_ref().err().cloned().unwrap_or_default();
    errors.extend(based_on.as_ref().and_then(version_error));
    let (Ok(edited), true) = (edited, errors.is_empty()) else { return Err(Problem::invalid(&errors)) };
    check_version(based_on.as_ref(), &row)?;
    let before = row.config.estimated_monthly_cost(tier);
    row.config = edited;
    let mut transaction = Transaction::new();
    transaction.put(&mut row);
    let subject = format!("{tier}-{}", row.version);
    let audit = AuditEntry::new(&caller.tenant, ports.now(), &caller.subject, Act::ConfigEdited, &subject)
        .under(caller.role.as_str(), caller.request_id.as_deref())
        .with(json!({"tier": tier, "edit": edits, "version": row.version}));
    match transaction.commit_audited(ports, audit).await {
        Ok(()) => {}
        Err(RecordError::Stale { .. }) => return Err(stale("somebody else has edited it just now")),
        Err(error) => return Err(error.into()),
    }
    let mut body = row.to_api();
    if let Value::Object(fields) = &mut body {
        fields.insert("previousEstimatedMonthlyCost".to_owned(), json!(before));
        fields.insert("takesEffect".to_owned(), json!(format!("with the next change to {tier}")));
    }
    Ok(Reply::ok(body))
}

/// An edit may say which version it was based on; then it is refused if that is no longer the current one. The runbook's own
/// call does not, and is taken as based on what is there now.
fn check_version(based_on: Option<&Value>, row: &ConfigRow) -> Result<(), Problem> {
    let Some(based_on) = based_on else { return Ok(()) };
    match edit::whole_number(based_on) {
        Some(version) if version == row.version => Ok(()),
        _ => Err(stale(&format!("it was based on version {based_on}; the current one is {}", row.version))),
    }
}

fn version_error(based_on: &Value) -> Option<FieldError> {
    let message = "is not the version number that GET /tier/configs shows".to_owned();
    edit::whole_number(based_on).is_none().then(|| FieldError { field: "version".to_owned(), message })
}

fn stale(why: &str) -> Problem {
    Problem::conflict("STALE_VERSION", format!("{why}: read the configuration again and repeat the edit"))
}

async fn set_cooldown(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    let caller = &request.caller;
    let mut fields = Fields::read(request)?;
    let hours = fields.whole("hours", 0, MAX_COOLDOWN_HOURS);
    fields.finish()?;
    let Some(hours) = hours else { return Err(request.no_such_route()) };
    let mut state = tier_records::state(ports, &caller.tenant).await?;
    let before = state.cooldown_hours;
    state.set_cooldown(hours);
    let mut transaction = Transaction::new();
    transaction.put(&mut state);
    let audit = AuditEntry::new(
        &caller.tenant,
        ports.now(),
        &caller.subject,
        Act::CooldownSet,
        &state.version.to_string(),
    )
    .under(caller.role.as_str(), caller.request_id.as_deref())
    .with(json!({"hours": hours, "before": before}));
    transaction.commit_audited(ports, audit).await?;
    Ok(Reply::ok(json!({"cooldownHours": hours, "nextChangeAllowedAt": state.next_change_allowed_at})))
}
