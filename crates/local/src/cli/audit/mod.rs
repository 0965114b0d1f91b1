//! `capstan audit`: what was done, by whom and why, and whether it is still what it was.
//!
//! Verifying trusts nothing that the API says of itself: it reads the whole chain and reckons it anew
//! (`capstan_core::audit`). What it must be told by others is the public key (`--key`, from KMS) and what an earlier
//! verification saw (`--receipt`); without them it says what it took on trust.

mod chain;
mod log;

use super::client::{Client, Whither, query};
use super::table::Table;
use super::{Failure, print};
use crate::clock;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_core::audit::{PublicKey, Receipt, Report, SigningAlgorithm};
use capstan_core::time::Timestamp;
use capstan_core::web::{authority, is_loopback};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    to: Whither,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Read the whole chain and say whether anything in it was changed, removed, reordered, cut off or forged
    Verify {
        /// The public key of the seals, PEM or Base64 of its DER form (several times for exchanged keys) [default: the one
        /// that the API gives]
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
        /// What the last verification found is read from here, and what this one finds is written here
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
        /// Lines of the log of seal-audit: the newest seal in them, and all before it, must be there
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
        /// Late or missing seals of entries up to this one are known and explained: seal-audit did not run
        #[arg(long, value_name = "ENTRY", default_value_t = 0)]
        excuse: u64,
    },
    /// Entries, newest first
    List {
        /// How many
        #[arg(long)]
        limit: Option<String>,
        /// Where to go on: the cursor of the page before
        #[arg(long)]
        cursor: Option<String>,
    },
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let client = Client::new(&args.to.url, args.to.token)?;
    match args.command {
        Command::Verify { key, receipt, log, excuse } => {
            let clock = Clock::of(&args.to.url);
            verify(&client, args.json, &key, receipt.as_deref(), (log.as_deref(), clock, excuse))
        }
        Command::List { limit, cursor } => {
            let path = query("/tier/audit", &[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let answer = client.get(&path)?;
            if args.json {
                print(&answer.text);
                return if answer.good() { Ok(()) } else { Err(Failure::told()) };
            }
            if !answer.good() {
                return Err(answer.refusal());
            }
            print(&list(&answer.body));
            Ok(())
        }
    }
}

/// Against whose clock times are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// This machine's.
    Machine,
    /// The system's own: on one machine its time goes faster.
    System,
}

impl Clock {
    fn of(url: &str) -> Self {
        if is_loopback(authority(url)) { Self::System } else { Self::Machine }
    }

    fn now(self, system: Timestamp) -> Timestamp {
        match self {
            Self::System => system,
            Self::Machine => clock::wall(),
        }
    }
}

fn verify(
    client: &Client,
    json: bool,
    keys: &[PathBuf],
    file: Option<&Path>,
    (log, clock, excuse): (Option<&Path>, Clock, u64),
) -> Result<(), Failure> {
    let known = file.map(read_receipt).transpose()?.flatten();
    let given = keys.iter().map(|file| read_key(file)).collect::<Result<Vec<_>, _>>()?;
    let on_trust = given.is_empty();
    let keys = if on_trust { vec![served_key(client)?] } else { given };
    let ids: Vec<String> = keys.iter().map(PublicKey::id).collect();
    if on_trust && known.as_ref().is_some_and(|known| !ids.iter().all(|id| known.keys.contains(id))) {
        return Err(Failure::failed(format!(
            "the API gives another key ({}) than at the last verification. If it was exchanged, say by --key which keys are \
             good",
            ids.join(", ")
        )));
    }
    let seen =
        chain::verify(client, &chain::Against { keys: &keys, known: known.as_ref(), log, clock, excuse })?;
    let report = &seen.report;
    if json {
        print(
            &json!({"tenantId": seen.tenant, "report": report, "keys": ids, "keyOnTrust": on_trust})
                .to_string(),
        );
    } else if report.objection().is_none() {
        print(&line(report, &seen.tenant, on_trust));
    }
    if let Some(finding) = report.objection() {
        return Err(if json { Failure::told() } else { Failure::failed(finding.to_string()) });
    }
    let Some(file) = file else { return Ok(()) };
    let receipt = Receipt {
        tenant_id: seen.tenant.clone(),
        seq: report.entries,
        hash: report.hash.clone(),
        seals: report.seals,
        sealed_to: report.sealed_to,
        verified_at: seen.as_of,
        keys: ids,
    };
    write_receipt(file, &receipt)
}

