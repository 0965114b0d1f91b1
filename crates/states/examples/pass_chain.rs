//! How many transitions a second the interpreter makes: chains of Pass states, run to their end over and over.
//!
//! `cargo run --release -p states --example pass_chain`

use std::time::Duration;

use serde_json::{Map, Value, json};
use states::{Execution, Limits, Machine, StartArgs, Status};

const STATES: u32 = 1000;

/// `S0 → S1 → …`, each state with the given fields.
fn chain(fields: &Value) -> Result<Machine, String> {
    let mut states = Map::new();
    for n in 0..STATES {
        let mut state = json!({ "Type": "Pass" });
        if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
            state.extend(fields.clone());
            match n + 1 {
                STATES => state.insert("End".into(), json!(true)),
                next => state.insert("Next".into(), json!(format!("S{next}"))),
            };
        }
        states.insert(format!("S{n}"), state);
    }
    Machine::parse(&json!({ "StartAt": "S0", "States": states })).map_err(|problems| format!("{problems:?}"))
}

fn measure(what: &str, fields: &Value, input: &Value) -> Result<(), String> {
    let machine = chain(fields)?;
    let (mut runs, mut spent) = (0, Duration::ZERO);
    while spent < Duration::from_secs(1) {
        let limits = Limits { history_events: u64::MAX, ..Limits::default() };
        let args = StartArgs { input: input.clone(), limits, ..StartArgs::default() };
        #[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
        let begun = std::time::Instant::now();
        let (execution, _) = Execution::start(&machine, args);
        spent += begun.elapsed();
        runs += 1;
        if execution.status() != Status::Succeeded {
            return Err(format!("{what}: {:?}", execution.error()));
        }
    }
    let rate = f64::from(runs * STATES) / spent.as_secs_f64();
    println!("{what:32} {rate:>12.0} transitions/s");
    Ok(())
}

fn main() -> Result<(), String> {
    let small = json!({ "tenant": "t-1", "count": 0 });
    let large = json!({ "tenant": "t-1", "count": 0, "ballast": "x".repeat(100_000) });
    let plain = json!({});
    let place = json!({ "Result": { "ok": true }, "ResultPath": "$.result" });
    let count = json!({ "Parameters": { "count.$": "States.MathAdd($.count, 1)" }, "ResultPath": "$.next" });
    measure("Pass", &plain, &small)?;
    measure("Pass, 100 kB of data", &plain, &large)?;
    measure("Pass, Result and ResultPath", &place, &small)?;
    measure("Pass, the same, 100 kB of data", &place, &large)?;
    measure("Pass, an intrinsic function", &count, &small)
}
