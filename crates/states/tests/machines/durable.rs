//! What a driver that may crash relies on.

use serde_json::json;
use states::{
    Command, Event, Execution, HistoryKind, Ignored, Limits, Machine, StartArgs, Status, TaskId, TimerId,
};

use crate::driver::START;

fn order() -> Machine {
    Machine::parse(&json!({
        "StartAt": "Pay",
        "States": {
            "Pay": {"Type": "Task", "Resource": "pay", "TimeoutSeconds": 30, "Next": "Rest"},
            "Rest": {"Type": "Wait", "Seconds": 60, "End": true}
        }
    }))
    .unwrap()
}

fn started(machine: &Machine) -> (Execution, Vec<Command>) {
    Execution::start(machine, StartArgs { at: START, input: json!({"n": 1}), ..StartArgs::default() })
}

fn succeeded(task: u64) -> Event {
    Event::TaskSucceeded { task: TaskId(task), output: json!("ok") }
}

#[test]
fn pending_repeats_what_is_outstanding() {
    let machine = order();
    let (mut exec, commands) = started(&machine);
    assert_eq!(exec.pending(), commands);
    assert_eq!(exec.active_states(), ["Pay"]);
    assert_eq!(exec.next_timer().unwrap().1, START + 30_000);

    let commands = exec.apply(&machine, succeeded(1), START + 5_000).unwrap();
    let [Command::CancelTimer { timer }, Command::SetTimer { timer: wait, at }] = commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!((timer, at), (TimerId(2), START + 65_000));
    assert_eq!(exec.pending(), [Command::SetTimer { timer: wait, at }]);

    let commands = exec.apply(&machine, Event::TimerFired { timer: wait }, at).unwrap();
    assert_eq!(exec.pending(), commands);
    assert_eq!(exec.output(), Some(&json!("ok")));
}

#[test]
fn events_for_what_is_not_alive_are_ignored() {
    let machine = order();
    let (mut exec, _) = started(&machine);
    let at = START + 1;
    assert_eq!(exec.apply(&machine, succeeded(77), at), Err(Ignored::TaskNotAlive(TaskId(77))));
    let heartbeat = Event::Heartbeat { task: TaskId(77) };
    assert_eq!(exec.apply(&machine, heartbeat, at), Err(Ignored::TaskNotAlive(TaskId(77))));
    let fired = Event::TimerFired { timer: TimerId(77) };
    assert_eq!(exec.apply(&machine, fired, at), Err(Ignored::TimerNotAlive(TimerId(77))));

    exec.apply(&machine, succeeded(1), at).unwrap();
    assert_eq!(exec.apply(&machine, succeeded(1), at), Err(Ignored::TaskNotAlive(TaskId(1))));
    let abort = Event::Abort { error: "Stop".into(), cause: "enough".into() };
    exec.apply(&machine, abort.clone(), at).unwrap();
    assert_eq!(exec.apply(&machine, abort, at), Err(Ignored::Finished));
}

#[test]
fn abort_ends_everything() {
    let machine = order();
    let (mut exec, _) = started(&machine);
    let abort = Event::Abort { error: "Stop".into(), cause: "enough".into() };
    let commands = exec.apply(&machine, abort, START).unwrap();
    assert_eq!(
        commands,
        [
            Command::CancelTask { task: TaskId(1) },
            Command::CancelTimer { timer: TimerId(2) },
            Command::Finished {
                status: Status::Aborted,
                output: json!(null),
                error: Some("Stop".into()),
                cause: Some("enough".into())
            }
        ]
    );
}

#[test]
fn another_definition_is_refused() {
    let (mut exec, _) = started(&order());
    let other = Machine::parse(&json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})).unwrap();
    assert_eq!(exec.apply(&other, succeeded(1), START), Err(Ignored::OtherMachine));
}

#[test]
fn the_history_tells_what_happened_and_can_be_drained() {
    let machine = order();
    let (mut exec, _) = started(&machine);
    let first = exec.drain_history();
    let kinds: Vec<_> = first.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [HistoryKind::ExecutionStarted, HistoryKind::StateEntered, HistoryKind::TaskScheduled]);
    assert!(exec.history().is_empty());

    exec.apply(&machine, succeeded(1), START + 5).unwrap();
    let kinds: Vec<_> = exec.history().iter().map(|e| (e.id, e.kind, e.state.as_deref())).collect();
    assert_eq!(
        kinds,
        [
            (4, HistoryKind::TaskSucceeded, Some("Pay")),
            (5, HistoryKind::StateExited, Some("Pay")),
            (6, HistoryKind::StateEntered, Some("Rest")),
        ]
    );
    assert!(exec.history().iter().all(|event| event.at == START + 5 && event.detail.is_null()));
}

/// State, visits, attempts, when it was entered and left in milliseconds after the start, whether it failed, and by what.
type Fared<'a> = (&'a str, u32, u32, i64, Option<i64>, bool, Option<&'a str>);

