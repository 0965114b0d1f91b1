//! Rows that go by themselves some time after their time, as a table's time to live has it.
//!
//! The service looks through a table in the background and promises no moment: what is past its time goes within days, and
//! whoever reads must not rely on it. Here all tables are looked through every few minutes of virtual time. A world that was
//! not told of any such table pays one comparison for it.

use crate::changes::Entry;
use crate::homes::Homes;
use crate::world::World;
use capstan_core::ports::{Key, Table};
use capstan_core::time::{Millis, Timestamp};
use serde_json::Value;

/// How often is looked for rows past their time.
const EVERY: Millis = Millis::minutes(15);

/// Which tables' rows go by themselves, and when is looked for them next.
#[derive(Debug, Clone)]
pub(crate) struct Expiry {
    tables: Vec<(Table, String)>,
    next: Timestamp,
}

impl Default for Expiry {
    fn default() -> Self {
        Self { tables: Vec::new(), next: Timestamp::from_millis(u64::MAX) }
    }
}

impl Expiry {
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.next
    }
}

impl World {
    /// From now on the rows of these tables go some time after the time, in seconds since the epoch, that the attribute of
    /// this name holds. It is not stored: whoever runs a world says so at each start.
    pub fn set_time_to_live(&mut self, tables: Vec<(Table, String)>) {
        self.expiry = Expiry { tables, next: self.now };
    }

    /// Deletes what is past its time. Times are the virtual ones or people's, so a row goes when it is past both.
    pub(crate) fn expire(&mut self) {
        self.expiry.next = self.now + EVERY;
        let now = self.config.wall.map_or(self.now, |wall| wall().min(self.now)).as_millis() / 1_000;
        let mut gone = Vec::new();
        for (table, attribute) in &self.expiry.tables {
            for (partition, sort, row) in self.tables.rows(*table) {
                // Anything but a number means: never.
                let expires = row.item().get(attribute).and_then(Value::as_u64);
                if expires.is_some_and(|expires| expires < now) {
                    gone.push(Key { table: *table, partition: partition.to_owned(), sort: sort.to_owned() });
                }
            }
        }
        for key in gone {
            self.tables.delete(&Homes::default(), &key);
            self.revisions[key.table as usize] += 1;
            self.changes.add(|| Entry::Row(key));
        }
    }
}
