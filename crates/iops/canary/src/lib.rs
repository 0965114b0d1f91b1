//! `canary`: rolls a model out to more and more hosts, shows how that goes, and rolls it back by one call; and which hosts a model
//! answers for, with a hand on it where no canary is under way.

mod config;
mod show;
mod start;
mod traffic;

pub use config::Config;

use api::{Problem, Reply, Request};
use capstan_core::ports::{Clock, EndpointConfigs, Endpoints, Entropy, Notifier, Store, Workflows};
use capstan_core::tier::request::reason_objection;
use iops_records::{Because, Canary};
use rollout::{Error, Objection};

/// The ports of this function.
pub trait Ports: Store + Clock + Entropy + Endpoints + EndpointConfigs + Workflows + Notifier {}
impl<P: Store + Clock + Entropy + Endpoints + EndpointConfigs + Workflows + Notifier> Ports for P {}

/// Answers a request.
pub async fn handle(ports: &impl Ports, config: &Config, request: Request) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("POST", "/canary") => start::start(ports, config, &request).await,
        ("GET", "/canary") => show::list(ports, &request).await,
        ("GET", "/canary/{canaryId}") => {
            request.only_query(&[])?;
            Ok(Reply::ok(show::whole(&one(ports, &request).await?)))
        }
        ("GET", "/canary/{canaryId}/measurements") => {
            request.only_query(&[])?;
            show::measurements(ports, &one(ports, &request).await?).await
        }
        ("POST", "/canary/{canaryId}/rollback") => roll_back(ports, &request).await,
        ("GET", "/traffic") => {
            request.only_query(&[])?;
            Ok(Reply::ok(show::routing(&iops_records::routing(ports).await?)))
        }
        ("PUT", "/traffic") => traffic::set(ports, config, &request).await,
        _ => Err(request.no_such_route()),
    }
}

/// The canary that the path names. 404 if there is none.
async fn one(store: &impl Store, request: &Request) -> Result<Canary, Problem> {
    let id = request.path.get("canaryId").map(String::as_str).unwrap_or_default();
    let none = || Problem::not_found("no canary has this id: ids come from GET /canary");
    let is_id =
        (1..=80).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_id {
        return Err(none());
    }
    iops_records::canary(store, id).await?.ok_or_else(none)
}

async fn roll_back(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = api::Fields::read(request)?;
    let reason = fields.text("reason");
    fields.finish()?;
    let reason = reason_of(reason)?;
    let canary = one(ports, request).await?;
    if canary.ended() {
        let ours = canary.outcome.as_ref().is_some_and(|outcome| {
            outcome.because.code == "asked" && outcome.because.by == request.caller.subject
        });
        // The same once more is answered alike.
        if ours {
            return Ok(Reply::ok(show::whole(&canary)));
        }
        return Err(Problem::conflict(
            "CANARY_ENDED",
            format!(
                "it is {} already and nothing was changed: which hosts a model answers for is set by PUT /traffic",
                show::word(&canary)
            ),
        ));
    }
    let because = Because {
        code: "asked".to_owned(),
        text: reason,
        by: request.caller.subject.clone(),
        tenant: Some(request.caller.tenant.clone()),
    };
    let id = canary.id().to_owned();
    match rollout::roll_back(ports, canary, because).await {
        Ok(canary) => Ok(Reply::ok(show::whole(&canary))),
        // It may be that word alone could not be given: then it is rolled back, and word is given later.
        Err(error) => match iops_records::canary(ports, &id).await? {
            Some(canary) if canary.ended() => Ok(Reply::ok(show::whole(&canary))),
            _ => Err(problem(error)),
        },
    }
}

/// A reason as every act has one.
fn reason_of(given: Option<String>) -> Result<String, Problem> {
    let reason = given.unwrap_or_default().trim().to_owned();
    match reason_objection(&reason) {
        None => Ok(reason),
        Some(objection) => Err(Problem::invalid_field("reason", objection.message)),
    }
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Step(error) => error.into(),
        other => Problem::new(503, "UNAVAILABLE", other.to_string()),
    }
}

fn objected(objection: Objection) -> Problem {
    let detail = objection.to_string();
    match objection {
        Objection::UnderWay(id) => {
            let mut problem = Problem::conflict("CANARY_UNDER_WAY", detail);
            problem.more.insert("canaryId".to_owned(), id.into());
            problem
        }
        Objection::Comparing(id) => {
            let mut problem = Problem::conflict("COMPARISON_UNDER_WAY", detail);
            problem.more.insert("releaseId".to_owned(), id.into());
            problem
        }
        Objection::Serves(_) => Problem::conflict("ALREADY_SERVES", detail),
        Objection::EndpointNotReady(_) => Problem::conflict("ENDPOINT_NOT_READY", detail),
        Objection::Error(error) => problem(error),
    }
}
