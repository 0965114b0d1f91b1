//! What an operator meets besides a change that goes well: two at once, edits, strangers' resources, orphans, retired
//! stores, executions that can't be started, a tier that is stuck.
#![expect(clippy::expect_used, clippy::panic, clippy::format_collect, reason = "a test")]

use capstan_core::ids::{TenantId, uuid_v7};
use capstan_core::ports::{
    DomainSettings, Domains, Effect, Key, Store as _, Streams, Table, TagKey, Tags, Write,
};
use capstan_core::tier::{ResourceKind, Tier, names};
use capstan_core::time::{Millis, Timestamp};
use capstan_tests::lab::Lab;
use capstan_tests::scenario::{OTHER_TENANT, TENANT};
use capstan_tests::tamper::{Tamper, tampered};
use local::functions::registry;
use serde_json::{Value, json};
use sim::{Invocation, Outcome, Ports};

const REASON: &str = "Load testing for Q1 release";

fn tenant() -> TenantId {
    TenantId::parse(TENANT).expect("a tenant")
}

/// Does something in the cloud behind Capstan's back.
fn behind_its_back<T>(lab: &Lab, act: impl AsyncFnOnce(Ports) -> T) -> T {
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(lab.world(), invocation.clone());
    match sim::run(act(ports), &invocation) {
        Outcome::Done(done, _) => done,
        _ => panic!("it was not done"),
    }
}

fn tags_of(owner: &str) -> Tags {
    Tags::from([(TagKey::TenantId, owner.to_owned()), (TagKey::TransitionId, "something else".to_owned())])
}

#[test]
fn of_two_requests_at_once_one_starts() {
    let base = Lab::new(1);
    let mut lab = base.fork(&tampered("tier-change", Tamper::TwiceAtOnce));
    lab.ask(Tier::Staging);
    let mut lab = lab.fork(&registry());
    let history = lab.get("/tier/change-history");
    assert_eq!(history["changes"].as_array().map(Vec::len), Some(1), "{history}");
    let started = lab.engine().now();
    assert_eq!(lab.finish(started).status, "COMPLETED");
}

#[test]
fn the_history_is_searched_by_pages() {
    let mut lab = Lab::new(1);
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 0}));
    for tier in [Tier::Staging, Tier::Dev, Tier::Staging, Tier::Dev, Tier::Staging] {
        lab.ask(tier);
        let started = lab.engine().now();
        assert_eq!(lab.finish(started).status, "COMPLETED");
    }
    let all = lab.get("/tier/change-history")["changes"].as_array().unwrap().clone();
    let ids = |of: &[Value]| of.iter().map(|change| change["id"].clone()).collect::<Vec<_>>();
    let mut sought = |query: &str| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = lab.get(&format!("/tier/change-history?{query}&limit=2{cursor}"));
            let changes = page["changes"].as_array().unwrap();
            assert!(changes.len() <= 2, "{page}");
            found.extend(ids(changes));
            let Some(next) = page["cursor"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    };
    assert_eq!(sought("status=COMPLETED"), ids(&all));
    assert_eq!(sought("status=FAILED"), ids(&[]));
    assert_eq!(sought("tier=STAGING"), ids(&all));
    assert_eq!(sought("tier=PRODUCTION"), ids(&[]));
    let at = |index: usize| all[index]["createdAt"].as_str().unwrap();
    assert_eq!(sought(&format!("since={}", at(3))), ids(&all[..4]));
    assert_eq!(sought(&format!("until={}", at(3))), ids(&all[3..]));
    assert_eq!(sought(&format!("since={}&until={}", at(2), at(1))), ids(&all[1..3]));
    let one = all[4]["id"].as_str().unwrap();
    assert_eq!(lab.get(&format!("/tier/change-history?transitionId={one}"))["changes"], json!([all[4]]));
}

