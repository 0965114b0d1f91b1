//! What a call says that it came to, held against what the world behind the proxy says.

use crate::world::{aws, name};
use aws::Aws;
use capstan_core::ports::{CloudError, CloudErrorKind, CloudResult, StoreError};
use conformance::proxy::When::{AfterTheEffect, BeforeTheEffect};
use conformance::proxy::{Fault, Proxy};
use std::future::{Future, poll_fn};
use std::io::Write;
use std::pin::Pin;
use std::sync::Once;
use std::task::Poll;
use std::time::Duration;

/// All the ways a connection fails a call.
const FAULTS: [Fault; 13] = [
    Fault::Throttle,
    Fault::Status(500, BeforeTheEffect),
    Fault::Status(500, AfterTheEffect),
    Fault::Status(503, BeforeTheEffect),
    Fault::Status(503, AfterTheEffect),
    Fault::Hang(BeforeTheEffect),
    Fault::Hang(AfterTheEffect),
    Fault::Cut,
    Fault::Reset(BeforeTheEffect),
    Fault::Reset(AfterTheEffect),
    Fault::Slow(Duration::from_millis(200)),
    Fault::Garbage(AfterTheEffect),
    Fault::Garbage(BeforeTheEffect),
];

/// What a call says that it came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// It happened.
    Done,
    /// How things are now, whoever brought them about: there already, gone already.
    Now(CloudErrorKind),
    /// It did not happen.
    Nothing(&'static str, String),
    /// Nobody knows.
    Unknown(String),
}

impl From<CloudError> for Told {
    fn from(error: CloudError) -> Self {
        let text = error.to_string();
        match error.kind {
            CloudErrorKind::NotFound | CloudErrorKind::AlreadyExists | CloudErrorKind::Busy => {
                Self::Now(error.kind)
            }
            CloudErrorKind::Throttled => Self::Nothing("Throttled", text),
            CloudErrorKind::Quota => Self::Nothing("Quota", text),
            CloudErrorKind::Denied => Self::Nothing("Denied", text),
            CloudErrorKind::Invalid => Self::Nothing("Invalid", text),
            CloudErrorKind::Unavailable => Self::Nothing("Unavailable", text),
            CloudErrorKind::Unknown => Self::Unknown(text),
        }
    }
}

impl From<StoreError> for Told {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::ConditionFailed(_) => Self::Nothing("ConditionFailed", text),
            StoreError::Conflict => Self::Nothing("Conflict", text),
            StoreError::Throttled => Self::Nothing("Throttled", text),
            StoreError::Unavailable(_) => Self::Nothing("Unavailable", text),
            StoreError::Invalid(_) => Self::Nothing("Invalid", text),
            StoreError::Unknown(_) => Self::Unknown(text),
        }
    }
}

/// What the result of a change says.
pub(crate) fn told<E: Into<Told>>(result: Result<(), E>) -> Told {
    result.map_or_else(Into::into, |()| Told::Done)
}

/// A change under trial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    /// Where its cloud is.
    pub(crate) peer: &'a str,
    /// A word for its names.
    pub(crate) word: &'a str,
    /// The service and operation that meet the faults, by botocore's names.
    pub(crate) operation: &'a str,
    /// How the proxy knows it, if not by the operation's name.
    pub(crate) path: Option<&'a str>,
    /// Whether an earlier call of the same change has had its effect by then.
    pub(crate) half_done: bool,
    /// Whether the port promises no more than at least once.
    pub(crate) may_repeat: bool,
}

impl<'a> Change<'a> {
    pub(crate) fn new(peer: &'a str, word: &'a str, operation: &'a str) -> Self {
        Self { peer, word, operation, path: None, half_done: false, may_repeat: false }
    }

    /// Tries the change under every fault, met once and met always. `make` makes it, with its cloud at the given URL and
    /// under the given name; `happened` looks past the proxy how often it happened.
    pub(crate) async fn hold(
        self,
        make: impl AsyncFn(&str, &str) -> Told,
        happened: impl AsyncFn(&str) -> usize,
    ) {
        let (make, happened) = (&make, &happened);
        let known = self.path.unwrap_or_else(|| operation(self.operation));
        let trials = trials().enumerate().map(|(number, (fault, always))| async move {
            let name = name(self.word, number);
            let proxy = Proxy::start(self.peer);
            if always {
                proxy.always_for(known, fault);
            } else {
                proxy.plan_for(known, [fault]);
            }
            let told = make(proxy.url(), &name).await;
            proxy.settled().await;
            let times = happened(&name).await;
            let wrong = self.untrue(&told, times).or_else(|| self.unpromised(fault, always, &told));
            wrong.map(|wrong| format!("{fault:?} always={always}: {told:?}, happened {times} times: {wrong}"))
        });
        report(self.operation, all(trials.collect()).await);
    }

