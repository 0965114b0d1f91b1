//! How far the analysis of each host has come.

use crate::{RecordError, get};
use capstan_core::iops::{Hostname, InsightId, METRICS_KEPT};
use capstan_core::ports::Store;
use serde::{Deserialize, Serialize};

/// How many past insights a head remembers.
const REMEMBERED: usize = 8;

/// An insight's time on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// When it was first seen, in seconds since 1970.
    pub first: u64,
    /// When it was last seen.
    pub last: u64,
}

/// The insight that findings join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Which.
    pub insight_id: InsightId,
    /// When something last joined.
    pub last_seen: u64,
    /// Whether people have been told.
    pub alerted: bool,
}

/// Word that people have still to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Of which insight.
    pub insight_id: InsightId,
    /// One line.
    pub subject: String,
    /// The whole message.
    pub body: String,
}

/// How far the analysis of a host has come. Whoever writes it has counted the samples up to its position, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// `host#` and the host's name.
    pub subject: String,
    /// Always [`Head::ENTRY`].
    pub entry: String,
    /// The time of the first sample analysed, in seconds since 1970; 0 before.
    pub first: u64,
    /// The time of the last one.
    pub position: u64,
    /// How many were.
    pub samples: u64,
    /// How many had been when a snapshot was last due. It is written after the head, and may have been lost.
    pub snapshot: u64,
    /// The insight that findings join.
    pub open: Option<Open>,
    /// The times of the last insights, the latest last.
    pub recent: Vec<Span>,
    /// What people are still to be told.
    pub pending: Vec<Pending>,
    /// When it may go, in seconds since 1970.
    pub expires_at: u64,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Head {
    /// Its sort key.
    pub const ENTRY: &'static str = "head";

    /// The head of a host of which nothing has been analysed.
    pub fn new(host: &Hostname) -> Self {
        Self {
            subject: subject(host),
            entry: Self::ENTRY.to_owned(),
            first: 0,
            position: 0,
            samples: 0,
            snapshot: 0,
            open: None,
            recent: Vec::new(),
            pending: Vec::new(),
            expires_at: 0,
            version: 0,
        }
    }

    /// Counts a sample.
    pub fn advance(&mut self, at: u64) {
        if self.samples == 0 {
            self.first = at;
        }
        self.position = at;
        self.samples += 1;
        self.expires_at = at + METRICS_KEPT;
    }

    /// Remembers when an insight was.
    pub fn remember(&mut self, span: Span) {
        match self.recent.iter_mut().find(|known| known.first == span.first) {
            Some(known) => *known = span,
            None => self.recent.push(span),
        }
        if self.recent.len() > REMEMBERED {
            self.recent.remove(0);
        }
    }
}

fn subject(host: &Hostname) -> String {
    format!("host#{host}")
}

/// The states of a host's detectors after its sample at `position`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `host#` and the host's name.
    pub subject: String,
    /// Always [`Snapshot::ENTRY`].
    pub entry: String,
    /// The time of the last sample in it.
    pub position: u64,
    /// The states: what the analysis has made of them.
    pub state: String,
    /// When it may go, in seconds since 1970.
    pub expires_at: u64,
    /// Written whatever is there, after the head.
    pub version: u64,
}

impl Snapshot {
    /// Its sort key.
    pub const ENTRY: &'static str = "detectors";

    /// The snapshot that goes with a head.
    pub fn of(head: &Head, state: String) -> Self {
        Self {
            subject: head.subject.clone(),
            entry: Self::ENTRY.to_owned(),
            position: head.position,
            state,
            expires_at: head.expires_at,
            version: 0,
        }
    }
}

crate::record!(Head, IopsAnalysis);
crate::record!(Snapshot, IopsAnalysis);
crate::record!(crate::Counts, IopsAnalysis);

/// How far the analysis of a host has come; `None`: not at all.
pub async fn head(store: &impl Store, host: &Hostname) -> Result<Option<Head>, RecordError> {
    get(store, &subject(host), Head::ENTRY).await
}

/// The last snapshot of a host's detectors.
pub async fn snapshot(store: &impl Store, host: &Hostname) -> Result<Option<Snapshot>, RecordError> {
    get(store, &subject(host), Snapshot::ENTRY).await
}
