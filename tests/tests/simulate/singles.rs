//! Every call of every move is made to go wrong, in every way, one at a time: reads as well as writes, each repetition of a
//! poll included, the request itself too.

use super::{kept, play_all, stage};

const MOVES: [(&str, &str); 6] = [
    ("DEV", "STAGING"),
    ("DEV", "PRODUCTION"),
    ("STAGING", "PRODUCTION"),
    ("STAGING", "DEV"),
    ("PRODUCTION", "STAGING"),
    ("PRODUCTION", "DEV"),
];
const KINDS: [&str; 12] = [
    "throttled",
    "error",
    "denied",
    "quota",
    "busy",
    "stale",
    "timeout",
    "timeout-after",
    "slow=20",
    "crash",
    "crash-after",
    "fails",
];

#[test]
fn every_single_fault_of_every_move() {
    let stage = stage();
    let mut cases = Vec::new();
    for (from, to) in MOVES {
        let clean = kept(&stage, &format!("{from}/7/rows/quick; +0 A bypass {to}"));
        assert_eq!(clean.ends.get("completed"), Some(&1));
        for call in 1..=clean.calls.0 {
            for kind in KINDS {
                cases.push(format!("{from}/7/rows/quick; +0 fault *:*:@{call}:{kind}; +0 A bypass {to}"));
            }
        }
    }
    let played = play_all(&stage, &cases);
    // Some calls can't go wrong in some ways: what reads has no life cycle to fail.
    let struck = played.iter().filter(|played| !played.mishaps.is_empty()).count();
    let undone = played.iter().filter(|played| played.ends.contains_key("rolled-back")).count();
    println!("{} cases, {struck} faults struck, {undone} changes were undone", cases.len());
    assert!(struck > cases.len() / 2 && undone > 100);
}
