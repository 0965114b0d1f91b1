//! Step Functions.

use super::{Ports, named};
use crate::changes::Entry;
use crate::cloud::{Answer, Refusal, require};
use crate::execution::ExecutionRow;
use crate::operation::Operation;
use crate::world::World;
use capstan_core::ports::{CloudResult, ExecutionHistory, ExecutionStatus, ExecutionView, Workflows};
use capstan_core::time::Millis;
use serde_json::Value;

/// How long the service remembers an execution that has ended.
const MEMORY: Millis = Millis::days(90);

impl World {
    fn start_execution(&mut self, machine: &str, name: &str, input: &Value) -> Answer<()> {
        let well_formed = (1..=80).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        require(well_formed, || format!("`{name}` is not a name of an execution"))?;
        if let Some(row) = self.executions.get(name).filter(|row| !self.forgotten(row)) {
            return match row.status {
                ExecutionStatus::Running if row.input == *input && row.machine == machine => Ok(()),
                _ => Err(Refusal::exists(name)),
            };
        }
        self.changes.demand(|| Entry::Execution(name.to_owned()));
        let row = ExecutionRow::new(machine.to_owned(), name.to_owned(), input.clone(), self.now);
        self.executions.insert(name.to_owned(), row);
        Ok(())
    }

    fn forgotten(&self, row: &ExecutionRow) -> bool {
        row.stopped_at.is_some_and(|stopped_at| self.now.since(stopped_at) > MEMORY)
    }
}

impl Workflows for Ports {
    fn execution_arn(&self, name: &str) -> String {
        let machine = self.machine();
        format!("arn:aws:states:us-east-1:000000000000:execution:{machine}:{name}")
    }

    async fn start(&self, name: &str, input: &Value) -> CloudResult<()> {
        let operation = Operation::StartExecution;
        let machine = self.machine();
        let start = |world: &mut World, _| world.start_execution(&machine, name, input);
        let answer = self.call(operation, name, start).await;
        named(operation, name, answer)
    }

    async fn describe(&self, name: &str) -> CloudResult<Option<ExecutionView>> {
        self.look(Operation::DescribeExecution, name, |world| {
            let row = world.executions.get(name).filter(|row| !world.forgotten(row));
            row.map(ExecutionRow::view)
        })
        .await
    }

    async fn history(&self, name: &str) -> CloudResult<Option<ExecutionHistory>> {
        self.look(Operation::GetExecutionHistory, name, |world| {
            let row = world.executions.get(name).filter(|row| !world.forgotten(row));
            row.map(ExecutionRow::history)
        })
        .await
    }
}
