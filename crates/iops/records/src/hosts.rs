//! The hosts that report, so that somebody can ask which there are.
//!
//! A host has its metrics and its head in partitions of its own, which no query lists; a scan of either table would read
//! all of it. So each host has a row beside those of its shard, written after its head at its first sample and then once
//! an hour: of all that is written for a host that is less than a hundredth, so that what hosts share stays cold. When
//! exactly a host has last reported, its head says.
//!
//! Rejected: a row that follows the head by minutes, which would save reading heads and write a tenth more; the row in one
//! transaction with the head, which would cost four times as much.

use crate::{Head, RecordError, read};
use capstan_core::iops::{Hostname, SHARDS, second_of, shard_of};
use capstan_core::ports::{Query, Store, Table};
use capstan_core::together;
use serde::{Deserialize, Serialize};

/// Seconds of a host's own time after which it is listed anew.
pub const LISTED_EVERY: u64 = 3_600;
/// How long a host is listed after its last sample, in seconds.
const LISTED_FOR: u64 = 2 * 86_400;
/// Hosts of one shard that are read at most.
const MOST_OF_A_SHARD: usize = 250;

/// A host that reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// `hosts#` and the shard.
    pub subject: String,
    /// The host's name.
    pub entry: Hostname,
    /// The time of a sample that was the last one then, in seconds since 1970.
    pub position: u64,
    /// When it may go, in seconds since 1970.
    pub expires_at: u64,
    /// Written whatever is there.
    pub version: u64,
}

impl Listed {
    /// The row of a host whose head was at `before`, if it is to be written.
    pub fn due(host: &Hostname, before: u64, head: &Head) -> Option<Self> {
        let offset = second_of(host, LISTED_EVERY);
        let turn = |position: u64| (position + offset) / LISTED_EVERY;
        (turn(head.position) > turn(before)).then(|| Self {
            subject: subject(shard_of(host)),
            entry: host.clone(),
            position: head.position,
            expires_at: head.position + LISTED_FOR,
            version: 0,
        })
    }
}

impl crate::Record for Listed {
    const TABLE: Table = Table::IopsAnalysis;
    fn keys(&self) -> (String, String) {
        (self.subject.clone(), self.entry.to_string())
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
}

fn subject(shard: u8) -> String {
    format!("hosts#{shard:02}")
}

/// The hosts that report, and whether these are all: of each of the 16 shards there are 250 at most. One query a shard.
pub async fn listed(store: &impl Store) -> Result<(Vec<Listed>, bool), RecordError> {
    let pages = together((0..SHARDS).map(|shard| async move {
        let query = Query {
            table: Table::IopsAnalysis,
            partition: subject(shard),
            prefix: String::new(),
            after: None,
            descending: false,
            limit: MOST_OF_A_SHARD,
        };
        let page = store.query(&query).await.map_err(RecordError::Store)?;
        let more = page.next.is_some();
        let rows = page.items.into_iter().map(|item| read::<Listed>(item, &query.partition));
        Ok((rows.collect::<Result<Vec<_>, RecordError>>()?, more))
    }));
    let (mut all, mut whole) = (Vec::new(), true);
    for page in pages.await {
        let (rows, more): (Vec<Listed>, bool) = page?;
        all.extend(rows);
        whole &= !more;
    }
    Ok((all, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_listed_at_its_first_sample_and_then_once_an_hour_each_in_its_own_minute() {
        let mut second_turns = Vec::new();
        for name in ["web-1", "web-2", "db-1", "cache-7.example.com"] {
            let host = Hostname::parse(name).unwrap();
            let mut head = Head::new(&host);
            let mut written = Vec::new();
            for minute in 0..600 {
                let before = head.position;
                head.advance(1_795_222_800 + minute * 60);
                written.extend(Listed::due(&host, before, &head).map(|row| row.position));
            }
            assert_eq!(written.first(), Some(&1_795_222_800));
            assert!((10..=11).contains(&written.len()), "{written:?}");
            assert!(written.windows(2).all(|pair| pair[1] - pair[0] <= LISTED_EVERY), "{written:?}");
            assert_eq!(Listed::due(&host, head.position, &head), None, "nothing new");
            second_turns.push(written[1]);
        }
        second_turns.sort_unstable();
        second_turns.dedup();
        assert_eq!(second_turns.len(), 4);
    }

    #[test]
    fn hosts_whose_names_follow_one_another_do_not_write_in_the_same_minute() {
        let mut hosts = [0; 60];
        for number in 0..600 {
            let host = Hostname::parse(&format!("web-{number}")).unwrap();
            hosts[usize::try_from(second_of(&host, LISTED_EVERY) / 60).unwrap()] += 1;
        }
        // Ten each would be even.
        assert!(hosts.iter().all(|count| (1..=25).contains(count)), "{hosts:?}");
    }
}
