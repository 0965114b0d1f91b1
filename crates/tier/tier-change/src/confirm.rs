//! Confirmation: asked for when a change enters or leaves PRODUCTION, given with a token that works once.
//!
//! The token is chance, not a signature: what it stands for is stored under its hash, so there is nothing to forge, and using
//! it up is part of the transaction that starts the change.

use crate::Ports;
use crate::change::{Wish, start};
use api::{Fields, Problem, Reply, Request};
use capstan_core::access;
use capstan_core::ids::{TransitionId, hex};
use capstan_core::tier::request::{CONFIRMATION_LIFETIME, confirmation_objection};
use capstan_core::tier::{Confirmation, Objection, Role, TierState};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tier_records::{Act, AuditEntry, RecordError, Transaction};
use tier_steps::Settings;
use tier_steps::planning::Planned;

const SECOND_PERSON_NEEDED: &str = "SECOND_PERSON_NEEDED";

fn hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// Issues a token for exactly this wish, on exactly this state, to exactly this caller.
pub(crate) async fn ask(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
    wish: &Wish,
    state: &TierState,
    planned: &Planned,
    transition: &TransitionId,
) -> Result<Reply, RecordError> {
    let caller = &request.caller;
    let (token, salt) = request.secret([ports.random(), ports.random()]);
    let expires_at = ports.wall() + CONFIRMATION_LIFETIME;
    let mut confirmation = Confirmation {
        token_hash: hash(&token),
        tenant_id: caller.tenant.clone(),
        requested_by: caller.subject.clone(),
        target: wish.target,
        reason: wish.reason.clone(),
        bypass: wish.bypass,
        state_version: state.version,
        config_version: planned.config.version,
        transition_id: transition.clone(),
        plan: Arc::clone(&planned.plan),
        expires_at,
        expires_at_epoch: expires_at.as_millis() / 1_000,
        used_at: None,
        version: 0,
    };
    let audit = AuditEntry::new(
        &caller.tenant,
        ports.now(),
        &caller.subject,
        Act::ConfirmationRequested,
        transition.as_str(),
    )
    .under(caller.role.as_str(), caller.request_id.as_deref())
    .because(&wish.reason)
    .about(transition)
    .with(json!({"to": wish.target, "bypassedCooldown": wish.bypass}));
    let mut transaction = Transaction::new();
    transaction.put(&mut confirmation);
    let reply = Reply::ok(json!({
        "status": "REQUIRES_CONFIRMATION",
        "confirmationToken": token,
        "expiresAt": expires_at,
        "confirmation": by(settings, &confirmation),
        "warnings": planned.plan.warnings,
        "plan": planned.plan,
    }));
    let reply = request.keep(&mut transaction, reply.with_secret("confirmationToken", salt));
    transaction.commit_audited(ports, audit).await?;
    Ok(reply)
}

/// Who asks for a change, and who confirms it, must be this.
fn role(bypass: bool) -> Role {
    let route = if bypass { "/tier/bypass-cooldown" } else { "/tier/confirm" };
    access::rule_of("POST", &format!("{}{route}", access::BASE_PATH))
        .map_or(Role::SuperAdmin, |rule| rule.least)
}

