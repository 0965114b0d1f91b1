//! The engine with toy state machines and functions: one property at a time, which whole transitions would hide.

use super::{Engine, Options};
use crate::functions::Function;
use crate::{System, toy};
use capstan_core::ports::{Clock, ExecutionStatus, VisitStatus, Workflows};
use capstan_core::time::{Millis, Timestamp};
use serde_json::{Value, json};
use sim::{ExecutionRow, SharedWorld, World};
use std::sync::{Arc, Mutex};

/// What functions were called with, and when.
type Calls = Arc<Mutex<Vec<(String, Value, Timestamp)>>>;

fn noted(
    calls: &Calls,
    name: &'static str,
    answer: fn(usize, &Value) -> crate::functions::Answer,
) -> Function {
    let calls = Arc::clone(calls);
    toy::code(name, move |ports, event| {
        let mut calls = calls.lock().unwrap();
        calls.push((name.to_owned(), event.clone(), ports.now()));
        let nth = calls.iter().filter(|(known, ..)| known == name).count();
        answer(nth, &event)
    })
}

fn start(world: &SharedWorld, name: &str, input: Value) {
    world.with(|world| {
        world.put_execution(ExecutionRow::new(String::new(), name.to_owned(), input, world.now()));
    });
}

fn row(world: &SharedWorld, name: &str) -> ExecutionRow {
    world.with(|world| world.execution(name).cloned().unwrap())
}

fn hour(engine: &Engine) -> Timestamp {
    engine.now() + Millis::hours(1)
}

const WAIT_AND_TASK: &str = "{ StartAt: W, States: { W: { Type: Wait, Seconds: 100, Next: T }, \
     T: { Type: Task, Resource: '${One}', ResultPath: $.got, End: true } } }";

fn one(calls: &Calls) -> Function {
    noted(calls, "one", |_, event| Ok(json!({ "seen": event["x"] })))
}

fn waiting(calls: &Calls, more: &str) -> (String, Vec<Function>) {
    let template =
        format!("{}{}{more}", toy::function("One", "one", ""), toy::machine(WAIT_AND_TASK, &["One"]));
    (template, vec![one(calls)])
}

#[test]
fn an_execution_waits_on_virtual_time_and_ends() {
    let calls = Calls::default();
    let (template, registry) = waiting(&calls, "");
    let system = toy::system(&template, &registry);
    let mut engine = Engine::new(system.clone(), Options::default());
    let began = engine.now();
    start(system.world(), "e1", json!({ "x": 7 }));
    assert!(!engine.idle(), "a row that was put is seen");
    let by = hour(&engine);
    assert!(engine.run_until_idle(by));
    let row = row(system.world(), "e1");
    assert_eq!(
        (row.status, row.output),
        (ExecutionStatus::Succeeded, Some(json!({ "x": 7, "got": { "seen": 7 } })))
    );
    assert_eq!(row.stopped_at, Some(began + Millis::seconds(100)));
    assert_eq!(row.state, None, "nothing is left to do for it");
    assert_eq!(engine.now(), began + Millis::seconds(100));
}

/// The world as a process would find it that starts after this one was killed.
fn killed(system: &System) -> SharedWorld {
    let dump = system.world().with(|world: &mut World| world.dump());
    SharedWorld::new(World::load(toy::config(), dump).unwrap())
}

#[test]
fn after_a_crash_at_any_step_an_execution_goes_on_to_the_same_end() {
    for steps in 0..6 {
        let calls = Calls::default();
        let (template, registry) = waiting(&calls, "");
        let system = toy::system(&template, &registry);
        let mut engine = Engine::new(system.clone(), Options::default());
        start(system.world(), "e1", json!({ "x": 7 }));
        let by = hour(&engine);
        for _ in 0..steps {
            engine.look();
            engine.step(by);
        }
        let world = killed(&system);
        let system = System::new(toy::describe(&template), &registry, world).unwrap();
        let mut engine = Engine::new(system.clone(), Options::default());
        let by = hour(&engine);
        assert!(engine.run_until_idle(by));
        let row = row(system.world(), "e1");
        assert_eq!(row.output, Some(json!({ "x": 7, "got": { "seen": 7 } })), "after {steps} steps");
        assert_eq!(row.stopped_at.unwrap().since(row.started_at), Millis::seconds(100));
        let (waited, done) = (row.started_at, row.stopped_at.unwrap());
        let visits: Vec<_> =
            row.visits.iter().map(|visit| (&*visit.state, visit.entered_at, visit.visits)).collect();
        assert_eq!(visits, [("W", waited, 1), ("T", done, 1)], "after {steps} steps");
    }
}

