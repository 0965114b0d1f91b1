//! The rules of a request: every objection, all at once.

use super::state::{TierState, TransitionStatus};
use super::{Plan, Tier, TierConfig};
use crate::ids::TransitionId;
use crate::money::Usd;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Fewest characters of a reason, after trimming.
pub const MIN_REASON: usize = 10;
/// Most characters of a reason.
pub const MAX_REASON: usize = 1_000;
/// What the reason of a bypass starts with.
pub const EMERGENCY: &str = "[EMERGENCY]";
/// How long a confirmation may be waited for, in people's time.
pub const CONFIRMATION_LIFETIME: Millis = Millis::minutes(10);

/// What a caller may do. Each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look, and make plans.
    Viewer,
    /// Stop a change that is under way.
    Operator,
    /// Change tiers and edit configurations.
    Admin,
    /// Bypass the cooldown, set it, and reset a stuck tier.
    SuperAdmin,
}

impl Role {
    /// Every role, least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::SuperAdmin];

    /// The name in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }
    /// Reads the exact name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Stable, for programs.
    pub code: String,
    /// For people: what is wrong and what to do.
    pub message: String,
}

impl Objection {
    /// An objection.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// A wish to change the tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRequest<'a> {
    /// Where to.
    pub target: Tier,
    /// Why.
    pub reason: &'a str,
    /// Whether the cooldown is to be bypassed.
    pub bypass: bool,
}

/// Every objection to a request; none: it may go on.
pub fn objections(state: &TierState, request: &ChangeRequest<'_>, now: Timestamp) -> Vec<Objection> {
    let mut objections = Vec::new();
    objections.extend(reason_objection(request.reason));
    let emergency = request.reason.trim_start().strip_prefix(EMERGENCY);
    if request.bypass && emergency.is_none_or(|which| which.trim().is_empty()) {
        objections.push(Objection::new(
            "EMERGENCY_REASON_REQUIRED",
            format!("the reason of a bypass must start with {EMERGENCY}, and then say which"),
        ));
    }
    if request.target == state.current_tier {
        objections.push(Objection::new("SAME_TIER", format!("the tenant is in {} already", request.target)));
    }
    match state.transition_status {
        status if status.under_way() => objections.push(Objection::new(
            "CHANGE_UNDER_WAY",
            "another change is under way: wait for it (GET /tier/transition-status) or stop it (POST /tier/cancel)",
        )),
        TransitionStatus::Stuck => objections.push(Objection::new(
            "TIER_STUCK",
            "the last change could not be undone: retry the rollback (POST /tier/cancel), or have a super admin reset the tier (POST /tier/reset)",
        )),
        _ => {}
    }
    let left = state.cooldown_left(now);
    if !request.bypass && left > Millis(0) {
        let hours = left.as_seconds_f64() / 3_600.0;
        objections.push(Objection::new(
            "COOLDOWN_ACTIVE",
            format!(
                "the cooldown runs for another {hours:.1} hours, until {}; in an emergency a super admin may bypass it",
                state.next_change_allowed_at.unwrap_or(now)
            ),
        ));
    }
    objections
}

/// The objection to a reason, if it is too short or too long.
pub fn reason_objection(reason: &str) -> Option<Objection> {
    let length = reason.trim().chars().count();
    if length < MIN_REASON {
        return Some(Objection::new(
            "REASON_TOO_SHORT",
            format!("the reason has {length} characters after trimming: give at least {MIN_REASON}"),
        ));
    }
    if reason.chars().any(unprintable) {
        return Some(Objection::new(
            "REASON_UNPRINTABLE",
            "the reason has control or invisible characters: give it as one line of plain text",
        ));
    }
    (length > MAX_REASON).then(|| {
        Objection::new(
            "REASON_TOO_LONG",
            format!("the reason has {length} characters: give at most {MAX_REASON}"),
        )
    })
}