/// Takes a token and starts what it stands for.
pub(crate) async fn confirm(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    let caller = &request.caller;
    let mut fields = Fields::read(request)?;
    let token = fields.secret("confirmationToken");
    let target = if fields.has("targetTier") { fields.tier("targetTier") } else { None };
    let dry_run = fields.flag("dryRun").unwrap_or_default();
    fields.finish()?;
    let Some(token) = token else { return Err(request.no_such_route()) };
    // What was never issued is not looked up: the key would be as long as anybody likes.
    let stored =
        if token.len() == 64 { tier_records::confirmation(ports, &hash(&token)).await? } else { None };
    let state = tier_records::state(ports, &caller.tenant).await?;
    let config = match &stored {
        Some(stored) => Some(tier_records::config(ports, &caller.tenant, stored.target).await?),
        None => None,
    };
    let config_version = config.as_ref().map_or(0, |config| config.version);
    let objection = confirmation_objection(
        stored.as_ref(),
        &caller.tenant,
        &caller.subject,
        settings.two_person_rule,
        &state,
        config_version,
        ports.wall(),
    );
    let (Some(stored), Some(config), None) = (stored, config, &objection) else {
        return Ok(Reply::rejected(&objection.into_iter().collect::<Vec<_>>()));
    };
    // Confirming a bypass takes the role that asking for one takes.
    if caller.role < role(stored.bypass) {
        return Err(api::deny(ports, request, role(stored.bypass)).await);
    }
    // Who confirms says what he means to confirm, and is held to it.
    if let Some(target) = target.filter(|target| *target != stored.target) {
        let message =
            format!("the token is of a move to {}, not to {target}: nothing was started", stored.target);
        return Ok(Reply::rejected(&[Objection::new("TARGET_DIFFERS", message)]));
    }
    if dry_run {
        return Ok(shown(settings, &stored));
    }
    if stored.takes_two(settings.two_person_rule) && stored.requested_by == caller.subject {
        return Err(second_person_needed(ports, request, &stored).await);
    }
    let wish = Wish { target: stored.target, reason: stored.reason.clone(), bypass: stored.bypass };
    let objections = wish.objections(&state, ports.now());
    if !objections.is_empty() {
        return Ok(Reply::rejected(&objections));
    }
    let transition = stored.transition_id.clone();
    let planned = Planned { plan: Arc::clone(&stored.plan), config, objection: None };
    match start(ports, request, &wish, state, planned, transition, Some(stored)).await {
        Err(RecordError::Stale { .. }) => Err(Problem::conflict(
            "CONCURRENT_CHANGE",
            "somebody else has acted on this tier just now and nothing was started: look, and ask again",
        )),
        answered => Ok(answered?),
    }
}

/// What a token stands for, to whoever may use it and to whoever asked for it; it is not used up.
fn shown(settings: &Settings, stored: &Confirmation) -> Reply {
    Reply::ok(json!({
        "status": "TO_BE_CONFIRMED",
        "requestedBy": stored.requested_by,
        "reason": stored.reason,
        "bypassesCooldown": stored.bypass,
        "expiresAt": stored.expires_at,
        "confirmation": by(settings, stored),
        "warnings": stored.plan.warnings,
        "plan": stored.plan,
    }))
}

/// Who may confirm it.
fn by(settings: &Settings, confirmation: &Confirmation) -> Value {
    json!({
        "by": if confirmation.takes_two(settings.two_person_rule) { "ANOTHER_PERSON" } else { "REQUESTER" },
        "role": role(confirmation.bypass).as_str(),
    })
}

/// Recorded like a denial for the role's sake, before it is answered: that somebody tries to confirm alone is worth knowing.
/// The token is not used up by it.
async fn second_person_needed(ports: &impl Ports, request: &Request, stored: &Confirmation) -> Problem {
    let caller = &request.caller;
    let role = role(stored.bypass).as_str();
    let subject = format!("{} {}", request.method, request.route);
    let audit = AuditEntry::new(&caller.tenant, ports.now(), &caller.subject, Act::RequestDenied, &subject)
        .under(caller.role.as_str(), caller.request_id.as_deref())
        .about(&stored.transition_id)
        .with(json!({"code": SECOND_PERSON_NEEDED, "leastRole": role, "requestedBy": stored.requested_by}))
        .denied();
    if let Err(error) = tier_records::append(ports, audit).await {
        return error.into();
    }
    let detail = format!(
        "a move into or out of PRODUCTION is confirmed by somebody else than asked for it: give the token to another \
         {role} of this tenant, for whom it is good until {}",
        stored.expires_at
    );
    Problem::new(403, SECOND_PERSON_NEEDED, detail)
}
