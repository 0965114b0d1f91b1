//! How resources live: what is seen at each stage, and how long each takes.

use crate::setting::*;
use capstan_core::ids::TenantId;
use capstan_core::money::Usd;
use capstan_core::ports::*;
use capstan_core::tier::{ResourceKind, Spec};
use capstan_core::time::{Millis, Timestamp};
use serde_json::json;
use sim::{EffectKind, SharedWorld, WorldConfig};

/// How long it takes until nothing is under way.
fn takes(world: &SharedWorld) -> Millis {
    let from = world.now();
    rest(world);
    world.now().since(from)
}

fn within(length: Millis, least: u64, most: u64) {
    assert!(
        (Millis::seconds(least)..=Millis::seconds(most)).contains(&length),
        "{length:?} not in {least}..{most}"
    );
}

#[test]
fn an_endpoint() {
    let w = world();
    let p = ports(&w);
    let seen =
        || ok(p.endpoint("e")).map(|e| (e.status, e.config_name, e.current_instances, e.desired_instances));
    ok(p.create_endpoint_config(&config("c1", "ml.g5.xlarge", 2), &tags()));
    ok(p.create_endpoint_config(&config("c2", "ml.g5.2xlarge", 3), &tags()));
    assert_eq!(ok(p.endpoint_config_names("c")), ["c1", "c2"]);
    assert_eq!(ok(p.endpoint_config_names("c2")), ["c2"]);
    assert_eq!(ok(p.endpoint_config("c1")), Some(config("c1", "ml.g5.xlarge", 2)));
    ok(p.create_endpoint("e", "c1", &tags()));
    assert_eq!(seen(), Some((EndpointStatus::Creating, "c1".into(), 0, 2)));
    within(takes(&w), 360, 540);
    assert_eq!(seen(), Some((EndpointStatus::InService, "c1".into(), 2, 2)));
    ok(p.set_desired_instances("e", 5));
    assert_eq!(seen(), Some((EndpointStatus::Updating, "c1".into(), 2, 5)));
    within(takes(&w), 180, 300);
    assert_eq!(seen(), Some((EndpointStatus::InService, "c1".into(), 5, 5)));
    ok(p.update_endpoint("e", "c2"));
    assert_eq!(seen(), Some((EndpointStatus::Updating, "c2".into(), 5, 3)));
    let still = w.with(|w| w.resources()[0].spec.clone());
    assert!(matches!(still, Some(Spec::Endpoint { instance_type, .. }) if instance_type == "ml.g5.xlarge"));
    within(takes(&w), 420, 600);
    let range = ScalingRange { min: 3, max: 9, scale_in_cooldown: 60 };
    ok(p.set_scaling("e", range));
    assert_eq!(ok(p.scaling("e")), Some(range));
    ok(p.delete_endpoint("e"));
    assert_eq!(ok(p.scaling("e")), None);
    assert_eq!(seen(), Some((EndpointStatus::Deleting, "c2".into(), 0, 3)));
    within(takes(&w), 20, 60);
    assert_eq!(seen(), None);
}

#[test]
fn a_domain_and_a_collection() {
    let w = world();
    let p = ports(&w);
    let seen =
        || ok(p.domain("dom")).map(|d| (d.created, d.processing, d.deleting, d.settings.instance_count));
    ok(p.create_domain("dom", &small_domain(), &tags()));
    assert_eq!(seen(), Some((false, true, false, 1)));
    within(takes(&w), 540, 840);
    assert_eq!(seen(), Some((true, false, false, 1)));
    ok(p.update_domain("dom", &DomainSettings { instance_count: 3, ..small_domain() }));
    assert_eq!(seen(), Some((true, true, false, 3)));
    within(takes(&w), 480, 720);
    assert_eq!(seen(), Some((true, false, false, 3)));
    ok(p.delete_domain("dom"));
    assert_eq!(seen(), Some((true, false, true, 3)));
    within(takes(&w), 180, 300);
    assert_eq!(seen(), None);

    let seen = || ok(p.collection("col")).map(|c| c.status);
    assert_eq!(seen(), None);
    ok(p.create_collection("col", &tags()));
    assert_eq!(seen(), Some(CollectionStatus::Creating));
    within(takes(&w), 60, 180);
    assert_eq!(seen(), Some(CollectionStatus::Active));
    assert_eq!(w.with(|w| w.snapshot()["collection-policy"].as_array().map(Vec::len)), Some(3));
    ok(p.delete_collection("col"));
    assert_eq!(seen(), Some(CollectionStatus::Deleting));
    within(takes(&w), 60, 60);
    assert_eq!(seen(), None);
    assert_eq!(w.with(|w| w.snapshot()["collection-policy"].clone()), json!([]));
}

