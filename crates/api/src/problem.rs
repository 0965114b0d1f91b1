//! Errors as RFC 9457 problem JSON, each with a stable `code`.

use capstan_core::ports::StoreError;
use capstan_core::tier::edit::FieldError;
use capstan_core::time::Millis;
use serde_json::{Map, Value, json};
use tier_records::RecordError;
use tier_steps::StepError;

/// A failure of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people: what is wrong and what to do.
    pub detail: String,
    /// More members of the problem.
    pub more: Map<String, Value>,
    /// After how many seconds it may be tried again.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), more: Map::new(), retry_after: None }
    }
    /// 400: what was sent is not JSON, or not an object.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(400, "MALFORMED_REQUEST", detail)
    }
    /// 403: the role is not enough.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, "FORBIDDEN", detail)
    }
    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "NOT_FOUND", detail)
    }
    /// What was asked for may have happened: 503, with what to do about it.
    pub fn outcome_unknown(why: &str) -> Self {
        let next = "so it may have happened: look at it (GET) before trying again, or send it again under its Idempotency-Key";
        Self::new(503, "OUTCOME_UNKNOWN", format!("{why}, {next}"))
    }
    /// 409: it does not fit what is.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(409, code, detail)
    }
    /// 422: well-formed, but fields are wrong; all of them at once.
    pub fn invalid(errors: &[FieldError]) -> Self {
        let line = |error: &FieldError| match error.field.as_str() {
            "" => error.message.clone(),
            field => format!("{field}: {}", error.message),
        };
        let detail = errors.iter().map(line).collect::<Vec<_>>();
        let mut problem = Self::new(422, "INVALID_FIELDS", detail.join("; "));
        problem.more.insert("errors".to_owned(), json!(errors));
        problem
    }
    /// 422: one field is wrong.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(&[FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// The same, with the time after which it may be tried again.
    #[must_use]
    pub fn after(mut self, left: Millis) -> Self {
        self.retry_after = Some(left.as_seconds_ceil().max(1));
        self
    }
    /// Whether the same request may be answered otherwise in a moment, so that this is no answer to keep.
    pub fn passes(&self) -> bool {
        self.status >= 500
            || self.status == 429
            || ["CONCURRENT_CHANGE", "REQUEST_IN_PROGRESS"].contains(&self.code)
    }

    /// The body.
    pub fn to_json(&self) -> Value {
        let mut body = self.more.clone();
        body.insert("type".to_owned(), json!(format!("urn:capstan:problem:{}", self.code)));
        body.insert("title".to_owned(), json!(title(self.status)));
        body.insert("status".to_owned(), json!(self.status));
        body.insert("code".to_owned(), json!(self.code));
        body.insert("detail".to_owned(), json!(self.detail));
        Value::Object(body)
    }
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        _ => "Service Unavailable",
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        StepError::from(error).into()
    }
}

impl From<StepError> for Problem {
    /// What the caller reads is what to do next; the chain of causes belongs in the log.
    fn from(error: StepError) -> Self {
        let mut problem = match &error {
            StepError::StoreConflict(_) => Self::conflict(
                "CONCURRENT_CHANGE",
                "somebody else wrote at the same time and nothing was changed: try again",
            ),
            StepError::Throttled(_) => {
                Self::new(429, "THROTTLED", "too many calls at once: try again in a moment")
            }
            StepError::OutcomeUnknown(_)
            | StepError::StoreUnavailable(RecordError::Store(StoreError::Unknown(_))) => {
                Self::outcome_unknown("there was no answer")
            }
            _ => Self::new(
                503,
                "UNAVAILABLE",
                "this can't be answered right now and nothing was changed: try again",
            ),
        };
        problem.more.insert("cause".to_owned(), json!(error.name()));
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Nothing was changed" is said only where that is known.
    #[test]
    fn what_is_not_known_is_not_called_unchanged() {
        let of = |error: StoreError| Problem::from(RecordError::Store(error));
        let unclear = of(StoreError::Unknown("no answer".to_owned()));
        assert_eq!((unclear.status, unclear.code), (503, "OUTCOME_UNKNOWN"));
        let refused = of(StoreError::Unavailable("away".to_owned()));
        assert_eq!((refused.status, refused.code), (503, "UNAVAILABLE"));
        assert!(
            refused.detail.contains("nothing was changed") && !unclear.detail.contains("nothing was changed")
        );
    }
}
