//! `scales`: changes of scale, planned, asked for, looked at, undone.

mod ask;
mod settings;
mod undo;

pub use settings::Settings;

use api::{Problem, Reply, Request};
use capstan_core::ids::ScaleId;
use capstan_core::iops::Wish;
use capstan_core::iops::scale::Objection;
use capstan_core::ports::{Clock, CloudError, CloudErrorKind, Entropy, Functions, Store};
use capstan_core::time::Timestamp;
use iops_records::ScaleRow;
use iops_scaling::{drive, look};
use serde_json::{Value, json};

/// How many changes are listed.
const LISTED: usize = 50;

/// The ports of this function.
pub trait Ports: iops_scaling::Ports + Functions + Entropy {}
impl<P: iops_scaling::Ports + Functions + Entropy> Ports for P {}

/// Answers a request.
pub async fn handle(ports: &impl Ports, settings: &Settings, request: Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/scale") => list(ports, settings).await,
        ("GET", "/scale/{scaleId}") => Ok(Reply::ok(one(ports, &request).await?.to_api())),
        ("POST", "/scale") => ask::ask(ports, settings, &request).await,
        ("POST", "/scale/{scaleId}/undo") => undo::undo(ports, &request).await,
        _ => Err(request.no_such_route()),
    }
}

/// What may be scaled and how it is set, and the last changes. What can't be seen says so, and hides nothing else.
async fn list(ports: &impl Ports, settings: &Settings) -> Result<Reply, Problem> {
    let rows = iops_records::scales(ports, LISTED).await?;
    let mut resources = Vec::new();
    for name in settings.names() {
        let seen = match settings.resource(ports, &name).await {
            Ok(Some(resource)) => look(ports, &resource).await.map(|seen| (Some(resource), seen)),
            Ok(None) => Ok((None, None)),
            Err(error) => Err(error),
        };
        resources.push(match seen {
            Ok((resource, seen)) => json!({
                "resource": name,
                "name": resource.as_ref().map(|resource| resource.name().to_owned()),
                "setting": seen.as_ref().map(|seen| seen.setting),
                "ready": seen.is_some_and(|seen| seen.ready),
                "problem": null,
            }),
            Err(error) => json!({
                "resource": name, "name": null, "setting": null, "ready": false, "problem": error.to_string(),
            }),
        });
    }
    let changes: Vec<Value> = rows.iter().map(|row| row.to_api()).collect();
    Ok(Reply::ok(json!({ "resources": resources, "changes": changes })))
}

/// The change that the path names. 404 if there is none.
async fn one(store: &impl Store, request: &Request) -> Result<ScaleRow, Problem> {
    let given = request.path.get("scaleId").map(String::as_str).unwrap_or_default();
    let none = || Problem::not_found("no change of scale has this id: ids come from GET /scale");
    let id = ScaleId::parse(given).map_err(|_| none())?;
    iops_records::scale(store, &id).await?.ok_or_else(none)
}

fn wish(ports: &impl Clock, request: &Request, reason: String) -> Wish {
    let caller = &request.caller;
    Wish { by: caller.subject.clone(), tenant: caller.tenant.clone(), reason, at: ports.wall() }
}

/// Goes on with a change as far as it comes at once. What fails in this is gone on with by the clock.
async fn go_on(ports: &impl Ports, row: ScaleRow) -> Reply {
    let row = drive(ports, &row.scale_id).await.unwrap_or(row);
    let (status, message) = if row.ended() {
        (200, "it has ended")
    } else {
        (202, "it is under way, and looked after every minute: GET /scale/{scaleId}")
    };
    reply(status, &row, message)
}

fn reply(status: u16, row: &ScaleRow, message: &str) -> Reply {
    let mut shown = row.to_api();
    if let Value::Object(fields) = &mut shown {
        fields.insert("message".to_owned(), json!(message));
    }
    Reply::ok(shown).with_status(status)
}

/// Why a plan is none. What is a matter of time says when to try again.
fn objected(objection: Objection, now: Timestamp) -> Problem {
    if objection.code == "OUT_OF_RANGE" {
        return Problem::invalid_field("wanted", objection.message);
    }
    let problem = Problem::conflict(objection.code, objection.message);
    let Some(at) = objection.again_at else { return problem };
    let mut problem = problem.after(at.since(now));
    problem.more.insert("againAt".to_owned(), json!(at));
    problem
}

/// What a refusal of a service is to a caller, before anything was done.
fn of_cloud(error: &CloudError) -> Problem {
    match error.kind {
        CloudErrorKind::Throttled
        | CloudErrorKind::Unavailable
        | CloudErrorKind::Busy
        | CloudErrorKind::Unknown => {
            Problem::new(503, "SERVICE_UNAVAILABLE", format!("{error}: nothing was changed, try again"))
        }
        _ => Problem::new(502, "SERVICE_REFUSED", error.to_string()),
    }
}
