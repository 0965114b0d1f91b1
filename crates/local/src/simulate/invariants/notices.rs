//! People are told of every end, at least once, and of what it was; alerts are never lost.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::Watch;
use capstan_core::ports::NoticeKind;
use capstan_core::tier::ChangeStatus;
use sim::World;

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    for change in facts::changes(world) {
        let id = change.transition_id.as_str();
        let told = |kind: NoticeKind| {
            world.notices().iter().any(|notice| notice.kind == kind && notice.body.contains(id))
        };
        let wanted = match change.status {
            ChangeStatus::Completed => Some(NoticeKind::Completed),
            ChangeStatus::RolledBack => Some(NoticeKind::RolledBack),
            ChangeStatus::Failed => Some(NoticeKind::Stuck),
            ChangeStatus::Initiated | ChangeStatus::InProgress => None,
        };
        let stuck = watch.stuck.contains_key(id).then_some(NoticeKind::Stuck);
        for kind in wanted.into_iter().chain(stuck) {
            if !told(kind) {
                let what = format!(
                    "change {id} of {} is {:?}: nobody was told {kind:?}",
                    change.tenant_id, change.status
                );
                watch.violated(Promise::Notices, world.now(), what);
            }
        }
        if told(NoticeKind::Completed) && change.status != ChangeStatus::Completed {
            let what =
                format!("people were told that change {id} is complete, and it is {:?}", change.status);
            watch.violated(Promise::Notices, world.now(), what);
        }
    }
}
