//! What each function really calls, seen by running the whole system on the simulated cloud.
//!
//! A function's run gives way before each call, so what the world records while a run is polled is that run's own.

use capstan_core::ports::{Effect, ExecutionStatus, Key, Store, Streams, Table, TagKey, Tags, Write};
use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::{Lab, moves};
use capstan_tests::scenario::{Caller, GRACE, TENANT};
use local::engine::Options;
use local::functions::{Answer, Env, Function, Handler, Run, registry};
use serde_json::{Map, Value, json};
use sim::{ExecutionRow, Invocation, Operation, Outcome, Ports, SharedWorld, World};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// One thing that a function did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// A call to a service; of what kind the resource was, where tags are concerned.
    Call(&'static str, &'static str, String),
    /// What was done to a table: the action of IAM.
    Table(&'static str, Table),
}

/// By function, everything that it did.
pub(crate) type Uses = BTreeMap<&'static str, BTreeSet<Use>>;

#[derive(Debug, Default)]
pub(crate) struct Seen {
    uses: Uses,
    /// The rows as they were after the last write.
    rows: BTreeMap<String, Map<String, Value>>,
}

/// Everything that the functions did on every way that changes go.
pub(crate) fn everything() -> Uses {
    let seen = Arc::new(Mutex::new(Seen::default()));
    there_and_back(&mut watch(Lab::new(11).world().clone(), &seen), &[]);
    there_and_back(&mut watch(Lab::new(12).world().clone(), &seen), &edits());
    off_the_way(&seen);
    counted_and_sent_again(&seen);
    hosts_report(&seen);
    tables_are_restored(&seen);
    crate::calls_scale::resources(&seen);
    models_are_rolled_out(&seen);
    crate::calls_models::releases(&seen);
    people_watch(&seen);
    stuck(&mut watch(Lab::new(14).world().clone(), &seen), Tier::Production, true);
    for minutes in [3, 11] {
        let mut lab = watch(Lab::new(13).world().clone(), &seen);
        lab.ask(Tier::Production);
        rest(&mut lab, Millis::minutes(minutes));
        lab.call("POST", "/tier/cancel", &because());
        lab.settle();
    }
    let starts = Tier::ALL.map(|tier| (tier, Lab::at(tier, 23)));
    for (from, to) in moves() {
        let start = starts.iter().find(|(tier, _)| *tier == from);
        let fresh = || {
            let world = start.map_or_else(|| Lab::new(23).world().fork(), |(_, lab)| lab.world().fork());
            watch(SharedWorld::new(world), &seen)
        };
        for minutes in [6, 12] {
            let mut lab = fresh();
            lab.ask(to);
            rest(&mut lab, Millis::minutes(minutes));
            questions(&mut lab);
            lab.call("POST", "/tier/cancel", &because());
            lab.settle();
        }
        stuck(&mut fresh(), to, to != Tier::Production);
        undone_at_the_end(&mut fresh(), to);
    }
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.uses.clone()
}

pub(crate) fn because() -> Value {
    json!({"reason": "to see what this takes"})
}

pub(crate) fn rest(lab: &mut Lab, length: Millis) {
    let until = lab.engine().now() + length;
    lab.engine().run_until(until, |_| false);
}

/// All six moves, and the days after, in which what was retired is deleted. Edits are made between them.
fn there_and_back(lab: &mut Lab, edits: &[(&str, Value)]) {
    use Tier::{Dev, Production, Staging};
    for to in [Staging, Production, Dev, Production, Staging, Dev, Staging, Dev] {
        lab.go(to);
        lab.engine().skip(Millis::hours(25));
        for (tier, edit) in edits {
            let (status, answer) = lab.call("PUT", &format!("/tier/configs/{tier}"), edit);
            assert_eq!(status, 200, "{answer}");
        }
    }
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 1}));
    lab.engine().skip(Millis::hours(2));
    let answer =
        lab.call("POST", "/tier/change", &json!({"targetTier": "STAGING", "reason": "without haste"}));
    assert_eq!(answer.1["status"], "INITIATED", "{answer:?}");
    lab.settle();
    questions(lab);
    rest(lab, Millis::days(9));
}

