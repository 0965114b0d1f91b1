//! The functions of models and their releases.

use super::{Case, again, answers, fails, passed, refused, status};
use crate::scenario as at;

/// The cases.
pub(super) const CASES: &[Case] = &[
    status("models/list", 200, at::release_registered),
    status("models/none", 200, at::fresh),
    status("models/start", 202, at::had_incidents),
    status("models/start-while-one-is-under-way", 409, at::release_training),
    status("models/start-without-reason", 422, at::had_incidents),
    status("models/start-with-too-many-days", 422, at::had_incidents),
    status("models/start-refused-operator", 403, at::had_incidents),
    status("models/releases", 200, at::release_undone),
    status("models/release", 200, at::release_training),
    status("models/no-such-release", 404, at::release_training),
    status("models/cancel", 202, at::release_training),
    status("models/cancel-too-late", 409, at::release_undone),
    status("models/cancel-refused-viewer", 403, at::release_training),
    status("models/restore-unknown", 404, at::release_undone),
    status("models/no-authorizer", 401, at::fresh),
    passed("export-training-data/rows", "DONE", at::release_asked),
    refused("export-training-data/too-little-data", "TooLittleData", at::release_asked_without_data),
    fails("export-training-data/bad-input", "BadInput", at::release_asked),
    passed("start-training/begins", "DONE", at::release_exported),
    refused("start-training/cancelled", "ReleaseCancelled", at::release_exported_and_cancelled),
    passed("check-training/under-way", "WAIT", at::release_training),
    refused("check-training/access-denied", "AccessDenied", at::release_training_unseen),
    passed("register-model/candidate", "DONE", at::release_trained),
    again("register-model/again", "DONE", at::release_registered),
    fails("register-model/no-such-release", "NoSuchRelease", at::release_trained),
    passed("deploy-model/begins", "DONE", at::release_registered),
    fails("deploy-model/ended", "ReleaseEnded", at::release_undone),
    passed("check-endpoint/under-way", "WAIT", at::release_deploying),
    fails("check-endpoint/out-of-turn", "OutOfTurn", at::release_training),
    passed("end-release/undoes", "UNDONE", at::release_undoing),
    answers("end-release/execution-ended", at::release_undone),
    fails("end-release/no-such-release", "NoSuchRelease", at::release_training),
];
