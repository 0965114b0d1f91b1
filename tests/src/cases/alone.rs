//! What events and schedules call.

use super::{Case, answers, fails};
use crate::scenario as at;

/// The cases.
pub(super) const CASES: &[Case] = &[
    answers("reconcile-transitions/execution-aborted", at::execution_gone),
    answers("reconcile-transitions/execution-succeeded", at::in_staging),
    answers("reconcile-transitions/execution-failed", at::failed),
    answers("reconcile-transitions/every-minute", at::provisioning),
    answers("reconcile-transitions/never-started", at::never_started),
    answers("reconcile-transitions/execution-can-not-be-seen", at::execution_gone_and_unseen),
    fails("reconcile-transitions/store-away", "StoreUnavailable", at::store_away),
    answers("find-orphans/none", at::settled_in_staging),
    answers("find-orphans/stray", at::stray),
    fails("find-orphans/access-denied", "AccessDenied", at::stray_without_rights),
    answers("reap-retired/nothing-due", at::back_in_dev),
    answers("reap-retired/due", at::retired_is_due),
    fails("reap-retired/access-denied", "AccessDenied", at::retired_is_due_without_rights),
    answers("seal-audit/nothing-new", at::fresh),
    answers("seal-audit/grown", at::initiated),
    fails("seal-audit/store-away", "StoreUnavailable", at::store_away),
    fails("reap-retired/store-away", "StoreUnavailable", at::store_away),
];
