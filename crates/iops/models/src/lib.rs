//! `models`: versions of the model, and their releases: asked for, looked at, stopped; back to a version before by one call.

mod ab;
mod ask;
mod show;

use api::{Fields, Problem, Reply, Request};
use capstan_core::ids::ReleaseId;
use capstan_core::iops::models::{ModelVersion, ReleaseStatus};
use capstan_core::ports::{Clock, Entropy, Store, Workflows};
use capstan_core::tier::request::reason_objection;
use iops_records::Transaction;
use iops_records::models::{self, Release, Wish};
use release::{ReleaseError, Settings};
use serde_json::json;

/// So many releases are listed where nobody says how many, and at most.
const LISTED: (usize, usize) = (20, 100);
/// How often something is read again when somebody else writes it at the same time.
const ATTEMPTS: usize = 6;

/// The ports of this function.
pub trait Ports: Store + Clock + Entropy + Workflows {}
impl<P: Store + Clock + Entropy + Workflows> Ports for P {}

/// Answers a request.
pub async fn handle(ports: &impl Ports, settings: &Settings, request: Request) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/models") => {
            request.only_query(&[])?;
            let serving = models::serving(ports).await?;
            let versions = models::versions(ports, LISTED.1).await?;
            Ok(Reply::ok(show::models(&serving, &versions, &settings.endpoint)))
        }
        ("GET", "/models/releases") => list(ports, &request).await,
        ("POST", "/models/releases") => ask::train(ports, settings, &request).await,
        ("GET", "/models/releases/{releaseId}") => {
            request.only_query(&[])?;
            Ok(Reply::ok(show::release(&one(ports, &request).await?)))
        }
        ("POST", "/models/releases/{releaseId}/cancel") => cancel(ports, &request).await,
        ("GET", "/models/ab") => ab::get(ports, &request).await,
        ("PUT", "/models/ab") => ab::put(ports, settings, &request).await,
        ("DELETE", "/models/ab") => ab::delete(ports, &request).await,
        ("POST", "/models/{version}/restore") => ask::restore(ports, settings, &request).await,
        _ => Err(request.no_such_route()),
    }
}

async fn list(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["limit"])?;
    let limit = request.whole_number("limit", LISTED.0, LISTED.1)?;
    let (releases, _) = models::releases(ports, None, limit).await?;
    let shown: Vec<_> = releases.iter().map(show::release).collect();
    Ok(Reply::ok(json!({ "releases": shown })))
}

/// The release that the path names. 404 if there is none.
async fn one(store: &impl Store, request: &Request) -> Result<Release, Problem> {
    let none = || Problem::not_found("no release has this id: ids come from GET /models/releases");
    let given = request.path.get("releaseId").map(String::as_str).unwrap_or_default();
    let id = ReleaseId::parse(given).map_err(|_| none())?;
    models::release(store, &id).await?.ok_or_else(none)
}

/// The version that the path names, if it is one.
pub(crate) fn version_of(request: &Request) -> Result<ModelVersion, Problem> {
    let given = request.path.get("version").map(String::as_str).unwrap_or_default();
    ModelVersion::parse(given).map_err(Problem::not_found)
}

/// The reason that a body gives, and nothing else in it.
fn only_reason(request: &Request) -> Result<String, Problem> {
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    fields.finish()?;
    reason_of(reason)
}

pub(crate) fn reason_of(given: Option<String>) -> Result<String, Problem> {
    let reason = given.unwrap_or_default().trim().to_owned();
    match reason_objection(&reason) {
        None => Ok(reason),
        Some(objection) => Err(Problem::invalid_field("reason", objection.message)),
    }
}

/// Who asks, and why.
pub(crate) fn wish(ports: &impl Clock, request: &Request, reason: String) -> Wish {
    Wish {
        by: request.caller.subject.clone(),
        tenant: request.caller.tenant.clone(),
        reason,
        at: ports.wall(),
    }
}

