//! The truth table: bad inputs, and what other judges of canaries get wrong.
#![expect(clippy::unwrap_used, reason = "a test")]

use judge::{Arm, Criterion, Interval, Judge, Reason, Report, Rollout, Settings, Verdict};

/// So many requests over so many groups of hosts, of which the first ones fail.
fn arm(requests: u16, failing: u16, millis: f64, groups: u16) -> Arm {
    let mut arm = Arm::default();
    // Steps of 7 go round all groups, so those that fail are on different hosts.
    (0..requests).for_each(|n| arm.group(n * 7 % groups).record(n < failing, millis, Some(n % 50 == 0)));
    arm
}

fn interval(start: u64, percent: u8, canary: Arm, baseline: Arm) -> Interval {
    Interval { start, seconds: 10, percent, canary, baseline }
}

/// Ten seconds at 10 %: 100 requests and 900, of the baseline's 9 fail.
fn ten_percent(start: u64, canary: Arm) -> Interval {
    interval(start, 10, canary, arm(900, 9, 100.0, 360))
}

fn good(start: u64) -> Interval {
    ten_percent(start, arm(100, 1, 100.0, 40))
}

/// The same again and again, for so many seconds from 0.
fn play(seconds: u64, each: impl Fn(u64) -> Interval) -> Judge {
    let mut judge = Judge::new(Settings::default(), 0).unwrap();
    (0..seconds / 10).for_each(|n| judge.observe(&each(n * 10)).unwrap());
    judge
}

fn verdict(report: &Report) -> (Verdict, Reason) {
    (report.decision.verdict, report.decision.reason)
}

const WORSE: (Verdict, Reason) = (Verdict::RollBack, Reason::CanaryWorse);
const GOOD: (Verdict, Reason) = (Verdict::Promote, Reason::ShownGood);

#[test]
fn a_good_canary_is_promoted_when_the_time_is_over_and_not_before() {
    assert_eq!(verdict(&play(110, good).report(119)), (Verdict::Hold, Reason::TooEarly));
    let report = play(120, good).report(120);
    assert_eq!(verdict(&report), GOOD, "{report:#?}");
    assert!(!report.last_stage && report.text.contains("next stage"));
}

#[test]
fn no_data_are_no_success_and_no_failure() {
    let nothing = |start| interval(start, 10, Arm::default(), Arm::default());
    let no_canary = |start| ten_percent(start, Arm::default());
    let no_baseline = |start| interval(start, 10, arm(100, 1, 100.0, 40), Arm::default());
    for (silent, words) in [
        (play(0, nothing), "neither arm had a request"),
        (play(720, nothing), "neither arm had a request"),
        (play(720, no_canary), "the canary had no request"),
        (play(720, no_baseline), "the baseline had no request"),
    ] {
        assert_eq!(verdict(&silent.report(60)), (Verdict::Hold, Reason::TooEarly));
        let held = silent.report(719);
        assert_eq!(verdict(&held), (Verdict::Hold, Reason::NoData));
        assert!(held.text.contains(words), "{}", held.text);
        // The limit ends it, and says that it knows nothing.
        let ended = silent.report(720);
        assert_eq!(verdict(&ended), (Verdict::RollBack, Reason::NoVerdictPossible));
        assert_eq!(ended.decision.held_for, Some(Reason::NoData));
        assert!(
            ended.text.contains(words) && ended.text.contains("says nothing about the canary"),
            "{}",
            ended.text
        );
        assert!(ended.worse.is_empty());
    }
}

#[test]
fn one_sample_decides_nothing() {
    for failing in [0, 1] {
        let judge = play(10, |start| ten_percent(start, arm(1, failing, 100.0, 40)));
        assert_eq!(verdict(&judge.report(130)), (Verdict::Hold, Reason::TooFewRequests), "{failing}");
    }
}

