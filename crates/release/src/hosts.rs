//! Which hosts the endpoint answers for, while a release works on it: first none, then those of its canary, and when it is
//! undone those it had.

use crate::course::{self, go};
use crate::{Ports as Deploying, ReleaseError};
use capstan_core::iops::models::{ModelVersion, ReleaseStatus};
use capstan_core::ports::{Entropy, Notifier, Store, Workflows};
use capstan_core::subject::SYSTEM;
use iops_records::models::Release;
use iops_records::{Because, Canary, CanaryStatus, Routing, Second, Share, Transaction};
use rollout::{Objection, Wish};

/// What became of the canary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Course {
    /// It is under way.
    UnderWay,
    /// The model answers for all hosts.
    Promoted,
    /// It was rolled back, and why.
    RolledBack(String),
}

/// Whether the endpoint answers for any host.
fn answers(routing: &Routing, release: &Release) -> bool {
    routing.share.percent > 0 && routing.share.endpoint.as_deref() == Some(release.endpoint.as_str())
}

/// Notes in the release which hosts the endpoint has. Refused while a canary of somebody else is under way.
pub(crate) async fn note(store: &impl Store, release: &mut Release) -> Result<(), ReleaseError> {
    let routing = iops_records::routing(store).await?;
    if let Some(id) = &routing.canary_id {
        return Err(ReleaseError::CanaryRefused(format!(
            "canary {id} is under way: let it end, or roll it back (POST /canary/{id}/rollback), then ask again"
        )));
    }
    release.former_share = answers(&routing, release).then(|| routing.share.clone());
    Ok(())
}

/// Gives the endpoint's hosts to the built-in model, in one write.
pub(crate) async fn divert(ports: &impl Deploying, release: &Release) -> Result<(), ReleaseError> {
    let mut routing = iops_records::routing(ports).await?;
    if routing.canary_id.is_some() || !answers(&routing, release) {
        return Ok(());
    }
    routing.share = Share::default();
    routing.left_by = Some(release.release_id.to_string());
    write(ports, routing, &format!("release of model {} begins", release.model_version)).await
}

/// Gives them back, unless somebody has decided otherwise since.
pub(crate) async fn give_back(ports: &impl Deploying, release: &Release) -> Result<(), ReleaseError> {
    let Some(former) = &release.former_share else { return Ok(()) };
    let mut routing = iops_records::routing(ports).await?;
    let ours = routing.left_by.as_deref() == Some(release.release_id.as_str());
    if !ours || routing.canary_id.is_some() || routing.share.percent > 0 {
        return Ok(());
    }
    (routing.share, routing.left_by) = (former.clone(), None);
    write(ports, routing, &format!("release of model {} was undone", release.model_version)).await
}

async fn write(ports: &impl Deploying, mut routing: Routing, reason: &str) -> Result<(), ReleaseError> {
    routing.since = ports.wall();
    SYSTEM.clone_into(&mut routing.by);
    (routing.tenant, routing.reason) = (None, reason.to_owned());
    let mut transaction = Transaction::new();
    transaction.put(&mut routing);
    Ok(transaction.commit(ports).await?)
}

/// The release's canary: the one it has noted, or one that was begun and not noted any more. Its version is the endpoint's
/// configuration, which no other release has.
async fn own(store: &impl Store, release: &Release) -> Result<Option<Canary>, ReleaseError> {
    let id = match &release.canary_id {
        Some(id) => Some(id.clone()),
        None => iops_records::routing(store).await?.canary_id,
    };
    let Some(id) = id else { return Ok(None) };
    let canary = iops_records::canary(store, &id).await?;
    Ok(canary.filter(|canary| canary.model_version == release.config))
}

/// Begins the canary, if there is none yet, and says how far it has come.
pub(crate) async fn advance<P>(ports: &P, release: &mut Release) -> Result<Course, ReleaseError>
where
    P: Deploying + Workflows + Entropy,
{
    let canary = match own(ports, release).await? {
        Some(canary) => canary,
        None => begin(ports, release).await?,
    };
    if release.canary_id.is_none() {
        release.canary_id = Some(canary.id().to_owned());
        course::save(ports, release).await?;
    }
    Ok(match canary.status {
        CanaryStatus::Waiting | CanaryStatus::Running => Course::UnderWay,
        CanaryStatus::Promoted => Course::Promoted,
        CanaryStatus::RolledBack => {
            let why =
                canary.outcome.map_or_else(|| "nobody says why".to_owned(), |outcome| outcome.because.text);
            Course::RolledBack(format!("canary {} was rolled back: {why}", canary.entry))
        }
    })
}

