//! A driver on virtual time, whole: a queue of things to come, and functions for tasks.
//!
//! The payment is refused once and retried, and the parcel is waited for; the program takes no time to do so.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use states::{Command, Event, Execution, Machine, Millis, StartArgs};

/// What is to come: by time, then in the order in which it was planned.
type Agenda = BTreeMap<(Millis, usize), Event>;

fn definition() -> Value {
    json!({
        "StartAt": "Pay",
        "States": {
            "Pay": {
                "Type": "Task", "Resource": "pay", "ResultPath": "$.receipt", "Next": "Ship",
                "Retry": [{ "ErrorEquals": ["CardBusy"], "IntervalSeconds": 5 }]
            },
            "Ship": { "Type": "Wait", "Seconds": 86_400, "Next": "Thank" },
            "Thank": { "Type": "Task", "Resource": "mail", "ResultPath": null, "End": true }
        }
    })
}

/// The work itself: how long it takes in seconds, and what comes of it.
fn work(resource: &str, input: &Value, calls: usize) -> (i64, Result<Value, &'static str>) {
    match resource {
        "pay" if calls == 0 => (1, Err("CardBusy")),
        "pay" => (2, Ok(json!({ "paid": input["price"] }))),
        _ => (1, Ok(Value::Null)),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = Machine::parse(&definition()).map_err(|problems| format!("{problems:?}"))?;
    let args = StartArgs { input: json!({ "price": 12 }), name: "order-7".into(), ..StartArgs::default() };
    let (mut execution, mut commands) = Execution::start(&machine, args);
    let (mut agenda, mut calls, mut planned) = (Agenda::new(), 0, 0);
    loop {
        for command in commands {
            planned += 1;
            let now = execution.now();
            match command {
                Command::InvokeTask { task, state, resource, input, .. } => {
                    println!("{:>6} s  {state} calls {resource} with {input}", now / 1000);
                    let (seconds, outcome) = work(&resource, &input, calls);
                    calls += 1;
                    let event = match outcome {
                        Ok(output) => Event::TaskSucceeded { task, output },
                        Err(error) => Event::TaskFailed { task, error: error.into(), cause: String::new() },
                    };
                    agenda.insert((now + seconds * 1000, planned), event);
                }
                Command::SetTimer { timer, at } => {
                    agenda.insert((at, planned), Event::TimerFired { timer });
                }
                // What is cancelled may still be reported; it will be ignored.
                Command::CancelTask { .. } | Command::CancelTimer { .. } => {}
                Command::Finished { status, output, .. } => {
                    println!("{:>6} s  {status:?} with {output}", now / 1000);
                    return Ok(());
                }
            }
        }
        let ((at, _), event) = agenda.pop_first().ok_or("nothing left to happen")?;
        commands = execution.apply(&machine, event, at).unwrap_or_default();
    }
}
