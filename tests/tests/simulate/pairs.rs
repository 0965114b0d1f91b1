//! All pairs of faults on the way DEV → STAGING → DEV: of the calls that may change something, each and each later one. Each
//! is killed after its effect, is without an answer though it happened, or is refused: for every pair in all nine ways.

use super::{kept, play_all, stage};

const WAY: &str = "+0 A bypass STAGING; +300 A bypass DEV";
const KINDS: [&str; 3] = ["crash-after", "timeout-after", "error"];

#[test]
fn all_pairs_of_faults_there_and_back() {
    let stage = stage();
    let clean = kept(&stage, &format!("DEV/3/rows/quick; {WAY}"));
    assert_eq!(clean.ends.get("completed"), Some(&2));
    let last = clean.calls.1;
    let mut cases = Vec::new();
    for (first, second) in (1..=last).flat_map(|first| (first + 1..=last).map(move |second| (first, second)))
    {
        for (one, other) in KINDS.into_iter().flat_map(|one| KINDS.map(|other| (one, other))) {
            cases.push(format!(
                "DEV/3/rows/quick; +0 fault *:*:!{first}:{one}; +0 fault *:*:!{second}:{other}; {WAY}"
            ));
        }
    }
    let played = play_all(&stage, &cases);
    let both = played.iter().filter(|played| played.mishaps.values().sum::<u64>() == 2).count();
    println!("{last} calls, {} pairs in nine ways, both faults struck in {both} cases", cases.len() / 9);
    assert!(both > cases.len() / 2);
}
