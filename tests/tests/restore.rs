//! Restores of tables, on the simulated cloud: rows are lost, brought back, counted, put in the place of what serves; and all
//! that may come between. What must hold is in [`Serving`]: which table each function works on, and what the API answers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use capstan_core::ports::{Effect, ExecutionStatus, Key, NoticeKind, Store, Table, Write};
use capstan_core::time::{Millis, Timestamp};
use capstan_tests::lab::Lab;
use local::engine::Options;
use local::functions::{Env, Function, Handler, registry};
use serde_json::{Value, json};
use sim::{Invocation, Ports, SharedWorld};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One in the morning of the labs' day, two hours before they begin.
const START: u64 = 1_795_222_800;
const HOSTS: [&str; 3] = ["db-1", "web-1", "web-2"];
const FUNCTIONS: [&str; 4] =
    ["iops-read-metrics-", "iops-analyze-metrics-", "iops-ingest-metrics-", "iops-read-insights-"];
/// Rows of each host before the loss.
const ROWS: usize = 20;

fn metric(host: &str, second: u64, cpu: u32) -> Value {
    json!({"timestamp": Timestamp::from_millis((START + second) * 1_000), "hostname": host,
        "cpuUsage": cpu, "memoryUsage": 50, "diskIO": 100, "networkIO": 80})
}

fn report(lab: &mut Lab, metrics: &[Value]) {
    let (status, answer) = lab.call("POST", "/metrics", &json!(metrics));
    assert_eq!(status, 200, "{answer}");
    idle(lab);
}

fn idle(lab: &mut Lab) {
    let by = lab.engine().now() + Millis::hours(30);
    assert!(lab.engine().run_until_idle(by), "it comes to no end");
}

fn rest(lab: &mut Lab, length: Millis) {
    let until = lab.engine().now() + length;
    lab.engine().run_until(until, |_| false);
}

/// Deletes what a host reported, as somebody does by mistake.
fn lose(lab: &Lab, host: &str) {
    let keys: Vec<Key> =
        lab.world().rows_of(Table::IopsMetrics).unwrap().into_iter().map(|(key, _)| key).collect();
    let writes: Vec<Write> = keys
        .into_iter()
        .filter(|key| key.partition == host)
        .map(|key| Write { key, effect: Effect::Delete, condition: None })
        .collect();
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(lab.world(), invocation.clone());
    sim::run(async { ports.transact(writes).await.unwrap() }, &invocation);
}

/// Three hosts have reported; ten minutes later the rows of one are deleted. And when all was well.
fn after_a_loss() -> (Lab, Timestamp) {
    let mut lab = Lab::new(7);
    for host in HOSTS {
        let metrics: Vec<Value> =
            (0..ROWS as u64).map(|n| metric(host, n * 60, 20 + u32::try_from(n).unwrap())).collect();
        report(&mut lab, &metrics);
    }
    // One row is changed later, and another is new.
    let well = lab.engine().now();
    rest(&mut lab, Millis::minutes(10));
    lose(&lab, "db-1");
    report(&mut lab, &[metric("web-1", 0, 99)]);
    (lab, well)
}

fn wish(well: Timestamp) -> Value {
    json!({"table": "metrics", "pointInTime": well, "reason": "rows of db-1 were deleted"})
}

fn ask(lab: &mut Lab, wish: &Value) -> String {
    let (status, answer) = lab.call("POST", "/restores", wish);
    assert_eq!(status, 202, "{answer}");
    answer["restoreId"].as_str().unwrap().to_owned()
}

fn seen(lab: &mut Lab, id: &str) -> Value {
    lab.get(&format!("/restores/{id}"))
}

fn rows(lab: &mut Lab, host: &str) -> usize {
    lab.get(&format!("/metrics?hostname={host}"))["metrics"].as_array().unwrap().len()
}

/// What serves.
#[derive(Debug, Clone, PartialEq)]
struct Serving {
    environments: BTreeMap<String, BTreeMap<String, String>>,
    fed_from: Vec<(String, String)>,
    restored: Vec<String>,
}

