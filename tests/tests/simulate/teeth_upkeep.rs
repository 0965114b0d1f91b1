//! More safeguards taken away: what is done without anybody asking, what people are told, and what a change was to come to.

use super::teeth::{Tooth, all_found, answers, of_function, of_template, replaced, rewrite};
use capstan_core::audit::{Entry, HEAD};
use capstan_core::ports::{Item, Notice, NoticeKind, Notifier, Table};
use capstan_core::time::Millis;
use local::functions::Handler;
use local::simulate::Promise;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A schedule that never comes.
fn without_schedule(what: &'static str, broken: &'static [Promise], function: &'static str) -> Tooth {
    of_template(what, broken, move |description| {
        for schedule in &mut description.schedules {
            if schedule.function.starts_with(function) {
                schedule.every = Millis::days(3_650);
            }
        }
    })
}

/// Before the function runs, this is done to every row of a table.
fn after_rewriting(
    function: &str,
    table: Table,
    edit: fn(&mut Item) -> bool,
) -> Vec<local::functions::Function> {
    replaced(function, move |inner: Handler| {
        let inner = Arc::new(inner);
        Box::new(move |ports, event| {
            let inner = Arc::clone(&inner);
            Box::pin(async move {
                rewrite(&ports, table, edit).await;
                inner(ports, event).await
            })
        })
    })
}

/// The plan forgets what was edited.
fn forget_edits(change: &mut Item) -> bool {
    fn forget(value: &mut Value) -> bool {
        match value {
            Value::Object(fields) => {
                let endpoint = fields.get("kind") == Some(&json!("endpoint"));
                let mut done = false;
                if endpoint && fields.get("max").is_some_and(|max| *max != json!(20)) {
                    fields.insert("max".to_owned(), json!(20));
                    done = true;
                }
                fields.values_mut().map(forget).fold(done, |done, one| done | one)
            }
            Value::Array(values) => values.iter_mut().map(forget).fold(false, |done, one| done | one),
            _ => false,
        }
    }
    change.get("status") == Some(&json!("INITIATED")) && change.get_mut("plan").is_some_and(forget)
}

/// The application is to be told of another tier.
fn other_tier(change: &mut Item) -> bool {
    let under_way = matches!(change["status"].as_str(), Some("INITIATED" | "IN_PROGRESS"));
    let after = change.get_mut("plan").map(|plan| &mut plan["appConfigAfter"]["tier"]);
    match after.filter(|tier| under_way && **tier != json!("DEV")) {
        Some(tier) => {
            *tier = json!("DEV");
            true
        }
        None => false,
    }
}

/// Says also what is not so, of every change under way.
fn lying(kind: NoticeKind) -> impl Fn(Handler) -> Handler + Send + Sync + 'static {
    move |inner| {
        let inner = Arc::new(inner);
        Box::new(move |ports, event| {
            let inner = Arc::clone(&inner);
            Box::pin(async move {
                let open: Vec<(String, String)> = ports.world().with(|world| {
                    let text = |item: &Item, name: &str| {
                        item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
                    };
                    let changes = world.items(Table::TierChangeLog);
                    let open = changes.filter(|item| text(item, "status") == "IN_PROGRESS");
                    open.map(|item| (text(item, "tenant_id"), text(item, "transition_id"))).collect()
                });
                for (tenant, id) in open {
                    let tenant_id = capstan_core::ids::TenantId::parse(&tenant).expect("a tenant's id");
                    let (subject, body) =
                        ("Tier change".to_owned(), format!("Tenant {tenant}\nChange {id} from"));
                    drop(ports.notify(&Notice { kind, tenant_id: Some(tenant_id), subject, body }).await);
                }
                inner(ports, event).await
            })
        })
    }
}

