//! Idempotency keys: a POST that is sent again is answered again, and done once.
//!
//! A request with `Idempotency-Key` first claims its row in the store, on condition that nobody else has. What it then
//! does it commits together with its answer, on condition that the claim still stands ([`Claim::keep`]). So there is no
//! instant at which the effect is there and the answer is not: whoever dies, loses its answer or is overtaken has either
//! done both or neither, and that is found by looking at one row. A claim of somebody who died is taken over once
//! it is older than any function may run; should its holder be alive after all, its commit fails. Answers
//! without an effect (refusals, plans) are kept by the edge afterwards, on the same condition.
//!
//! Rejected: keeping the answer after the effect (a crash in between does it twice), and ids of changes derived from the key
//! (it makes one kind of effect repeatable, and cancelling has no id).

use crate::{Problem, Reply, Request};
use capstan_core::ids::hex;
use capstan_core::ports::{Clock, Store};
use capstan_core::time::Millis;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use tier_records::{KeptAnswer, KeptSecret, Record as _, RecordError, RequestRow, Transaction};

/// The longest key, in characters.
pub const MAX_KEY: usize = 128;
/// How long an answer is kept.
pub const KEPT: Millis = Millis::hours(24);
/// How long a request under way is waited for: longer than a function behind the API may run (`Timeout`: 30 s).
pub const CLAIM: Millis = Millis::seconds(35);
/// How often a row is read again when somebody else writes it at the same time.
const ATTEMPTS: usize = 4;

/// The value of `Idempotency-Key`. It is as good as a password for the answers under it, so it shows itself nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey")
    }
}

impl IdempotencyKey {
    /// Reads a key: 1 to [`MAX_KEY`] printable ASCII characters.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let good =
            (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if good {
            return Ok(Self(text.to_owned()));
        }
        let detail =
            format!("Idempotency-Key must be one value of 1 to {MAX_KEY} printable ASCII characters");
        Err(Problem::new(422, "INVALID_IDEMPOTENCY_KEY", detail))
    }
}

/// A request that nobody else works on, to be committed with what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    row: RequestRow,
    key: IdempotencyKey,
}

impl Claim {
    /// Has the answer committed with the effect that `transaction` stands for.
    fn keep(&self, transaction: &mut Transaction, reply: &Reply) {
        let mut row = self.done(reply);
        transaction.put(&mut row);
    }

    fn done(&self, reply: &Reply) -> RequestRow {
        let mut body = reply.body.clone();
        let secret = reply.secret.clone();
        if let (Some(secret), Value::Object(members)) = (&secret, &mut body) {
            members.remove(&secret.field);
        }
        let answer =
            KeptAnswer { status: reply.status, problem: reply.problem, body: body.to_string(), secret };
        RequestRow { answer: Some(answer), ..self.row.clone() }
    }
}

/// The secret that belongs to this key and this salt.
fn derive(key: &IdempotencyKey, salt: &str) -> String {
    let parts = ["capstan answer secret", salt, &key.0];
    hex(&parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update([0])).finalize())
}

impl Request {
    /// Has the answer kept in the same transaction as the effect; nothing, where the request came without a key.
    pub fn keep(&self, transaction: &mut Transaction, mut reply: Reply) -> Reply {
        if let Some(claim) = &self.claim {
            claim.keep(transaction, &reply);
            reply.kept = true;
        }
        reply
    }

    /// A secret of 64 hexadecimal digits to be handed out in the answer, and what to give [`Reply::with_secret`]. Whoever
    /// sends the request again under its key gets the same one; the store alone can't tell it.
    pub fn secret(&self, chance: [[u8; 16]; 2]) -> (String, Option<String>) {
        let salt = hex(chance.as_flattened());
        match &self.claim {
            None => (salt, None),
            Some(claim) => (derive(&claim.key, &salt), Some(salt)),
        }
    }

    /// Where the row of this request is, and the hash of what is asked.
    fn place(&self, key: &IdempotencyKey) -> (String, String) {
        let of = |parts: &[&str]| {
            // Lengths first, so that no two lists of parts are the same bytes.
            let hash = parts.iter().fold(Sha256::new(), |hash, part| {
                hash.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
            });
            hex(&hash.finalize())
        };
        let path: Vec<&str> = self.path.values().map(String::as_str).collect();
        let asked =
            [&[self.method.as_str(), &self.route, self.body.as_deref().unwrap_or_default()], &path[..]];
        (format!("KEY#{}", of(&[&self.caller.subject, &key.0])), of(&asked.concat()))
    }
}

/// What the row of a request says of who may go on with it.
enum Standing {
    Mine(Claim),
    Answered(Reply),
}

/// Handles a request once under its key. Only a POST has one; without a key it is handled as it is.
pub(crate) async fn once<F>(
    ports: &(impl Store + Clock),
    mut request: Request,
    handle: impl FnOnce(Request) -> F,
) -> Result<Reply, Problem>
where
    F: Future<Output = Result<Reply, Problem>>,
{
    let key = match (request.method.as_str(), request.idempotency_key.take()) {
        ("POST", Some(key)) => key?,
        _ => return handle(request).await,
    };
    let (entry, hash) = request.place(&key);
    let claim = match claim(ports, &request, &key, &entry, &hash).await? {
        Standing::Mine(claim) => claim,
        Standing::Answered(reply) => return Ok(reply),
    };
    let look = Look { tenant: request.caller.tenant.clone(), entry, hash, key };
    request.claim = Some(claim.clone());
    match handle(request).await {
        Ok(reply) if reply.kept => Ok(reply),
        Err(problem) if problem.passes() => look.let_go(ports, &claim, problem).await,
        Ok(reply) => look.keep(ports, &claim, reply).await,
        Err(problem) => look.keep(ports, &claim, Reply::from(problem)).await,
    }
}

