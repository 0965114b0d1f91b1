//! What the cloud refuses, and by which name.

use crate::setting::*;
use CloudErrorKind::{AlreadyExists, Busy, Invalid, NotFound, Quota};
use capstan_core::ports::*;
use capstan_core::tier::ResourceKind;
use capstan_core::time::Millis;
use sim::{Quotas, SharedWorld, WorldConfig};

fn endpoint(world: &SharedWorld) -> sim::Ports {
    let p = ports(world);
    ok(p.create_endpoint_config(&config("c1", "ml.g5.xlarge", 1), &tags()));
    ok(p.create_endpoint("e", "c1", &tags()));
    p
}

#[test]
fn endpoint_configurations() {
    let p = endpoint(&world());
    refused(AlreadyExists, p.create_endpoint_config(&config("c1", "ml.g5.2xlarge", 2), &tags()));
    refused(Invalid, p.create_endpoint_config(&config("c2", "ml.g5.xlarge", 0), &tags()));
    refused(Invalid, p.create_endpoint_config(&config("c2", "g5.xlarge", 1), &tags()));
    refused(Invalid, p.create_endpoint_config(&config(&"c".repeat(64), "ml.g5.xlarge", 1), &tags()));
    refused(NotFound, p.delete_endpoint_config("c2"));
}

#[test]
fn a_configuration_in_use_is_not_deleted() {
    let w = world();
    let p = endpoint(&w);
    assert!(refused(Busy, p.delete_endpoint_config("c1")).contains("in use"));
    rest(&w);
    refused(Invalid, p.delete_endpoint_config("c1"));
    ok(p.create_endpoint_config(&config("c2", "ml.g5.2xlarge", 2), &tags()));
    ok(p.update_endpoint("e", "c2"));
    refused(Busy, p.delete_endpoint_config("c1"));
    refused(Busy, p.delete_endpoint_config("c2"));
    rest(&w);
    ok(p.delete_endpoint_config("c1"));
    ok(p.delete_endpoint("e"));
    refused(Busy, p.delete_endpoint_config("c2"));
    rest(&w);
    ok(p.delete_endpoint_config("c2"));
}

#[test]
fn endpoints_under_way_take_no_change() {
    let w = world();
    let p = endpoint(&w);
    let all_busy = || {
        refused(Busy, p.update_endpoint("e", "c1"));
        refused(Busy, p.set_desired_instances("e", 2));
        refused(Busy, p.delete_endpoint("e"));
        refused(AlreadyExists, p.create_endpoint("e", "c1", &tags()));
    };
    all_busy();
    rest(&w);
    ok(p.set_desired_instances("e", 2));
    all_busy();
    rest(&w);
    ok(p.delete_endpoint("e"));
    all_busy();
    rest(&w);
    refused(NotFound, p.delete_endpoint("e"));
    refused(NotFound, p.update_endpoint("e", "c1"));
}

#[test]
fn endpoints_want_a_configuration_a_name_and_an_instance() {
    let w = world();
    let p = endpoint(&w);
    refused(NotFound, p.create_endpoint("f", "missing", &tags()));
    refused(Invalid, p.create_endpoint(&"f".repeat(64), "c1", &tags()));
    refused(Invalid, p.create_endpoint("f_g", "c1", &tags()));
    rest(&w);
    refused(NotFound, p.update_endpoint("e", "missing"));
    assert!(refused(Invalid, p.set_desired_instances("e", 0)).contains("zero"));
}