fn fared(exec: &Execution) -> Vec<Fared<'_>> {
    let visits = exec.visits().iter();
    visits
        .map(|visit| {
            let left = visit.left_at.map(|left| left - START);
            let (entered, error) = (visit.entered_at - START, visit.error.as_deref());
            (visit.state.as_str(), visit.visits, visit.attempts, entered, left, visit.failed, error)
        })
        .collect()
}

#[test]
fn visits_tell_how_each_state_has_fared_also_without_a_history() {
    let again = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}]);
    let caught = json!([{"ErrorEquals": ["States.ALL"], "Next": "Rest"}]);
    let machine = Machine::parse(&json!({
        "StartAt": "Try",
        "States": {
            "Try": {"Type": "Task", "Resource": "try", "Retry": again, "Catch": caught, "Next": "Both"},
            "Rest": {"Type": "Wait", "Seconds": 5, "Next": "Try"},
            "Both": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "Left", "States": {"Left": {"Type": "Task", "Resource": "left", "End": true}}},
                {"StartAt": "Right", "States": {"Right": {"Type": "Task", "Resource": "right", "End": true}}}
            ]}
        }
    }))
    .unwrap();
    let args = StartArgs { at: START, keep_history: false, ..StartArgs::default() };
    let (mut exec, mut commands) = Execution::start(&machine, args);
    let busy = |task: &TaskId| Event::TaskFailed { task: *task, error: "Busy".into(), cause: String::new() };
    let task = |commands: &[Command]| match commands {
        [Command::InvokeTask { task, .. }, ..] => *task,
        _ => panic!("{commands:?}"),
    };
    let timer = |commands: &[Command]| match commands {
        [Command::SetTimer { timer, .. }] => Event::TimerFired { timer: *timer },
        _ => panic!("{commands:?}"),
    };
    commands = exec.apply(&machine, busy(&task(&commands)), START + 10).unwrap();
    assert_eq!(fared(&exec), [("Try", 1, 1, 0, None, false, Some("Busy"))]);
    commands = exec.apply(&machine, timer(&commands), START + 1_010).unwrap();
    commands = exec.apply(&machine, busy(&task(&commands)), START + 1_020).unwrap();
    let failed: Fared<'_> = ("Try", 1, 2, 0, Some(1_020), true, Some("Busy"));
    assert_eq!(fared(&exec), [failed, ("Rest", 1, 1, 1_020, None, false, None)]);

    let mut exec: Execution = serde_json::from_value(serde_json::to_value(&exec).unwrap()).unwrap();
    assert_eq!(fared(&exec).first(), Some(&failed), "what was stored is still known");
    commands = exec.apply(&machine, timer(&commands), START + 6_020).unwrap();
    assert_eq!(fared(&exec)[0], ("Try", 2, 1, 6_020, None, false, None), "a visit begins anew");
    let done = Event::TaskSucceeded { task: task(&commands), output: json!({}) };
    commands = exec.apply(&machine, done, START + 6_030).unwrap();
    let stop = Event::TaskFailed { task: task(&commands), error: "Bad".into(), cause: String::new() };
    exec.apply(&machine, stop, START + 6_040).unwrap();
    let over = Some(6_040);
    assert_eq!(
        fared(&exec),
        [
            ("Try", 2, 1, 6_020, Some(6_030), false, None),
            ("Rest", 1, 1, 1_020, Some(6_020), false, None),
            ("Both", 1, 1, 6_030, over, true, Some("Bad")),
            ("Left", 1, 1, 6_030, over, true, Some("Bad")),
            ("Right", 1, 1, 6_030, over, true, None),
        ]
    );
}

#[test]
fn payloads_are_in_the_history_when_asked_for() {
    let machine = order();
    let args = StartArgs { input: json!({"n": 1}), record_data: true, ..StartArgs::default() };
    let (exec, _) = Execution::start(&machine, args);
    assert_eq!(exec.history()[0].detail, json!({"input": {"n": 1}}));
    assert_eq!(exec.history()[1].detail, json!({"type": "Task", "input": {"n": 1}}));
}

#[test]
fn a_task_is_found_by_its_token() {
    let machine = order();
    let (mut exec, commands) = started(&machine);
    let Command::InvokeTask { task, token, .. } = &commands[0] else { panic!("{commands:?}") };
    assert_eq!(exec.task_with_token(token), Some(*task));
    assert_eq!(exec.task_with_token("other"), None);
    exec.apply(&machine, succeeded(task.0), START).unwrap();
    assert_eq!(exec.task_with_token(token), None);
}

#[test]
fn what_a_machine_needs_and_names() {
    let machine = Machine::parse(&json!({
        "StartAt": "A",
        "States": {
            "A": {"Type": "Task", "Resource": "r1", "Next": "B", "Retry": [{"ErrorEquals": ["X"]}]},
            "B": {"Type": "Parallel", "End": true, "Catch": [{"ErrorEquals": ["Y", "X"], "Next": "A"}], "Branches": [
                {"StartAt": "C", "States": {"C": {"Type": "Task", "Resource": "r2", "End": true}}}
            ]}
        }
    }))
    .unwrap();
    assert_eq!(machine.resources().into_iter().collect::<Vec<_>>(), ["r1", "r2"]);
    assert_eq!(machine.error_names().into_iter().collect::<Vec<_>>(), ["X", "Y"]);
    assert_eq!(machine.state_names().collect::<Vec<_>>(), ["A", "B", "C"]);
}

