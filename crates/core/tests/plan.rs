//! Properties of the plan, over every pair of tiers and over edited configurations.
#![expect(clippy::unwrap_used, reason = "a test")]

use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::money::Usd;
use capstan_core::tier::config::{ElastiCacheConfig, KinesisConfig, NeptuneConfig, OpenSearchConfig};
use capstan_core::tier::ledger::{Registered, resource_entry};
use capstan_core::tier::{Desired, Direction, Phase, Plan, PlanInput, Service, Spec, Tier, TierConfig, Verb};
use capstan_core::time::{Millis, Timestamp};
use proptest::prelude::*;

const DAY: Millis = Millis::days(1);

fn tenant() -> TenantId {
    TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap()
}
fn transition(number: u8) -> TransitionId {
    TransitionId::parse(&format!("0190a0a0-0000-7000-8000-0000000000{number:02x}")).unwrap()
}
fn start() -> Timestamp {
    Timestamp::parse("2026-11-21T03:00:00Z").unwrap()
}

/// A tenant in memory: its register, as completed plans leave it.
struct World {
    tier: Tier,
    register: Vec<Registered>,
    now: Timestamp,
    changes: u8,
}

impl World {
    fn new() -> Self {
        Self { tier: Tier::Dev, register: Vec::new(), now: start(), changes: 0 }
    }
    fn plan(&self, to: Tier, from_config: &TierConfig, to_config: &TierConfig) -> Plan {
        Plan::make(&PlanInput {
            tenant_id: &tenant(),
            transition_id: &transition(self.changes),
            from: (self.tier, from_config),
            to: (to, to_config),
            direction: Direction::between(self.tier, to).unwrap(),
            state_version: 1,
            config_version: 0,
            register: &self.register,
            app_config: None,
            grace: Millis::days(7),
            now: self.now,
        })
    }
    fn go(&mut self, to: Tier, to_config: &TierConfig) -> Plan {
        let plan = self.plan(to, &TierConfig::default_for(self.tier), to_config);
        for action in &plan.actions {
            let mode = |desired: &Desired| desired.spec().map(|spec| matches!(spec, Spec::StreamOnDemand));
            let switched = action.resource.kind.service() == Service::Kinesis
                && mode(&action.before).is_some()
                && mode(&action.before) != mode(&action.after);
            let mut row =
                self.register.iter().find(|row| row.resource == action.resource).cloned().unwrap_or_else(
                    || Registered {
                        tenant_id: tenant(),
                        entry: resource_entry(&action.resource),
                        resource: action.resource.clone(),
                        desired: Desired::Absent,
                        settled: true,
                        made_at: self.now,
                        made_by: transition(self.changes),
                        mode_switched_at: Vec::new(),
                        resharded_at: Vec::new(),
                        version: 1,
                    },
                );
            assert_eq!(row.desired, action.before, "a plan starts from what is");
            row.desired = action.after.clone();
            if switched {
                row.mode_switched_at.push(self.now);
            }
            self.register.retain(|other| other.resource != action.resource);
            if row.desired != Desired::Absent {
                self.register.push(row);
            }
        }
        self.tier = to;
        self.changes += 1;
        plan
    }
    fn serving(&self) -> Vec<(Service, &Spec)> {
        let mut serving: Vec<_> = self
            .register
            .iter()
            .filter(|row| row.desired.serves())
            .filter_map(|row| Some((row.resource.kind.service(), row.desired.spec()?)))
            .collect();
        serving.sort_by_key(|(service, _)| *service);
        serving
    }
}

fn moves() -> Vec<(Tier, Tier)> {
    let pairs = Tier::ALL.into_iter().flat_map(|from| Tier::ALL.into_iter().map(move |to| (from, to)));
    pairs.filter(|(from, to)| from != to).collect()
}

fn verbs(plan: &Plan) -> Vec<(Service, Verb)> {
    plan.items.iter().map(|item| (item.service, item.action)).collect()
}

#[test]
fn a_first_change_makes_everything_and_takes_nothing_away() {
    let plan = World::new().plan(
        Tier::Staging,
        &TierConfig::default_for(Tier::Dev),
        &TierConfig::default_for(Tier::Staging),
    );
    assert_eq!(plan.actions.len(), 5);
    assert!(
        plan.actions
            .iter()
            .all(|action| action.before == Desired::Absent && action.phase == Phase::Provision)
    );
    assert_eq!((plan.cost_before, plan.cost_after), (Usd::dollars(350), Usd::dollars(35_000)));
    assert!((10..=15).contains(&plan.expected_minutes), "{} minutes", plan.expected_minutes);
}

