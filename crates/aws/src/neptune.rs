//! Neptune clusters and their instances. The API is RDS's, under the name `rds`.

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent};
use crate::tags;
use aws_sdk_neptune::types::{
    DbCluster, DbInstance, Filter, ServerlessV2ScalingConfiguration, ServerlessV2ScalingConfigurationInfo,
    Tag,
};
use capstan_core::ports::{
    CloudErrorKind, CloudResult, GraphCluster, GraphClusters, GraphInstance, GraphInstances, GraphStatus,
    ServerlessCapacity, TagKey, Tags,
};

const ENGINE: &str = "neptune";
const VERSION: &str = "1.3.2.1";

const SERVICE: Service = Service { name: "neptune", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "DBClusterNotFound" | "DBInstanceNotFound" => CloudErrorKind::NotFound,
        "DBClusterAlreadyExists"
        | "DBInstanceAlreadyExists"
        | "DBClusterSnapshotAlreadyExists"
        | "DBSnapshotAlreadyExists" => CloudErrorKind::AlreadyExists,
        "InvalidDBClusterState" if said.mentions(&["still contains", "contains db instances"]) => {
            CloudErrorKind::Invalid
        }
        "InvalidDBClusterState" | "InvalidDBInstanceState" | "InvalidDBClusterSnapshotState" => {
            CloudErrorKind::Busy
        }
        code if code.contains("Quota") || code.starts_with("Insufficient") => CloudErrorKind::Quota,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key.as_str()).value(value).build()).collect()
}

fn range(capacity: ServerlessCapacity) -> ServerlessV2ScalingConfiguration {
    let ncu = |milli: u32| f64::from(milli) / 1_000.0;
    ServerlessV2ScalingConfiguration::builder()
        .min_capacity(ncu(capacity.min_milli_ncu))
        .max_capacity(ncu(capacity.max_milli_ncu))
        .build()
}

fn capacity(info: &ServerlessV2ScalingConfigurationInfo) -> Option<ServerlessCapacity> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an NCU count is from 1 to 128"
    )]
    let milli = |ncu: f64| (ncu.clamp(0.0, 1e6) * 1_000.0).round() as u32;
    Some(ServerlessCapacity {
        min_milli_ncu: milli(info.min_capacity()?),
        max_milli_ncu: milli(info.max_capacity()?),
    })
}

fn status(theirs: Option<&str>) -> GraphStatus {
    match theirs.unwrap_or_default() {
        "creating" => GraphStatus::Creating,
        "available" => GraphStatus::Available,
        "deleting" => GraphStatus::Deleting,
        "failed" | "create-failed" | "incompatible-parameters" | "incompatible-network" | "storage-full" => {
            GraphStatus::Failed
        }
        _ => GraphStatus::Modifying,
    }
}

fn cluster(seen: &DbCluster, instances: &[DbInstance], tags: Tags) -> GraphCluster {
    let writes = |name: &str| {
        let mut members = seen.db_cluster_members().iter();
        members.any(|it| it.db_instance_identifier() == Some(name) && it.is_cluster_writer().unwrap_or(false))
    };
    let instance = |seen: &DbInstance| {
        let name = seen.db_instance_identifier()?.to_owned();
        Some(GraphInstance {
            class: seen.db_instance_class().unwrap_or_default().to_owned(),
            status: status(seen.db_instance_status()),
            writer: writes(&name),
            name,
        })
    };
    let mut instances: Vec<GraphInstance> = instances.iter().filter_map(instance).collect();
    instances.sort_by(|a, b| a.name.cmp(&b.name));
    GraphCluster {
        status: status(seen.status()),
        capacity: seen.serverless_v2_scaling_configuration().and_then(capacity),
        instances,
        tags,
    }
}

impl Aws {
    async fn describe_graph(&self, name: &str) -> CloudResult<DbCluster> {
        let call = call("DescribeDBClusters", name);
        let answer = look!(call, self.neptune().describe_db_clusters().db_cluster_identifier(name))?;
        let first = answer.db_clusters.unwrap_or_default().into_iter().next();
        first.ok_or_else(|| call.refuse(CloudErrorKind::NotFound, "the answer has no such cluster"))
    }

    async fn graph_arn(&self, name: &str) -> CloudResult<String> {
        let arn = self.describe_graph(name).await?.db_cluster_arn;
        call("DescribeDBClusters", name).need(arn, "DBClusterArn")
    }

    async fn instances_of(&self, cluster: &str) -> CloudResult<Vec<DbInstance>> {
        let call = call("DescribeDBInstances", cluster);
        let filter = Filter::builder().name("db-cluster-id").values(cluster).build();
        let pages = self.neptune().describe_db_instances().filters(filter).into_paginator().items().send();
        let mut all = pages.collect::<Result<Vec<_>, _>>().await.map_err(|error| call.unseen(&error))?;
        all.retain(|instance| instance.db_cluster_identifier() == Some(cluster));
        Ok(all)
    }

    pub(crate) async fn tag_graph(&self, name: &str, tags: &Tags) -> CloudResult<()> {
        let arn = self.graph_arn(name).await?;
        let request = self.neptune().add_tags_to_resource().resource_name(arn).set_tags(Some(tag_list(tags)));
        change!(call("AddTagsToResource", name), request).map(drop)
    }

    pub(crate) async fn untag_graph(&self, name: &str, keys: &[TagKey]) -> CloudResult<()> {
        let arn = self.graph_arn(name).await?;
        let request = self.neptune().remove_tags_from_resource().resource_name(arn);
        change!(call("RemoveTagsFromResource", name), request.set_tag_keys(Some(tags::names(keys)))).map(drop)
    }
}