/// `POST /models/releases/{releaseId}/cancel`.
async fn cancel(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let reason = only_reason(request)?;
    let id = one(ports, request).await?.release_id;
    stop(ports, request, &id, reason).await
}

/// Notes the wish that a release be stopped; its steps find it. One that could not be undone is tried again. From two versions
/// that are compared the hosts are taken in the same write.
pub(crate) async fn stop(
    ports: &impl Ports,
    request: &Request,
    id: &ReleaseId,
    reason: String,
) -> Result<Reply, Problem> {
    for attempt in 0.. {
        let found = models::release(ports, id).await?;
        let mut found = found.ok_or_else(|| Problem::not_found("there is no such release any more"))?;
        let stuck = found.status == ReleaseStatus::Stuck;
        let again = stuck || is_left_alone(ports, &found).await?;
        if !again && let Some(answer) = settled(&found) {
            return answer;
        }
        // What has come through its canary serves: of that, an execution that is gone records the end.
        if found.promoted_at.is_none() {
            found.cancellation = Some(wish(ports, request, reason.clone()));
        }
        if stuck {
            found.status = ReleaseStatus::RollingBack;
            (found.undo_failures, found.announced) = (0, false);
        }
        found.recoveries += u32::from(again);
        match save(ports, &mut found).await {
            Ok(()) => {}
            Err(error) if error.name() == "StoreConflict" && attempt < ATTEMPTS => continue,
            Err(error) => return Err(problem(error)),
        }
        if again {
            release::begin(ports, &found).await.map_err(problem)?;
        }
        return Ok(Reply::ok(show::release(&found)).with_status(202));
    }
    Err(Problem::outcome_unknown("the release is written by somebody else again and again"))
}

/// Writes the release, and the routing with it where two versions are compared.
async fn save(ports: &impl Ports, found: &mut Release) -> Result<(), ReleaseError> {
    let mut transaction = Transaction::new();
    if found.status == ReleaseStatus::Comparing {
        let mut routing = iops_records::routing(ports).await?;
        if release::off(&mut routing, found)
            && let Some(wish) = &found.cancellation
        {
            routing.since = wish.at;
            routing.by.clone_from(&wish.by);
            (routing.tenant, routing.reason) = (Some(wish.tenant.clone()), wish.reason.clone());
            transaction.put(&mut routing);
        }
    }
    transaction.put(found);
    Ok(transaction.commit(ports).await?)
}

/// Whether a release has not ended and nobody works on it any more.
async fn is_left_alone(ports: &impl Ports, found: &Release) -> Result<bool, Problem> {
    if found.status.is_end() {
        return Ok(false);
    }
    let execution = ports.describe(&found.execution_name()).await;
    let execution = execution.map_err(|error| problem(error.into()))?;
    Ok(execution.is_some_and(|execution| execution.stopped_at.is_some()))
}

/// The answer where nothing is left to stop.
fn settled(found: &Release) -> Option<Result<Reply, Problem>> {
    if found.status == ReleaseStatus::RollingBack || found.cancellation.is_some() && !found.status.is_end() {
        return Some(Ok(Reply::ok(show::release(found)).with_status(202)));
    }
    if found.status.is_end() || found.promoted_at.is_some() {
        let how = if found.status == ReleaseStatus::RolledBack { "undone already" } else { "done already" };
        return Some(Err(Problem::conflict(
            "RELEASE_ENDED",
            format!(
                "it is {how}, and nothing was changed. Back to a version before: POST /models/{{version}}/restore"
            ),
        )));
    }
    None
}

pub(crate) fn problem(error: ReleaseError) -> Problem {
    match error {
        ReleaseError::Service(error) => error.into(),
        ReleaseError::NotConfigured(detail) => Problem::conflict("NOT_CONFIGURED", detail),
        other => Problem::conflict("REFUSED", other.to_string()),
    }
}
