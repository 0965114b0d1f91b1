//! Where insights are kept: one partition for each hour and shard, so that none is hot however many hosts there are, and ids
//! that tell where their insight is.

use super::host::Hostname;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many partitions the insights of one hour are spread over.
pub const SHARDS: u8 = 16;

/// The shard of a host.
pub fn shard_of(host: &Hostname) -> u8 {
    // FNV-1a mixes its low bits little for short names; the high half makes up for it.
    let hash = hash(host.as_str().as_bytes());
    u8::try_from((hash ^ (hash >> 32)) % u64::from(SHARDS)).unwrap_or(0)
}

/// A host's own second of a `period` in seconds, so that what is done once a period for each host is not done for all at
/// once. Hosts whose names follow one another (`web-1`, `web-2`) are far apart.
pub fn second_of(host: &Hostname, period: u64) -> u64 {
    // Other bits than those of the shard: a shard's hosts are spread over the whole period, too.
    (hash(host.as_str().as_bytes()) >> 20) % period.max(1)
}

/// An instant's hour as partitions have it: `2026-11-21T18`. Seconds since 1970.
pub fn hour_of(at: u64) -> String {
    let text = Timestamp::from_millis(at.saturating_mul(1_000)).to_string();
    text.get(..13).unwrap_or_default().to_owned()
}

/// An instant's day: `2026-11-21`. Seconds since 1970.
pub fn day_of(at: u64) -> String {
    let text = Timestamp::from_millis(at.saturating_mul(1_000)).to_string();
    text.get(..10).unwrap_or_default().to_owned()
}

/// FNV-1a, which is the same everywhere and for ever.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// An insight's id: the second at which it began, its shard, and a hash of its host. It follows from host and second, so a
/// finding that is made twice is one insight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InsightId {
    at: u64,
    shard: u8,
    hash: u64,
}

impl InsightId {
    /// The id of what began on this host at this second.
    pub fn of(host: &Hostname, at: u64) -> Self {
        Self { at, shard: shard_of(host), hash: hash(host.as_str().as_bytes()) }
    }

    /// Reads an id: `1795286400-07-9e3779b97f4a7c15`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (at, shard, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if parts.next().is_some() || !digits(at, 10) || !digits(shard, 2) || !digits(hash, 16) {
            return None;
        }
        let shard = shard.parse().ok().filter(|shard| *shard < SHARDS)?;
        Some(Self { at: at.parse().ok()?, shard, hash: u64::from_str_radix(hash, 16).ok()? })
    }

    /// When it began, in seconds since 1970.
    pub const fn at(self) -> u64 {
        self.at
    }
    /// Its shard.
    pub const fn shard(self) -> u8 {
        self.shard
    }
    /// The partition it is in.
    pub fn bucket(self) -> String {
        Self::bucket_of(&hour_of(self.at), self.shard)
    }
    /// The partition of an hour and a shard.
    pub fn bucket_of(hour: &str, shard: u8) -> String {
        format!("{hour}#{shard:02}")
    }
    /// Its sort key there.
    pub fn entry(self) -> String {
        format!("{:010}-{:016x}", self.at, self.hash)
    }
}

impl fmt::Display for InsightId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}-{:02}-{:016x}", self.at, self.shard, self.hash)
    }
}
impl TryFrom<String> for InsightId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| "it is no id of an insight".to_owned())
    }
}
impl From<InsightId> for String {
    fn from(id: InsightId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> Hostname {
        Hostname::parse(name).unwrap()
    }

    #[test]
    fn an_id_says_where_its_insight_is() {
        let id = InsightId::of(&host("web-1"), 1_795_286_400);
        assert_eq!(InsightId::parse(&id.to_string()), Some(id));
        assert!(id.bucket().starts_with("2026-11-21T18#"), "{}", id.bucket());
        assert!(id.entry().starts_with("1795286400-"));
        assert_eq!(day_of(1_795_286_400), "2026-11-21");
        let text = id.to_string();
        for bad in
            ["", "1", &text[1..], &format!("{text}-"), &text.to_uppercase(), "1795286400-16-0000000000000000"]
        {
            assert_eq!(InsightId::parse(bad).filter(|_| bad != text), None, "{bad}");
        }
    }

    /// With a thousand hosts, no shard has more than twice its share.
    #[test]
    fn hosts_spread_over_the_shards() {
        for names in ["web-{}", "{}.example.com", "ip-10-0-0-{}"] {
            let mut counts = [0_u32; SHARDS as usize];
            for number in 0..1_000 {
                counts[usize::from(shard_of(&host(&names.replace("{}", &number.to_string()))))] += 1;
            }
            assert!(counts.iter().all(|count| (20..125).contains(count)), "{names}: {counts:?}");
        }
    }
}
