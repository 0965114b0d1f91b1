//! Asking for a release. It writes itself where the next one would look, so there is one at a time.

use crate::{Ports, problem, reason_of, show, version_of, wish};
use api::{Fields, Problem, Reply, Request};
use capstan_core::ids::{ReleaseId, uuid_v7};
use capstan_core::iops::models::{ModelVersion, ReleaseStatus};
use capstan_core::ports::CloudErrorKind;
use capstan_core::time::Millis;
use iops_records::Transaction;
use iops_records::models::{self, Failure, Purpose, Release, Serving};
use release::{LONGEST, Settings};
use serde_json::{Value, json};

/// How many days are taken where nobody says how many, and at most.
const DAYS: u32 = 90;
/// How long a start may be under way.
const REST: Millis = Millis::seconds(75);

/// `POST /models/releases`: train a new version on what is stored, and deploy it.
pub(crate) async fn train(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    let days = days_of(fields.take("days"));
    let canary = fields.take("canary");
    fields.finish()?;
    let (reason, days, canary) = (reason_of(reason)?, days?, judged(canary)?);
    settings.container().map_err(problem)?;
    let version = ModelVersion::at(ports.wall());
    let wanted = Wanted { purpose: Purpose::Train { days }, version, reason, canary };
    begin(ports, settings, request, wanted).await
}

/// What is asked for.
pub(crate) struct Wanted {
    pub(crate) purpose: Purpose,
    pub(crate) version: ModelVersion,
    pub(crate) reason: String,
    pub(crate) canary: Option<judge::Settings>,
}

/// How the canary is to be judged, as `POST /canary` takes it.
fn judged(given: Option<Value>) -> Result<Option<judge::Settings>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let settings = rollout::settings(Some(given));
    settings.map(Some).map_err(|message| Problem::invalid_field("canary", message))
}

fn days_of(given: Option<Value>) -> Result<u32, Problem> {
    let Some(value) = given else { return Ok(DAYS) };
    let days = value.as_u64().and_then(|days| u32::try_from(days).ok());
    days.filter(|days| (1..=DAYS).contains(days)).ok_or_else(|| {
        let shown: String = value.to_string().chars().take(64).collect();
        Problem::invalid_field("days", format!("{shown} is not a whole number from 1 to {DAYS}"))
    })
}

/// `POST /models/{version}/restore`: deploy a version again that is there already.
pub(crate) async fn restore(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    let canary = fields.take("canary");
    fields.finish()?;
    let (reason, canary) = (reason_of(reason)?, judged(canary)?);
    let version = version_of(request)?;
    settings.container().map_err(problem)?;
    if models::version(ports, &version).await?.is_none() {
        return Err(Problem::not_found("there is no such version: GET /models has those there are"));
    }
    if models::serving(ports).await?.serving.as_ref() == Some(&version) {
        return Err(Problem::conflict(
            "ALREADY_SERVES",
            format!("version {version} serves: nothing is to be done"),
        ));
    }
    let wanted = Wanted { purpose: Purpose::Restore, version, reason, canary };
    begin(ports, settings, request, wanted).await
}

pub(crate) async fn begin(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
    wanted: Wanted,
) -> Result<Reply, Problem> {
    let mut serving = free(ports).await?;
    let asked = wish(ports, request, wanted.reason);
    let id = ReleaseId::parse(&uuid_v7(asked.at.as_millis(), ports.random()))
        .map_err(|error| Problem::new(500, "INTERNAL", error.to_string()))?;
    let mut release = Release::new(id.clone(), wanted.purpose, wanted.version, asked);
    release.canary_settings = wanted.canary;
    release.endpoint.clone_from(&settings.endpoint);
    release.deadline = release.asked.at + LONGEST;
    serving.under_way = Some(id);
    let mut transaction = Transaction::new();
    transaction.put(&mut serving);
    transaction.put(&mut release);
    transaction.commit(ports).await?;
    let input = json!({ "releaseId": release.release_id });
    match ports.start(&release.execution_name(), &input).await {
        Ok(()) => {}
        // Nobody else has this name; and of what nobody knows the next one who asks finds out.
        Err(error) if matches!(error.kind, CloudErrorKind::AlreadyExists | CloudErrorKind::Unknown) => {}
        Err(error) => {
            let message = format!("its execution could not be started: {error}; nothing was done");
            never_began(ports, &mut serving, &mut release, message).await?;
            return Err(problem(error.into()));
        }
    }
    Ok(Reply::ok(show::release(&release)).with_status(202))
}

/// Which version serves, if no release is under way. One that never began stands in nobody's way.
async fn free(ports: &impl Ports) -> Result<Serving, Problem> {
    let mut serving = models::serving(ports).await?;
    let Some(id) = serving.under_way.clone() else { return Ok(serving) };
    let Some(mut release) = models::release(ports, &id).await? else { return Ok(serving) };
    let new = release.status == ReleaseStatus::Exporting && release.data.is_none() && release.recoveries == 0;
    if new && ports.wall().since(release.asked.at) > REST {
        let execution =
            ports.describe(&release.execution_name()).await.map_err(|error| problem(error.into()))?;
        if execution.is_none() {
            never_began(
                ports,
                &mut serving,
                &mut release,
                "its execution never began; nothing was done".to_owned(),
            )
            .await?;
            return Ok(serving);
        }
    }
    let how = if release.status == ReleaseStatus::Comparing {
        "end it (DELETE /models/ab)".to_owned()
    } else {
        format!("let it end, or stop it (POST /models/releases/{id}/cancel)")
    };
    let status = release.status.as_str();
    let mut refusal =
        Problem::conflict("RELEASE_UNDER_WAY", format!("release {id} is under way ({status}): {how}"));
    refusal.more.insert("releaseId".to_owned(), json!(id));
    Err(refusal)
}

/// Ends a release of which nothing was done.
async fn never_began(
    ports: &impl Ports,
    serving: &mut Serving,
    release: &mut Release,
    message: String,
) -> Result<(), Problem> {
    let now = ports.wall();
    release.status = ReleaseStatus::RolledBack;
    release.failure = Some(Failure { name: "ExecutionNotStarted".to_owned(), message, at: now });
    (release.ended_at, release.announced) = (Some(now), true);
    serving.under_way = None;
    let mut transaction = Transaction::new();
    transaction.put(serving);
    transaction.put(release);
    Ok(transaction.commit(ports).await?)
}
