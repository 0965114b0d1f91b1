//! Every changing call of every move stands still until just before its function would be killed, and goes on then, whatever
//! has become of the change: its execution stopped, a sibling failed, the change cancelled, undone, begun again.
//!
//! Two ways: the workflow waits for the function, or it has lost the connection and has started the step again.

use super::{kept, play_all, stage};
use local::simulate::{Played, Stage};

/// Most functions are killed after 60 s.
const WAYS: [&str; 2] = ["stall=59", "lost=59"];

fn struck(played: &[Played]) -> usize {
    played.iter().filter(|played| played.first_struck.is_some()).count()
}

/// The clean way, and how many calls of it change something.
fn changing(stage: &Stage, start: &str, way: &str) -> u32 {
    kept(stage, &format!("{start}/7/rows/quick; {way}")).calls.1
}

fn every_call_stands_still(from: &str, to: &str) {
    let stage = stage();
    let way = format!("+0 A bypass {to}");
    let calls = changing(&stage, from, &way);
    let alone: Vec<String> = (1..=calls)
        .flat_map(|call| WAYS.map(|kind| format!("{from}/7/rows/quick; +0 fault *:*:!{call}:{kind}; {way}")))
        .collect();
    let played = play_all(&stage, &alone);
    let mut cases = Vec::new();
    for (at, (text, played)) in alone.iter().zip(&played).enumerate() {
        let Some(since) = played.first_struck else { continue };
        let second = since.as_seconds_ceil();
        cases.push(format!("{text}; +{second} abort A"));
        cases.push(format!("{text}; +{second} A cancel"));
        // What is done next, by a sibling or by the same step begun again, is refused for good.
        let next = at / WAYS.len() + 2;
        cases.push(text.replace(&way, &format!("+0 fault *:*:!{next}:denied; {way}")));
    }
    let combined = play_all(&stage, &cases);
    let undone = combined.iter().filter(|played| played.ends.contains_key("rolled-back")).count();
    println!(
        "{from} to {to}: {calls} calls stood still, {} cases, {} struck, {undone} changes undone",
        alone.len() + cases.len(),
        struck(&played) + struck(&combined),
    );
    assert!(struck(&played) > alone.len() / 2 && undone > 10);
}

/// A change is stopped half-way, and its operator asks again until it is taken up again: what stands still may belong to the
/// change, to its undoing, or to its second try.
fn every_call_stands_still_until_the_next_change(from: &str, to: &str, half: u32) {
    let stage = stage();
    let again = "; +5 A bypass ".to_owned() + to;
    let way = format!("+0 A bypass {to}; +{half} A cancel{}", again.repeat(40));
    let calls = changing(&stage, from, &way);
    let cases: Vec<String> = (1..=calls)
        .flat_map(|call| WAYS.map(|kind| format!("{from}/7/rows/quick; +0 fault *:*:!{call}:{kind}; {way}")))
        .collect();
    let played = play_all(&stage, &cases);
    let twice = played.iter().filter(|played| played.ends.contains_key("completed")).count();
    println!(
        "{from} to {to}, stopped and asked for again: {calls} calls, {} cases, {twice} completed",
        cases.len()
    );
    assert!(twice > cases.len() / 2);
}

crate::of_every_move!(every_call_stands_still);

#[test]
fn up_stopped_and_asked_for_again() {
    every_call_stands_still_until_the_next_change("DEV", "STAGING", 30);
}

#[test]
fn down_stopped_and_asked_for_again() {
    every_call_stands_still_until_the_next_change("STAGING", "DEV", 60);
}
