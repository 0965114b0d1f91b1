//! Tales that once went wrong, as the simulation told them.

use super::{play_all, stage};

const TALES: [&str; 10] = [
    // A change began while people were still to be told of the end of the last one. Its row in the list of those under way
    // was the same: the late announcement took it off the list, and nobody looked after the new change when its execution
    // was lost.
    "STAGING/1/rows/quick; +0 fault sns:Publish:*:error; +0 A bypass DEV; +5 A cancel; +40 A bypass DEV; +5 heal; +40 abort A",
    // The other way round: nobody was told of the first.
    "STAGING/1/rows/quick; +0 fault sns:Publish:*:error; +0 A bypass DEV; +5 A cancel; +60 A bypass DEV; +30 heal",
    // A step was lost to its workflow before a call, and begun again at once; the call was made when the change was over.
    "DEV/7/rows/quick; +0 fault *:*:!22:lost=59; +0 A bypass STAGING",
    // The same, and the change was undone meanwhile.
    "STAGING/7/rows/quick; +0 fault *:*:!17:lost=59; +0 fault *:*:!18:denied; +0 A bypass DEV",
    // A step was lost each time it was begun; the last run made its stream when that had been undone.
    "NEW/0/rows/quick; +0 fault kinesis:CreateStream:1:lost=70; +0 fault kinesis:CreateStream:2:lost=70; \
     +0 fault kinesis:CreateStream:3:lost=59; +0 A bypass STAGING",
    // A change that gave the endpoint another shape, and its own tag, got stuck and was reset. The next change, which was to
    // delete the endpoint, took it for somebody else's by its tag, said that it was gone, and left it running.
    "STAGING/1221657663/rows/quick; +0 A bypass PRODUCTION; +22 fault tagging:TagResources:*:crash",
    "STAGING/716549567/rows/quick; +0 fault dynamodb:TransactWriteItems:21:denied; +0 A ask PRODUCTION; +14 A cancel",
    // A change got stuck when it had already deleted the store it had made, which had been in use, and was reset: the register
    // said that the store is kept for a week.
    "PRODUCTION/658573125/rows/brief; +0 A bypass DEV; +5 fault *:*:@291:denied; +23 fault *:*:@8:denied",
    // A reset left an endpoint to be deleted. The next change made another, whose name and whose configurations' names begin
    // with the first one's: the reaper took them for the first one's, tried for ever to delete what serves, and never came to
    // an end.
    "DEV/2289960545/rows/quick; +0 A bypass STAGING; +0 A cancel; +0 fault *:*:@6:error; +0 fault *:*:@7:error; \
     +0 fault *:*:@8:error; +0 fault *:*:@9:error; +0 fault *:*:@10:error; +0 fault *:*:@11:error; \
     +0 fault *:*:@12:error; +0 fault *:*:@13:error; +75 A reset; +0 A ask STAGING",
    // A tenant was moved so often that its stream's ten changes of shards a day were used up, and the way back was shut.
    "DEV/1440729026/rows/quick; +0 A bypass PRODUCTION; +89 A bypass DEV; +105 fault *:*:@1:denied; +175 A bypass DEV",
];

#[test]
fn tales_that_once_went_wrong_end_well() {
    play_all(&stage(), &TALES.map(str::to_owned));
}
