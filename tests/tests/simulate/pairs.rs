//! All pairs of faults on the way DEV → STAGING → DEV: of the calls that may change something, each and each later one. Each
//! is killed after its effect, is without an answer though it happened, or is refused: both in the same way for every pair,
//! and two of the six ways in which they differ, in turn.

use super::{kept, play_all, stage};

const WAY: &str = "+0 A bypass STAGING; +300 A bypass DEV";
const KINDS: [&str; 3] = ["crash-after", "timeout-after", "error"];
const MIXED: [(&str, &str); 6] = [
    ("crash-after", "timeout-after"),
    ("crash-after", "error"),
    ("timeout-after", "crash-after"),
    ("timeout-after", "error"),
    ("error", "crash-after"),
    ("error", "timeout-after"),
];

#[test]
fn all_pairs_of_faults_there_and_back() {
    let stage = stage();
    let clean = kept(&stage, &format!("DEV/3/rows/quick; {WAY}"));
    assert_eq!(clean.ends.get("completed"), Some(&2));
    let calls = 1..=clean.calls.1;
    let pairs = calls.clone().flat_map(|first| calls.clone().map(move |second| (first, second)));
    let mut cases = Vec::new();
    for (nth, (first, second)) in pairs.filter(|(first, second)| first < second).enumerate() {
        let mixed = [MIXED[nth % 6], MIXED[(nth + 3) % 6]];
        for (one, other) in KINDS.map(|kind| (kind, kind)).into_iter().chain(mixed) {
            cases.push(format!(
                "DEV/3/rows/quick; +0 fault *:*:!{first}:{one}; +0 fault *:*:!{second}:{other}; {WAY}"
            ));
        }
    }
    let played = play_all(&stage, &cases);
    let both = played.iter().filter(|played| played.mishaps.values().sum::<u64>() == 2).count();
    println!("{} calls, {} pairs, both faults struck in {both}", clean.calls.1, cases.len());
    assert!(both > cases.len() / 2);
}
