//! Task states: invoking, answering, beating, timing out.

use serde_json::{Value, json};

use super::branch::{Branch, BranchId, Heartbeat, OpenTask, Phase, Purpose};
use super::event::{Command, TaskId};
use super::history::HistoryKind;
use super::run::{Move, Run, context};
use super::{Execution, data};
use crate::failure::Failure;
use crate::machine::{State, Task};

/// What the service keeps of an error's name and cause, in characters.
const MAX_ERROR: usize = 256;
const MAX_CAUSE: usize = 32_768;

impl Run<'_, '_> {
    pub(super) fn invoke(
        &mut self,
        branch: &mut Branch,
        state: &State,
        task: &Task,
    ) -> Result<Move, Failure> {
        let Execution { identity, variables, entropy, limits, .. } = &mut *self.exec;
        let token = entropy.token();
        let seen = task.waits_for_token.then_some(token.as_str());
        let context = context(identity, variables, branch, state, seen);
        let input = data::input(&state.data, &branch.raw, &context)?;
        let timeout = data::integer(task.timeout.as_ref(), 1, &input, &context)?;
        let heartbeat = data::integer(task.heartbeat.as_ref(), 1, &input, &context)?;
        let as_it_came = state.data.input.is_whole() && state.data.parameters.is_none();
        let input = data::shape(state.data.parameters.as_ref(), input, &context, entropy, *limits)?;
        let input = input.into_owned();
        if state.data.parameters.is_none() && !(as_it_came && branch.extent.is_some()) {
            let extent = data::check(&input, *limits)?;
            branch.extent = branch.extent.or(as_it_came.then_some(extent));
        }
        let kept = (!as_it_came).then(|| input.clone());

        let id = TaskId(self.exec.id());
        let detail = if !self.exec.keep_history {
            Value::Null
        } else if self.exec.record_data {
            json!({ "task": id, "resource": task.resource, "input": input })
        } else {
            json!({ "task": id, "resource": task.resource })
        };
        self.note(HistoryKind::TaskScheduled, branch, detail);
        self.exec.tasks.insert(id, branch.id);
        self.commands.push(Command::InvokeTask {
            task: id,
            state: state.name.clone(),
            resource: task.resource.clone(),
            input,
            token: token.clone(),
        });
        let timeout =
            timeout.map(|seconds| self.set_timer(self.later(seconds), Purpose::TaskTimeout(branch.id)));
        let heartbeat = heartbeat.map(|seconds| Heartbeat {
            timer: self.set_timer(self.later(seconds), Purpose::Heartbeat(branch.id)),
            every: seconds.saturating_mul(1000),
        });
        branch.phase = Phase::Task(OpenTask {
            task: id,
            resource: task.resource.clone(),
            input: kept,
            token,
            timeout,
            heartbeat,
        });
        Ok(Move::Park)
    }

    pub(super) fn task_succeeded(&mut self, task: TaskId, output: Value) {
        let Some(mut branch) = self.close(task) else { return };
        let detail = self.exec.payload("output", &output);
        self.note(HistoryKind::TaskSucceeded, &branch, detail);
        let outcome = data::check(&output, self.exec.limits).and_then(|extent| {
            let state = self.state(branch.state)?;
            self.settle(&mut branch, state, output, Some(extent))
        });
        self.drive(branch, outcome);
    }

    pub(super) fn task_failed(&mut self, task: TaskId, mut error: String, mut cause: String) {
        shorten(&mut error, MAX_ERROR);
        shorten(&mut cause, MAX_CAUSE);
        if let Some(branch) = self.close(task) {
            self.note(HistoryKind::TaskFailed, &branch, json!({ "error": error, "cause": cause }));
            self.drive(branch, Err(Failure::new(error, cause)));
        }
    }

    pub(super) fn task_timed_out(&mut self, id: BranchId, failure: Failure) {
        let Some(Phase::Task(open)) = self.exec.branches.get(&id).map(|branch| &branch.phase) else { return };
        let task = open.task;
        self.commands.push(Command::CancelTask { task });
        if let Some(branch) = self.close(task) {
            let detail = json!({ "error": failure.name, "cause": failure.cause });
            self.note(HistoryKind::TaskTimedOut, &branch, detail);
            self.drive(branch, Err(failure));
        }
    }

    /// Sets the heartbeat timer anew. Heartbeats leave no trace in the history: a long task would fill it.
    pub(super) fn heartbeat(&mut self, task: TaskId) {
        let Some(mut branch) = self.exec.tasks.get(&task).and_then(|id| self.exec.branches.remove(id)) else {
            return;
        };
        if let Phase::Task(OpenTask { heartbeat: Some(heartbeat), .. }) = &mut branch.phase {
            self.cancel_timer(heartbeat.timer);
            let at = self.exec.now.saturating_add(heartbeat.every);
            heartbeat.timer = self.set_timer(at, Purpose::Heartbeat(branch.id));
        }
        self.exec.branches.insert(branch.id, branch);
    }

    /// Takes the task's branch out of the table, with the task no longer in flight.
    fn close(&mut self, task: TaskId) -> Option<Branch> {
        let id = self.exec.tasks.remove(&task)?;
        let mut branch = self.exec.branches.remove(&id)?;
        if let Phase::Task(open) = std::mem::replace(&mut branch.phase, Phase::Ready) {
            self.cancel_timers_of(&open);
        }
        Some(branch)
    }

    pub(super) fn cancel_timers_of(&mut self, open: &OpenTask) {
        let heartbeat = open.heartbeat.map(|heartbeat| heartbeat.timer);
        for timer in open.timeout.into_iter().chain(heartbeat) {
            self.cancel_timer(timer);
        }
    }
}

fn shorten(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
    }
}