/// Whether a character would do something to a terminal or a page, or hide, rather than be read.
pub const fn unprintable(character: char) -> bool {
    matches!(character, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What a tier may cost a month without being thought costly, however cheap it is by default.
const CHEAP: Usd = Usd::dollars(10_000);

/// Whether a tier, as it is edited, costs a month more than twice what it costs by default. An edit can make any tier as dear
/// as PRODUCTION; then going there is confirmed as PRODUCTION is.
pub fn is_costly(tier: Tier, monthly: Usd) -> bool {
    let default = TierConfig::default_for(tier).estimated_monthly_cost(tier);
    monthly > default.times(2.0) && monthly > CHEAP
}

/// Whether a change must be confirmed: entering and leaving PRODUCTION, and going where it is costly
/// (`cost_after` a month).
pub fn needs_confirmation(from: Tier, to: Tier, cost_after: Usd) -> bool {
    from == Tier::Production || to == Tier::Production || is_costly(to, cost_after)
}

/// When a move that has to be confirmed is confirmed by somebody else than asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TwoPersonRule {
    /// Never: who asks confirms.
    #[default]
    Off,
    /// Always.
    On,
    /// Unless it leaves PRODUCTION in an emergency (a bypass, which is a super admin's): that may be confirmed alone.
    UnlessEmergency,
}

impl TwoPersonRule {
    /// The names of the rules in the template and in the environment, in the order of the variants.
    pub const NAMES: [&'static str; 3] = ["false", "true", "unless-emergency"];

    /// Reads the exact name.
    pub fn parse(text: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|name| *name == text)?;
        [Self::Off, Self::On, Self::UnlessEmergency].get(at).copied()
    }
    /// Whether this move takes a second person.
    pub fn applies(self, from: Tier, to: Tier, cost_after: Usd, bypass: bool) -> bool {
        let alone = match self {
            Self::Off => true,
            Self::On => false,
            Self::UnlessEmergency => bypass && from == Tier::Production,
        };
        needs_confirmation(from, to, cost_after) && !alone
    }
}

/// What a confirmation token stands for: a row of `cato_tier_confirmation`. The token itself is not kept, only its
/// hash; the row is used up in the same transaction that starts the change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// The tenant it was issued for.
    pub tenant_id: crate::ids::TenantId,
    /// Who asked.
    pub requested_by: String,
    /// Where to.
    pub target: Tier,
    /// The reason given then.
    pub reason: String,
    /// The bypass asked for then.
    pub bypass: bool,
    /// The version of the tenant's state it was issued on.
    pub state_version: u64,
    /// The version of the target's configuration the plan was shown from.
    pub config_version: u64,
    /// The id the change will have.
    pub transition_id: TransitionId,
    /// The plan that was shown: what is confirmed is what happens.
    pub plan: Arc<Plan>,
    /// Until when, in people's time.
    pub expires_at: Timestamp,
    /// The same in seconds since the epoch, for the table's own expiry.
    pub expires_at_epoch: u64,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// Moves with every write.
    pub version: u64,
}

impl Confirmation {
    /// Whether it takes a second person.
    pub fn takes_two(&self, rule: TwoPersonRule) -> bool {
        rule.applies(self.plan.from_tier, self.target, self.plan.cost_after, self.bypass)
    }
}

/// Why a token can't be used, from what is stored about it (`None`: nothing). Somebody else's token is as good as none, but
/// where two persons are needed.
pub fn confirmation_objection(
    stored: Option<&Confirmation>,
    tenant: &crate::ids::TenantId,
    caller: &str,
    rule: TwoPersonRule,
    state: &TierState,
    config_version: u64,
    wall: Timestamp,
) -> Option<Objection> {
    let unknown = || {
        Objection::new(
            "TOKEN_UNKNOWN",
            "this confirmation token is not known, or is not yours to use: see that it is whole, or ask for the change again",
        )
    };
    let Some(stored) = stored else { return Some(unknown()) };
    if stored.tenant_id != *tenant || (stored.requested_by != caller && !stored.takes_two(rule)) {
        return Some(unknown());
    }
    if stored.used_at.is_some() {
        return Some(Objection::new("TOKEN_USED", "this confirmation token has been used: it works once"));
    }
    if wall >= stored.expires_at {
        return Some(Objection::new(
            "TOKEN_EXPIRED",
            format!("this confirmation token expired at {}: ask for the change again", stored.expires_at),
        ));
    }
    (stored.state_version != state.version || stored.config_version != config_version).then(|| {
        Objection::new("PLAN_STALE", "the tier or its configuration has changed since the plan was shown: ask for the change again and read the new plan")
    })
}

/// What a tier offers and where it ends, for people comparing (runbook §1).
pub fn features(tier: Tier, config: &TierConfig) -> (Vec<String>, Vec<String>) {
    let uses = match tier {
        Tier::Dev => "for development and testing",
        Tier::Staging => "for load tests and pre-production",
        Tier::Production => "for more than 10 million users",
    };
    let mut features = vec![uses.to_owned()];
    for service in super::Service::ALL {
        if let Some(spec) = config.spec(service) {
            features.push(format!("{service}: {}", super::warnings::describe(&spec)));
        }
    }
    let mut limitations = Vec::new();
    if config.sagemaker.min_instances == 0 {
        limitations.push("no SageMaker endpoint at rest".to_owned());
    }
    if !config.dynamodb_global_tables {
        limitations.push(format!("one region: {}", config.dynamodb_regions.join(", ")));
    }
    if !config.bedrock_provisioned_throughput {
        limitations.push("Bedrock on demand: no guaranteed throughput".to_owned());
    }
    limitations.push(format!("curiosity budget {} a month", config.budget_monthly_curiosity_limit));
    (features, limitations)
}
