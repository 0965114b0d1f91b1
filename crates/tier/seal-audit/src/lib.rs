//! `seal-audit`: verifies every audit that has grown since it was last sealed, and signs where it ends.
//!
//! It is the only function that may sign, and it does nothing else: who can act can't vouch for what was done, and who can
//! write the table can't make a chain that passes. It walks from the last seal, whose signature it checks, to the head, and
//! signs nothing that it has not walked. What is sealed already is held against its own record: the last seal must be the one
//! it made, the chain no shorter, and a piece of it is looked at again each time, so that in the end all of it is. A chain that
//! does not verify gets no seal; people are told once, and every round counts it until it is good again. Each seal is said
//! in the log as well, with its signature. A round has its bounds; what is left over is the next one's.

mod copying;
mod held;

pub use copying::AT_ONCE;
pub use held::LOOKED_AT_AGAIN;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_core::audit::{
    ENTRIES, Entry, Finding, GENESIS, PublicKey, Seal, SigningAlgorithm, Verifier, entry_key,
};
use capstan_core::ids::TenantId;
use capstan_core::ports::{
    Clock, CloudError, CloudErrorKind, Item, Notice, NoticeKind, Notifier, Signer, Store,
};
use copying::Copied;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tier_records::{
    AUDIT_BROKEN, AUDIT_UNSEALED, HeadRow, IndexRow, RecordError, SealRow, SealedRow, Transaction, index_page,
};
use tier_steps::{Environment, SettingError, StepError};

/// Tenants seen to in one round, at most.
pub const MOST_TENANTS: usize = 400;
/// Entries walked for one tenant in one round, at most; a longer stretch is sealed piece by piece.
pub const MOST_ENTRIES: usize = 2_000;
/// Rows read at a time.
const PAGE: usize = 200;

/// Answers how many audits were sealed, how many wait for another round, and how many are broken (an alarm looks for that in
/// the log). All are tried; if one could not be looked at or signed the function fails with its error.
pub async fn handle<P>(ports: &P, former_keys: &[PublicKey]) -> Result<Value, StepError>
where
    P: Store + Clock + Signer + Notifier,
{
    let (mut sealed, mut waiting, mut broken, mut failed) = (0, 0, 0, None);
    let tenants = round(ports).await?;
    if tenants.is_empty() {
        return Ok(json!({"sealed": 0, "waiting": 0, "broken": 0}));
    }
    let mut keys = vec![ports.public_key().await.map_err(StepError::of_cloud)?];
    keys.extend_from_slice(former_keys);
    for tenant in tenants {
        match seal(ports, &keys, &tenant).await {
            Ok(Done::Sealed) => sealed += 1,
            Ok(Done::Waiting) => waiting += 1,
            Ok(Done::Broken) => broken += 1,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) if broken == 0 => Err(error),
        // What must not be missed goes first; the failure shows again in the next round.
        _ => Ok(json!({"sealed": sealed, "waiting": waiting, "broken": broken})),
    }
}

/// Reads `AUDIT_FORMER_KEYS`: public keys that seals were signed with before, as `openssl` and KMS print them (Base64 of the DER
/// form), comma-separated. Without them a chain whose last seal is of an exchanged key would not verify.
pub fn former_keys(environment: &Environment) -> Result<Vec<PublicKey>, SettingError> {
    const NAME: &str = "AUDIT_FORMER_KEYS";
    let text = environment.get(NAME).map(String::as_str).unwrap_or_default();
    let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty()).map(|key| {
        let der = STANDARD.decode(key).ok().filter(|der| signing::is_p256(der)).ok_or_else(|| {
            SettingError { name: NAME, problem: format!("`{key}` is not the Base64 of a public P-256 key") }
        })?;
        Ok(PublicKey { algorithm: SigningAlgorithm::EcdsaSha256, der })
    });
    keys.collect()
}

enum Done {
    Sealed,
    Waiting,
    Broken,
}

/// The tenants of this round. Where there are more than a round takes, each begins at another place of the list.
async fn round(ports: &(impl Store + Clock)) -> Result<Vec<TenantId>, StepError> {
    let minute = ports.now().as_millis() / 60_000;
    // Ids begin with hexadecimal digits, evenly spread; 37 and 256 have no common divisor.
    let start = format!("{:02x}", minute * 37 % 256);
    let mut rows = index_page(ports, AUDIT_UNSEALED, Some(start.clone()), MOST_TENANTS).await?;
    if rows.len() < MOST_TENANTS {
        let rest = index_page(ports, AUDIT_UNSEALED, None, MOST_TENANTS - rows.len()).await?;
        rows.extend(rest.into_iter().filter(|row| row.entry <= start));
    }
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}

