//! The rules of a request, of confirmation, of recovery and of progress.
#![expect(clippy::unwrap_used, reason = "a test")]

use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::money::Usd;
use capstan_core::ports::{ExecutionStatus, ExecutionView};
use capstan_core::tier::ledger::{EffectRow, EffectStatus, Subject, effect_entry};
use capstan_core::tier::progress::{self, ResourceState};
use capstan_core::tier::recovery::{self, Recovery};
use capstan_core::tier::request::{
    ChangeRequest, Confirmation, TwoPersonRule, confirmation_objection, needs_confirmation, objections,
};
use capstan_core::tier::{
    AppConfig, Cancellation, Change, ChangeStatus, Direction, Milestones, Phase, Plan, PlanInput, Role, Tier,
    TierConfig, TierState, TransitionStatus,
};
use capstan_core::time::{Millis, Timestamp};
use proptest::prelude::*;

const REASON: &str = "Load testing for Q1 release";

fn tenant() -> TenantId {
    TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap()
}
fn transition() -> TransitionId {
    TransitionId::parse("0190a0a0-0000-7000-8000-000000000001").unwrap()
}
fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T03:00:00Z").unwrap()
}
fn codes(state: &TierState, target: Tier, reason: &str, bypass: bool) -> Vec<String> {
    let request = ChangeRequest { target, reason, bypass };
    objections(state, &request, now()).into_iter().map(|objection| objection.code).collect()
}

fn change() -> Change {
    let configs = [TierConfig::default_for(Tier::Dev), TierConfig::default_for(Tier::Staging)];
    let plan = Plan::make(&PlanInput {
        tenant_id: &tenant(),
        transition_id: &transition(),
        from: (Tier::Dev, &configs[0]),
        to: (Tier::Staging, &configs[1]),
        direction: Direction::ScalingUp,
        state_version: 1,
        config_version: 0,
        register: &[],
        app_config: None::<&AppConfig>,
        grace: Millis::days(7),
        now: now(),
    });
    Change {
        tenant_id: tenant(),
        transition_id: transition(),
        from_tier: Tier::Dev,
        to_tier: Tier::Staging,
        direction: Direction::ScalingUp,
        status: ChangeStatus::InProgress,
        changed_by: "ada".to_owned(),
        confirmed_by: None,
        reason: REASON.to_owned(),
        bypassed_cooldown: false,
        created_at: now(),
        started_at: Some(now()),
        completed_at: None,
        duration_seconds: None,
        errors: Vec::new(),
        resources_provisioned: Vec::new(),
        resources_cleaned_up: Vec::new(),
        deadline: now() + Change::time_allowed(plan.expected_minutes),
        plan: plan.into(),
        milestones: Milestones { validated_at: Some(now()), ..Milestones::default() },
        cancellation: None,
        recoveries: 0,
        version: 1,
    }
}

#[test]
fn all_objections_come_at_once() {
    let mut state = TierState::new(tenant());
    state.transition_status = TransitionStatus::ScalingUp;
    state.last_changed_at = Some(now() - Millis::hours(1));
    state.set_cooldown(24);
    assert_eq!(
        codes(&state, Tier::Dev, "  short ", false),
        ["REASON_TOO_SHORT", "SAME_TIER", "CHANGE_UNDER_WAY", "COOLDOWN_ACTIVE"]
    );
}

#[test]
fn the_cooldown_says_how_many_hours_are_left() {
    let mut state = TierState::new(tenant());
    state.last_changed_at = Some(now() - Millis::minutes(90));
    state.set_cooldown(24);
    let request = ChangeRequest { target: Tier::Staging, reason: REASON, bypass: false };
    let objection = &objections(&state, &request, now())[0];
    assert!(objection.message.contains("22.5 hours"), "{}", objection.message);
    assert!(codes(&state, Tier::Staging, "[EMERGENCY] a spike", true).is_empty());
    state.set_cooldown(1);
    assert!(codes(&state, Tier::Staging, REASON, false).is_empty(), "a shorter cooldown counts at once");
}

#[test]
fn a_bypass_says_that_it_is_an_emergency() {
    let state = TierState::new(tenant());
    assert_eq!(codes(&state, Tier::Production, REASON, true), ["EMERGENCY_REASON_REQUIRED"]);
}

