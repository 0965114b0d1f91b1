//! Which request meets which fault.

use super::Request;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Whether a fault comes before the peer got the request, or after it carried it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The peer never hears of the request.
    BeforeTheEffect,
    /// The peer carries the request out; its answer is thrown away.
    AfterTheEffect,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it passes.
    Pass,
    /// Refused as one too many, in the words of its protocol. The peer never hears of it.
    Throttle,
    /// Refused with this status and code, such as 400 and `ExpiredToken`. The peer never hears of it.
    Refuse(u16, &'static str),
    /// Answered with this status (5xx).
    Status(u16, When),
    /// Never answered; the connection stays open.
    Hang(When),
    /// Carried out; the connection ends in the middle of the answer.
    Cut,
    /// The connection is reset without an answer.
    Reset(When),
    /// Carried out after this time.
    Slow(Duration),
    /// Answered with 200 and something that is neither JSON nor XML nor CBOR.
    Garbage(When),
}

impl Fault {
    pub(super) fn reaches_the_peer(self) -> bool {
        match self {
            Self::Pass | Self::Slow(_) | Self::Cut => true,
            Self::Throttle | Self::Refuse(..) => false,
            Self::Status(_, when) | Self::Hang(when) | Self::Reset(when) | Self::Garbage(when) => {
                when == When::AfterTheEffect
            }
        }
    }
}

/// What becomes of the requests to come.
#[derive(Debug)]
pub(super) struct Plan {
    /// Only requests whose operation starts with this.
    operation: String,
    each: VecDeque<Fault>,
    then: Fault,
    throttled_until: Option<Instant>,
}

impl Default for Plan {
    fn default() -> Self {
        Self::always("", Fault::Pass)
    }
}

impl Plan {
    pub(super) fn always(operation: &str, fault: Fault) -> Self {
        Self { operation: operation.to_owned(), each: VecDeque::new(), then: fault, throttled_until: None }
    }

    pub(super) fn each(operation: &str, faults: impl IntoIterator<Item = Fault>) -> Self {
        let each = faults.into_iter().collect();
        Self { operation: operation.to_owned(), each, ..Self::default() }
    }

    pub(super) fn throttled_for(duration: Duration) -> Self {
        Self { throttled_until: Some(Instant::now() + duration), ..Self::default() }
    }

    pub(super) fn next(&mut self, request: &Request) -> Fault {
        if self.throttled_until.is_some_and(|end| Instant::now() < end) {
            return Fault::Throttle;
        }
        if !request.operation().starts_with(&self.operation) {
            return Fault::Pass;
        }
        self.each.pop_front().unwrap_or(self.then)
    }
}
