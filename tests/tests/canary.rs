//! How the judge of canaries does on ten thousand rollouts of a drawn workload each: how often it is wrong, however often
//! it looks, and how soon it is right, held against tests of a fixed size.
#![expect(clippy::expect_used, reason = "a test")]

use judge::{Arm, Interval, Judge, Reason, Settings, Verdict};
use local::canary::{Behaviour, Outcome, Scenario, Summary, Workload, play_all};

const RUNS: u64 = 10_000;

/// No weather and even hosts: what a test of fixed size is made for.
fn even(workload: Workload) -> Workload {
    Workload { weather: false, uneven: 0.0, ..workload }
}

/// The judge looks every five seconds instead of every second: for rollouts that go all the way.
fn rarer(workload: Workload) -> Workload {
    Workload { interval_seconds: 5, ..workload }
}

fn played(name: &str, workload: &Workload, runs: u64) -> (Vec<Outcome>, Summary) {
    let outcomes = play_all(workload, &Settings::default(), 27, runs).expect("settings");
    let summary = Summary::of(&outcomes);
    // Read by people, for the page of the decision.
    println!("{name}: {}", serde_json::to_string(&summary).expect("JSON"));
    (outcomes, summary)
}

/// So many of a hundred.
fn percent(part: u64, of: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let percent = part as f64 * 100.0 / of as f64;
    percent
}

/// Rolled back by its data or by its limit, both are wrong for a healthy one.
fn holds_for_the_healthy(name: &str, workload: &Workload, runs: u64) {
    let (_, summary) = played(name, workload, runs);
    let wrong = percent(summary.rolled_back + summary.held, runs);
    assert!(wrong <= 1.0, "{name}: {wrong} % of healthy canaries did not come through");
}

#[test]
fn healthy_canaries_come_through() {
    holds_for_the_healthy("healthy", &rarer(Scenario::Healthy.workload()), RUNS);
}

#[test]
fn healthy_canaries_come_through_with_even_hosts_and_no_weather() {
    holds_for_the_healthy("healthy, even", &rarer(even(Scenario::Healthy.workload())), RUNS);
}

#[test]
fn healthy_canaries_come_through_looked_at_every_second() {
    holds_for_the_healthy("healthy, every second", &Scenario::Healthy.workload(), 2_000);
}

#[test]
fn healthy_canaries_with_noisy_or_uneven_hosts_come_through() {
    let healthy = rarer(Scenario::Healthy.workload());
    holds_for_the_healthy("4 noisy hosts of 400", &Workload { noisy_hosts: 4, ..healthy }, 2_000);
    holds_for_the_healthy("uneven hosts", &Workload { uneven: 0.5, ..healthy }, 2_000);
}

/// The 99th percentile of the normal distribution: level 1 %, power 99 %.
const Z: f64 = 2.326_347_874;

/// Requests of the canary that a one-sided test of two shares needs, of level 1 % and power 99 %, where the baseline has
/// `baseline` requests for each of the canary's: n = (z√(p̄q̄(1 + 1/r)) + z√(p₁q₁ + p₀q₀/r))² / (p₁ − p₀)²,
/// p̄ = (p₁ + r·p₀)/(1 + r) (Fleiss, Levin and Paik: Statistical methods for rates and proportions, 2003, section 4.2,
/// without the correction for continuity, which would make it larger).
fn fixed_size(worse: f64, usual: f64, baseline: f64) -> f64 {
    let mean = (worse + baseline * usual) / (1.0 + baseline);
    let alike = (mean * (1.0 - mean) * (1.0 + 1.0 / baseline)).sqrt();
    let apart = (worse * (1.0 - worse) + usual * (1.0 - usual) / baseline).sqrt();
    ((Z * alike + Z * apart) / (worse - usual)).powi(2)
}

