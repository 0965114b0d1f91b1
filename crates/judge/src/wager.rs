//! Evidence against the canary: a game in which no strategy wins money on average while the canary is not worse.
//!
//! A [`Wager`] starts with 1 and bets on hits (errors, slow answers, disagreements). If the canary is not worse, its
//! money is a nonnegative supermartingale, so by Ville's inequality the chance that it ever reaches 1/α is at most α:
//! after whatever number of looks. The money is split three ways, and a sum of such games is one:
//!
//! - over alternatives (twice, four times … as many hits), since how bad a canary is isn't known;
//! - over sections of the rollout: a game begins with each, with 7/10 of the money for the first and 3/10 · 1/(j(j+1)) for the j-th after it. The first
//!   carries everything over from the beginning; the later ones are not weighed down by the good time before them;
//! - the `noisy` groups of hosts that speak most against the canary are left out, in each game by itself: their hits are
//!   taken back, and their requests as far as that can be done without overpaying. What is left is at most what the game
//!   without these groups would have, for every choice of that many groups, so the bound holds if any that many groups
//!   misbehave in any way.

use crate::measure::GROUPS;
use crate::number::number;

/// What one alternative wins in a round; logarithms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stake {
    /// With no hit of the canary.
    pub(crate) base: f64,
    /// For each hit of the canary.
    pub(crate) gain: f64,
    /// At least so much more for each request of the canary that had not been made: what leaving a host out gives back.
    pub(crate) back: f64,
}

impl Stake {
    /// The canary has `ratio` times as many hits as the baseline, against at most as many: `canary` and `baseline`
    /// requests were made, of the baseline's `hits` were hits. See the README, "Two arms".
    pub(crate) fn two_arms(ratio: f64, canary: u64, baseline: u64, hits: u64) -> Self {
        let (canary, baseline) = (number(canary), number(baseline));
        let (alike, apart) = (canary + baseline, ratio * canary + baseline);
        let each = (alike / apart).ln();
        // `each` is convex in `canary`: it rises by at least this for each request less.
        let slope = ratio / apart - 1.0 / alike;
        Self { base: number(hits) * each, gain: each + ratio.ln(), back: number(hits) * slope }
    }

    /// A share of hits of `alternative`, against at most `tolerated`, among so many requests.
    pub(crate) fn one_arm(alternative: f64, tolerated: f64, requests: u64) -> Self {
        let good = ((1.0 - alternative) / (1.0 - tolerated)).ln();
        Self { base: number(requests) * good, gain: (alternative / tolerated).ln() - good, back: -good }
    }
}

/// Hits among requests of one group of hosts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of {
    pub(crate) group: u16,
    pub(crate) hits: u64,
    pub(crate) samples: u64,
}

/// A game that began with a section.
#[derive(Debug, Clone)]
struct Game {
    money: f64,
    /// Logarithm of what each alternative has made of 1.
    logs: Vec<f64>,
    /// What each group had won for each alternative before this game began.
    before: Vec<f64>,
}

/// Evidence against the canary in one criterion.
#[derive(Debug, Clone)]
pub(crate) struct Wager {
    alternatives: usize,
    noisy: usize,
    divisor: f64,
    games: Vec<Game>,
    /// What each group has won for each alternative since the beginning: with the group left out, it would be missing.
    won: Vec<f64>,
    /// The groups that have won most, about.
    top: Vec<u16>,
}

/// The part of the money that the first game has.
const FIRST: f64 = 0.7;

impl Wager {
    pub(crate) fn new(alternatives: usize, noisy: usize, failing_together: u32) -> Self {
        Self {
            alternatives,
            noisy,
            divisor: f64::from(failing_together),
            games: Vec::new(),
            won: vec![0.0; alternatives * usize::from(GROUPS)],
            top: Vec::with_capacity(noisy),
        }
    }

    /// A section begins.
    pub(crate) fn begin(&mut self) {
        let before = number(self.games.len() as u64);
        let money = if self.games.is_empty() { FIRST } else { (1.0 - FIRST) / (before * (before + 1.0)) };
        self.games.push(Game { money, logs: vec![0.0; self.alternatives], before: self.won.clone() });
    }