#[test]
fn failed_takes_a_new_request_and_stuck_does_not_even_in_an_emergency() {
    let mut state = TierState::new(tenant());
    state.transition_status = TransitionStatus::Failed;
    assert!(codes(&state, Tier::Staging, REASON, false).is_empty());
    state.transition_status = TransitionStatus::Stuck;
    assert_eq!(codes(&state, Tier::Staging, "[EMERGENCY] cost runaway", true), ["TIER_STUCK"]);
}

#[test]
fn production_is_confirmed_on_the_way_in_and_out_and_so_is_what_an_edit_has_made_costly() {
    let needed = |from, to, dollars| needs_confirmation(from, to, Usd::dollars(dollars));
    assert!(needed(Tier::Dev, Tier::Production, 0) && needed(Tier::Production, Tier::Dev, 0));
    // By default DEV costs 350 a month, STAGING 35,000.
    for (from, to, cheap, costly) in
        [(Tier::Dev, Tier::Staging, 70_000, 70_001), (Tier::Staging, Tier::Dev, 10_000, 10_001)]
    {
        assert!(!needed(from, to, 0) && !needed(from, to, cheap) && needed(from, to, costly), "{from} {to}");
    }
}

#[test]
fn a_confirmation_is_for_one_caller_one_state_one_use_and_ten_minutes() {
    let mut state = TierState::new(tenant());
    state.version = 3;
    let stored = Confirmation {
        token_hash: String::new(),
        tenant_id: tenant(),
        requested_by: "ada".to_owned(),
        target: Tier::Production,
        reason: REASON.to_owned(),
        bypass: true,
        state_version: 3,
        config_version: 2,
        transition_id: transition(),
        plan: change().plan,
        expires_at: now() + Millis::minutes(10),
        expires_at_epoch: 0,
        used_at: None,
        version: 1,
    };
    let refusal =
        |stored: Option<&Confirmation>, who: &str, state: &TierState, config: u64, at: Timestamp| {
            confirmation_objection(stored, &tenant(), who, TwoPersonRule::Off, state, config, at)
                .map(|objection| objection.code)
        };
    assert_eq!(refusal(Some(&stored), "ada", &state, 2, now()), None);
    assert_eq!(refusal(None, "ada", &state, 2, now()).as_deref(), Some("TOKEN_UNKNOWN"));
    assert_eq!(refusal(Some(&stored), "eve", &state, 2, now()).as_deref(), Some("TOKEN_UNKNOWN"));
    let late = now() + Millis::minutes(10);
    assert_eq!(refusal(Some(&stored), "ada", &state, 2, late).as_deref(), Some("TOKEN_EXPIRED"));
    let used = Confirmation { used_at: Some(now()), ..stored.clone() };
    assert_eq!(refusal(Some(&used), "ada", &state, 2, now()).as_deref(), Some("TOKEN_USED"));
    assert_eq!(refusal(Some(&stored), "ada", &state, 3, now()).as_deref(), Some("PLAN_STALE"));
    state.version = 4;
    assert_eq!(refusal(Some(&stored), "ada", &state, 2, now()).as_deref(), Some("PLAN_STALE"));
    let elsewhere = TenantId::parse("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed").unwrap();
    let foreign =
        confirmation_objection(Some(&stored), &elsewhere, "ada", TwoPersonRule::On, &state, 2, now());
    assert_eq!(
        foreign.unwrap().code,
        "TOKEN_UNKNOWN",
        "what is another's is not told apart from what is not"
    );
}

#[test]
fn which_moves_take_two_persons() {
    use TwoPersonRule::{Off, On, UnlessEmergency};
    let (dev, staging, production) = (Tier::Dev, Tier::Staging, Tier::Production);
    for (from, to, bypass, on, unless) in [
        (dev, staging, false, false, false),
        (staging, dev, true, false, false),
        (staging, production, false, true, true),
        (dev, production, true, true, true),
        (production, staging, false, true, true),
        (production, dev, true, true, false),
    ] {
        let (cheap, costly) = (Usd::dollars(1), Usd::dollars(100_000));
        assert!(!Off.applies(from, to, costly, bypass));
        assert_eq!(On.applies(from, to, cheap, bypass), on, "{from} {to} {bypass}");
        assert!(On.applies(from, to, costly, bypass), "{from} {to} {bypass}");
        assert_eq!(UnlessEmergency.applies(from, to, cheap, bypass), unless, "{from} {to} {bypass}");
    }
    for (name, rule) in TwoPersonRule::NAMES.into_iter().zip([Off, On, UnlessEmergency]) {
        assert_eq!(TwoPersonRule::parse(name), Some(rule));
    }
    assert_eq!(TwoPersonRule::parse("True"), None);
}

