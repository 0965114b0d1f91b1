//! Verifies a chain as it comes from the API: what `capstan audit verify` does, with the API's own key.

use crate::call::{Door, Failure};
use crate::show::{list, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_core::audit::{
    Entry, Fault, Finding, Head, PublicKey, Report, Seal, SigningAlgorithm, Verifier, read_shown,
};
use capstan_core::ports::ApiClient;
use capstan_core::time::Timestamp;
use capstan_core::web::encode;
use serde_json::{Map, Value};

/// The longest chain that is read for a page: 30 calls.
const LONGEST: u64 = 3_000;
/// Tries, where the chain grows while it is read.
const ATTEMPTS: usize = 3;

/// What a look at a whole chain found.
#[derive(Debug)]
pub(super) enum Verdict {
    Good(Report),
    Bad(Finding),
    /// So many entries.
    TooLong(u64),
    NoKey,
}

pub(super) async fn verify<P: ApiClient>(door: &Door<'_, P>, now: Timestamp) -> Result<Verdict, Failure> {
    let Some(key) = key(&door.get("/tier/audit/key").await?) else { return Ok(Verdict::NoKey) };
    let mut verdict = once(door, &key, now).await?;
    for _ in 1..ATTEMPTS {
        let Verdict::Bad(Finding { fault: Fault::CutOff | Fault::Inserted, .. }) = &verdict else { break };
        // What is missing at the end, or too much there, may have come while it was read.
        verdict = once(door, &key, now).await?;
    }
    Ok(verdict)
}

fn key(answer: &Value) -> Option<PublicKey> {
    let lines = text(answer, "publicKey").lines().filter(|line| !line.starts_with("-----"));
    let der = STANDARD.decode(lines.collect::<String>()).ok().filter(|der| signing::is_p256(der))?;
    Some(PublicKey { algorithm: SigningAlgorithm::EcdsaSha256, der })
}

async fn once<P: ApiClient>(door: &Door<'_, P>, key: &PublicKey, now: Timestamp) -> Result<Verdict, Failure> {
    let keys = std::slice::from_ref(key);
    let mut page = get(door, "").await?;
    let length = page["head"]["seq"].as_u64().unwrap_or_default();
    if length > LONGEST {
        return Ok(Verdict::TooLong(length));
    }
    let (mut verifier, none) = (Verifier::new(&door.session.tenant), Map::new());
    loop {
        for row in list(&page, "before") {
            verifier.before(text(row, "key"), row["row"].as_object().unwrap_or(&none));
        }
        for seal in list(&page, "seals") {
            match read_shown::<Seal>(seal.as_object().unwrap_or(&none)) {
                Ok(seal) => verifier.seal(seal, |seal| signing::genuine(keys, seal)),
                Err(why) => verifier.unreadable_seal(&why),
            }
        }
        for entry in list(&page, "entries") {
            let read = read_shown::<Entry>(entry.as_object().unwrap_or(&none));
            verifier.entry(read.as_ref().map_err(Clone::clone));
        }
        let next = text(&page, "cursor");
        if next.is_empty() {
            break;
        }
        page = get(door, &format!("&cursor={}", encode(next))).await?;
    }
    let head: Option<Head> = serde_json::from_value(page["head"].clone()).ok();
    let report = verifier.finish(head.as_ref(), now);
    Ok(match report.objection() {
        Some(finding) => Verdict::Bad(finding.clone()),
        None => Verdict::Good(report),
    })
}

async fn get<P: ApiClient>(door: &Door<'_, P>, cursor: &str) -> Result<Value, Failure> {
    door.get(&format!("/tier/audit?order=oldest&limit=100{cursor}")).await
}