/// Edits by which what is kept otherwise is resized.
fn edits() -> [(&'static str, Value); 3] {
    [
        (
            "DEV",
            json!({"sagemakerShadowSelfMinInstances": 1, "sagemakerShadowSelfMaxInstances": 4, "sagemakerShadowSelfScaleToZero": false}),
        ),
        ("STAGING", json!({"opensearchInstanceType": "r6g.xlarge", "opensearchInstanceCount": 5})),
        (
            "PRODUCTION",
            json!({"sagemakerShadowSelfInstanceType": "ml.g5.4xlarge", "sagemakerShadowSelfMinInstances": 60}),
        ),
    ]
}

/// What can be asked without changing anything.
fn questions(lab: &mut Lab) {
    for path in [
        "",
        "/compare",
        "/transition-status",
        "/workflow",
        "/change-history",
        "/resources",
        "/orphans",
        "/audit",
        "/audit/key",
        "/configs",
        "/configs/DEV",
    ] {
        lab.get(&format!("/tier{path}"));
    }
    lab.call("POST", "/tier/plan", &json!({"targetTier": "STAGING"}));
    let viewer = Caller { role: "viewer", ..GRACE };
    assert_eq!(lab.knock(viewer, "POST", "/tier/reset", "").status, 403);
}

/// Executions that do not start, are gone, or fail again and again; orphans; a cleanup that fails.
fn off_the_way(seen: &Arc<Mutex<Seen>>) {
    let fresh = |tier| watch(Lab::at(tier, 5).world().clone(), seen);
    for fault in ["states:StartExecution:1:error", "states:StartExecution:*:denied"] {
        let mut lab = fresh(Tier::Staging);
        lab.fault(fault);
        lab.ask(Tier::Production);
        lab.settle();
    }
    for minutes in [2, 8] {
        let mut lab = fresh(Tier::Staging);
        lab.ask(Tier::Production);
        for _ in 0..4 {
            rest(&mut lab, Millis::minutes(minutes));
            abort(&lab);
        }
        lab.settle();
    }
    let mut lab = fresh(Tier::Staging);
    lab.fault("opensearch:UpdateDomainConfig:*:denied");
    lab.ask(Tier::Dev);
    lab.settle();
    let mut lab = fresh(Tier::Staging);
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(lab.world(), invocation.clone());
    let tags = Tags::from([(TagKey::TenantId, TENANT.to_owned())]);
    sim::run(async { ports.create_stream("left-over", Some(1), &tags).await }, &invocation);
    rest(&mut lab, Millis::days(2));
    altered_audit(&mut lab);
}

/// Somebody writes to the audit behind the system's back, and it grows once more.
fn altered_audit(lab: &mut Lab) {
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 1}));
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(lab.world(), invocation.clone());
    let head = Key { table: Table::TierAudit, partition: TENANT.to_owned(), sort: "head".to_owned() };
    let altered = sim::run(
        async {
            let mut row = ports.get(&head).await.unwrap().unwrap();
            row.insert("hash".to_owned(), json!("0".repeat(64)));
            let write = Write { key: head, effect: Effect::Put(row), condition: None };
            ports.transact(vec![write]).await
        },
        &invocation,
    );
    assert!(matches!(altered, Outcome::Done(Ok(()), _)), "{altered:?}");
    rest(lab, Millis::minutes(3));
}

/// With a limit on requests, and under idempotency keys; some are answered, some fail and are let go.
fn counted_and_sent_again(seen: &Arc<Mutex<Seen>>) {
    let mut lab = watch_with(Lab::new(15).world().clone(), seen, &[("TenantRequestsPerMinute", "1200")]);
    questions(&mut lab);
    // More denials in a minute than are listed one by one.
    for _ in 0..=tier_records::denied::ONE_BY_ONE {
        lab.knock(Caller { role: "viewer", ..GRACE }, "POST", "/tier/reset", "");
    }
    rest(&mut lab, Millis::minutes(2));
    lab.get("/tier/audit");
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 1}));
    let wish = json!({"targetTier": "STAGING", "reason": "to see what this takes"});
    for (path, body) in [("/tier/plan", json!({"targetTier": "STAGING"})), ("/tier/change", wish)] {
        lab.fault("dynamodb:Query:1:error");
        for _ in 0..3 {
            lab.call_once(path, &body, path);
        }
        lab.heal();
    }
}