fn serving(world: &SharedWorld) -> Serving {
    world.with(|world| Serving {
        environments: FUNCTIONS
            .iter()
            .map(|name| format!("{name}local"))
            .map(|name| (name.clone(), world.environment_of(&name)))
            .collect(),
        fed_from: world.fed_from(),
        restored: world.restored_tables(),
    })
}

fn table_of(world: &SharedWorld, function: &str) -> String {
    world.with(|world| world.environment_of(&format!("iops-{function}-local"))["METRICS_TABLE"].clone())
}

#[test]
fn lost_rows_are_brought_back_and_served_and_the_former_table_can_be_put_back() {
    let (mut lab, well) = after_a_loss();
    let before = serving(lab.world());
    assert_eq!((rows(&mut lab, "db-1"), rows(&mut lab, "web-1")), (0, ROWS));
    let id = ask(&mut lab, &wish(well));
    let (status, answer) = lab.call("POST", "/restores", &wish(well));
    assert_eq!(
        (status, &answer["code"], &answer["restoreId"]),
        (409, &json!("RESTORE_UNDER_WAY"), &json!(id))
    );
    idle(&mut lab);
    let done = seen(&mut lab, &id);
    assert_eq!(done["status"], "COMPLETED", "{done}");
    assert_eq!(done["restoredRows"], json!({"rows": HOSTS.len() * ROWS, "complete": true}));
    assert_eq!(done["sourceRows"], json!({"rows": (HOSTS.len() - 1) * ROWS, "complete": true}));
    let target = done["target"].as_str().unwrap().to_owned();
    for function in ["ingest-metrics", "analyze-metrics", "read-metrics"] {
        assert_eq!(table_of(lab.world(), function), target, "{function}");
    }
    // Nothing else that the functions were told is lost.
    let after = serving(lab.world());
    for (name, environment) in &before.environments {
        let mut wanted = environment.clone();
        if after.environments[name].get("METRICS_TABLE") == Some(&target) {
            wanted.insert("METRICS_TABLE".to_owned(), target.clone());
        }
        assert_eq!(after.environments[name], wanted, "{name}");
    }
    assert_eq!(rows(&mut lab, "db-1"), ROWS);
    let first = lab.get("/metrics?hostname=web-1&order=oldest")["metrics"][0].clone();
    assert_eq!(first["cpuUsage"], json!(20), "as it was then, not as it was changed to: {first}");
    // The restored table is like the one it takes the place of, and what is put there is analysed.
    let shown = lab.get("/tables")["tables"][0].clone();
    assert_eq!((&shown["name"], &shown["asDeployed"]), (&json!(target), &json!(false)), "{shown}");
    assert!(shown["restorableFrom"].is_string(), "{shown}");
    let trouble = json!({"timestamp": Timestamp::from_millis((START + 7_200) * 1_000), "hostname": "web-2", "cpuUsage": 30,
        "memoryUsage": 50, "diskIO": 100, "networkIO": 80, "iops": 200_000, "latency": 80, "errorRate": 9, "queueDepth": 500});
    let insights = |lab: &mut Lab| lab.get("/insights")["insights"].as_array().unwrap().len();
    let known = insights(&mut lab);
    report(&mut lab, &[trouble]);
    assert_eq!(insights(&mut lab), known + 1);
    assert_eq!(rows(&mut lab, "web-2"), ROWS + 1);
    // Back: one call, and again until it is in force.
    let path = format!("/restores/{id}/swap-back");
    let because = json!({"reason": "the copy lacks what came since"});
    let mut calls = 0;
    while lab.call("POST", &path, &because).0 != 200 {
        calls += 1;
        assert!(calls < 5, "it is not put back");
        rest(&mut lab, Millis::seconds(10));
    }
    assert_eq!(serving(lab.world()).environments, before.environments);
    assert_eq!((rows(&mut lab, "db-1"), rows(&mut lab, "web-2")), (0, ROWS));
    assert_eq!(seen(&mut lab, &id)["status"], "SWAPPED_BACK");
    let told = lab
        .world()
        .with(|world| world.notices().iter().filter(|it| it.kind == NoticeKind::Completed).count());
    assert_eq!(told, 1);
}

