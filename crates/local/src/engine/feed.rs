//! Streams of tables: their records in batches to functions, as Lambda's event source mappings do it.
//!
//! The records of one partition are handed over in order, one batch after the other; those of different partitions go by
//! lanes beside each other. What fails is repeated from the record on that the function names, or as a whole, which is cut
//! in two where the template says so; what fails too often or grows too old is given up, and named in a queue. A record
//! leaves the stream when it has been seen to, so what a process had in hand when it died comes again.

use super::agenda::Due;
use super::event::event_of;
use super::hands::Job;
use super::standing::Waiting;
use super::{Delivery, Engine};
use crate::digest;
use crate::system::Invoked;
use crate::template::StreamSource;
use capstan_core::time::{Millis, Timestamp};
use serde_json::Value;
use sim::StreamRecord;
use std::collections::VecDeque;
use std::io::{self, Write};

/// The most records in hand of one stream: a batch for each lane, and as many again.
const MOST_IN_HAND: usize = 10_000;
/// Fewer than this are not fetched.
const WORTH_IT: usize = 1_000;
/// The wait before the first repetition; each is twice as long as the one before.
const FIRST_WAIT: Millis = Millis::seconds(1);
/// The longest.
const LONGEST_WAIT: Millis = Millis::minutes(1);

/// Records that were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// The name of the queue in which they are named.
    pub queue: String,
    /// The first record and the last.
    pub records: (u64, u64),
    /// How many.
    pub count: usize,
    /// Why.
    pub reason: String,
}

/// A stream on its way to a function.
#[derive(Debug)]
pub(super) struct Feed {
    source: StreamSource,
    /// The last record taken in hand.
    taken: u64,
    lanes: Vec<Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<StreamRecord>,
    /// Batches that were begun and not ended, the next one last.
    begun: Vec<Batch>,
    /// The next batch is on the agenda, or under way.
    busy: bool,
}

#[derive(Debug)]
struct Batch {
    records: Vec<StreamRecord>,
    /// How often it has failed.
    failed: u32,
}

impl Feed {
    pub(super) fn new(source: StreamSource) -> Self {
        let lanes = (0..source.lanes).map(|_| Lane::default()).collect();
        Self { source, taken: 0, lanes }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.lanes.iter().all(|lane| !lane.busy && lane.waiting.is_empty() && lane.begun.is_empty())
    }

    fn in_hand(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting.len()).sum()
    }

    fn take(&mut self, record: StreamRecord) {
        self.taken = record.sequence;
        let lane = digest::number(&[record.key.partition.as_bytes()]) % self.lanes.len() as u64;
        self.lanes[usize::try_from(lane).unwrap_or(0)].waiting.push_back(record);
    }
}

impl Lane {
    /// The next batch, with those too old for it taken out.
    fn next(&mut self, source: &StreamSource, now: Timestamp) -> (Option<Batch>, Vec<StreamRecord>) {
        let mut batch = self.begun.pop().unwrap_or_else(|| {
            let count = self.waiting.len().min(source.batch);
            Batch { records: self.waiting.drain(..count).collect(), failed: 0 }
        });
        let (old, fresh): (Vec<_>, Vec<_>) =
            batch.records.into_iter().partition(|record| now.since(record.at) > source.longest);
        batch.records = fresh;
        (Some(batch).filter(|batch| !batch.records.is_empty()), old)
    }
}

impl Engine {
    /// Takes in hand what has come onto the streams, and has lanes that rest go on.
    pub(super) fn look_at_streams(&mut self) {
        let now = self.now();
        let system = self.system.clone();
        for stream in 0..self.feeds.len() {
            let feed = &mut self.feeds[stream];
            let room = MOST_IN_HAND.saturating_sub(feed.in_hand());
            // Where the store can't be read, the driver finds that out by itself.
            let records = if room < WORTH_IT {
                Vec::new()
            } else {
                self.system.world().stream_after(feed.taken, room).unwrap_or_default()
            };
            let name =
                system.description().function(&feed.source.function).map_or("", |spec| spec.name.as_str());
            for record in records {
                let wanted = record.home.is_none()
                    || system.world().with(|world| world.feeds_from(name, record.home.as_deref()));
                feed.taken = record.sequence;
                if wanted {
                    feed.take(record);
                } else {
                    // Nobody reads that table's stream.
                    system.world().stream_done(&[record.sequence]);
                }
            }
            for lane in 0..feed.lanes.len() {
                self.rouse(stream, lane, now);
            }
        }
    }

    /// Has a lane that rests go on at this time, if there is anything in it.
    fn rouse(&mut self, stream: usize, lane: usize, at: Timestamp) {
        let one = &mut self.feeds[stream].lanes[lane];
        let rests = !one.busy;
        if rests && (!one.waiting.is_empty() || !one.begun.is_empty()) {
            one.busy = true;
            self.agenda.add(at, Due::Feed { stream, lane });
        }
    }