/// Hosts report, things are found, people look at them and see to them; a report comes twice, and one comes late.
fn hosts_report(seen: &Arc<Mutex<Seen>>) {
    let mut lab = watch_with(Lab::new(16).world().clone(), seen, &[("TenantRequestsPerMinute", "1200")]);
    let bad = |minute: u64| {
        json!({"timestamp": format!("2026-11-21T03:{minute:02}:00Z"), "hostname": "db-1", "cpuUsage": 1, "memoryUsage": 1,
            "diskIO": 1, "networkIO": 1, "iops": 120_000, "latency": 48, "errorRate": 3, "queueDepth": 300})
    };
    let all: Vec<Value> = (0..70)
        .map(|second| {
            let mut metric = bad(0);
            metric["timestamp"] = json!(format!("2026-11-21T02:{:02}:{:02}Z", 40 + second / 60, second % 60));
            metric
        })
        .collect();
    for report in [json!(all), bad(2), bad(2), bad(1), json!([bad(3), {}])] {
        lab.call("POST", "/metrics", &report);
        lab.settle();
        rest(&mut lab, Millis::minutes(1));
    }
    // Another instance, which has nothing in mind.
    let world = lab.world().clone();
    let mut lab = watch_with(world, seen, &[("TenantRequestsPerMinute", "1200")]);
    lab.call("POST", "/metrics", &bad(4));
    rest(&mut lab, Millis::minutes(1));
    lab.get("/metrics?hostname=db-1");
    lab.get("/metrics/series?hostname=db-1&metric=latency");
    lab.get("/insights/summary");
    lab.get("/hosts");
    let page = lab.get("/insights");
    let id = page["insights"][0]["insightId"].as_str().unwrap().to_owned();
    lab.get(&format!("/insights/{id}"));
    let note = json!({"note": "to see what this takes"});
    for act in ["acknowledge", "dismiss"] {
        lab.call_once(&format!("/insights/{id}/{act}"), &note, act);
        for path in ["/metrics".to_owned(), format!("/insights/{id}/{act}")] {
            let viewer = json!({"sub": "vera", "role": "viewer", "tenant": TENANT});
            lab.send("POST", &path, &note.to_string(), &viewer, &Value::Null);
        }
    }
}

/// A table is restored from its past, another from a backup, one is stopped, one can't be undone for a while, one is put back.
fn tables_are_restored(seen: &Arc<Mutex<Seen>>) {
    let mut lab = watch_with(Lab::new(18).world().clone(), seen, &[("TenantRequestsPerMinute", "1200")]);
    let metric = json!({"timestamp": "2026-11-21T02:40:00Z", "hostname": "db-1", "cpuUsage": 1, "memoryUsage": 1, "diskIO": 1,
        "networkIO": 1});
    lab.call("POST", "/metrics", &metric);
    rest(&mut lab, Millis::minutes(10));
    let arn = lab.world().with(|world| world.back_up("iops-insights-local", "by-hand"));
    let reason = "to see what this takes";
    let metrics = json!({"table": "metrics", "pointInTime": "2026-11-21T03:04:00Z", "reason": reason});
    let insights = json!({"table": "insights", "backupArn": arn, "reason": reason});
    let ask = |lab: &mut Lab, wish: &Value| {
        let (status, answer) = lab.call("POST", "/restores", wish);
        assert_eq!(status, 202, "{answer}");
        answer["restoreId"].as_str().unwrap().to_owned()
    };
    let stopped = ask(&mut lab, &insights);
    rest(&mut lab, Millis::minutes(1));
    lab.call("POST", &format!("/restores/{stopped}/cancel"), &because());
    rest(&mut lab, Millis::hours(1));
    ask(&mut lab, &insights);
    let id = ask(&mut lab, &metrics);
    rest(&mut lab, Millis::minutes(1));
    let running: Vec<String> = lab.engine().running().map(str::to_owned).collect();
    assert!(running.iter().all(|name| lab.engine().abort(name)));
    rest(&mut lab, Millis::hours(1));
    // The last call of the exchange fails: what was exchanged is pointed back.
    let half =
        ask(&mut lab, &json!({"table": "metrics", "pointInTime": "2026-11-21T05:03:00Z", "reason": reason}));
    lab.fault("lambda:UpdateFunctionConfiguration:3:denied");
    rest(&mut lab, Millis::hours(1));
    lab.heal();
    assert_eq!(lab.get(&format!("/restores/{half}"))["status"], "ROLLED_BACK");
    lab.fault("lambda:CreateEventSourceMapping:1:crash-after");
    lab.fault("lambda:UpdateFunctionConfiguration:*:denied");
    ask(&mut lab, &json!({"table": "metrics", "pointInTime": "2026-11-21T05:03:00Z", "reason": reason}));
    rest(&mut lab, Millis::hours(1));
    lab.heal();
    for path in ["/tables".to_owned(), "/restores".to_owned(), format!("/restores/{id}")] {
        lab.get(&path);
    }
    for _ in 0..3 {
        let (status, answer) = lab.call("POST", &format!("/restores/{id}/swap-back"), &because());
        assert!([200, 202].contains(&status), "{answer}");
        rest(&mut lab, Millis::minutes(1));
    }
    // Somebody stops its executions for as long as it takes to be given up.
    let then = lab.engine().now() - Millis::minutes(6);
    let given_up = ask(&mut lab, &json!({"table": "insights", "pointInTime": then, "reason": reason}));
    for _ in 0..12 {
        rest(&mut lab, Millis::seconds(20));
        let running: Vec<String> = lab.engine().running().map(str::to_owned).collect();
        assert!(running.iter().all(|name| lab.engine().abort(name)));
    }
    assert_eq!(lab.get(&format!("/restores/{given_up}"))["status"], "STUCK");
    let viewer = json!({"sub": "vera", "role": "viewer", "tenant": TENANT});
    lab.send("POST", "/restores", &metrics.to_string(), &viewer, &Value::Null);
    lab.call_once("/restores", &metrics, "restores");
}