#[test]
fn what_is_sought_far_back_is_found_by_pages_of_which_some_are_empty() {
    let mut lab = Lab::new(1);
    lab.ask(Tier::Staging);
    let started = lab.engine().now();
    assert_eq!(lab.finish(started).status, "COMPLETED");
    // Seven hundred before it, a minute apart; the first of them was undone.
    let last = lab.world().with(|world| world.items(Table::TierChangeLog).next().unwrap().clone());
    let at = |minutes: u64| Timestamp::from_millis(started.as_millis() - 60_000 * minutes);
    let row = |minutes: u64| {
        let (id, mut item) = (uuid_v7(at(minutes).as_millis(), [9; 16]), last.clone());
        item.insert("transition_id".to_owned(), json!(id));
        item.insert("created_at".to_owned(), json!(at(minutes)));
        if minutes == 700 {
            item.insert("status".to_owned(), json!("ROLLED_BACK"));
        }
        let key = Key { table: Table::TierChangeLog, partition: TENANT.to_owned(), sort: id };
        Write { key, effect: Effect::Put(item), condition: None }
    };
    for first in (1..=700).step_by(20) {
        let writes: Vec<Write> = (first..first + 20).map(row).collect();
        behind_its_back(&lab, async |ports| ports.transact(writes).await.unwrap());
    }
    let page = lab.get("/tier/change-history?status=ROLLED_BACK");
    assert_eq!(page["changes"], json!([]), "five hundred are looked at, and no more");
    let cursor = page["cursor"].as_str().unwrap();
    let page = lab.get(&format!("/tier/change-history?status=ROLLED_BACK&cursor={cursor}"));
    assert_eq!(page["changes"][0]["createdAt"], json!(at(700)), "{page}");
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["cursor"]), (1, &json!(null)));
    // As many as fit are given, however many calls of the store that takes.
    let page = lab.get(&format!("/tier/change-history?status=COMPLETED&limit=100&until={}", at(60)));
    assert_eq!(page["changes"].as_array().unwrap().len(), 100);
    assert_eq!(page["changes"][99]["createdAt"], json!(at(159)));
}

#[test]
fn a_confirmation_used_twice_at_once_starts_one_change() {
    let mut lab = Lab::new(2);
    let (_, asked) = lab.call("POST", "/tier/change", &json!({"targetTier": "PRODUCTION", "reason": REASON}));
    let token = asked["confirmationToken"].clone();
    let mut twice = lab.fork(&tampered("tier-change", Tamper::TwiceAtOnce));
    twice.call("POST", "/tier/confirm", &json!({ "confirmationToken": token }));
    let mut lab = twice.fork(&registry());
    assert_eq!(lab.get("/tier/change-history")["changes"].as_array().map(Vec::len), Some(1));
    let (status, again) = lab.call("POST", "/tier/confirm", &json!({ "confirmationToken": token }));
    assert_eq!((status, &again["errors"][0]["code"]), (400, &json!("TOKEN_USED")));
}

#[test]
fn a_confirmation_keeps_the_reason_and_the_bypass() {
    let mut lab = Lab::new(3);
    assert_eq!(lab.go(Tier::Staging).status, "COMPLETED");
    let reason = "[EMERGENCY] Traffic spike from viral event";
    let (_, asked) =
        lab.call("POST", "/tier/bypass-cooldown", &json!({"targetTier": "PRODUCTION", "reason": reason}));
    assert_eq!(asked["status"], "REQUIRES_CONFIRMATION");
    assert!(asked["plan"]["items"].as_array().is_some_and(|items| items.len() == 5), "{asked}");
    let (_, begun) =
        lab.call("POST", "/tier/confirm", &json!({"confirmationToken": asked["confirmationToken"]}));
    assert_eq!(begun["status"], "INITIATED", "{begun}");
    let change = &lab.get("/tier/change-history?limit=1")["changes"][0];
    assert_eq!((&change["reason"], &change["bypassedCooldown"]), (&json!(reason), &json!(true)));
}

#[test]
fn the_cooldown_holds_and_says_how_long() {
    let mut lab = Lab::new(4);
    assert_eq!(lab.go(Tier::Staging).status, "COMPLETED");
    let wish = json!({"targetTier": "DEV", "reason": REASON});
    let (status, refused) = lab.call("POST", "/tier/change", &wish);
    assert_eq!((status, &refused["errors"][0]["code"]), (400, &json!("COOLDOWN_ACTIVE")));
    assert_eq!(lab.get("/tier")["cooldownActive"], true);
    assert_eq!(lab.call("PUT", "/tier/cooldown", &json!({"hours": 0})).0, 200);
    assert_eq!(lab.call("POST", "/tier/change", &wish).1["status"], "INITIATED");
}

