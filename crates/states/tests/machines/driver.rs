//! A driver on virtual time, with scripted tasks. After every event the execution goes through JSON, so each machine
//! also shows that an execution survives being stored.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use states::{Command, Event, Execution, Machine, Millis, StartArgs, Status, TaskId, TimerId};

/// 2016-03-14T01:59:00Z.
pub(crate) const START: Millis = 1_457_920_740_000;

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Ok(Value),
    Fail(&'static str),
    /// After so many seconds.
    Late(i64, Value),
    LateFail(i64, &'static str),
    /// A heartbeat every so many seconds, so many times, and then silence.
    Beats(i64, u32),
    Never,
}

pub(crate) fn ok(value: Value) -> Answer {
    Answer::Ok(value)
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    name: &'static str,
    definition: Value,
    input: Value,
    answers: BTreeMap<&'static str, VecDeque<Answer>>,
}

/// How it ended, with the calls made: `(state, seconds since the start, input)`.
#[derive(Debug)]
pub(crate) struct Ended {
    name: &'static str,
    status: Status,
    output: Value,
    error: Option<String>,
    cause: Option<String>,
    calls: Vec<(String, i64, Value)>,
    cancelled: Vec<String>,
    seconds: i64,
}

/// A machine of several states, the first of which starts.
pub(crate) fn machine(name: &'static str, start: &str, states: Value) -> Case {
    Case {
        name,
        definition: json!({ "StartAt": start, "States": states }),
        input: json!({}),
        answers: BTreeMap::new(),
    }
}

/// A machine of one state, `S`, that ends it.
pub(crate) fn one(name: &'static str, mut state: Value) -> Case {
    let kind = state["Type"].as_str().unwrap().to_owned();
    if !["Succeed", "Fail", "Choice"].contains(&kind.as_str()) && state.get("Next").is_none() {
        state["End"] = json!(true);
    }
    machine(name, "S", json!({ "S": state }))
}

/// A task with an opaque resource of the given name.
pub(crate) fn task(resource: &str, mut more: Value) -> Value {
    more["Type"] = json!("Task");
    more["Resource"] = json!(resource);
    if more.get("Next").is_none() {
        more["End"] = json!(true);
    }
    more
}

impl Case {
    pub(crate) fn input(mut self, input: Value) -> Self {
        self.input = input;
        self
    }

    pub(crate) fn timeout(mut self, seconds: i64) -> Self {
        self.definition["TimeoutSeconds"] = json!(seconds);
        self
    }

    /// What the resource answers, call after call; when there is nothing more, it returns its input.
    pub(crate) fn answers(mut self, resource: &'static str, answers: &[Answer]) -> Self {
        self.answers.insert(resource, answers.iter().cloned().collect());
        self
    }

    pub(crate) fn run(self) -> Ended {
        let machine = Machine::parse(&self.definition).unwrap_or_else(|p| panic!("{}: {p:?}", self.name));
        let args = StartArgs {
            input: self.input,
            name: "run-1".into(),
            arn: "arn:run-1".into(),
            role_arn: "arn:role".into(),
            state_machine_arn: "arn:machine".into(),
            state_machine_name: "machine".into(),
            at: START,
            seed: 42,
            ..StartArgs::default()
        };
        let (exec, commands) = Execution::start(&machine, args);
        let mut world = World { answers: self.answers, now: START, ..World::default() };
        world.drive(&machine, exec, commands);
        let Some(Command::Finished { status, output, error, cause }) = world.finished else {
            panic!("{}: nothing left to happen, and not finished", self.name);
        };
        let (calls, cancelled) = (world.calls, world.cancelled);
        Ended {
            name: self.name,
            status,
            output,
            error,
            cause,
            calls,
            cancelled,
            seconds: (world.now - START) / 1000,
        }
    }

    pub(crate) fn succeeds(self, output: Value) -> Ended {
        let ended = self.run();
        assert_eq!((ended.status, &ended.output), (Status::Succeeded, &output), "{ended:#?}");
        ended
    }

    pub(crate) fn fails(self, error: &str) -> Ended {
        let ended = self.run();
        assert_eq!((ended.status, ended.error.as_deref()), (Status::Failed, Some(error)), "{ended:#?}");
        assert_eq!(ended.output, Value::Null);
        ended
    }

    pub(crate) fn times_out(self) -> Ended {
        let ended = self.run();
        assert_eq!((ended.status, ended.error.as_deref()), (Status::TimedOut, Some("States.Timeout")));
        ended
    }
}

impl Ended {
    /// The states that called, in order.
    pub(crate) fn calling(self, states: &[&str]) -> Self {
        let calls: Vec<_> = self.calls.iter().map(|(state, ..)| state.as_str()).collect();
        assert_eq!(calls, states, "{}", self.name);
        self
    }

    /// When the calls were made, in seconds since the start.
    pub(crate) fn at(self, seconds: &[i64]) -> Self {
        let at: Vec<_> = self.calls.iter().map(|(_, at, _)| *at).collect();
        assert_eq!(at, seconds, "{}", self.name);
        self
    }

    /// The inputs of the calls.
    pub(crate) fn with(self, inputs: &[Value]) -> Self {
        let given: Vec<_> = self.calls.iter().map(|(.., input)| input.clone()).collect();
        assert_eq!(given, inputs, "{}", self.name);
        self
    }

    /// The states whose tasks were cancelled, in order.
    pub(crate) fn cancelling(self, states: &[&str]) -> Self {
        assert_eq!(self.cancelled, states, "{}", self.name);
        self
    }

    pub(crate) fn times(&self) -> Vec<i64> {
        self.calls.iter().map(|(_, at, _)| *at).collect()
    }

    pub(crate) fn at_pointer(&self, pointer: &str) -> &Value {
        self.output.pointer(pointer).unwrap_or_else(|| panic!("{self:#?}"))
    }

    pub(crate) fn output_field(&self, name: &str) -> &str {
        self.output[name].as_str().unwrap()
    }

    pub(crate) fn after(self, seconds: i64) -> Self {
        assert_eq!(self.seconds, seconds, "{}", self.name);
        self
    }

    pub(crate) fn because(self, part: &str) -> Self {
        assert!(self.cause.as_deref().unwrap_or_default().contains(part), "{self:#?}");
        self
    }
}

#[derive(Default)]
struct World {
    answers: BTreeMap<&'static str, VecDeque<Answer>>,
    now: Millis,
    /// By time and then by order of arrival.
    agenda: BTreeMap<(Millis, u64), Event>,
    arrivals: u64,
    timers: BTreeMap<TimerId, (Millis, u64)>,
    names: BTreeMap<TaskId, String>,
    calls: Vec<(String, i64, Value)>,
    cancelled: Vec<String>,
    finished: Option<Command>,
}

impl World {
    fn drive(&mut self, machine: &Machine, mut exec: Execution, commands: Vec<Command>) {
        for command in commands {
            self.carry_out(command);
        }
        while self.finished.is_none() {
            let Some(((at, _), event)) = self.agenda.pop_first() else { return };
            self.now = self.now.max(at);
            let commands = exec.apply(machine, event, self.now).unwrap_or_default();
            let stored = serde_json::to_string(&exec).unwrap();
            let read: Execution = serde_json::from_str(&stored).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), stored);
            exec = read;
            for command in commands {
                self.carry_out(command);
            }
            self.check_pending(&exec.pending());
        }
    }

    /// Every timer that is set, and nothing else, is pending.
    fn check_pending(&self, pending: &[Command]) {
        if let Some(finished) = &self.finished {
            assert_eq!(pending, std::slice::from_ref(finished));
            return;
        }
        let timers: Vec<_> = pending
            .iter()
            .filter_map(|c| match c {
                Command::SetTimer { timer, .. } => Some(*timer),
                _ => None,
            })
            .collect();
        assert_eq!(timers, self.timers.keys().copied().collect::<Vec<_>>());
        let tasks = pending.iter().filter(|c| matches!(c, Command::InvokeTask { .. })).count();
        assert_eq!(tasks + timers.len(), pending.len());
    }

    fn carry_out(&mut self, command: Command) {
        assert!(self.finished.is_none(), "a command after the end");
        match command {
            Command::InvokeTask { task, state, resource, input, .. } => {
                self.names.insert(task, state.clone());
                self.calls.push((state, (self.now - START) / 1000, input.clone()));
                let next = self.answers.get_mut(resource.as_str()).and_then(VecDeque::pop_front);
                self.answer(task, next.unwrap_or(Answer::Ok(input)));
            }
            Command::CancelTask { task } => self.cancelled.push(self.names[&task].clone()),
            Command::SetTimer { timer, at } => {
                // After whatever tasks answer at the same time.
                let key = (at, self.arrivals + 1_000_000);
                self.arrivals += 1;
                self.agenda.insert(key, Event::TimerFired { timer });
                self.timers.insert(timer, key);
            }
            Command::CancelTimer { timer } => {
                let key = self.timers.remove(&timer).expect("a timer that is set");
                self.agenda.remove(&key);
            }
            finished @ Command::Finished { .. } => self.finished = Some(finished),
        }
        let fired: Vec<_> =
            self.timers.iter().filter(|(_, key)| !self.agenda.contains_key(key)).map(|(t, _)| *t).collect();
        for timer in fired {
            self.timers.remove(&timer);
        }
    }

    fn answer(&mut self, task: TaskId, answer: Answer) {
        let failed = |error: &str| Event::TaskFailed { task, error: error.into(), cause: "scripted".into() };
        match answer {
            Answer::Ok(output) => self.schedule(0, Event::TaskSucceeded { task, output }),
            Answer::Fail(error) => self.schedule(0, failed(error)),
            Answer::Late(seconds, output) => self.schedule(seconds, Event::TaskSucceeded { task, output }),
            Answer::LateFail(seconds, error) => self.schedule(seconds, failed(error)),
            Answer::Beats(every, times) => {
                (1..=times).for_each(|n| self.schedule(every * i64::from(n), Event::Heartbeat { task }));
            }
            Answer::Never => {}
        }
    }

    fn schedule(&mut self, seconds: i64, event: Event) {
        self.agenda.insert((self.now + seconds * 1000, self.arrivals), event);
        self.arrivals += 1;
    }
}
