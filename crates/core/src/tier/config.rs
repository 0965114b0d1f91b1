//! What a tier is made of: the editable configurations, with the defaults of the facts page.
//!
//! In JSON a configuration is flat, with the API's field names; in here each service is an enum, so that a serverless
//! collection with an instance type can't be written down.

use super::{Service, Spec, Tier, prices};
use crate::money::Usd;
use crate::ports::{CacheGroupSettings, DomainSettings, ServerlessCapacity};
use serde::{Deserialize, Serialize};

/// The configuration of one tier of one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TierConfig {
    /// The name people see.
    pub display_name: String,
    /// `SageMaker`, the shadow-self endpoint.
    #[serde(flatten)]
    pub sagemaker: SageMakerConfig,
    /// How the NLI model is deployed. Carried to the application; not made by the transition.
    pub sagemaker_nli_deployment: NliDeployment,
    /// Whether Bedrock throughput is bought ahead. Carried to the application; not made by the transition.
    pub bedrock_provisioned_throughput: bool,
    /// How many model units of it.
    pub bedrock_model_units: u32,
    /// Vectors.
    #[serde(flatten)]
    pub opensearch: OpenSearchConfig,
    /// Cache.
    #[serde(flatten)]
    pub elasticache: ElastiCacheConfig,
    /// Graph.
    #[serde(flatten)]
    pub neptune: NeptuneConfig,
    /// Events.
    #[serde(flatten)]
    pub kinesis: KinesisConfig,
    /// Regions of the tenant's `DynamoDB` tables. Carried to the application; not made by the transition.
    pub dynamodb_regions: Vec<String>,
    /// Whether those are global tables.
    pub dynamodb_global_tables: bool,
    /// Most a month for curiosity, USD, whole cents.
    pub budget_monthly_curiosity_limit: Usd,
    /// Most a day for exploration, USD, whole cents.
    pub budget_daily_exploration_cap: Usd,
}

/// The shadow-self endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SageMakerConfig {
    /// `ml.g5.*`.
    #[serde(rename = "sagemakerShadowSelfInstanceType")]
    pub instance_type: String,
    /// Least instances, 0 to 500. 0 needs `scale_to_zero`.
    #[serde(rename = "sagemakerShadowSelfMinInstances")]
    pub min_instances: u32,
    /// Most instances, 1 to 500, at least the least.
    #[serde(rename = "sagemakerShadowSelfMaxInstances")]
    pub max_instances: u32,
    /// Whether the endpoint may be gone altogether. A classic variant can't run with 0 instances, so a tier at 0
    /// has no endpoint at rest (`docs/decisions/0004-scale-to-zero.md`).
    #[serde(rename = "sagemakerShadowSelfScaleToZero")]
    pub scale_to_zero: bool,
    /// Seconds between two steps down.
    #[serde(rename = "sagemakerShadowSelfScaleInCooldown")]
    pub scale_in_cooldown: u32,
}

/// How the NLI model is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NliDeployment {
    /// On a multi-model endpoint with others.
    SharedMme,
    /// On a multi-model endpoint of its own.
    DedicatedMme,
    /// On its own instances.
    DedicatedCluster,
}

/// Domain or collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "opensearchType", rename_all = "lowercase")]
pub enum OpenSearchConfig {
    /// A domain.
    Provisioned {
        /// `t3.*` or `r6g.*`, with its `.search`.
        #[serde(rename = "opensearchInstanceType")]
        instance_type: String,
        /// 1 to 10.
        #[serde(rename = "opensearchInstanceCount")]
        instance_count: u32,
        /// GB of gp3 a node.
        #[serde(rename = "opensearchEbsGb")]
        ebs_gb: u32,
    },
    /// A collection.
    Serverless {
        /// OCUs at rest.
        #[serde(rename = "opensearchMinOcus")]
        min_ocus: u32,
        /// Most OCUs.
        #[serde(rename = "opensearchMaxOcus")]
        max_ocus: u32,
    },
}

/// Replication group or serverless cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "elasticacheType", rename_all = "lowercase")]
pub enum ElastiCacheConfig {
    /// A replication group.
    Provisioned {
        /// `cache.r7g.*`.
        #[serde(rename = "elasticacheNodeType")]
        node_type: String,
        /// Nodes in all.
        #[serde(rename = "elasticacheNumCacheNodes")]
        nodes: u32,
        /// Cluster mode.
        #[serde(rename = "elasticacheClusterMode")]
        cluster_mode: bool,
    },
    /// A serverless cache.
    Serverless {
        /// ECPUs per second, least.
        #[serde(rename = "elasticacheMinEcpu")]
        min_ecpu: u32,
        /// ECPUs per second, most.
        #[serde(rename = "elasticacheMaxEcpu")]
        max_ecpu: u32,
    },
}

