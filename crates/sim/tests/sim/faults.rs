//! Every kind of fault, and when it strikes.

use crate::setting::*;
use CloudErrorKind::{AlreadyExists, Busy, Denied, Quota, Throttled, Unavailable, Unknown};
use capstan_core::ids::TenantId;
use capstan_core::ports::*;
use capstan_core::tier::ResourceKind;
use capstan_core::time::Millis;
use serde_json::json;
use sim::{End, Invocation, Outcome, Ports, run};

/// Whether the stream `s` was made.
fn made(ports: &Ports) -> bool {
    ports.world().with(|world| !world.resources().is_empty())
}

#[test]
fn refusals_have_no_effect_and_strike_once() {
    for (kind, name) in [
        (Throttled, "throttled"),
        (Unavailable, "error"),
        (Denied, "denied"),
        (Quota, "quota"),
        (Busy, "busy"),
    ] {
        let (_, p) = faulty(&format!("kinesis:CreateStream:1:{name}"));
        refused(kind, p.create_stream("s", None, &tags()));
        assert!(!made(&p), "{name}");
        ok(p.create_stream("s", None, &tags()));
        assert!(made(&p));
        assert_eq!(p.invocation().latency(), Millis(0));
    }
}

#[test]
fn what_the_cloud_refuses_by_itself_is_no_fault_that_was_met() {
    let met = |p: &Ports| p.world().with(|world| world.met().len());
    let (_, p) = faulty("*:*:@3:busy");
    ok(p.create_stream("s", Some(4), &tags()));
    refused(Busy, p.set_shards("s", 8));
    assert_eq!(met(&p), 0);
    refused(Busy, p.set_shards("s", 8));
    assert_eq!(met(&p), 1);
}

#[test]
fn a_timeout_is_unknown_and_costs_its_time() {
    let (_, p) = faulty("kinesis:CreateStream:1:timeout");
    refused(Unknown, p.create_stream("s", None, &tags()));
    assert!(!made(&p));
    assert_eq!(p.invocation().latency(), Millis::seconds(30));
    assert_eq!(p.now(), p.world().now() + Millis::seconds(30));

    let (_, p) = faulty("kinesis:CreateStream:1:timeout-after");
    refused(Unknown, p.create_stream("s", None, &tags()));
    assert!(made(&p));
    refused(AlreadyExists, p.create_stream("s", None, &tags()));
}

#[test]
fn a_slow_call_costs_its_time_and_kills_when_it_is_too_much() {
    let (_, p) = faulty("kinesis:CreateStream:1:slow=100");
    ok(p.create_stream("s", None, &tags()));
    assert_eq!(p.invocation().latency(), Millis::seconds(100));

    for (fault, effect) in [("slow=121", false), ("timeout", false), ("timeout-after", true)] {
        let (world, _) = faulty(&format!("kinesis:CreateStream:1:{fault}"));
        let invocation = Invocation::new(Millis::seconds(if fault == "slow=121" { 120 } else { 20 }));
        let p = Ports::for_invocation(&world, invocation.clone());
        let outcome = run(p.create_stream("s", None, &tags()), &invocation);
        assert!(matches!(outcome, Outcome::TimedOut), "{fault}");
        assert_eq!(made(&p), effect, "{fault}");
        // Whatever it had in mind to do next does not happen.
        assert!(matches!(run(p.delete_stream("s"), &invocation), Outcome::TimedOut));
    }
}

#[test]
fn time_adds_up_over_calls() {
    let (_, p) = faulty("*:*:*:slow=50");
    let invocation = p.invocation().clone();
    let work = async {
        p.stream("a").await?;
        p.stream("a").await?;
        p.stream("a").await
    };
    assert!(matches!(run(work, &invocation), Outcome::TimedOut));
    assert_eq!(p.world().with(|world| world.call_count()), 3);
    assert_eq!(invocation.end(), Some(End::TimedOut));
}

