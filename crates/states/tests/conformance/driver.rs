//! A driver on virtual time whose tasks do what the row says. After every event the execution goes through JSON, so
//! that the table also holds for executions that were stored.

use std::collections::BTreeMap;

use serde_json::Value;
use states::{Command, Event, Execution, Machine, Millis, StartArgs, Status, TaskId};

use crate::row::Row;

/// 2026-01-01T00:00:00Z: after every timestamp in the table.
const START: Millis = 1_767_225_600_000;

/// How an execution ended. Times are milliseconds since the start.
pub(crate) struct Ran {
    pub(crate) status: Status,
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) at: Vec<Millis>,
    pub(crate) over: Millis,
}

struct World<'r> {
    row: &'r Row,
    now: Millis,
    /// By time; at one time tasks before timers; then by order of arrival.
    agenda: BTreeMap<(Millis, bool, usize), Event>,
    arrivals: usize,
    calls: Vec<(String, Value)>,
    at: Vec<Millis>,
    used: BTreeMap<String, usize>,
}

pub(crate) fn run(row: &Row, machine: &Machine) -> Ran {
    let args = StartArgs {
        input: row.input.clone(),
        name: "run".into(),
        state_machine_name: row.name.clone(),
        at: START,
        seed: 7,
        ..StartArgs::default()
    };
    let mut world = World {
        row,
        now: START,
        agenda: BTreeMap::new(),
        arrivals: 0,
        calls: vec![],
        at: vec![],
        used: BTreeMap::new(),
    };
    let (mut execution, mut commands) = Execution::start(machine, args);
    loop {
        for command in commands {
            world.carry_out(command);
        }
        if execution.status() != Status::Running {
            break;
        }
        let ((at, ..), event) = world.agenda.pop_first().unwrap_or_else(|| panic!("{}: it hangs", row.name));
        world.now = at;
        commands = execution.apply(machine, event, at).unwrap_or_default();
        execution = serde_json::from_str(&serde_json::to_string(&execution).unwrap()).unwrap();
    }
    Ran {
        status: execution.status(),
        output: execution.output().cloned(),
        error: execution.error().map(str::to_owned),
        cause: execution.cause().map(str::to_owned),
        calls: world.calls,
        at: world.at,
        over: world.now - START,
    }
}

impl World<'_> {
    fn carry_out(&mut self, command: Command) {
        match command {
            Command::InvokeTask { task, resource, input, .. } => self.invoke(task, &resource, input),
            Command::SetTimer { timer, at } => self.plan(at, true, Event::TimerFired { timer }),
            // What is cancelled may still be reported: it is ignored.
            Command::CancelTask { .. } | Command::CancelTimer { .. } | Command::Finished { .. } => {}
        }
    }

    fn invoke(&mut self, task: TaskId, resource: &str, input: Value) {
        let (function, input) = if resource.starts_with("arn:aws:states:::lambda:invoke") {
            (input["FunctionName"].as_str().expect("a function's name").to_owned(), input["Payload"].clone())
        } else {
            (resource.to_owned(), input)
        };
        let name = function.rsplit(':').next().unwrap_or_default().to_owned();
        let answer = self.answer(&name, &input);
        self.calls.push((name, input.clone()));
        self.at.push(self.now - START);
        let said = match &answer {
            None => return self.plan(self.now, false, Event::TaskSucceeded { task, output: input }),
            Some(answer) => answer.get("token").unwrap_or(answer),
        };
        if let Some(output) = said.get("return") {
            self.plan(self.now, false, Event::TaskSucceeded { task, output: output.clone() });
        } else if let Some(error) = said.get("throw") {
            let error = error.as_str().expect("an error's name").to_owned();
            self.plan(self.now, false, Event::TaskFailed { task, error, cause: "as the table says".into() });
        } else {
            assert!(said.is_null() || said.get("never").is_some(), "{}: {said} is no answer", self.row.name);
        }
    }

    /// The next answer of a function.
    fn answer(&mut self, function: &str, input: &Value) -> Option<Value> {
        let answers = self.row.tasks.get(function)?;
        if let Some(answer) = answers.iter().find(|answer| answer.get("for") == Some(input)) {
            return Some(answer.clone());
        }
        let used = self.used.entry(function.to_owned()).or_default();
        let answer = answers.get(*used).or(answers.last());
        *used += 1;
        answer.cloned()
    }

    fn plan(&mut self, at: Millis, timer: bool, event: Event) {
        self.arrivals += 1;
        self.agenda.insert((at, timer, self.arrivals), event);
    }
}
