//! A case: one promise of a port, kept or not.
//!
//! A case answers with a [`Failure`] and does not panic, since a case that fails is not always a failed test: where a
//! cloud that others wrote is known to do otherwise, the failure is what is expected.

use crate::stage::Stage;
use capstan_core::ports::{CloudError, CloudErrorKind, CloudResult, StoreError};
use std::fmt;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// Where a promise was not kept, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        Self(format!("{:?}: {error}", error.kind))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// What comes of a case.
pub type Checked = Result<(), Failure>;

/// A case on its way.
pub type Run<'a> = Pin<Box<dyn Future<Output = Checked> + 'a>>;

/// One promise of a port.
#[derive(Debug)]
pub struct Case<P> {
    /// The port, by its trait's name.
    pub port: &'static str,
    /// The promise, in snake case; unique within the port.
    pub name: &'static str,
    /// The methods of this port that it exercises.
    pub methods: &'static [&'static str],
    /// Tries it.
    pub run: for<'a> fn(&'a P, &'a Stage<'a>) -> Run<'a>,
}

/// A list of cases: the port, then each function with the methods it exercises.
macro_rules! cases {
    ($port:literal: $($case:ident [$($method:ident),* $(,)?],)+) => {
        vec![$($crate::case::Case {
            port: $port,
            name: stringify!($case),
            methods: &[$(stringify!($method)),*],
            run: |ports, stage| Box::pin($case(ports, stage)),
        },)+]
    };
}
pub(crate) use cases;

/// What was found must be what was expected.
pub fn equal<T: Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Checked {
    if found == expected {
        return Ok(());
    }
    Err(Failure(format!("{what}: found {found:?}, expected {expected:?}")))
}

/// This must hold.
pub fn holds(what: &str, it: bool) -> Checked {
    if it { Ok(()) } else { Err(Failure(format!("this does not hold: {what}"))) }
}

/// Something must be there.
pub fn there<T>(what: &str, found: Option<T>) -> Result<T, Failure> {
    found.ok_or_else(|| Failure(format!("{what}: there is none")))
}

/// The answer must be a refusal of this kind.
pub fn refused<T: Debug>(what: &str, kind: CloudErrorKind, answer: CloudResult<T>) -> Checked {
    match answer {
        Err(error) if error.kind == kind => Ok(()),
        Err(error) => {
            Err(Failure(format!("{what}: refused as {:?} and not as {kind:?}: {error}", error.kind)))
        }
        Ok(good) => Err(Failure(format!("{what}: answered {good:?} and not refused as {kind:?}"))),
    }
}

/// The store's answer must be this refusal, whatever its words.
pub fn store_refused<T: Debug>(
    what: &str,
    answer: Result<T, StoreError>,
    is: impl Fn(&StoreError) -> bool,
) -> Checked {
    match answer {
        Err(error) if is(&error) => Ok(()),
        other => Err(Failure(format!("{what}: answered {other:?}"))),
    }
}

/// The store must call the request wrong.
pub fn store_invalid<T: Debug>(what: &str, answer: Result<T, StoreError>) -> Checked {
    store_refused(what, answer, |error| matches!(error, StoreError::Invalid(_)))
}

/// Runs two futures at the same time, on whatever runs this one.
pub async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (Box::pin(a), Box::pin(b));
    let (mut done_a, mut done_b) = (None, None);
    std::future::poll_fn(move |context| {
        if done_a.is_none()
            && let Poll::Ready(value) = a.as_mut().poll(context)
        {
            done_a = Some(value);
        }
        if done_b.is_none()
            && let Poll::Ready(value) = b.as_mut().poll(context)
        {
            done_b = Some(value);
        }
        match (done_a.take(), done_b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (done_a, done_b) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}