/// Serverless or provisioned instances, in one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "neptuneType", rename_all = "lowercase")]
pub enum NeptuneConfig {
    /// One `db.serverless` instance.
    Serverless {
        /// Least NCU.
        #[serde(rename = "neptuneMinCapacity")]
        min_capacity: f64,
        /// Most NCU.
        #[serde(rename = "neptuneMaxCapacity")]
        max_capacity: f64,
    },
    /// Instances of one class.
    Provisioned {
        /// `db.r6g.*`.
        #[serde(rename = "neptuneInstanceClass")]
        instance_class: String,
        /// How many.
        #[serde(rename = "neptuneInstanceCount")]
        instance_count: u32,
    },
}

/// Mode of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kinesisCapacityMode", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KinesisConfig {
    /// On demand.
    OnDemand,
    /// Shards.
    Provisioned {
        /// How many.
        #[serde(rename = "kinesisShardCount")]
        shards: u32,
    },
}

impl TierConfig {
    /// The configuration a tenant starts with (facts page, "The three default configurations").
    pub fn default_for(tier: Tier) -> Self {
        let pick = |dev: u32, staging: u32, production: u32| match tier {
            Tier::Dev => dev,
            Tier::Staging => staging,
            Tier::Production => production,
        };
        let production = tier == Tier::Production;
        let regions: &[&str] =
            if production { &["us-east-1", "eu-west-1", "ap-northeast-1"] } else { &["us-east-1"] };
        Self {
            display_name: ["Development", "Staging", "Production"][pick(0, 1, 2) as usize].to_owned(),
            sagemaker: SageMakerConfig {
                instance_type: if tier == Tier::Dev { "ml.g5.xlarge" } else { "ml.g5.2xlarge" }.to_owned(),
                min_instances: pick(0, 2, 50),
                max_instances: pick(1, 20, 300),
                scale_to_zero: tier == Tier::Dev,
                scale_in_cooldown: 60,
            },
            sagemaker_nli_deployment: match tier {
                Tier::Dev => NliDeployment::SharedMme,
                Tier::Staging => NliDeployment::DedicatedMme,
                Tier::Production => NliDeployment::DedicatedCluster,
            },
            bedrock_provisioned_throughput: production,
            bedrock_model_units: pick(0, 0, 5),
            opensearch: default_opensearch(tier),
            elasticache: default_elasticache(tier),
            neptune: default_neptune(tier),
            kinesis: match tier {
                Tier::Dev => KinesisConfig::OnDemand,
                Tier::Staging => KinesisConfig::Provisioned { shards: 5 },
                Tier::Production => KinesisConfig::Provisioned { shards: 20 },
            },
            dynamodb_regions: regions.iter().map(ToString::to_string).collect(),
            dynamodb_global_tables: production,
            budget_monthly_curiosity_limit: Usd::dollars(i64::from(pick(100, 5_000, 50_000))),
            budget_daily_exploration_cap: Usd::dollars(i64::from(pick(3, 150, 1_500))),
        }
    }

    /// What a service should look like in this tier; `None` where the tier rests without it.
    pub fn spec(&self, service: Service) -> Option<Spec> {
        Some(match service {
            Service::SageMaker => {
                let endpoint = &self.sagemaker;
                if endpoint.min_instances == 0 {
                    return None;
                }
                Spec::Endpoint {
                    instance_type: endpoint.instance_type.clone(),
                    min: endpoint.min_instances,
                    max: endpoint.max_instances,
                    scale_in_cooldown: endpoint.scale_in_cooldown,
                }
            }
            Service::OpenSearch => match &self.opensearch {
                OpenSearchConfig::Provisioned { instance_type, instance_count, ebs_gb } => {
                    Spec::Domain(DomainSettings {
                        instance_type: instance_type.clone(),
                        instance_count: *instance_count,
                        ebs_gb: *ebs_gb,
                    })
                }
                OpenSearchConfig::Serverless { min_ocus, max_ocus } => {
                    Spec::Collection { min_ocus: *min_ocus, max_ocus: *max_ocus }
                }
            },
            Service::ElastiCache => match &self.elasticache {
                ElastiCacheConfig::Provisioned { node_type, nodes, cluster_mode } => {
                    Spec::CacheGroup(CacheGroupSettings {
                        node_type: node_type.clone(),
                        nodes: *nodes,
                        cluster_mode: *cluster_mode,
                    })
                }
                ElastiCacheConfig::Serverless { min_ecpu, max_ecpu } => {
                    Spec::ServerlessCache { min_ecpu: *min_ecpu, max_ecpu: *max_ecpu }
                }
            },
            Service::Neptune => match &self.neptune {
                NeptuneConfig::Serverless { min_capacity, max_capacity } => {
                    Spec::GraphServerless(ServerlessCapacity {
                        min_milli_ncu: milli(*min_capacity),
                        max_milli_ncu: milli(*max_capacity),
                    })
                }
                NeptuneConfig::Provisioned { instance_class, instance_count } => {
                    Spec::GraphProvisioned { class: instance_class.clone(), instances: *instance_count }
                }
            },
            Service::Kinesis => match self.kinesis {
                KinesisConfig::OnDemand => Spec::StreamOnDemand,
                KinesisConfig::Provisioned { shards } => Spec::StreamProvisioned { shards },
            },
        })
    }