/// A model is rolled out, judged, rolled back by itself and by hand, and hosts are routed by hand; an execution is gone, and one
/// was never started.
fn models_are_rolled_out(seen: &Arc<Mutex<Seen>>) {
    let mut lab = watch_with(Lab::new(17).world().clone(), seen, &[("TenantRequestsPerMinute", "1200")]);
    lab.world().with(|world| local::seedling::plant(world, "iops-model")).unwrap();
    let fleet = local::fleet::Fleet::new(40, 17);
    let report = |lab: &mut Lab, times: usize| {
        for _ in 0..times {
            let now = lab.engine().now().as_millis() / 1_000;
            let metrics = (0..fleet.hosts()).filter_map(|host| fleet.metric(host, now, None)).map(|metric| {
                let mut report = metric.to_api();
                drop(report.as_object_mut().unwrap().remove("metricId"));
                report
            });
            lab.call("POST", "/metrics", &json!(metrics.collect::<Vec<_>>()));
            rest(lab, Millis::seconds(10));
        }
    };
    let settings = json!({
        "stages": [{"percent": 50, "seconds": 20}, {"percent": 100, "seconds": 20}], "minimumRequests": 2, "falsePromotion": 0.9,
        "errors": {"share": 0.45, "tolerated": 0.3, "margin": 0.9, "marginRatio": 90},
        "latency": {"share": 0.45, "marginRatio": 90, "floorMillis": 5000},
        "disagreement": {"share": 0.1, "tolerated": 0.5, "margin": 0.9},
    });
    let wish = json!({"reason": "to see what this takes", "settings": settings});
    let start = |lab: &mut Lab| {
        let (status, answer) = lab.call("POST", "/canary", &wish);
        assert_eq!(status, 202, "{answer}");
        answer["canaryId"].as_str().unwrap().to_owned()
    };
    let id = start(&mut lab);
    report(&mut lab, 20);
    assert_eq!(lab.get(&format!("/canary/{id}"))["status"], "PROMOTED");
    lab.get(&format!("/canary/{id}/measurements"));
    for percent in [0, 30] {
        lab.call("PUT", "/traffic", &json!({"percent": percent, "reason": "to see what this takes"}));
    }
    lab.get("/traffic");
    let id = start(&mut lab);
    report(&mut lab, 3);
    lab.call_once(&format!("/canary/{id}/rollback"), &because(), "rollback");
    lab.settle();
    lab.fault("states:StartExecution:1:error");
    start(&mut lab);
    rest(&mut lab, Millis::minutes(11));
    lab.heal();
    start(&mut lab);
    report(&mut lab, 3);
    abort(&lab);
    rest(&mut lab, Millis::minutes(6));
    let viewer = json!({"sub": "vera", "role": "viewer", "tenant": TENANT});
    lab.send("POST", "/canary", &because().to_string(), &viewer, &Value::Null);
    lab.call_once("/canary", &json!({}), "nothing");
}