/// Enters another act in the place of this one, and has the chain hold all the same.
fn misnaming(action: &'static str) -> impl Fn(Handler) -> Handler + Send + Sync + 'static {
    move |inner| {
        let inner = Arc::new(inner);
        Box::new(move |ports, event| {
            let inner = Arc::clone(&inner);
            Box::pin(async move {
                let answer = inner(ports.clone(), event).await;
                let rows: Vec<Item> =
                    ports.world().with(|world| world.items(Table::TierAudit).cloned().collect());
                let (mut last, mut new) = (BTreeMap::new(), BTreeMap::new());
                for row in rows {
                    let sort = row["entry"].as_str().unwrap_or_default().to_owned();
                    let Ok(mut entry) = serde_json::from_value::<Entry>(Value::Object(row)) else { continue };
                    let mut altered = entry.action == action;
                    if altered {
                        (entry.action, entry.who) = ("SOMETHING_ELSE".to_owned(), "capstan".to_owned());
                    }
                    if let Some(prev) = last.get(&entry.tenant_id).filter(|prev| **prev != entry.prev) {
                        entry.prev.clone_from(prev);
                        altered = true;
                    }
                    entry.hash = entry.digest();
                    last.insert(entry.tenant_id.clone(), entry.hash.clone());
                    if altered {
                        new.insert((entry.tenant_id.clone(), sort), entry);
                    }
                }
                rewrite(&ports, Table::TierAudit, |row| {
                    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
                    let tenant = text("tenant_id");
                    if text("entry") == HEAD {
                        let hash = last.get(&tenant).filter(|hash| **hash != text("hash")).cloned();
                        return hash.map(|hash| row.insert("hash".to_owned(), json!(hash))).is_some();
                    }
                    let Some(entry) = new.get(&(tenant, text("entry"))) else { return false };
                    for (name, value) in [
                        ("action", &entry.action),
                        ("who", &entry.who),
                        ("prev", &entry.prev),
                        ("hash", &entry.hash),
                    ] {
                        row.insert(name.to_owned(), json!(value));
                    }
                    true
                })
                .await;
                answer
            })
        })
    }
}

fn misnamed(action: &'static str, function: &str) -> Tooth {
    of_function(action, &[Promise::Audit], &replaced(function, misnaming(action)))
}

/// Panics before it does anything.
fn panicking(_: Handler) -> Handler {
    Box::new(|_, _| Box::pin(async { panic!("a function that panics") }))
}

fn edited(run: u64) -> String {
    format!("DEV/{run}/rows/quick; +0 A edit STAGING {}; +5 A bypass STAGING", 60 + run)
}

/// Deleting the endpoint is refused until the change has been undone.
fn uncleaned(run: u64) -> String {
    format!(
        "STAGING/{run}/rows/quick; +0 fault sagemaker:DeleteEndpoint:*:denied; +0 A bypass DEV; +3000 heal"
    )
}

fn set_cooldown(run: u64) -> String {
    format!("STAGING/{run}/rows/quick; +0 A cooldown 3; +5 A bypass DEV")
}

fn upkeep() -> Vec<Tooth> {
    use Promise::{NoPanic, Notices, Orphans, Reaped, Sealed, Target};
    vec![
        without_schedule("the schedule of the sealer", &[Sealed], "SealAudit"),
        without_schedule("the schedule of the reaper", &[Reaped], "ReapRetired"),
        without_schedule("the schedule of the search for orphans", &[Orphans], "FindOrphans"),
        of_function(
            "word of a cleanup that failed",
            &[Notices],
            &replaced("cleanup-failed-alert", answers(json!({"verdict": "DONE"}))),
        )
        .told(uncleaned),
        of_function(
            "the edits in a plan",
            &[Target],
            &after_rewriting("validate-transition", Table::TierChangeLog, forget_edits),
        )
        .told(edited),
        of_function(
            "the tier that the application is told",
            &[Target],
            &after_rewriting("update-app-config", Table::TierChangeLog, other_tier),
        ),
        of_function(
            "that a change is said to be stuck only where it is",
            &[Notices],
            &replaced("validate-transition", lying(NoticeKind::Stuck)),
        ),
        of_function(
            "that a change is said to be rolled back only where it is",
            &[Notices],
            &replaced("update-app-config", lying(NoticeKind::RolledBack)),
        ),
        of_function("that a function does not panic", &[NoPanic], &replaced("drain-connections", panicking)),
    ]
}

fn acts() -> Vec<Tooth> {
    vec![
        misnamed("ROLLBACK_STARTED", "rollback-provisioning"),
        misnamed("COOLDOWN_SET", "tier-configs").told(set_cooldown),
        misnamed("STORE_RETIRED", "cleanup-elasticache"),
        misnamed("STORE_DELETED", "rollback-provisioning"),
        misnamed("RETIRED_DELETED", "reap-retired"),
    ]
}

#[test]
fn what_is_done_told_or_come_to_amiss_is_noticed() {
    all_found(&upkeep());
}

#[test]
fn an_act_that_is_not_in_the_audit_is_noticed() {
    all_found(&acts());
}
