//! Tales that once went wrong, as the simulation told them.

use super::{play_all, stage};

const TALES: [&str; 2] = [
    // A change began while people were still to be told of the end of the last one. Its row in the list of those under way
    // was the same: the late announcement took it off the list, and nobody looked after the new change when its execution
    // was lost.
    "STAGING/1/rows/quick; +0 fault sns:Publish:*:error; +0 A bypass DEV; +5 A cancel; +40 A bypass DEV; +5 heal; +40 abort A",
    // The other way round: nobody was told of the first.
    "STAGING/1/rows/quick; +0 fault sns:Publish:*:error; +0 A bypass DEV; +5 A cancel; +60 A bypass DEV; +30 heal",
];

#[test]
fn tales_that_once_went_wrong_end_well() {
    play_all(&stage(), &TALES.map(str::to_owned));
}