#[test]
fn caches() {
    let w = world();
    let p = ports(&w);
    let seen = || ok(p.cache_group("g")).map(|g| (g.status, g.settings.node_type, g.settings.nodes));
    let (old, new) = ("cache.r7g.large".to_owned(), "cache.r7g.xlarge".to_owned());
    ok(p.create_cache_group("g", &two_nodes(), &tags()));
    assert_eq!(seen(), Some((CacheStatus::Creating, old.clone(), 0)));
    within(takes(&w), 300, 480);
    assert_eq!(seen(), Some((CacheStatus::Available, old.clone(), 2)));
    ok(p.set_node_type("g", &new));
    assert_eq!(seen(), Some((CacheStatus::Modifying, old, 2)));
    within(takes(&w), 480, 720);
    ok(p.set_nodes("g", 4, false));
    assert_eq!(seen(), Some((CacheStatus::Modifying, new.clone(), 2)));
    within(takes(&w), 300, 480);
    assert_eq!(seen(), Some((CacheStatus::Available, new.clone(), 4)));
    ok(p.set_nodes("g", 3, false));
    rest(&w);
    ok(p.delete_cache_group("g", Some("last")));
    assert_eq!(seen(), Some((CacheStatus::Deleting, new, 3)));
    within(takes(&w), 240, 360);
    assert_eq!(seen(), None);
    let operations: Vec<_> = w.with(|w| w.log().iter().map(|e| e.operation.name()).collect());
    assert_eq!(operations[2..4], ["IncreaseReplicaCount", "DecreaseReplicaCount"]);
    let at = w.with(|w| w.snapshots().map(|s| s.source.to_string()).collect::<Vec<_>>());
    assert_eq!(at, ["cache-group/g"]);

    ok(p.create_serverless_cache("s", 1000, 5000, &tags()));
    within(takes(&w), 60, 120);
    ok(p.set_ecpu("s", 2000, 6000));
    let seen = || ok(p.serverless_cache("s")).map(|s| (s.status, s.min_ecpu, s.max_ecpu));
    assert_eq!(seen(), Some((CacheStatus::Modifying, 1000, 5000)));
    within(takes(&w), 30, 30);
    assert_eq!(seen(), Some((CacheStatus::Available, 2000, 6000)));
    ok(p.delete_serverless_cache("s", None));
    within(takes(&w), 60, 120);
    assert_eq!(seen(), None);
}

#[test]
fn a_graph_cluster_changes_its_class_and_keeps_a_writer() {
    let w = world();
    let p = ports(&w);
    let cluster = || ok(p.graph_cluster("g")).unwrap();
    let writers =
        || cluster().instances.iter().filter(|i| i.writer).map(|i| i.name.clone()).collect::<Vec<_>>();
    ok(p.create_graph_cluster("g", Some(capacity()), &tags()));
    within(takes(&w), 60, 120);
    ok(p.create_graph_instance("g", "g-1", "db.serverless", &tags()));
    assert_eq!(cluster().instances[0].status, GraphStatus::Creating);
    within(takes(&w), 240, 480);
    assert_eq!(writers(), ["g-1"]);
    let wider = ServerlessCapacity { max_milli_ncu: 16_000, ..capacity() };
    ok(p.set_capacity("g", wider));
    assert_eq!((cluster().status, cluster().capacity), (GraphStatus::Modifying, Some(capacity())));
    within(takes(&w), 20, 20);
    assert_eq!(cluster().capacity, Some(wider));
    for name in ["g-2", "g-3"] {
        ok(p.create_graph_instance("g", name, "db.r6g.2xlarge", &tags()));
    }
    rest(&w);
    ok(p.fail_over("g", "g-3"));
    assert_eq!((cluster().status, writers()), (GraphStatus::Modifying, vec!["g-1".to_owned()]));
    within(takes(&w), 20, 40);
    assert_eq!(writers(), ["g-3"]);
    ok(p.delete_graph_instance("g", "g-1"));
    within(takes(&w), 120, 240);
    let snapshot = w.with(|w| w.snapshot()["graph-cluster"]["g"]["settings"].clone());
    assert_eq!(
        snapshot,
        json!({"instances": ["db.r6g.2xlarge", "db.r6g.2xlarge"], "writer": "db.r6g.2xlarge"})
    );
    let expected = Spec::GraphProvisioned { class: "db.r6g.2xlarge".into(), instances: 2 };
    assert_eq!(w.with(|w| w.resources()[0].spec.clone()), Some(expected));
    // The writer hands over when it goes.
    ok(p.delete_graph_instance("g", "g-3"));
    assert_eq!(writers(), ["g-2"]);
    rest(&w);
    ok(p.delete_graph_instance("g", "g-2"));
    rest(&w);
    assert!(cluster().instances.is_empty());
    // The next first instance becomes the writer again.
    ok(p.create_graph_instance("g", "g-9", "db.serverless", &tags()));
    assert_eq!(writers(), ["g-9"]);
    rest(&w);
    ok(p.delete_graph_instance("g", "g-9"));
    rest(&w);
    ok(p.delete_graph_cluster("g", None));
    within(takes(&w), 60, 180);
    assert_eq!(ok(p.graph_cluster("g")), None);
}