async fn seal<P>(ports: &P, keys: &[PublicKey], tenant: &TenantId) -> Result<Done, StepError>
where
    P: Store + Clock + Signer + Notifier,
{
    let mut sealed = tier_records::sealed(ports, tenant).await?;
    let mut last = tier_records::last_seal(ports, tenant).await?;
    let head = tier_records::audit_head(ports, tenant).await?;
    if last.is_none() || sealed.copying {
        match copying::copy(ports, keys, tenant, &mut sealed).await? {
            Copied::All if last.is_none() && sealed.number == 0 => {}
            Copied::All => last = tier_records::last_seal(ports, tenant).await?,
            Copied::Some => return Ok(Done::Waiting),
            Copied::Broken(finding) => return alarm(ports, tenant, &finding).await,
        }
    }
    if let Some(finding) = held::objection(&sealed, last.as_ref(), &head) {
        // Unless another round has sealed between two of these reads.
        if tier_records::sealed(ports, tenant).await?.version != sealed.version {
            return Ok(Done::Waiting);
        }
        return alarm(ports, tenant, &finding).await;
    }
    if let Some(last) = &last {
        match held::look_again(ports, keys, tenant, &sealed, last).await? {
            Ok(place) => sealed.checked = place,
            Err(finding) => return alarm(ports, tenant, &finding).await,
        }
    }
    go_on(ports, keys, tenant, sealed, last.as_ref(), &head).await
}

/// Walks on from the last seal and seals what it has walked.
async fn go_on<P>(
    ports: &P,
    keys: &[PublicKey],
    tenant: &TenantId,
    mut sealed: SealedRow,
    last: Option<&Seal>,
    head: &HeadRow,
) -> Result<Done, StepError>
where
    P: Store + Clock + Signer + Notifier,
{
    let verifier = match last {
        Some(seal) => Verifier::from_seal(seal, |seal| signing::genuine(keys, seal)),
        None => from_the_beginning(ports, tenant).await?,
    };
    let mut verifier = walk(ports, tenant, verifier, head).await?;
    verifier.hold_time(ports.now());
    let place = verifier.stands_at().map(|(seq, hash)| (seq, hash.to_owned()));
    let before = verifier.rows_before().clone();
    let Some((seq, hash)) = place.filter(|(seq, _)| *seq < head.seq) else {
        // At the end, or at what is wrong: the head and the last seal are held against it too.
        let report = verifier.finish(head.head().as_ref(), ports.now());
        if let Some(finding) = report.finding {
            return alarm(ports, tenant, &finding).await;
        }
        if last.is_some_and(|last| last.seq == head.seq) {
            return finish(ports, tenant, head, sealed, None).await;
        }
        let seal = sign(ports, &keys[0], tenant, last, head.seq, report.hash, &before).await?;
        return finish(ports, tenant, head, sealed, Some(seal)).await;
    };
    let seal = sign(ports, &keys[0], tenant, last, seq, hash, &before).await?;
    let mut transaction = Transaction::new();
    put(&mut transaction, &mut sealed, &seal);
    transaction.commit(ports).await?;
    said(&seal);
    Ok(Done::Waiting)
}

fn put(transaction: &mut Transaction, sealed: &mut SealedRow, seal: &Seal) {
    sealed.add(seal);
    transaction.put(&mut SealRow::new(seal.clone()));
    transaction.put(sealed);
}

/// A line of the log for each seal: with its signature, so that nobody else can make one. Seals that were taken away later
/// are missed by it.
fn said(seal: &Seal) {
    tracing::info!(
        tenant.id = seal.tenant_id,
        seal.number = seal.number,
        seal.seq = seal.seq,
        seal.hash = seal.hash,
        seal.prev = seal.prev,
        seal.before_count = seal.before_count,
        seal.before_hash = seal.before_hash,
        seal.sealed_at = seal.sealed_at,
        seal.key_id = seal.key_id,
        seal.signature = seal.signature,
        "The audit is sealed."
    );
}

/// A verification that begins with the rows from before the chain, which the first seal speaks for.
async fn from_the_beginning(ports: &impl Store, tenant: &TenantId) -> Result<Verifier, StepError> {
    let mut verifier = Verifier::new(tenant.as_str());
    let mut after = None;
    loop {
        let (rows, more) = tier_records::audit_rows(ports, tenant, "", after, false, PAGE).await?;
        for row in &rows {
            let Some(sort) = key_of(row).filter(|sort| *sort < ENTRIES) else { return Ok(verifier) };
            verifier.before(sort, row);
        }
        after = rows.last().and_then(key_of).map(str::to_owned);
        if !more || after.is_none() {
            return Ok(verifier);
        }
    }
}

