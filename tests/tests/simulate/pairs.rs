//! All pairs of faults on the way DEV → STAGING → DEV: of the calls that may change something, each and each later one, both
//! killed after their effect, both without an answer though it happened, or both refused.

use super::{kept, play_all, stage};

const WAY: &str = "+0 A bypass STAGING; +300 A bypass DEV";
const KINDS: [&str; 3] = ["crash-after", "timeout-after", "error"];

#[test]
fn all_pairs_of_faults_there_and_back() {
    let stage = stage();
    let clean = kept(&stage, &format!("DEV/3/rows/quick; {WAY}"));
    assert_eq!(clean.ends.get("completed"), Some(&2));
    let mut cases = Vec::new();
    for first in 1..=clean.calls.1 {
        for second in first + 1..=clean.calls.1 {
            for kind in KINDS {
                cases.push(format!(
                    "DEV/3/rows/quick; +0 fault *:*:!{first}:{kind}; +0 fault *:*:!{second}:{kind}; {WAY}"
                ));
            }
        }
    }
    let played = play_all(&stage, &cases);
    let both = played.iter().filter(|played| played.mishaps.values().sum::<u64>() == 2).count();
    println!("{} calls, {} pairs, both faults struck in {both}", clean.calls.1, cases.len());
    assert!(both > cases.len() / 2);
}
