//! Retry and Catch.

use std::time::Duration;

use serde_json::json;

use super::branch::{Branch, Phase, Purpose};
use super::data::{self, Data};
use super::history::HistoryKind;
use super::run::{Move, Run};
use crate::failure::Failure;
use crate::machine::{Kind, Retrier, Transition};
use crate::time::Millis;

/// No pause is longer than the longest duration of the language.
const MAX_DELAY_SECONDS: f64 = 99_999_999.0;

impl Run<'_, '_> {
    /// What the branch's state makes of a failure: another attempt, another state, or the failure itself.
    ///
    /// The first retrier that matches decides; when it is used up, later ones are not asked, and the catchers are.
    pub(super) fn recover(&mut self, branch: &mut Branch, mut failure: Failure) -> Result<Move, Failure> {
        // A state that fails assigns nothing, whatever it had come to.
        self.assigned = None;
        let state = self.state(branch.state)?;
        failure.of_task |= matches!(state.kind, Kind::Task(_));
        let matching = state.retriers.iter().position(|retrier| failure.matches(&retrier.errors));
        if let Some((index, retrier)) = matching.and_then(|index| Some((index, state.retriers.get(index)?))) {
            branch.retries.resize(state.retriers.len(), 0);
            if let Some(used) = branch.retries.get_mut(index).filter(|used| **used < retrier.max_attempts) {
                let earlier = *used;
                *used += 1;
                self.back_off(branch, retrier, earlier, &failure);
                return Ok(Move::Park);
            }
        }
        self.exec.visits.failed(branch, &failure.name, true);
        let Some(catcher) = state.catchers.iter().find(|catcher| failure.matches(&catcher.errors)) else {
            return Err(failure);
        };
        self.note(HistoryKind::ErrorCaught, branch, json!({ "error": failure.name, "cause": failure.cause }));
        let mut raw = Data { value: std::mem::take(&mut branch.raw), extent: branch.extent.take() };
        let result = Data { value: failure.output(), extent: None };
        let combined = data::combine(&catcher.result, &mut raw, result, self.exec.limits);
        (branch.raw, branch.extent) = (raw.value, raw.extent);
        let Data { value: output, extent } = combined?;
        if let Some(assign) = &catcher.assign {
            self.assign(branch, state, Some(assign), &failure.output())?;
        }
        Ok(Move::Leave { to: Transition::Next(catcher.next), output, extent })
    }

    fn back_off(&mut self, branch: &mut Branch, retrier: &Retrier, earlier: u32, failure: &Failure) {
        branch.retry_count += 1;
        self.exec.visits.failed(branch, &failure.name, false);
        let mut delay = delay(retrier, earlier);
        if retrier.full_jitter {
            let bound = u64::try_from(delay).unwrap_or(0).saturating_add(1);
            delay = Millis::try_from(self.exec.entropy.below(bound)).unwrap_or(delay);
        }
        let at = self.exec.now.saturating_add(delay);
        let detail =
            json!({ "error": failure.name, "cause": failure.cause, "attempt": branch.retry_count, "at": at });
        self.note(HistoryKind::RetryScheduled, branch, detail);
        branch.phase = Phase::Backoff(self.set_timer(at, Purpose::Retry(branch.id)));
    }
}

/// The pause before a retry of which there were `earlier` ones under the same retrier.
fn delay(retrier: &Retrier, earlier: u32) -> Millis {
    let grown = retrier.interval_seconds * retrier.backoff.powf(f64::from(earlier));
    let most = retrier.max_delay_seconds.unwrap_or(MAX_DELAY_SECONDS).min(MAX_DELAY_SECONDS);
    let seconds = if grown.is_finite() { grown.min(most) } else { most };
    let exact = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Millis::try_from(exact.as_millis()).unwrap_or(Millis::MAX)
}
