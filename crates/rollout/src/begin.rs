//! Asking for a canary: takes hold of the routing, so that there is one at a time.

use crate::Error;
use crate::end::finish;
use capstan_core::ids::{TenantId, uuid_v7};
use capstan_core::ports::{
    Clock, CloudErrorKind, EndpointConfigs, EndpointStatus, Endpoints, Entropy, Store, Workflows,
};
use capstan_core::subject::SYSTEM;
use iops_records::{Because, Canary, CanaryStatus, RecordError, Routing, Share, Transaction};
use judge::Settings;
use serde_json::{Map, Value, json};
use tier_steps::StepError;

/// What somebody wants rolled out.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Behind which endpoint it is.
    pub endpoint: String,
    /// How it is judged.
    pub settings: Settings,
    /// Why.
    pub reason: String,
    /// Who wants it.
    pub by: String,
    /// Of which tenant.
    pub tenant: TenantId,
}

/// Why there will be no canary. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Objection {
    /// There is one.
    #[error("canary {0} is under way: let it end, or roll it back (POST /canary/{0}/rollback)")]
    UnderWay(String),
    /// Two models are compared.
    #[error("release {0} compares two models: end that first (DELETE /models/ab)")]
    Comparing(String),
    /// The model answers for all hosts already.
    #[error("the model behind {0} answers for all hosts already: nothing is left to roll out")]
    Serves(String),
    /// The endpoint can't be asked.
    #[error("{0}")]
    EndpointNotReady(String),
    /// Something else.
    #[error(transparent)]
    Error(#[from] Error),
}

impl From<RecordError> for Objection {
    fn from(error: RecordError) -> Self {
        Self::Error(error.into())
    }
}

/// What is faster than this is fast enough for a model that is asked over a network.
const FAST_ENOUGH: f64 = 100.0;
/// All stages with all that they may be held, in seconds. The execution's history of 25 000 events is enough for twice that.
const LONGEST: u64 = 4 * 3_600;

/// Reads settings as a request has them: what is not given is the default. The error says what is wrong.
pub fn settings(given: Option<Value>) -> Result<Settings, String> {
    let mut given = given.unwrap_or_else(|| Value::Object(Map::new()));
    let Value::Object(fields) = &mut given else { return Err("is not an object".to_owned()) };
    let latency = fields.entry("latency").or_insert_with(|| json!({}));
    if let Value::Object(latency) = latency {
        latency.entry("floorMillis").or_insert_with(|| json!(FAST_ENOUGH));
    }
    let settings: Settings = serde_json::from_value(given).map_err(|error| error.to_string())?;
    settings.check().map_err(|error| error.to_string())?;
    let held = u64::from(settings.hold_limit_seconds);
    let longest: u64 = settings.stages.iter().map(|stage| u64::from(stage.seconds) + held).sum();
    if longest > LONGEST {
        return Err(format!(
            "the stages with their `holdLimitSeconds` come to {longest} s; {LONGEST} s are the most"
        ));
    }
    Ok(settings)
}

/// Records the canary and takes hold of the routing in one write, then has the steps carried out.
pub async fn begin<P>(ports: &P, wish: Wish) -> Result<Canary, Objection>
where
    P: Store + Clock + Entropy + Endpoints + EndpointConfigs + Workflows,
{
    let routing = iops_records::routing(ports).await?;
    if let Some(id) = &routing.canary_id {
        return Err(Objection::UnderWay(id.clone()));
    }
    if let Some(second) = &routing.second {
        return Err(Objection::Comparing(second.release_id.clone()));
    }
    let (model, model_version) = in_service(ports, &wish.endpoint).await?;
    let serves = routing.share.percent == 100
        && routing.share.endpoint.as_deref() == Some(&wish.endpoint)
        && routing.share.model_version.as_deref() == Some(&model_version);
    if serves {
        return Err(Objection::Serves(wish.endpoint));
    }
    let canary = hold(ports, routing, wish, model, model_version).await?;
    match ports.start(canary.id(), &json!({"canaryId": canary.id()})).await {
        Err(error) if matches!(error.kind, CloudErrorKind::Denied | CloudErrorKind::Invalid) => {
            let because = Because {
                code: "notStarted".to_owned(),
                text: format!("Its execution can't be started: {error}"),
                by: SYSTEM.to_owned(),
                tenant: None,
            };
            finish(ports, canary, |_| because.clone()).await?;
            Err(Objection::Error(error.into()))
        }
        // It is recorded and has hold of the routing: what has not started now is started by the sweep.
        _ => Ok(canary),
    }
}

async fn hold(
    ports: &(impl Store + Clock + Entropy),
    mut routing: Routing,
    wish: Wish,
    model: String,
    model_version: String,
) -> Result<Canary, Objection> {
    let now = ports.wall();
    let mut canary = Canary {
        subject: Canary::SUBJECT.to_owned(),
        entry: uuid_v7(now.as_millis(), ports.random()),
        endpoint: wish.endpoint,
        model,
        model_version,
        settings: wish.settings,
        reason: wish.reason,
        by: wish.by,
        tenant: wish.tenant,
        status: CanaryStatus::Waiting,
        asked_at: now,
        entered: Vec::new(),
        next: None,
        outcome: None,
        report: None,
        judged_at: None,
        ended_at: None,
        announced: false,
        version: 0,
    };
    let target = |percent| Share {
        endpoint: Some(canary.endpoint.clone()),
        model: Some(canary.model.clone()),
        model_version: Some(canary.model_version.clone()),
        percent,
    };
    // From here on the baseline is measured; no host is routed elsewhere yet.
    routing.before = Some(std::mem::replace(&mut routing.share, target(0)));
    routing.canary_id = Some(canary.entry.clone());
    routing.holdback = true;
    routing.since = now;
    routing.by.clone_from(&canary.by);
    routing.tenant = Some(canary.tenant.clone());
    routing.reason.clone_from(&canary.reason);
    let mut transaction = Transaction::new();
    transaction.put(&mut routing);
    transaction.put(&mut canary);
    transaction.commit(ports).await?;
    Ok(canary)
}

/// The model behind an endpoint that is in service, and its version.
pub async fn in_service(
    ports: &(impl Endpoints + EndpointConfigs),
    name: &str,
) -> Result<(String, String), Objection> {
    let cloud = |error| Objection::Error(Error::Step(StepError::of_cloud(error)));
    let not_ready = |what: &str| Objection::EndpointNotReady(format!("the endpoint {name} {what}"));
    let endpoint = ports.endpoint(name).await.map_err(cloud)?;
    let endpoint = endpoint.ok_or_else(|| not_ready("does not exist"))?;
    match endpoint.status {
        EndpointStatus::InService => {}
        status => {
            return Err(not_ready(&format!("is {status:?} and not InService: wait for it, or see why")));
        }
    }
    let config = ports.endpoint_config(&endpoint.config_name).await.map_err(cloud)?;
    let config = config.ok_or_else(|| not_ready("runs a configuration that does not exist any more"))?;
    Ok((config.model, endpoint.config_name))
}
