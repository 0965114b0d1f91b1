use crate::fake::{Fake, HOSTILE, harmless};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_core::audit::{Entry, GENESIS, Seal};
use capstan_core::ids::hex;
use serde_json::{Map, Value, json};
use signing::LocalKey;

/// A row as the API spells it.
fn shown(row: &Value) -> Value {
    let mut shown = Map::new();
    for (name, value) in row.as_object().unwrap() {
        let mut words = name.split('_');
        let mut spelled = words.next().unwrap().to_owned();
        words.for_each(|word| spelled.push_str(&(word[..1].to_uppercase() + &word[1..])));
        shown.insert(spelled, value.clone());
    }
    Value::Object(shown)
}

/// A chain of so many entries, every one of them good.
fn chain(length: u64) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for seq in 1..=length {
        let mut entry = Entry {
            tenant_id: "t".to_owned(),
            seq,
            at: "2026-01-04T11:58:00.000Z".to_owned(),
            who: "ada".to_owned(),
            role: "admin".to_owned(),
            action: "CONFIG_EDITED".to_owned(),
            subject: "DEV-1".to_owned(),
            why: Some(HOSTILE.to_owned()),
            outcome: if seq == 1 { "DENIED" } else { "DONE" }.to_owned(),
            request_id: None,
            transition_id: (seq == 2).then(|| "c1".to_owned()),
            detail: None,
            prev: entries.last().map_or(GENESIS, |last| &last.hash).to_owned(),
            hash: String::new(),
        };
        entry.hash = entry.digest();
        entries.push(entry);
    }
    entries
}

fn page(entries: &[Entry], seals: &[Seal], head: &Entry, cursor: Option<&str>) -> Value {
    json!({"entries": entries.iter().map(|row| shown(&json!(row))).collect::<Vec<_>>(), "seals": seals.iter().map(|row| shown(&json!(row))).collect::<Vec<_>>(),
        "before": [], "head": {"seq": head.seq, "hash": head.hash}, "cursor": cursor})
}

/// An API with a chain in two pages, sealed with a real key.
fn api(spoil: impl Fn(&mut Vec<Entry>)) -> Fake {
    let key = LocalKey::read(&LocalKey::generate().unwrap()).unwrap();
    let mut entries = chain(3);
    let mut seal = Seal {
        tenant_id: "t".to_owned(),
        seq: 3,
        hash: entries[2].hash.clone(),
        number: 1,
        prev: GENESIS.to_owned(),
        before_count: 0,
        before_hash: GENESIS.to_owned(),
        sealed_at: "2026-01-04T11:59:00.000Z".to_owned(),
        key_id: key.public_key().id(),
        signature: String::new(),
    };
    seal.signature = hex(&key.sign(&seal.message()).unwrap());
    spoil(&mut entries);
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(key.public_key().der)
    );
    let (first, rest) = entries.split_at(2);
    let last = &entries[2];
    let oldest = "/tier/audit?order=oldest&limit=100";
    Fake::of("viewer")
        .answers("GET", "/tier/audit/key", 200, json!({"publicKey": pem}))
        .answers("GET", oldest, 200, page(first, &[], last, Some("c=1")))
        .answers("GET", &format!("{oldest}&cursor=c%3D1"), 200, page(rest, &[seal], last, None))
}

#[test]
fn a_good_chain_is_said_to_be_good() {
    let page = api(|_| {}).get("/tier/audit/verify");
    page.says(&[
        "Verified Nothing in it was changed",
        "Sealed up to entry 3 by 1 seals",
        "capstan audit verify --url",
    ]);
}

#[test]
fn what_was_altered_is_named() {
    let page = api(|entries| entries[1].who = "eve".to_owned()).get("/tier/audit/verify");
    page.says(&["Broken Entry 2", "Change nothing."]);
    let made_anew = |entries: &mut Vec<Entry>| {
        entries[2].who = "eve".to_owned();
        entries[2].hash = entries[2].digest();
    };
    let page = api(made_anew).get("/tier/audit/verify");
    page.says(&["Broken Entry 3"]);
}

#[test]
fn what_can_not_be_verified_here_is_not_said_to_be_good() {
    let none = Fake::of("viewer").answers("GET", "/tier/audit/key", 200, json!({"publicKey": null}));
    none.get("/tier/audit/verify").says(&["The API gives no key"]);
    let long = api(|entries| entries[2].seq = 3_001).get("/tier/audit/verify");
    long.says(&["The chain has 3,001 entries, more than a page reads at once"]);
    assert!(!long.text().contains("Verified"));
}

#[test]
fn entries_are_listed_and_sought() {
    let all = chain(3);
    let newest: Vec<Entry> = all.iter().rev().cloned().collect();
    let api = Fake::of("viewer")
        .answers("GET", "/tier/audit?limit=20", 200, page(&newest, &[], &all[2], Some("next")))
        .answers("GET", "/tier/audit?limit=100", 200, page(&newest, &[], &all[2], None));
    let shown = api.get("/tier/audit");
    shown.says(&[
        "Entries 3",
        "3 2 min ago ada Admin Config edited DEV-1",
        "Config edited Denied",
        "Older ones",
    ]);
    shown.has(&[r#"href="/console/tier/history/c1""#, r#"href="/console/tier/audit?cursor=next""#]);
    harmless(&shown);
    let sought = api.get("/tier/audit?who=ada&action=config+edit&outcome=DENIED");
    sought.says(&["1 2 min ago ada", "Denied"]);
    assert!(!sought.text().contains("3 2 min ago"), "{}", sought.text());
    api.get("/tier/audit?who=%3Cb%3E").says(&["No entry fits."]);
}

#[test]
fn before_anything_was_done_it_says_so() {
    let none = json!({"entries": [], "seals": [], "before": [], "head": null, "cursor": null});
    let api = Fake::of("viewer").answers("GET", "/tier/audit?limit=20", 200, none);
    api.get("/tier/audit").says(&["none yet", "Nothing was done yet"]);
}

#[test]
fn an_act_says_in_a_few_words_what_it_set() {
    let entry = |seq: u64, detail: &str| {
        json!({"seq": seq, "at": "2026-01-04T11:58:00.000Z", "who": "ada", "role": "super_admin", "action": "COOLDOWN_SET",
            "subject": "6", "outcome": "DONE", "detail": detail})
    };
    let entries = [entry(2, r#"{"before":24,"hours":0}"#), entry(1, r#"{"resources":["a","b"]}"#)];
    let audit = json!({"entries": entries, "seals": [], "before": [], "head": {"seq": 2}, "cursor": null});
    let page = Fake::of("viewer").answers("GET", "/tier/audit?limit=20", 200, audit).get("/tier/audit");
    page.says(&["Cooldown set Before 24, Hours 0"]);
    // What is long is read under More.
    assert_eq!(page.text().matches("resources").count(), 1, "{}", page.text());
}