#[test]
fn what_is_made_is_what_was_edited() {
    let mut lab = Lab::new(5);
    let edit = json!({
        "sagemakerShadowSelfInstanceType": "ml.g5.4xlarge", "sagemakerShadowSelfMinInstances": 3,
        "sagemakerShadowSelfMaxInstances": 9, "opensearchInstanceType": "r6g.xlarge", "opensearchInstanceCount": 5,
    });
    assert_eq!(lab.call("PUT", "/tier/configs/STAGING", &edit).0, 200);
    assert_eq!(lab.go(Tier::Staging).status, "COMPLETED");
    let resources = lab.get("/tier/resources")["resources"].clone();
    let spec = |kind: &str| {
        let rows = resources.as_array().expect("rows");
        rows.iter().find(|row| row["kind"] == kind).expect("a resource")["spec"].clone()
    };
    assert_eq!(spec("endpoint")["instanceType"], "ml.g5.4xlarge");
    assert_eq!((&spec("endpoint")["min"], &spec("endpoint")["max"]), (&json!(3), &json!(9)));
    assert_eq!(spec("domain")["instanceType"], "r6g.xlarge.search");
    let name = names::resource(ResourceKind::Domain, &tenant(), 1).name;
    let domain =
        behind_its_back(&lab, async |ports| ports.domain(&name).await).expect("an answer").expect("a domain");
    assert_eq!(
        domain.settings,
        DomainSettings { instance_type: "r6g.xlarge.search".into(), instance_count: 5, ebs_gb: 100 }
    );
}

#[test]
fn a_stale_edit_is_refused_and_changes_nothing() {
    let mut lab = Lab::new(6);
    assert_eq!(
        lab.call("PUT", "/tier/configs/DEV", &json!({"budgetMonthlyCuriosityLimit": 200, "version": 0})).0,
        200
    );
    let (status, refused) =
        lab.call("PUT", "/tier/configs/DEV", &json!({"budgetMonthlyCuriosityLimit": 300, "version": 0}));
    assert_eq!((status, &refused["code"]), (409, &json!("STALE_VERSION")));
    let config = lab.get("/tier/configs/DEV");
    assert_eq!((&config["budgetMonthlyCuriosityLimit"], &config["version"]), (&json!(200), &json!(1)));
}

#[test]
fn a_stranger_s_resource_is_never_touched() {
    for (owner, error) in [(OTHER_TENANT, "OwnedByAnother"), (TENANT, "ResourceExists")] {
        let mut lab = Lab::new(7);
        let name = names::resource(ResourceKind::Domain, &tenant(), 1).name;
        let settings =
            DomainSettings { instance_type: "t3.small.search".into(), instance_count: 2, ebs_gb: 20 };
        behind_its_back(&lab, async |ports| ports.create_domain(&name, &settings, &tags_of(owner)).await)
            .expect("a domain");
        lab.engine().skip(Millis::hours(1));
        let before = lab.slate();
        let ended = lab.go(Tier::Staging);
        assert_eq!(ended.status, "ROLLED_BACK", "{owner}");
        let errors = ended.change["errors"].as_array().expect("errors");
        assert!(errors.iter().any(|failure| failure["name"] == error), "{errors:?}");
        assert_eq!(before.difference(&lab.slate()), "", "{owner}");
    }
}

#[test]
fn an_orphan_is_listed_and_told_of() {
    let mut lab = Lab::at(Tier::Staging, 8);
    behind_its_back(&lab, async |ports| ports.create_stream("left-over", Some(1), &tags_of(TENANT)).await)
        .expect("a stream");
    let orphans = lab.get("/tier/orphans")["orphans"].clone();
    assert_eq!((&orphans[0]["name"], orphans.as_array().map(Vec::len)), (&json!("left-over"), Some(1)));
    let until = lab.engine().now() + Millis::days(2);
    lab.engine().run_until(until, |_| false);
    let told = lab
        .world()
        .with(|world| world.notices().iter().any(|notice| notice.body.contains("stream/left-over")));
    assert!(told, "the daily search tells of it");
}