#[test]
fn a_stream() {
    let w = world();
    let p = ports(&w);
    let seen = || ok(p.stream("s")).map(|s| (s.status, s.mode, s.open_shards));
    ok(p.create_stream("s", None, &tags()));
    assert_eq!(seen(), Some((StreamStatus::Creating, StreamMode::OnDemand, 0)));
    within(takes(&w), 20, 40);
    assert_eq!(seen(), Some((StreamStatus::Active, StreamMode::OnDemand, 4)));
    ok(p.set_mode("s", StreamMode::Provisioned));
    assert_eq!(seen(), Some((StreamStatus::Updating, StreamMode::OnDemand, 4)));
    within(takes(&w), 20, 60);
    assert_eq!(seen(), Some((StreamStatus::Active, StreamMode::Provisioned, 4)));
    ok(p.set_shards("s", 8));
    assert_eq!(seen(), Some((StreamStatus::Updating, StreamMode::Provisioned, 4)));
    within(takes(&w), 20, 60);
    ok(p.delete_stream("s"));
    assert_eq!(seen(), Some((StreamStatus::Deleting, StreamMode::Provisioned, 8)));
    within(takes(&w), 20, 40);
    assert_eq!(seen(), None);
}

#[test]
fn the_outcome_does_not_depend_on_how_often_anyone_looks() {
    let story = |step: Millis| {
        let w = world();
        let p = ports(&w);
        ok(p.create_domain("dom", &small_domain(), &tags()));
        ok(p.create_graph_cluster("g", None, &tags()));
        pass(&w, Millis::minutes(5));
        ok(p.create_graph_instance("g", "g-1", "db.r6g.large", &tags()));
        let end = w.now() + Millis::hours(1);
        while w.now() < end {
            pass(&w, step);
            ok(p.domain("dom"));
        }
        w.with(|w| w.advance_to(end));
        w.with(|w| w.dump())
    };
    assert_eq!(story(Millis::seconds(1)), story(Millis::hours(1)));
}

#[test]
fn settled_at_and_the_log_tell_when() {
    let w = world();
    let p = ports(&w);
    let stream = resource(ResourceKind::Stream, "s");
    assert_eq!(w.with(|w| w.settled_at(&stream)), None);
    ok(p.create_stream("s", None, &tags()));
    let at = w.with(|w| w.settled_at(&stream)).unwrap();
    assert_eq!(w.with(|w| w.next_event()), Some(at));
    rest(&w);
    assert_eq!((w.now(), w.with(|w| w.settled_at(&stream))), (at, Some(at)));
    pass(&w, Millis::hours(1));
    assert_eq!(w.with(|w| w.settled_at(&stream)), Some(at));
    ok(p.set_mode("s", StreamMode::Provisioned));
    ok(p.create_graph_cluster("g", None, &tags()));
    rest(&w);
    ok(p.create_graph_instance("g", "g-1", "db.r6g.large", &tags()));
    let cluster = resource(ResourceKind::GraphCluster, "g");
    assert_eq!(w.with(|w| w.settled_at(&cluster)), w.with(|w| w.next_event()));
    let kinds: Vec<_> = w.with(|w| w.log().iter().map(|e| (e.kind, e.resource.clone())).collect());
    assert_eq!(
        kinds[..2],
        [(EffectKind::Created, "stream/s".to_owned()), (EffectKind::Changed, "stream/s".to_owned())]
    );
}

#[test]
fn tags_are_changed_and_found() {
    let w = world();
    let p = ports(&w);
    let tenant = TenantId::parse(TENANT).unwrap();
    ok(p.create_stream("s", None, &tags()));
    ok(p.create_domain("dom", &small_domain(), &tags()));
    ok(p.create_stream("other", None, &Tags::new()));
    rest(&w);
    let found = ok(p.tagged(&tenant));
    let names: Vec<_> = found.iter().map(|f| f.resource.to_string()).collect();
    assert_eq!(names, ["domain/dom", "stream/s"]);
    ok(p.tag(&found[1].resource, &Tags::from([(TagKey::Tier, "DEV".to_owned())])));
    ok(p.untag(&found[1].resource, &[TagKey::Project, TagKey::DeleteAfter]));
    let expected = Tags::from([(TagKey::TenantId, TENANT.to_owned()), (TagKey::Tier, "DEV".to_owned())]);
    assert_eq!(ok(p.stream("s")).unwrap().tags, expected);
}

