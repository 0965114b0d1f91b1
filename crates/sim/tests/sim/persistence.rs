//! The world on disk: what is answered for is there after the process is gone.

use crate::setting::*;
use capstan_core::money::Usd;
use capstan_core::ports::*;
use capstan_core::tier::{ResourceKind, Spec};
use capstan_core::time::Millis;
use serde_json::json;
use sim::{Change, Invocation, Journal, LoadError, Outcome, Ports, SharedWorld, World, WorldConfig, disk};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A file of its own, deleted at the end.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sim-test-{}-{}.redb", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}
impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
        drop(std::fs::remove_file(disk::bulk_path(&self.0)));
    }
}

fn metered() -> WorldConfig {
    fn hourly(_: &Spec) -> Usd {
        Usd::dollars(1)
    }
    WorldConfig { hourly: Some(hourly), ..WorldConfig::default() }
}

/// A bit of everything that is kept.
fn live(world: &SharedWorld) {
    let p = ports(world);
    ok(p.create_endpoint_config(&config("c1", "ml.g5.xlarge", 2), &tags()));
    ok(p.create_endpoint_config(&config("c2", "ml.g5.xlarge", 2), &tags()));
    ok(p.create_endpoint("e", "c1", &tags()));
    ok(p.create_domain("dom", &small_domain(), &tags()));
    ok(p.create_collection("col", &tags()));
    ok(p.create_collection("gone", &tags()));
    ok(p.set_collection_limits(CollectionLimits { max_indexing_ocus: 20, max_search_ocus: 30 }));
    ok(p.create_cache_group("g", &two_nodes(), &tags()));
    ok(p.create_serverless_cache("s", 1000, 5000, &tags()));
    ok(p.create_graph_cluster("c", Some(capacity()), &tags()));
    ok(p.create_stream("s", Some(4), &tags()));
    rest(world);
    ok(p.create_graph_instance("c", "c-1", "db.serverless", &tags()));
    ok(p.set_scaling("e", ScalingRange { min: 1, max: 4, scale_in_cooldown: 60 }));
    ok(p.set_mode("s", StreamMode::OnDemand));
    ok(p.delete_collection("gone"));
    ok(p.delete_serverless_cache("s", Some("last")));
    ok(p.delete_endpoint_config("c2"));
    pass(world, Millis::seconds(70));
    let mut writes = vec![put(Table::AppConfig, TENANT, "", json!({ "draining": true }))];
    writes.push(put(Table::TierLedger, TENANT, "a/b", json!({ "n": [1, 2.5, null, "x"] })));
    writes.push(put(Table::TierLedger, TENANT, "a/c", json!({})));
    ask(p.transact(writes)).unwrap();
    let mut delete = put(Table::TierLedger, TENANT, "a/c", json!({}));
    delete.effect = Effect::Delete;
    ask(p.transact(vec![delete])).unwrap();
    ok(p.start("x", &json!({ "tenantId": TENANT })));
    ok(p.notify(&Notice {
        kind: NoticeKind::Stuck,
        tenant_id: TENANT.to_owned().try_into().ok(),
        subject: "stuck".to_owned(),
        body: "retry".to_owned(),
    }));
    ok(p.tag(&resource(ResourceKind::Stream, "s"), &Tags::from([(TagKey::Tier, "DEV".to_owned())])));
}

#[test]
fn a_world_that_is_dropped_and_opened_again_is_the_same() {
    let file = File::new();
    let world = disk::open(&file.0, metered()).unwrap();
    live(&world);
    let before = world.with(|world| (world.dump(), world.snapshot(), world.next_event()));
    drop(world);
    let world = disk::open(&file.0, metered()).unwrap();
    let after = world.with(|world| (world.dump(), world.snapshot(), world.next_event()));
    assert_eq!(before, after);
    assert!(before.0.keys().any(|key| key.starts_with("drain/")));
    assert!(before.0.keys().any(|key| key.starts_with("meter/")));
    // And it lives on.
    rest(&world);
    ok(ports(&world).delete_endpoint("e"));
}

#[test]
fn what_is_on_disk_is_what_is_in_memory_and_never_less() {
    let file = File::new();
    let world = disk::open(&file.0, metered()).unwrap();
    live(&world);
    let dump = world.with(|world| world.dump());
    drop(world);
    let stored: std::collections::BTreeMap<_, _> =
        disk::Disk::open(&file.0).unwrap().entries().unwrap().into_iter().collect();
    assert_eq!(dump, stored);
}