#[test]
fn a_retired_store_is_deleted_after_its_date_with_a_final_snapshot() {
    let mut lab = Lab::at(Tier::Staging, 9);
    assert_eq!(lab.go(Tier::Production).status, "COMPLETED");
    let retired = |lab: &mut Lab| {
        let resources = lab.get("/tier/resources")["resources"].clone();
        let rows =
            resources.as_array().expect("rows").iter().filter(|row| row["state"] == "RETIRED").cloned();
        rows.collect::<Vec<Value>>()
    };
    let old = retired(&mut lab);
    assert_eq!(old.len(), 2, "the domain and the cache group");
    let run_for = |lab: &mut Lab, length: Millis| {
        let until = lab.engine().now() + length;
        lab.engine().run_until(until, |_| false);
    };
    run_for(&mut lab, Millis::days(6));
    assert_eq!(retired(&mut lab).len(), 2, "not before its date");
    run_for(&mut lab, Millis::days(2));
    assert_eq!(retired(&mut lab), Vec::<Value>::new());
    let cache = old.iter().find(|row| row["kind"] == "cache-group").expect("a group")["name"].clone();
    let kept = lab
        .world()
        .with(|world| world.snapshots().map(|snapshot| format!("{snapshot:?}")).collect::<String>());
    assert!(kept.contains(cache.as_str().expect("a name")), "{kept}");
    assert_eq!(lab.get("/tier/orphans")["orphans"], json!([]));
}

#[test]
fn an_execution_that_is_not_started_is_started_later_or_given_up_with_nothing_done() {
    let mut late = Lab::new(10);
    late.fault("states:StartExecution:1:error");
    assert_eq!(late.go(Tier::Staging).status, "COMPLETED");

    let mut never = Lab::new(10);
    let before = never.slate();
    never.fault("states:StartExecution:*:denied");
    let ended = never.go(Tier::Staging);
    assert_eq!(
        (ended.status.as_str(), &ended.change["errors"][0]["name"]),
        ("ROLLED_BACK", &json!("ExecutionNotStarted"))
    );
    never.heal();
    assert_eq!(before.difference(&never.slate()), "");
    assert_eq!(never.go(Tier::Staging).status, "COMPLETED", "and the next request works");
}

