//! What an instance keeps in mind from run to run.

use crate::measure::{Counted, Counter};
use crate::route::Route;
use capstan_core::iops::Hostname;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use watch::{Watch, Window};

/// The most hosts in mind. Beyond that the half that has been quiet longest is forgotten, and comes back by its snapshots. Nine
/// detectors of four kilobytes each: some 140 MB at most.
const MOST: usize = 4_000;

/// What is known of a host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mind {
    /// Its detectors.
    pub(crate) watch: Watch,
    /// Its last hour, if a model is asked about it.
    pub(crate) window: Option<Window>,
}

impl From<Watch> for Mind {
    fn from(watch: Watch) -> Self {
        Self { watch, window: None }
    }
}

/// Detectors of hosts, the routing, and what was counted. One an instance.
#[derive(Debug, Default)]
pub struct Memory {
    known: Mutex<Known>,
    pub(crate) route: Route,
    pub(crate) counter: Counter,
}

#[derive(Debug, Default)]
struct Known {
    /// Detectors, with the time of the last sample in them, and when they were put here.
    hosts: HashMap<Hostname, (u64, u64, Mind)>,
    /// How often something was put.
    puts: u64,
}

impl Memory {
    /// The memory of an instance that has just started.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was counted of each arm since this was last asked, for the dashboard.
    pub fn take_counts(&self) -> Vec<Counted> {
        self.counter.take()
    }

    /// Takes a host's detectors out, if they are where its head is. Others are of no use any more.
    pub(crate) fn take(&self, host: &Hostname, position: u64) -> Option<Mind> {
        let (at, _, mind) = self.lock().hosts.remove(host)?;
        (at == position).then_some(mind)
    }

    pub(crate) fn put(&self, host: &Hostname, position: u64, mind: Mind) {
        let mut known = self.lock();
        known.puts += 1;
        let put = known.puts;
        known.hosts.insert(host.clone(), (position, put, mind));
        if known.hosts.len() > MOST {
            let mut puts: Vec<u64> = known.hosts.values().map(|(_, put, _)| *put).collect();
            let (_, middle, _) = puts.select_nth_unstable(MOST / 2);
            let middle = *middle;
            known.hosts.retain(|_, (_, put, _)| *put > middle);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_of_hosts_is_forgotten_from_its_quiet_end() {
        let memory = Memory::new();
        let host = |number: usize| Hostname::parse(&format!("h{number}")).unwrap();
        for number in 0..=MOST {
            memory.put(&host(number), 7, Mind::default());
        }
        assert!(memory.take(&host(0), 7).is_none());
        assert!(memory.take(&host(MOST), 6).is_none(), "of another time");
        assert!(memory.take(&host(MOST - 1), 7).is_some());
        assert!(memory.lock().hosts.len() <= MOST / 2);
    }
}
