//! The end of a release: recorded as serving, or undone; and what to do about one whose execution is gone.

use crate::course::{self, go};
use crate::{Answer, Ports, ReleaseError, undo};
use capstan_core::iops::models::ReleaseStatus;
use capstan_core::ports::{CloudErrorKind, Notice, NoticeKind, Notifier, TrainingJobs, Workflows};
use capstan_core::time::Millis;
use iops_records::Transaction;
use iops_records::models::{self, Failure, Purpose, Release, VersionState};
use serde_json::json;

/// How long a release may take, from being asked for: hours of training, and the canary.
pub const LONGEST: Millis = Millis::hours(5);
/// How often undoing may fail in a row before a person is called.
const MOST_FAILURES: u32 = 3;
/// How many executions of one release are begun again.
pub const MOST_RECOVERIES: u32 = 3;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Nothing was to be done.
    Nothing,
    /// An execution was begun again.
    Recovered,
    /// It was given up.
    Stuck,
}

/// Brings a release to its end: what has come through its canary is recorded as serving, all else is undone. `failure`: the
/// name and the words of what went wrong, if something did.
pub async fn end<P>(
    ports: &P,
    release: &mut Release,
    failure: Option<(String, String)>,
) -> Result<Answer, ReleaseError>
where
    P: Ports + TrainingJobs + Notifier,
{
    match release.status {
        ReleaseStatus::Completed => return announced(ports, release, Answer::Done).await,
        ReleaseStatus::RolledBack => return announced(ports, release, Answer::Undone).await,
        ReleaseStatus::Stuck => return announced(ports, release, Answer::Stuck).await,
        // Two versions answer until somebody ends it.
        ReleaseStatus::Comparing if release.cancellation.is_none() => return Ok(Answer::Done),
        _ => {}
    }
    if release.promoted_at.is_some() && release.status == ReleaseStatus::Canary {
        record(ports, release).await?;
        return announced(ports, release, Answer::Done).await;
    }
    if release.status.goes_forward() || release.status == ReleaseStatus::Comparing {
        let compared = release.status == ReleaseStatus::Comparing;
        go(release, ReleaseStatus::RollingBack)?;
        if let (Some((name, message)), None) = (failure.filter(|_| !compared), &release.failure) {
            release.failure = Some(Failure { name, message, at: ports.wall() });
        }
        course::save(ports, release).await?;
    }
    match undo::undo(ports, release).await {
        Ok(Answer::Undone) => {
            undone(ports, release).await?;
            announced(ports, release, Answer::Undone).await
        }
        Ok(answer) => Ok(answer),
        Err(error) if error.retryable() => Err(error),
        Err(error) => trouble(ports, release, &error).await,
    }
}

/// The version serves from now on.
async fn record(ports: &impl Ports, release: &mut Release) -> Result<(), ReleaseError> {
    let now = ports.wall();
    let mut serving = models::serving(ports).await?;
    let mut transaction = Transaction::new();
    if serving.serving.as_ref() != Some(&release.model_version) {
        if let Some(former) = serving.serving.take() {
            if let Some(mut row) = models::version(ports, &former).await? {
                row.state = VersionState::Former;
                transaction.put(&mut row);
            }
            serving.former = Some(former);
        }
        serving.serving = Some(release.model_version.clone());
    }
    if let Some(mut row) = models::version(ports, &release.model_version).await? {
        row.state = VersionState::Serving;
        row.served_at = Some(now);
        row.deployed_by.clone_from(&release.asked.by);
        transaction.put(&mut row);
    }
    serving.under_way = None;
    go(release, ReleaseStatus::Completed)?;
    release.ended_at = Some(now);
    transaction.put(&mut serving);
    transaction.put(release);
    Ok(transaction.commit(ports).await?)
}

/// All is as it was.
async fn undone(ports: &impl Ports, release: &mut Release) -> Result<(), ReleaseError> {
    let mut transaction = Transaction::new();
    if matches!(release.purpose, Purpose::Train { .. })
        && let Some(mut row) = models::version(ports, &release.model_version).await?
    {
        row.state = VersionState::Withdrawn;
        transaction.put(&mut row);
    }
    let mut serving = models::serving(ports).await?;
    if serving.under_way.as_ref() == Some(&release.release_id) {
        serving.under_way = None;
        transaction.put(&mut serving);
    }
    go(release, ReleaseStatus::RolledBack)?;
    release.ended_at = Some(ports.wall());
    transaction.put(release);
    Ok(transaction.commit(ports).await?)
}

