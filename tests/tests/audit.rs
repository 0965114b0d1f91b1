//! The audit's promises: a chain that the system itself has made, altered in every way, and each alteration found and named.
#![expect(clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "audit/seals.rs"]
mod seals;

use capstan_core::audit::{Entry, Fault, Finding, Head, PublicKey, Receipt, Seal, Verifier, entry_key};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Effect, Item, Key, NoticeKind, Signer, Store, Table, Write};
use capstan_core::tier::Tier;
use capstan_core::time::{Millis, Timestamp};
use capstan_tests::lab::Lab;
use capstan_tests::scenario::{OTHER_TENANT, TENANT};
use capstan_tests::tamper::{Tamper, tampered};
use local::engine::Options;
use local::functions::registry;
use serde_json::{Value, json};
use sim::{Invocation, Outcome, Ports, SharedWorld, SigningKey, Stepper, WorldConfig};
use std::sync::Arc;
use tier_records::{Act, AuditEntry};

/// A real key, as on one machine.
#[derive(Debug)]
struct RealKey(signing::LocalKey);

impl SigningKey for RealKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        self.0.sign(message).map_err(|error| error.to_string())
    }
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }
}

fn new_key() -> RealKey {
    let pkcs8 = signing::LocalKey::generate().expect("a key");
    RealKey(signing::LocalKey::read(&pkcs8).expect("a key"))
}

/// An empty world that seals with a real key.
fn lab() -> Lab {
    let start = Timestamp::parse("2026-11-21T03:00:00Z").expect("a time");
    let signing_key: Arc<dyn SigningKey> = Arc::new(new_key());
    let config = WorldConfig { seed: 3, start, signing_key: Some(signing_key), ..WorldConfig::default() };
    Lab::on(SharedWorld::in_memory(config), &registry(), Options::default())
}

fn rest(lab: &mut Lab, length: Millis) {
    let until = lab.engine().now() + length;
    lab.engine().run_until(until, |_| false);
}

fn with_ports<T>(lab: &Lab, act: impl AsyncFnOnce(Ports) -> T) -> T {
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(lab.world(), invocation.clone());
    match sim::run(act(ports), &invocation) {
        Outcome::Done(done, _) => done,
        _ => panic!("it was not done"),
    }
}

/// Everything that a verification is told.
#[derive(Debug, Clone)]
struct Chain {
    before: Vec<(String, Item)>,
    entries: Vec<Entry>,
    seals: Vec<Seal>,
    head: Option<Head>,
    receipt: Option<Receipt>,
    keys: Vec<PublicKey>,
    now: Timestamp,
}

impl Chain {
    /// A tenant's, as it lies in the store.
    fn of(lab: &mut Lab, tenant: &str) -> Self {
        let keys = with_ports(lab, async |ports| vec![ports.public_key().await.expect("a key")]);
        let now = lab.engine().now();
        let rows: Vec<Item> = lab.world().with(|world| {
            let rows = world.items(Table::TierAudit).chain(world.items(Table::TierSeal));
            rows.filter(|row| row["tenant_id"] == tenant && row["entry"] != "sealed").cloned().collect()
        });
        let mut chain = Self {
            before: Vec::new(),
            entries: Vec::new(),
            seals: Vec::new(),
            head: None,
            receipt: None,
            keys,
            now,
        };
        for row in rows {
            let key = row["entry"].as_str().expect("a key").to_owned();
            let value = json!(row);
            if key.starts_with("entry#") {
                chain.entries.push(serde_json::from_value(value).expect("an entry"));
            } else if key.starts_with("seal#") {
                chain.seals.push(serde_json::from_value(value).expect("a seal"));
            } else if key == "head" {
                chain.head = Some(serde_json::from_value(value).expect("a head"));
            } else {
                chain.before.push((key, row));
            }
        }
        chain
    }

    fn report(&self) -> capstan_core::audit::Report {
        let mut verifier = Verifier::new(TENANT).with_receipt(self.receipt.clone());
        for (key, row) in &self.before {
            verifier.before(key, row);
        }
        for seal in &self.seals {
            verifier.seal(seal.clone(), |seal| signing::genuine(&self.keys, seal));
        }
        for entry in &self.entries {
            verifier.entry(Ok(entry));
        }
        verifier.finish(self.head.as_ref(), self.now)
    }