/// How the states of an execution have fared, as the service tells it.
fn fared(world: &SharedWorld, name: &str) -> Vec<(String, VisitStatus, u32, Option<String>)> {
    let history = world.with(|world| world.execution(name).unwrap().history());
    let seen = history.visits.into_iter();
    seen.map(|visit| (visit.state, visit.status, visit.attempts, visit.error)).collect()
}

#[test]
fn a_task_whose_answer_was_lost_is_run_again() {
    let calls = Calls::default();
    let (template, registry) = waiting(&calls, "");
    let system = toy::system(&template, &registry);
    let mut engine = Engine::new(system.clone(), Options::default());
    start(system.world(), "e1", json!({ "x": 7 }));
    let by = hour(&engine);
    // The wait is over, the task is scheduled, and written down.
    assert!(engine.run_until(by, |engine| engine.active_states("e1") == ["T"]));
    let world = killed(&system);
    assert!(engine.run_until_idle(by));
    let system = System::new(toy::describe(&template), &registry, world).unwrap();
    let mut engine = Engine::new(system.clone(), Options::default());
    let gone_before = fared(system.world(), "e1");
    let expected = [("W", VisitStatus::Succeeded), ("T", VisitStatus::Running)];
    assert_eq!(gone_before, expected.map(|(state, status)| (state.to_owned(), status, 1, None)));
    assert!(engine.run_until_idle(by));
    assert_eq!(calls.lock().unwrap().len(), 2);
}

#[test]
fn an_execution_of_another_definition_ends_and_says_why() {
    let calls = Calls::default();
    let (template, registry) = waiting(&calls, "");
    let system = toy::system(&template, &registry);
    let mut engine = Engine::new(system.clone(), Options::default());
    start(system.world(), "e1", json!({}));
    engine.look();
    engine.step(engine.now());
    let world = killed(&system);
    let changed = template.replace("Seconds: 100", "Seconds: 101");
    let system = System::new(toy::describe(&changed), &registry, world).unwrap();
    let mut engine = Engine::new(system.clone(), Options::default());
    let by = hour(&engine);
    assert!(engine.run_until_idle(by));
    let row = row(system.world(), "e1");
    assert_eq!((row.status, row.error.as_deref()), (ExecutionStatus::Aborted, Some("DefinitionChanged")));
}

const RETRIED: &str = "{ StartAt: T, States: { T: { Type: Task, Resource: '${One}', End: true, \
     Retry: [{ ErrorEquals: [Busy, Runtime.ExitError, Sandbox.Timedout], IntervalSeconds: 2, MaxAttempts: 3, BackoffRate: 2 }], \
     Catch: [{ ErrorEquals: [States.ALL], ResultPath: $.failure, Next: F }] }, F: { Type: Pass, End: true } } }";

fn retried(
    act: impl Fn(&sim::Ports, Value) -> crate::functions::Answer + Send + Sync + Clone + 'static,
) -> (ExecutionRow, Millis) {
    let template =
        format!("{}{}", toy::function("One", "one", "Timeout: 30"), toy::machine(RETRIED, &["One"]));
    let system = toy::system(&template, &[toy::code("one", act)]);
    let mut engine = Engine::new(system.clone(), Options::default());
    let began = engine.now();
    start(system.world(), "e1", json!({}));
    let by = hour(&engine);
    assert!(engine.run_until_idle(by));
    (row(system.world(), "e1"), engine.now().since(began))
}

