//! What a step is called with, and what it answers.

use crate::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a step is called with: an id, and what a state before failed with. Fields it does not know are no concern of its.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// Which canary.
    pub canary_id: String,
    /// What a state before failed with, as Step Functions hands it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Caught>,
}

/// A caught error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    /// Its name.
    #[serde(rename = "Error")]
    pub error: String,
    /// Its cause: for a Lambda's error, JSON with `errorMessage`.
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

impl Caught {
    /// What happened, for people.
    pub fn words(&self) -> String {
        let cause: Option<Value> = serde_json::from_str(&self.cause).ok();
        let message = cause.as_ref().and_then(|cause| cause["errorMessage"].as_str());
        let message: String = message.unwrap_or(&self.cause).chars().take(500).collect();
        if message.is_empty() { self.error.clone() } else { format!("{}: {message}", self.error) }
    }
}

/// The longest id: that of an execution.
const LONGEST_ID: usize = 80;

impl Input {
    /// Reads a payload.
    pub fn read(payload: Value) -> Result<Self, Error> {
        let input: Self =
            serde_json::from_value(payload).map_err(|error| Error::BadInput(error.to_string()))?;
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=LONGEST_ID).contains(&input.canary_id.len()) && input.canary_id.bytes().all(letter) {
            Ok(input)
        } else {
            Err(Error::BadInput("canaryId is not the id of a canary".to_owned()))
        }
    }
}

/// Runs a step with a payload: its answer, or the closed name of its error and the whole chain of causes.
pub async fn step(
    payload: Value,
    run: impl AsyncFnOnce(Input) -> Result<Verdict, Error>,
) -> Result<Value, (&'static str, String)> {
    let done = match Input::read(payload) {
        Ok(input) => run(input).await,
        Err(error) => Err(error),
    };
    done.map(|verdict| serde_json::json!(verdict)).map_err(|error| (error.name(), error.chain()))
}

/// What a step answers: a verdict for the Choice that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Look again in a moment.
    Wait,
    /// Enter the stage that is due.
    Next,
    /// Bring it to its end.
    End,
    /// It is the model in use.
    Promoted,
    /// Everything is as it was before.
    RolledBack,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Wait, Self::Next, Self::End, Self::Promoted, Self::RolledBack];
}