#[test]
fn a_crash_comes_before_or_after_the_effect() {
    for (fault, effect) in [("crash", false), ("crash-after", true)] {
        let (_, p) = faulty(&format!("kinesis:*:1:{fault}"));
        let outcome = run(p.create_stream("s", None, &tags()), p.invocation());
        assert!(matches!(outcome, Outcome::Crashed), "{fault}");
        assert_eq!(made(&p), effect, "{fault}");
    }
}

#[test]
fn a_life_cycle_fails_or_never_ends() {
    let (w, p) = faulty("*:*:*:never");
    ok(p.create_domain("dom", &small_domain(), &tags()));
    assert_eq!(w.with(|world| world.next_event()), None);
    assert_eq!(w.with(|world| world.settled_at(&resource(ResourceKind::Domain, "dom"))), None);
    pass(&w, Millis::days(30));
    assert!(ok(p.domain("dom")).unwrap().processing);

    let (w, p) = faulty("*:*:*:fails");
    ok(p.create_domain("dom", &small_domain(), &tags()));
    ok(p.create_collection("col", &tags()));
    ok(p.create_cache_group("g", &two_nodes(), &tags()));
    ok(p.create_serverless_cache("s", 1000, 5000, &tags()));
    ok(p.create_graph_cluster("c", None, &tags()));
    ok(p.create_stream("s", None, &tags()));
    rest(&w);
    let domain = ok(p.domain("dom")).unwrap();
    assert!(!domain.created && !domain.processing);
    assert_eq!(ok(p.collection("col")).unwrap().status, CollectionStatus::Failed);
    assert_eq!(ok(p.cache_group("g")).unwrap().status, CacheStatus::Failed);
    assert_eq!(ok(p.serverless_cache("s")).unwrap().status, CacheStatus::Failed);
    assert_eq!(ok(p.graph_cluster("c")).unwrap().status, GraphStatus::Failed);
    assert_eq!(ok(p.stream("s")), None);
    refused(CloudErrorKind::Invalid, p.set_nodes("g", 3, false));
    refused(CloudErrorKind::Invalid, p.set_ecpu("s", 1000, 6000));
    refused(CloudErrorKind::Invalid, p.set_capacity("c", capacity()));
    refused(CloudErrorKind::Invalid, p.update_domain("dom", &small_domain()));
    // Deletions end well even now, and leave nothing.
    ok(p.delete_domain("dom"));
    ok(p.delete_collection("col"));
    ok(p.delete_cache_group("g", None));
    ok(p.delete_serverless_cache("s", None));
    ok(p.delete_graph_cluster("c", None));
    rest(&w);
    assert_eq!(w.with(|world| world.resources()), []);
}

#[test]
fn a_failed_change_leaves_a_store_as_it_was_and_an_endpoint_failed() {
    let w = world();
    let p = ports(&w);
    ok(p.create_cache_group("g", &two_nodes(), &tags()));
    ok(p.create_domain("dom", &small_domain(), &tags()));
    ok(p.create_graph_cluster("c", Some(capacity()), &tags()));
    ok(p.create_stream("s", Some(4), &tags()));
    ok(p.create_endpoint_config(&config("e1", "ml.g5.xlarge", 1), &tags()));
    ok(p.create_endpoint("e", "e1", &tags()));
    rest(&w);
    let before = w.with(|world| world.snapshot());
    w.with(|world| world.add_fault("*:*:*:fails".parse().unwrap()));
    ok(p.set_nodes("g", 4, false));
    ok(p.update_domain("dom", &DomainSettings { instance_count: 3, ..small_domain() }));
    ok(p.create_graph_instance("c", "c-1", "db.serverless", &tags()));
    ok(p.set_shards("s", 8));
    rest(&w);
    let cluster = ok(p.graph_cluster("c")).unwrap();
    assert_eq!(cluster.instances[0].status, GraphStatus::Failed);
    ok(p.delete_graph_instance("c", "c-1"));
    rest(&w);
    assert_eq!(w.with(|world| world.snapshot()), before);
    ok(p.set_desired_instances("e", 2));
    rest(&w);
    assert_eq!(ok(p.endpoint("e")).unwrap().status, EndpointStatus::Failed);
}