/// Caught in the first stage by data, in at least 99 of a hundred; the median of all requests.
fn caught(name: &str, workload: &Workload) -> f64 {
    let (outcomes, summary) = played(name, workload, RUNS);
    let caught =
        outcomes.iter().filter(|o| o.reason == Reason::CanaryWorse && o.percent == 10).count() as u64;
    assert!(percent(caught, RUNS) >= 99.0, "{name}: {caught} of {RUNS} were stopped in the first stage");
    // Not only held there until it was found: most within the stage's two minutes.
    let in_time =
        outcomes.iter().filter(|o| o.reason == Reason::CanaryWorse && o.seconds <= 120).count() as u64;
    println!("{name}: {} % within the first two minutes", percent(in_time, RUNS));
    u32::try_from(summary.requests.median).map_or(f64::INFINITY, f64::from)
}

/// The formula is held against what it promises: a test of that size raises so few alarms, and misses so few.
#[test]
fn the_fixed_size_has_the_level_and_the_power_it_is_said_to_have() {
    let size = fixed_size(0.05, 0.01, 9.0);
    assert!((size - 401.0).abs() < 1.0, "{size}");
    let mut random = Random(9);
    let mut hits = |requests: u64, per_mille: u64| {
        let hits = (0..requests).filter(|_| random.below(1000) < per_mille).count();
        [f64::from(u32::try_from(requests).expect("small")), f64::from(u32::try_from(hits).expect("small"))]
    };
    let mut alarms = |canary| (0..4_000).filter(|_| z([hits(9 * 401, 10), hits(401, canary)]) > Z).count();
    let (level, power) = (percent(alarms(10) as u64, 4_000), percent(alarms(50) as u64, 4_000));
    println!("a test of fixed size: level {level} %, power {power} %");
    assert!((0.5..2.5).contains(&level) && (98.0..99.8).contains(&power), "{level} {power}");
}

#[test]
fn five_percent_errors_against_one_are_found_sooner_than_by_a_test_of_fixed_size() {
    let median = caught("errors", &even(Scenario::Errors.workload()));
    let fixed = fixed_size(0.05, 0.01, 9.0) * 10.0;
    println!("errors: median {median} requests, fixed size {fixed:.0}");
    assert!(median < fixed, "{median} and {fixed}");
    caught("errors, with weather and uneven hosts", &Scenario::Errors.workload());
}

/// Requests of the canary that a test of two 95th percentiles needs, where latencies are lognormal with this spread: a
/// quantile's logarithm has the standard error √(0.95·0.05/n)/f, with f = φ(1.645)/spread the density there (Serfling:
/// Approximation theorems of mathematical statistics, 1980, section 2.3.3).
fn fixed_size_of_percentiles(times: f64, spread: f64, baseline: f64) -> f64 {
    let density = 0.103_135_64 / spread;
    let error = (0.95_f64 * 0.05 * (1.0 + 1.0 / baseline)).sqrt() / density;
    (2.0 * Z * error / times.ln()).powi(2)
}

#[test]
fn half_as_much_again_at_the_95th_percentile_is_found_sooner_than_by_a_test_of_fixed_size() {
    let median = caught("slow", &even(Scenario::Slow.workload()));
    let fixed = fixed_size_of_percentiles(1.5, 0.5, 9.0) * 10.0;
    println!("slow: median {median} requests, fixed size {fixed:.0}");
    assert!(median < fixed, "{median} and {fixed}");
    // A test that knows the baseline's percentile and the exact shares above it (20.2 % of lognormal latencies) needs less.
    println!("slow: a test of shares above a known percentile {:.0}", fixed_size(0.2023, 0.05, 9.0) * 10.0);
    caught("slow, with weather and uneven hosts", &Scenario::Slow.workload());
}

#[test]
fn a_tail_is_found_though_the_median_stays() {
    let canary = Behaviour { slower_tail: 1.5, ..Behaviour::default() };
    caught("slow tail", &Workload { canary, ..even(Workload::default()) });
}

#[test]
fn a_model_that_comes_to_other_scores_is_found() {
    caught("wrong", &Scenario::Wrong.workload());
}

