//! Every call of every move is made to go wrong, in every way, one at a time: reads as well as writes, each repetition of a
//! poll included, the request itself too.

use super::{kept, play_all, stage};

/// Ways in which any call can go wrong.
const OF_ALL: [&str; 8] = ["throttled", "error", "denied", "quota", "busy", "timeout", "slow=20", "crash"];
/// Ways in which only what changes something can, or can differently.
const OF_CHANGES: [&str; 4] = ["stale", "timeout-after", "crash-after", "fails"];

fn every_single_fault(from: &str, to: &str) {
    let stage = stage();
    let clean = kept(&stage, &format!("{from}/7/rows/quick; +0 A bypass {to}"));
    assert_eq!(clean.ends.get("completed"), Some(&1));
    let with = |fault: String| format!("{from}/7/rows/quick; +0 fault *:*:{fault}; +0 A bypass {to}");
    let all = (1..=clean.calls.0).flat_map(|call| OF_ALL.map(|kind| with(format!("@{call}:{kind}"))));
    let changes = (1..=clean.calls.1).flat_map(|call| OF_CHANGES.map(|kind| with(format!("!{call}:{kind}"))));
    let cases: Vec<String> = all.chain(changes).collect();
    let played = play_all(&stage, &cases);
    // Some calls can't go wrong in some ways: what only writes a record has no life cycle to fail.
    let struck = played.iter().filter(|played| !played.mishaps.is_empty()).count();
    let undone = played.iter().filter(|played| played.ends.contains_key("rolled-back")).count();
    println!(
        "{from} to {to}: {} calls, {} that change something, {} cases, {struck} faults struck, {undone} changes undone",
        clean.calls.0,
        clean.calls.1,
        cases.len()
    );
    assert!(struck > cases.len() / 2 && undone > 10);
}

crate::of_every_move!(every_single_fault);