#[test]
fn connections_drain_and_come_back() {
    let w = world();
    let p = ports(&w);
    let stream = resource(ResourceKind::Stream, "s");
    let connections = || ok(p.connections(&stream));
    assert_eq!(connections(), 0);
    ok(p.create_stream("s", None, &tags()));
    assert_eq!(connections(), 0);
    rest(&w);
    let full = connections();
    assert!(full >= 5);
    let tell = |draining: bool| {
        ask(p.transact(vec![put(Table::AppConfig, TENANT, "", json!({ "draining": draining }))])).unwrap();
    };
    tell(true);
    assert_eq!(connections(), full);
    pass(&w, Millis::seconds(20));
    // Said again is not begun again.
    tell(true);
    let fewer = connections();
    assert!(fewer < full && fewer > 0, "{fewer} of {full}");
    pass(&w, Millis::seconds(40));
    assert_eq!(connections(), 0);
    tell(false);
    assert_eq!(connections(), full);
}

#[test]
fn the_meter_runs_while_a_resource_serves() {
    fn hourly(spec: &Spec) -> Usd {
        match spec {
            Spec::Endpoint { min, .. } => Usd::dollars(i64::from(*min)),
            _ => Usd::ZERO,
        }
    }
    let start = Timestamp::parse("2026-03-31T12:00:00Z").unwrap();
    let w = SharedWorld::in_memory(WorldConfig { start, hourly: Some(hourly), ..WorldConfig::default() });
    let p = ports(&w);
    let tenant = TenantId::parse(TENANT).unwrap();
    ok(p.create_endpoint_config(&config("c", "ml.g5.xlarge", 2), &tags()));
    ok(p.create_endpoint("e", "c", &tags()));
    rest(&w);
    let cost = || ok(p.month_to_date(&tenant, w.now()));
    assert_eq!(cost(), Usd::ZERO);
    let served = w.now();
    pass(&w, Millis::hours(2));
    assert_eq!(cost(), Usd::dollars(4));
    // A new month begins at nothing.
    w.with(|w| w.advance_to(Timestamp::parse("2026-04-01T03:00:00Z").unwrap()));
    assert_eq!(cost(), Usd::dollars(6));
    ok(p.delete_endpoint("e"));
    pass(&w, Millis::days(3));
    assert_eq!(cost(), Usd::dollars(6));
    assert!(w.now().since(served) > Millis::days(3));
}

#[test]
fn executions_start_once() {
    let w = world();
    let p = ports(&w);
    let input = json!({"tenantId": TENANT});
    assert_eq!(ok(p.describe("x")), None);
    ok(p.start("x", &input));
    ok(p.start("x", &input));
    refused(CloudErrorKind::AlreadyExists, p.start("x", &json!({})));
    refused(CloudErrorKind::Invalid, p.start(&"x".repeat(81), &input));
    assert_eq!(ok(p.describe("x")).unwrap().status, ExecutionStatus::Running);
    assert_eq!(
        p.execution_arn("x"),
        "arn:aws:states:us-east-1:000000000000:execution:cato-tier-transition-local:x"
    );
    let mut row = w.with(|w| w.executions().find(|row| row.state.is_none()).cloned()).unwrap();
    row.status = ExecutionStatus::Succeeded;
    row.stopped_at = Some(w.now());
    row.state = Some(json!({}).into());
    w.with(|w| w.put_execution(row));
    refused(CloudErrorKind::AlreadyExists, p.start("x", &input));
    assert_eq!(ok(p.describe("x")).unwrap().status, ExecutionStatus::Succeeded);
    pass(&w, Millis::days(91));
    assert_eq!(ok(p.describe("x")), None);
    ok(p.start("x", &input));
}

#[test]
fn the_snapshot_is_the_same_over_two_ways_to_one_place() {
    let direct = world();
    let p = ports(&direct);
    ok(p.create_endpoint_config(&config("c1", "ml.g5.xlarge", 2), &tags()));
    ok(p.create_endpoint("e", "c1", &tags()));
    ok(p.create_stream("s", None, &tags()));
    rest(&direct);
    let detour = world();
    let p = ports(&detour);
    ok(p.create_endpoint_config(&config("z9", "ml.g5.xlarge", 1), &tags()));
    ok(p.create_endpoint("e", "z9", &tags()));
    ok(p.create_stream("s", Some(7), &tags()));
    rest(&detour);
    ok(p.set_desired_instances("e", 2));
    ok(p.set_mode("s", StreamMode::OnDemand));
    let raised = CollectionLimits { max_indexing_ocus: 50, max_search_ocus: 50 };
    ok(p.set_collection_limits(raised));
    assert_ne!(direct.with(|w| w.snapshot()), detour.with(|w| w.snapshot()));
    rest(&detour);
    assert_eq!(direct.with(|w| w.snapshot()), detour.with(|w| w.snapshot()));
}
