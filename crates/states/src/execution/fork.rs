//! Parallel and Map: branches within a branch.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::branch::{Branch, BranchId, Fork, Iterations, Phase};
use super::event::{Command, Status};
use super::history::HistoryKind;
use super::run::{Move, Run, Work, context};
use super::{Execution, Outcome, data};
use crate::context::{Context, MapItem, Scope, select};
use crate::failure::{Failure, THRESHOLD_EXCEEDED};
use crate::machine::{Flow, Kind, Map, State};
use crate::number;

impl Run<'_, '_> {
    pub(super) fn fork_parallel(
        &mut self,
        branch: &mut Branch,
        state: &State,
        flows: &[Flow],
    ) -> Result<Move, Failure> {
        let Execution { identity, variables, entropy, limits, .. } = &mut *self.exec;
        let context = context(identity, variables, branch, state, None);
        let input = data::input(&state.data, &branch.raw, &context)?;
        let input = data::shape(state.data.parameters.as_ref(), input, &context, entropy, *limits)?;
        let input = input.into_owned();
        self.note(HistoryKind::ParallelStarted, branch, Value::Null);
        let mut running = BTreeMap::new();
        for (slot, flow) in flows.iter().enumerate() {
            let child = self.begin_branch(branch, *flow, input.clone(), branch.item.clone());
            running.insert(child, slot);
        }
        branch.phase = Phase::Fork(Fork { running, done: BTreeMap::new(), total: flows.len(), map: None });
        Ok(Move::Park)
    }

    fn begin_branch(&mut self, parent: &Branch, flow: Flow, raw: Value, item: Option<MapItem>) -> BranchId {
        let id = BranchId(self.exec.id());
        let mut branch = Branch::new(id, Some(parent.id), flow.start, raw, item);
        branch.outer = self.exec.variables.innermost(parent.place());
        self.exec.branches.insert(id, branch);
        self.queue.push_back(Work::Enter(id));
        id
    }

    pub(super) fn fork_map(
        &mut self,
        branch: &mut Branch,
        state: &State,
        map: &Map,
    ) -> Result<Move, Failure> {
        let (mut fork, mut iterations) = self.plan_map(branch, state, map)?;
        self.note(HistoryKind::MapStarted, branch, json!({ "length": fork.total }));
        self.begin_iterations(branch, state, map, &mut fork.running, &mut iterations)?;
        fork.map = Some(iterations);
        if fork.total == 0 {
            self.queue.push_back(Work::Join(branch.id));
        }
        branch.phase = Phase::Fork(fork);
        Ok(Move::Park)
    }

    fn plan_map(&self, branch: &Branch, state: &State, map: &Map) -> Result<(Fork, Iterations), Failure> {
        let context = context(&self.exec.identity, &self.exec.variables, branch, state, None);
        let input = data::input(&state.data, &branch.raw, &context)?;
        let found = match &map.items {
            None => Some(input.clone()),
            Some(path) => select(path, &input, &context).ok(),
        };
        let Some(Value::Array(mut items)) = found.map(std::borrow::Cow::into_owned) else {
            let path = map.items.as_ref().map_or("$", |path| path.text.as_str());
            return Err(Failure::runtime(format!("Reference path '{path}' must point to an array.")));
        };
        items.reverse();
        let concurrency = data::integer(map.concurrency.as_ref(), 0, &input, &context)?.unwrap_or(0);
        let concurrency = usize::try_from(concurrency).ok().filter(|n| *n > 0).unwrap_or(usize::MAX);
        let total = items.len();
        let tolerated = tolerated(map, total, &input, &context)?;
        let input = if map.selector.is_some() { input.into_owned() } else { Value::Null };
        let fork = Fork { running: BTreeMap::new(), done: BTreeMap::new(), total, map: None };
        Ok((fork, Iterations { waiting: items, begun: 0, input, concurrency, tolerated, failed: 0 }))
    }

