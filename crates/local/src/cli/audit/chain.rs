//! Reads a chain page by page and verifies it as it comes.

use super::super::Failure;
use super::super::client::{Client, query};
use super::{Clock, log};
use capstan_core::audit::{Entry, Fault, Head, PublicKey, Receipt, Report, Seal, Verifier, read_shown};
use capstan_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// Tries, where the chain grows while it is read.
const ATTEMPTS: usize = 5;
/// Entries read at a time: as many as the API gives.
const PAGE: &str = "100";

/// What was found, of whom, and when.
pub(super) struct Seen {
    pub(super) tenant: String,
    pub(super) as_of: Timestamp,
    pub(super) report: Report,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tenant_id: String,
    as_of: Timestamp,
    before: Vec<BeforeRow>,
    entries: Vec<Map<String, Value>>,
    seals: Vec<Map<String, Value>>,
    head: Option<Head>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct BeforeRow {
    key: String,
    row: Map<String, Value>,
}

/// What a chain is held against.
pub(super) struct Against<'a> {
    pub(super) keys: &'a [PublicKey],
    pub(super) known: Option<&'a Receipt>,
    pub(super) log: Option<&'a Path>,
    pub(super) clock: Clock,
    pub(super) excuse: u64,
}

/// Verifies the chain. What is missing at its end, or too much there, may have come while it was read: then it is read again.
pub(super) fn verify(client: &Client, against: &Against<'_>) -> Result<Seen, Failure> {
    let mut former = None;
    for _ in 1..ATTEMPTS {
        let (seen, head) = once(client, against)?;
        let at_the_end = seen
            .report
            .finding
            .as_ref()
            .is_some_and(|finding| matches!(finding.fault, Fault::CutOff | Fault::Inserted));
        if !at_the_end || former.as_ref() == Some(&head) {
            return Ok(seen);
        }
        former = Some(head);
    }
    once(client, against).map(|(seen, _)| seen)
}

fn once(client: &Client, against: &Against<'_>) -> Result<(Seen, Option<Head>), Failure> {
    let Against { keys, known, log, clock, excuse } = *against;
    let mut page = get(client, None)?;
    let tenant = page.tenant_id.clone();
    if let Some(known) = known.filter(|known| known.tenant_id != tenant) {
        return Err(Failure::failed(format!(
            "the receipt is one of tenant {}, the token one of {tenant}",
            known.tenant_id
        )));
    }
    let mut verifier = Verifier::new(&tenant).with_receipt(known.cloned()).excusing(excuse);
    if let Some(file) = log {
        verifier = verifier.with_seal_of_log(&log::newest(file, &tenant, keys)?);
    }
    loop {
        for row in &page.before {
            verifier.before(&row.key, &row.row);
        }
        for seal in page.seals {
            match read_shown::<Seal>(&seal) {
                Ok(seal) => verifier.seal(seal, |seal| signing::genuine(keys, seal)),
                Err(why) => verifier.unreadable_seal(&why),
            }
        }
        for entry in page.entries {
            verifier.entry(read_shown::<Entry>(&entry).as_ref().map_err(Clone::clone));
        }
        let Some(cursor) = page.cursor else { break };
        page = get(client, Some(&cursor))?;
    }
    let (as_of, head) = (page.as_of, page.head);
    Ok((Seen { tenant, as_of, report: verifier.finish(head.as_ref(), clock.now(as_of)) }, head))
}

fn get(client: &Client, cursor: Option<&str>) -> Result<Page, Failure> {
    let pairs = [("order", Some("oldest")), ("limit", Some(PAGE)), ("cursor", cursor)];
    let answer = client.get(&query("/tier/audit", &pairs))?;
    if !answer.good() {
        return Err(answer.refusal());
    }
    serde_json::from_value(answer.body)
        .map_err(|error| Failure::failed(format!("what the API answers is no audit: {error}")))
}