    fn found(&self) -> (u64, Fault) {
        let found: Option<Finding> = self.report().finding;
        let found = found.unwrap_or_else(|| panic!("it was not found: {self:?}"));
        (found.seq, found.fault)
    }

    /// Why it does not pass.
    fn objection(&self) -> Option<Fault> {
        self.report().objection().map(|finding| finding.fault)
    }

    fn receipt(&self) -> Receipt {
        let report = self.report();
        Receipt {
            tenant_id: TENANT.to_owned(),
            seq: report.entries,
            hash: report.hash,
            seals: report.seals,
            sealed_to: report.sealed_to,
            verified_at: self.now,
            keys: self.keys.iter().map(PublicKey::id).collect(),
        }
    }

    /// All hashes from this place on made anew, with the head: what somebody can do who may write the table.
    fn rehash(&mut self, from: usize) {
        for at in from..self.entries.len() {
            if at > 0 {
                self.entries[at].prev = self.entries[at - 1].hash.clone();
            }
            self.entries[at].hash = self.entries[at].digest();
        }
        let last = self.entries.last().expect("an entry");
        self.head = Some(Head { seq: last.seq, hash: last.hash.clone() });
    }

    /// As if there had never been more: no later entries, seals, or head.
    fn cut(&mut self, kept: usize) {
        self.entries.truncate(kept);
        self.seals.retain(|seal| seal.seq <= kept as u64);
        let head = self.entries.last().map(|last| Head { seq: last.seq, hash: last.hash.clone() });
        self.head = head;
    }
}

/// A life with all kinds of acts, sealed to its end.
fn lived() -> (Lab, Chain) {
    let mut lab = lab();
    assert_eq!(lab.go(Tier::Production).status, "COMPLETED");
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    lab.call("PUT", "/tier/configs/DEV", &json!({"budgetMonthlyCuriosityLimit": 120.55}));
    lab.go(Tier::Dev);
    lab.ask(Tier::Staging);
    rest(&mut lab, Millis::minutes(4));
    lab.call("POST", "/tier/cancel", &json!({"reason": "it was a mistake"}));
    lab.settle();
    rest(&mut lab, Millis::days(9));
    let chain = Chain::of(&mut lab, TENANT);
    (lab, chain)
}

#[test]
fn a_life_is_a_good_chain_with_every_act_sealed() {
    let (_, chain) = lived();
    let report = chain.report();
    assert_eq!(report.finding, None);
    assert_eq!(report.late, Vec::new());
    let entries = chain.entries.len() as u64;
    assert_eq!((report.entries, report.sealed_to), (entries, entries));
    assert!(report.seals > 3, "{report:?}");
    let acts: Vec<&str> = chain.entries.iter().map(|entry| entry.action.as_str()).collect();
    for act in [
        Act::ConfirmationRequested,
        Act::ChangeStarted,
        Act::ChangeCompleted,
        Act::CooldownSet,
        Act::ConfigEdited,
        Act::StoreRetired,
        Act::ChangeCancelled,
        Act::RollbackStarted,
        Act::StoreDeleted,
        Act::ChangeRolledBack,
        Act::RetiredDeleted,
    ] {
        assert!(acts.contains(&act.name()), "{act:?} is not in {acts:?}");
        assert_eq!(json!(act), json!(act.name()), "one name for all");
    }
}

type Change = fn(&mut Entry);