/// People look how the system is and what it costs, subscribe, and try an alarm.
fn people_watch(seen: &Arc<Mutex<Seen>>) {
    let mut lab = watch_with(Lab::new(17).world().clone(), seen, &[("TenantRequestsPerMinute", "1200")]);
    for endpoint in ["one@example.com", "two@example.com"] {
        let wish = json!({"protocol": "email", "endpoint": endpoint, "reason": "to see what this takes"});
        lab.call_once("/subscriptions", &wish, endpoint);
    }
    rest(&mut lab, Millis::minutes(5));
    for path in ["/health", "/cost", "/subscriptions"] {
        lab.get(path);
    }
    let all = lab.get("/subscriptions");
    let id = all["subscriptions"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/subscriptions/{id}?reason=to see what this takes");
    assert_eq!(lab.call("DELETE", &path, &Value::Null).0, 200);
    let test = "/alarms/IOps-Lambda-HighErrorRate-local/test";
    assert_eq!(lab.call("POST", test, &because()).0, 200);
    lab.call_once(test, &because(), "test");
    let viewer = json!({"sub": "vera", "role": "viewer", "tenant": TENANT});
    for (method, path) in [("GET", "/subscriptions"), ("POST", test)] {
        lab.send(method, path, &because().to_string(), &viewer, &Value::Null);
    }
}

/// Ends what runs, as somebody may who has the console open.
fn abort(lab: &Lab) {
    lab.world().with(|world| {
        let running: Vec<ExecutionRow> =
            world.executions().filter(|row| row.status == ExecutionStatus::Running).cloned().collect();
        for mut row in running {
            row.status = ExecutionStatus::Aborted;
            row.stopped_at = Some(world.now());
            row.state = None;
            world.put_execution(row);
        }
    });
}

/// A change that fails and can't be undone; then it is given up, or undone once that can be.
fn stuck(lab: &mut Lab, to: Tier, give_up: bool) {
    lab.ask(to);
    rest(lab, Millis::minutes(5));
    for fault in ["kinesis", "elasticache", "opensearch", "neptune", "sagemaker", "opensearchserverless"] {
        lab.fault(&format!("{fault}:*:*:denied"));
    }
    lab.settle();
    lab.heal();
    let way = if give_up { "/tier/reset" } else { "/tier/cancel" };
    lab.call("POST", way, &because());
    lab.settle();
    rest(lab, Millis::hours(3));
}

/// It is stopped at the first deletion, so that all that was done before it is undone.
fn undone_at_the_end(lab: &mut Lab, to: Tier) {
    lab.ask(to);
    let by = lab.engine().now() + Millis::hours(4);
    let since = lab.world().with(|world| world.log().len());
    lab.engine().run_until(by, |engine| {
        let deleted = |effect: &sim::Effect| {
            effect.kind == sim::EffectKind::Deleted || effect.operation == Operation::TagResources
        };
        engine.system().world().with(|world| world.log().iter().skip(since).any(deleted))
    });
    lab.call("POST", "/tier/cancel", &because());
    lab.settle();
}

/// A lab over this world whose functions are watched.
fn watch(world: SharedWorld, seen: &Arc<Mutex<Seen>>) -> Lab {
    watch_with(world, seen, &[])
}

pub(crate) fn watch_with(world: SharedWorld, seen: &Arc<Mutex<Seen>>, parameters: &[(&str, &str)]) -> Lab {
    world.with(|world| {
        let rows = Table::ALL
            .into_iter()
            .flat_map(|table| world.items(table).map(move |row| (place(table, row), row.clone())));
        seen.lock().unwrap_or_else(PoisonError::into_inner).rows = rows.collect();
    });
    let functions: Vec<Function> = registry().into_iter().map(|function| watched(function, seen)).collect();
    Lab::with(world, &functions, Options::default(), parameters)
}

fn watched(mut function: Function, seen: &Arc<Mutex<Seen>>) -> Function {
    let (build, seen, name) = (Arc::clone(&function.build), Arc::clone(seen), function.name);
    function.build = Arc::new(move |env: &Env| {
        let (inner, seen) = (build(env)?, Arc::clone(&seen));
        let handler: Handler = Box::new(move |ports, event| {
            let world = ports.world().clone();
            Box::pin(Watched { run: inner(ports, event), world, seen: Arc::clone(&seen), name })
        });
        Ok(handler)
    });
    function
}

struct Watched {
    run: Run,
    world: SharedWorld,
    seen: Arc<Mutex<Seen>>,
    name: &'static str,
}

impl Future for Watched {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let before = self.world.with(|world| world.calls().len());
        let poll = self.run.as_mut().poll(context);
        let (world, seen, name) = (self.world.clone(), Arc::clone(&self.seen), self.name);
        world.with(|world| seen.lock().unwrap_or_else(PoisonError::into_inner).note(name, world, before));
        poll
    }
}