#[test]
fn up_to_production_switches_the_stores_and_down_again_switches_them_back() {
    let mut world = World::new();
    world.go(Tier::Staging, &TierConfig::default_for(Tier::Staging));
    world.now = world.now + DAY;
    let up = world.go(Tier::Production, &TierConfig::default_for(Tier::Production));
    assert_eq!(
        verbs(&up),
        [
            (Service::SageMaker, Verb::Resize),
            (Service::OpenSearch, Verb::Switch),
            (Service::ElastiCache, Verb::Switch),
            (Service::Neptune, Verb::Switch),
            (Service::Kinesis, Verb::Resize),
        ]
    );
    world.now = world.now + DAY;
    let down = world.go(Tier::Dev, &TierConfig::default_for(Tier::Dev));
    assert_eq!(
        verbs(&down),
        [
            (Service::SageMaker, Verb::Retire),
            (Service::OpenSearch, Verb::Switch),
            (Service::ElastiCache, Verb::Switch),
            (Service::Neptune, Verb::Switch),
            (Service::Kinesis, Verb::Switch),
        ]
    );
    let codes: Vec<&str> = down.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert!(
        codes.contains(&"DATA_NOT_CARRIED_OVER") && codes.contains(&"CAPACITY") && codes.contains(&"DRAIN")
    );
}

#[test]
fn a_replaced_store_is_retired_for_seven_days_under_its_own_name() {
    let mut world = World::new();
    world.go(Tier::Staging, &TierConfig::default_for(Tier::Staging));
    world.go(Tier::Production, &TierConfig::default_for(Tier::Production));
    let plan = world.go(Tier::Staging, &TierConfig::default_for(Tier::Staging));
    let mut names: Vec<String> = world.register.iter().map(|row| row.resource.to_string()).collect();
    names.sort();
    let distinct = names.len();
    names.dedup();
    assert_eq!(names.len(), distinct, "no two resources share a name");
    let retired: Vec<_> = world
        .register
        .iter()
        .filter_map(|row| match row.desired {
            Desired::Retired { delete_after, .. } => Some(delete_after),
            _ => None,
        })
        .collect();
    assert_eq!(retired.len(), 4, "domain and group on the way up, collection and group on the way down");
    assert!(retired.iter().all(|at| *at == world.now + Millis::days(7)));
    assert!(plan.actions.iter().any(|action| action.resource.name.ends_with("-2")));
}

#[test]
fn a_stream_whose_mode_was_switched_today_keeps_it_and_says_so() {
    let mut world = World::new();
    world.go(Tier::Production, &TierConfig::default_for(Tier::Production));
    world.go(Tier::Dev, &TierConfig::default_for(Tier::Dev));
    let up_again = world.go(Tier::Staging, &TierConfig::default_for(Tier::Staging));
    assert!(up_again.warnings.iter().any(|warning| warning.code == "STREAM_MODE_KEPT"));
    assert!(world.serving().iter().any(|(_, spec)| **spec == Spec::StreamOnDemand));
    world.now = world.now + DAY;
    world.go(Tier::Production, &TierConfig::default_for(Tier::Production));
    assert!(world.serving().iter().any(|(_, spec)| **spec == Spec::StreamProvisioned { shards: 20 }));
}

#[test]
fn every_pair_of_tiers_ends_with_exactly_what_the_target_is_made_of() {
    for (from, to) in moves() {
        let mut world = World::new();
        if from != Tier::Dev {
            world.go(from, &TierConfig::default_for(from));
            world.now = world.now + DAY;
        }
        let config = TierConfig::default_for(to);
        let plan = world.go(to, &config);
        let wanted: Vec<(Service, Spec)> =
            Service::ALL.into_iter().filter_map(|service| Some((service, config.spec(service)?))).collect();
        let serving: Vec<(Service, Spec)> =
            world.serving().into_iter().map(|(service, spec)| (service, spec.clone())).collect();
        assert_eq!(serving, wanted, "{from} → {to}");
        let pointed: Vec<Service> = plan.app_config_after.services.keys().copied().collect();
        assert_eq!(pointed, wanted.iter().map(|(service, _)| *service).collect::<Vec<_>>(), "{from} → {to}");
    }
}