#[test]
fn a_stuck_tier_is_reset_and_what_is_left_is_deleted_once_it_can_be() {
    let mut lab = Lab::new(11);
    lab.fault("neptune:CreateDBInstance:1:denied");
    lab.fault("kinesis:DeleteStream:*:denied");
    let ended = lab.go(Tier::Staging);
    assert_eq!((ended.status.as_str(), &lab.get("/tier")["transitionStatus"]), ("FAILED", &json!("STUCK")));
    let (status, refused) =
        lab.call("POST", "/tier/change", &json!({"targetTier": "STAGING", "reason": REASON}));
    assert_eq!((status, &refused["errors"][0]["code"]), (400, &json!("TIER_STUCK")));
    let (status, reset) =
        lab.call("POST", "/tier/reset", &json!({"reason": "it must go on, whatever is left"}));
    assert_eq!((status, &reset["status"], &reset["currentTier"]), (200, &json!("STABLE"), &json!("DEV")));
    assert_eq!(lab.call("POST", "/tier/reset", &json!({"reason": "once more, to be sure"})).0, 409);

    assert_eq!(lab.get("/tier/orphans")["orphans"], json!([]), "what is left is accounted for");
    let streams = |lab: &mut Lab| {
        let resources = lab.get("/tier/resources")["resources"].clone();
        let rows = resources.as_array().expect("rows").iter().filter(|row| row["kind"] == "stream").cloned();
        rows.map(|row| row["state"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(streams(&mut lab), [json!("RETIRED")]);
    lab.heal();
    assert_eq!(lab.go(Tier::Staging).status, "COMPLETED", "the next change is not in its way");
    let until = lab.engine().now() + Millis::hours(3);
    lab.engine().run_until(until, |_| false);
    assert_eq!(streams(&mut lab), [json!("SERVING")], "the one that was left is deleted");
    assert_eq!(lab.get("/tier/orphans")["orphans"], json!([]));
}

#[test]
fn a_cancel_with_nothing_under_way_is_refused() {
    let mut lab = Lab::new(12);
    let (status, refused) =
        lab.call("POST", "/tier/cancel", &json!({"reason": "it was a mistake after all"}));
    assert_eq!((status, &refused["code"]), (409, &json!("NOTHING_UNDER_WAY")));
}

#[test]
fn every_act_is_in_the_audit_with_who_and_why() {
    let mut lab = Lab::new(13);
    assert_eq!(lab.go(Tier::Production).status, "COMPLETED");
    lab.call("PUT", "/tier/cooldown", &json!({"hours": 2}));
    let table = capstan_core::ports::Table::TierAudit;
    let rows: Vec<Value> = lab.world().with(|world| world.items(table).map(|row| json!(row)).collect());
    let mut acts: Vec<&str> = rows.iter().filter_map(|row| row["action"].as_str()).collect();
    acts.sort_unstable();
    assert_eq!(acts, ["CHANGE_COMPLETED", "CHANGE_STARTED", "CONFIRMATION_REQUESTED", "COOLDOWN_SET"]);
    let started = rows.iter().find(|row| row["action"] == "CHANGE_STARTED").expect("a row");
    assert_eq!(
        (&started["who"], &started["role"], started["why"].as_str().is_some()),
        (&json!("grace"), &json!("super_admin"), true)
    );
}

/// A step that is called before what must come before it does nothing, and one that comes after the end neither.
#[test]
fn a_step_out_of_turn_does_nothing() {
    let mut lab = Lab::at(Tier::Staging, 14);
    let answer = lab.ask(Tier::Dev);
    let input = json!({"tenantId": TENANT, "transitionId": answer["transitionId"]});
    let started = lab.engine().now();
    lab.engine().run_until(started + Millis::seconds(12), |_| false);
    let early = [
        "drain-connections",
        "update-app-config",
        "cleanup-sagemaker",
        "cleanup-neptune",
        "transition-complete",
    ];
    let before = lab.slate();
    for function in early {
        assert_eq!(lab.out_of_order(function, input.clone()).as_deref(), Some("OutOfTurn"), "{function}");
    }
    assert_eq!(before.difference(&lab.slate()), "");
    assert_eq!(lab.finish(started).status, "COMPLETED");
    let before = lab.slate();
    for step in tier_steps::workflow::STEPS {
        // Recording and announcing the good end may be repeated; the alert changes nothing.
        if !["transition-complete", "cleanup-failed-alert"].contains(&step.function) {
            let error = lab.out_of_order(step.function, input.clone());
            assert_eq!(error.as_deref(), Some("TransitionEnded"), "{}", step.function);
        }
    }
    assert_eq!(before.difference(&lab.slate()), "");
}

#[test]
fn an_emergency_says_which() {
    let mut lab = Lab::new(15);
    let wish = json!({"targetTier": "STAGING", "reason": "[EMERGENCY] "});
    let (status, refused) = lab.call("POST", "/tier/bypass-cooldown", &wish);
    assert_eq!((status, &refused["errors"][0]["code"]), (400, &json!("EMERGENCY_REASON_REQUIRED")));
}

#[test]
fn a_field_given_twice_is_refused() {
    let text =
        r#"{"targetTier": "STAGING", "targetTier": "PRODUCTION", "reason": "Load testing for Q1 release"}"#;
    let mut lab = Lab::new(16);
    let (status, refused) = lab.call_raw("POST", "/tier/change", text);
    assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("targetTier")), "{refused}");
    assert!(lab.get("/tier")["transitionId"].is_null());
}

/// Between the question and the answer the day on which Kinesis counts mode switches goes by, and the configuration that
/// is left is edited: what was shown is carried out all the same.
#[test]
fn what_is_confirmed_is_what_was_shown() {
    let mut lab = Lab::new(17);
    for tier in [Tier::Production, Tier::Dev] {
        assert_eq!(lab.go(tier).status, "COMPLETED");
    }
    let reason = "[EMERGENCY] Traffic spike from viral event";
    let (_, asked) =
        lab.call("POST", "/tier/bypass-cooldown", &json!({"targetTier": "PRODUCTION", "reason": reason}));
    let of_stream = |plan: &Value| {
        let items = plan["items"].as_array().expect("items").clone();
        items.into_iter().find(|item| item["service"] == "kinesis").expect("the stream")
    };
    assert_eq!(of_stream(&asked["plan"])["action"], "keep", "the mode was switched a moment ago");
    lab.engine().skip(Millis::minutes(9));
    assert_eq!(lab.call("PUT", "/tier/configs/DEV", &json!({"budgetMonthlyCuriosityLimit": 77})).0, 200);
    let confirm = json!({"confirmationToken": asked["confirmationToken"]});
    let started = lab.engine().now();
    assert_eq!(lab.call("POST", "/tier/confirm", &confirm).1["status"], "INITIATED");
    assert_eq!(lab.finish(started).status, "COMPLETED");
    let table = capstan_core::ports::Table::TierChangeLog;
    let id = lab.get("/tier/change-history?limit=1")["changes"][0]["id"].clone();
    let carried_out = lab.world().with(|world| {
        world.items(table).find(|row| row["transition_id"] == id).map(|row| row["plan"].clone())
    });
    assert_eq!(carried_out.map(|plan| of_one_kind(&plan)), Some(of_one_kind(&asked["plan"])));
}

/// The same with every number as a float: the store has one kind of number, JSON two.
fn of_one_kind(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(of_one_kind).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), of_one_kind(value))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn a_reason_that_would_play_with_a_terminal_is_refused() {
    let mut lab = Lab::new(18);
    for reason in
        ["\u{1b}[2J a clean sweep of it", "one line\nand another that lies", "\u{202e}backwards it goes"]
    {
        let (status, refused) =
            lab.call("POST", "/tier/change", &json!({"targetTier": "STAGING", "reason": reason}));
        assert_eq!(
            (status, &refused["errors"][0]["code"]),
            (400, &json!("REASON_UNPRINTABLE")),
            "{reason:?}"
        );
    }
}