#[test]
fn roles_are_in_order() {
    assert!(Role::ALL.is_sorted());
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    assert_eq!(Role::parse("Admin"), None);
}

#[test]
fn a_change_whose_execution_is_gone_is_recovered_once_it_has_rested() {
    let mut change = change();
    let stopped =
        |ago: Millis| ExecutionView { status: ExecutionStatus::Aborted, stopped_at: Some(now() - ago) };
    let running = ExecutionView { status: ExecutionStatus::Running, stopped_at: None };
    assert_eq!(recovery::decide(&change, Some(&running), now()), Recovery::Leave);
    assert_eq!(
        recovery::decide(&change, Some(&stopped(Millis::seconds(10))), now()),
        Recovery::Leave,
        "a Lambda may still run"
    );
    assert_eq!(recovery::decide(&change, Some(&stopped(recovery::REST)), now()), Recovery::Recover);
    change.recoveries = recovery::MAX_RECOVERIES;
    assert_eq!(recovery::decide(&change, Some(&stopped(recovery::REST)), now()), Recovery::GiveUp);
    change.status = ChangeStatus::RolledBack;
    assert_eq!(recovery::decide(&change, Some(&stopped(recovery::REST)), now()), Recovery::Leave);
}

#[test]
fn a_change_without_an_execution_is_started_again_and_given_up_only_if_nothing_was_done() {
    let mut change = change();
    change.milestones.validated_at = None;
    let after = |length: Millis| now() + length;
    assert_eq!(recovery::decide(&change, None, after(Millis::seconds(5))), Recovery::Leave);
    assert_eq!(recovery::decide(&change, None, after(recovery::START_AGAIN_AFTER)), Recovery::Start);
    assert_eq!(
        recovery::decide(&change, None, after(recovery::GIVE_UP_STARTING_AFTER)),
        Recovery::NeverStarted
    );
    change.milestones.validated_at = Some(now());
    assert_eq!(recovery::decide(&change, None, after(recovery::GIVE_UP_STARTING_AFTER)), Recovery::Start);
}

#[test]
fn a_recovery_finishes_only_what_is_all_done() {
    let mut change = change();
    assert!(!recovery::finishes(&change));
    change.milestones.cleaned_at = Some(now());
    assert!(recovery::finishes(&change));
    change.milestones.rollback_started_at = Some(now());
    assert!(!recovery::finishes(&change));
}

fn effect(change: &Change, index: usize, status: EffectStatus, at: Timestamp) -> EffectRow {
    let subject = Subject::Resource(change.plan.actions[index].clone());
    EffectRow {
        tenant_id: tenant(),
        entry: effect_entry(&transition(), &subject),
        transition_id: transition(),
        subject,
        status,
        intended_at: at,
        done_at: None,
        undone_at: None,
        waiting_for: None,
        last_error: None,
        refusals: 0,
        version: 1,
    }
}

#[test]
fn progress_follows_what_was_recorded() {
    let mut change = change();
    let step = |change: &Change, effects: &[EffectRow]| progress::of(change, effects, now()).current_step;
    assert_eq!(step(&change, &[]), "ProvisionResources");
    let begun: Vec<_> = (0..5).map(|index| effect(&change, index, EffectStatus::Intended, now())).collect();
    assert_eq!(step(&change, &begun), "WaitForProvisioning");
    let early = progress::of(&change, &begun, now());
    let later = progress::of(&change, &begun, now() + Millis::minutes(6));
    assert!(early.percent < later.percent && later.percent < 100, "{} {}", early.percent, later.percent);
    assert!(early.estimated_seconds_remaining > later.estimated_seconds_remaining);
    assert!(later.resources.iter().all(|resource| resource.state == ResourceState::InProgress));
    change.milestones.provisioned_at = Some(now());
    assert_eq!(step(&change, &begun), "UpdateAppConfig");
    change.milestones.configured_at = Some(now());
    assert_eq!(step(&change, &begun), "TransitionComplete");
    change.milestones.rollback_started_at = Some(now());
    assert_eq!(step(&change, &begun), "RollbackProvisioning");
    change.status = ChangeStatus::Completed;
    assert_eq!(progress::of(&change, &begun, now()).percent, 100);
}

