//! A task that waits for a person: `.waitForTaskToken`, a heartbeat, and a driver that survives a restart meanwhile.
//!
//! The driver mails the token, stores the execution and forgets it; days later somebody clicks, the execution is read
//! back from its JSON, and the task is found by its token.

use serde_json::json;
use states::{Command, Event, Execution, Machine, StartArgs};

const HOUR: i64 = 3_600_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = Machine::parse(&json!({
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task", "Resource": "mail.waitForTaskToken", "TimeoutSeconds": 604_800,
                "Parameters": { "question.$": "States.Format('Pay {} to {}?', $.sum, $.to)", "token.$": "$$.Task.Token" },
                "ResultPath": "$.answer", "Next": "Agreed",
                "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "NobodyAnswered" }]
            },
            "Agreed": {
                "Type": "Choice", "Default": "Refused",
                "Choices": [{ "Variable": "$.answer.yes", "BooleanEquals": true, "Next": "Paid" }]
            },
            "Paid": { "Type": "Succeed", "OutputPath": "$.answer.by" },
            "Refused": { "Type": "Fail", "Error": "Refused" },
            "NobodyAnswered": { "Type": "Fail", "Error": "NobodyAnswered" }
        }
    }))
    .map_err(|problems| format!("{problems:?}"))?;

    let args = StartArgs { input: json!({ "sum": 12, "to": "Ann" }), seed: 7, ..StartArgs::default() };
    let (execution, commands) = Execution::start(&machine, args);
    let Some(Command::InvokeTask { resource, input, .. }) = commands.first() else {
        return Err("a task expected".into());
    };
    println!("{resource} is invoked with {input}; it went through, so nothing is reported");
    let token = input["token"].as_str().ok_or("a token")?.to_owned();
    let stored = serde_json::to_string(&execution)?;
    drop(execution);

    // Two days later, in another process.
    let mut execution: Execution = serde_json::from_str(&stored)?;
    println!("still to come: {} commands, among them the timer of the time-out", execution.pending().len());
    let task = execution.task_with_token(&token).ok_or("the token is not known (any more)")?;
    let answer = Event::TaskSucceeded { task, output: json!({ "yes": true, "by": "Bob" }) };
    execution.apply(&machine, answer.clone(), 48 * HOUR)?;
    println!("{:?} with {:?}", execution.status(), execution.output());

    // Clicking twice does no harm.
    println!("again: {}", execution.apply(&machine, answer, 49 * HOUR).err().ok_or("must be ignored")?);
    Ok(())
}
