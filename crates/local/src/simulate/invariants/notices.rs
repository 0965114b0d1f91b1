//! People are told of every end and every time a change got stuck, at least once, of a cleanup that failed before it is undone,
//! and of nothing that did not happen.
//!
//! A notice is held against the world at the moment when it is handed over. One that comes late may speak of what was so
//! before (a change that was stuck and is being undone again), never of what never was.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::Watch;
use capstan_core::ports::{Notice, NoticeKind};
use capstan_core::tier::{Change, ChangeStatus};
use capstan_core::time::{Millis, Timestamp};
use sim::{Operation, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Until the reconciler has given word of what a workflow did not: its two next looks, with a call's time.
const SOON: Millis = Millis::minutes(3);
/// Longer than an alert's step is tried.
const TRIED: Millis = Millis::minutes(8);

/// A time during which a change was stuck.
#[derive(Debug)]
struct Stuck {
    change: String,
    from: Timestamp,
    until: Option<Timestamp>,
    told: bool,
}

/// What people were told, and what they are to be told.
#[derive(Debug, Default)]
pub(in crate::simulate) struct Word {
    seen: usize,
    /// By change.
    told: BTreeMap<String, BTreeSet<&'static str>>,
    stuck: Vec<Stuck>,
    /// Changes whose cleanup failed, and when their undoing began.
    uncleaned: Vec<(String, Timestamp)>,
    /// Changes whose cleanup was said to have failed before word of it could have been refused.
    alerted: BTreeSet<String>,
}

impl Word {
    pub(in crate::simulate) fn got_stuck(&mut self, change: &str, at: Timestamp) {
        self.stuck.push(Stuck { change: change.to_owned(), from: at, until: None, told: false });
    }

    /// An operator has done something about a stuck change.
    pub(in crate::simulate) fn led_out(&mut self, change: &str, at: Timestamp) {
        if let Some(last) = self.stuck.iter_mut().rfind(|stuck| stuck.change == change) {
            last.until = last.until.or(Some(at));
        }
    }

    /// Undoing has begun of a change that nobody stopped, whose execution lives, and whose cleanup had begun.
    pub(in crate::simulate) fn cleanup_failed(&mut self, change: &str, at: Timestamp) {
        self.uncleaned.push((change.to_owned(), at));
    }

    fn note(&mut self, change: &str, kind: NoticeKind) {
        self.told.entry(change.to_owned()).or_default().insert(name(kind));
        if kind == NoticeKind::CleanupFailed && !self.uncleaned.iter().any(|(known, _)| known == change) {
            self.alerted.insert(change.to_owned());
        }
        if kind == NoticeKind::Stuck
            && let Some(last) = self.stuck.iter_mut().rfind(|stuck| stuck.change == change)
        {
            last.told = true;
        }
    }

    fn was_told(&self, change: &str, kind: NoticeKind) -> bool {
        self.told.get(change).is_some_and(|told| told.contains(name(kind)))
    }
}

const fn name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Completed => "COMPLETED",
        NoticeKind::RolledBack => "ROLLED_BACK",
        NoticeKind::CleanupFailed => "CLEANUP_FAILED",
        NoticeKind::Stuck => "STUCK",
        NoticeKind::OrphansFound => "ORPHANS_FOUND",
        NoticeKind::Reaped => "REAPED",
        NoticeKind::AuditBroken => "AUDIT_BROKEN",
        NoticeKind::CriticalInsight => "CRITICAL_INSIGHT",
        NoticeKind::CanaryPromoted => "CANARY_PROMOTED",
        NoticeKind::CanaryRolledBack => "CANARY_ROLLED_BACK",
        NoticeKind::ModelReleased => "MODEL_RELEASED",
        NoticeKind::ModelNotReleased => "MODEL_NOT_RELEASED",
        NoticeKind::ModelReleaseStuck => "MODEL_RELEASE_STUCK",
    }
}

/// Takes in what people were told since the last look.
pub(super) fn look(watch: &mut Watch, world: &World) {
    let all = world.notices();
    let from = std::mem::replace(&mut watch.word.seen, all.len());
    for notice in all.get(from..).unwrap_or_default() {
        let change = about(notice).and_then(|id| facts::change(world, id));
        if let Some(change) = &change {
            watch.word.note(change.transition_id.as_str(), notice.kind);
        }
        if !is_so(watch, world, notice, change.as_ref()) {
            let said = notice.body.lines().nth(1).unwrap_or_default();
            let what = format!("people were told {}, and it is not so: {said}", name(notice.kind));
            watch.violated(Promise::Notices, world.now(), what);
        }
    }
}

