//! The states that need nobody else: Pass, Choice, Wait, Succeed, Fail.

use serde_json::Value;

use super::Execution;
use super::branch::{Branch, Phase, Purpose};
use super::data::{self, Data};
use super::run::{Move, Run, context};
use crate::context::{Scope, select};
use crate::failure::{Failure, NO_CHOICE_MATCHED};
use crate::machine::{Choice, Selection, State, StateId, Transition, Until};
use crate::template::Template;
use crate::time::{self, Millis};

impl Run<'_, '_> {
    pub(super) fn pass(
        &mut self,
        branch: &mut Branch,
        state: &State,
        result: Option<&Value>,
    ) -> Result<Move, Failure> {
        let flow = &state.data;
        let untouched = flow.input.is_whole() && flow.parameters.is_none() && result.is_none();
        if untouched && state.assign.is_none() && !matches!(flow.result, Selection::Path(_)) {
            return self.pass_through(branch, state, state.then);
        }
        let Execution { identity, variables, entropy, limits, .. } = &mut *self.exec;
        let context = context(identity, variables, branch, state, None);
        let input = data::input(flow, &branch.raw, &context)?;
        let input = data::shape(flow.parameters.as_ref(), input, &context, entropy, *limits)?;
        let result = match result {
            None => input.into_owned(),
            Some(result) => {
                data::check(result, *limits)?;
                result.clone()
            }
        };
        self.settle(branch, state, result, None)
    }

    /// Leaves the state with its own input, as `InputPath` and `OutputPath` leave it. The raw input is used up: none of
    /// the states that end like this can catch.
    pub(super) fn pass_through(
        &mut self,
        branch: &mut Branch,
        state: &State,
        to: Transition,
    ) -> Result<Move, Failure> {
        branch.phase = Phase::Ready;
        let raw = std::mem::take(&mut branch.raw);
        let known = branch.extent.take();
        let context = context(&self.exec.identity, &self.exec.variables, branch, state, None);
        let input = if state.data.input.is_whole() {
            Data { value: raw, extent: known }
        } else {
            let value = data::input(&state.data, &raw, &context)?.into_owned();
            let extent = data::check(&value, self.exec.limits)?;
            Data { value, extent: Some(extent) }
        };
        let Data { value: output, extent } = data::output(&state.data, input, &context, self.exec.limits)?;
        Ok(Move::Leave { to, output, extent })
    }

    pub(super) fn choose(
        &mut self,
        branch: &mut Branch,
        state: &State,
        rules: &[Choice],
        default: Option<StateId>,
    ) -> Result<Move, Failure> {
        let (to, assign) = {
            let context = context(&self.exec.identity, &self.exec.variables, branch, state, None);
            let input = data::input(&state.data, &branch.raw, &context)?;
            let mut chosen = (default, state.assign.as_ref());
            for choice in rules {
                if choice.rule.holds(&input, &context)? {
                    chosen = (Some(choice.next), choice.assign.as_ref());
                    break;
                }
            }
            chosen
        };
        let to = to.ok_or_else(|| {
            Failure::new(NO_CHOICE_MATCHED, format!("No choice rule of '{}' matched.", state.name))
        })?;
        self.assign_input(branch, state, assign)?;
        self.pass_through(branch, state, Transition::Next(to))
    }

    pub(super) fn wait(
        &mut self,
        branch: &mut Branch,
        state: &State,
        until: &Until,
    ) -> Result<Move, Failure> {
        let at = self.due(branch, state, until)?;
        if at <= self.exec.now {
            return self.wait_over(branch, state);
        }
        let timer = self.set_timer(at, Purpose::Wait(branch.id));
        branch.phase = Phase::Waiting(timer);
        Ok(Move::Park)
    }

    pub(super) fn wait_over(&mut self, branch: &mut Branch, state: &State) -> Result<Move, Failure> {
        self.assign_input(branch, state, state.assign.as_ref())?;
        self.pass_through(branch, state, state.then)
    }

    fn due(&self, branch: &Branch, state: &State, until: &Until) -> Result<Millis, Failure> {
        let context = context(&self.exec.identity, &self.exec.variables, branch, state, None);
        let input = data::input(&state.data, &branch.raw, &context)?;
        match until {
            Until::Seconds(seconds) => Ok(self.later(*seconds)),
            Until::Timestamp(at) => Ok(*at),
            Until::SecondsPath(path) => {
                let found = select(path, &input, &context).ok().and_then(|value| value.as_i64());
                found.filter(|seconds| *seconds >= 0).map(|seconds| self.later(seconds)).ok_or_else(|| {
                    Failure::runtime(format!("The SecondsPath '{}' must lead to a whole number.", path.text))
                })
            }
            Until::TimestampPath(path) => {
                let found = select(path, &input, &context).ok();
                found.and_then(|value| time::parse_millis(value.as_str()?)).ok_or_else(|| {
                    Failure::runtime(format!("The TimestampPath '{}' must lead to a timestamp.", path.text))
                })
            }
        }
    }

    pub(super) fn fail_state(
        &mut self,
        branch: &mut Branch,
        state: &State,
        error: Option<&Template>,
        cause: Option<&Template>,
    ) -> Result<Move, Failure> {
        let error = self.text(branch, state, error, "ErrorPath")?;
        let cause = self.text(branch, state, cause, "CausePath")?;
        Err(Failure::new(error, cause))
    }

    fn text(
        &mut self,
        branch: &Branch,
        state: &State,
        template: Option<&Template>,
        field: &str,
    ) -> Result<String, Failure> {
        let Some(template) = template else { return Ok(String::new()) };
        let Execution { identity, variables, entropy, .. } = &mut *self.exec;
        let context = context(identity, variables, branch, state, None);
        let made = template
            .evaluate(&mut Scope { input: &branch.raw, context: &context, entropy })
            .map_err(|failure| Failure::runtime(failure.cause))?;
        match made {
            Value::String(text) => Ok(text),
            _ => Err(Failure::runtime(format!("The {field} must lead to a string."))),
        }
    }
}
