//! Random histories of the whole cloud: whatever was done in whatever order, what the journal holds is the world.

use crate::setting::*;
use capstan_core::ports::*;
use capstan_core::tier::ResourceKind;
use capstan_core::time::Millis;
use proptest::prelude::*;
use serde_json::json;
use sim::{Change, Journal, Ports, SharedWorld, World, WorldConfig, run};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

/// A journal in memory.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Journal for Kept {
    fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap();
        for (key, value) in changes.iter().cloned() {
            match value {
                Some(value) => kept.insert(key, value),
                None => kept.remove(&key),
            };
        }
        Ok(())
    }
}

const OPERATIONS: u8 = 32;

/// One call of `OPERATIONS`, on one of two names each; refusals are welcome.
async fn act(p: &Ports, operation: u8, second: bool, number: u32) {
    let name = if second { "res-b" } else { "res-a" };
    let part = format!("{name}-{}", number % 3);
    let snapshot = number.is_multiple_of(2).then(|| format!("last-{number}"));
    let of = |kind| resource(kind, name);
    let kind = ResourceKind::ALL[number as usize % 7];
    let mode = if second { StreamMode::OnDemand } else { StreamMode::Provisioned };
    let class = if number.is_multiple_of(2) { "db.serverless" } else { "db.r6g.large" };
    let (tags, domain, group) = (tags(), small_domain(), two_nodes());
    drop(match operation {
        0 => p.create_endpoint_config(&config(&part, "ml.g5.xlarge", 1 + number % 3), &tags).await,
        1 => p.delete_endpoint_config(&part).await,
        2 => p.create_endpoint(name, &part, &tags).await,
        3 => p.update_endpoint(name, &part).await,
        4 => p.set_desired_instances(name, number).await,
        5 => p.delete_endpoint(name).await,
        6 => p.set_scaling(name, ScalingRange { min: 1, max: number, scale_in_cooldown: 60 }).await,
        7 => p.remove_scaling(name).await,
        8 => p.create_domain(name, &domain, &tags).await,
        9 => p.update_domain(name, &DomainSettings { instance_count: number, ..domain }).await,
        10 => p.delete_domain(name).await,
        11 => p.create_collection(name, &tags).await,
        12 => p.delete_collection(name).await,
        13 => {
            p.set_collection_limits(CollectionLimits { max_indexing_ocus: number, max_search_ocus: 9 }).await
        }
        14 => p.create_cache_group(name, &group, &tags).await,
        15 => p.set_node_type(name, if second { "cache.r7g.large" } else { "cache.r7g.xlarge" }).await,
        16 => p.set_nodes(name, number, false).await,
        17 => p.delete_cache_group(name, snapshot.as_deref()).await,
        18 => p.create_serverless_cache(name, 1000, 1000 + number, &tags).await,
        19 => p.set_ecpu(name, 1000, 2000 + number).await,
        20 => p.delete_serverless_cache(name, snapshot.as_deref()).await,
        21 => p.create_graph_cluster(name, number.is_multiple_of(2).then(capacity), &tags).await,
        22 => p.set_capacity(name, capacity()).await,
        23 => p.create_graph_instance(name, &part, class, &tags).await,
        24 => p.fail_over(name, &part).await,
        25 => p.delete_graph_instance(name, &part).await,
        26 => p.delete_graph_cluster(name, snapshot.as_deref()).await,
        27 => p.create_stream(name, number.is_multiple_of(2).then_some(number), &tags).await,
        28 => p.set_shards(name, number).await,
        29 => p.set_mode(name, mode).await,
        30 => p.delete_stream(name).await,
        _ => p.tag(&of(kind), &Tags::from([(TagKey::Tier, number.to_string())])).await,
    });
    if number == 5 {
        let row = put(Table::AppConfig, TENANT, "", json!({ "draining": second }));
        drop(p.transact(vec![row]).await);
    }
}

fn world_config() -> WorldConfig {
    let hourly = |_: &capstan_core::tier::Spec| capstan_core::money::Usd::dollars(1);
    WorldConfig { hourly: Some(hourly), ..WorldConfig::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_the_journal_holds_is_the_world(
        steps in proptest::collection::vec((0..OPERATIONS, any::<bool>(), 0u32..9, 0u64..400), 1..150),
        fault in proptest::option::of(prop_oneof![Just("*:*:2:fails"), Just("*:*:@30:crash-after"), Just("*:*:3:never")]),
    ) {
        let kept = Kept::default();
        let world = SharedWorld::durable(World::new(world_config()), kept.clone());
        if let Some(fault) = fault {
            world.with(|world| world.add_fault(fault.parse().unwrap()));
        }
        for (operation, second, number, seconds) in steps {
            let p = ports(&world);
            // Done or killed: either is a history.
            let _ended = run(act(&p, operation, second, number), p.invocation());
            pass(&world, Millis::seconds(seconds));
        }
        let entries = kept.0.lock().unwrap().clone();
        prop_assume!(!entries.is_empty());
        let mut loaded = World::load(world_config(), entries).unwrap();
        loaded.advance_to(world.now());
        prop_assert_eq!(loaded.dump(), world.with(|world| world.dump()));
        prop_assert_eq!(loaded.snapshot(), world.with(|world| world.snapshot()));
        prop_assert_eq!(loaded.next_event(), world.with(|world| world.next_event()));
        let again = World::load(world_config(), loaded.dump()).unwrap();
        prop_assert_eq!(again.dump(), loaded.dump());
    }
}