/// Undoing failed for good, for now. After some tries a person is called.
async fn trouble<P>(ports: &P, release: &mut Release, error: &ReleaseError) -> Result<Answer, ReleaseError>
where
    P: Ports + Notifier,
{
    release.undo_failures += 1;
    let message = format!("undoing it failed: {}", error.chain());
    let failure = Failure { name: error.name().to_owned(), message, at: ports.wall() };
    if release.undo_failures < MOST_FAILURES {
        course::save(ports, release).await?;
        return Ok(Answer::Wait);
    }
    release.failure = Some(failure);
    go(release, ReleaseStatus::Stuck)?;
    release.announced = false;
    course::save(ports, release).await?;
    announced(ports, release, Answer::Stuck).await
}

/// Gives word of the end, once.
async fn announced<P>(ports: &P, release: &mut Release, answer: Answer) -> Result<Answer, ReleaseError>
where
    P: Ports + Notifier,
{
    if !release.announced {
        ports.notify(&notice(release)).await?;
        release.announced = true;
        course::save(ports, release).await?;
    }
    Ok(answer)
}

fn notice(release: &Release) -> Notice {
    let Release { release_id, model_version, asked, .. } = release;
    let why = release.failure.as_ref().map_or_else(
        || {
            release
                .cancellation
                .as_ref()
                .map_or_else(String::new, |wish| format!("stopped by {}: {}", wish.by, wish.reason))
        },
        |failure| failure.message.clone(),
    );
    let asked = format!("Asked for by {}: {}", asked.by, asked.reason);
    let (kind, subject, body) = match release.status {
        ReleaseStatus::Completed => (
            NoticeKind::ModelReleased,
            format!("[model] {model_version} serves"),
            format!(
                "Model {model_version} has come through its canary and serves.\n{asked}\n\nBack to the one before: capstan model back"
            ),
        ),
        ReleaseStatus::Stuck => (
            NoticeKind::ModelReleaseStuck,
            format!("[model] release of {model_version} can't be undone"),
            format!(
                "{why}\n{asked}\n\nNext: remove the cause, then have it undone again: capstan model cancel {release_id} --reason \"…\""
            ),
        ),
        _ if release.failure.is_none() && matches!(release.purpose, Purpose::Compare { .. }) => (
            NoticeKind::ModelNotReleased,
            format!("[model] the comparison of {model_version} with another one has ended"),
            format!(
                "{why}\n{asked}\n\nThe endpoint and the hosts are as they were before it. GET /models/ab?releaseId={release_id} has what was measured."
            ),
        ),
        _ => (
            NoticeKind::ModelNotReleased,
            format!("[model] release of {model_version} was undone"),
            format!(
                "{why}\n{asked}\n\nAll is as it was before. GET /models/releases/{release_id} says what was done."
            ),
        ),
    };
    Notice { kind, tenant_id: None, subject, body }
}

/// Has an ending release that nobody works on any more worked on again: its execution is gone. Begins another one, which finds
/// out by itself how to go on.
pub async fn recover<P>(ports: &P, release: &mut Release) -> Result<Word, ReleaseError>
where
    P: Ports + Workflows + Notifier,
{
    if release.status == ReleaseStatus::Comparing && release.cancellation.is_none() {
        return Ok(Word::Nothing);
    }
    if release.status.is_end() || release.status == ReleaseStatus::Stuck {
        let answer = if release.status == ReleaseStatus::Stuck { Word::Stuck } else { Word::Nothing };
        announced(ports, release, Answer::Done).await?;
        return Ok(answer);
    }
    let running = ports.describe(&release.execution_name()).await?;
    if running.is_some_and(|execution| execution.stopped_at.is_none()) {
        return Ok(Word::Nothing);
    }
    if release.recoveries >= MOST_RECOVERIES {
        if release.status.goes_forward() || release.status == ReleaseStatus::Comparing {
            go(release, ReleaseStatus::RollingBack)?;
        }
        go(release, ReleaseStatus::Stuck)?;
        let message = "executions that should have ended it failed too".to_owned();
        release.failure = Some(Failure { name: "RecoveriesFailed".to_owned(), message, at: ports.wall() });
        release.announced = false;
        course::save(ports, release).await?;
        announced(ports, release, Answer::Stuck).await?;
        return Ok(Word::Stuck);
    }
    release.recoveries += 1;
    course::save(ports, release).await?;
    begin(ports, release).await?;
    Ok(Word::Recovered)
}

/// Starts the execution that the row names.
pub async fn begin(ports: &impl Workflows, release: &Release) -> Result<(), ReleaseError> {
    let input = json!({ "releaseId": release.release_id });
    match ports.start(&release.execution_name(), &input).await {
        Err(error) if error.kind == CloudErrorKind::AlreadyExists => Ok(()),
        answer => Ok(answer?),
    }
}