#[test]
fn a_scaled_endpoint_keeps_its_type_and_its_range_is_a_range() {
    let w = world();
    let p = endpoint(&w);
    let range = ScalingRange { min: 1, max: 3, scale_in_cooldown: 60 };
    refused(Invalid, p.set_scaling("e", range));
    refused(NotFound, p.set_scaling("f", range));
    rest(&w);
    refused(Invalid, p.set_scaling("e", ScalingRange { min: 0, ..range }));
    refused(Invalid, p.set_scaling("e", ScalingRange { min: 4, ..range }));
    ok(p.set_scaling("e", range));
    ok(p.create_endpoint_config(&config("c2", "ml.g5.2xlarge", 1), &tags()));
    ok(p.create_endpoint_config(&config("c3", "ml.g5.xlarge", 2), &tags()));
    assert!(refused(Invalid, p.update_endpoint("e", "c2")).contains("deregister"));
    ok(p.update_endpoint("e", "c3"));
    rest(&w);
    ok(p.remove_scaling("e"));
    ok(p.remove_scaling("e"));
    ok(p.update_endpoint("e", "c2"));
}

#[test]
fn a_failed_creation_can_only_be_deleted() {
    let (w, p) = faulty("sagemaker:CreateEndpoint:1:fails");
    ok(p.create_endpoint_config(&config("c1", "ml.g5.xlarge", 1), &tags()));
    ok(p.create_endpoint("e", "c1", &tags()));
    rest(&w);
    let seen = ok(p.endpoint("e")).unwrap();
    assert_eq!((seen.status, seen.current_instances), (EndpointStatus::Failed, 0));
    assert!(seen.failure_reason.is_some());
    refused(Invalid, p.update_endpoint("e", "c1"));
    refused(Invalid, p.set_desired_instances("e", 2));
    ok(p.delete_endpoint("e"));
    rest(&w);
    assert_eq!(ok(p.endpoint("e")), None);
}

#[test]
fn domains() {
    let w = world();
    let p = ports(&w);
    for bad in ["ab", "Abc", "1abc", "a_bc", &"a".repeat(29)] {
        refused(Invalid, p.create_domain(bad, &small_domain(), &tags()));
    }
    refused(
        Invalid,
        p.create_domain("abc", &DomainSettings { instance_count: 0, ..small_domain() }, &tags()),
    );
    refused(Invalid, p.create_domain("abc", &DomainSettings { ebs_gb: 5, ..small_domain() }, &tags()));
    refused(
        Invalid,
        p.create_domain(
            "abc",
            &DomainSettings { instance_type: "t3.small".into(), ..small_domain() },
            &tags(),
        ),
    );
    refused(Quota, p.create_domain("abc", &DomainSettings { instance_count: 81, ..small_domain() }, &tags()));
    ok(p.create_domain("abc", &small_domain(), &tags()));
    refused(AlreadyExists, p.create_domain("abc", &small_domain(), &tags()));
    refused(Busy, p.update_domain("abc", &small_domain()));
    rest(&w);
    ok(p.update_domain("abc", &DomainSettings { instance_count: 3, ..small_domain() }));
    assert!(ok(p.domain("abc")).unwrap().processing);
    refused(Busy, p.update_domain("abc", &small_domain()));
    // The service takes a deletion at any time but while one is under way.
    ok(p.delete_domain("abc"));
    refused(Busy, p.delete_domain("abc"));
    refused(Busy, p.update_domain("abc", &small_domain()));
    rest(&w);
    refused(NotFound, p.delete_domain("abc"));
    refused(NotFound, p.update_domain("abc", &small_domain()));
}

#[test]
fn collections_and_their_limits() {
    let w = world();
    let p = ports(&w);
    for bad in ["ab", "Abc", &"a".repeat(33)] {
        refused(Invalid, p.create_collection(bad, &tags()));
    }
    ok(p.create_collection("abc", &tags()));
    refused(AlreadyExists, p.create_collection("abc", &tags()));
    refused(Busy, p.delete_collection("abc"));
    rest(&w);
    ok(p.delete_collection("abc"));
    refused(Busy, p.delete_collection("abc"));
    rest(&w);
    refused(NotFound, p.delete_collection("abc"));
    let limits = ok(p.collection_limits());
    assert_eq!(limits, CollectionLimits { max_indexing_ocus: 10, max_search_ocus: 10 });
    refused(Invalid, p.set_collection_limits(CollectionLimits { max_search_ocus: 1_701, ..limits }));
    refused(Invalid, p.set_collection_limits(CollectionLimits { max_indexing_ocus: 0, ..limits }));
    let raised = CollectionLimits { max_indexing_ocus: 1_700, max_search_ocus: 500 };
    ok(p.set_collection_limits(raised));
    assert_eq!(ok(p.collection_limits()), raised);
}

