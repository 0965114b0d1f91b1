//! What the table of entries can be made to say, and what is told of it by times, by seals in a table of their own, and by the
//! sealer's own record.

use super::{Chain, key, lab, lived, notices, put, rest, row, with_ports, write};
use capstan_core::audit::{Fault, Seal, Verifier, entry_key, seal_key};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Effect, Item, Signer, Store, Table};
use capstan_core::time::{Millis, Timestamp};
use capstan_tests::lab::Lab;
use capstan_tests::scenario::TENANT;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tier_records::{Act, AuditEntry};
use tracing_subscriber::util::SubscriberInitExt as _;

fn remove(lab: &Lab, table: Table, sort: &str) {
    write(lab, key(table, sort), Effect::Delete);
}

fn row_of(lab: &Lab, table: Table, sort: &str) -> Item {
    with_ports(lab, async |ports| ports.get(&key(table, sort)).await.expect("read").expect("a row"))
}

/// An attack on the table of entries, on a chain of good seals; what comes of it.
type Attack = fn(&mut Chain, Timestamp);

/// What a hostile reviewer did, and what goes a step further: everything that the table of entries holds is made anew.
#[test]
fn a_stretch_that_was_made_anew_without_its_seals_does_not_pass() {
    let (_, good) = lived();
    let attacks: [(&str, Attack, Fault); 4] = [
        ("without a word about the time", |_, _| {}, Fault::Unsealed),
        ("the first entry dated now", |chain, now| chain.entries[0].at = now.to_string(), Fault::OutOfTime),
        (
            "the last entry dated tomorrow",
            |chain, now| {
                let last = chain.entries.len() - 1;
                chain.entries[last].at = (now + Millis::days(1)).to_string();
            },
            Fault::OutOfTime,
        ),
        ("a time that is none", |chain, _| chain.entries[1].at = "yesterday".to_owned(), Fault::OutOfTime),
    ];
    for (name, attack, fault) in attacks {
        let mut chain = good.clone();
        chain.seals.clear();
        chain.entries[0].who = "mallory".to_owned();
        attack(&mut chain, good.now);
        chain.rehash(0);
        assert_eq!(chain.objection(), Some(fault), "{name}");
    }
    // The newest seal alone taken away, and what it covered made anew in the last minutes.
    let mut chain = good.clone();
    chain.seals.pop();
    let sealed = usize::try_from(chain.seals.last().expect("a seal").seq).expect("small");
    chain.entries[sealed].at = "2027-01-01T00:00:00.000Z".to_owned();
    chain.rehash(sealed);
    assert_eq!(chain.objection(), Some(Fault::OutOfTime));
}

#[test]
fn an_entry_dated_after_its_seal_is_found_and_small_differences_of_clocks_are_not() {
    let mut lab = lab();
    let (tenant, now) = (TenantId::parse(TENANT).expect("a tenant"), lab.engine().now());
    let ahead = |minutes| now + Millis::minutes(minutes);
    with_ports(&lab, async |ports| {
        for at in [now, ahead(1), now] {
            let entry = AuditEntry::new(&tenant, at, "ada", Act::CooldownSet, "TIER");
            tier_records::append(&ports, entry).await.expect("an entry");
        }
    });
    rest(&mut lab, Millis::minutes(3));
    let good = Chain::of(&mut lab, TENANT);
    assert_eq!(good.report().objection(), None);
    let times: Vec<&str> = good.entries.iter().map(|entry| entry.at.as_str()).collect();
    assert!(times.is_sorted(), "a clock that is behind does not send the chain back: {times:?}");
    // A seal made by the key, over an entry of later than the seal: the sealer's own table was forged in time.
    let mut chain = good.clone();
    chain.entries[2].at = ahead(60).to_string();
    chain.rehash(2);
    chain.now = ahead(120);
    with_ports(&lab, async |ports| {
        let seal = chain.seals.last_mut().expect("a seal");
        seal.hash.clone_from(&chain.entries[2].hash);
        let signature = ports.sign(&seal.message()).await.expect("a signature");
        seal.signature = capstan_core::ids::hex(&signature);
    });
    assert_eq!(chain.found(), (3, Fault::OutOfTime));
}

