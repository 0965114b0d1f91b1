//! How much the resources are used: a steady number of connections each, which goes away while the tenant's
//! application is told to drain.
//!
//! The application is told through its row in the table for it, so that is what the simulation reads.

use crate::chance::draw;
use crate::changes::Entry;
use crate::life::Stage;
use crate::timing::Cycle;
use crate::world::World;
use capstan_core::ports::Table;
use capstan_core::tier::ResourceKind;
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The attribute of the application's row that tells it to drain.
const DRAINING: &str = "draining";

/// Since when a tenant's application drains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Drain {
    since: Timestamp,
}

impl World {
    /// Looks at a tenant's row after it was written.
    pub(crate) fn note_drain(&mut self, tenant: &str) {
        let row = self.tables.item(Table::AppConfig, tenant, "");
        let draining = row.and_then(|row| row.get(DRAINING)) == Some(&Value::Bool(true));
        let changed = if draining && !self.drains.contains_key(tenant) {
            self.drains.insert(tenant.to_owned(), Drain { since: self.now });
            true
        } else {
            !draining && self.drains.remove(tenant).is_some()
        };
        if changed {
            self.changes.add(|| Entry::Drain(tenant.to_owned()));
        }
    }

    /// Connections to a resource now; none where it serves nothing.
    pub(crate) fn connections(&self, kind: ResourceKind, name: &str) -> u64 {
        let outline = self.cloud.outline(kind, name);
        let Some(outline) = outline.filter(|found| matches!(found.stage, Stage::Ready | Stage::Changing))
        else {
            return 0;
        };
        let full = 5 + draw(self.config.seed, 0x7ea_ff1c, name, 0) % 196;
        let Some(drain) = outline.tenant().and_then(|tenant| self.drains.get(tenant)) else {
            return full;
        };
        let whole = Cycle::Drain.length(self.config.pace, self.config.seed, name, 0).0;
        let left = whole.saturating_sub(self.now.since(drain.since).0);
        (full * left).div_ceil(whole)
    }
}
