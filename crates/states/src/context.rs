//! The context object, `$$`, and the scope in which paths and templates are evaluated.
//!
//! The object is built only when a path asks for it, and the execution's input, its one large part, is read in place:
//! most states never look at `$$`, and those that do want a name or an id.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::entropy::Entropy;
use crate::path::{self, Miss, Path, Root, Step};
use crate::time::{self, Millis};
use crate::variables::{Place, Variables};

/// Who the execution is: what the context object says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) role_arn: String,
    pub(crate) state_machine_arn: String,
    pub(crate) state_machine_name: String,
    pub(crate) started_at: Millis,
    pub(crate) input: Value,
}

/// The element a Map iteration works on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MapItem {
    pub(crate) index: usize,
    pub(crate) value: Value,
}

/// Where in the execution the evaluation happens.
pub(crate) struct Context<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) variables: &'a Variables,
    /// The scope whose variables are seen.
    pub(crate) place: Place,
    pub(crate) state: &'a str,
    pub(crate) entered_at: Millis,
    pub(crate) retry_count: u32,
    pub(crate) item: Option<&'a MapItem>,
    /// Only while a task that waits for its token is being prepared.
    pub(crate) token: Option<&'a str>,
}

impl<'a> Context<'a> {
    fn find(&self, path: &Path) -> Result<Cow<'a, Value>, Miss> {
        if let [Step::Name(first), Step::Name(second), rest @ ..] = &path.steps[..]
            && first == "Execution"
            && second == "Input"
        {
            return path::find(rest, &self.identity.input);
        }
        let whole = matches!(&path.steps[..], [] | [Step::Descend | Step::Wildcard, ..])
            || matches!(&path.steps[..], [Step::Name(first), ..] if first == "Execution");
        let object = self.object(whole);
        path.find(&object).map(|found| Cow::Owned(found.into_owned()))
    }

    fn variable(&self, path: &Path) -> Result<Cow<'a, Value>, Miss> {
        let [Step::Name(name), rest @ ..] = &path.steps[..] else { return Err(Miss) };
        path::find(rest, self.variables.find(self.place, name).ok_or(Miss)?)
    }

    fn object(&self, with_input: bool) -> Value {
        let identity = self.identity;
        let mut object = json!({
            "Execution": {
                "Id": identity.arn,
                "Name": identity.name,
                "RoleArn": identity.role_arn,
                "StartTime": time::format(identity.started_at),
                "RedriveCount": 0,
            },
            "State": {
                "Name": self.state,
                "EnteredTime": time::format(self.entered_at),
                "RetryCount": self.retry_count,
            },
            "StateMachine": { "Id": identity.state_machine_arn, "Name": identity.state_machine_name },
        });
        if with_input {
            object["Execution"]["Input"] = identity.input.clone();
        }
        if let Some(item) = self.item {
            object["Map"] = json!({ "Item": { "Index": item.index, "Value": item.value } });
        }
        if let Some(token) = self.token {
            object["Task"] = json!({ "Token": token });
        }
        object
    }
}

/// What an expression may read: data, context with variables, and random numbers.
pub(crate) struct Scope<'a> {
    pub(crate) input: &'a Value,
    pub(crate) context: &'a Context<'a>,
    pub(crate) entropy: &'a mut Entropy,
}

impl<'a> Scope<'a> {
    pub(crate) fn find(&self, path: &Path) -> Result<Cow<'a, Value>, Miss> {
        select(path, self.input, self.context)
    }
}

/// Applies a path to whichever of data, context and variables it is meant for.
pub(crate) fn select<'a>(
    path: &Path,
    input: &'a Value,
    context: &Context<'a>,
) -> Result<Cow<'a, Value>, Miss> {
    match path.root {
        Root::Input => path.find(input),
        Root::Context => context.find(path),
        Root::Variable => context.variable(path),
    }
}
