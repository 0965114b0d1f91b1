//! `restores`: restores of tables, asked for, looked at, stopped, and put back.

mod ask;
mod stop;

use api::{Problem, Reply, Request};
use capstan_core::ids::RestoreId;
use capstan_core::iops::Restorable;
use capstan_core::ports::{
    Clock, CloudError, CloudErrorKind, Entropy, Functions, Store, TableBackups, Tables, Workflows,
};
use iops_records::RestoreRow;
use iops_restoring::Settings;
use serde_json::{Value, json};
use tier_steps::StepError;

/// How many restores are listed.
const LISTED: usize = 50;

/// The ports of this function.
pub trait Ports: Store + Clock + Entropy + Tables + TableBackups + Functions + Workflows {}
impl<P: Store + Clock + Entropy + Tables + TableBackups + Functions + Workflows> Ports for P {}

/// Answers a request.
pub async fn handle(ports: &impl Ports, settings: &Settings, request: Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/tables") => tables(ports, settings).await,
        ("GET", "/restores") => {
            let rows = iops_records::restores(ports, LISTED).await?;
            Ok(Reply::ok(json!({ "restores": rows.iter().map(|row| row.to_api()).collect::<Vec<_>>() })))
        }
        ("GET", "/restores/{restoreId}") => Ok(Reply::ok(one(ports, &request).await?.to_api())),
        ("POST", "/restores") => ask::ask(ports, settings, &request).await,
        ("POST", "/restores/{restoreId}/cancel") => stop::cancel(ports, &request).await,
        ("POST", "/restores/{restoreId}/swap-back") => stop::swap_back(ports, &request).await,
        _ => Err(request.no_such_route()),
    }
}

/// The restore that the path names. 404 if there is none.
async fn one(store: &impl Store, request: &Request) -> Result<RestoreRow, Problem> {
    let given = request.path.get("restoreId").map(String::as_str).unwrap_or_default();
    let none = || Problem::not_found("no restore has this id: ids come from GET /restores");
    let id = RestoreId::parse(given).map_err(|_| none())?;
    iops_records::restore(store, &id).await?.ok_or_else(none)
}

/// The name of the table that serves now.
async fn serving(ports: &impl Functions, settings: &Settings, table: Restorable) -> Result<String, Problem> {
    let served = settings.of(table);
    let Some(first) = served.functions.first() else { return Ok(served.table.clone()) };
    let view = ports.function(first).await.map_err(|error| of_cloud(&error))?;
    let named = view.and_then(|view| view.environment.get(table.table().variable()?).cloned());
    Ok(named.unwrap_or_else(|| served.table.clone()))
}

/// What can be restored, and from what.
async fn tables(ports: &impl Ports, settings: &Settings) -> Result<Reply, Problem> {
    let mut shown: Vec<Value> = Vec::new();
    for table in Restorable::ALL {
        let name = serving(ports, settings, table).await?;
        let view = ports.table(&name).await.map_err(|error| of_cloud(&error))?;
        let backups = ports.backups(&name).await.map_err(|error| of_cloud(&error))?;
        shown.push(json!({
            "table": table,
            "name": name,
            "asDeployed": name == settings.of(table).table,
            "status": view.as_ref().map(|view| view.status),
            "capacity": view.as_ref().map(|view| view.capacity),
            "protected": view.as_ref().map(|view| view.protected),
            "restorableFrom": view.as_ref().and_then(|view| view.recoverable).map(|window| window.0),
            "restorableTo": view.as_ref().and_then(|view| view.recoverable).map(|window| window.1),
            "backups": backups,
        }));
    }
    Ok(Reply::ok(json!({ "tables": shown })))
}

/// What a refusal of a service is to a caller.
fn of_cloud(error: &CloudError) -> Problem {
    match error.kind {
        CloudErrorKind::Throttled | CloudErrorKind::Unavailable | CloudErrorKind::Busy => {
            Problem::new(503, "SERVICE_UNAVAILABLE", format!("{error}: nothing was changed, try again"))
        }
        CloudErrorKind::Unknown => Problem::outcome_unknown(&error.to_string()),
        _ => Problem::new(502, "SERVICE_REFUSED", error.to_string()),
    }
}

/// What a failed step is to a caller.
fn of_step(error: &StepError) -> Problem {
    if error.retryable() {
        Problem::new(503, "SERVICE_UNAVAILABLE", format!("{}: try again", error.chain()))
    } else {
        Problem::new(502, "SERVICE_REFUSED", error.chain())
    }
}

fn reply(status: u16, row: &RestoreRow, message: &str) -> Reply {
    let mut shown = row.to_api();
    if let Value::Object(fields) = &mut shown {
        fields.insert("message".to_owned(), json!(message));
    }
    Reply::ok(shown).with_status(status)
}