    /// What later sections will begin with.
    fn kept(&self) -> f64 {
        if self.games.is_empty() { 1.0 } else { (1.0 - FIRST) / number(self.games.len() as u64) }
    }

    /// Plays one round: the stakes, one for each alternative, and the canary's groups.
    pub(crate) fn play(&mut self, stakes: &[Stake], groups: &[Of]) {
        let all: u64 = groups.iter().map(|of| of.hits).sum();
        for (at, stake) in stakes.iter().enumerate() {
            let made = (stake.base + number(all) * stake.gain) / self.divisor;
            for game in &mut self.games {
                game.logs[at] += made;
            }
        }
        for of in groups {
            let place = usize::from(of.group) * self.alternatives;
            for (won, stake) in self.won[place..].iter_mut().zip(stakes) {
                *won += (number(of.hits) * stake.gain - number(of.samples) * stake.back) / self.divisor;
            }
            if of.hits > 0 {
                self.rank(of.group);
            }
        }
    }

    fn rank(&mut self, group: u16) {
        if self.noisy == 0 || self.top.contains(&group) {
            return;
        }
        if self.top.len() < self.noisy {
            self.top.push(group);
            return;
        }
        let won = |group: u16| self.won[usize::from(group) * self.alternatives];
        let least = (0..self.top.len()).min_by(|a, b| won(self.top[*a]).total_cmp(&won(self.top[*b])));
        if let Some(least) = least
            && won(self.top[least]) < won(group)
        {
            self.top[least] = group;
        }
    }

    /// The money there is now: an e-value.
    pub(crate) fn value(&self) -> f64 {
        self.games.iter().map(|game| game.money * self.of(game)).sum::<f64>() + self.kept()
    }

    /// As [`Self::value`] where that may be as much as `enough`; otherwise anything below `enough`, at less cost.
    pub(crate) fn value_near(&self, enough: f64) -> f64 {
        let most = |game: &Game| {
            game.logs.iter().map(|log| log.min(600.0).exp()).sum::<f64>() / number(self.alternatives as u64)
        };
        let most = self.games.iter().map(|game| game.money * most(game)).sum::<f64>() + self.kept();
        if most < enough { most } else { self.value() }
    }

    /// What a game has made of 1, with the noisiest groups left out.
    fn of(&self, game: &Game) -> f64 {
        let mut sum = 0.0;
        let mut most: Vec<f64> = Vec::with_capacity(self.noisy + 1);
        for (at, log) in game.logs.iter().enumerate() {
            most.clear();
            if self.noisy == 0 {
                sum += log.min(600.0).exp();
                continue;
            }
            let all = self.won.iter().zip(&game.before).skip(at).step_by(self.alternatives);
            for (won, before) in all {
                let won = won - before;
                if won > 0.0 && (most.len() < self.noisy || most.last().is_some_and(|least| *least < won)) {
                    let place = most.partition_point(|other| *other >= won);
                    most.insert(place, won);
                    most.truncate(self.noisy);
                }
            }
            sum += (log - most.iter().sum::<f64>()).min(600.0).exp();
        }
        sum / number(self.alternatives as u64)
    }

    /// The groups that speak most against the canary, by what was seen so far.
    pub(crate) fn noisiest(&self) -> &[u16] {
        &self.top
    }
}

/// Evidence that the canary is good enough: the same game, played against "worse by more than a margin".
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    logs: Vec<f64>,
    divisor: f64,
}

impl Proof {
    pub(crate) fn new(alternatives: usize, failing_together: u32) -> Self {
        Self { logs: vec![0.0; alternatives], divisor: f64::from(failing_together) }
    }

    /// Plays one round with so many hits of the canary.
    pub(crate) fn play(&mut self, stakes: &[Stake], hits: u64) {
        for (log, stake) in self.logs.iter_mut().zip(stakes) {
            *log += (stake.base + number(hits) * stake.gain) / self.divisor;
        }
    }