    /// Starts as many iterations as may run. When `ItemSelector` fails, the Map fails, and what runs is cancelled.
    fn begin_iterations(
        &mut self,
        branch: &Branch,
        state: &State,
        map: &Map,
        running: &mut BTreeMap<BranchId, usize>,
        iterations: &mut Iterations,
    ) -> Result<(), Failure> {
        while running.len() < iterations.concurrency
            && let Some(value) = iterations.waiting.pop()
        {
            let index = iterations.begun;
            iterations.begun += 1;
            let item = MapItem { index, value };
            match self.item_input(branch, state, map, &iterations.input, &item) {
                Ok(raw) => {
                    let child = self.begin_branch(branch, map.flow, raw, Some(item));
                    self.exec.record(
                        HistoryKind::IterationStarted,
                        Some(&state.name),
                        child,
                        json!({ "index": index }),
                    );
                    running.insert(child, index);
                }
                Err(failure) => {
                    self.cancel(std::mem::take(running).into_keys().collect());
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    fn item_input(
        &mut self,
        branch: &Branch,
        state: &State,
        map: &Map,
        input: &Value,
        item: &MapItem,
    ) -> Result<Value, Failure> {
        let Some(selector) = &map.selector else { return Ok(item.value.clone()) };
        let Execution { identity, variables, entropy, limits, .. } = &mut *self.exec;
        let context = Context { item: Some(item), ..context(identity, variables, branch, state, None) };
        let made = selector.evaluate(&mut Scope { input, context: &context, entropy })?;
        data::check(&made, *limits)?;
        Ok(made)
    }

    /// A branch has reached its end.
    pub(super) fn branch_ended(&mut self, branch: &Branch, output: Value) {
        let Some(parent) = branch.parent else {
            return self.end(Status::Succeeded, Outcome { output, ..Outcome::default() });
        };
        self.exec.variables.close(branch.id.0);
        let Some(mut parent) = self.exec.branches.remove(&parent) else { return };
        if let Phase::Fork(fork) = &mut parent.phase
            && let Some(slot) = fork.running.remove(&branch.id)
        {
            fork.done.insert(slot, output);
            if fork.map.is_some() {
                let detail = json!({ "index": slot });
                self.exec.record(HistoryKind::IterationSucceeded, Some(&parent.name), branch.id, detail);
            }
        }
        self.advance(parent);
    }

    /// A branch has failed, and nothing in it caught the failure.
    pub(super) fn branch_failed(&mut self, branch: &Branch, mut failure: Failure) {
        self.exec.visits.left(branch, self.exec.now);
        let Some(parent) = branch.parent else { return self.fail(&failure) };
        self.exec.variables.close(branch.id.0);
        let Some(mut parent) = self.exec.branches.remove(&parent) else { return };
        let Phase::Fork(fork) = &mut parent.phase else { return };
        let slot = fork.running.remove(&branch.id);
        failure.of_branch = fork.map.is_none();
        let mut tolerable = false;
        if let Some(iterations) = &mut fork.map {
            iterations.failed += 1;
            let failed = iterations.failed;
            if let Some(tolerated) = iterations.tolerated {
                tolerable = failed <= tolerated;
                fork.done.extend(slot.map(|slot| (slot, failure.output())));
            }
            let detail = json!({ "index": slot, "error": failure.name, "cause": failure.cause });
            let intolerant = iterations.tolerated.is_none();
            self.exec.record(HistoryKind::IterationFailed, Some(&parent.name), branch.id, detail);
            if tolerable {
                return self.advance(parent);
            }
            if !intolerant {
                let cause = format!("{failed} items failed, more than are tolerated.");
                failure = Failure::new(THRESHOLD_EXCEEDED, cause);
            }
        }
        self.fork_failed(parent, failure);
    }

    /// Ends what still runs, and lets the state see to the failure.
    fn fork_failed(&mut self, mut parent: Branch, failure: Failure) {
        let mut kind = HistoryKind::ParallelFailed;
        if let Phase::Fork(fork) = std::mem::replace(&mut parent.phase, Phase::Ready) {
            if fork.map.is_some() {
                kind = HistoryKind::MapFailed;
            }
            self.cancel(fork.running.into_keys().collect());
        }
        self.note(kind, &parent, json!({ "error": failure.name, "cause": failure.cause }));
        self.queue.push_back(Work::Fail(parent.id, failure));
        self.exec.branches.insert(parent.id, parent);
    }

    /// Starts further iterations, or joins when all is done.
    fn advance(&mut self, mut parent: Branch) {
        let phase = std::mem::replace(&mut parent.phase, Phase::Ready);
        let Phase::Fork(mut fork) = phase else {
            parent.phase = phase;
            self.exec.branches.insert(parent.id, parent);
            return;
        };
        let mut begun = Ok(());
        if let (Some(iterations), Some(state)) = (&mut fork.map, self.machine.state(parent.state))
            && let Kind::Map(map) = &state.kind
        {
            begun = self.begin_iterations(&parent, state, map, &mut fork.running, iterations);
        }
        if begun.is_ok() && fork.running.is_empty() {
            self.queue.push_back(Work::Join(parent.id));
        }
        parent.phase = Phase::Fork(fork);
        match begun {
            Ok(()) => {
                self.exec.branches.insert(parent.id, parent);
            }
            Err(failure) => self.fork_failed(parent, failure),
        }
    }

    /// All outputs are there.
    pub(super) fn join(&mut self, branch: &mut Branch) -> Result<Move, Failure> {
        let state = self.state(branch.state)?;
        let Phase::Fork(fork) = std::mem::replace(&mut branch.phase, Phase::Ready) else {
            return Err(Failure::runtime("There is nothing to join."));
        };
        let kind =
            if fork.map.is_some() { HistoryKind::MapSucceeded } else { HistoryKind::ParallelSucceeded };
        self.note(kind, branch, Value::Null);
        let result = Value::Array(fork.done.into_values().collect());
        let extent = data::check(&result, self.exec.limits)?;
        self.settle(branch, state, result, Some(extent))
    }

    /// Ends branches and all that runs in them.
    pub(super) fn cancel(&mut self, mut open: Vec<BranchId>) {
        open.reverse();
        while let Some(id) = open.pop() {
            let Some(mut branch) = self.exec.branches.remove(&id) else { continue };
            self.exec.variables.close(id.0);
            match std::mem::replace(&mut branch.phase, Phase::Ready) {
                Phase::Ready => continue,
                Phase::Task(task) => {
                    self.exec.tasks.remove(&task.task);
                    self.commands.push(Command::CancelTask { task: task.task });
                    self.cancel_timers_of(&task);
                }
                Phase::Waiting(timer) | Phase::Backoff(timer) => self.cancel_timer(timer),
                Phase::Fork(fork) => open.extend(fork.running.into_keys().rev()),
            }
            self.note(HistoryKind::StateAborted, &branch, Value::Null);
            self.exec.visits.stopped(&branch, self.exec.now);
        }
    }
}

/// How many of `total` items may fail; `None` when the definition doesn't say.
fn tolerated(
    map: &Map,
    total: usize,
    input: &Value,
    context: &Context<'_>,
) -> Result<Option<usize>, Failure> {
    let count = data::integer(map.tolerated_count.as_ref(), 0, input, context)?;
    let share = data::percentage(map.tolerated_percentage.as_ref(), input, context)?;
    let count = count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let share = share.map(|share| {
        let items = u32::try_from(total).map_or(f64::from(u32::MAX), f64::from);
        // The product is off by a hair at times (5000 items at 1.14 %); a quotient that ought to be the percentage is it.
        let within = |failed: f64| failed * 100.0 / items <= share;
        let near = (share * items / 100.0).floor();
        let most = [near + 1.0, near].into_iter().find(|failed| within(*failed)).unwrap_or(near - 1.0);
        usize::try_from(number::integral(most).unwrap_or(0)).unwrap_or(0).min(total)
    });
    Ok(match (count, share) {
        (Some(count), Some(share)) => Some(count.min(share)),
        (count, share) => count.or(share),
    })
}
