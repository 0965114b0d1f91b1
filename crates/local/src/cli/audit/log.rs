//! Seals as the log of the function that seals has them. Each line has its signature, so what is taken from there is the
//! key's word, whoever hands the lines over; lines that were left out are not told.

use super::super::Failure;
use capstan_core::audit::{PublicKey, Seal};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The newest seal of each tenant is enough: it names the one before. Of this tenant, the newest that is one of the keys'.
pub(super) fn newest(file: &Path, tenant: &str, keys: &[PublicKey]) -> Result<Seal, Failure> {
    let said = |reason: &str| Failure::failed(format!("the log {}: {reason}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| said(&error.to_string()))?;
    let ours = text.lines().filter_map(seal).filter(|seal| seal.tenant_id == tenant);
    let newest = ours.filter(|seal| signing::genuine(keys, seal)).max_by_key(|seal| seal.number);
    newest.ok_or_else(|| said("it has no seal of this tenant that is one of the key's"))
}

/// A line as the log gives it back: fields at the top or under `fields`.
fn seal(line: &str) -> Option<Seal> {
    let line: Value = serde_json::from_str(line.trim()).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    if fields["message"] != "The audit is sealed." {
        return None;
    }
    let text = |name: &str| fields[name].as_str().map(str::to_owned);
    let number = |name: &str| fields[name].as_u64();
    Some(Seal {
        tenant_id: text("tenant.id")?,
        seq: number("seal.seq")?,
        hash: text("seal.hash")?,
        number: number("seal.number")?,
        prev: text("seal.prev")?,
        before_count: number("seal.before_count")?,
        before_hash: text("seal.before_hash")?,
        sealed_at: text("seal.sealed_at")?,
        key_id: text("seal.key_id")?,
        signature: text("seal.signature")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use capstan_core::audit::GENESIS;
    use serde_json::json;

    fn line(seal: &Seal, nested: bool) -> String {
        let fields = json!({
            "message": "The audit is sealed.", "tenant.id": seal.tenant_id, "seal.seq": seal.seq, "seal.hash": seal.hash,
            "seal.number": seal.number, "seal.prev": seal.prev, "seal.before_count": 0, "seal.before_hash": GENESIS,
            "seal.sealed_at": seal.sealed_at, "seal.key_id": seal.key_id, "seal.signature": seal.signature,
        });
        if nested { json!({"level": "INFO", "fields": fields}).to_string() } else { fields.to_string() }
    }

    #[test]
    fn the_newest_genuine_line_of_the_tenant_counts() {
        let key = signing::LocalKey::read(&signing::LocalKey::generate().unwrap()).unwrap();
        let keys = [key.public_key()];
        let made = |tenant: &str, number: u64| {
            let mut seal = Seal {
                tenant_id: tenant.to_owned(),
                seq: number * 2,
                hash: GENESIS.to_owned(),
                number,
                prev: GENESIS.to_owned(),
                before_count: 0,
                before_hash: GENESIS.to_owned(),
                sealed_at: "2026-11-21T03:00:00.000Z".to_owned(),
                key_id: keys[0].id(),
                signature: String::new(),
            };
            seal.signature = capstan_core::ids::hex(&key.sign(&seal.message()).unwrap());
            seal
        };
        let forged = Seal { number: 9, ..made("a", 4) };
        let lines = [
            line(&made("a", 1), true),
            line(&made("a", 3), false),
            line(&made("a", 2), true),
            line(&made("b", 7), true),
            line(&forged, true),
            "no line of ours".to_owned(),
        ];
        let file = std::env::temp_dir().join(format!("capstan-log-{}", std::process::id()));
        fs::write(&file, lines.join("\n")).unwrap();
        let newest_of = |tenant| newest(&file, tenant, &keys).map(|seal| seal.number).ok();
        assert_eq!([newest_of("a"), newest_of("b"), newest_of("c")], [Some(3), Some(7), None]);
        fs::remove_file(&file).unwrap();
    }
}
