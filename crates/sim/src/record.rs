//! What happened, for tests and drills to look at.

use crate::fault::FaultKind;
use crate::operation::Operation;
use capstan_core::time::Timestamp;

/// A call that was made, whatever came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which operation of which service.
    pub operation: Operation,
    /// The resource's name, or an item's key.
    pub resource: String,
    /// Which call of all, from 1.
    pub index: u32,
    /// Which call of this operation, from 1.
    pub nth: u32,
    /// When.
    pub at: Timestamp,
}

impl Call {
    /// Whether such a call changes the world.
    pub const fn mutates(&self) -> bool {
        self.operation.mutates()
    }
}

/// A fault that a call met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// When.
    pub at: Timestamp,
    /// Which operation of which service.
    pub operation: Operation,
    /// The resource's name, or an item's key.
    pub resource: String,
    /// What went wrong.
    pub kind: FaultKind,
}

/// What an effect was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// Its making began.
    Created,
    /// Its change began.
    Changed,
    /// Its deletion began.
    Deleted,
}

/// Something that a call did to the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// When.
    pub at: Timestamp,
    /// By which operation.
    pub operation: Operation,
    /// What it was.
    pub kind: EffectKind,
    /// `kind/name`, such as `endpoint/cato-shadow-self-1` or `endpoint-config/…`.
    pub resource: String,
}

impl Effect {
    pub(crate) fn new(at: Timestamp, operation: Operation, resource: String) -> Self {
        let name = operation.name();
        // An instance is made and deleted, but it is its cluster that is named, and that is changed.
        let kind = if name.ends_with("DBInstance") {
            EffectKind::Changed
        } else if name.starts_with("Create") || name == "RestoreTable" {
            EffectKind::Created
        } else if name.starts_with("Delete") || name.starts_with("Deregister") {
            EffectKind::Deleted
        } else {
            EffectKind::Changed
        };
        Self { at, operation, kind, resource }
    }
}