#[test]
fn a_former_table_is_put_back_to_the_end_also_when_nobody_asks_again() {
    let (mut lab, well) = after_a_loss();
    let before = serving(lab.world());
    let id = ask(&mut lab, &wish(well));
    idle(&mut lab);
    let (status, answer) = lab.call(
        "POST",
        &format!("/restores/{id}/swap-back"),
        &json!({"reason": "the copy lacks what came since"}),
    );
    assert_eq!((status, &answer["status"]), (202, &json!("SWAPPING_BACK")), "{answer}");
    // Meanwhile nobody else touches the table, and there is nothing to cancel.
    let (status, answer) = lab.call("POST", "/restores", &wish(well));
    assert_eq!((status, &answer["code"]), (409, &json!("RESTORE_UNDER_WAY")), "{answer}");
    let because = json!({"reason": "it is not wanted any more"});
    let (status, answer) = lab.call("POST", &format!("/restores/{id}/cancel"), &because);
    assert_eq!((status, &answer["code"]), (409, &json!("TOO_LATE")), "{answer}");
    rest(&mut lab, Millis::minutes(15));
    assert_eq!(seen(&mut lab, &id)["status"], "SWAPPED_BACK");
    assert_eq!(serving(lab.world()).environments, before.environments);
    // The table is free again.
    ask(&mut lab, &wish(well));
}

#[test]
fn only_the_table_that_serves_is_put_back() {
    let (mut lab, well) = after_a_loss();
    let first = ask(&mut lab, &wish(well));
    idle(&mut lab);
    rest(&mut lab, Millis::minutes(10));
    let from = lab.get("/tables")["tables"][0]["restorableTo"].clone();
    let again = json!({"table": "metrics", "pointInTime": from, "acceptFewer": true, "reason": "once more, from a later time"});
    let second = ask(&mut lab, &again);
    idle(&mut lab);
    assert_eq!(seen(&mut lab, &second)["status"], "COMPLETED");
    let because = json!({"reason": "the copy lacks what came since"});
    let back = |lab: &mut Lab, id: &str| lab.call("POST", &format!("/restores/{id}/swap-back"), &because);
    let (status, answer) = back(&mut lab, &first);
    assert_eq!((status, &answer["code"]), (409, &json!("NOT_SERVING")), "{answer}");
    for id in [&second, &first] {
        let (status, answer) = back(&mut lab, id);
        assert_eq!(status, 202, "{answer}");
        rest(&mut lab, Millis::minutes(15));
        assert_eq!(seen(&mut lab, id)["status"], "SWAPPED_BACK");
    }
    assert_eq!(lab.get("/tables")["tables"][0]["asDeployed"], json!(true));
}

#[test]
fn a_backup_is_restored_and_need_not_serve() {
    let (mut lab, _) = after_a_loss();
    let arn = lab.world().with(|world| world.back_up("iops-metrics-local", "by-hand"));
    rest(&mut lab, Millis::minutes(1));
    report(&mut lab, &[metric("web-2", 7_000, 5)]);
    let before = serving(lab.world());
    let wish = json!({"table": "metrics", "backupArn": arn, "swap": false, "acceptFewer": true, "reason": "to look at it"});
    let id = ask(&mut lab, &wish);
    idle(&mut lab);
    let done = seen(&mut lab, &id);
    assert_eq!(
        (&done["status"], &done["restoredRows"]["rows"]),
        (&json!("COMPLETED"), &json!(2 * ROWS)),
        "{done}"
    );
    let after = serving(lab.world());
    assert_eq!((after.environments, after.fed_from), (before.environments, before.fed_from));
    assert_eq!(after.restored.len(), 1);
    let (status, answer) =
        lab.call("POST", &format!("/restores/{id}/swap-back"), &json!({"reason": "there is nothing to"}));
    assert_eq!((status, &answer["code"]), (409, &json!("NOT_SWAPPED")));
}