#[test]
fn time_does_not_go_back() {
    let machine = order();
    let (mut exec, _) = started(&machine);
    let commands = exec.apply(&machine, succeeded(1), START - 99_000).unwrap();
    assert!(
        matches!(commands[..], [_, Command::SetTimer { at, .. }] if at == START + 60_000),
        "{commands:?}"
    );
    assert_eq!(exec.now(), START);
}

#[test]
fn a_wait_that_is_over_sets_no_timer() {
    for wait in [json!({"Seconds": 0}), json!({"Timestamp": "1970-01-01T00:00:00Z"})] {
        let mut state = wait;
        state["Type"] = json!("Wait");
        state["End"] = json!(true);
        let machine = Machine::parse(&json!({"StartAt": "W", "States": {"W": state}})).unwrap();
        let (exec, commands) = started(&machine);
        assert_eq!((exec.status(), commands.len()), (Status::Succeeded, 1));
    }
}

/// With a task in a branch of a Map in a Parallel, all of it stored and read back.
#[test]
fn a_stored_execution_is_found_where_it_was() {
    let machine = Machine::parse(&json!({
        "StartAt": "P",
        "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "MaxConcurrency": 1, "ItemProcessor":
                {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "t", "End": true}}}}}},
            {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}
        ]}}
    }))
    .unwrap();
    let (exec, commands) =
        Execution::start(&machine, StartArgs { input: json!([1, 2]), ..StartArgs::default() });
    let mut read: Execution = serde_json::from_str(&serde_json::to_string(&exec).unwrap()).unwrap();
    assert_eq!(read.active_states(), ["P", "M", "W", "T"]);
    let key = |command: &Command| format!("{command:?}");
    let (mut pending, mut asked) = (read.pending(), commands);
    pending.sort_by_key(key);
    asked.sort_by_key(key);
    assert_eq!(pending, asked);
    let Command::InvokeTask { task, .. } = pending[0] else { panic!("{pending:?}") };
    let commands = read.apply(&machine, succeeded(task.0), 1).unwrap();
    assert!(
        matches!(&commands[..], [Command::InvokeTask { input, .. }] if *input == json!(2)),
        "{commands:?}"
    );
}

/// The input of a task in flight is stored where it is not the state's own: a null among them is one.
#[test]
fn a_stored_task_has_the_input_it_was_asked_with() {
    for (more, expected) in [
        (json!({}), json!({"a": null, "b": 1})),
        (json!({"InputPath": "$.a"}), json!(null)),
        (json!({"InputPath": null}), json!({})),
        (json!({"Parameters": {"n.$": "$.b"}}), json!({"n": 1})),
    ] {
        let mut state = json!({"Type": "Task", "Resource": "t", "ResultPath": "$.c", "End": true});
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let machine = Machine::parse(&json!({"StartAt": "T", "States": {"T": state}})).unwrap();
        let input = json!({"a": null, "b": 1});
        let (exec, commands) = Execution::start(&machine, StartArgs { input, ..StartArgs::default() });
        let mut read: Execution = serde_json::from_str(&serde_json::to_string(&exec).unwrap()).unwrap();
        assert_eq!(read.pending(), commands);
        let [Command::InvokeTask { task, input, .. }] = &commands[..] else { panic!("{commands:?}") };
        assert_eq!(*input, expected);
        read.apply(&machine, succeeded(task.0), START).unwrap();
        assert_eq!(read.output(), Some(&json!({"a": null, "b": 1, "c": "ok"})));
    }
}

/// What a result is combined with is measured once, and from then on only bounded: results that take each other's place again
/// and again add to the bound and not to the data.
#[test]
fn results_in_one_place_do_not_add_up() {
    let machine = Machine::parse(&json!({
        "StartAt": "T",
        "States": {
            "T": {"Type": "Task", "Resource": "t", "ResultPath": "$.verdict", "Next": "C"},
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.verdict", "StringEquals": "more", "Next": "T"}],
                  "Default": "Z"},
            "Z": {"Type": "Succeed"}
        }
    }))
    .unwrap();
    let limits = Limits { payload_bytes: 400, ..Limits::default() };
    let (mut exec, mut commands) = Execution::start(&machine, StartArgs { limits, ..StartArgs::default() });
    for output in std::iter::repeat_n("more", 100).chain(["enough"]) {
        let [Command::InvokeTask { task, .. }] = commands[..] else { panic!("{commands:?}") };
        let event = Event::TaskSucceeded { task, output: json!(output) };
        commands = exec.apply(&machine, event, START).unwrap();
    }
    assert_eq!(exec.output(), Some(&json!({"verdict": "enough"})));
}