#[test]
fn a_late_seal_does_not_pass_unless_a_receipt_or_an_excuse_says_so() {
    let mut lab = lab();
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 1}));
    rest(&mut lab, Millis::minutes(2));
    assert_eq!(Chain::of(&mut lab, TENANT).objection(), None);
    lab.fault("kms:Sign:*:error");
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 3}));
    rest(&mut lab, Millis::minutes(3));
    assert_eq!(Chain::of(&mut lab, TENANT).objection(), None, "younger than it takes");
    rest(&mut lab, Millis::minutes(10));
    assert_eq!(Chain::of(&mut lab, TENANT).objection(), Some(Fault::Unsealed));
    lab.heal();
    rest(&mut lab, Millis::minutes(2));
    let late = Chain::of(&mut lab, TENANT);
    let report = late.report();
    assert_eq!(
        (report.finding.clone(), report.sealed_to),
        (None, 3),
        "an outage is no alteration: it is sealed"
    );
    let found = report.objection().expect("it is late");
    assert_eq!((found.seq, found.fault), (2, Fault::SealLate));
    let excused = |to: u64| {
        let mut verifier = Verifier::new(TENANT).excusing(to);
        for seal in &late.seals {
            verifier.seal(seal.clone(), |seal| signing::genuine(&late.keys, seal));
        }
        for entry in &late.entries {
            verifier.entry(Ok(entry));
        }
        verifier.finish(late.head.as_ref(), late.now).objection().map(|finding| finding.seq)
    };
    assert_eq!([excused(1), excused(2), excused(3)], [Some(2), Some(3), None]);
    let mut known = late.clone();
    known.receipt = Some(late.receipt());
    assert_eq!(known.objection(), None, "a receipt vouches for what it has seen");
}

/// What somebody does to the tables of a tenant.
type OnTables = fn(&Lab);

/// What the function that seals refuses: it holds what is sealed against its own record, in its own table.
#[test]
fn what_is_sealed_and_altered_or_cut_is_not_sealed_again() {
    let attacks: [(&str, OnTables); 6] = [
        ("a sealed entry altered", |lab| {
            let mut entry = row(lab, &entry_key(1));
            entry.insert("who".to_owned(), json!("mallory"));
            put(lab, entry);
        }),
        ("a sealed entry gone", |lab| remove(lab, Table::TierAudit, &entry_key(1))),
        ("the newest seal gone", |lab| remove(lab, Table::TierSeal, &seal_key(2))),
        ("an older seal gone", |lab| remove(lab, Table::TierSeal, &seal_key(1))),
        ("the record of the sealer gone", |lab| remove(lab, Table::TierSeal, "sealed")),
        ("the chain cut short", |lab| {
            let first = row(lab, &entry_key(1));
            let mut head = row(lab, "head");
            head.insert("seq".to_owned(), json!(1));
            head.insert("hash".to_owned(), first["hash"].clone());
            put(lab, head);
            remove(lab, Table::TierAudit, &entry_key(2));
        }),
    ];
    for (name, attack) in attacks {
        let mut lab = lab();
        for hours in [2, 3] {
            lab.call("PUT", "/tier/cooldown", &json!({"hours": hours}));
            rest(&mut lab, Millis::minutes(2));
        }
        assert_eq!(Chain::of(&mut lab, TENANT).objection(), None);
        let seals = Chain::of(&mut lab, TENANT).seals.len();
        assert_eq!(seals, 2, "{name}");
        attack(&lab);
        lab.call("PUT", "/tier/cooldown", &json!({"hours": 4}));
        rest(&mut lab, Millis::minutes(6));
        assert!(Chain::of(&mut lab, TENANT).seals.len() <= seals, "{name}: no new seal");
        assert_eq!(notices(&lab).len(), 1, "{name}: word is given once");
        assert!(Chain::of(&mut lab, TENANT).objection().is_some() || name.contains("record"), "{name}");
    }
}

