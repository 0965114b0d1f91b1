//! How a command ends when it does not end well.

use crate::StartError;
use crate::drill::DrillError;
use crate::key_file::KeyError;
use crate::template::TemplateError;
use sim::disk::DiskError;
use std::error::Error;

/// A message for people, and an exit code for scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong and what to do; empty if it has been said already.
    pub message: String,
    /// 1 refused or failed, 2 wrong usage, 3 nobody answers, 4 not started before it is confirmed.
    pub code: u8,
}

impl Failure {
    /// Refused, or failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }
    /// Refused or failed, which the output says already.
    pub const fn told() -> Self {
        Self { message: String::new(), code: 1 }
    }
    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }
    /// Nothing is wrong, and nothing was started: it has to be confirmed first. The output says so already.
    pub const fn unconfirmed() -> Self {
        Self { message: String::new(), code: 4 }
    }
    /// Nobody answers.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 3 }
    }
}

/// The error with all its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}

/// These are failures of what was asked, not of how it was asked.
macro_rules! failed {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::failed(chain(&error))
            }
        })*
    };
}

failed!(
    std::io::Error,
    serde_json::Error,
    KeyError,
    TemplateError,
    StartError,
    DiskError,
    DrillError,
    judge::BadSettings
);