#[test]
fn every_field_of_every_entry_that_is_changed_is_found() {
    let (_, good) = lived();
    let changes: [(&str, Change); 13] = [
        ("at", |entry| entry.at = "2026-11-21T03:00:00.001Z".to_owned()),
        ("who", |entry| entry.who.push('x')),
        ("role", |entry| entry.role = "viewer".to_owned()),
        ("action", |entry| entry.action = "NOTHING_DONE".to_owned()),
        ("subject", |entry| entry.subject.push(' ')),
        ("why", |entry| entry.why = entry.why.is_none().then(String::new)),
        ("outcome", |entry| entry.outcome = "DENIED".to_owned()),
        ("request_id", |entry| entry.request_id = Some("r".to_owned())),
        ("transition_id", |entry| entry.transition_id = entry.transition_id.is_none().then(String::new)),
        ("detail", |entry| entry.detail = entry.detail.is_none().then(|| "{}".to_owned())),
        ("prev", |entry| entry.prev = "1".repeat(64)),
        ("hash", |entry| entry.hash = "1".repeat(64)),
        ("seq", |entry| entry.seq += 1_000),
    ];
    for at in 0..good.entries.len() {
        for (field, change) in changes {
            let mut chain = good.clone();
            change(&mut chain.entries[at]);
            assert_eq!(chain.found(), (at as u64 + 1, Fault::Changed), "{field} of entry {}", at + 1);
        }
        let mut chain = good.clone();
        chain.entries[at].tenant_id = OTHER_TENANT.to_owned();
        assert_eq!(chain.found(), (at as u64 + 1, Fault::Foreign));
        // What moves from one field to its neighbour makes another hash, too.
        let mut chain = good.clone();
        let letter = chain.entries[at].who.pop().expect("a name");
        chain.entries[at].role.insert(0, letter);
        assert_eq!(chain.found(), (at as u64 + 1, Fault::Changed));
    }
}

#[test]
fn what_is_removed_reordered_inserted_or_of_another_tenant_is_found() {
    let (mut lab, good) = lived();
    let last = good.entries.len();
    for at in 0..last {
        let seq = at as u64 + 1;
        let mut chain = good.clone();
        chain.entries.remove(at);
        let fault = if at + 1 == last { Fault::CutOff } else { Fault::Removed };
        assert_eq!(chain.found(), (seq, fault), "entry {seq} removed");
        let mut chain = good.clone();
        let copy = chain.entries[at].clone();
        chain.entries.insert(at, copy);
        assert_eq!(chain.found().1, Fault::Inserted, "entry {seq} twice");
        if at + 1 < last {
            let mut chain = good.clone();
            chain.entries.swap(at, at + 1);
            assert_eq!(chain.found(), (seq, Fault::Reordered), "entries {seq} and {} swapped", seq + 1);
            // The same with their numbers put right.
            let (a, b) = (chain.entries[at].seq, chain.entries[at + 1].seq);
            (chain.entries[at].seq, chain.entries[at + 1].seq) = (b, a);
            assert_eq!(chain.found(), (seq, Fault::Changed));
        }
    }
    let tenant = TenantId::parse(OTHER_TENANT).expect("a tenant");
    let now = lab.engine().now();
    with_ports(&lab, async |ports| {
        for nth in 0..3 {
            let entry = AuditEntry::new(&tenant, now, "eve", Act::CooldownSet, &nth.to_string());
            tier_records::append(&ports, entry).await.expect("an entry");
        }
    });
    rest(&mut lab, Millis::minutes(3));
    let other = Chain::of(&mut lab, OTHER_TENANT);
    for at in 0..3 {
        let mut chain = good.clone();
        chain.entries[at] = other.entries[at].clone();
        assert_eq!(chain.found(), (at as u64 + 1, Fault::Foreign));
    }
    let whole = Chain { now: good.now, ..other };
    assert_eq!(whole.found().1, Fault::Foreign, "another tenant's audit as a whole");
}

#[test]
fn a_tail_that_is_cut_off_is_found_by_the_head_the_seals_or_the_receipt() {
    let (_, good) = lived();
    let receipt = good.receipt();
    for kept in 0..good.entries.len() {
        let cut_off = (kept as u64 + 1, Fault::CutOff);
        let mut chain = good.clone();
        chain.entries.truncate(kept);
        assert_eq!(chain.found(), cut_off, "the head is left");
        let mut chain = good.clone();
        chain.cut(kept);
        chain.seals.clone_from(&good.seals);
        assert_eq!(chain.found(), cut_off, "the seals are left");
        let mut chain = good.clone();
        chain.cut(kept);
        // With its seals and its head cut too, it is a chain that was good once: only who has seen more can tell.
        assert_eq!(chain.report().finding, None);
        chain.receipt = Some(receipt.clone());
        assert_eq!(chain.found(), cut_off, "by the receipt");
    }
    let mut grown = good.clone();
    grown.receipt = Some(Receipt { seq: 2, hash: good.entries[1].hash.clone(), seals: 1, ..receipt });
    assert_eq!(grown.report().finding, None, "an earlier receipt is a prefix");
    let mut headless = good;
    headless.head = None;
    assert_eq!(headless.found().1, Fault::CutOff);
}