#[test]
fn a_query_parameter_that_no_route_has_is_refused_everywhere() {
    let mut lab = Lab::new(19);
    let wish = json!({"targetTier": "STAGING", "reason": REASON, "hours": 1});
    for (method, path) in [
        ("GET", "/tier"),
        ("POST", "/tier/plan"),
        ("POST", "/tier/change"),
        ("POST", "/tier/cancel"),
        ("PUT", "/tier/cooldown"),
        ("PUT", "/tier/configs/DEV"),
    ] {
        let (status, refused) = lab.call(method, &format!("{path}?tenant=x"), &wish);
        assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("tenant")), "{method} {path}");
    }
}

#[test]
fn all_that_is_wrong_with_an_edit_is_said_at_once() {
    let mut lab = Lab::new(20);
    let edit = json!({"version": "x", "colour": "red", "sagemakerShadowSelfMinInstances": -1});
    let (status, refused) = lab.call("PUT", "/tier/configs/DEV", &edit);
    assert_eq!((status, refused["errors"].as_array().map(Vec::len)), (422, Some(3)), "{refused}");
}

/// A change that ran out of time says on what it waited.
#[test]
fn a_stuck_change_names_what_it_is_stuck_on() {
    let mut lab = Lab::new(21);
    lab.fault("neptune:CreateDBInstance:1:never");
    let ended = lab.go(Tier::Staging);
    let errors = ended.change["errors"].to_string();
    assert_eq!(ended.status, "FAILED", "{errors}");
    assert!(errors.contains("StillWaiting") && errors.contains("NotUndone"), "{errors}");
    assert!(errors.contains("graph-cluster/cato-graph-"), "{errors}");
}
