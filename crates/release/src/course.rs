//! The course of a release: who may work on it, and when.

use crate::ReleaseError;
use capstan_core::ids::ReleaseId;
use capstan_core::iops::models::ReleaseStatus;
use capstan_core::ports::{Clock, Store};
use iops_records::Transaction;
use iops_records::models::{self, Purpose, Release};

/// The release a step is called about.
pub async fn open(store: &impl Store, id: &ReleaseId) -> Result<Release, ReleaseError> {
    models::release(store, id).await?.ok_or_else(|| ReleaseError::NoSuchRelease(id.to_string()))
}

/// Writes a release, on condition that nobody has since it was read.
pub async fn save(store: &impl Store, release: &mut Release) -> Result<(), ReleaseError> {
    let mut transaction = Transaction::new();
    transaction.put(release);
    Ok(transaction.commit(store).await?)
}

/// Refuses to work forward on a release that has ended, is being undone, is to stop, or has run out of time.
pub fn guard(release: &Release, clock: &impl Clock) -> Result<(), ReleaseError> {
    if !release.status.goes_forward() {
        return Err(ReleaseError::ReleaseEnded);
    }
    // What has come through its canary serves: it is too late to stop it, and it need not hurry any more.
    if release.promoted_at.is_some() {
        return Ok(());
    }
    if let Some(wish) = &release.cancellation {
        return Err(ReleaseError::ReleaseCancelled { by: wish.by.clone(), reason: wish.reason.clone() });
    }
    if clock.wall() > release.deadline {
        return Err(ReleaseError::ReleaseTimedOut(release.deadline));
    }
    Ok(())
}

/// What a step needs to have come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Rows have been exported.
    Train,
    /// A job has been started.
    CheckTraining,
    /// A job has written an artifact.
    Register,
    /// A version has passed its gate, or was there before.
    Deploy,
    /// The endpoint is being brought to it.
    Check,
}

impl Turn {
    /// Refuses a call before what must come before it, so that it does nothing.
    pub fn check(self, release: &Release) -> Result<(), ReleaseError> {
        let missing = match self {
            Self::Train if release.data.is_none() => "nothing has been exported",
            Self::CheckTraining if release.job.is_none() => "no training has been started",
            Self::Register if release.artifact.is_none() => "nothing has been trained",
            Self::Deploy
                if matches!(release.purpose, Purpose::Train { .. }) && release.artifact.is_none() =>
            {
                "there is no artifact to deploy"
            }
            Self::Check if release.former.is_none() => "nothing has been deployed",
            _ => return Ok(()),
        };
        Err(ReleaseError::out_of_turn(missing))
    }
}

/// Moves a release on. To stay where it is is no move; one that may not be is a step that came late.
pub fn go(release: &mut Release, next: ReleaseStatus) -> Result<(), ReleaseError> {
    if release.status == next {
        return Ok(());
    }
    if !release.status.may_become(next) {
        return Err(ReleaseError::ReleaseEnded);
    }
    release.status = next;
    Ok(())
}