#[test]
fn each_call_is_one_write_and_looking_is_none() {
    #[derive(Clone, Default)]
    struct Counted(std::sync::Arc<std::sync::Mutex<Vec<Vec<String>>>>);
    impl Journal for Counted {
        fn append(&mut self, changes: &[Change]) -> io::Result<()> {
            self.0.lock().unwrap().push(changes.iter().map(|(key, _)| key.clone()).collect());
            Ok(())
        }
    }
    let counted = Counted::default();
    let world = SharedWorld::durable(World::new(WorldConfig::default()), counted.clone());
    let p = ports(&world);
    ok(p.create_collection("col", &tags()));
    ok(p.collection("col"));
    rest(&world);
    refused(CloudErrorKind::AlreadyExists, p.create_stream("col", None, &tags()).then_again(&p));
    let writes = counted.0.lock().unwrap().clone();
    assert_eq!(writes.len(), 2);
    assert_eq!(writes[0][..2], ["cloud/collection/col", "cloud/policies/col"]);
    // What settled in the meantime goes along with the next write.
    assert_eq!(writes[1][..2], ["cloud/collection/col", "cloud/stream/col"]);
    assert!(writes[1].contains(&"meta/now".to_owned()));
}

/// The same creation once more: the second is refused.
trait ThenAgain {
    async fn then_again(self, ports: &sim::Ports) -> CloudResult<()>;
}
impl<F: Future<Output = CloudResult<()>>> ThenAgain for F {
    async fn then_again(self, ports: &sim::Ports) -> CloudResult<()> {
        self.await?;
        ports.create_stream("col", None, &tags()).await
    }
}

#[test]
fn a_disk_that_fails_is_owned_up_to() {
    struct Full;
    impl Journal for Full {
        fn append(&mut self, _: &[Change]) -> io::Result<()> {
            Err(io::Error::other("no space left"))
        }
    }
    let world = SharedWorld::durable(World::new(WorldConfig::default()), Full);
    let p = ports(&world);
    assert!(refused(CloudErrorKind::Unknown, p.create_stream("s", None, &tags())).contains("no space left"));
    refused(CloudErrorKind::Unavailable, p.stream("s"));
    assert!(world.with(|world| world.broken().map(str::to_owned)).unwrap().contains("restart"));
}

#[test]
fn a_newer_format_is_left_alone() {
    let file = File::new();
    {
        let mut disk = disk::Disk::open(&file.0).unwrap();
        disk.append(&[
            ("meta/format".to_owned(), Some(b"99".to_vec())),
            ("new/thing".to_owned(), Some(vec![1])),
        ])
        .unwrap();
    }
    let error = disk::open(&file.0, metered()).unwrap_err();
    assert!(matches!(error, disk::DiskError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(disk::Disk::open(&file.0).unwrap().entries().unwrap().len(), 2);
}

#[test]
fn a_damaged_file_is_named_and_kept() {
    let file = File::new();
    std::fs::write(&file.0, vec![b'x'; 10_000]).unwrap();
    let error = disk::open(&file.0, metered()).unwrap_err().to_string();
    assert!(error.contains("Move it away") && error.contains(file.0.to_str().unwrap()), "{error}");
    assert_eq!(std::fs::read(&file.0).unwrap(), vec![b'x'; 10_000]);

    let load = |key: &str, value: &str| {
        let format = ("meta/format".to_owned(), b"1".to_vec());
        World::load(metered(), [format, (key.to_owned(), value.as_bytes().to_vec())]).unwrap_err()
    };
    for (key, value) in [
        ("cloud/stream/s", "{"),
        ("cloud/strom/s", "{}"),
        ("table/nowhere/x", "{}"),
        ("table/cato_tier_config/a\u{1f}b", "{\"tenant_id\":\"z\",\"tier\":\"b\"}"),
        ("meta/now", "1"),
        ("whatever", "1"),
        ("x/y", "1"),
        ("meter/x", "[]"),
        ("execution/x", "{}"),
    ] {
        let error = load(key, value);
        assert!(matches!(&error, LoadError::Damaged { key: named, .. } if named == key), "{error}");
    }
    assert!(World::load(metered(), [("cloud/stream/s".to_owned(), vec![])]).is_err());
}

#[test]
fn a_file_from_under_a_running_process_opens_as_it_was() {
    // What `kill -9` leaves: the file as it is while the process has it open.
    let (file, copy) = (File::new(), File::new());
    let world = disk::open(&file.0, metered()).unwrap();
    live(&world);
    std::fs::copy(&file.0, &copy.0).unwrap();
    let again = disk::open(&copy.0, metered()).unwrap();
    assert_eq!(again.with(|world| world.dump()), world.with(|world| world.dump()));
}

#[test]
fn a_file_cut_short_or_scribbled_over_never_passes_for_a_world() {
    let (file, copy) = (File::new(), File::new());
    let world = disk::open(&file.0, metered()).unwrap();
    live(&world);
    let dump = world.with(|world| world.dump());
    drop(world);
    let whole = std::fs::read(&file.0).unwrap();
    let step = whole.len() / 40;
    for at in (0..whole.len()).step_by(step) {
        let mut scribbled = whole.clone();
        let end = (at + 512).min(whole.len());
        scribbled[at..end].fill(0xa5);
        for damaged in [&whole[..at], &scribbled] {
            std::fs::write(&copy.0, damaged).unwrap();
            match disk::open(&copy.0, metered()) {
                Err(error) => assert!(error.to_string().contains(copy.0.to_str().unwrap()), "{error}"),
                Ok(opened) => {
                    let found = opened.with(|world| world.dump());
                    assert_eq!(found, dump, "damage at {at} went unseen");
                }
            }
        }
    }
}

/// An empty file is what is left of a store that was lost, never one that is being made.
#[test]
fn an_empty_file_is_no_new_store() {
    let file = File::new();
    std::fs::write(&file.0, b"").unwrap();
    let error = disk::open(&file.0, metered()).unwrap_err();
    assert!(matches!(error, disk::DiskError::Damaged { .. }), "{error}");
    assert!(
        error.to_string().contains("it is empty") && error.to_string().contains("Move it away"),
        "{error}"
    );
    assert_eq!(std::fs::metadata(&file.0).unwrap().len(), 0, "it is left as it was");
}

#[test]
fn a_store_half_made_is_made_anew_and_swept_up() {
    let file = File::new();
    let half = file.0.with_file_name(format!(".{}.0123", file.0.file_name().unwrap().to_string_lossy()));
    std::fs::write(&half, b"half").unwrap();
    let world = disk::open(&file.0, metered()).unwrap();
    live(&world);
    let dump = world.with(|world| world.dump());
    drop(world);
    assert!(!half.exists());
    assert_eq!(disk::open(&file.0, metered()).unwrap().with(|world| world.dump()), dump);
}

/// Of many that make the store at once, one holds it, the others are told so, and all see the same one.
#[test]
fn a_store_made_by_several_at_once_is_made_once() {
    for _ in 0..20 {
        let file = File::new();
        let opened: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| disk::Disk::open(&file.0))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1);
        for refused in opened.iter().filter_map(|opened| opened.as_ref().err()) {
            assert!(matches!(refused, disk::DiskError::InUse { .. }), "{refused}");
        }
    }
}

