//! The ports of the core, carried out on a world.
//!
//! Every asynchronous call takes the same way ([`Ports::call`]): it gives way once, then, under one lock, counts
//! itself, meets its fault if one is planned, acts, and is made durable. So a call is one indivisible step
//! between two places where a scheduler may choose who goes next.

mod caches;
mod console;
mod endpoints;
mod functions;
mod graphs;
mod inference;
mod issuer;
mod machine;
mod objects;
mod scaling;
mod search;
mod signer;
mod store;
mod streams;
mod tables;
mod tags;
mod training;
mod watch;
mod workflows;

use crate::bulk::Bulk;
use crate::cloud::{Answer, Cloud, Cx, Doom, Part, Refusal};
use crate::fault::FaultKind;
use crate::homes::Homes;
use crate::invocation::{GiveWay, Halt, Invocation};
use crate::operation::Operation;
use crate::shared::{Held, SharedWorld};
use crate::world::World;
use capstan_core::ports::{CloudError, CloudErrorKind, CloudResult, StoreError};
use std::fmt::Display;
use std::sync::{Arc, MutexGuard};

/// Every port, for one run of a handler.
#[derive(Debug, Clone)]
pub struct Ports {
    world: SharedWorld,
    invocation: Invocation,
    machine: Option<Arc<str>>,
    homes: Homes,
}

/// An error that a fault can be turned into.
trait FromFault {
    fn refused(kind: CloudErrorKind, message: String) -> Self;
    /// What somebody else having written first is to it.
    fn stale() -> Self;
}

impl FromFault for Refusal {
    fn refused(kind: CloudErrorKind, message: String) -> Self {
        Self { kind, message }
    }
    fn stale() -> Self {
        Self { kind: CloudErrorKind::Busy, message: "another was first".to_owned() }
    }
}

impl FromFault for StoreError {
    /// The store knows fewer words: a limit is a throttle, an item in use is a conflict.
    fn refused(kind: CloudErrorKind, message: String) -> Self {
        match kind {
            CloudErrorKind::Throttled | CloudErrorKind::Quota => Self::Throttled,
            CloudErrorKind::Busy => Self::Conflict,
            CloudErrorKind::Unavailable => Self::Unavailable(message),
            CloudErrorKind::Unknown => Self::Unknown(message),
            CloudErrorKind::NotFound
            | CloudErrorKind::AlreadyExists
            | CloudErrorKind::Denied
            | CloudErrorKind::Invalid => Self::Invalid(message),
        }
    }
    fn stale() -> Self {
        Self::ConditionFailed(0)
    }
}

/// What a fault makes of a call.
enum Course {
    /// It is carried out, doomed or not.
    Act(Option<Doom>),
    /// It is carried out, then something happens.
    ActThen(After),
    /// It is refused.
    Refuse(CloudErrorKind, &'static str),
    /// Somebody else was first.
    Stale,
    /// The caller stands still first.
    Stall(Halt),
    /// The caller is gone.
    Gone,
}

/// What came of entering a call.
enum Entered<T, F> {
    /// An answer, or none: the caller did not live to see it.
    Over(Option<T>),
    /// It stands still; this is still to be done.
    Halted(F),
    /// It is carried out, and this change is to be on the disk before anybody is told.
    Waits(T, Arc<Bulk>, u64),
}

#[derive(Clone, Copy)]
enum After {
    Crash,
    Timeout,
}

impl Ports {
    /// The ports of one run.
    pub fn for_invocation(world: &SharedWorld, invocation: Invocation) -> Self {
        Self { world: world.clone(), invocation, machine: None, homes: Homes::default() }
    }

    /// The same, of a function whose executions are those of the state machine of this name.
    #[must_use]
    pub fn of_machine(self, name: Option<Arc<str>>) -> Self {
        Self { machine: name, ..self }
    }

    /// The same, of a function that works on the tables its environment names now.
    #[must_use]
    pub fn of_function(self, name: &str) -> Self {
        let homes = self.world.lock().world.homes_of(name);
        Self { homes, ..self }
    }

