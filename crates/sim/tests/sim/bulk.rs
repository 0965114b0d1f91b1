//! Tables that are on the disk alone: they do what those in memory do, and what was acknowledged is there after a restart.

use capstan_core::ports::{Condition, Effect, Item, Key, Page, Query, Store, StoreError, Table, Write};
use capstan_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sim::{Invocation, Outcome, Ports, SharedWorld, WorldConfig, disk};
use std::fs;
use std::path::PathBuf;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("capstan-bulk-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
    fn open(&self) -> SharedWorld {
        disk::open(&self.0.join("store.redb"), WorldConfig::default()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn run<T>(world: &SharedWorld, act: impl AsyncFnOnce(&Ports) -> T) -> T {
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(world, invocation.clone());
    match sim::run(act(&ports), &invocation) {
        Outcome::Done(value, _) => value,
        other => panic!("{:?}", matches!(other, Outcome::Crashed)),
    }
}

fn metric(host: &str, at: u64, value: u64) -> (Key, Item) {
    let key = Key { table: Table::IopsMetrics, partition: host.to_owned(), sort: format!("{at:010}") };
    let item = json!({"hostname": host, "timestamp": at, "cpuUsage": value, "expires_at": at + 100});
    (key, item.as_object().cloned().unwrap())
}

fn all(host: &str) -> Query {
    Query {
        table: Table::IopsMetrics,
        partition: host.to_owned(),
        prefix: String::new(),
        after: None,
        descending: false,
        limit: 1000,
    }
}

fn put(world: &SharedWorld, puts: Vec<(Key, Item)>) -> Result<Vec<Key>, StoreError> {
    run(world, async |ports| ports.put_batch(puts).await)
}

fn query(world: &SharedWorld, query: &Query) -> Page {
    run(world, async |ports| ports.query(query).await).unwrap()
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart_rows_and_stream_alike() {
    let folder = Folder::new("restart");
    let world = folder.open();
    for at in 0..60 {
        assert_eq!(put(&world, vec![metric("a", at, at), metric("b", at, at)]), Ok(Vec::new()));
    }
    let before = (query(&world, &all("a")), world.stream_after(0, 1000).unwrap().len());
    assert_eq!((before.0.items.len(), before.1), (60, 120));
    let seen: Vec<u64> = world.stream_after(0, 50).unwrap().iter().map(|record| record.sequence).collect();
    world.stream_done(&seen);
    world.sync().unwrap();
    // As after a kill: nothing is said to the world.
    drop(world);
    let world = folder.open();
    assert_eq!(query(&world, &all("a")), before.0);
    let left = world.stream_after(0, 1000).unwrap();
    assert_eq!((left.len(), left[0].sequence), (70, 51));
    assert_eq!(left[0].item()["cpuUsage"], 25);
    assert_eq!(put(&world, vec![metric("c", 1, 1)]), Ok(Vec::new()));
    assert_eq!(world.stream_after(0, 1000).unwrap().last().map(|record| record.sequence), Some(121));
}

#[test]
fn a_put_that_changes_nothing_makes_no_record_and_one_that_does_says_so() {
    for world in [Folder::new("same").open(), SharedWorld::in_memory(WorldConfig::default())] {
        for value in [1, 1, 2] {
            put(&world, vec![metric("a", 7, value)]).unwrap();
        }
        let records = world.stream_after(0, 10).unwrap();
        assert_eq!(records.iter().map(|record| record.modified).collect::<Vec<_>>(), [false, true]);
    }
}

#[test]
fn no_transaction_spans_the_two_files() {
    let folder = Folder::new("span");
    for world in [folder.open(), SharedWorld::in_memory(WorldConfig::default())] {
        let write = |table: Table| {
            let key = Key { table, partition: "p".to_owned(), sort: "s".to_owned() };
            Write { key, effect: Effect::Delete, condition: None }
        };
        let mixed = vec![write(Table::IopsAnalysis), write(Table::TierLedger)];
        let answer = run(&world, async |ports| ports.transact(mixed).await);
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    }
}

#[test]
fn what_is_past_its_time_goes_by_and_by_and_what_was_renewed_stays() {
    let folder = Folder::new("sweep");
    let world = folder.open();
    let now = WorldConfig::default().start.as_millis() / 1_000;
    put(&world, (0..20).map(|host| metric(&format!("old-{host:02}"), now - 200, 1)).collect()).unwrap();
    put(&world, (0..20).map(|host| metric(&format!("new-{host:02}"), now, 1)).collect()).unwrap();
    put(
        &world,
        vec![(metric("old-07", now - 200, 1).0, {
            let mut item = metric("old-07", now - 200, 1).1;
            item.insert("expires_at".to_owned(), json!(now + 1));
            item
        })],
    )
    .unwrap();
    let mut gone = 0;
    for _ in 0..12 {
        gone += world.sweep(7).unwrap();
    }
    assert_eq!(gone, 19);
    assert_eq!(world.rows_of(Table::IopsMetrics).unwrap().len(), 21);
    assert_eq!(query(&world, &all("old-07")).items.len(), 1);
    world.with(|world| world.advance_to(Timestamp::from_millis((now + 101) * 1_000)));
    for _ in 0..12 {
        world.sweep(7).unwrap();
    }
    world.sync().unwrap();
    drop(world);
    assert_eq!(folder.open().rows_of(Table::IopsMetrics).unwrap(), Vec::new());
}

#[test]
fn conditions_hold_against_what_is_on_the_disk() {
    let folder = Folder::new("conditions");
    let head = |version: u64| {
        let key = Key { table: Table::IopsAnalysis, partition: "host#a".to_owned(), sort: "head".to_owned() };
        let item = json!({"subject": "host#a", "entry": "head", "version": version});
        (key, item.as_object().cloned().unwrap())
    };
    let write = |version: u64, condition: Condition| {
        let (key, item) = head(version);
        vec![Write { key, effect: Effect::Put(item), condition: Some(condition) }]
    };
    let transact =
        |world: &SharedWorld, writes: Vec<Write>| run(world, async |ports| ports.transact(writes).await);
    let world = folder.open();
    assert_eq!(transact(&world, write(1, Condition::Absent)), Ok(()));
    drop(world);
    let world = folder.open();
    assert_eq!(transact(&world, write(1, Condition::Absent)), Err(StoreError::ConditionFailed(0)));
    assert_eq!(transact(&world, write(2, Condition::VersionIs(1))), Ok(()));
    assert_eq!(transact(&world, write(3, Condition::VersionIs(1))), Err(StoreError::ConditionFailed(0)));
    let found = run(&world, async |ports| ports.get(&head(0).0).await).unwrap();
    assert_eq!(found.and_then(|item| item.get("version").and_then(Value::as_u64)), Some(2));
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u64, u64),
    Delete(u8, u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let host = 0..3_u8;
    let at = prop_oneof![0..12_u64, 990..1_012_u64];
    prop_oneof![
        6 => (host.clone(), at.clone(), 0..4_u64).prop_map(|(host, at, value)| Step::Put(host, at, value)),
        2 => (host, at).prop_map(|(host, at)| Step::Delete(host, at)),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is put and deleted, in whatever mix of what is on the disk and what is not yet: pages are those of a table in
    /// memory.
    #[test]
    fn pages_are_those_of_a_table_in_memory(
        steps in proptest::collection::vec(step(), 1..40),
        after in proptest::option::of(0..1_015_u64),
        limit in 1..9_usize,
    ) {
        let folder = Folder::new("model");
        let (mut on_disk, in_memory) = (folder.open(), SharedWorld::in_memory(WorldConfig::default()));
        for step in steps {
            match step {
                Step::Put(host, at, value) => for world in [&on_disk, &in_memory] {
                    put(world, vec![metric(&format!("h{host}"), at, value)]).unwrap();
                },
                Step::Delete(host, at) => for world in [&on_disk, &in_memory] {
                    let (key, _) = metric(&format!("h{host}"), at, 0);
                    let delete = vec![Write { key, effect: Effect::Delete, condition: None }];
                    run(world, async |ports| ports.transact(delete).await).unwrap();
                },
                Step::Reopen => {
                    drop(on_disk);
                    on_disk = folder.open();
                }
            }
        }
        for host in 0..3 {
            for descending in [false, true] {
                let asked = Query {
                    after: after.map(|after| format!("{after:010}")), descending, limit, ..all(&format!("h{host}"))
                };
                prop_assert_eq!(query(&on_disk, &asked), query(&in_memory, &asked), "{:?}", asked);
            }
        }
    }
}