fn line(report: &Report, tenant: &str, on_trust: bool) -> String {
    let before = match report.before {
        0 => String::new(),
        rows => format!(", {rows} rows from before the chain"),
    };
    let trust = if on_trust { " (by the key that the API gives)" } else { "" };
    format!(
        "good: tenant {tenant}, {} entries{before}, sealed up to {} by {} seals{trust}, head {} {}",
        report.entries, report.sealed_to, report.seals, report.entries, report.hash
    )
}

fn read_key(file: &Path) -> Result<PublicKey, Failure> {
    let text =
        fs::read_to_string(file).map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    parse_key(&text).ok_or_else(|| {
        Failure::failed(format!(
            "{} does not hold a public P-256 key, as PEM or as Base64 of its DER form",
            file.display()
        ))
    })
}

fn parse_key(text: &str) -> Option<PublicKey> {
    let plain: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(plain).ok().filter(|der| signing::is_p256(der))?;
    Some(PublicKey { algorithm: SigningAlgorithm::EcdsaSha256, der })
}

fn served_key(client: &Client) -> Result<PublicKey, Failure> {
    let answer = client.get("/tier/audit/key")?;
    if !answer.good() {
        return Err(answer.refusal());
    }
    answer.body["publicKey"].as_str().and_then(parse_key).ok_or_else(|| {
        Failure::failed(
            "the API gives no key by which seals can be checked; say by --key which is good".to_owned(),
        )
    })
}

/// The receipt in a file; `None` where there is none yet.
fn read_receipt(file: &Path) -> Result<Option<Receipt>, Failure> {
    let said = |reason: String| Failure::failed(format!("the receipt {}: {reason}", file.display()));
    match fs::read_to_string(file) {
        Ok(text) => {
            serde_json::from_str(&text).map(Some).map_err(|error| said(format!("is damaged: {error}")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(said(error.to_string())),
    }
}

/// Whole, or not at all.
fn write_receipt(file: &Path, receipt: &Receipt) -> Result<(), Failure> {
    let draft = file.with_extension("draft");
    fs::write(&draft, format!("{}\n", serde_json::to_string_pretty(receipt)?))?;
    Ok(fs::rename(&draft, file)?)
}

fn list(body: &Value) -> String {
    let mut table = Table::new(&[">SEQ", "AT", "WHO", "ROLE", "ACTION", "SUBJECT", "OUTCOME", "WHY"]);
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    for entry in body["entries"].as_array().into_iter().flatten() {
        table.row([
            entry["seq"].to_string(),
            text(entry, "at"),
            text(entry, "who"),
            text(entry, "role"),
            text(entry, "action"),
            text(entry, "subject"),
            text(entry, "outcome"),
            text(entry, "why"),
        ]);
    }
    let mut shown = table.text();
    let before = body["before"].as_array().map_or(0, Vec::len);
    if before > 0 {
        shown.push_str(&format!("{before} rows from before the chain: see them with --json\n"));
    }
    if let Some(cursor) = body["cursor"].as_str() {
        shown.push_str(&format!("more: --cursor {cursor}\n"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_held_against_the_clock_that_is_meant() {
        let system = Timestamp::from_millis(1);
        for url in ["http://127.0.0.1:3000", "http://localhost:3000/x", "http://127.0.0.1"] {
            assert_eq!(Clock::of(url).now(system), system, "{url}");
        }
        for url in ["https://abc.execute-api.eu-west-1.amazonaws.com/dev", "https://127.0.0.1.evil.example"] {
            assert!(Clock::of(url).now(system) > system, "{url}");
        }
    }

    #[test]
    fn a_key_is_read_as_pem_and_as_kms_prints_it() {
        let key = signing::LocalKey::read(&signing::LocalKey::generate().unwrap()).unwrap().public_key();
        let text = STANDARD.encode(&key.der);
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n",
            &text[..64],
            &text[64..]
        );
        assert_eq!(parse_key(&pem).as_ref(), Some(&key));
        assert_eq!(parse_key(&text), Some(key));
        assert_eq!(parse_key(&text[..60]), None);
        assert_eq!(parse_key("nonsense"), None);
    }
}