/// A long chain is looked at piece by piece: what was altered anywhere is found before the whole has been gone over once.
#[test]
fn an_alteration_deep_in_a_long_chain_is_found_within_one_round_over_it() {
    let mut lab = lab();
    let tenant = TenantId::parse(TENANT).expect("a tenant");
    let pieces = 4;
    let entries = seal_audit::LOOKED_AT_AGAIN * pieces;
    let grow = |lab: &mut Lab, count: usize| {
        let now = lab.engine().now();
        with_ports(lab, async |ports| {
            for nth in 0..count {
                let entry =
                    AuditEntry::new(&tenant, now, "ada", Act::RequestDenied, &nth.to_string()).denied();
                tier_records::append(&ports, entry).await.expect("an entry");
            }
        });
        rest(lab, Millis::minutes(2));
    };
    grow(&mut lab, entries);
    let mut altered = row(&lab, &entry_key(entries as u64 - 10));
    altered.insert("who".to_owned(), json!("mallory"));
    put(&lab, altered);
    let mut rounds = 0;
    while notices(&lab).is_empty() {
        rounds += 1;
        assert!(rounds <= pieces + 1, "it was not found");
        grow(&mut lab, 1);
    }
    assert!(rounds >= pieces, "found after {rounds} rounds, which is more than one piece a round");
}

#[test]
fn seals_of_versions_before_are_copied_and_read_meanwhile() {
    let mut lab = lab();
    let many = seal_audit::AT_ONCE + 5;
    for hours in 0..many {
        lab.call("PUT", "/tier/cooldown", &json!({"hours": hours % 20 + 1}));
        rest(&mut lab, Millis::minutes(2));
    }
    let before = Chain::of(&mut lab, TENANT);
    assert_eq!((before.objection(), before.seals.len()), (None, many));
    // As the version before had it: seals beside the entries, and no record of the sealer.
    let rows: Vec<Item> = lab.world().with(|world| world.items(Table::TierSeal).cloned().collect());
    for mut row in rows {
        let sort = row["entry"].as_str().expect("a key").to_owned();
        remove(&lab, Table::TierSeal, &sort);
        if sort != "sealed" {
            row.insert("version".to_owned(), json!(1));
            put(&lab, row);
        }
    }
    let page = lab.get("/tier/audit?order=oldest&limit=100");
    assert_eq!(page["seals"].as_array().map(Vec::len), Some(many), "they are read where they are");
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    rest(&mut lab, Millis::minutes(2));
    let copied: Vec<Item> = lab.world().with(|world| world.items(Table::TierSeal).cloned().collect());
    assert_eq!(copied.len(), many + 2, "all of them, a new one, and the record");
    let page = lab.get("/tier/audit?order=oldest&limit=100");
    assert_eq!(page["seals"].as_array().map(Vec::len), Some(many + 1));
    assert_eq!(notices(&lab), Vec::new());
    for seal in &before.seals {
        let at = seal_key(seal.seq);
        assert_eq!(row_of(&lab, Table::TierSeal, &at)["signature"], json!(seal.signature), "as it was");
        remove(&lab, Table::TierAudit, &at);
    }
    let after = Chain::of(&mut lab, TENANT);
    assert_eq!((after.objection(), after.seals.len()), (None, many + 1));
}

