//! How a failed call becomes a [`CloudError`].
//!
//! Services say no in many words: XML and JSON, `…Fault` and `…Exception`, and sometimes everything is a
//! `ValidationException` with the truth in its message. What they share is told here; each service's module has its
//! own table for the rest, and its table goes first.

use crate::doubt::{Doubt, status_leaves_doubt};
use crate::reached;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use capstan_core::ports::{CloudError, CloudErrorKind};
use std::error::Error;

/// What a refusal is told from.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The API's operation.
    pub operation: &'static str,
    /// The code without namespace and without `Exception` or `Fault` at its end.
    pub code: &'a str,
    /// The service's words.
    pub message: &'a str,
}

impl Said<'_> {
    /// Whether the message has one of these in it, in any case of letters.
    pub fn mentions(&self, parts: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        parts.iter().any(|part| message.contains(part))
    }
}

/// A service and how it says no.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its name as its API has it.
    pub name: &'static str,
    /// Its own table; `None`: what all services share.
    pub table: fn(Said<'_>) -> Option<CloudErrorKind>,
}

/// A call, as a refusal of it names it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The service.
    pub service: Service,
    /// The operation.
    pub operation: &'static str,
    /// The resource's name.
    pub resource: &'a str,
}

impl Call<'_> {
    /// A refusal in our own words.
    pub fn refuse(self, kind: CloudErrorKind, message: impl Into<String>) -> CloudError {
        CloudError {
            kind,
            service: self.service.name,
            operation: self.operation,
            resource: self.resource.to_owned(),
            message: message.into(),
        }
    }

    /// A required part of the answer, or the refusal that says it was not there.
    pub fn need<T>(self, part: Option<T>, what: &str) -> Result<T, CloudError> {
        part.ok_or_else(|| self.refuse(CloudErrorKind::Unavailable, format!("the answer has no {what}")))
    }

    /// The refusal of a call that only looks.
    pub fn unseen<E>(self, error: &SdkError<E, HttpResponse>) -> CloudError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.refusal(error, None)
    }

    /// The refusal of a call that changes something.
    pub fn undone<E>(self, error: &SdkError<E, HttpResponse>, doubt: &Doubt) -> CloudError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.refusal(error, Some(doubt))
    }

    fn refusal<E>(self, error: &SdkError<E, HttpResponse>, doubt: Option<&Doubt>) -> CloudError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let code = error.code().map(plain).unwrap_or_default();
        let message = error.message().unwrap_or_default();
        let failure = failure(error);
        let kind = match failure {
            Failure::Said(status) => {
                let said = Said { operation: self.operation, code, message };
                (self.service.table)(said).or_else(|| shared(code)).unwrap_or_else(|| by_status(status))
            }
            Failure::NotSendable => CloudErrorKind::Invalid,
            Failure::NoAnswer if doubt.is_some() => CloudErrorKind::Unknown,
            Failure::NoAnswer | Failure::NotSent => CloudErrorKind::Unavailable,
        };
        let now = matches!(failure, Failure::Said(status) if status_leaves_doubt(status));
        let kind = if doubt.is_some_and(|before| now || before.raised()) { doubted(kind) } else { kind };
        self.refuse(kind, words(error, code, message))
    }
}

/// Where a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The service said no, with this status.
    Said(u16),
    /// No connection.
    NotSent,
    /// The request can't be built.
    NotSendable,
    /// No answer, or one that was cut or can't be read.
    NoAnswer,
}

/// Where a call failed.
pub fn failure<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> Failure {
    match error {
        // Of a good answer that can't be read the SDK makes a refusal too.
        SdkError::ServiceError(said) if said.raw().status().is_success() => Failure::NoAnswer,
        SdkError::ServiceError(said) => Failure::Said(said.raw().status().as_u16()),
        SdkError::ConstructionFailure(_) => Failure::NotSendable,
        SdkError::DispatchFailure(failure) if failure.is_user() => Failure::NotSendable,
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) if reached::never(error) => Failure::NotSent,
            _ => Failure::NoAnswer,
        },
        _ => Failure::NoAnswer,
    }
}