impl Seen {
    fn note(&mut self, name: &'static str, world: &World, before: usize) {
        for call in world.calls().iter().skip(before) {
            let operation = call.operation;
            let table = |place: &str| {
                Table::ALL.into_iter().find(|table| place.split('/').next() == Some(table.name()))
            };
            let uses: Vec<Use> = match operation {
                Operation::GetItem => table(&call.resource)
                    .map(|table| Use::Table("dynamodb:GetItem", table))
                    .into_iter()
                    .collect(),
                Operation::DescribeTable if table(&call.resource).is_some() => {
                    let of = |table| {
                        [
                            "dynamodb:DescribeTable",
                            "dynamodb:DescribeContinuousBackups",
                            "dynamodb:DescribeTimeToLive",
                        ]
                        .map(|action| Use::Table(action, table))
                    };
                    table(&call.resource).into_iter().flat_map(of).collect()
                }
                // Of a table's settings that one is changed.
                Operation::UpdateTable if ["scales", "scale-resource"].contains(&name) => {
                    vec![Use::Call("dynamodb", "UpdateTable", "capacity".to_owned())]
                }
                Operation::Query => table(&call.resource)
                    .map(|table| Use::Table("dynamodb:Query", table))
                    .into_iter()
                    .collect(),
                Operation::TransactWriteItems | Operation::PutItem => self.writes(world, &call.resource),
                Operation::BatchWriteItem => {
                    let tables = call.resource.split(' ').filter_map(table);
                    tables.map(|table| Use::Table("dynamodb:BatchWriteItem", table)).collect()
                }
                _ => {
                    let tagging = matches!(operation, Operation::TagResources | Operation::UntagResources);
                    let effect = world.log().last().filter(|effect| tagging && effect.operation == operation);
                    let kind =
                        effect.and_then(|effect| effect.resource.split('/').next()).unwrap_or_default();
                    vec![Use::Call(operation.service(), operation.name(), kind.to_owned())]
                }
            };
            self.uses.entry(name).or_default().extend(uses);
        }
    }

    /// What a transaction did to each of its rows. One that changed nothing may have failed, and tells nothing.
    fn writes(&mut self, world: &World, places: &str) -> Vec<Use> {
        let mut uses = Vec::new();
        let mut checks = Vec::new();
        for place in places.split(' ') {
            let Some(table) =
                Table::ALL.into_iter().find(|table| place.split('/').next() == Some(table.name()))
            else {
                continue;
            };
            let now = world.items(table).find(|row| self::place(table, row) == place).cloned();
            let before = match now.clone() {
                Some(row) => self.rows.insert(place.to_owned(), row),
                None => self.rows.remove(place),
            };
            match (before, now) {
                (before, Some(now)) if before.as_ref() != Some(&now) => {
                    uses.push(Use::Table("dynamodb:PutItem", table));
                }
                (Some(_), None) => uses.push(Use::Table("dynamodb:DeleteItem", table)),
                // An index's row is put whatever is there, and may be there already just so.
                (Some(_), Some(_)) if table == Table::TierIndex => {
                    uses.push(Use::Table("dynamodb:PutItem", table));
                }
                // A row that is not there is deleted for safety's sake, or checked to be absent.
                (None, None) if matches!(table, Table::TierIndex | Table::TierLedger) => {
                    checks.push(Use::Table("dynamodb:DeleteItem", table));
                }
                _ => checks.push(Use::Table("dynamodb:ConditionCheckItem", table)),
            }
        }
        if !uses.is_empty() {
            uses.extend(checks);
        }
        uses
    }
}

/// A row's place, as the world records it.
fn place(table: Table, row: &Map<String, Value>) -> String {
    let attribute = |name: &str| match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => format!("{number:0>10}"),
        _ => String::new(),
    };
    let sort = table.sort_key().map(|key| format!("/{}", attribute(key))).unwrap_or_default();
    format!("{}/{}{sort}", table.name(), attribute(table.partition_key()))
}