    /// The state machine whose executions these ports start: without one of its own, the world's.
    fn machine(&self) -> Arc<str> {
        self.machine.clone().unwrap_or_else(|| self.world.lock().world.config.state_machine.as_str().into())
    }

    /// The world they act on.
    pub const fn world(&self) -> &SharedWorld {
        &self.world
    }

    /// The run they belong to.
    pub const fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// A call: gives way, then acts, or dies there.
    async fn call<T, E, R>(
        &self,
        operation: Operation,
        resource: R,
        act: impl FnOnce(&mut World, Option<Doom>) -> Result<T, E> + Send,
    ) -> Result<T, E>
    where
        E: FromFault,
        R: Display + Send,
    {
        GiveWay::once().await;
        self.make(operation, resource, act).await
    }

    /// A call that has given way.
    async fn make<T, E, R>(
        &self,
        operation: Operation,
        resource: R,
        act: impl FnOnce(&mut World, Option<Doom>) -> Result<T, E> + Send,
    ) -> Result<T, E>
    where
        E: FromFault,
        R: Display + Send,
    {
        let answer = match self.enter(operation, &resource, act) {
            Entered::Over(answer) => answer,
            Entered::Waits(answer, bulk, number) => {
                // Calls of this run that are under way at the same time share the wait for the disk.
                GiveWay::once().await;
                Some(match self.world.wait_for(&bulk, number) {
                    Ok(()) => answer,
                    Err(reason) => Err(E::refused(CloudErrorKind::Unknown, reason)),
                })
            }
            Entered::Halted(act) => {
                // Whoever steps this run sees that it has halted, and goes on with it when its time has come.
                GiveWay::once().await;
                if self.invocation.goes_on() { self.resume(act) } else { None }
            }
        };
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// The call itself, unless it halts.
    fn enter<T, E: FromFault, F: FnOnce(&mut World, Option<Doom>) -> Result<T, E>>(
        &self,
        operation: Operation,
        resource: &dyn Display,
        act: F,
    ) -> Entered<Result<T, E>, F> {
        if self.invocation.end().is_some() {
            return Entered::Over(None);
        }
        if operation.is_of_models() {
            self.world.wait_until_made(resource);
        }
        let mut held = self.world.lock();
        held.world.settle();
        if let Some(reason) = &held.world.broken {
            return Entered::Over(Some(Err(E::refused(CloudErrorKind::Unavailable, reason.clone()))));
        }
        let fault = held.world.count_call(operation, resource);
        let answer = match self.course(fault, &held.world) {
            Course::Act(doom) => {
                let answer = act(&mut held.world, doom);
                self.invocation.sees(held.seen());
                if let (Some(bulk), Some(number)) = (held.world.bulk.clone(), held.world.awaited.take()) {
                    return Entered::Waits(answer, bulk, number);
                }
                Some(self.settle(held, answer))
            }
            Course::ActThen(after) => self.carry_out(held, act, None, Some(after)),
            Course::Refuse(kind, message) => Some(Err(E::refused(kind, message.to_owned()))),
            Course::Stale => Some(Err(E::stale())),
            Course::Stall(halt) => {
                self.invocation.halt(halt);
                return Entered::Halted(act);
            }
            Course::Gone => None,
        };
        Entered::Over(answer)
    }

    /// Makes a call that has stood still.
    fn resume<T, E: FromFault>(
        &self,
        act: impl FnOnce(&mut World, Option<Doom>) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let mut held = self.world.lock();
        held.world.settle();
        self.carry_out(held, act, None, None)
    }

    /// Makes what a call changed durable.
    fn settle<T, E: FromFault>(&self, held: MutexGuard<'_, Held>, answer: Result<T, E>) -> Result<T, E> {
        match self.world.flush(held) {
            Ok(()) => answer,
            Err(reason) => Err(E::refused(CloudErrorKind::Unknown, reason)),
        }
    }

    fn carry_out<T, E: FromFault>(
        &self,
        mut held: MutexGuard<'_, Held>,
        act: impl FnOnce(&mut World, Option<Doom>) -> Result<T, E>,
        doom: Option<Doom>,
        after: Option<After>,
    ) -> Option<Result<T, E>> {
        let answer = act(&mut held.world, doom);
        self.invocation.sees(held.seen());
        let timeout = held.world.config.timeout;
        if let Err(reason) = self.world.flush(held) {
            return Some(Err(E::refused(CloudErrorKind::Unknown, reason)));
        }
        match after {
            None => Some(answer),
            Some(After::Crash) => {
                self.invocation.crash();
                None
            }
            Some(After::Timeout) => {
                let lives = self.invocation.wait(timeout);
                lives.then(|| Err(E::refused(CloudErrorKind::Unknown, NO_ANSWER.to_owned())))
            }
        }
    }

    fn course(&self, fault: Option<FaultKind>, world: &World) -> Course {
        match fault {
            None => Course::Act(None),
            Some(FaultKind::Fails) => Course::Act(Some(Doom::Fails)),
            Some(FaultKind::Never) => Course::Act(Some(Doom::Never)),
            Some(FaultKind::Partly) => Course::Act(Some(Doom::Partly)),
            Some(FaultKind::Throttled) => Course::Refuse(CloudErrorKind::Throttled, "Rate exceeded"),
            Some(FaultKind::Error) => {
                Course::Refuse(CloudErrorKind::Unavailable, "An internal error occurred")
            }
            Some(FaultKind::Denied) => Course::Refuse(CloudErrorKind::Denied, "The caller is not authorized"),
            Some(FaultKind::Quota) => {
                Course::Refuse(CloudErrorKind::Quota, "A limit of the account is reached")
            }
            Some(FaultKind::Busy) => Course::Refuse(CloudErrorKind::Busy, "Another operation is in progress"),
            Some(FaultKind::Stale) => Course::Stale,
            Some(FaultKind::Timeout) if self.invocation.wait(world.config.timeout) => {
                Course::Refuse(CloudErrorKind::Unknown, NO_ANSWER)
            }
            Some(FaultKind::Slow(length)) if self.invocation.wait(length) => Course::Act(None),
            Some(FaultKind::Timeout | FaultKind::Slow(_)) => Course::Gone,
            Some(FaultKind::Stall(length)) => Course::Stall(Halt { length, lost: false }),
            Some(FaultKind::Lost(length)) => Course::Stall(Halt { length, lost: true }),
            Some(FaultKind::Crash) => {
                self.invocation.crash();
                Course::Gone
            }
            Some(FaultKind::CrashAfter) => Course::ActThen(After::Crash),
            Some(FaultKind::TimeoutAfter) => Course::ActThen(After::Timeout),
        }
    }

    /// A call to a cloud service that looks.
    async fn look<T>(
        &self,
        operation: Operation,
        name: &str,
        look: impl FnOnce(&World) -> T + Send,
    ) -> CloudResult<T> {
        let answer: Answer<T> = self.call(operation, name, |world, _| Ok(look(world))).await;
        named(operation, name, answer)
    }

    /// A call to a cloud service that changes `parts`.
    async fn change(
        &self,
        operation: Operation,
        name: &str,
        parts: &[(Part, &str)],
        act: impl FnOnce(&Cx<'_>, &mut Cloud) -> Answer<()> + Send,
    ) -> CloudResult<()> {
        let answer =
            self.call(operation, name, |world, doom| world.change(operation, doom, parts, act)).await;
        named(operation, name, answer)
    }
}

const NO_ANSWER: &str = "no answer within the time limit; it may have happened";

/// Says of which call a refusal is.
fn named<T>(operation: Operation, name: &str, answer: Answer<T>) -> CloudResult<T> {
    answer.map_err(|Refusal { kind, message }| CloudError {
        kind,
        service: operation.service(),
        operation: operation.name(),
        resource: name.to_owned(),
        message,
    })
}