#[test]
fn a_file_in_use_is_said_to_be() {
    let file = File::new();
    let _held = disk::open(&file.0, metered()).unwrap();
    let error = disk::open(&file.0, metered()).unwrap_err();
    assert!(matches!(error, disk::DiskError::InUse { .. }), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_is_said_to_be() {
    let error = disk::open(&PathBuf::from("/nowhere/at/all.redb"), metered()).unwrap_err();
    assert!(matches!(error, disk::DiskError::Io { .. }), "{error}");
}

#[test]
fn time_goes_on_from_the_last_change_or_checkpoint() {
    let file = File::new();
    let world = disk::open(&file.0, WorldConfig::default()).unwrap();
    ok(ports(&world).create_stream("s", None, &tags()));
    let changed = world.now();
    pass(&world, Millis::hours(1));
    drop(world);
    let world = disk::open(&file.0, WorldConfig::default()).unwrap();
    assert_eq!(world.now(), changed);
    pass(&world, Millis::hours(1));
    world.with(World::checkpoint);
    drop(world);
    let world = disk::open(&file.0, WorldConfig::default()).unwrap();
    assert_eq!(world.now(), changed + Millis::hours(1));
    assert_eq!(ok(ports(&world).stream("s")).unwrap().status, StreamStatus::Active);
}

#[test]
fn chance_goes_on_where_it_was() {
    let file = File::new();
    let world = disk::open(&file.0, WorldConfig::default()).unwrap();
    let p = ports(&world);
    let first = p.random();
    ok(p.create_stream("s", None, &tags()));
    drop((world, p));
    assert_ne!(first, ports(&disk::open(&file.0, WorldConfig::default()).unwrap()).random());
}

/// A disk that takes as long as the test wants.
struct SlowDisk {
    asked: mpsc::Sender<()>,
    go: mpsc::Receiver<()>,
}

impl Journal for SlowDisk {
    fn append(&mut self, _: &[Change]) -> io::Result<()> {
        self.asked.send(()).unwrap();
        self.go.recv().unwrap();
        Ok(())
    }
}

/// Nobody waits for the disk to look; but who says that he knows waits for what others have done.
#[test]
fn looking_does_not_wait_for_the_disk_and_syncing_does() {
    let ((asked, is_asked), (go, may_go)) = (mpsc::channel(), mpsc::channel());
    let world = SharedWorld::durable(World::new(WorldConfig::default()), SlowDisk { asked, go: may_go });
    let writer = {
        let world = world.clone();
        thread::spawn(move || ok(ports(&world).create_stream("s", Some(1), &tags())))
    };
    is_asked.recv().unwrap();
    assert!(ok(ports(&world).stream("s")).is_some(), "a look is answered while the disk works");
    let (done, is_done) = mpsc::channel();
    let waiter = {
        let world = world.clone();
        thread::spawn(move || done.send(world.sync()).unwrap())
    };
    assert!(
        is_done.recv_timeout(Duration::from_millis(100)).is_err(),
        "what is not durable is not vouched for"
    );
    go.send(()).unwrap();
    assert_eq!(is_done.recv_timeout(Duration::from_secs(10)).unwrap(), Ok(()));
    writer.join().unwrap();
    waiter.join().unwrap();
}

/// Who has seen no more than what is on the disk does not wait for what others do meanwhile.
#[test]
fn an_answer_waits_for_what_it_may_rest_on_and_for_no_more() {
    let ((asked, is_asked), (go, may_go)) = (mpsc::channel(), mpsc::channel());
    let world = SharedWorld::durable(World::new(WorldConfig::default()), SlowDisk { asked, go: may_go });
    let look = || {
        let invocation = Invocation::unlimited();
        let ports = Ports::for_invocation(&world, invocation.clone());
        assert!(matches!(sim::run(ports.stream("s"), &invocation), Outcome::Done(Ok(_), _)));
        invocation.seen()
    };
    let before = look();
    let writer = {
        let world = world.clone();
        thread::spawn(move || ok(ports(&world).create_stream("s", Some(1), &tags())))
    };
    is_asked.recv().unwrap();
    let after = look();
    let waiter = |seen| {
        let ((done, is_done), world) = (mpsc::channel(), world.clone());
        thread::spawn(move || done.send(world.sync_to(seen)));
        is_done
    };
    let (before, after) = (waiter(before), waiter(after));
    assert_eq!(before.recv_timeout(Duration::from_secs(10)).unwrap(), Ok(()), "while the disk works");
    assert!(after.recv_timeout(Duration::from_millis(100)).is_err(), "it has seen what is not durable");
    go.send(()).unwrap();
    assert_eq!(after.recv_timeout(Duration::from_secs(10)).unwrap(), Ok(()));
    writer.join().unwrap();
}

/// As in the cloud: some time after its time, not at it; the deletion is on the disk with the next write; and only where the
/// table has a time to live.
#[test]
fn rows_go_some_time_after_their_time_and_stay_gone() {
    const TABLES: [Table; 2] = [Table::TierRequest, Table::TierConfirmation];
    fn told(world: &SharedWorld) {
        world.with(|world| world.set_time_to_live(vec![(Table::TierRequest, "expires_at".to_owned())]));
    }
    fn rows(world: &SharedWorld) -> Vec<usize> {
        TABLES.map(|table| world.with(|world| world.items(table).count())).to_vec()
    }
    let file = File::new();
    let world = disk::open(&file.0, WorldConfig::default()).unwrap();
    let soon = world.now().as_millis() / 1_000 + 3_600;
    let row = |sort: &str, expires: serde_json::Value| {
        put(Table::TierRequest, TENANT, sort, json!({ "expires_at": expires }))
    };
    let writes = vec![
        row("soon", json!(soon)),
        row("late", json!(soon + 86_400)),
        row("never", json!("soon")),
        put(Table::TierRequest, TENANT, "without", json!({})),
        put(Table::TierConfirmation, "hash", "", json!({ "expires_at": 1 })),
    ];
    ask(ports(&world).transact(writes)).unwrap();
    pass(&world, Millis::hours(2));
    assert_eq!(rows(&world), [4, 1], "nobody has said that they go");
    drop(world);

    let world = disk::open(&file.0, WorldConfig::default()).unwrap();
    pass(&world, Millis::hours(2) + Millis::seconds(1));
    told(&world);
    ask(ports(&world).transact(vec![put(Table::AppConfig, TENANT, "", json!({}))])).unwrap();
    assert_eq!(rows(&world), [3, 1]);
    let revisions = world.with(|world| world.dump().len());
    drop(world);
    let world = disk::open(&file.0, WorldConfig::default()).unwrap();
    assert_eq!(
        (rows(&world), world.with(|world| world.dump().len())),
        (vec![3, 1], revisions),
        "not told again"
    );

    told(&world);
    pass(&world, Millis::hours(22));
    let kept = rows(&world);
    pass(&world, Millis::hours(4));
    assert_eq!((kept, rows(&world)), (vec![3, 1], vec![2, 1]));
}
