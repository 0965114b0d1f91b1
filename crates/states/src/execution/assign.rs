//! `Assign`: evaluated while its state ends, set when the state is left.

use serde_json::Value;

use super::branch::Branch;
use super::run::{Run, context};
use super::{Execution, data};
use crate::context::Scope;
use crate::failure::Failure;
use crate::machine::State;
use crate::template::Template;

impl Run<'_, '_> {
    /// Evaluates an `Assign` in which `$` is `data`, and keeps it until the state is left.
    pub(super) fn assign(
        &mut self,
        branch: &Branch,
        state: &State,
        assign: Option<&Template>,
        data: &Value,
    ) -> Result<(), Failure> {
        let Some(assign) = assign else { return Ok(()) };
        let Execution { identity, variables, entropy, limits, .. } = &mut *self.exec;
        let context = context(identity, variables, branch, state, None);
        let made = assign.evaluate(&mut Scope { input: data, context: &context, entropy })?;
        let Value::Object(values) = made else { return Ok(()) };
        self.assigned = Some(variables.check(branch.place(), values, *limits)?);
        Ok(())
    }

    /// The same for a Choice or Wait state, in whose `Assign` `$` is the effective input.
    pub(super) fn assign_input(
        &mut self,
        branch: &Branch,
        state: &State,
        assign: Option<&Template>,
    ) -> Result<(), Failure> {
        if assign.is_none() {
            return Ok(());
        }
        let context = context(&self.exec.identity, &self.exec.variables, branch, state, None);
        let input = data::input(&state.data, &branch.raw, &context)?.into_owned();
        self.assign(branch, state, assign, &input)
    }

    /// Sets what the state that `branch` leaves has assigned, and tells the history of it.
    pub(super) fn set_assigned(&mut self, branch: &Branch, detail: &mut Value) {
        let Some(assignment) = self.assigned.take() else { return };
        if let Value::Object(detail) = detail {
            detail.insert("assignedVariables".to_owned(), Value::Object(assignment.values.clone()));
        }
        self.exec.variables.set(branch.place(), assignment);
    }
}
