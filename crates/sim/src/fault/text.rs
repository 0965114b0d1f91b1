//! Faults as text: `SERVICE:OPERATION:NTH:KIND`, such as `kinesis:UpdateShardCount:*:error`.
//!
//! A fault that can't ever happen is refused when it is read: a drill that silently tests nothing is worse than
//! one that doesn't start.

use super::{Fault, FaultKind, Nth};
use crate::operation::{Nature, Operation};
use capstan_core::time::Millis;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Why a text is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultParseError {
    /// Not four parts.
    #[error(
        "`{0}` is not SERVICE:OPERATION:NTH:KIND, such as `opensearch:CreateDomain:1:throttled`, \
         `kinesis:UpdateShardCount:*:error`, `*:*:@37:crash-after` or `sagemaker:CreateEndpoint:1:slow=20`"
    )]
    Form(String),
    /// No such service.
    #[error("`{given}` is not a service that can fail; there are: *, {known}")]
    Service {
        /// What was given.
        given: String,
        /// What there is.
        known: String,
    },
    /// No such operation in that service.
    #[error("`{given}` is not an operation of `{service}`; there are: *, {known}")]
    Operation {
        /// What was given.
        given: String,
        /// Where it was looked for.
        service: String,
        /// What there is.
        known: String,
    },
    /// Not a count.
    #[error(
        "`{0}` does not say which call; allowed: a number from 1, `*` (every call), `@K` (the K-th call of all), `!K` (the K-th of all \
         that may change something)"
    )]
    Nth(String),
    /// Not a kind of fault.
    #[error(
        "`{0}` is not a kind of fault; allowed: throttled, error, denied, quota, busy, timeout, timeout-after, \
         slow=SECONDS, stall=SECONDS, lost=SECONDS, crash, crash-after, fails, never, stale, partly"
    )]
    Kind(String),
    /// It could never take effect.
    #[error("`{kind}` has no effect on {service}:{operation}, which starts no such life cycle")]
    NoCycle {
        /// The kind of fault.
        kind: String,
        /// The service.
        service: String,
        /// The operation.
        operation: String,
    },
}

