//! Tables as they were: rows bear the time of their writing, and what is replaced or deleted is kept for as long as the cloud
//! keeps it. So a table can be had as it was at any moment, for the price of nine bytes a row.
//!
//! What goes because its time is over is not kept: restored, it would go again.

use super::layer::{Layer, all_of, former, of_former, unstamped};
use super::{Bulk, ROWS, known, trouble};
use capstan_core::ports::StoreError;
use capstan_core::time::{Millis, Timestamp};
use redb::{ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

const HISTORY: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("history");
/// How long the cloud can go back.
const KEPT: Millis = Millis::days(35);
/// How much of what is too old is forgotten in one round.
const ROUND: usize = 1_000;

/// Writes what rows were before.
pub(super) fn keep(writing: &WriteTransaction, layer: &Layer) -> Result<(), redb::Error> {
    if layer.history.is_empty() {
        return Ok(());
    }
    let mut history = writing.open_table(HISTORY)?;
    for ((until, count), (place, row)) in &layer.history {
        // A number that an earlier start has used is another's.
        let mut key = (*until, *count);
        while history.get(key)?.is_some() {
            key.1 += 1 << 32;
        }
        history.insert(key, former(place, row).as_slice())?;
    }
    Ok(())
}

impl Bulk {
    /// Makes a table of the rows that another held at a time, in milliseconds of people's time. Nobody may write meanwhile.
    pub(crate) fn restore(&self, source: &str, target: &str, at: u64) -> Result<(), String> {
        self.wait_for(self.made())?;
        let _turn = self.turn();
        self.copy(source, target, at).map_err(|error| error.to_string())
    }

    fn copy(&self, source: &str, target: &str, at: u64) -> Result<(), redb::Error> {
        let reading = self.database.begin_read()?;
        let writing = self.database.begin_write()?;
        let (from, to) = all_of(source);
        let then = |bytes: &[u8]| unstamped(bytes).0 <= at;
        {
            let mut rows = writing.open_table(ROWS)?;
            if let Some(now) = known(reading.open_table(ROWS)).ok().flatten() {
                for entry in now.range::<&str>(from.as_str()..to.as_str())? {
                    let (place, bytes) = entry?;
                    if then(bytes.value()) {
                        let place = format!("{target}{}", &place.value()[source.len()..]);
                        rows.insert(place.as_str(), bytes.value())?;
                    }
                }
            }
            if let Some(history) = known(reading.open_table(HISTORY)).ok().flatten() {
                for entry in history.range((at + 1, 0)..)? {
                    let (_, value) = entry?;
                    let Some((place, bytes)) = of_former(value.value()) else { continue };
                    if place.starts_with(&from) && then(bytes) {
                        let place = format!("{target}{}", &place[source.len()..]);
                        rows.insert(place.as_str(), bytes)?;
                    }
                }
            }
        }
        writing.commit()?;
        Ok(())
    }

    /// Forgets the rows of a table that is gone.
    pub(crate) fn drop_home(&self, home: &str) -> Result<(), String> {
        self.wait_for(self.made())?;
        let _turn = self.turn();
        let (from, to) = all_of(home);
        let emptied = || -> Result<(), redb::Error> {
            let writing = self.database.begin_write()?;
            writing.open_table(ROWS)?.retain_in::<&str, _>(from.as_str()..to.as_str(), |_, _| false)?;
            writing.commit()?;
            Ok(())
        };
        emptied().map_err(|error| error.to_string())
    }

    /// Counts so many rows of a table after a place: how many there are of which `fits` holds, and where to go on.
    pub(crate) fn count(
        &self,
        home: &str,
        after: Option<&str>,
        limit: usize,
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<(u64, Option<String>), StoreError> {
        self.wait_for(self.made()).map_err(StoreError::Unavailable)?;
        let reading = self.database.begin_read().map_err(trouble)?;
        let Some(rows) = known(reading.open_table(ROWS))? else { return Ok((0, None)) };
        let (from, to) = all_of(home);
        let first = after.map_or(from, |after| format!("{home}/{after}\0"));
        let (mut count, mut seen, mut last) = (0, 0, None);
        for entry in rows.range::<&str>(first.as_str()..to.as_str()).map_err(trouble)? {
            let (place, bytes) = entry.map_err(trouble)?;
            if seen == limit {
                return Ok((count, last));
            }
            seen += 1;
            count += u64::from(fits(unstamped(bytes.value()).1));
            if seen == limit {
                last = Some(place.value()[home.len() + 1..].to_owned());
            }
        }
        Ok((count, None))
    }

    /// Forgets what is older than anybody can go back.
    pub(super) fn forget(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.as_millis().saturating_sub(KEPT.0);
        let reading = self.database.begin_read().map_err(trouble)?;
        let Some(history) = known(reading.open_table(HISTORY))? else { return Ok(()) };
        let old: Vec<(u64, u64)> = history
            .range(..(before, 0))
            .map_err(trouble)?
            .take(ROUND)
            .filter_map(|entry| entry.ok().map(|(key, _)| key.value()))
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        let _turn = self.turn();
        let forgotten = || -> Result<(), redb::Error> {
            let writing = self.database.begin_write()?;
            {
                let mut history = writing.open_table(HISTORY)?;
                for key in &old {
                    history.remove(key)?;
                }
            }
            writing.commit()?;
            Ok(())
        };
        forgotten().map_err(trouble)
    }
}