impl GraphClusters for Aws {
    async fn graph_cluster(&self, name: &str) -> CloudResult<Option<GraphCluster>> {
        let Some(seen) = absent(self.describe_graph(name).await)? else { return Ok(None) };
        let instances = self.instances_of(name).await?;
        let arn = seen.db_cluster_arn().unwrap_or_default();
        let request = self.neptune().list_tags_for_resource().resource_name(arn);
        let Some(listed) = absent(look!(call("ListTagsForResource", name), request))? else {
            return Ok(None);
        };
        let list = listed.tag_list();
        Ok(Some(cluster(&seen, &instances, tags::known(list.iter().map(|tag| (tag.key(), tag.value()))))))
    }

    async fn create_graph_cluster(
        &self,
        name: &str,
        capacity: Option<ServerlessCapacity>,
        tags: &Tags,
    ) -> CloudResult<()> {
        let request = self.neptune().create_db_cluster().db_cluster_identifier(name).engine(ENGINE);
        let request = request.engine_version(VERSION).storage_encrypted(true);
        let request = request.set_serverless_v2_scaling_configuration(capacity.map(range));
        change!(call("CreateDBCluster", name), request.set_tags(Some(tag_list(tags)))).map(drop)
    }

    async fn set_capacity(&self, name: &str, capacity: ServerlessCapacity) -> CloudResult<()> {
        let request = self.neptune().modify_db_cluster().db_cluster_identifier(name).apply_immediately(true);
        let request = request.serverless_v2_scaling_configuration(range(capacity));
        change!(call("ModifyDBCluster", name), request).map(drop)
    }

    async fn fail_over(&self, name: &str, to_instance: &str) -> CloudResult<()> {
        let request = self.neptune().failover_db_cluster().db_cluster_identifier(name);
        change!(call("FailoverDBCluster", name), request.target_db_instance_identifier(to_instance)).map(drop)
    }

    async fn delete_graph_cluster(&self, name: &str, final_snapshot: Option<&str>) -> CloudResult<()> {
        let request = self.neptune().delete_db_cluster().db_cluster_identifier(name);
        let request = request.skip_final_snapshot(final_snapshot.is_none());
        let request = request.set_final_db_snapshot_identifier(final_snapshot.map(str::to_owned));
        change!(call("DeleteDBCluster", name), request).map(drop)
    }
}

impl GraphInstances for Aws {
    async fn create_graph_instance(
        &self,
        cluster: &str,
        name: &str,
        class: &str,
        tags: &Tags,
    ) -> CloudResult<()> {
        let request =
            self.neptune().create_db_instance().db_instance_identifier(name).db_instance_class(class);
        let request = request.engine(ENGINE).db_cluster_identifier(cluster);
        change!(call("CreateDBInstance", name), request.set_tags(Some(tag_list(tags)))).map(drop)
    }

    async fn delete_graph_instance(&self, _: &str, name: &str) -> CloudResult<()> {
        let request =
            self.neptune().delete_db_instance().db_instance_identifier(name).skip_final_snapshot(true);
        change!(call("DeleteDBInstance", name), request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{
        AlreadyExists, Busy, Invalid, NotFound, Quota, Throttled, Unknown,
    };

    #[test]
    fn refusals_mean_what_they_say() {
        let state = "InvalidDBClusterStateFault";
        for (operation, status, code, message, kind) in [
            ("DescribeDBClusters", 404, "DBClusterNotFoundFault", "", NotFound),
            ("DeleteDBInstance", 404, "DBInstanceNotFound", "", NotFound),
            ("CreateDBCluster", 400, "DBClusterAlreadyExistsFault", "", AlreadyExists),
            ("CreateDBInstance", 400, "DBInstanceAlreadyExists", "", AlreadyExists),
            ("DeleteDBCluster", 400, "DBClusterSnapshotAlreadyExistsFault", "", AlreadyExists),
            ("ModifyDBCluster", 400, state, "DB cluster isn't available", Busy),
            ("DeleteDBCluster", 400, state, "it still contains DB instances in non-deleting state.", Invalid),
            ("DeleteDBInstance", 400, "InvalidDBInstanceState", "", Busy),
            ("CreateDBInstance", 400, "InsufficientDBInstanceCapacity", "", Quota),
            ("CreateDBInstance", 400, "InstanceQuotaExceeded", "", Quota),
            ("CreateDBCluster", 403, "DBClusterQuotaExceededFault", "", Quota),
            ("CreateDBInstance", 400, "InvalidParameterCombination", "", Invalid),
            ("DescribeDBClusters", 400, "Throttling", "", Throttled),
            ("CreateDBCluster", 500, "InternalFailure", "", Unknown),
        ] {
            assert_eq!(
                told(SERVICE, operation, status, code, message),
                kind,
                "{operation}: {code}: {message}"
            );
        }
    }

    #[test]
    fn capacities_are_exact_there_and_back() {
        for (min, max) in [(1_000, 2_500), (2_500, 16_000), (1_000, 128_000)] {
            let ours = ServerlessCapacity { min_milli_ncu: min, max_milli_ncu: max };
            let theirs = range(ours);
            let info = ServerlessV2ScalingConfigurationInfo::builder();
            let info =
                info.set_min_capacity(theirs.min_capacity()).set_max_capacity(theirs.max_capacity()).build();
            assert_eq!(capacity(&info), Some(ours));
        }
    }
}