/// Nothing there is an answer and not a failure.
pub fn absent<T>(result: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == CloudErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A count as the services have it.
pub fn count(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// A count as we have it; absent or negative is none.
pub fn counted(n: Option<i32>) -> u32 {
    n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

/// A code without what differs between protocols.
pub fn plain(code: &str) -> &str {
    let code = code.rsplit('#').next().unwrap_or(code);
    let code = code.split(':').next().unwrap_or(code);
    code.strip_suffix("Exception").or_else(|| code.strip_suffix("Fault")).unwrap_or(code)
}

/// What all services share.
pub fn shared(code: &str) -> Option<CloudErrorKind> {
    Some(match code {
        "Throttling"
        | "Throttled"
        | "ThrottledClient"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "EC2Throttled"
        | "KMSThrottling" => CloudErrorKind::Throttled,
        "AccessDenied"
        | "Unauthorized"
        | "UnauthorizedOperation"
        | "UnauthorizedAccess"
        | "NotAuthorized"
        | "AuthorizationError"
        | "AuthFailure"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "OptInRequired"
        | "KMSAccessDenied" => CloudErrorKind::Denied,
        "ResourceNotFound" => CloudErrorKind::NotFound,
        "AlreadyExists" | "ResourceAlreadyExists" => CloudErrorKind::AlreadyExists,
        "ResourceInUse" | "Conflict" | "ConcurrentModification" | "ConcurrentUpdate" => CloudErrorKind::Busy,
        "LimitExceeded" | "ResourceLimitExceeded" | "ServiceQuotaExceeded" => CloudErrorKind::Quota,
        "ServiceUnavailable" | "RequestTimeout" => CloudErrorKind::Unavailable,
        "Validation"
        | "ValidationError"
        | "InvalidParameter"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "InvalidArgument"
        | "InvalidRequest"
        | "InvalidType"
        | "InvalidAction"
        | "MissingParameter" => CloudErrorKind::Invalid,
        _ => return None,
    })
}

/// What is left to tell from when the code says nothing.
const fn by_status(status: u16) -> CloudErrorKind {
    match status {
        401 | 403 => CloudErrorKind::Denied,
        429 => CloudErrorKind::Throttled,
        408 => CloudErrorKind::Unavailable,
        status if status >= 500 => CloudErrorKind::Unavailable,
        _ => CloudErrorKind::Invalid,
    }
}

/// What a refusal of the last try is worth when any try may have happened: it says nothing about the one before. Only
/// how things are now is believed, whoever brought them about.
const fn doubted(kind: CloudErrorKind) -> CloudErrorKind {
    match kind {
        CloudErrorKind::NotFound | CloudErrorKind::AlreadyExists | CloudErrorKind::Busy => kind,
        CloudErrorKind::Throttled
        | CloudErrorKind::Quota
        | CloudErrorKind::Denied
        | CloudErrorKind::Invalid
        | CloudErrorKind::Unavailable
        | CloudErrorKind::Unknown => CloudErrorKind::Unknown,
    }
}

/// The refusal of a later call of several that make one change: that nothing happened is true of that call only.
pub fn half_done(error: CloudError) -> CloudError {
    match error.kind {
        CloudErrorKind::Throttled | CloudErrorKind::Unavailable => {
            CloudError { kind: CloudErrorKind::Unknown, ..error }
        }
        _ => error,
    }
}

/// The service's words, or the whole chain where the service said none.
pub fn words<E: Error + 'static>(error: &SdkError<E, HttpResponse>, code: &str, message: &str) -> String {
    match (code.is_empty(), message.is_empty()) {
        (false, false) => return format!("{code}: {message}"),
        (false, true) => return code.to_owned(),
        (true, false) => return message.to_owned(),
        (true, true) => {}
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
pub(crate) mod tests;