/// The change that a notice is about.
fn about(notice: &Notice) -> Option<&str> {
    notice.body.lines().find_map(|line| line.strip_prefix("Change "))?.split(' ').next()
}

fn is_so(watch: &mut Watch, world: &World, notice: &Notice, change: Option<&Arc<Change>>) -> bool {
    let is = |status| change.is_some_and(|change| change.status == status);
    match notice.kind {
        NoticeKind::Completed => is(ChangeStatus::Completed),
        NoticeKind::RolledBack => is(ChangeStatus::RolledBack),
        NoticeKind::Stuck => {
            change.is_some_and(|change| watch.stuck.contains_key(change.transition_id.as_str()))
        }
        NoticeKind::CleanupFailed => change.is_some_and(|change| change.milestones.configured_at.is_some()),
        NoticeKind::Reaped => watch.is_gone(world, &notice.body),
        NoticeKind::OrphansFound => {
            watch.orphans.reported(notice);
            let named = notice.body.lines().filter(|line| line.contains('/') && !line.contains(' '));
            let mut explained = named.filter(|resource| watch.has_entry(resource));
            explained.next().is_none()
        }
        // Nobody here alters the audit, and no host reports.
        NoticeKind::AuditBroken
        | NoticeKind::CriticalInsight
        | NoticeKind::CanaryPromoted
        | NoticeKind::CanaryRolledBack
        | NoticeKind::ModelReleased
        | NoticeKind::ModelNotReleased
        | NoticeKind::ModelReleaseStuck => false,
    }
}

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    for change in facts::changes(world) {
        let id = change.transition_id.as_str();
        // Word of those before was given before.
        if change.created_at < watch.began {
            continue;
        }
        let wanted = match change.status {
            ChangeStatus::Completed => Some(NoticeKind::Completed),
            ChangeStatus::RolledBack => Some(NoticeKind::RolledBack),
            ChangeStatus::Failed | ChangeStatus::Initiated | ChangeStatus::InProgress => None,
        };
        if let Some(kind) = wanted.filter(|kind| !watch.word.was_told(id, *kind)) {
            let (tenant, status) = (&change.tenant_id, change.status);
            let what = format!("change {id} of {tenant} is {status:?}: nobody was told {}", name(kind));
            watch.violated(Promise::Notices, world.now(), what);
        }
        let undone = change.milestones.rollback_started_at.is_some();
        // Where undoing could not even be begun, a person is called.
        let called = watch.word.was_told(id, NoticeKind::Stuck);
        if watch.word.was_told(id, NoticeKind::CleanupFailed) && !undone && !called {
            let what = format!("people were told that cleaning up of {id} failed, and it was never undone");
            watch.violated(Promise::Notices, world.now(), what);
        }
    }
    if let Some(what) = untold(watch) {
        watch.violated(Promise::Notices, world.now(), what);
    }
}

fn untold(watch: &Watch) -> Option<String> {
    let stuck = watch.word.stuck.iter().find(|stuck| {
        // Whoever leads a change out of it at once, or while something is amiss, has not waited for word of it.
        let excused = |until: Timestamp| until.since(stuck.from) < SOON || watch.troubled(stuck.from, until);
        !stuck.told && !stuck.until.is_some_and(excused)
    });
    if let Some(Stuck { change, from, .. }) = stuck {
        return Some(format!("change {change} got stuck at {from}, and nobody was told"));
    }
    let cleanup = watch.word.uncleaned.iter().find(|(change, at)| {
        // Where the alert's own calls were refused until its step was given up, the notice of the end tells of it.
        let refused = watch.struck.iter().any(|met| {
            let of_alert =
                matches!(met.operation, Operation::Publish | Operation::GetItem | Operation::Query);
            of_alert && met.at + TRIED >= *at && met.at <= *at
        });
        !refused && !watch.word.alerted.contains(change)
    });
    cleanup.map(|(change, at)| {
        format!(
            "cleaning up of change {change} failed, and people were not told before it was undone at {at}"
        )
    })
}