async fn claim(
    ports: &(impl Store + Clock),
    request: &Request,
    key: &IdempotencyKey,
    entry: &str,
    hash: &str,
) -> Result<Standing, Problem> {
    let tenant = &request.caller.tenant;
    for _ in 0..ATTEMPTS {
        let now = ports.wall();
        let found = tier_records::request(ports, tenant, entry).await?;
        let version = found.as_ref().map_or(0, |row| row.version);
        // The table forgets at its leisure.
        if let Some(row) = found.filter(|row| row.expires_at > now.as_millis() / 1_000) {
            if let Some(reply) = given(&row, hash, key)? {
                return Ok(Standing::Answered(reply));
            }
            if now < row.claimed_until {
                return Err(in_progress(row.claimed_until.since(now)));
            }
        }
        let mut row = RequestRow {
            tenant_id: tenant.clone(),
            entry: entry.to_owned(),
            request_hash: hash.to_owned(),
            claimed_until: now + CLAIM,
            answer: None,
            expires_at: (now + KEPT).as_millis() / 1_000,
            version,
        };
        let mut transaction = Transaction::new();
        transaction.put(&mut row);
        match transaction.commit(ports).await {
            Ok(()) => return Ok(Standing::Mine(Claim { row, key: key.clone() })),
            Err(RecordError::Stale { .. }) => {}
            // Nothing has been begun, whether the claim is there or not.
            Err(error) => return Err(nothing_begun(error)),
        }
    }
    Err(in_progress(Millis::seconds(1)))
}

/// The row of one request, looked at again.
struct Look {
    tenant: capstan_core::ids::TenantId,
    entry: String,
    hash: String,
    key: IdempotencyKey,
}

impl Look {
    /// Keeps an answer that comes without an effect. It is given only if it is kept: else the same request could be answered
    /// otherwise the next time.
    async fn keep(
        &self,
        ports: &(impl Store + Clock),
        claim: &Claim,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut transaction = Transaction::new();
        transaction.put(&mut claim.done(&reply));
        match transaction.commit(ports).await {
            Ok(()) => Ok(reply),
            Err(RecordError::Stale { .. }) => self.as_it_is(ports, Ok(reply)).await,
            Err(error) => Err(nothing_begun(error)),
        }
    }

    /// Gives the claim back, since the same request may be answered otherwise in a moment. If that can't be done, the
    /// request may have been: then its row has the answer.
    async fn let_go(
        &self,
        ports: &(impl Store + Clock),
        claim: &Claim,
        problem: Problem,
    ) -> Result<Reply, Problem> {
        let mut transaction = Transaction::new();
        transaction.delete(&claim.row);
        match transaction.commit(ports).await {
            Err(RecordError::Stale { .. }) => self.as_it_is(ports, Err(problem)).await,
            // Where it could not be given back, it is taken over in half a minute.
            _ => Err(problem),
        }
    }

    /// The row has moved on: its answer, or `ours` where there is no row any more.
    async fn as_it_is(
        &self,
        ports: &(impl Store + Clock),
        ours: Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        match tier_records::request(ports, &self.tenant, &self.entry).await? {
            None => ours,
            Some(row) => match given(&row, &self.hash, &self.key)? {
                Some(reply) => Ok(reply),
                None => Err(in_progress(row.claimed_until.since(ports.wall()))),
            },
        }
    }
}

/// The answer of a row, if it has one; 422 if it is of another request.
fn given(row: &RequestRow, hash: &str, key: &IdempotencyKey) -> Result<Option<Reply>, Problem> {
    if row.request_hash != hash {
        let detail = "this Idempotency-Key was sent with another request: give each request a key of its own";
        return Err(Problem::new(422, "IDEMPOTENCY_KEY_REUSED", detail));
    }
    let Some(kept) = &row.answer else { return Ok(None) };
    let mut body = serde_json::from_str(&kept.body).map_err(|error| unreadable(row, &error))?;
    if let (Some(KeptSecret { field, salt }), Value::Object(members)) = (&kept.secret, &mut body) {
        members.insert(field.clone(), json!(derive(key, salt)));
    }
    let mut reply = Reply::ok(body);
    (reply.status, reply.problem, reply.kept) = (kept.status, kept.problem, true);
    Ok(Some(reply.with_header("Idempotency-Replayed", "true")))
}

fn unreadable(row: &RequestRow, error: &serde_json::Error) -> Problem {
    let (table, key) = (RequestRow::TABLE.name(), row.entry.clone());
    RecordError::Corrupt { table, key, message: error.to_string() }.into()
}

fn in_progress(left: Millis) -> Problem {
    let detail = "this very request is being worked on: send it again in a moment to have its answer";
    Problem::conflict("REQUEST_IN_PROGRESS", detail).after(left)
}

/// The store has failed where nothing but the row of the request was to be written.
fn nothing_begun(error: RecordError) -> Problem {
    let problem = Problem::from(error);
    if problem.code != "OUTCOME_UNKNOWN" {
        return problem;
    }
    let detail = "this can't be answered right now and nothing was changed: try again";
    Problem { detail: detail.to_owned(), code: "UNAVAILABLE", ..problem }
}