#[test]
fn a_restore_that_brings_back_less_than_there_is_does_not_serve() {
    let (mut lab, _) = after_a_loss();
    let before = serving(lab.world());
    // Rows of the past that came later than the point that is restored.
    let well = lab.engine().now();
    rest(&mut lab, Millis::minutes(6));
    report(&mut lab, &(0..5).map(|n| metric("late", n, 1)).collect::<Vec<_>>());
    let id = ask(&mut lab, &wish(well));
    idle(&mut lab);
    let ended = seen(&mut lab, &id);
    assert_eq!(ended["status"], "ROLLED_BACK", "{ended}");
    assert!(ended["failure"]["message"].as_str().unwrap().contains("acceptFewer"), "{ended}");
    assert_eq!(serving(lab.world()), before, "a clean slate");
    let mut wish = wish(well);
    wish["acceptFewer"] = json!(true);
    let id = ask(&mut lab, &wish);
    idle(&mut lab);
    assert_eq!(seen(&mut lab, &id)["status"], "COMPLETED");
}

/// Every call that a restore makes, in order: service, operation and which of its kind.
fn calls_of_a_restore() -> Vec<String> {
    let (mut lab, well) = after_a_loss();
    lab.world().with(sim::World::clear_records);
    let before: BTreeMap<sim::Operation, u32> = BTreeMap::new();
    ask(&mut lab, &wish(well));
    idle(&mut lab);
    let mut counts = before;
    lab.world().with(|world| {
        world
            .calls()
            .iter()
            .filter(|call| !matches!(call.operation, sim::Operation::BatchWriteItem))
            .map(|call| {
                let count = counts.entry(call.operation).or_default();
                *count += 1;
                format!("{}:{}:{count}", call.operation.service(), call.operation.name())
            })
            .collect()
    })
}

/// Holds what must hold of any end: it is well restored and serves, or nothing of what serves was touched.
fn is_well_ended(lab: &mut Lab, id: &str, before: &Serving, what: &str) -> String {
    let ended = seen(lab, id);
    let status = ended["status"].as_str().unwrap_or_default().to_owned();
    let now = serving(lab.world());
    match status.as_str() {
        "COMPLETED" => {
            assert_eq!(rows(lab, "db-1"), ROWS, "{what}: {ended}");
            assert_eq!(now.restored.len(), 1, "{what}");
        }
        "ROLLED_BACK" => {
            assert_eq!(now.environments, before.environments, "{what}: {ended}");
            assert_eq!(rows(lab, "db-1"), 0, "{what}");
            if ended["kept"] == json!(false) {
                assert_eq!(&now, before, "{what}: {ended}");
            }
        }
        _ => panic!("{what}: it ended {status}: {ended}"),
    }
    let listed =
        lab.world().with(|world| world.items(Table::IopsControl).any(|row| row["subject"] == "restoring"));
    assert!(!listed, "{what}: the table can't be restored again");
    status
}