    pub(crate) fn value(&self) -> f64 {
        self.logs.iter().map(|log| log.min(600.0).exp()).sum::<f64>() / number(self.logs.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expectation of what a round makes of 1, over all outcomes, with the canary's and the baseline's share.
    fn expected(canary: (u64, f64), baseline: (u64, f64), stake: impl Fn(u64) -> Stake) -> f64 {
        let chance = |n: u64, p: f64, k: u64| {
            let choose: f64 = (0..k).map(|i| number(n - i) / number(i + 1)).product();
            choose * p.powf(number(k)) * (1.0 - p).powf(number(n - k))
        };
        let mut sum = 0.0;
        for x in 0..=canary.0 {
            for y in 0..=baseline.0 {
                let stake = stake(y);
                let made = (stake.base + number(x) * stake.gain).exp();
                sum += chance(canary.0, canary.1, x) * chance(baseline.0, baseline.1, y) * made;
            }
        }
        sum
    }

    #[test]
    fn nobody_wins_on_average_while_the_canary_is_not_worse() {
        for share in [0.001, 0.01, 0.05, 0.3, 0.7, 0.999] {
            for (canary, baseline) in [(1, 1), (5, 45), (30, 30), (40, 3)] {
                for ratio in [1.5, 2.0, 8.0, 32.0] {
                    for better in [1.0, 0.5] {
                        let made = expected((canary, share * better), (baseline, share), |y| {
                            Stake::two_arms(ratio, canary, baseline, y)
                        });
                        assert!(made <= 1.0 + 1e-9, "{share} {canary} {baseline} {ratio}: {made}");
                    }
                }
                let made = expected((canary, share), (0, 0.5), |_| {
                    Stake::one_arm((share * 2.0).min(0.9995), share, canary)
                });
                assert!(made <= 1.0 + 1e-9, "{share}: {made}");
            }
        }
    }

    #[test]
    fn a_margin_is_disproved_only_by_luck() {
        // Turned round: the canary is three times as bad, and the bet is that it is only as bad as the baseline.
        for share in [0.001, 0.05, 0.3] {
            for (canary, baseline) in [(5, 45), (20, 20), (40, 3)] {
                let made = expected((canary, 3.0 * share), (baseline, share), |y| {
                    crate::criteria::within(3.0, 1.0, canary, baseline, y)
                });
                assert!(made <= 1.0 + 1e-9, "{share} {canary} {baseline}: {made}");
            }
        }
    }

    #[test]
    fn hits_of_the_noisiest_groups_are_no_evidence() {
        let stakes = [Stake::two_arms(4.0, 100, 900, 9)];
        let play = |hits: &[(u16, u64)]| {
            let hits: Vec<Of> =
                hits.iter().map(|(group, hits)| Of { group: *group, hits: *hits, samples: 30 }).collect();
            let mut wager = Wager::new(1, 2, 1);
            wager.begin();
            (0..20).for_each(|_| wager.play(&stakes, &hits));
            wager.value()
        };
        assert!(play(&[(7, 30), (8, 30)]) < 1.0, "two groups");
        assert!(play(&[(7, 30), (8, 30), (9, 5)]) > 1e6, "and a third");
    }

    #[test]
    fn leaving_a_group_out_never_leaves_more_than_the_game_without_it() {
        let (canary, baseline, hits) = (100, 700, 9);
        for ratio in [1.5, 2.5, 6.0] {
            for (samples, own) in [(1, 1), (20, 0), (20, 3), (60, 20), (100, 30)] {
                let all = Stake::two_arms(ratio, canary, baseline, hits);
                let others = if samples == canary { 0 } else { 12 };
                let left = all.base + number(others + own) * all.gain
                    - (number(own) * all.gain - number(samples) * all.back);
                let without = Stake::two_arms(ratio, canary - samples, baseline, hits);
                let real = without.base + number(others) * without.gain;
                assert!(left <= real + 1e-9, "{ratio} {samples} {own}: {left} and not {real}");
            }
        }
    }

    #[test]
    fn a_late_fall_is_seen_though_a_good_time_went_before() {
        let mut one = Wager::new(1, 0, 1);
        one.begin();
        let mut many = one.clone();
        for round in 0..60 {
            if round % 6 == 0 && round > 0 {
                many.begin();
            }
            let hits = [Of { group: 1, hits: if round < 55 { 1 } else { 10 }, samples: 100 }];
            for wager in [&mut one, &mut many] {
                wager.play(&[Stake::two_arms(4.0, 100, 900, 9)], &hits);
            }
        }
        assert!(one.value() < 1.0 && many.value() > 1_000.0, "{} {}", one.value(), many.value());
    }
}
