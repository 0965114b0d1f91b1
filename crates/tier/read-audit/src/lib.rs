//! `read-audit`: the audit of the caller's tenant, by pages, with all that is needed to verify it: entries, seals, the head,
//! the public key. Any role may: who checks need not be able to act.

use api::{Problem, Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use capstan_core::audit::{ENTRIES, HEAD, SEALS, SigningAlgorithm};
use capstan_core::ports::{Clock, Item, Signer, Store};
use serde_json::{Map, Value, json};

const DEFAULT_LIMIT: usize = 20;
const MOST: usize = 100;
/// A cursor holds a sort key and half a hash; the longest sort key from before the chain has some 200 bytes.
const LONGEST_CURSOR: usize = 2_000;

/// Answers a request.
pub async fn handle(ports: &(impl Store + Signer + Clock), request: Request) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/tier/audit") => audit(ports, &request).await,
        ("GET", "/tier/audit/key") => key(ports, &request).await,
        _ => Err(request.no_such_route()),
    }
}

async fn audit(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["limit", "cursor", "order"])?;
    let limit = request.whole_number("limit", DEFAULT_LIMIT, MOST)?;
    let descending = match request.query.get("order").map(String::as_str) {
        None | Some("newest") => true,
        Some("oldest") => false,
        Some(_) => return Err(Problem::invalid_field("order", "is neither `newest` nor `oldest`")),
    };
    let tenant = &request.caller.tenant;
    let from = match request.query.get("cursor") {
        None => None,
        Some(cursor) => Some(checked_cursor(ports, request, cursor).await?),
    };
    if from.is_none() {
        tier_records::denied::settle(ports, tenant).await?;
    }
    // Before the entries: what is added meanwhile is beyond this head, and not missing before it.
    let head = tier_records::audit_head(ports, tenant).await?;
    let after = from.clone().or_else(|| descending.then(|| HEAD.to_owned()));
    let (mut rows, more) = tier_records::audit_rows(ports, tenant, "", after, descending, limit).await?;
    let found = rows.len();
    rows.retain(|row| sort(row) < HEAD);
    let last = rows.last().filter(|_| more && rows.len() == found);
    let seals = seals(ports, request, &rows, from.as_deref(), descending, last.is_none(), limit).await?;
    let cursor = last.map(cursor);
    let (entries, before): (Vec<Item>, Vec<Item>) = rows.into_iter().partition(|row| sort(row) >= ENTRIES);
    Ok(Reply::ok(json!({
        "tenantId": tenant,
        "asOf": ports.now(),
        "before": before.iter().map(|row| json!({"key": sort(row), "row": row})).collect::<Vec<_>>(),
        "entries": entries.into_iter().map(to_api).collect::<Vec<_>>(),
        "seals": seals,
        "head": head.head(),
        "cursor": cursor,
    })))
}

/// The seals over the entries of this page; on the last page also those over what should come after it.
async fn seals(
    ports: &impl Store,
    request: &Request,
    rows: &[Item],
    from: Option<&str>,
    descending: bool,
    last: bool,
    limit: usize,
) -> Result<Vec<Value>, Problem> {
    let places: Vec<&str> = rows.iter().filter_map(place).collect();
    let given = from.and_then(|from| from.strip_prefix(ENTRIES));
    // Exclusive and inclusive, as places in their sort keys.
    let (above, to) = if descending {
        let lowest = places.last().map(|place| place.parse().unwrap_or(1_u64).saturating_sub(1));
        // From the newest on, there is nothing above that would not have been asked for.
        (lowest.map(|lowest| format!("{lowest:020}")), given)
    } else {
        (given.map(str::to_owned), if last { None } else { places.last().copied() })
    };
    if places.is_empty() && (descending || !last) {
        return Ok(Vec::new());
    }
    let after = above.map(|above| format!("{SEALS}{above}"));
    let tenant = &request.caller.tenant;
    let mut found = tier_records::seal_rows(ports, tenant, after.clone(), limit + 1).await?;
    if found.is_empty() {
        // Those of versions before, of a tenant who has not acted since: they are not copied yet.
        (found, _) = tier_records::former_seal_rows(ports, tenant, after, limit + 1).await?;
    }
    let within =
        |row: &Item| {
            let key = sort(row).to_owned();
            to.is_none_or(|to| {
                if descending { key < format!("{SEALS}{to}") } else { key <= format!("{SEALS}{to}") }
            })
        };
    Ok(found.into_iter().filter(within).map(to_api).collect())
}

fn sort(row: &Item) -> &str {
    row.get("entry").and_then(Value::as_str).unwrap_or_default()
}

/// The place of an entry, as its sort key has it.
fn place(row: &Item) -> Option<&str> {
    sort(row).strip_prefix(ENTRIES)
}

/// A row as the API shows it: the same fields as they are, in its own spelling. What is not as it should be is not hidden.
fn to_api(row: Item) -> Value {
    let mut shown = Map::new();
    for (name, value) in row {
        if name != "entry" && name != "version" {
            shown.insert(spelled(&name), value);
        }
    }
    Value::Object(shown)
}

fn spelled(name: &str) -> String {
    let mut words = name.split('_');
    let mut spelled = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        spelled.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        spelled.push_str(letters.as_str());
    }
    spelled
}

/// A cursor is the place of the last row of the page before and, where it is of the chain, half its hash: so it is of one
/// tenant, and one that was made up is told.
fn cursor(row: &Item) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}\n{}", sort(row), proof(row)))
}

fn proof(row: &Item) -> &str {
    row.get("hash").and_then(Value::as_str).and_then(|hash| hash.get(..32)).unwrap_or_default()
}

async fn checked_cursor(ports: &impl Store, request: &Request, cursor: &str) -> Result<String, Problem> {
    let invalid = || {
        Problem::invalid_field("cursor", "is not one that this API gave out: start again without a cursor")
    };
    let decoded = (cursor.len() <= LONGEST_CURSOR).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let (key, proved) = text.split_once('\n').ok_or_else(invalid)?;
    if key.is_empty() || key >= HEAD || key.chars().any(char::is_control) {
        return Err(invalid());
    }
    let row = tier_records::audit_row(ports, &request.caller.tenant, key).await?;
    row.filter(|row| proof(row) == proved).map(|_| key.to_owned()).ok_or_else(invalid)
}

async fn key(ports: &impl Signer, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let key = ports.public_key().await.map_err(|error| {
        Problem::new(503, "UNAVAILABLE", format!("the key can't be had now ({}): try again", error.operation))
    })?;
    let pem = match key.algorithm {
        SigningAlgorithm::EcdsaSha256 => Some(pem(&key.der)),
        SigningAlgorithm::Simulated => None,
    };
    Ok(Reply::ok(json!({"keyId": key.id(), "algorithm": key.algorithm, "publicKey": pem})))
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    pem
}
