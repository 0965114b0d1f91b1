//! Lambda functions.

use super::{Ports, named};
use crate::cloud::dynamo::stream_arn;
use crate::cloud::lambda::FeedState;
use crate::cloud::{Answer, Part, Refusal};
use crate::operation::Operation;
use capstan_core::ports::{CloudResult, Concurrency, Feed, Feeds, FunctionView, Functions};
use std::collections::BTreeMap;

impl Functions for Ports {
    async fn function(&self, name: &str) -> CloudResult<Option<FunctionView>> {
        self.look(Operation::GetFunctionConfiguration, name, |world| {
            world.cloud.functions.function(&world.deployment, name)
        })
        .await
    }

    async fn set_environment(
        &self,
        name: &str,
        environment: &BTreeMap<String, String>,
        revision: &str,
    ) -> CloudResult<()> {
        let operation = Operation::UpdateFunctionConfiguration;
        let answer = self
            .call(operation, name, |world, doom| {
                let deployment = world.deployment.clone();
                world.change(operation, doom, &[(Part::Function, name)], |cx, cloud| {
                    cloud.functions.set_environment(cx, &deployment, name, environment, revision)
                })
            })
            .await;
        named(operation, name, answer)
    }
}

impl Concurrency for Ports {
    async fn reserved(&self, function: &str) -> CloudResult<Option<u32>> {
        let operation = Operation::GetFunctionConcurrency;
        let answer: Answer<Option<u32>> = self
            .call(operation, function, |world, _| match world.cloud.functions.get(function) {
                Some(found) => Ok(found.current.reserved),
                None if world.deployment.functions.contains_key(function) => Ok(None),
                None => Err(Refusal::not_found(function)),
            })
            .await;
        named(operation, function, answer)
    }

    async fn unreserved(&self) -> CloudResult<u32> {
        self.look(Operation::GetLambdaAccount, "account", |world| world.cloud.functions.unreserved()).await
    }

    async fn set_reserved(&self, function: &str, reserved: Option<u32>) -> CloudResult<()> {
        let operation = Operation::PutFunctionConcurrency;
        let answer = self
            .call(operation, function, |world, doom| {
                let deployment = world.deployment.clone();
                world.change(operation, doom, &[(Part::Function, function)], |cx, cloud| {
                    cloud.functions.set_reserved(cx, &deployment, function, reserved)
                })
            })
            .await;
        named(operation, function, answer)
    }
}

/// The id of the mapping by which the stack, or somebody later, feeds a function from a table.
fn id_of(function: &str, table: &str) -> String {
    format!("{function}--{table}")
}

impl Feeds for Ports {
    async fn feeds(&self, function: &str) -> CloudResult<Vec<Feed>> {
        self.look(Operation::ListEventSourceMappings, function, |world| {
            let feed = |table: &str, enabled| Feed {
                id: id_of(function, table),
                stream_arn: stream_arn(table),
                enabled,
            };
            let own = world.deployment.feeds.iter().filter(|(fed, _)| fed == function);
            let more = world.cloud.feeds.values().filter(|state| state.function == function);
            own.map(|(_, table)| feed(table, true))
                .chain(more.map(|state| feed(&state.table, state.enabled(world.now))))
                .collect()
        })
        .await
    }

    async fn create_feed(&self, function: &str, stream: &str, like: &str) -> CloudResult<()> {
        let operation = Operation::CreateEventSourceMapping;
        let table = stream.split('/').nth(1).unwrap_or_default().to_owned();
        let id = id_of(function, &table);
        let answer: Answer<()> = self
            .call(operation, function, |world, doom| {
                let deployment = world.deployment.clone();
                if !deployment.feeds.iter().any(|(fed, table)| id_of(fed, table) == like) {
                    return Err(Refusal::not_found(like));
                }
                if deployment.feeds.iter().any(|(fed, of)| id_of(fed, of) == id) {
                    return Err(Refusal::exists(&id));
                }
                let streams = world.cloud.tables.view(&deployment, &table, world.now);
                if streams.is_none_or(|view| view.stream_arn.as_deref() != Some(stream)) {
                    return Err(Refusal::invalid(format!("there is no stream {stream}")));
                }
                world.change(operation, doom, &[(Part::Feed, &id)], |cx, cloud| {
                    if cloud.feeds.contains_key(&id) {
                        return Err(Refusal::exists(&id));
                    }
                    let state = FeedState { function: function.to_owned(), table, since: cx.now };
                    cloud.feeds.insert(id.clone(), state);
                    Ok(())
                })
            })
            .await;
        named(operation, function, answer)
    }

    async fn delete_feed(&self, id: &str) -> CloudResult<()> {
        self.change(Operation::DeleteEventSourceMapping, id, &[(Part::Feed, id)], |_, cloud| {
            cloud.feeds.remove(id).map(drop).ok_or_else(|| Refusal::not_found(id))
        })
        .await
    }
}