/// Who takes all seals away is found by the log: each seal is a line there, which only the key can make.
#[test]
fn each_seal_is_a_line_of_the_log_with_its_signature() {
    let mut lab = lab();
    // The line's place in the code is then known: it is not made known by another test in the moment in which one listens.
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 1}));
    rest(&mut lab, Millis::minutes(2));
    let unheard = Chain::of(&mut lab, TENANT).seals.len();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&lines);
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || Line(Arc::clone(&to))).finish();
    let heard = subscriber.set_default();
    for hours in [2, 3] {
        lab.call("PUT", "/tier/cooldown", &json!({"hours": hours}));
        rest(&mut lab, Millis::minutes(2));
    }
    drop(heard);
    let text = String::from_utf8(lines.lock().expect("lines").clone()).expect("text");
    let said: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["fields"].clone())
        .filter(|fields| fields["message"] == "The audit is sealed.")
        .collect();
    let chain = Chain::of(&mut lab, TENANT);
    assert_eq!(said.len() + unheard, chain.seals.len());
    let mut last = None;
    for (said, seal) in said.iter().zip(&chain.seals[unheard..]) {
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| said[name].as_u64().expect("a number");
        let logged = Seal {
            tenant_id: text("tenant.id"),
            seq: number("seal.seq"),
            hash: text("seal.hash"),
            number: number("seal.number"),
            prev: text("seal.prev"),
            before_count: number("seal.before_count"),
            before_hash: text("seal.before_hash"),
            sealed_at: text("seal.sealed_at"),
            key_id: text("seal.key_id"),
            signature: text("seal.signature"),
        };
        assert_eq!(&logged, seal);
        assert!(signing::genuine(&chain.keys, &logged));
        last = Some(logged);
    }
    // All entries, seals and times made anew, with a record of the sealer to match: the log alone still tells.
    let mut young = chain.clone();
    young.entries.truncate(1);
    young.entries[0].who = "mallory".to_owned();
    young.entries[0].at = chain.now.to_string();
    young.rehash(0);
    young.seals.clear();
    assert_eq!(young.objection(), None, "nothing in the store tells");
    let mut verifier = Verifier::new(TENANT).with_seal_of_log(&last.expect("a seal"));
    verifier.entry(Ok(&young.entries[0]));
    let report = verifier.finish(young.head.as_ref(), chain.now);
    assert_eq!(report.objection().map(|finding| finding.fault), Some(Fault::CutOff));
}

#[derive(Debug)]
struct Line(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("lines").extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A system that stands still for hours has what it did just before sealed at the time at which it stopped.
#[test]
fn what_was_done_before_a_system_stood_still_is_not_sealed_late() {
    let mut lab = lab();
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    let stopped = lab.engine().now();
    let machine = stopped + Millis::hours(8);
    local::wake(lab.engine().system(), machine);
    assert_eq!(lab.world().now(), machine);
    let chain = Chain::of(&mut lab, TENANT);
    assert_eq!((chain.report().objection(), chain.seals.len()), (None, 1));
    let sealed_at = Timestamp::parse(&chain.seals[0].sealed_at).expect("a time");
    assert!(sealed_at < stopped + Millis::minutes(1), "{sealed_at}");
}

/// The figures in docs/decisions/0019-the-audit-is-a-chain.md.
#[test]
fn a_sealing_costs_the_same_however_long_the_chain_is() {
    let tenant = TenantId::parse(TENANT).expect("a tenant");
    let costs = [1, seal_audit::LOOKED_AT_AGAIN * 5].map(|entries| {
        let mut lab = lab();
        let now = lab.engine().now();
        with_ports(&lab, async |ports| {
            for nth in 0..entries {
                let entry =
                    AuditEntry::new(&tenant, now, "ada", Act::RequestDenied, &nth.to_string()).denied();
                tier_records::append(&ports, entry).await.expect("an entry");
            }
        });
        rest(&mut lab, Millis::minutes(2));
        lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
        let made = |lab: &Lab| lab.world().with(|world| world.calls().len());
        let before = made(&lab);
        assert_eq!(lab.out_of_order("seal-audit", Value::Null), None);
        lab.world().with(|world| {
            let calls = world.calls().iter().skip(before);
            calls.map(|call| format!("{} {}", call.operation.name(), call.resource)).collect::<Vec<_>>()
        })
    });
    let names = costs.each_ref().map(|calls| {
        calls.iter().filter_map(|call| call.split(' ').next()).map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(names[0], names[1], "{costs:#?}");
    let reads = names[0].iter().filter(|name| ["GetItem", "Query"].contains(&name.as_str())).count();
    // The list (twice), the record, the last seal, the head, the piece with its seals, the stretch, the mark of a broken one.
    assert_eq!(reads, 9, "{costs:#?}");
}
