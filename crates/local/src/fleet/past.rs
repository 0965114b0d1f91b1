//! Trouble that is over: what a fleet has been through before anybody looks.

use super::{Fleet, Incident};
use capstan_core::iops::Metric;

/// How long each trouble lasted, in seconds.
pub const LASTS: u64 = 15 * 60;
/// The shortest past that has room for troubles, in minutes: detectors have to have seen an hour of calm first.
pub const SHORTEST: u64 = 90;

/// Troubles of the past: each on a host of its own and for a quarter of an hour, begun one after the other at even distances.
/// Kinds follow each other, so that any stretch that has some of them has all kinds.
#[derive(Debug, Clone, Copy)]
pub struct Past {
    hosts: u32,
    troubles: u32,
    /// Between which seconds they begin.
    begin: (u64, u64),
}

impl Past {
    /// So many troubles, one a host at most, in the stretch from one second to another. The first half of it is calm: what is
    /// unusual can only be told by what is usual.
    pub fn new(fleet: Fleet, troubles: u32, from: u64, until: u64) -> Self {
        let half = (until.saturating_sub(from)) / 2;
        let begin = (from + half, until.saturating_sub(LASTS).max(from + half));
        Self { hosts: fleet.hosts(), troubles: troubles.min(fleet.hosts()), begin }
    }

    /// What was wrong with a host at a second, and since when.
    pub fn trouble(self, host: u32, at: u64) -> Option<(Incident, u64)> {
        // The last hosts first: what goes wrong while one looks is on the first ones.
        let number = self.hosts.checked_sub(host + 1).filter(|number| *number < self.troubles)?;
        let (first, last) = self.begin;
        let since = first + (last - first) * u64::from(number) / u64::from(self.troubles);
        let kind = usize::try_from(number).unwrap_or(0) % Incident::ALL.len();
        (since..since + LASTS).contains(&at).then_some((Incident::ALL[kind], since))
    }

    /// The metric as the host's trouble made it.
    pub fn struck(self, host: u32, metric: Metric) -> Metric {
        match self.trouble(host, metric.at) {
            Some((incident, since)) => incident.strike(&metric, metric.at - since),
            None => metric,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const FROM: u64 = 1_795_262_400;
    const UNTIL: u64 = FROM + 7_200;

    #[test]
    fn every_host_that_had_trouble_had_it_for_a_quarter_of_an_hour_and_in_the_second_half() {
        let past = Past::new(Fleet::new(40, 1), 24, FROM, UNTIL);
        for host in 0..40 {
            let when: Vec<u64> = (FROM..UNTIL).filter(|at| past.trouble(host, *at).is_some()).collect();
            assert_eq!(when.len(), if host < 16 { 0 } else { 900 }, "host {host}");
            assert!(
                when.first().is_none_or(|first| *first >= FROM + 3_600),
                "host {host}: {:?}",
                when.first()
            );
        }
    }

    /// The last fifth is what a model is measured on.
    #[test]
    fn the_first_four_fifths_and_the_last_one_have_every_kind() {
        let past = Past::new(Fleet::new(200, 1), 24, FROM, UNTIL);
        let kinds = |from: u64, until: u64| -> BTreeSet<String> {
            let all = (0..200).flat_map(|host| (from..until).map(move |at| (host, at)));
            all.filter_map(|(host, at)| past.trouble(host, at)).map(|(kind, _)| format!("{kind:?}")).collect()
        };
        let boundary = FROM + (UNTIL - FROM) * 4 / 5;
        assert_eq!((kinds(FROM, boundary).len(), kinds(boundary, UNTIL).len()), (6, 6));
    }

    #[test]
    fn there_is_no_more_trouble_than_hosts_and_none_where_none_is_wanted() {
        let any = |past: Past| (0..4).any(|host| (FROM..UNTIL).any(|at| past.trouble(host, at).is_some()));
        assert!(any(Past::new(Fleet::new(4, 1), 100, FROM, UNTIL)));
        assert!(!any(Past::new(Fleet::new(4, 1), 0, FROM, UNTIL)));
    }
}