async fn begin<P>(ports: &P, release: &Release) -> Result<Canary, ReleaseError>
where
    P: Deploying + Workflows + Entropy,
{
    let settings = match &release.canary_settings {
        Some(settings) => settings.clone(),
        None => rollout::settings(None).map_err(ReleaseError::CanaryRefused)?,
    };
    let wish = Wish {
        endpoint: release.endpoint.clone(),
        settings,
        reason: format!("release of model {}: {}", release.model_version, release.asked.reason),
        by: release.asked.by.clone(),
        tenant: release.asked.tenant.clone(),
    };
    rollout::begin(ports, wish).await.map_err(|objection| match objection {
        Objection::Error(rollout::Error::Step(error)) => error.into(),
        other => ReleaseError::CanaryRefused(other.to_string()),
    })
}

/// Has two versions answer, each for its hosts: routing and release in one write.
pub(crate) async fn compare(
    ports: &impl Deploying,
    release: &mut Release,
    other: &ModelVersion,
    weight: u32,
) -> Result<(), ReleaseError> {
    let mut routing = iops_records::routing(ports).await?;
    if let Some(id) = &routing.canary_id {
        return Err(ReleaseError::CanaryRefused(format!("canary {id} has begun meanwhile")));
    }
    let endpoint = Some(release.endpoint.clone());
    let model = Some(release.model_version.model_name());
    routing.share = Share { endpoint, model, model_version: Some(release.config.clone()), percent: 100 };
    let percent = u8::try_from(weight.min(100)).unwrap_or(100);
    let release_id = release.release_id.to_string();
    routing.second = Some(Second { release_id, model: other.model_name(), percent });
    routing.since = ports.wall();
    routing.by.clone_from(&release.asked.by);
    (routing.tenant, routing.reason) = (Some(release.asked.tenant.clone()), release.asked.reason.clone());
    go(release, ReleaseStatus::Comparing)?;
    let mut transaction = Transaction::new();
    transaction.put(&mut routing);
    transaction.put(release);
    Ok(transaction.commit(ports).await?)
}

/// Takes all hosts off two versions that are compared, in the routing given: the built-in model answers.
pub fn off(routing: &mut Routing, release: &Release) -> bool {
    let ours = routing.share.model_version.as_deref() == Some(release.config.as_str());
    if !ours || routing.canary_id.is_some() || routing.share == Share::default() {
        return false;
    }
    (routing.share, routing.second) = (Share::default(), None);
    // Only where there is something to give back.
    routing.left_by = release.former_share.as_ref().map(|_| release.release_id.to_string());
    true
}

/// Takes all hosts off the release's version, before the endpoint is touched: its canary is rolled back, and where that has been
/// promoted already, the built-in model answers.
pub(crate) async fn take_back<P>(ports: &P, release: &Release) -> Result<(), ReleaseError>
where
    P: Deploying + Notifier,
{
    roll_back(ports, release).await?;
    let mut routing = iops_records::routing(ports).await?;
    if !off(&mut routing, release) {
        return Ok(());
    }
    write(ports, routing, &format!("release of model {} is being undone", release.model_version)).await
}

async fn roll_back<P>(ports: &P, release: &Release) -> Result<(), ReleaseError>
where
    P: Deploying + Notifier,
{
    let Some(canary) = own(ports, release).await?.filter(|canary| !canary.ended()) else { return Ok(()) };
    let wish = release.cancellation.as_ref();
    let because = Because {
        code: "releaseUndone".to_owned(),
        text: wish.map_or_else(
            || "the release that began it is being undone".to_owned(),
            |wish| format!("the release that began it was stopped: {}", wish.reason),
        ),
        by: wish.map_or_else(|| SYSTEM.to_owned(), |wish| wish.by.clone()),
        tenant: wish.map(|wish| wish.tenant.clone()),
    };
    match rollout::roll_back(ports, canary, because).await {
        Ok(_) => Ok(()),
        Err(rollout::Error::Step(error)) => Err(error.into()),
        Err(other) => Err(ReleaseError::CanaryRolledBack(other.to_string())),
    }
}