    /// The claim against the world.
    fn untrue(self, told: &Told, times: usize) -> Option<&'static str> {
        match told {
            Told::Done if times == 0 => Some("said to be done, and is not"),
            Told::Done if times > 1 && !self.may_repeat => Some("done more than once"),
            Told::Now(_) if times == 0 => Some("said to be so already, and is not"),
            Told::Nothing(..) if times > 0 => Some("said not to have happened, and did"),
            _ => None,
        }
    }

    /// The claim against what the fault allows for.
    fn unpromised(self, fault: Fault, always: bool, told: &Told) -> Option<&'static str> {
        let good = match (fault, always) {
            (Fault::Slow(_) | Fault::Pass, _) => *told == Told::Done,
            (Fault::Throttle, true) if self.half_done => matches!(told, Told::Unknown(_)),
            (Fault::Throttle, true) => matches!(told, Told::Nothing("Throttled", _)),
            (Fault::Garbage(_), _) => !matches!(told, Told::Nothing(..)),
            (_, true) => matches!(told, Told::Unknown(_)),
            (_, false) if fault_comes_before(fault) => *told == Told::Done,
            (_, false) => matches!(told, Told::Done | Told::Now(_)),
        };
        (!good).then_some("not what is promised")
    }
}

fn fault_comes_before(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Throttle
            | Fault::Status(_, BeforeTheEffect)
            | Fault::Hang(BeforeTheEffect)
            | Fault::Reset(BeforeTheEffect)
    )
}

/// Tries a read, known by service and operation, under every fault: what it gives is what is there, or an error that can be tried again. Never is something
/// absent because nobody answered.
pub(crate) async fn hold_read<T, E>(peer: &str, named: &str, read: impl AsyncFn(&Aws) -> Result<T, E>)
where
    T: PartialEq + std::fmt::Debug,
    E: Into<Told>,
{
    let there = read(&aws(peer)).await.map_err(Into::into).expect("what is there can be read");
    let (read, there) = (&read, &there);
    let trials = trials().map(|(fault, always)| async move {
        let proxy = Proxy::start(peer);
        if always {
            proxy.always(fault);
        } else {
            proxy.plan([fault]);
        }
        let got = read(&aws(proxy.url())).await.map_err(Into::into);
        let good = match &got {
            Ok(got) => got == there && (!always || matches!(fault, Fault::Slow(_))),
            Err(Told::Nothing("Throttled", _)) => always && fault == Fault::Throttle,
            Err(Told::Nothing("Unavailable", _)) => {
                (always && fault != Fault::Throttle) || matches!(fault, Fault::Garbage(_))
            }
            Err(_) => false,
        };
        (!good).then(|| format!("{fault:?} always={always}: {got:?}"))
    });
    report(named, all(trials.collect()).await);
}

/// What a call that must fail says.
pub(crate) fn refusal<T: std::fmt::Debug>(result: CloudResult<T>) -> CloudError {
    result.expect_err("this can't go well")
}

fn trials() -> impl Iterator<Item = (Fault, bool)> {
    FAULTS.into_iter().flat_map(|fault| [(fault, false), (fault, true)])
}

/// The operation's own name.
fn operation(named: &str) -> &str {
    named.split_once(' ').map_or(named, |(_, operation)| operation)
}

fn report(named: &str, wrong: Vec<Option<String>>) {
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{named}:\n{}", wrong.join("\n"));
    held(named);
}

/// Writes down that this operation holds under every fault, for the page about what is proved. One line a run and
/// operation, all at once, since tests run at the same time.
fn held(named: &str) {
    static FRESH: Once = Once::new();
    let folder = conformance::run::evidence_folder();
    let path = folder.join("faults.jsonl");
    FRESH.call_once(|| {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, "").unwrap();
    });
    let (service, operation) = named.split_once(' ').expect("a service and its operation");
    let line = serde_json::json!({"service": service, "operation": operation});
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// All of them at once: most of a trial is waiting.
async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut under_way: Vec<Pin<Box<_>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = under_way.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in under_way.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