#[test]
fn replication_groups() {
    let w = world();
    let p = ports(&w);
    refused(Invalid, p.create_cache_group(&"a".repeat(41), &two_nodes(), &tags()));
    refused(Invalid, p.create_cache_group("g--h", &two_nodes(), &tags()));
    refused(Invalid, p.create_cache_group("g", &CacheGroupSettings { nodes: 7, ..two_nodes() }, &tags()));
    refused(
        Invalid,
        p.create_cache_group(
            "g",
            &CacheGroupSettings { nodes: 3, cluster_mode: true, ..two_nodes() },
            &tags(),
        ),
    );
    refused(
        Invalid,
        p.create_cache_group("g", &CacheGroupSettings { node_type: "r7g".into(), ..two_nodes() }, &tags()),
    );
    ok(p.create_cache_group("g", &two_nodes(), &tags()));
    refused(AlreadyExists, p.create_cache_group("g", &two_nodes(), &tags()));
    let all_busy = || {
        refused(Busy, p.set_node_type("g", "cache.r7g.xlarge"));
        refused(Busy, p.set_nodes("g", 3, false));
        refused(Busy, p.delete_cache_group("g", None));
        refused(Busy, p.tag(&resource(ResourceKind::CacheGroup, "g"), &tags()));
        refused(Busy, p.untag(&resource(ResourceKind::CacheGroup, "g"), &[TagKey::Tier]));
    };
    all_busy();
    rest(&w);
    refused(Invalid, p.set_nodes("g", 4, true));
    refused(Invalid, p.set_nodes("g", 2, false));
    refused(Invalid, p.set_node_type("g", "cache.r7g.large"));
    ok(p.set_nodes("g", 3, false));
    all_busy();
    rest(&w);
    ok(p.delete_cache_group("g", Some("last")));
    all_busy();
    rest(&w);
    refused(NotFound, p.delete_cache_group("g", None));
    ok(p.create_cache_group("g", &two_nodes(), &tags()));
    rest(&w);
    refused(AlreadyExists, p.delete_cache_group("g", Some("last")));
    ok(p.delete_cache_group("g", Some("last-2")));
    assert_eq!(w.with(|w| w.snapshots().count()), 2);
}

#[test]
fn serverless_caches() {
    let w = world();
    let p = ports(&w);
    refused(Invalid, p.create_serverless_cache(&"a".repeat(41), 1000, 5000, &tags()));
    refused(Invalid, p.create_serverless_cache("s", 5000, 1000, &tags()));
    refused(Invalid, p.create_serverless_cache("s", 10, 5000, &tags()));
    ok(p.create_serverless_cache("s", 1000, 5000, &tags()));
    refused(AlreadyExists, p.create_serverless_cache("s", 1000, 5000, &tags()));
    refused(Busy, p.set_ecpu("s", 2000, 5000));
    refused(Busy, p.delete_serverless_cache("s", None));
    refused(Busy, p.tag(&resource(ResourceKind::ServerlessCache, "s"), &tags()));
    rest(&w);
    ok(p.delete_serverless_cache("s", Some("last")));
    rest(&w);
    ok(p.create_serverless_cache("s", 1000, 5000, &tags()));
    rest(&w);
    refused(AlreadyExists, p.delete_serverless_cache("s", Some("last")));
    refused(NotFound, p.set_ecpu("t", 1000, 5000));
    refused(NotFound, p.delete_serverless_cache("t", None));
}