/// At the edge of the margins, where it is the hardest: three times the errors; and all latencies a quarter more, which is
/// a little more than twice as many slow answers.
#[test]
fn a_canary_at_its_margin_is_promoted_in_at_most_one_rollout_of_twenty() {
    let errors = Behaviour { errors: 0.03, ..Behaviour::default() };
    let slow = Behaviour { slower: 1.25, ..Behaviour::default() };
    for (name, canary) in [("three times the errors", errors), ("a quarter slower", slow)] {
        let (_, summary) = played(name, &rarer(Workload { canary, ..even(Workload::default()) }), 2_000);
        let promoted = percent(summary.promoted, summary.runs);
        assert!(promoted <= 5.0, "{name}: {promoted} % were promoted");
    }
}

#[test]
fn silence_is_neither_success_nor_failure() {
    for scenario in [Scenario::Silent, Scenario::BaselineSick] {
        let (outcomes, summary) = played(scenario.name(), &rarer(scenario.workload()), 2_000);
        assert_eq!((summary.promoted, summary.rolled_back), (0, 0), "{}", scenario.name());
        // To the limit and no further: two minutes of the stage, ten of holding.
        assert!(outcomes.iter().all(|o| o.reason == Reason::NoVerdictPossible && o.seconds == 720));
    }
}

#[test]
fn a_drill_is_the_same_every_time() {
    let (first, _) = played("once", &Scenario::Errors.workload(), 50);
    let (second, _) = played("again", &Scenario::Errors.workload(), 50);
    assert_eq!(first, second);
    let other = play_all(&Scenario::Errors.workload(), &Settings::default(), 28, 50).expect("settings");
    assert_ne!(first, other);
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Exactly as bad as the baseline, at the edge of what is tolerated, no hosts left out, looked at after every request: and
/// beside it what a test of fixed size does that is looked at every time.
#[test]
fn looking_after_every_sample_raises_no_alarms() {
    let settings = Settings { noisy_groups: 0, ..Settings::default() };
    let (runs, requests) = (1_000, 5_000);
    let (mut alarms, mut peeked) = (0, 0);
    for run in 0..runs {
        let mut random = Random(run << 32);
        let mut judge = Judge::new(settings.clone(), 0).expect("settings");
        let (mut rolled_back, mut alarm) = (false, false);
        let mut sums = [[0.0_f64; 2]; 2];
        for number in 0..requests {
            let canary = random.below(10) == 0;
            let failed = random.below(20) == 0;
            let mut interval = Interval {
                start: number / 100,
                seconds: 1,
                percent: 10,
                canary: Arm::default(),
                baseline: Arm::default(),
            };
            let group = u16::try_from(random.below(100)).expect("small");
            let arm = if canary { &mut interval.canary } else { &mut interval.baseline };
            let millis = [50.0, 100.0, 200.0, 400.0]
                [usize::from(random.below(20) == 0) + usize::from(random.below(9) == 0)];
            arm.group(group).record(failed, millis, canary.then(|| random.below(20) == 0));
            judge.observe(&interval).unwrap_or_else(|error| panic!("{error}"));
            rolled_back |= judge.decide(number / 100).verdict == Verdict::RollBack;
            let side = &mut sums[usize::from(canary)];
            side[0] += 1.0;
            side[1] += f64::from(u8::from(failed));
            alarm |= number > 200 && z(sums) > Z;
        }
        alarms += u32::from(rolled_back);
        peeked += u32::from(alarm);
    }
    println!(
        "of {runs} rollouts looked at {requests} times each: {alarms} alarms; of a fixed-size test {peeked}"
    );
    assert!(alarms <= 10, "{alarms} of {runs}");
    // It would have been a trap: the other one falls into it.
    assert!(peeked > 50, "{peeked} of {runs}");
}

/// The usual test statistic for two shares.
fn z([[m, y], [n, x]]: [[f64; 2]; 2]) -> f64 {
    let mean = (x + y) / (n + m);
    (x / n - y / m) / (mean * (1.0 - mean) * (1.0 / n + 1.0 / m)).sqrt()
}
