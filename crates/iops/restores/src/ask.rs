//! Asking for a restore, and starting it. The row and the mark that its table is being restored are one write; if the execution
//! can't be started then, `end-restore` starts it.

use crate::{Ports, of_cloud, reply, serving};
use api::{Fields, Problem, Reply, Request};
use capstan_core::ids::{RestoreId, uuid_v7};
use capstan_core::iops::{
    Count, RESTORE_LIMIT, RESTORES_KEPT, Restorable, Restore, RestoreStatus, Wish, target_name,
};
use capstan_core::ports::{RestoreFrom, TableStatus};
use capstan_core::tier::edit::FieldError;
use capstan_core::tier::request::reason_objection;
use capstan_core::time::Timestamp;
use iops_records::{RecordError, RestoreRow, Restoring, Transaction};
use iops_restoring::Settings;
use serde_json::{Value, json};

/// What was asked for.
struct Asked {
    table: Restorable,
    from: RestoreFrom,
    reason: String,
    swap: bool,
    accept_fewer: bool,
}

pub(crate) async fn ask(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    let asked = read(request)?;
    let source = serving(ports, settings, asked.table).await?;
    let until = check(ports, &source, &asked.from).await?;
    let now = ports.wall();
    let id = new_id(ports, now)?;
    let mut row = RestoreRow(Restore {
        subject: Restore::SUBJECT.to_owned(),
        entry: id.to_string(),
        restore_id: id.clone(),
        table: asked.table,
        target: target_name(&source, now),
        source,
        from: asked.from,
        until,
        swap: asked.swap,
        accept_fewer: asked.accept_fewer,
        wish: Wish {
            by: request.caller.subject.clone(),
            tenant: request.caller.tenant.clone(),
            reason: asked.reason,
            at: now,
        },
        deadline: ports.now() + RESTORE_LIMIT,
        status: RestoreStatus::Running,
        asked: false,
        restored_at: None,
        prepared_at: None,
        restored_rows: Count::default(),
        source_rows: Count::default(),
        verified_at: None,
        feed: None,
        swapped: Vec::new(),
        served: false,
        swapped_at: None,
        cancellation: None,
        swap_back: None,
        failure: None,
        undone_at: None,
        recoveries: 0,
        ended_at: None,
        expires_at: now.as_millis() / 1_000 + RESTORES_KEPT,
        version: 0,
    });
    let mut listed = Restoring::of(row.table, id.clone());
    let mut transaction = Transaction::new();
    transaction.put(&mut row);
    transaction.put(&mut listed);
    match transaction.commit(ports).await {
        Ok(()) => {}
        Err(RecordError::Stale { .. }) => return Err(under_way(ports, row.table).await?),
        Err(error) => return Err(error.into()),
    }
    let message = match ports.start(id.as_str(), &json!({ "restoreId": id })).await {
        Ok(()) => "it is under way",
        Err(_) => "it is recorded, and its execution will be started within two minutes",
    };
    Ok(reply(202, &row, message))
}

pub(crate) async fn under_way(ports: &impl Ports, table: Restorable) -> Result<Problem, Problem> {
    let known = iops_records::restoring(ports, table).await?;
    let words = format!("the table {} is being restored already: wait for it, or cancel it", table.as_str());
    let mut problem = Problem::conflict("RESTORE_UNDER_WAY", words);
    if let Some(known) = known {
        problem.more.insert("restoreId".to_owned(), json!(known.restore_id));
    }
    Ok(problem)
}

fn new_id(ports: &impl Ports, now: Timestamp) -> Result<RestoreId, Problem> {
    let id = RestoreId::parse(&uuid_v7(now.as_millis(), ports.random()));
    id.map_err(|error| Problem::new(500, "INTERNAL", error.to_string()))
}

/// Reads the request: every objection, all at once.
fn read(request: &Request) -> Result<Asked, Problem> {
    let mut fields = Fields::read(request)?;
    let mut errors: Vec<FieldError> = Vec::new();
    let mut wrong = |field: &str, message: &str| {
        errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    let table = fields.take("table");
    let table = table.as_ref().and_then(Value::as_str).and_then(Restorable::parse);
    if table.is_none() {
        wrong("table", "give metrics or insights");
    }
    let from = match (fields.take("pointInTime"), fields.take("backupArn")) {
        (Some(Value::String(text)), None) => {
            let at = Timestamp::parse(&text).map(RestoreFrom::PointInTime);
            if at.is_none() {
                wrong("pointInTime", "is not a time such as 2026-11-21T06:11:50Z");
            }
            at
        }
        (None, Some(Value::String(arn))) if arn.starts_with("arn:") && arn.contains("/backup/") => {
            Some(RestoreFrom::Backup(arn))
        }
        (None, Some(_)) => {
            wrong("backupArn", "is not the ARN of a backup: GET /tables lists them");
            None
        }
        _ => {
            wrong("pointInTime", "give either pointInTime, a time, or backupArn, and not both");
            None
        }
    };
    let mut flag = |name: &str, default: bool| match fields.take(name) {
        None => default,
        Some(Value::Bool(flag)) => flag,
        Some(_) => {
            wrong(name, "give true or false");
            default
        }
    };
    let (swap, accept_fewer) = (flag("swap", true), flag("acceptFewer", false));
    let reason = match fields.take("reason") {
        Some(Value::String(reason)) => reason,
        _ => String::new(),
    };
    if let Some(objection) = reason_objection(&reason) {
        wrong("reason", &objection.message);
    }
    if let (true, Some(table), Some(from)) = (errors.is_empty(), table, from) {
        fields.finish()?;
        return Ok(Asked { table, from, reason, swap, accept_fewer });
    }
    errors.extend(fields.rest()?.keys().map(|name| FieldError {
        field: name.chars().take(64).collect(),
        message: "is not a field of this request".to_owned(),
    }));
    Err(Problem::invalid(&errors))
}

/// Refuses what the service would refuse later; otherwise up to when rows are to be counted.
async fn check(ports: &impl Ports, source: &str, from: &RestoreFrom) -> Result<Timestamp, Problem> {
    let view = ports.table(source).await.map_err(|error| of_cloud(&error))?;
    let Some(view) = view.filter(|view| matches!(view.status, TableStatus::Active | TableStatus::Updating))
    else {
        return Err(Problem::conflict("TABLE_NOT_ACTIVE", format!("the table {source} is not active")));
    };
    match from {
        RestoreFrom::PointInTime(at) => {
            let Some((earliest, latest)) = view.recoverable else {
                let words = format!("point-in-time recovery is off for {source}: restore from a backup");
                return Err(Problem::conflict("NOT_RECOVERABLE", words));
            };
            if !(earliest..=latest).contains(at) {
                let words = format!("{source} can be restored to a time from {earliest} to {latest}");
                return Err(Problem::invalid_field("pointInTime", words));
            }
            Ok(*at)
        }
        RestoreFrom::Backup(arn) => {
            let backups = ports.backups(source).await.map_err(|error| of_cloud(&error))?;
            let backup = backups.into_iter().find(|backup| backup.arn == *arn);
            let words = || format!("{source} has no such backup: GET /tables lists them");
            backup.map(|backup| backup.made_at).ok_or_else(|| Problem::invalid_field("backupArn", words()))
        }
    }
}
