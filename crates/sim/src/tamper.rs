//! Safeguards taken away, for tests that see whether anybody notices: a check that finds nothing wrong has shown something
//! only where it is known to find what is wrong.

use crate::world::World;
use capstan_core::ports::{Effect, Key, RecordEffect, RecordWrite, Table};

/// What the world does worse than a cloud would. The default is nothing.
#[derive(Debug, Clone, Default)]
pub struct Tamper {
    /// Tables whose writes are carried out whatever their condition says.
    pub unconditional: Vec<Table>,
    /// Writes that are answered for and not carried out.
    pub lost: Option<fn(&Key) -> bool>,
    /// Notices are answered for and reach nobody.
    pub mute: bool,
    /// Deletions leave no final snapshot.
    pub no_snapshots: bool,
}

impl World {
    /// Takes safeguards away.
    pub fn tamper(&mut self, tamper: Tamper) {
        self.tamper = tamper;
    }

    /// What is left of a transaction; `None`: nothing.
    pub(crate) fn tampered(&self, mut writes: Vec<RecordWrite>) -> Option<Vec<RecordWrite>> {
        if self.tamper.unconditional.is_empty() && self.tamper.lost.is_none() {
            return Some(writes);
        }
        for write in &mut writes {
            if self.tamper.unconditional.contains(&write.key.table) {
                write.condition = None;
            }
            if self.tamper.lost.is_some_and(|lost| lost(&write.key)) {
                write.effect = RecordEffect::Plain(Effect::Check);
            }
        }
        let idle = |write: &RecordWrite| matches!(write.effect, RecordEffect::Plain(Effect::Check));
        writes.retain(|write| !(idle(write) && write.condition.is_none()));
        Some(writes).filter(|writes| !writes.is_empty())
    }
}
