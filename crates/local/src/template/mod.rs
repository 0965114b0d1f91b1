//! What `template.yaml` says, as far as a machine without a cloud needs it.
//!
//! The local system is built from the file that is deployed, so that the two can't drift apart. A [`Description`] is
//! the whole of it in plain types: everything resolved, nothing of CloudFormation left. What the template says about
//! roles and logs, and of what alarms tell, is not read, since nothing here would act on it. Rejected: a file of our own beside the
//! template, and asking the SAM command line, which needs Python and seconds.

mod cloudformation;
mod definition;
mod events;
mod pattern;
mod place;
mod read;
mod resolve;
mod source;

use capstan_core::time::Millis;
pub use pattern::Pattern;
pub use place::TemplateError;
use serde_json::Value;
pub use source::Source;
use std::collections::BTreeMap;

/// Values for the template's parameters, by name. They take the place of defaults.
pub type Parameters = BTreeMap<String, String>;

/// A system as the template describes it.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Where it was read from, for messages.
    pub source: String,
    /// Every function.
    pub functions: Vec<FunctionSpec>,
    /// What of the API goes where.
    pub routes: Vec<Route>,
    /// What is fed by streams.
    pub streams: Vec<StreamSource>,
    /// What runs by itself.
    pub schedules: Vec<Schedule>,
    /// What runs when something happens.
    pub rules: Vec<Rule>,
    /// The workflows.
    pub state_machines: Vec<StateMachine>,
    /// The tables.
    pub tables: Vec<TableSpec>,
    /// The names of the topics.
    pub topics: Vec<String>,
    /// The limits of usage plans, by name: requests a second, and at once.
    pub usage_plans: BTreeMap<String, (u32, u32)>,
    /// The alarms: by name, the ARNs of what each calls.
    pub alarms: BTreeMap<String, Vec<String>>,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its name within the template.
    pub logical_id: String,
    /// The crate that holds its code.
    pub crate_name: String,
    /// Its name in the cloud, with the environment at its end.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How long one run may take.
    pub timeout: Millis,
    /// Its environment.
    pub env: BTreeMap<String, String>,
}

/// A route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method, upper case, or `ANY`.
    pub method: String,
    /// The path, with `{parameters}`.
    pub path: String,
    /// The logical id of the function behind it.
    pub function: String,
    /// The logical id of the function that says who may come in; `None`: everybody.
    pub authorizer: Option<String>,
    /// Whether nobody is asked where there is no `Authorization` header: who comes without one is turned away.
    pub wants_header: bool,
}

/// A function that is fed by the stream of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSource {
    /// The logical id of the function.
    pub function: String,
    /// The event's own name.
    pub name: String,
    /// The ARN of the stream.
    pub arn: String,
    /// The most records of a batch.
    pub batch: usize,
    /// How many batches are under way at once; those of one partition never are.
    pub lanes: usize,
    /// Whether a batch that fails as a whole is cut in two.
    pub bisect: bool,
    /// Whether the function says from which record on it failed.
    pub reports: bool,
    /// How often a batch is repeated.
    pub retries: u32,
    /// How old a record may grow.
    pub longest: Millis,
    /// The name of the queue for what is given up.
    pub dead_letters: String,
}

/// A function that runs at a fixed rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The logical id of the function.
    pub function: String,
    /// The schedule's own name.
    pub name: String,
    /// How often.
    pub every: Millis,
}

/// A function that runs for each event that fits.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The logical id of the function.
    pub function: String,
    /// The rule's own name.
    pub name: String,
    /// Which events.
    pub pattern: Pattern,
}

/// A state machine, its functions' ARNs filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct StateMachine {
    /// Its name within the template.
    pub logical_id: String,
    /// Its name in the cloud.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The file it is in, as the template has it.
    pub file: String,
    /// The definition.
    pub definition: Value,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Its name within the template.
    pub logical_id: String,
    /// Its name in the cloud.
    pub name: String,
    /// The attribute that says when a row may go, if rows do.
    pub time_to_live: Option<String>,
}

impl Description {
    /// Reads a template's text; `file` is what messages call it. State machines come from the template itself, or from
    /// the files compiled in.
    pub fn parse(file: &str, text: &str, parameters: &Parameters) -> Result<Self, TemplateError> {
        read::describe(file, text, parameters, &definition::Definitions::built_in())
    }

    /// The function of this logical id.
    pub fn function(&self, logical_id: &str) -> Option<&FunctionSpec> {
        self.functions.iter().find(|function| function.logical_id == logical_id)
    }
}

#[cfg(test)]
mod tests;