#[test]
fn what_is_not_a_number_is_no_latency() {
    let judge = play(120, |start| ten_percent(start, arm(100, 1, f64::NAN, 40)));
    let report = judge.report(120);
    // Nothing is known about its latency, so it can't be shown to be good; the requests are counted all the same.
    assert_eq!(verdict(&report), (Verdict::Hold, Reason::NotShownYet));
    let latency = report.criteria.iter().find(|found| found.criterion == Criterion::Latency).unwrap();
    assert_eq!((latency.canary.samples, latency.canary.share), (0, None));
    assert_eq!(report.stage_requests, [1200, 10_800]);
    assert!(serde_json::to_string(&report).unwrap().contains("\"share\":null"));
}

#[test]
fn a_canary_that_only_fails_goes_at_once() {
    let report = play(10, |start| ten_percent(start, arm(100, 100, 100.0, 40))).report(10);
    assert_eq!(verdict(&report), WORSE);
    assert_eq!(report.worse, [(Criterion::Errors, 10)]);
    assert!(report.text.contains("errors: canary 100 of 100 (100.00 %"), "{}", report.text);
}

#[test]
fn a_baseline_without_errors_divides_nothing() {
    let flawless = |failing: u16| {
        move |start| interval(start, 10, arm(100, failing, 100.0, 40), arm(900, 0, 100.0, 360))
    };
    let report = play(120, flawless(0)).report(120);
    assert_eq!(verdict(&report), GOOD);
    assert!(report.criteria.iter().all(|found| found.against.is_finite() && found.good.is_finite()));
    assert_eq!(verdict(&play(120, flawless(5)).report(120)), WORSE);
    // One error in 1200 is infinitely many times as many as none, and no harm.
    let judge = play(120, |start| flawless(u16::from(start == 50))(start));
    assert_eq!(verdict(&judge.report(120)), GOOD);
}

/// Ten samples after two minutes of good ones. That seven slow answers of a hundred all fall to the canary's tenth by
/// chance is as likely as 1 in 10⁷, and 1 in 10⁵ for the five that are left without the two noisiest hosts: evidence enough.
/// With one left, or with all on two hosts, there is none.
#[test]
fn seven_of_ten_samples_a_hundred_times_worse() {
    for (slow, hosts, wanted) in [(7, 10, WORSE), (3, 10, GOOD), (7, 2, GOOD)] {
        let mixed = |start| {
            let mut canary = Arm::default();
            (0..10_u16).for_each(|n| {
                canary.group(n % hosts * 9).record(false, if n < slow { 10_000.0 } else { 100.0 }, None);
            });
            interval(start, 10, canary, arm(90, 1, 100.0, 36))
        };
        let judge = play(130, |start| if start < 120 { good(start) } else { mixed(start) });
        assert_eq!(verdict(&judge.report(130)), wanted, "{slow} on {hosts}");
    }
}

/// Where no answer is slow, none can be compared; that the canary has none is shown all the same.
#[test]
fn what_is_fast_enough_is_shown_to_be_good() {
    let mut settings = Settings::default();
    settings.latency.floor_millis = 400.0;
    for (millis, wanted) in [(300.0, GOOD), (900.0, WORSE)] {
        let mut judge = Judge::new(settings.clone(), 0).unwrap();
        (0..12).for_each(|n| judge.observe(&ten_percent(n * 10, arm(100, 1, millis, 40))).unwrap());
        assert_eq!(verdict(&judge.report(120)), wanted, "{millis}");
    }
}

#[test]
fn a_sick_baseline_is_named_and_nothing_is_compared_with_it() {
    for failing in [1, 40] {
        let judge =
            play(720, |start| interval(start, 10, arm(100, failing, 100.0, 40), arm(900, 360, 100.0, 360)));
        let report = judge.report(130);
        assert_eq!(verdict(&report), (Verdict::Hold, Reason::BaselineSick), "{failing}");
        assert!(report.text.contains("baseline itself fails too often"), "{}", report.text);
        assert_eq!(verdict(&judge.report(720)), (Verdict::RollBack, Reason::NoVerdictPossible));
    }
    // When it is well again, the rollout goes on.
    let judge = play(400, |start| {
        if start < 60 {
            interval(start, 10, arm(100, 1, 100.0, 40), arm(900, 360, 100.0, 360))
        } else {
            good(start)
        }
    });
    assert_eq!(verdict(&judge.report(400)), GOOD);
}

