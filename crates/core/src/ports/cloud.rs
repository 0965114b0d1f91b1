//! How a cloud service says no.

/// What a caller does next about a refusal, which is all it needs to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloudErrorKind {
    /// The resource does not exist.
    NotFound,
    /// A resource of that name exists.
    AlreadyExists,
    /// The resource is in the middle of something and takes no change now: come back.
    Busy,
    /// Too many calls: slow down and repeat. Nothing happened.
    Throttled,
    /// A limit of the account, or no capacity to be had.
    Quota,
    /// The caller may not do this.
    Denied,
    /// The request itself is wrong: repeating it won't help.
    Invalid,
    /// The service failed before doing anything it would keep; repeat.
    Unavailable,
    /// No answer, or one cut short: it may have happened. Find out before acting again.
    Unknown,
}

/// A refusal by a cloud service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} {operation} on `{resource}`: {message}")]
pub struct CloudError {
    /// What to do about it.
    pub kind: CloudErrorKind,
    /// The service's name as its API has it, such as `sagemaker`.
    pub service: &'static str,
    /// The API's operation, such as `CreateEndpoint`.
    pub operation: &'static str,
    /// The resource's name.
    pub resource: String,
    /// The service's own words.
    pub message: String,
}

/// The answer of a cloud service.
pub type CloudResult<T> = Result<T, CloudError>;