#[test]
fn whatever_call_fails_the_slate_is_clean_or_it_is_done() {
    let calls = calls_of_a_restore();
    assert!(calls.len() > 60, "{calls:?}");
    let (start, well) = after_a_loss();
    let before = serving(start.world());
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for call in &calls {
        for kind in ["error", "denied", "timeout-after", "crash-after"] {
            let mut lab = start.fork(&registry());
            lab.fault(&format!("{call}:{kind}"));
            let (status, answer) = lab.call("POST", "/restores", &wish(well));
            if status != 202 {
                // It was refused, or its answer was lost: then it is found in the list, or there is none.
                lab.heal();
                idle(&mut lab);
                rest(&mut lab, Millis::minutes(5));
                idle(&mut lab);
                let listed = lab.get("/restores")["restores"].clone();
                let Some(id) = listed[0]["restoreId"].as_str().map(str::to_owned) else {
                    assert_eq!(serving(lab.world()), before, "{call}:{kind}: {answer}");
                    continue;
                };
                is_well_ended(&mut lab, &id, &before, &format!("{call}:{kind}"));
                continue;
            }
            let id = answer["restoreId"].as_str().unwrap().to_owned();
            rest(&mut lab, Millis::hours(2));
            idle(&mut lab);
            lab.heal();
            let end = is_well_ended(&mut lab, &id, &before, &format!("{call}:{kind}"));
            *ends.entry(format!("{kind} {end}")).or_default() += 1;
        }
    }
    assert!(ends.keys().any(|end| end == "denied ROLLED_BACK"), "{ends:?}");
    assert!(ends.keys().any(|end| end == "error COMPLETED"), "{ends:?}");
}

#[test]
fn what_can_not_be_undone_is_said_to_be_stuck_and_undone_once_it_can_be() {
    let (mut lab, well) = after_a_loss();
    let before = serving(lab.world());
    let id = ask(&mut lab, &wish(well));
    lab.fault("dynamodb:UpdateTable:*:denied");
    lab.fault("dynamodb:DeleteTable:*:denied");
    idle(&mut lab);
    let stuck = seen(&mut lab, &id);
    assert_eq!(stuck["status"], "STUCK", "{stuck}");
    assert_eq!(stuck["nextCommand"], json!(format!("capstan restore cancel {id} --reason '…'")));
    assert_eq!(serving(lab.world()).environments, before.environments);
    let told =
        lab.world().with(|world| world.notices().iter().filter(|it| it.kind == NoticeKind::Stuck).count());
    assert!(told >= 1);
    lab.heal();
    let (status, answer) =
        lab.call("POST", &format!("/restores/{id}/cancel"), &json!({"reason": "the role was corrected"}));
    assert_eq!(status, 202, "{answer}");
    idle(&mut lab);
    assert_eq!(is_well_ended(&mut lab, &id, &before, "stuck"), "ROLLED_BACK");
}

/// Every function of the restore, run twice at each call.
fn twice() -> Vec<Function> {
    let doubled = |mut function: Function| {
        if function.name == "restore-table" {
            let build = Arc::clone(&function.build);
            function.build = Arc::new(move |env: &Env| {
                let inner: Arc<Handler> = Arc::new(build(env)?);
                let handler: Handler = Box::new(move |ports, event| {
                    let inner = Arc::clone(&inner);
                    Box::pin(async move {
                        let first = inner(ports.clone(), event.clone()).await;
                        // The workflow hears the first; the second is one too many, whatever it says.
                        drop(inner(ports, event).await);
                        first
                    })
                });
                Ok(handler)
            });
        }
        function
    };
    registry().into_iter().map(doubled).collect()
}

#[test]
fn every_step_and_every_undo_done_twice_does_nothing_more() {
    let (start, well) = after_a_loss();
    let before = serving(start.world());
    let made = |lab: &Lab| {
        lab.world().with(|world| {
            let log = world.log().iter().filter(|effect| {
                ["RestoreTable", "DeleteTable", "CreateEventSourceMapping", "UpdateFunctionConfiguration"]
                    .contains(&effect.operation.name())
            });
            log.map(|effect| (effect.operation.name(), effect.resource.clone())).collect::<Vec<_>>()
        })
    };
    let run = |functions: &[Function], fault: Option<&str>| {
        let mut lab = start.fork(functions);
        let id = ask(&mut lab, &wish(well));
        if let Some(fault) = fault {
            lab.fault(fault);
        }
        idle(&mut lab);
        lab.heal();
        let end = is_well_ended(&mut lab, &id, &before, "twice");
        (end, made(&lab))
    };
    for fault in [None, Some("lambda:UpdateFunctionConfiguration:*:denied"), Some("dynamodb:Scan:*:denied")] {
        let (once, again) = (run(&registry(), fault), run(&twice(), fault));
        assert_eq!(once.0, again.0, "{fault:?}");
        let mut of_twice = again.1.clone();
        of_twice.dedup();
        assert_eq!(of_twice, again.1, "{fault:?}: nothing is done twice");
        assert_eq!(once.1, again.1, "{fault:?}");
    }
}

