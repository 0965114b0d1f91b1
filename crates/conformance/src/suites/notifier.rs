//! What [`Notifier`] promises.

use crate::case::{Case, Checked, Failure, cases, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Notice, NoticeKind, Notifier};

pub(super) fn cases<P: Notifier>() -> Vec<Case<P>> {
    cases! { "Notifier":
        every_kind_of_notice_is_handed_over [notify],
        a_subject_may_be_in_any_script [notify],
        a_subject_is_never_empty [notify],
    }
}

fn notice(stage: &Stage<'_>, kind: NoticeKind, subject: &str) -> Result<Notice, Failure> {
    Ok(Notice {
        kind,
        tenant_id: Some(stage.tenant(1)?),
        subject: subject.to_owned(),
        body: "What happened, why, and the next safe command.\nIn two lines.".to_owned(),
    })
}

async fn every_kind_of_notice_is_handed_over<P: Notifier>(ports: &P, stage: &Stage<'_>) -> Checked {
    for kind in [
        NoticeKind::Completed,
        NoticeKind::RolledBack,
        NoticeKind::CleanupFailed,
        NoticeKind::Stuck,
        NoticeKind::OrphansFound,
        NoticeKind::Reaped,
        NoticeKind::AuditBroken,
    ] {
        ports.notify(&notice(stage, kind, "A change came to its end")?).await?;
    }
    Ok(())
}

async fn a_subject_may_be_in_any_script<P: Notifier>(ports: &P, stage: &Stage<'_>) -> Checked {
    ports.notify(&notice(stage, NoticeKind::Completed, "DEV → STAGING: Größe geändert")?).await?;
    let longest = "x".repeat(100);
    ports.notify(&notice(stage, NoticeKind::Completed, &longest)?).await?;
    Ok(())
}

async fn a_subject_is_never_empty<P: Notifier>(ports: &P, stage: &Stage<'_>) -> Checked {
    refused("empty", CloudErrorKind::Invalid, ports.notify(&notice(stage, NoticeKind::Stuck, "")?).await)
}
