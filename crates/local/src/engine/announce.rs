//! EventBridge: events that executions and schedules make, and their way to functions.
//!
//! As in the cloud, a function is invoked at least once, and again after one and two minutes if it fails; what
//! fails three times goes to a dead-letter queue there, and is dropped here with a line on the error output.

use super::Engine;
use super::agenda::Due;
use super::executions::{execution_arn, millis};
use super::standing::Waiting;
use crate::digest;
use crate::system::Invoked;
use capstan_core::ids::uuid_v7;
use capstan_core::time::{Millis, Timestamp};
use serde_json::{Value, json};
use sim::ExecutionRow;
use std::io::{self, Write};

/// How often an event is handed over before it is given up.
const ATTEMPTS: u32 = 3;

/// An event's envelope. Its id follows from what it says, so that a repeated event is seen to be the same.
fn envelope(kind: &str, source: &str, resource: &str, detail: &Value, at: Timestamp) -> Value {
    let mut random = [0; 16];
    let said = digest::number(&[kind.as_bytes(), resource.as_bytes(), detail.to_string().as_bytes()]);
    random[..8].copy_from_slice(&said.to_be_bytes());
    let time = at.to_string();
    json!({
        "version": "0",
        "id": uuid_v7(at.as_millis(), random),
        "detail-type": kind,
        "source": source,
        "account": "000000000000",
        "time": format!("{}Z", time.get(..19).unwrap_or(&time)),
        "region": "us-east-1",
        "resources": [resource],
        "detail": detail,
    })
}

impl Engine {
    fn status_event(&self, row: &ExecutionRow) -> Option<Value> {
        let workflow = self.system.workflow(&row.machine)?;
        let arn = execution_arn(workflow, &row.name);
        let detail = json!({
            "executionArn": arn,
            "stateMachineArn": workflow.spec.arn,
            "name": row.name,
            "status": row.status.as_str(),
            "startDate": millis(row.started_at),
            "stopDate": row.stopped_at.map(millis),
            "input": row.input.to_string(),
            "inputDetails": { "included": true },
            "output": row.output.as_ref().map(ToString::to_string),
            "outputDetails": row.output.as_ref().map(|_| json!({ "included": true })),
            "error": row.error,
            "cause": row.cause,
        });
        let at = row.stopped_at.unwrap_or(row.started_at);
        Some(envelope("Step Functions Execution Status Change", "aws.states", &arn, &detail, at))
    }

    /// Says that an execution has started, to whoever has a rule for it.
    pub(super) fn say_started(&mut self, row: &ExecutionRow) {
        self.publish(row);
    }

    /// Says that an execution has ended; then the row is at rest.
    pub(super) fn announce(&mut self, name: &str) {
        let row = self.system.world().with(|world| world.execution(name).cloned());
        let Some(mut row) = row else { return };
        self.publish(&row);
        row.state = None;
        self.system.world().with(|world| world.put_execution(row));
    }

    fn publish(&mut self, row: &ExecutionRow) {
        let Some(event) = self.status_event(row) else { return };
        let system = self.system.clone();
        for rule in system.description().rules.iter().filter(|rule| rule.pattern.matches(&event)) {
            self.deliver(&rule.function, event.clone(), 1);
        }
    }

    /// Invokes a function with an event, which nobody waits for.
    pub(super) fn deliver(&mut self, function: &str, event: Value, attempt: u32) {
        self.run(function, event.clone(), Waiting::Event { event, attempt });
    }

    /// What came of it: a failure has it handed over again.
    pub(super) fn delivered(&mut self, function: &str, event: Value, attempt: u32, invoked: Invoked) {
        let Err(error) = invoked.answer else { return };
        if attempt < ATTEMPTS {
            let at = self.now() + invoked.latency + Millis::minutes(u64::from(attempt));
            let function = function.to_owned();
            self.agenda.add(at, Due::Deliver { function, event, attempt: attempt + 1 });
        } else if !self.mishaps.hushed {
            let text = format!("{function} failed {ATTEMPTS} times on an event, which is dropped: {error}");
            // Nobody to tell if this fails.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Invokes a schedule's function, and plans the next time.
    pub(super) fn run_schedule(&mut self, index: usize) {
        let system = self.system.clone();
        let Some(schedule) = system.description().schedules.get(index) else { return };
        let now = self.now();
        self.agenda.add(now + schedule.every, Due::Schedule(index));
        let rule =
            format!("arn:aws:events:us-east-1:000000000000:rule/{}{}", schedule.function, schedule.name);
        let event = envelope("Scheduled Event", "aws.events", &rule, &json!({}), now);
        self.deliver(&schedule.function, event, 1);
    }
}