#[test]
fn it_can_be_stopped_at_any_time() {
    let (start, well) = after_a_loss();
    let before = serving(start.world());
    let mut whole = start.fork(&registry());
    ask(&mut whole, &wish(well));
    let begun = whole.engine().now();
    idle(&mut whole);
    let took = whole.engine().now().since(begun);
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for part in 0..40 {
        let mut lab = start.fork(&registry());
        let id = ask(&mut lab, &wish(well));
        // The last minutes are those in which most is done.
        let at = if part < 8 { took.0 * part / 8 } else { took.0.saturating_sub((40 - part) * 4_000) };
        rest(&mut lab, Millis(at));
        let (status, answer) = lab.call(
            "POST",
            &format!("/restores/{id}/cancel"),
            &json!({"reason": "it is not wanted any more"}),
        );
        assert!([202, 409].contains(&status), "{answer}");
        idle(&mut lab);
        let end = is_well_ended(&mut lab, &id, &before, &format!("stopped after {at} ms"));
        assert_eq!(end == "COMPLETED", status == 409, "stopped after {at} ms: {end} {answer}");
        *ends.entry(end).or_default() += 1;
    }
    assert!(ends.get("ROLLED_BACK").is_some_and(|count| *count > 20), "{ends:?}");
}

#[test]
fn an_execution_that_is_gone_is_gone_on_with() {
    let (start, well) = after_a_loss();
    let before = serving(start.world());
    for (minutes, times) in [(0, 1), (3, 1), (15, 2), (19, 3), (20, 1)] {
        let mut lab = start.fork(&registry());
        let id = ask(&mut lab, &wish(well));
        for _ in 0..times {
            rest(&mut lab, Millis::minutes(minutes) + Millis::seconds(1));
            let running: Vec<String> = lab.engine().running().map(str::to_owned).collect();
            assert!(running.iter().all(|name| lab.engine().abort(name)));
        }
        rest(&mut lab, Millis::hours(1));
        idle(&mut lab);
        let end =
            is_well_ended(&mut lab, &id, &before, &format!("stopped from outside after {minutes} minutes"));
        assert_eq!(end, "COMPLETED", "{minutes}");
    }
    // Again and again: then it is undone, and that comes to an end.
    let mut lab = start.fork(&registry());
    let id = ask(&mut lab, &wish(well));
    for _ in 0..6 {
        rest(&mut lab, Millis::minutes(1));
        let running: Vec<String> = lab.engine().running().map(str::to_owned).collect();
        assert!(running.iter().all(|name| lab.engine().abort(name)));
    }
    rest(&mut lab, Millis::hours(1));
    idle(&mut lab);
    assert_eq!(is_well_ended(&mut lab, &id, &before, "stopped again and again"), "ROLLED_BACK");
    let aborted = lab
        .world()
        .with(|world| world.executions().filter(|row| row.status == ExecutionStatus::Aborted).count());
    assert!(aborted >= 5, "{aborted}");
}