#[test]
fn graph_clusters_and_instances() {
    let w = world();
    let p = ports(&w);
    refused(
        Invalid,
        p.create_graph_cluster(
            "g",
            Some(ServerlessCapacity { min_milli_ncu: 500, max_milli_ncu: 2_500 }),
            &tags(),
        ),
    );
    refused(
        Invalid,
        p.create_graph_cluster(
            "g",
            Some(ServerlessCapacity { min_milli_ncu: 1_200, max_milli_ncu: 2_500 }),
            &tags(),
        ),
    );
    ok(p.create_graph_cluster("g", None, &tags()));
    refused(AlreadyExists, p.create_graph_cluster("g", None, &tags()));
    refused(Busy, p.create_graph_instance("g", "g-1", "db.r6g.large", &tags()));
    refused(Busy, p.set_capacity("g", capacity()));
    refused(Busy, p.delete_graph_cluster("g", None));
    rest(&w);
    assert!(
        refused(Invalid, p.create_graph_instance("g", "g-1", "db.serverless", &tags())).contains("capacity")
    );
    refused(Invalid, p.create_graph_instance("g", "g-1", "r6g.large", &tags()));
    refused(NotFound, p.create_graph_instance("h", "g-1", "db.r6g.large", &tags()));
    ok(p.create_graph_instance("g", "g-1", "db.r6g.large", &tags()));
    refused(AlreadyExists, p.create_graph_instance("g", "g-1", "db.r6g.large", &tags()));
    ok(p.create_graph_instance("g", "g-2", "db.r6g.large", &tags()));
    refused(Busy, p.delete_graph_instance("g", "g-1"));
    refused(Busy, p.fail_over("g", "g-2"));
    refused(Invalid, p.delete_graph_cluster("g", None));
    rest(&w);
    refused(NotFound, p.fail_over("g", "g-3"));
    refused(Invalid, p.fail_over("g", "g-1"));
    ok(p.fail_over("g", "g-2"));
    refused(Busy, p.fail_over("g", "g-1"));
    refused(Busy, p.delete_graph_instance("g", "g-1"));
    refused(Busy, p.create_graph_instance("g", "g-4", "db.r6g.large", &tags()));
    rest(&w);
    ok(p.delete_graph_instance("g", "g-1"));
    refused(Busy, p.delete_graph_instance("g", "g-1"));
    ok(p.delete_graph_instance("g", "g-2"));
    refused(Invalid, p.delete_graph_cluster("g", None));
    rest(&w);
    refused(NotFound, p.delete_graph_instance("g", "g-1"));
    ok(p.delete_graph_cluster("g", Some("last")));
    rest(&w);
    refused(NotFound, p.delete_graph_cluster("g", None));
    ok(p.create_graph_cluster("g", None, &tags()));
    rest(&w);
    refused(AlreadyExists, p.delete_graph_cluster("g", Some("last")));
}

#[test]
fn streams() {
    let w = world();
    let p = ports(&w);
    refused(Invalid, p.create_stream("s", Some(0), &tags()));
    refused(Invalid, p.create_stream("s t", Some(1), &tags()));
    ok(p.create_stream("s", Some(5), &tags()));
    refused(AlreadyExists, p.create_stream("s", None, &tags()));
    refused(Busy, p.set_shards("s", 10));
    refused(Busy, p.set_mode("s", StreamMode::OnDemand));
    refused(Busy, p.delete_stream("s"));
    rest(&w);
    for bad in [11, 2, 0] {
        refused(Invalid, p.set_shards("s", bad));
    }
    ok(p.set_shards("s", 3));
    refused(Busy, p.set_shards("s", 6));
    rest(&w);
    refused(Invalid, p.set_mode("s", StreamMode::Provisioned));
    ok(p.set_mode("s", StreamMode::OnDemand));
    rest(&w);
    assert!(refused(Invalid, p.set_shards("s", 4)).contains("ON_DEMAND"));
    refused(NotFound, p.set_shards("t", 4));
    refused(NotFound, p.delete_stream("t"));
}