#[test]
fn an_average_hides_no_tail() {
    // 12 % take ten times as long, the others less: the average is the baseline's.
    let hiding = |start| {
        let mut canary = Arm::default();
        for n in 0..100_u16 {
            let slow = n % 25 < 3;
            canary.group(n * 7 % 40).record(false, if slow { 500.0 } else { 45.5 }, Some(false));
        }
        ten_percent(start, canary)
    };
    let judge = play(120, hiding);
    let report = judge.report(120);
    assert_eq!((verdict(&report), report.worse[0].0), (WORSE, Criterion::Latency));
    let percentiles = report.criteria[1].latency.unwrap();
    let [median, tail, _] = percentiles.canary.map(Option::unwrap);
    assert!((median / 45.5 - 1.0).abs() < 0.05 && (tail / 500.0 - 1.0).abs() < 0.05, "{percentiles:?}");
}

#[test]
fn rates_are_compared_and_not_counts() {
    // Fewer errors than the baseline, but of a ninth of the requests.
    assert_eq!(verdict(&play(120, |start| ten_percent(start, arm(100, 6, 100.0, 40))).report(120)), WORSE);
    // Nineteen times as many errors as the baseline, of nineteen times as many requests.
    let most = |start| interval(start, 100, arm(1900, 19, 100.0, 900), arm(100, 1, 100.0, 50));
    assert_eq!(verdict(&play(300, most).report(300)), GOOD);
}

#[test]
fn a_slow_decline_is_not_hidden_by_the_stage_before() {
    // Each stage is a quarter slower than the one before; the baseline stays, some of it as slow as the canary in the end.
    let arm_of = |requests: u16, groups: u16, slower: f64| {
        let mut arm = Arm::default();
        for n in 0..requests {
            let millis = 100.0 * slower * (1.0 + f64::from(n % 100) / 100.0);
            arm.group(n * 7 % groups).record(n % 100 == 50, millis, Some(false));
        }
        arm
    };
    let stage = |start: u64| match start {
        0..120 => (10, 1.0),
        120..300 => (50, 1.25),
        _ => (100, 1.56),
    };
    let declining = |start| {
        let (percent, slower) = stage(start);
        interval(start, percent, arm_of(500, 200, slower), arm_of(500, 200, 1.0))
    };
    assert_eq!(verdict(&play(600, declining).report(600)), WORSE);
    // Both decline: that is the time of day.
    let both = |start| {
        let (percent, slower) = stage(start);
        interval(start, percent, arm_of(500, 200, slower), arm_of(500, 200, slower))
    };
    assert_eq!(verdict(&play(600, both).report(600)), GOOD);
}

#[test]
fn who_waits_for_a_person_still_looks() {
    let bad = |start| ten_percent(start, arm(100, 12, 100.0, 40));
    let judge = play(120, good);
    assert_eq!(verdict(&judge.report(120)), GOOD);
    let judge = play(240, |start| if start < 120 { good(start) } else { bad(start) });
    assert_eq!(verdict(&judge.report(240)), WORSE);
    // And what was found isn't forgotten.
    let judge = play(2400, |start| if (120..240).contains(&start) { bad(start) } else { good(start) });
    let report = judge.report(2400);
    assert_eq!((verdict(&report), report.worse[0].1 <= 240), (WORSE, true));
}

