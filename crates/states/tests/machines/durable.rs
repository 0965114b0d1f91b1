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
