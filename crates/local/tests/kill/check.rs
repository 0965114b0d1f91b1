//! What was told, held against what is there.

use super::clients::{Client, Notes};
use super::pause;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Every change of a tenant by its id, from all pages of the history.
fn history(client: &Client<'_>, url: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut cursor = Value::Null;
    loop {
        let more = cursor.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("/tier/change-history?limit=100{more}");
        let (status, mut page) = client.call(url, "GET", &path, None).expect("an answer");
        assert_eq!(status, 200, "{page}");
        for change in page["changes"].as_array_mut().expect("changes").drain(..) {
            let id = change["id"].as_str().expect("an id").to_owned();
            assert!(all.insert(id.clone(), change).is_none(), "{id} stands twice in the history");
        }
        cursor = page["cursor"].take();
        if cursor.is_null() {
            return all;
        }
    }
}

/// What the API shows holds all that was acknowledged. No client may be at work meanwhile.
pub(crate) fn answers(url: &str, notes: &[Arc<Notes>]) {
    for tenant in notes {
        let client = Client::new(tenant);
        let history = history(&client, url);
        let config = client.call(url, "GET", "/tier/configs/DEV", None).expect("an answer").1;
        let told = tenant.told();
        for id in &told.changes {
            assert!(
                history.contains_key(id),
                "the change {id} of {} was acknowledged and is lost",
                tenant.tenant
            );
        }
        for id in &told.cancels {
            assert!(
                !history[id]["cancellation"].is_null(),
                "the wish to stop {id} was acknowledged and is lost"
            );
        }
        let Some((last, limit)) = told.edits.last_key_value() else { continue };
        let version = config["version"].as_u64().expect("a version");
        assert!(version >= *last, "version {last} was acknowledged, and {version} is there");
        if version == *last {
            assert_eq!(config["budgetMonthlyCuriosityLimit"].as_u64(), Some(*limit), "of version {version}");
        }
    }
}

/// What a killed process left on the disk opens cleanly, and its audit has every act that was acknowledged, once.
pub(crate) fn audit(folder: &Path, notes: &[Arc<Notes>]) {
    let copy = folder.join("copy.redb");
    std::fs::copy(folder.join("store.redb"), &copy).expect("a copy");
    let entries = sim::disk::Disk::open(&copy).and_then(|disk| disk.entries()).expect("a whole store");
    let mut acts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, value) in entries.iter().filter(|(key, _)| key.starts_with("table/cato_tier_audit/")) {
        let row: Value = serde_json::from_slice(value).expect("JSON");
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let subject = match text("action").as_str() {
            "CONFIG_EDITED" => {
                let detail: Value = serde_json::from_str(&text("detail")).expect("JSON");
                format!("edit {}", detail["version"])
            }
            act @ ("CHANGE_STARTED" | "CHANGE_CANCELLED") => format!("{act} {}", text("transition_id")),
            _ => continue,
        };
        let new = acts.entry(text("tenant_id")).or_default().insert(subject.clone());
        assert!(new, "{subject} stands twice in the audit");
    }
    for tenant in notes {
        let told = tenant.told();
        let started = told.changes.iter().map(|id| format!("CHANGE_STARTED {id}"));
        let cancelled = told.cancels.iter().map(|id| format!("CHANGE_CANCELLED {id}"));
        let edited = told.edits.keys().map(|version| format!("edit {version}"));
        for subject in started.chain(cancelled).chain(edited) {
            let there = acts.get(&tenant.tenant).is_some_and(|acts| acts.contains(&subject));
            assert!(there, "`{subject}` of {} was acknowledged and is not in the audit", tenant.tenant);
        }
    }
}

/// Waits until nothing is under way; how many changes ended in which way. Nothing is left over then. Where a limit of the
/// cloud (ten reshards of a stream a day) keeps a rollback from its end, the operator's next step is taken: it is tried
/// again until the day is over.
pub(crate) fn everything_ends(url: &str, notes: &[Arc<Notes>]) -> BTreeMap<String, u32> {
    let mut ends = BTreeMap::new();
    for tenant in notes {
        let client = Client::new(tenant);
        let mut waited = 0;
        loop {
            let status = client.call(url, "GET", "/tier/transition-status", None).expect("an answer").1;
            if status["transitionId"].is_null() {
                break;
            }
            waited += 1;
            assert!(waited < 1_200, "it came to no end: {status}");
            if status["status"] == "STUCK" && waited % 20 == 0 {
                client.call(url, "POST", "/tier/cancel", Some(&json!({"reason": "tried again, as it says"})));
            }
            pause(50);
        }
        for (id, change) in history(&client, url) {
            let status = change["status"].as_str().expect("a status").to_owned();
            assert!(["COMPLETED", "ROLLED_BACK"].contains(&status.as_str()), "{id}: {change}");
            *ends.entry(status).or_default() += 1;
        }
        let orphans = client.call(url, "GET", "/tier/orphans", None).expect("an answer").1;
        assert_eq!(orphans["orphans"], json!([]), "{}", tenant.tenant);
    }
    ends
}

/// How many changes, edits and cancellations were acknowledged.
pub(crate) fn counts(notes: &[Arc<Notes>]) -> (usize, usize, usize) {
    notes.iter().fold((0, 0, 0), |(changes, edits, cancels), tenant| {
        let told = tenant.told();
        (changes + told.changes.len(), edits + told.edits.len(), cancels + told.cancels.len())
    })
}