#[test]
fn failures_are_retried_after_their_interval_and_then_caught() {
    let calls = Calls::default();
    let seen = Arc::clone(&calls);
    let (row, took) = retried(move |ports, event| {
        seen.lock().unwrap().push(("one".to_owned(), event, ports.now()));
        Err(toy::failure("Busy"))
    });
    assert_eq!(calls.lock().unwrap().len(), 4);
    assert_eq!(took, Millis::seconds(2 + 4 + 8));
    let [tried, caught] = row.visits.as_slice() else { panic!("{row:?}") };
    assert_eq!((&*tried.state, tried.status, tried.attempts), ("T", VisitStatus::Failed, 4));
    assert_eq!(
        (tried.error.as_deref(), tried.exited_at.unwrap().since(tried.entered_at)),
        (Some("Busy"), took)
    );
    assert_eq!((&*caught.state, caught.status, &caught.error), ("F", VisitStatus::Succeeded, &None));
    let failure = &row.output.unwrap()["failure"];
    assert_eq!(failure["Error"], "Busy");
    let cause: Value = serde_json::from_str(failure["Cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause, json!({ "errorType": "Busy", "errorMessage": "as told" }));
}

#[test]
fn a_killed_function_and_a_slow_one_fail_by_the_cloud_s_names() {
    let panics = |_: &sim::Ports, _: Value| -> crate::functions::Answer { panic!("as told") };
    let (row, _) = retried(panics);
    assert_eq!(row.output.unwrap()["failure"]["Error"], "Runtime.ExitError");
    let template =
        format!("{}{}", toy::function("One", "one", "Timeout: 30"), toy::machine(RETRIED, &["One"]));
    let never = Function::new("one", |_| Ok(Box::new(|_, _| Box::pin(std::future::pending()))));
    let system = toy::system(&template, &[never]);
    let mut engine = Engine::new(system.clone(), Options::default());
    let began = engine.now();
    start(system.world(), "e1", json!({}));
    let by = hour(&engine);
    assert!(engine.run_until_idle(by));
    let row = self::row(system.world(), "e1");
    assert_eq!(row.output.unwrap()["failure"]["Error"], "Sandbox.Timedout");
    assert_eq!(
        engine.now().since(began),
        Millis::seconds(4 * 30 + 2 + 4 + 8),
        "its time limit passes each time"
    );
}

#[test]
fn the_end_is_recorded_before_it_is_announced_and_announced_again_until_it_is_heard() {
    let calls = Calls::default();
    let rule = "Events: { E: { Type: EventBridgeRule, Properties: { Pattern: { detail: { status: [SUCCEEDED] } } } } }";
    let (template, mut registry) = waiting(&calls, &toy::function("Ear", "ear", rule));
    let heard = Arc::clone(&calls);
    registry.push(toy::code("ear", move |ports, event| {
        let status = ports.world().with(|world| world.execution("e1").map(|row| row.status));
        assert_eq!(status, Some(ExecutionStatus::Succeeded));
        let mut heard = heard.lock().unwrap();
        heard.push(("ear".to_owned(), event, ports.now()));
        let times = heard.iter().filter(|(name, ..)| name == "ear").count();
        if times < 3 { Err(toy::failure("Busy")) } else { Ok(json!(null)) }
    }));
    let system = toy::system(&template, &registry);
    let mut engine = Engine::new(system.clone(), Options::default());
    let began = engine.now();
    start(system.world(), "e1", json!({ "x": 1 }));
    let by = hour(&engine);
    assert!(engine.run_until_idle(by));
    let calls = calls.lock().unwrap();
    let events: Vec<_> = calls.iter().filter(|(name, ..)| name == "ear").collect();
    let seconds: Vec<u64> = events.iter().map(|(_, _, at)| at.since(began).as_seconds_ceil()).collect();
    assert_eq!(seconds, [100, 160, 280]);
    let event = &events[0].1;
    assert_eq!((&event["source"], &event["detail"]["name"]), (&json!("aws.states"), &json!("e1")));
    assert_eq!(
        event["detail"]["executionArn"],
        "arn:aws:states:us-east-1:000000000000:execution:cato-toy-local:e1"
    );
    assert_eq!(event["detail"]["input"], r#"{"x":1}"#);
    assert_eq!(events[1].1, *event, "a repeated event is the same event");
}

#[test]
fn an_end_that_was_not_announced_before_a_crash_is_announced_after_it() {
    let calls = Calls::default();
    let rule = "Events: { E: { Type: EventBridgeRule, Properties: { Pattern: { detail: { status: [SUCCEEDED] } } } } }";
    let (template, mut registry) = waiting(&calls, &toy::function("Ear", "ear", rule));
    registry.push(noted(&calls, "ear", |_, _| Ok(json!(null))));
    let system = toy::system(&template, &registry);
    let mut engine = Engine::new(system.clone(), Options::default());
    start(system.world(), "e1", json!({}));
    let by = hour(&engine);
    let over = |engine: &Engine| {
        let world = engine.system().world();
        world.with(|world| world.execution("e1").is_some_and(|row| row.stopped_at.is_some()))
    };
    assert!(engine.run_until(by, over));
    let heard = |calls: &Calls| calls.lock().unwrap().iter().filter(|(name, ..)| name == "ear").count();
    assert_eq!(heard(&calls), 0);
    let system = System::new(toy::describe(&template), &registry, killed(&system)).unwrap();
    let mut engine = Engine::new(system, Options::default());
    assert!(engine.run_until_idle(by));
    assert_eq!(heard(&calls), 1);
}

#[test]
fn schedules_run_at_their_rate_and_once_after_a_leap() {
    let calls = Calls::default();
    let every = "Events: { S: { Type: Schedule, Properties: { Schedule: rate(10 minutes) } } }";
    let system = toy::system(&toy::function("One", "one", every), &[one(&calls)]);
    let mut engine = Engine::new(system, Options::default());
    let began = engine.now();
    assert!(engine.run_until_idle(began), "a schedule keeps nobody waiting");
    let by = began + Millis::minutes(35);
    assert!(!engine.run_until(by, |_| false));
    assert_eq!((calls.lock().unwrap().len(), engine.now()), (3, by));
    engine.skip(Millis::days(1));
    assert!(engine.step(engine.now()));
    assert!(!engine.step(engine.now()));
    let calls = calls.lock().unwrap();
    assert_eq!((calls.len(), &calls[3].1["detail-type"]), (4, &json!("Scheduled Event")));
    assert_eq!(engine.next_due(), Some(engine.now() + Millis::minutes(10)));
}

const FORK: &str = "{ StartAt: P, States: { P: { Type: Parallel, End: true, Branches: [\
     { StartAt: A, States: { A: { Type: Task, Resource: '${One}', Parameters: { x: a }, End: true } } },\
     { StartAt: B, States: { B: { Type: Task, Resource: '${One}', Parameters: { x: b }, End: true } } },\
     { StartAt: C, States: { C: { Type: Task, Resource: '${One}', Parameters: { x: c }, End: true } } }] } } }";

#[test]
fn branches_run_in_an_order_drawn_from_the_seed() {
    let order = |options: Options| {
        let calls = Calls::default();
        let template = format!("{}{}", toy::function("One", "one", ""), toy::machine(FORK, &["One"]));
        let system = toy::system(&template, &[one(&calls)]);
        let mut engine = Engine::new(system.clone(), options);
        start(system.world(), "e1", json!({}));
        let by = hour(&engine);
        assert!(engine.run_until_idle(by));
        let row = row(system.world(), "e1");
        assert_eq!(row.output, Some(json!([{ "seen": "a" }, { "seen": "b" }, { "seen": "c" }])));
        calls
            .lock()
            .unwrap()
            .iter()
            .map(|(_, event, _)| event["x"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    assert_eq!(order(Options::default()), "abc");
    let shuffled = |seed| order(Options { seed, shuffle: true, interleave: false, speed: 1 });
    assert_eq!(shuffled(1), shuffled(1));
    assert!((2..20).any(|seed| shuffled(seed) != shuffled(1)));
    let interleaved = |seed| order(Options { seed, shuffle: true, interleave: true, speed: 1 });
    assert_eq!(interleaved(3), interleaved(3));
}

/// Round and round, a second each.
const ROUND: &str =
    "{ StartAt: W, States: { W: { Type: Wait, Seconds: 1, Next: P }, P: { Type: Pass, Next: W } } }";

#[test]
fn a_machine_that_waits_for_people_may_go_round_as_often_as_the_clouds_time_is_faster() {
    let after_hours = |speed: u32| {
        let system = toy::system(&toy::machine(ROUND, &[]), &[]);
        let mut engine = Engine::new(system.clone(), Options { speed, ..Options::default() });
        start(system.world(), "e1", json!({}));
        let by = engine.now() + Millis::hours(4);
        engine.run_until(by, |_| false);
        row(system.world(), "e1").status
    };
    // 25 000 events are less than 14 400 rounds make.
    assert_eq!(after_hours(0), ExecutionStatus::Failed);
    assert_eq!(after_hours(1), ExecutionStatus::Failed);
    assert_eq!(after_hours(4), ExecutionStatus::Running);
}

#[test]
fn on_real_time_the_same_engine_sleeps_and_is_woken() {
    use super::real::Driver;
    use crate::clock::ScaledClock;
    let calls = Calls::default();
    let (template, registry) = waiting(&calls, "");
    let system = toy::system(&template, &registry);
    let engine = Engine::new(system.clone(), Options::default());
    // A hundred virtual seconds are a tenth of a real one.
    let clock = ScaledClock::new(engine.now(), 1000);
    let driver = Driver::start(engine, clock, |_| {}).unwrap();
    start(system.world(), "e1", json!({ "x": 7 }));
    driver.waker().wake();
    let watch = crate::clock::Stopwatch::start();
    while row(system.world(), "e1").state.is_some() || row(system.world(), "e1").stopped_at.is_none() {
        assert!(watch.millis() < 10_000.0);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    driver.stop();
    let row = row(system.world(), "e1");
    assert!(row.stopped_at.unwrap().since(row.started_at) >= Millis::seconds(100));
}

/// What came of an execution whose function meets a fault at its only call, when that call was made, and when it began.
fn faulty(fault: &str) -> (ExecutionRow, Vec<Timestamp>, Timestamp) {
    let acted: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
    let seen = Arc::clone(&acted);
    let function = Function::new("one", move |_| {
        let acted = Arc::clone(&acted);
        Ok(Box::new(move |ports, _| {
            let acted = Arc::clone(&acted);
            Box::pin(async move {
                drop(capstan_core::ports::Streams::stream(&ports, "any").await);
                acted.lock().unwrap().push(ports.now());
                Ok(json!(null))
            })
        }))
    });
    let template =
        format!("{}{}", toy::function("One", "one", "Timeout: 30"), toy::machine(RETRIED, &["One"]));
    let system = toy::system(&template, &[function]);
    system.world().with(|world| world.add_fault(fault.parse().unwrap()));
    let mut engine = Engine::new(system.clone(), Options::default());
    let began = engine.now();
    start(system.world(), "e1", json!({}));
    let by = hour(&engine);
    assert!(engine.run_until_idle(by));
    let acted = seen.lock().unwrap().clone();
    (row(system.world(), "e1"), acted, began)
}

#[test]
fn a_run_that_stands_still_goes_on_later_whoever_waits_and_is_killed_at_its_limit() {
    let (waited, acted, began) = faulty("*:*:@1:stall=20");
    assert_eq!((waited.status, acted), (ExecutionStatus::Succeeded, vec![began + Millis::seconds(20)]));
    assert_eq!(waited.stopped_at, Some(began + Millis::seconds(20)));
    let (lost, acted, began) = faulty("*:*:@1:lost=20");
    assert_eq!(lost.output.unwrap()["failure"]["Error"], "Lambda.Unknown");
    assert_eq!((lost.stopped_at, acted), (Some(began), vec![began + Millis::seconds(20)]));
    let (killed, acted, began) = faulty("*:*:@1:stall=31");
    // It is retried after its limit and two seconds, and then nothing is in its way.
    assert_eq!((killed.status, acted), (ExecutionStatus::Succeeded, vec![began + Millis::seconds(32)]));
}

#[test]
fn an_execution_is_of_the_state_machine_that_its_starter_names() {
    let calls = Calls::default();
    let arn = |name: &str| format!("arn:aws:states:us-east-1:000000000000:stateMachine:cato-{name}-local");
    let starter = |id: &str, name: &str, arn: &str| {
        toy::function(id, name, &format!("Environment: {{ Variables: {{ STATE_MACHINE_ARN: '{arn}' }} }}"))
    };
    let template = [
        toy::function("One", "one", ""),
        // By an alias, as a published version is started.
        starter("StartsToy", "starts-toy", &format!("{}:live", arn("toy"))),
        starter("StartsLonger", "starts-longer", &arn("toy-longer")),
        toy::machine(WAIT_AND_TASK, &["One"]),
        toy::machine_called("Longer", "toy-longer", &WAIT_AND_TASK.replace("100", "300"), &["One"]),
    ]
    .concat();
    let starting = |name: &'static str, execution: &'static str| {
        toy::code(name, move |ports, _| {
            let invocation = sim::Invocation::unlimited();
            let outcome = sim::run(ports.start(execution, &json!({ "x": name })), &invocation);
            assert!(matches!(outcome, sim::Outcome::Done(Ok(()), _)));
            Ok(json!(ports.execution_arn(execution)))
        })
    };
    let registry = [one(&calls), starting("starts-toy", "short"), starting("starts-longer", "long")];
    let system = toy::system(&template, &registry);
    let answer = |function: &str| system.invoke(function, json!({})).answer.unwrap();
    assert_eq!(answer("StartsToy"), arn("toy").replace(":stateMachine:", ":execution:") + ":short");
    assert_eq!(answer("StartsLonger"), arn("toy-longer").replace(":stateMachine:", ":execution:") + ":long");

    let mut engine = Engine::new(Arc::clone(&system), Options::default());
    let began = engine.now();
    let by = hour(&engine);
    assert!(engine.run_until_idle(by));
    let took = |name: &str| row(system.world(), name).stopped_at.unwrap().since(began);
    assert_eq!((took("short"), took("long")), (Millis::seconds(100), Millis::seconds(300)));
    let machine = |name: &str| row(system.world(), name).machine;
    assert_eq!(
        (machine("short").as_str(), machine("long").as_str()),
        ("cato-toy-local", "cato-toy-longer-local")
    );
}