#[test]
fn after_a_crash_everything_is_where_it_was() {
    let mut records: Vec<Interval> = (0..12).map(|n| good(n * 10)).collect();
    records.extend((12..20).map(|n| interval(n * 10, 50, arm(500, 5, 100.0, 200), arm(500, 5, 100.0, 200))));
    let mut straight = Judge::new(Settings::default(), 0).unwrap();
    for record in &records {
        straight.observe(record).unwrap();
    }
    // Stored by two writers, in no order, read back.
    let halves = records.iter().flat_map(|record| {
        let mut first = Interval { canary: Arm::default(), ..record.clone() };
        let mut second = Interval { baseline: Arm::default(), ..record.clone() };
        if record.start % 20 == 0 {
            std::mem::swap(&mut first, &mut second);
        }
        [second, first]
    });
    let mut intervals: Vec<Interval> = halves.collect();
    intervals.reverse();
    let stored = Rollout { settings: Settings::default(), entered: vec![0, 120], intervals };
    let text = serde_json::to_string(&stored).unwrap();
    let read: Rollout = serde_json::from_str(&text).unwrap();
    assert_eq!(read, stored);
    let again = read.judge(200).unwrap();
    assert_eq!(again.report(200), straight.report(200));
    assert_eq!(again.report(200).percent, 50);
    // A writer that missed the change goes on at 10 %: no stage begins anew.
    straight.observe(&good(200)).unwrap();
    assert_eq!((straight.report(210).percent, straight.report(210).stage_seconds), (50, 90));
}

#[test]
fn a_few_noisy_hosts_are_not_the_canary() {
    let noisy = |groups: &'static [u16]| {
        move |start| {
            let mut canary = arm(100, 1, 100.0, 40);
            for group in groups {
                (0..3).for_each(|_| canary.group(*group).record(true, 900.0, Some(true)));
            }
            ten_percent(start, canary)
        }
    };
    // Which hosts are noisy is known after the first ten seconds only. What these hosts did until then counts in what is
    // shown of the canary (to leave it out afterwards would be to choose the evidence), so it takes a few rounds longer.
    assert_eq!(verdict(&play(120, noisy(&[3, 17])).report(120)), (Verdict::Hold, Reason::NotShownYet));
    let report = play(160, noisy(&[3, 17])).report(160);
    assert_eq!(verdict(&report), GOOD, "{report:#?}");
    let mut left_out = report.criteria[0].left_out.clone();
    left_out.sort_unstable();
    assert_eq!(left_out, [3, 17]);
    assert_eq!(verdict(&play(120, noisy(&[3, 17, 20, 21])).report(120)), WORSE, "two more than may be noisy");
}

#[test]
fn a_model_that_comes_to_other_scores_is_found() {
    let differing = |start| {
        let mut canary = Arm::default();
        (0..100_u16).for_each(|n| canary.group(n * 7 % 40).record(false, 100.0, Some(n % 4 == 0)));
        ten_percent(start, canary)
    };
    let report = play(120, differing).report(120);
    assert_eq!((verdict(&report), report.worse[0].0), (WORSE, Criterion::Disagreement));
}

#[test]
fn looking_changes_nothing() {
    let (mut looked, mut unseen) =
        (Judge::new(Settings::default(), 0).unwrap(), Judge::new(Settings::default(), 0).unwrap());
    for n in 0..30 {
        for judge in [&mut looked, &mut unseen] {
            judge.observe(&good(n * 10)).expect("countable");
        }
        (0..100).for_each(|_| assert_ne!(looked.decide(n * 10).verdict, Verdict::RollBack));
    }
    assert_eq!(looked.report(300), unseen.report(300));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    type Change = fn(&mut Settings);
    let changes: [(Change, &str); 6] = [
        (|s| s.stages.reverse(), "stages"),
        (|s| s.stages.clear(), "stages"),
        (|s| s.false_rollback = 0.0, "falseRollback"),
        (|s| s.errors.share = f64::NAN, "share"),
        (|s| s.errors.margin_ratio = 1.0, "errors.marginRatio"),
        (|s| s.disagreement.margin = 0.01, "margin"),
    ];
    for (change, word) in changes {
        let mut settings = Settings::default();
        change(&mut settings);
        let error = Judge::new(settings, 0).expect_err("settings").to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
    let text = serde_json::to_string(&Settings::default()).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), Settings::default());
    assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
}
