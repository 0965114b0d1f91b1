//! `ElastiCache` and Neptune: shards, and final snapshots.

use crate::script::{Script, xml, xml_refusal};
use capstan_core::ports::{CacheGroups, CacheStatus, GraphClusters, ServerlessCaches, TagKey};

const ARN: &str = "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:g";

/// A group of so many shards, each a primary and a replica.
fn group(status: &str, shards: u32) -> String {
    let members = (1..=shards)
        .flat_map(|shard| (1..=2).map(move |node| format!("<ClusterId>g-{shard:04}-{node:03}</ClusterId>")));
    let groups = (1..=shards).map(|shard| {
        format!("<NodeGroup><NodeGroupId>{shard:04}</NodeGroupId><Status>available</Status></NodeGroup>")
    });
    format!(
        "<ReplicationGroup><ReplicationGroupId>g</ReplicationGroupId><Description>TenantId=t Tier=DEV</Description>\
         <Status>{status}</Status><MemberClusters>{}</MemberClusters><NodeGroups>{}</NodeGroups>\
         <ClusterEnabled>true</ClusterEnabled><CacheNodeType>cache.r7g.large</CacheNodeType><ARN>{ARN}</ARN>\
         </ReplicationGroup>",
        members.collect::<String>(),
        groups.collect::<String>(),
    )
}

fn groups(status: &str, shards: u32) -> String {
    format!("<ReplicationGroups>{}</ReplicationGroups>", group(status, shards))
}

#[tokio::test]
async fn shards_come_by_their_number_and_go_by_their_names() {
    let script = Script::new(vec![
        xml("DescribeReplicationGroups", &groups("available", 4)),
        xml("ModifyReplicationGroupShardConfiguration", &group("modifying", 4)),
    ])
    .await;
    script.ports().set_nodes("g", 10, true).await.unwrap();
    script.ports().set_nodes("g", 4, true).await.unwrap();
    let sent = script.sent("ModifyReplicationGroupShardConfiguration");
    assert!(sent[0].contains("NodeGroupCount=5") && !sent[0].contains("NodeGroupsToRemove"), "{}", sent[0]);
    assert!(sent[1].contains("NodeGroupCount=2") && sent[1].contains("ApplyImmediately=true"), "{}", sent[1]);
    for gone in ["NodeGroupsToRemove.NodeGroupToRemove.1=0003", "NodeGroupsToRemove.NodeGroupToRemove.2=0004"]
    {
        assert!(sent[1].contains(gone), "{}", sent[1]);
    }
}

#[tokio::test]
async fn a_group_that_is_changed_says_whose_it_is_and_how_many_nodes_exist() {
    let busy = "Cluster not in available state to perform tagging operations.";
    let script = Script::new(vec![
        xml("DescribeReplicationGroups", &groups("modifying", 3)),
        xml_refusal("ListTagsForResource", 400, "InvalidReplicationGroupState", busy),
    ])
    .await;
    let seen = script.ports().cache_group("g").await.unwrap().unwrap();
    assert_eq!((seen.status, seen.settings.nodes), (CacheStatus::Modifying, 6));
    assert!(seen.settings.cluster_mode);
    assert_eq!(seen.tags[&TagKey::TenantId], "t");
}

#[tokio::test]
async fn a_group_is_deleted_with_a_final_snapshot_or_without() {
    let script = Script::new(vec![xml("DeleteReplicationGroup", &group("deleting", 1))]).await;
    script.ports().delete_cache_group("g", Some("last")).await.unwrap();
    script.ports().delete_cache_group("g", None).await.unwrap();
    let sent = script.sent("DeleteReplicationGroup");
    assert!(
        sent[0].contains("FinalSnapshotIdentifier=last") && sent[0].contains("RetainPrimaryCluster=false")
    );
    assert!(!sent[1].contains("FinalSnapshotIdentifier"), "{}", sent[1]);
}

#[tokio::test]
async fn a_serverless_cache_is_deleted_with_a_final_snapshot_or_without() {
    let cache = "<ServerlessCache><ServerlessCacheName>s</ServerlessCacheName><Status>deleting</Status></ServerlessCache>";
    let script = Script::new(vec![xml("DeleteServerlessCache", cache)]).await;
    script.ports().delete_serverless_cache("s", Some("last")).await.unwrap();
    script.ports().delete_serverless_cache("s", None).await.unwrap();
    let sent = script.sent("DeleteServerlessCache");
    assert!(sent[0].contains("FinalSnapshotName=last"), "{}", sent[0]);
    assert!(!sent[1].contains("FinalSnapshotName"), "{}", sent[1]);
}

#[tokio::test]
async fn a_cluster_is_deleted_with_a_final_snapshot_or_without() {
    let cluster =
        "<DBCluster><DBClusterIdentifier>c</DBClusterIdentifier><Status>deleting</Status></DBCluster>";
    let script = Script::new(vec![xml("DeleteDBCluster", cluster)]).await;
    script.ports().delete_graph_cluster("c", Some("last")).await.unwrap();
    script.ports().delete_graph_cluster("c", None).await.unwrap();
    let sent = script.sent("DeleteDBCluster");
    assert!(
        sent[0].contains("SkipFinalSnapshot=false") && sent[0].contains("FinalDBSnapshotIdentifier=last")
    );
    assert!(sent[1].contains("SkipFinalSnapshot=true") && !sent[1].contains("FinalDBSnapshotIdentifier"));
}