#[test]
fn the_nth_call_is_counted_by_operation_or_overall_from_when_it_was_planned() {
    let (w, p) = faulty("*:*:2:throttled");
    ok(p.stream("s"));
    ok(p.domain("d"));
    refused(Throttled, p.stream("s"));
    refused(Throttled, p.domain("d"));
    ok(p.stream("s"));
    w.with(sim::World::clear_faults);
    w.with(|world| world.add_fault("*:*:@3:throttled".parse().unwrap()));
    ok(p.stream("s"));
    ok(p.domain("d"));
    refused(Throttled, p.collection("c"));
    ok(p.collection("c"));
    w.with(sim::World::clear_faults);
    w.with(|world| world.add_fault("kinesis:*:*:denied".parse().unwrap()));
    refused(Denied, p.stream("s"));
    refused(Denied, p.stream("s"));
    ok(p.domain("d"));
    assert_eq!(w.with(|world| world.faults().count()), 1);
}

#[test]
fn the_store_says_its_own_words() {
    let write = || vec![put(Table::TierConfig, "t", "DEV", json!({}))];
    let there = |p: &Ports| p.world().with(|world| world.items(Table::TierConfig).count());
    for (fault, expected) in [
        ("throttled", StoreError::Throttled),
        ("quota", StoreError::Throttled),
        ("busy", StoreError::Conflict),
    ] {
        let (_, p) = faulty(&format!("dynamodb:TransactWriteItems:1:{fault}"));
        assert_eq!(ask(p.transact(write())), Err(expected));
        assert_eq!(there(&p), 0);
    }
    let outcome = |fault: &str| {
        let (_, p) = faulty(&format!("dynamodb:*:1:{fault}"));
        (ask(p.transact(write())), there(&p))
    };
    assert!(matches!(outcome("error"), (Err(StoreError::Unavailable(_)), 0)));
    assert!(matches!(outcome("denied"), (Err(StoreError::Invalid(_)), 0)));
    assert!(matches!(outcome("timeout"), (Err(StoreError::Unknown(_)), 0)));
    assert!(matches!(outcome("timeout-after"), (Err(StoreError::Unknown(_)), 1)));
}

#[test]
fn every_port_can_be_made_to_fail() {
    let (w, p) = faulty("*:*:*:denied");
    let tenant = TenantId::parse(TENANT).unwrap();
    let notice = Notice {
        kind: NoticeKind::Completed,
        tenant_id: Some(tenant.clone()),
        subject: "done".to_owned(),
        body: String::new(),
    };
    refused(Denied, p.notify(&notice));
    refused(Denied, p.month_to_date(&tenant, w.now()));
    refused(Denied, p.connections(&resource(ResourceKind::Stream, "s")));
    refused(Denied, p.start("x", &json!({})));
    refused(Denied, p.describe("x"));
    refused(Denied, p.tagged(&tenant));
    refused(Denied, p.scaling("e"));
    refused(Denied, p.set_nodes("g", 2, true));
    refused(Denied, p.collection_limits());
    w.with(|world| {
        let calls = world.calls();
        assert_eq!(calls.len(), 9);
        assert_eq!(
            (calls[3].operation.service(), calls[3].operation.name(), calls[3].mutates()),
            ("states", "StartExecution", true)
        );
        assert_eq!((calls[8].index, calls[8].nth, calls[8].mutates()), (9, 1, false));
        assert_eq!(calls[3].resource, "x");
        world.clear_faults();
        world.clear_records();
    });
    ok(p.notify(&notice));
    assert_eq!(w.with(|world| world.notices().to_vec()), std::slice::from_ref(&notice));
    let long = Notice { subject: "s".repeat(101), ..notice };
    refused(CloudErrorKind::Invalid, p.notify(&long));
}