#[test]
fn what_makes_no_sense_is_refused_with_every_reason() {
    let (mut lab, well) = after_a_loss();
    let calls =
        |lab: &Lab| lab.world().with(|world| world.restored_tables().len() + world.executions().count());
    let before = calls(&lab);
    for (body, field) in [
        (json!({"pointInTime": well, "reason": "rows were deleted"}), "table"),
        (json!({"table": "control", "pointInTime": well, "reason": "rows were deleted"}), "table"),
        (json!({"table": "metrics", "reason": "rows were deleted"}), "pointInTime"),
        (
            json!({"table": "metrics", "pointInTime": "yesterday", "reason": "rows were deleted"}),
            "pointInTime",
        ),
        (
            json!({"table": "metrics", "pointInTime": "2020-01-01T00:00:00Z", "reason": "rows were deleted"}),
            "pointInTime",
        ),
        (
            json!({"table": "metrics", "pointInTime": lab.engine().now(), "reason": "rows were deleted"}),
            "pointInTime",
        ),
        (
            json!({"table": "metrics", "pointInTime": well, "backupArn": "arn:x/backup/1", "reason": "rows were deleted"}),
            "pointInTime",
        ),
        (json!({"table": "metrics", "backupArn": "mine", "reason": "rows were deleted"}), "backupArn"),
        (
            json!({"table": "metrics", "backupArn": "arn:aws:dynamodb:r:1:table/x/backup/1", "reason": "rows were deleted"}),
            "backupArn",
        ),
        (json!({"table": "metrics", "pointInTime": well, "reason": "short"}), "reason"),
        (
            json!({"table": "metrics", "pointInTime": well, "swap": "no", "reason": "rows were deleted"}),
            "swap",
        ),
        (
            json!({"table": "metrics", "pointInTime": well, "target": "t", "reason": "rows were deleted"}),
            "target",
        ),
    ] {
        let (status, answer) = lab.call("POST", "/restores", &body);
        assert_eq!(status, 422, "{body}: {answer}");
        assert!(
            answer["errors"].as_array().unwrap().iter().any(|error| error["field"] == field),
            "{body}: {answer}"
        );
    }
    assert_eq!(calls(&lab), before);
    for path in ["/restores/x/cancel", "/restores/0199aaaa-0000-7000-8000-000000000000/swap-back"] {
        assert_eq!(lab.call("POST", path, &json!({"reason": "there is none of that"})).0, 404);
    }
    let viewer = json!({"sub": "vera", "role": "operator", "tenant": capstan_tests::scenario::TENANT});
    let sent = lab.send("POST", "/restores", &wish(well).to_string(), &viewer, &Value::Null).unwrap();
    assert_eq!(sent.status, 403);
}

/// On the disk as in memory, and after the process was started anew.
#[test]
fn on_the_disk_it_is_the_same_and_a_restart_forgets_nothing() {
    let folder = std::env::temp_dir().join(format!("capstan-restore-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("world.redb");
    let config = || sim::WorldConfig {
        start: Timestamp::parse("2026-11-21T03:00:00Z").unwrap(),
        ..sim::WorldConfig::default()
    };
    let open = || Lab::on(sim::disk::open(&file, config()).unwrap(), &registry(), Options::default());
    let (id, well) = {
        let mut lab = open();
        for host in HOSTS {
            report(&mut lab, &(0..ROWS as u64).map(|n| metric(host, n * 60, 20)).collect::<Vec<_>>());
        }
        let well = lab.engine().now();
        rest(&mut lab, Millis::minutes(10));
        lose(&lab, "db-1");
        report(&mut lab, &[metric("web-1", 0, 99)]);
        let id = ask(&mut lab, &wish(well));
        rest(&mut lab, Millis::minutes(5));
        (id, well)
    };
    let mut lab = open();
    idle(&mut lab);
    assert_eq!(seen(&mut lab, &id)["status"], "COMPLETED", "{}", seen(&mut lab, &id));
    assert_eq!(rows(&mut lab, "db-1"), ROWS);
    let first = lab.get("/metrics?hostname=web-1&order=oldest")["metrics"][0].clone();
    assert_eq!(first["cpuUsage"], json!(20), "{first}");
    drop(lab);
    let mut lab = open();
    assert_eq!(rows(&mut lab, "db-1"), ROWS, "what serves is the same after a restart");
    let (status, answer) = lab.call("POST", "/restores", &wish(well));
    assert_eq!(status, 422, "the restored table was not there then: {answer}");
    drop(lab);
    std::fs::remove_dir_all(&folder).unwrap();
}