    /// Hands over the next batch of a lane.
    pub(super) fn feed(&mut self, stream: usize, lane: usize) {
        let now = self.now();
        let feed = &mut self.feeds[stream];
        let (batch, old) = feed.lanes[lane].next(&feed.source, now);
        let (function, arn) = (feed.source.function.clone(), feed.source.arn.clone());
        if !old.is_empty() {
            self.give_up_records(stream, &old, "they are older than records may grow");
        }
        let Some(batch) = batch else {
            self.feeds[stream].lanes[lane].busy = false;
            return self.rouse(stream, lane, now);
        };
        let records = batch.records.clone();
        self.feeds[stream].lanes[lane].begun.push(batch);
        let (amiss, waiting) = (self.batch_amiss(), Waiting::Feed { stream, lane });
        if let (None, Some(hands)) = (amiss, &self.hands) {
            return hands.take(Job { function, arn, records, began: now, waiting });
        }
        let event = event_of(&records, &arn);
        if let Some(delivery) = amiss {
            match delivery {
                Delivery::Late(by) => {
                    self.agenda
                        .add(now + by, Due::Again { function: function.clone(), input: event.clone() });
                }
                Delivery::Duplicate | Delivery::AtOnce => {
                    self.agenda.add(now, Due::Again { function: function.clone(), input: event.clone() });
                }
            }
        }
        self.run(&function, event, waiting);
    }

    /// What came of a batch.
    pub(super) fn fed(&mut self, stream: usize, lane: usize, invoked: Invoked) {
        let at = self.now() + invoked.latency;
        let feed = &mut self.feeds[stream];
        feed.lanes[lane].busy = false;
        let Some(mut batch) = feed.lanes[lane].begun.pop() else { return };
        let (source, wait) = (feed.source.clone(), wait(batch.failed));
        let failed_from = failed_from(&invoked, &source, &batch.records);
        let left = batch.records.split_off(failed_from.unwrap_or(batch.records.len()));
        let done: Vec<u64> = batch.records.iter().map(|record| record.sequence).collect();
        if !done.is_empty() {
            self.system.world().stream_done(&done);
        }
        if left.is_empty() {
            return self.rouse(stream, lane, at);
        }
        let failed = if done.is_empty() { batch.failed + 1 } else { 1 };
        if failed > source.retries {
            let why = invoked
                .answer
                .err()
                .map_or_else(|| "the function said so".to_owned(), |error| error.to_string());
            self.give_up_records(stream, &left, &format!("they failed {failed} times, last: {why}"));
            return self.rouse(stream, lane, at);
        }
        let mut left = left;
        let begun = &mut self.feeds[stream].lanes[lane].begun;
        if source.bisect && invoked.answer.is_err() && left.len() > 1 {
            let second = left.split_off(left.len() / 2);
            begun.push(Batch { records: second, failed });
        }
        begun.push(Batch { records: left, failed });
        self.rouse(stream, lane, at + wait);
    }

    /// What was given up so far.
    pub fn given_up(&self) -> &[GivenUp] {
        &self.given_up
    }

    fn give_up_records(&mut self, stream: usize, records: &[StreamRecord], reason: &str) {
        let queue = self.feeds[stream].source.dead_letters.clone();
        let sequences: Vec<u64> = records.iter().map(|record| record.sequence).collect();
        let (Some(first), Some(last)) = (sequences.first(), sequences.last()) else { return };
        self.system.world().stream_done(&sequences);
        let given_up =
            GivenUp { queue, records: (*first, *last), count: records.len(), reason: reason.to_owned() };
        if !self.mishaps.hushed {
            let GivenUp { queue, count, .. } = &given_up;
            // Nobody to tell if this fails.
            let _ = writeln!(io::stderr(), "{count} records are given up and named in {queue}: {reason}");
        }
        self.given_up.push(given_up);
    }
}

/// The first record that is to be repeated. A record that the batch does not hold, as Lambda has it, is the first.
fn failed_from(invoked: &Invoked, source: &StreamSource, records: &[StreamRecord]) -> Option<usize> {
    let answer = match &invoked.answer {
        Err(_) => return Some(0),
        Ok(answer) if source.reports => answer,
        Ok(_) => return None,
    };
    let failures = answer.get("batchItemFailures").and_then(Value::as_array).into_iter().flatten();
    failures
        .map(|failure| {
            let named =
                failure.get("itemIdentifier").and_then(Value::as_str).and_then(|text| text.parse().ok());
            records.iter().position(|record| Some(record.sequence) == named).unwrap_or(0)
        })
        .min()
}

fn wait(failed: u32) -> Millis {
    Millis(FIRST_WAIT.0.saturating_mul(1 << failed.min(6))).min(LONGEST_WAIT)
}