#[test]
fn a_chain_that_was_made_anew_is_found_by_its_seals_or_the_receipt() {
    let (_, good) = lived();
    for at in 0..good.entries.len() {
        let mut chain = good.clone();
        chain.entries[at].who = "somebody else".to_owned();
        chain.rehash(at);
        let (seq, fault) = chain.found();
        assert_eq!(fault, Fault::Forged);
        let sealed = good.seals.iter().map(|seal| seal.seq).find(|seq| *seq > at as u64).expect("a seal");
        assert_eq!(seq, sealed, "entry {} is under the seal of {sealed}", at + 1);
        // With the seals taken away nothing vouches for it, and it does not pass; a receipt tells why.
        chain.seals.clear();
        assert_eq!(chain.objection(), Some(Fault::Unsealed));
        chain.receipt = Some(good.receipt());
        assert_eq!(chain.found().1, Fault::Forged);
        // With seals of a key of one's own.
        chain.receipt = None;
        let forger = new_key();
        let mut seal = good.seals[0].clone();
        let last = chain.entries.last().expect("an entry");
        (seal.seq, seal.hash) = (last.seq, last.hash.clone());
        for key_id in [seal.key_id.clone(), forger.public_key().id()] {
            let mut seal = Seal { key_id, ..seal.clone() };
            let signature = forger.sign(&seal.message()).expect("a signature");
            seal.signature = capstan_core::ids::hex(&signature);
            chain.seals = vec![seal];
            assert_eq!(chain.found().1, Fault::BadSeal);
        }
    }
}

#[test]
fn seals_that_are_gone_or_altered_are_found() {
    let (_, good) = lived();
    for at in 0..good.seals.len() {
        let mut chain = good.clone();
        chain.seals[at].sealed_at = "2026-11-21T03:00:01.000Z".to_owned();
        assert_eq!(chain.found(), (good.seals[at].seq, Fault::BadSeal));
        let mut chain = good.clone();
        chain.seals.remove(at);
        if at + 1 < good.seals.len() {
            assert_eq!(chain.found().1, Fault::SealRemoved, "seal {}", at + 1);
        } else {
            assert_eq!(
                chain.objection(),
                Some(Fault::Unsealed),
                "the last one is missed by the tail without a seal"
            );
            chain.receipt = Some(good.receipt());
            assert_eq!(chain.found().1, Fault::SealRemoved);
        }
    }
}

fn key(table: Table, sort: &str) -> Key {
    Key { table, partition: TENANT.to_owned(), sort: sort.to_owned() }
}

fn write(lab: &Lab, key: Key, effect: Effect) {
    with_ports(lab, async |ports| {
        ports.transact(vec![Write { key, effect, condition: None }]).await.expect("written");
    });
}

/// Writes to the table behind the system's back.
fn put(lab: &Lab, row: Item) {
    let sort = row["entry"].as_str().expect("a key").to_owned();
    write(lab, key(Table::TierAudit, &sort), Effect::Put(row));
}

fn row(lab: &Lab, sort: &str) -> Item {
    let key = key(Table::TierAudit, sort);
    with_ports(lab, async |ports| ports.get(&key).await.expect("read").expect("a row"))
}

fn notices(lab: &Lab) -> Vec<capstan_core::ports::Notice> {
    lab.world().with(|world| {
        let broken = |notice: &&capstan_core::ports::Notice| notice.kind == NoticeKind::AuditBroken;
        world.notices().iter().filter(broken).cloned().collect()
    })
}