#[test]
fn undoing_has_a_bar_of_its_own_that_never_goes_back() {
    let mut change = change();
    change.milestones.rollback_started_at = Some(now());
    let (mut percent, mut left) = (0, u64::MAX);
    // Three of five are undone in the first six minutes; the other two are late.
    for minute in 0..40 {
        let undone = usize::try_from(minute / 2).unwrap().min(3);
        let status = |index| if index < undone { EffectStatus::Undone } else { EffectStatus::Undoing };
        let effects: Vec<_> = (0..5).map(|index| effect(&change, index, status(index), now())).collect();
        let seen = progress::of(&change, &effects, now() + Millis::minutes(minute));
        assert!(seen.percent >= percent && seen.estimated_seconds_remaining <= left, "minute {minute}");
        (percent, left) = (seen.percent, seen.estimated_seconds_remaining);
        if minute == 5 {
            // Of a quarter of an hour, 5 minutes have passed, and 2 of 5 are undone.
            assert_eq!((percent, left), (40, 9 * 60));
        }
    }
    assert!(percent == 90 && left > 0, "late is not done: {percent} {left}");
}

#[test]
fn what_is_late_is_never_said_to_be_done() {
    let change = change();
    let begun: Vec<_> = (0..5).map(|index| effect(&change, index, EffectStatus::Intended, now())).collect();
    let seen = progress::of(&change, &begun, now() + Millis::hours(5));
    assert!(seen.percent < 100 && seen.estimated_seconds_remaining > 0);
}

#[test]
fn a_change_has_time_enough_and_no_more_than_the_machine() {
    assert_eq!(Change::time_allowed(5), Millis::hours(1));
    assert_eq!(Change::time_allowed(30), Millis::minutes(90));
    assert!(change().plan.actions.iter().any(|action| action.phase == Phase::Provision));
}

proptest! {
    /// Whatever the state and the wish: no objection means that the status really takes the step, and the other way round
    /// where only the status objects.
    #[test]
    fn what_is_not_objected_to_can_begin(status in 0usize..6, from in 0usize..3, to in 0usize..3, hours in 0u32..=168, ago in 0u64..200, bypass in any::<bool>()) {
        let statuses = [TransitionStatus::Stable, TransitionStatus::ScalingUp, TransitionStatus::ScalingDown,
            TransitionStatus::RollingBack, TransitionStatus::Failed, TransitionStatus::Stuck];
        let mut state = TierState::new(tenant());
        state.current_tier = Tier::ALL[from];
        state.transition_status = statuses[status];
        state.last_changed_at = Some(now() - Millis::hours(ago));
        state.set_cooldown(hours);
        let objected = !codes(&state, Tier::ALL[to], "[EMERGENCY] because", bypass).is_empty();
        let cooling = !bypass && u64::from(hours) > ago;
        let resting = matches!(statuses[status], TransitionStatus::Stable | TransitionStatus::Failed);
        prop_assert_eq!(objected, cooling || !resting || from == to);
        if let Some(direction) = Direction::between(Tier::ALL[from], Tier::ALL[to]) && !objected {
            prop_assert!(statuses[status].after(capstan_core::tier::StatusStep::Begin(direction)).is_ok());
        }
    }
}

#[test]
fn a_wish_to_stop_is_part_of_the_change() {
    let mut change = change();
    change.cancellation = Some(Cancellation { by: "ada".into(), reason: REASON.into(), at: now() });
    let stored = serde_json::to_value(&change).unwrap();
    assert_eq!(serde_json::from_value::<Change>(stored).unwrap(), change);
}