    /// The tier's cost a month: the owners' figure, moved by what an edit adds or takes at list price.
    pub fn estimated_monthly_cost(&self, tier: Tier) -> Usd {
        prices::breakdown(tier, self).into_iter().map(|part| part.monthly).sum()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "NCU are between 1 and 128")]
fn milli(ncu: f64) -> u32 {
    (ncu.clamp(0.0, 128.0) * 1000.0).round() as u32
}

fn default_opensearch(tier: Tier) -> OpenSearchConfig {
    let provisioned = |instance_type: &str, instance_count, ebs_gb| OpenSearchConfig::Provisioned {
        instance_type: instance_type.to_owned(),
        instance_count,
        ebs_gb,
    };
    match tier {
        Tier::Dev => provisioned("t3.small.search", 1, 10),
        Tier::Staging => provisioned("r6g.large.search", 3, 100),
        Tier::Production => OpenSearchConfig::Serverless { min_ocus: 50, max_ocus: 500 },
    }
}

fn default_elasticache(tier: Tier) -> ElastiCacheConfig {
    let provisioned = |node_type: &str, nodes, cluster_mode| ElastiCacheConfig::Provisioned {
        node_type: node_type.to_owned(),
        nodes,
        cluster_mode,
    };
    match tier {
        Tier::Dev => ElastiCacheConfig::Serverless { min_ecpu: 1_000, max_ecpu: 5_000 },
        Tier::Staging => provisioned("cache.r7g.large", 2, false),
        Tier::Production => provisioned("cache.r7g.xlarge", 6, true),
    }
}

fn default_neptune(tier: Tier) -> NeptuneConfig {
    match tier {
        Tier::Dev => NeptuneConfig::Serverless { min_capacity: 1.0, max_capacity: 2.5 },
        Tier::Staging => NeptuneConfig::Serverless { min_capacity: 2.5, max_capacity: 16.0 },
        Tier::Production => {
            NeptuneConfig::Provisioned { instance_class: "db.r6g.2xlarge".to_owned(), instance_count: 3 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_configuration_is_flat_in_json_and_reads_back() {
        for tier in Tier::ALL {
            let config = TierConfig::default_for(tier);
            let json = serde_json::to_value(&config).unwrap();
            assert!(json.as_object().unwrap().values().all(|value| !value.is_object()), "{json}");
            assert_eq!(serde_json::from_value::<TierConfig>(json).unwrap(), config);
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_facts_page() {
        let staging = serde_json::to_value(TierConfig::default_for(Tier::Staging)).unwrap();
        for (field, value) in [
            ("displayName", json!("Staging")),
            ("sagemakerShadowSelfInstanceType", json!("ml.g5.2xlarge")),
            ("sagemakerShadowSelfMinInstances", json!(2)),
            ("sagemakerShadowSelfMaxInstances", json!(20)),
            ("sagemakerNliDeployment", json!("dedicated_mme")),
            ("opensearchType", json!("provisioned")),
            ("opensearchInstanceCount", json!(3)),
            ("elasticacheNodeType", json!("cache.r7g.large")),
            ("neptuneMaxCapacity", json!(16.0)),
            ("kinesisCapacityMode", json!("PROVISIONED")),
            ("kinesisShardCount", json!(5)),
            ("budgetDailyExplorationCap", json!(150)),
        ] {
            assert_eq!(staging[field], value, "{field}");
        }
    }

    #[test]
    fn a_tier_at_zero_has_no_endpoint_and_every_other_service() {
        let dev = TierConfig::default_for(Tier::Dev);
        assert_eq!(dev.spec(Service::SageMaker), None);
        for service in [Service::OpenSearch, Service::ElastiCache, Service::Neptune, Service::Kinesis] {
            assert!(dev.spec(service).is_some(), "{service}");
        }
    }

    #[test]
    fn the_estimate_of_a_default_is_the_headline() {
        for (tier, dollars) in [(Tier::Dev, 350), (Tier::Staging, 35_000), (Tier::Production, 750_000)] {
            assert_eq!(TierConfig::default_for(tier).estimated_monthly_cost(tier), Usd::dollars(dollars));
        }
    }
}