/// Takes entries in, up to the head or as many as a round allows.
async fn walk(
    ports: &impl Store,
    tenant: &TenantId,
    mut verifier: Verifier,
    head: &HeadRow,
) -> Result<Verifier, StepError> {
    for _ in 0..MOST_ENTRIES.div_ceil(PAGE) {
        let Some((seq, _)) = verifier.stands_at().filter(|(seq, _)| *seq < head.seq) else { break };
        let after = Some(entry_key(seq));
        let (rows, more) = tier_records::audit_rows(ports, tenant, ENTRIES, after, false, PAGE).await?;
        for row in rows {
            // What was added since the head was read is the next round's.
            if key_of(&row).is_some_and(|sort| sort > entry_key(head.seq).as_str()) {
                return Ok(verifier);
            }
            verifier.entry(read::<Entry>(row).as_ref().map_err(Clone::clone));
        }
        if !more {
            // Whether that is the end is held against the head.
            break;
        }
    }
    Ok(verifier)
}

fn key_of(row: &Item) -> Option<&str> {
    row.get("entry").and_then(Value::as_str)
}

fn read<T: DeserializeOwned>(row: Item) -> Result<T, String> {
    serde_json::from_value(Value::Object(row)).map_err(|error| error.to_string())
}

async fn sign(
    ports: &(impl Signer + Clock),
    key: &PublicKey,
    tenant: &TenantId,
    last: Option<&Seal>,
    seq: u64,
    hash: String,
    before: &capstan_core::audit::Before,
) -> Result<Seal, StepError> {
    let mut seal = Seal {
        tenant_id: tenant.to_string(),
        seq,
        hash,
        number: last.map_or(1, |last| last.number + 1),
        prev: last.map_or_else(|| GENESIS.to_owned(), Seal::digest),
        before_count: before.count,
        before_hash: before.hash.clone(),
        sealed_at: ports.now().to_string(),
        key_id: key.id(),
        signature: String::new(),
    };
    let signature = ports.sign(&seal.message()).await.map_err(StepError::of_cloud)?;
    seal.signature = capstan_core::ids::hex(&signature);
    if signing::genuine(std::slice::from_ref(key), &seal) {
        return Ok(seal);
    }
    // A key that was exchanged between two calls, or another's answer.
    Err(StepError::of_cloud(CloudError {
        kind: CloudErrorKind::Unavailable,
        service: "kms",
        operation: "Sign",
        resource: tenant.to_string(),
        message: "the signature is not one of the key".to_owned(),
    }))
}

/// Writes the seal and takes the tenant off the list, unless its audit has grown meanwhile: then the next round goes on.
async fn finish(
    ports: &impl Store,
    tenant: &TenantId,
    head: &HeadRow,
    mut sealed: SealedRow,
    seal: Option<Seal>,
) -> Result<Done, StepError> {
    let mut transaction = Transaction::new();
    match &seal {
        Some(seal) => put(&mut transaction, &mut sealed, seal),
        None => transaction.put(&mut sealed),
    }
    transaction.unchanged(head);
    transaction.delete_always(&IndexRow::unsealed(tenant));
    if tier_records::index_row(ports, AUDIT_BROKEN, tenant.as_str()).await?.is_some() {
        transaction.delete_always(&IndexRow::broken(tenant));
    }
    match transaction.commit(ports).await {
        Ok(()) => {
            seal.iter().for_each(said);
            Ok(Done::Sealed)
        }
        Err(RecordError::Stale { .. }) => Ok(Done::Waiting),
        Err(error) => Err(error.into()),
    }
}

/// Gives word of an audit that was altered, once; the mark is written after that, so word is given twice rather than never.
async fn alarm<P: Store + Notifier>(
    ports: &P,
    tenant: &TenantId,
    finding: &Finding,
) -> Result<Done, StepError> {
    if tier_records::index_row(ports, AUDIT_BROKEN, tenant.as_str()).await?.is_some() {
        return Ok(Done::Broken);
    }
    let notice = Notice {
        kind: NoticeKind::AuditBroken,
        tenant_id: Some(tenant.clone()),
        subject: format!("The audit was altered at entry {}", finding.seq),
        body: format!(
            "Tenant {tenant}\n{finding}\nIt is sealed no longer. Nobody should act on this tenant before it is known who \
             wrote to the table. Next: capstan audit verify; what it was is in the table's backups (point in time)."
        ),
    };
    ports.notify(&notice).await.map_err(StepError::of_cloud)?;
    let mut transaction = Transaction::new();
    transaction.put_always(&IndexRow::broken(tenant));
    transaction.commit(ports).await?;
    Ok(Done::Broken)
}