#[test]
fn rows_from_before_the_chain_are_pinned_by_the_first_seal() {
    let mut lab = lab();
    for nth in 0..3 {
        let sort = format!("2026-11-20T03:00:00.00{nth}Z#COOLDOWN_SET#{nth}");
        let row =
            json!({"tenant_id": TENANT, "entry": sort, "act": "COOLDOWN_SET", "actor": "ada", "version": 1});
        put(&lab, row.as_object().expect("a row").clone());
    }
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    rest(&mut lab, Millis::minutes(3));
    let good = Chain::of(&mut lab, TENANT);
    let report = good.report();
    assert_eq!((report.finding, report.before, report.sealed_to), (None, 3, 1));
    for at in 0..3 {
        let mut chain = good.clone();
        chain.before[at].1.insert("actor".to_owned(), json!("eve"));
        assert_eq!(chain.found(), (0, Fault::BeforeChanged));
        let mut chain = good.clone();
        chain.before.remove(at);
        assert_eq!(chain.found(), (0, Fault::BeforeChanged));
    }
}

#[test]
fn an_altered_audit_is_not_sealed_and_word_is_given_once() {
    let mut lab = lab();
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 3}));
    let good = row(&lab, &entry_key(1));
    let mut bad = good.clone();
    bad.insert("who".to_owned(), json!("somebody else"));
    put(&lab, bad);
    rest(&mut lab, Millis::minutes(5));
    let told = notices(&lab);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].body.contains("entry 1: it was changed"), "{}", told[0].body);
    assert_eq!(Chain::of(&mut lab, TENANT).seals, Vec::new());
    let answer = lab.out_of_order("seal-audit", Value::Null);
    assert_eq!(answer, None, "it does its round and counts");
    put(&lab, good);
    rest(&mut lab, Millis::minutes(2));
    let report = Chain::of(&mut lab, TENANT).report();
    assert_eq!((report.finding, report.sealed_to), (None, 2), "good again, it is sealed");
}

#[test]
fn acts_at_once_never_fork_the_chain() {
    let base = lab();
    let mut twice = base.fork(&tampered("tier-configs", Tamper::TwiceAtOnce));
    for hours in [1, 2, 3] {
        twice.call("PUT", "/tier/cooldown", &json!({"hours": hours}));
    }
    let chain = Chain::of(&mut twice, TENANT);
    assert_eq!(chain.report().finding, None);
    assert!(chain.entries.len() >= 3, "{:?}", chain.entries.len());
    // Every way in which the calls of two writers can follow each other.
    let tenant = TenantId::parse(TENANT).expect("a tenant");
    let now = Timestamp::from_millis(1);
    for order in 0..1_u32 << 10 {
        let lab = base.fork(&registry());
        let writer = |who: &'static str| {
            let invocation = Invocation::unlimited();
            let ports = Ports::for_invocation(lab.world(), invocation.clone());
            let entry = AuditEntry::new(&tenant, now, who, Act::CooldownSet, who);
            Stepper::new(async move { tier_records::append(&ports, entry).await }, &invocation)
        };
        let mut writers = [Some(writer("ada")), Some(writer("eve"))];
        let mut turn = 0;
        while writers.iter().any(Option::is_some) {
            let wanted = usize::from(order >> (turn % 10) & 1 == 1);
            let who = if writers[wanted].is_some() { wanted } else { 1 - wanted };
            turn += 1;
            if let Some(outcome) = writers[who].as_mut().and_then(Stepper::step) {
                assert!(matches!(outcome, Outcome::Done(Ok(()), _)), "{outcome:?}");
                writers[who] = None;
            }
        }
        let mut lab = lab;
        let chain = Chain::of(&mut lab, TENANT);
        assert_eq!((chain.report().finding, chain.entries.len()), (None, 2), "order {order:b}");
    }
}