fn joined(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

fn check_names(service: &str, operation: &str) -> Result<(), FaultParseError> {
    let of_service = |known: &Operation| service == "*" || known.service() == service;
    if !Operation::ALL.iter().any(of_service) {
        let known = joined(Operation::ALL.iter().map(|known| known.service()));
        return Err(FaultParseError::Service { given: service.to_owned(), known });
    }
    let mut here = Operation::ALL.iter().filter(|known| of_service(known)).map(|known| known.name());
    if operation != "*" && !here.clone().any(|known| known == operation) {
        let known = joined(&mut here);
        let (given, service) = (operation.to_owned(), service.to_owned());
        return Err(FaultParseError::Operation { given, service, known });
    }
    Ok(())
}

fn read_nth(text: &str) -> Result<Nth, FaultParseError> {
    let number = |text: &str| text.parse().ok().filter(|n| *n >= 1);
    if let Some(rest) = text.strip_prefix('!') {
        return number(rest).map(Nth::Changing).ok_or_else(|| FaultParseError::Nth(text.to_owned()));
    }
    let nth = match text.strip_prefix('@') {
        _ if text == "*" => Some(Nth::Every),
        Some(rest) => number(rest).map(Nth::Overall),
        None => number(text).map(Nth::Of),
    };
    nth.ok_or_else(|| FaultParseError::Nth(text.to_owned()))
}

fn read_kind(text: &str) -> Result<FaultKind, FaultParseError> {
    Ok(match text {
        "throttled" => FaultKind::Throttled,
        "error" => FaultKind::Error,
        "denied" => FaultKind::Denied,
        "quota" => FaultKind::Quota,
        "busy" => FaultKind::Busy,
        "stale" => FaultKind::Stale,
        "timeout" => FaultKind::Timeout,
        "timeout-after" => FaultKind::TimeoutAfter,
        "crash" => FaultKind::Crash,
        "crash-after" => FaultKind::CrashAfter,
        "fails" => FaultKind::Fails,
        "never" => FaultKind::Never,
        "partly" => FaultKind::Partly,
        _ => {
            let wrong = || FaultParseError::Kind(text.to_owned());
            let (kind, seconds) = text.split_once('=').ok_or_else(wrong)?;
            let length = Millis::seconds(u64::from(seconds.parse::<u32>().map_err(|_| wrong())?));
            match kind {
                "slow" => FaultKind::Slow(length),
                "stall" => FaultKind::Stall(length),
                "lost" => FaultKind::Lost(length),
                _ => return Err(wrong()),
            }
        }
    })
}

impl FaultKind {
    /// Whether it changes anything about such a call.
    pub fn touches(self, operation: Operation) -> bool {
        match self {
            Self::Fails => operation.nature() == Nature::Cycle,
            Self::Never => matches!(operation.nature(), Nature::Cycle | Nature::End),
            Self::Stale => matches!(operation, Operation::TransactWriteItems | Operation::PutItem),
            Self::Partly => operation == Operation::BatchWriteItem,
            _ => true,
        }
    }
}

impl Fault {
    /// Refuses a fault that no call could ever meet.
    fn check_effect(self) -> Result<Self, FaultParseError> {
        let meets = |operation: &Operation| {
            let named = (self.service == "*" || self.service == operation.service())
                && (self.operation == "*" || self.operation == operation.name());
            named && self.kind.touches(*operation)
        };
        if Operation::ALL.iter().any(meets) {
            return Ok(self);
        }
        let kind = self.kind.to_string();
        Err(FaultParseError::NoCycle { kind, service: self.service, operation: self.operation })
    }
}

impl FromStr for Fault {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, FaultParseError> {
        let parts: Vec<&str> = text.split(':').collect();
        let [service, operation, nth, kind] = parts[..] else {
            return Err(FaultParseError::Form(text.to_owned()));
        };
        check_names(service, operation)?;
        let (nth, kind) = (read_nth(nth)?, read_kind(kind)?);
        Self { service: service.to_owned(), operation: operation.to_owned(), nth, kind }.check_effect()
    }
}

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(n) => write!(f, "{n}"),
            Self::Every => f.write_str("*"),
            Self::Overall(k) => write!(f, "@{k}"),
            Self::Changing(k) => write!(f, "!{k}"),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::Error => "error",
            Self::Denied => "denied",
            Self::Quota => "quota",
            Self::Busy => "busy",
            Self::Stale => "stale",
            Self::Timeout => "timeout",
            Self::TimeoutAfter => "timeout-after",
            Self::Slow(length) => return write!(f, "slow={}", length.as_seconds_ceil()),
            Self::Stall(length) => return write!(f, "stall={}", length.as_seconds_ceil()),
            Self::Lost(length) => return write!(f, "lost={}", length.as_seconds_ceil()),
            Self::Crash => "crash",
            Self::CrashAfter => "crash-after",
            Self::Fails => "fails",
            Self::Never => "never",
            Self::Partly => "partly",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.service, self.operation, self.nth, self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_read_and_print_alike() {
        for text in [
            "opensearch:CreateDomain:1:throttled",
            "kinesis:UpdateShardCount:*:error",
            "*:*:@37:crash-after",
            "kinesis:*:*:stall=59",
            "*:*:!4:lost=59",
            "*:*:!12:timeout-after",
            "sagemaker:CreateEndpoint:1:slow=20",
            "dynamodb:*:3:timeout-after",
            "neptune:DeleteDBInstance:2:never",
            "*:*:*:fails",
            "dynamodb:TransactWriteItems:2:stale",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_allowed() {
        for (text, word) in [
            ("opensearch:CreateDomain:1", "SERVICE:OPERATION:NTH:KIND"),
            ("opensearhc:CreateDomain:1:error", "opensearchserverless"),
            ("opensearch:CreateDomian:1:error", "UpdateDomainConfig"),
            ("kinesis:CreateDomain:1:error", "UpdateShardCount"),
            ("kinesis:CreateStream:0:error", "a number from 1"),
            ("kinesis:CreateStream:@x:error", "a number from 1"),
            ("kinesis:CreateStream:1:slow", "slow=SECONDS"),
            ("kinesis:CreateStream:1:explodes", "timeout-after"),
            ("kinesis:DescribeStreamSummary:1:fails", "starts no such life cycle"),
            ("kinesis:DeleteStream:1:fails", "starts no such life cycle"),
            ("kms:*:1:never", "starts no such life cycle"),
            ("kinesis:*:1:stale", "has no effect"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