prop_compose! {
    fn configs()(
        min in 0u32..60, more in 0u32..100, type_index in 0usize..8,
        serverless_search in any::<bool>(), count in 1u32..10,
        serverless_cache in any::<bool>(), cluster in any::<bool>(),
        serverless_graph in any::<bool>(), instances in 1u32..4,
        shards in 0u32..40,
    ) -> TierConfig {
        let mut config = TierConfig::default_for(Tier::Staging);
        let types = capstan_core::tier::prices::instance_types(&["ml.g5."]);
        types[type_index % types.len()].clone_into(&mut config.sagemaker.instance_type);
        config.sagemaker.min_instances = min;
        config.sagemaker.max_instances = (min + more).max(1);
        config.sagemaker.scale_to_zero = min == 0;
        config.opensearch = if serverless_search { OpenSearchConfig::Serverless { min_ocus: 2, max_ocus: 10 } }
            else { OpenSearchConfig::Provisioned { instance_type: "r6g.large.search".into(), instance_count: count, ebs_gb: 10 } };
        config.elasticache = if serverless_cache { ElastiCacheConfig::Serverless { min_ecpu: 1000, max_ecpu: 5000 } }
            else { ElastiCacheConfig::Provisioned { node_type: "cache.r7g.large".into(), nodes: 4, cluster_mode: cluster } };
        config.neptune = if serverless_graph { NeptuneConfig::Serverless { min_capacity: 1.0, max_capacity: 2.5 } }
            else { NeptuneConfig::Provisioned { instance_class: "db.r6g.2xlarge".into(), instance_count: instances } };
        config.kinesis = if shards == 0 { KinesisConfig::OnDemand } else { KinesisConfig::Provisioned { shards } };
        config
    }
}

proptest! {
    /// Whatever the configurations, a plan starts from what is, ends at what is wanted, and its inverse is where it began.
    #[test]
    fn a_plan_leads_from_what_is_to_what_is_wanted_and_back(first in configs(), second in configs()) {
        let mut world = World::new();
        world.go(Tier::Staging, &first);
        world.now = world.now + DAY;
        let before: Vec<(String, Desired)> = world.register.iter().map(|row| (row.resource.to_string(), row.desired.clone())).collect();
        let plan = world.plan(Tier::Production, &first, &second);

        let mut state = before.clone();
        let apply = |state: &mut Vec<(String, Desired)>, name: String, from: &Desired, to: &Desired| {
            let found = state.iter().position(|(known, _)| *known == name);
            assert_eq!(found.map_or(&Desired::Absent, |at| &state[at].1), from);
            state.retain(|(known, _)| *known != name);
            if *to != Desired::Absent { state.push((name, to.clone())); }
        };
        let mut ordered: Vec<_> = plan.actions.iter().collect();
        ordered.sort_by_key(|action| action.phase);
        for action in &ordered { apply(&mut state, action.resource.to_string(), &action.before, &action.after); }
        let mut served: Vec<(Service, Spec)> = state.iter().filter(|(_, desired)| desired.serves())
            .filter_map(|(_, desired)| desired.spec().map(|spec| (spec.kind().service(), spec.clone()))).collect();
        served.sort_by_key(|(service, _)| *service);
        let wanted: Vec<(Service, Spec)> = Service::ALL.into_iter().filter_map(|service| Some((service, second.spec(service)?))).collect();
        prop_assert_eq!(served, wanted);

        for action in ordered.iter().rev() { apply(&mut state, action.resource.to_string(), &action.after, &action.before); }
        let mut after = state; after.sort_by(|one, two| one.0.cmp(&two.0));
        let mut expected = before; expected.sort_by(|one, two| one.0.cmp(&two.0));
        prop_assert_eq!(after, expected);
    }

    /// A store is never deleted by a change: only endpoints go at once.
    #[test]
    fn no_plan_deletes_a_store(first in configs(), second in configs()) {
        let mut world = World::new();
        world.go(Tier::Staging, &first);
        let plan = world.plan(Tier::Dev, &first, &second);
        for action in plan.actions {
            if action.after == Desired::Absent {
                prop_assert!(!action.resource.kind.holds_data(), "{}", action.resource);
            }
        }
    }

    /// Nothing that serves is taken away before its successor is there, and what grows does so first.
    #[test]
    fn making_comes_before_taking_away(first in configs(), second in configs()) {
        let mut world = World::new();
        world.go(Tier::Staging, &first);
        let plan = world.plan(Tier::Production, &first, &second);
        for action in &plan.actions {
            let phase = match (&action.before, &action.after) {
                (Desired::Absent, _) => Some(Phase::Provision),
                (_, Desired::Absent | Desired::Retired { .. }) => Some(Phase::Cleanup),
                _ => None,
            };
            if let Some(phase) = phase { prop_assert_eq!(action.phase, phase); }
        }
    }
}