#[test]
fn a_stream_switches_twice_and_reshards_ten_times_in_a_rolling_day() {
    let w = world();
    let p = ports(&w);
    ok(p.create_stream("s", Some(4), &tags()));
    rest(&w);
    ok(p.set_mode("s", StreamMode::OnDemand));
    pass(&w, Millis::hours(1));
    ok(p.set_mode("s", StreamMode::Provisioned));
    pass(&w, Millis::hours(22));
    refused(Quota, p.set_mode("s", StreamMode::OnDemand));
    // An hour later the first switch has left the window.
    pass(&w, Millis::hours(1));
    ok(p.set_mode("s", StreamMode::OnDemand));
    rest(&w);
    refused(Quota, p.set_mode("s", StreamMode::Provisioned));
    pass(&w, Millis::hours(1));
    ok(p.set_mode("s", StreamMode::Provisioned));
    for _ in 0..10 {
        rest(&w);
        ok(p.set_shards("s", 4));
    }
    rest(&w);
    refused(Quota, p.set_shards("s", 8));
    pass(&w, Millis::hours(24));
    ok(p.set_shards("s", 8));
}

#[test]
fn the_account_has_limits() {
    let quotas = Quotas {
        endpoint_instances: 3,
        domains: 1,
        collections: 1,
        cache_nodes: 3,
        serverless_caches: 1,
        graph_clusters: 1,
        graph_instances: 2,
        shards: 6,
        on_demand_streams: 1,
        ..Quotas::default()
    };
    let w = SharedWorld::in_memory(WorldConfig { quotas, ..WorldConfig::default() });
    let p = endpoint(&w);
    ok(p.create_endpoint_config(&config("big", "ml.g5.xlarge", 3), &tags()));
    refused(Quota, p.create_endpoint("f", "big", &tags()));
    rest(&w);
    refused(Quota, p.set_desired_instances("e", 4));
    // Three fit, but not beside the one they replace.
    refused(Quota, p.update_endpoint("e", "big"));
    ok(p.set_desired_instances("e", 3));
    ok(p.create_domain("dom", &small_domain(), &tags()));
    refused(Quota, p.create_domain("dom2", &small_domain(), &tags()));
    ok(p.create_collection("col", &tags()));
    refused(Quota, p.create_collection("col2", &tags()));
    ok(p.create_cache_group("g", &two_nodes(), &tags()));
    refused(Quota, p.create_cache_group("h", &two_nodes(), &tags()));
    ok(p.create_serverless_cache("s", 1000, 5000, &tags()));
    refused(Quota, p.create_serverless_cache("t", 1000, 5000, &tags()));
    ok(p.create_graph_cluster("c", None, &tags()));
    refused(Quota, p.create_graph_cluster("d", None, &tags()));
    ok(p.create_stream("s", Some(5), &tags()));
    refused(Quota, p.create_stream("t", Some(2), &tags()));
    ok(p.create_stream("u", None, &tags()));
    refused(Quota, p.create_stream("v", None, &tags()));
    rest(&w);
    refused(Quota, p.set_shards("s", 7));
    refused(Quota, p.set_nodes("g", 4, false));
    ok(p.create_graph_instance("c", "c-1", "db.r6g.large", &tags()));
    ok(p.create_graph_instance("c", "c-2", "db.r6g.large", &tags()));
    refused(Quota, p.create_graph_instance("c", "c-3", "db.r6g.large", &tags()));
}

#[test]
fn tags_of_what_is_not_there() {
    let p = ports(&world());
    for kind in ResourceKind::ALL {
        refused(NotFound, p.tag(&resource(kind, "x"), &tags()));
        refused(NotFound, p.untag(&resource(kind, "x"), &[TagKey::Tier]));
    }
}