#[test]
fn an_entry_whose_answer_is_lost_is_there_once() {
    for fault in [
        "dynamodb:TransactWriteItems:1:timeout-after",
        "dynamodb:TransactWriteItems:1:timeout",
        "dynamodb:TransactWriteItems:1:busy",
    ] {
        let mut lab = lab();
        lab.fault(fault);
        let (tenant, now) = (TenantId::parse(TENANT).expect("a tenant"), lab.engine().now());
        with_ports(&lab, async |ports| {
            let entry = AuditEntry::new(&tenant, now, "ada", Act::RequestDenied, "POST /tier/reset").denied();
            tier_records::append(&ports, entry).await.expect("it is found out");
        });
        let chain = Chain::of(&mut lab, TENANT);
        assert_eq!((chain.report().finding, chain.entries.len()), (None, 1), "{fault}");
    }
    // An act whose answer is lost is answered for, and not done again.
    let mut lab = lab();
    lab.fault("dynamodb:TransactWriteItems:1:timeout-after");
    let (status, _) = lab.call("PUT", "/tier/cooldown", &json!({"hours": 5}));
    assert_eq!(status, 503);
    let chain = Chain::of(&mut lab, TENANT);
    assert_eq!((chain.report().finding, chain.entries.len()), (None, 1));
}

#[test]
fn a_long_audit_is_read_by_pages_and_sealed_piece_by_piece() {
    let mut lab = lab();
    let (tenant, now) = (TenantId::parse(TENANT).expect("a tenant"), lab.engine().now());
    let entries = seal_audit::MOST_ENTRIES + 250;
    with_ports(&lab, async |ports| {
        for nth in 0..entries {
            let entry = AuditEntry::new(&tenant, now, "ada", Act::RequestDenied, &nth.to_string()).denied();
            tier_records::append(&ports, entry).await.expect("an entry");
        }
    });
    rest(&mut lab, Millis::minutes(4));
    let chain = Chain::of(&mut lab, TENANT);
    let report = chain.report();
    assert_eq!((report.finding, report.seals, report.sealed_to), (None, 2, entries as u64));
    for order in ["oldest", "newest"] {
        let (mut seqs, mut seals, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let page = lab.get(&format!("/tier/audit?order={order}&limit=100{cursor}"));
            seqs.extend(page["entries"].as_array().expect("entries").iter().map(|one| one["seq"].clone()));
            seals += page["seals"].as_array().expect("seals").len();
            assert_eq!(page["head"]["seq"], json!(entries));
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let mut wanted: Vec<Value> = (1..=entries).map(|seq| json!(seq)).collect();
        if order == "newest" {
            wanted.reverse();
        }
        assert_eq!(seqs, wanted, "{order}");
        assert_eq!(seals, 2, "{order}");
    }
    let (status, refused) = lab.call("GET", "/tier/audit?cursor=bm90aGluZw", &Value::Null);
    assert_eq!((status, &refused["code"]), (422, &json!("INVALID_FIELDS")));
}

/// The figures in docs/decisions/0019-the-audit-is-a-chain.md.
#[test]
fn an_act_costs_one_read_more() {
    let mut lab = lab();
    let calls = |lab: &Lab| {
        lab.world().with(|world| {
            let of = |call: &sim::Call| format!("{} {}", call.operation.name(), call.resource);
            world.calls().iter().map(of).collect::<Vec<_>>()
        })
    };
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    let made = calls(&lab);
    let heads = made.iter().filter(|call| call.starts_with("GetItem") && call.ends_with("/head")).count();
    assert_eq!((made.len(), heads), (3, 1), "{made:?}");
    let writes = made[2].split(' ').skip(1).count();
    assert_eq!(writes, 4, "the state, the entry, the head, the list of what is unsealed: {}", made[2]);
    // A whole transition: what is read of the audit by those who act, and what sealing takes.
    let before = calls(&lab).len();
    assert_eq!(lab.go(Tier::Staging).status, "COMPLETED");
    let made = calls(&lab).split_off(before);
    let audit = |name: &str| {
        made.iter().filter(|call| call.starts_with(name) && call.contains("cato_tier_audit")).count()
    };
    let sealing = made
        .iter()
        .filter(|call| {
            call.contains("AUDIT_") && call.starts_with("Query") || call.contains("cato-tier-audit")
        })
        .count();
    println!(
        "{} calls; heads and rows of the audit read: {}, queried: {}; the sealer's lists and key: {sealing}",
        made.len(),
        audit("GetItem"),
        audit("Query"),
    );
    assert!(audit("GetItem") <= 5, "two acts and their sealing read few rows");
}
