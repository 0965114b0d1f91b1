//! The table of operations: for every method of every port, what the adapters call in AWS for it, which actions a role
//! needs for that, and which simulated operation it is.
//!
//! One table for three uses: the suites' own check that no operation falls out, the check that a function's role in the
//! template allows what its ports need, and the page that says how far the simulation is to be trusted. It is derived by
//! reading the adapters; that nothing else is called is checked on the wire.

mod calls;

pub use calls::CALLS;

use sim::Operation as Simulated;

/// An operation of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The service, as botocore names it.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// The actions that IAM checks.
    pub actions: &'static [&'static str],
}

/// A method of a port.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// The port, by its trait's name.
    pub port: &'static str,
    /// The method.
    pub name: &'static str,
    /// What it may call, in the usual order. `tag` and `untag` call those of one kind of resource at a time.
    pub calls: &'static [Call],
    /// What it counts as in the simulation; one of these at a time.
    pub simulated: &'static [Simulated],
}

/// The method of this port and name.
pub fn method(port: &str, name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.port == port && method.name == name)
}

macro_rules! methods {
    ($($port:ident { $($name:ident: [$($call:ident),* $(,)?] = [$($simulated:ident),* $(,)?],)+ })+) => {
        /// Every method of every port.
        pub const METHODS: &[Method] = &[$($(Method {
            port: stringify!($port),
            name: stringify!($name),
            calls: &[$(calls::$call),*],
            simulated: &[$(Simulated::$simulated),*],
        },)+)+];
    };
}

methods! {
    Store {
        get: [GET_ITEM] = [GetItem],
        get_as: [GET_ITEM] = [GetItem],
        query: [QUERY] = [Query],
        query_as: [QUERY] = [Query],
        transact: [TRANSACT_WRITE_ITEMS] = [TransactWriteItems],
        transact_records: [TRANSACT_WRITE_ITEMS] = [TransactWriteItems],
        put: [PUT_ITEM] = [PutItem],
        put_batch: [BATCH_WRITE_ITEM] = [BatchWriteItem],
    }
    Endpoints {
        endpoint: [DESCRIBE_ENDPOINT, LIST_ENDPOINT_TAGS] = [DescribeEndpoint],
        create_endpoint: [CREATE_ENDPOINT] = [CreateEndpoint],
        update_endpoint: [UPDATE_ENDPOINT] = [UpdateEndpoint],
        set_desired_instances: [UPDATE_ENDPOINT_WEIGHTS_AND_CAPACITIES] = [UpdateEndpointWeightsAndCapacities],
        delete_endpoint: [DELETE_ENDPOINT] = [DeleteEndpoint],
    }
    EndpointConfigs {
        endpoint_config: [DESCRIBE_ENDPOINT_CONFIG] = [DescribeEndpointConfig],
        endpoint_config_names: [LIST_ENDPOINT_CONFIGS] = [ListEndpointConfigs],
        create_endpoint_config: [CREATE_ENDPOINT_CONFIG] = [CreateEndpointConfig],
        delete_endpoint_config: [DELETE_ENDPOINT_CONFIG] = [DeleteEndpointConfig],
    }
    EndpointScaling {
        scaling: [DESCRIBE_SCALABLE_TARGETS, DESCRIBE_SCALING_POLICIES] = [DescribeScalableTargets],
        set_scaling: [REGISTER_SCALABLE_TARGET, PUT_SCALING_POLICY] = [RegisterScalableTarget],
        remove_scaling: [DEREGISTER_SCALABLE_TARGET] = [DeregisterScalableTarget],
    }
    TrainingJobs {
        training_job: [DESCRIBE_TRAINING_JOB] = [DescribeTrainingJob],
        create_training_job: [CREATE_TRAINING_JOB] = [CreateTrainingJob],
        stop_training_job: [STOP_TRAINING_JOB] = [StopTrainingJob],
    }
    Models {
        model: [DESCRIBE_MODEL] = [DescribeModel],
        create_model: [CREATE_MODEL] = [CreateModel],
        delete_model: [DELETE_MODEL] = [DeleteModel],
    }
    Domains {
        domain: [DESCRIBE_DOMAIN, LIST_DOMAIN_TAGS] = [DescribeDomain],
        create_domain: [CREATE_DOMAIN] = [CreateDomain],
        update_domain: [UPDATE_DOMAIN_CONFIG] = [UpdateDomainConfig],
        delete_domain: [DELETE_DOMAIN] = [DeleteDomain],
    }
    Collections {
        collection: [BATCH_GET_COLLECTION, LIST_COLLECTION_TAGS] = [BatchGetCollection],
        create_collection: [CREATE_SECURITY_POLICY, CREATE_ACCESS_POLICY, CREATE_COLLECTION] = [CreateCollection],
        delete_collection: [BATCH_GET_COLLECTION, DELETE_COLLECTION, DELETE_ACCESS_POLICY, DELETE_SECURITY_POLICY] = [DeleteCollection],
        collection_limits: [GET_ACCOUNT_SETTINGS] = [GetAccountSettings],
        set_collection_limits: [UPDATE_ACCOUNT_SETTINGS] = [UpdateAccountSettings],
    }
    CacheGroups {
        cache_group: [DESCRIBE_REPLICATION_GROUPS, LIST_CACHE_TAGS] = [DescribeReplicationGroups],
        create_cache_group: [CREATE_REPLICATION_GROUP] = [CreateReplicationGroup],
        set_node_type: [MODIFY_REPLICATION_GROUP] = [ModifyReplicationGroup],
        set_nodes: [DESCRIBE_REPLICATION_GROUPS, MODIFY_SHARDS, INCREASE_REPLICA_COUNT, DECREASE_REPLICA_COUNT] = [IncreaseReplicaCount, DecreaseReplicaCount, ModifyReplicationGroupShardConfiguration],
        delete_cache_group: [DELETE_REPLICATION_GROUP] = [DeleteReplicationGroup],
    }
    ServerlessCaches {
        serverless_cache: [DESCRIBE_SERVERLESS_CACHES, LIST_CACHE_TAGS] = [DescribeServerlessCaches],
        create_serverless_cache: [CREATE_SERVERLESS_CACHE] = [CreateServerlessCache],
        set_ecpu: [MODIFY_SERVERLESS_CACHE] = [ModifyServerlessCache],
        delete_serverless_cache: [DELETE_SERVERLESS_CACHE] = [DeleteServerlessCache],
    }
    GraphClusters {
        graph_cluster: [DESCRIBE_DB_CLUSTERS, DESCRIBE_DB_INSTANCES, LIST_GRAPH_TAGS] = [DescribeDBClusters],
        create_graph_cluster: [CREATE_DB_CLUSTER] = [CreateDBCluster],
        set_capacity: [MODIFY_DB_CLUSTER] = [ModifyDBCluster],
        fail_over: [FAILOVER_DB_CLUSTER] = [FailoverDBCluster],
        delete_graph_cluster: [DELETE_DB_CLUSTER] = [DeleteDBCluster],
    }
    GraphInstances {
        create_graph_instance: [CREATE_DB_INSTANCE] = [CreateDBInstance],
        delete_graph_instance: [DELETE_DB_INSTANCE] = [DeleteDBInstance],
    }
    Streams {
        stream: [DESCRIBE_STREAM_SUMMARY, LIST_STREAM_TAGS] = [DescribeStreamSummary],
        create_stream: [CREATE_STREAM] = [CreateStream],
        set_shards: [UPDATE_SHARD_COUNT] = [UpdateShardCount],
        set_mode: [DESCRIBE_STREAM_SUMMARY, UPDATE_STREAM_MODE] = [UpdateStreamMode],
        delete_stream: [DELETE_STREAM] = [DeleteStream],
    }
    Tagging {
        tag: [
            DESCRIBE_ENDPOINT, ADD_ENDPOINT_TAGS, DESCRIBE_DOMAIN, ADD_DOMAIN_TAGS, BATCH_GET_COLLECTION, TAG_COLLECTION,
            DESCRIBE_REPLICATION_GROUPS, DESCRIBE_SERVERLESS_CACHES, ADD_CACHE_TAGS, DESCRIBE_DB_CLUSTERS, ADD_GRAPH_TAGS,
            ADD_STREAM_TAGS,
        ] = [TagResources],
        untag: [
            DESCRIBE_ENDPOINT, DELETE_ENDPOINT_TAGS, DESCRIBE_DOMAIN, REMOVE_DOMAIN_TAGS, BATCH_GET_COLLECTION,
            UNTAG_COLLECTION, DESCRIBE_REPLICATION_GROUPS, DESCRIBE_SERVERLESS_CACHES, REMOVE_CACHE_TAGS,
            DESCRIBE_DB_CLUSTERS, REMOVE_GRAPH_TAGS, REMOVE_STREAM_TAGS,
        ] = [UntagResources],
    }
    Tables {
        table: [DESCRIBE_TABLE, DESCRIBE_TIME_TO_LIVE, DESCRIBE_CONTINUOUS_BACKUPS, LIST_TABLE_TAGS] = [DescribeTable],
        set_table: [DESCRIBE_TABLE, UPDATE_TABLE, UPDATE_TIME_TO_LIVE, UPDATE_CONTINUOUS_BACKUPS, TAG_TABLE] = [UpdateTable],
        delete_table: [DELETE_TABLE] = [DeleteTable],
    }
    TableBackups {
        backups: [LIST_BACKUPS] = [ListBackups],
        restore_table: [RESTORE_TABLE_TO_POINT_IN_TIME, RESTORE_TABLE_FROM_BACKUP] = [RestoreTable],
    }
    TableAutoScaling {
        table_scaling: [DESCRIBE_SCALABLE_TARGETS, DESCRIBE_SCALING_POLICIES] = [DescribeScalableTargets],
        set_table_scaling: [REGISTER_SCALABLE_TARGET, PUT_SCALING_POLICY] = [RegisterScalableTarget],
        remove_table_scaling: [DEREGISTER_SCALABLE_TARGET] = [DeregisterScalableTarget],
    }
    UsagePlans {
        throttle: [GET_USAGE_PLANS] = [GetUsagePlans],
        set_throttle: [GET_USAGE_PLANS, UPDATE_USAGE_PLAN] = [UpdateUsagePlan],
    }
    TableRows { count_rows: [SCAN] = [Scan], }
    Functions {
        function: [GET_FUNCTION_CONFIGURATION] = [GetFunctionConfiguration],
        set_environment: [UPDATE_FUNCTION_CONFIGURATION] = [UpdateFunctionConfiguration],
    }
    Concurrency {
        reserved: [GET_FUNCTION_CONCURRENCY] = [GetFunctionConcurrency],
        unreserved: [GET_LAMBDA_ACCOUNT] = [GetLambdaAccount],
        set_reserved: [PUT_FUNCTION_CONCURRENCY, DELETE_FUNCTION_CONCURRENCY] = [PutFunctionConcurrency],
    }
    Feeds {
        feeds: [LIST_EVENT_SOURCE_MAPPINGS] = [ListEventSourceMappings],
        create_feed: [GET_EVENT_SOURCE_MAPPING, CREATE_EVENT_SOURCE_MAPPING] = [CreateEventSourceMapping],
        delete_feed: [DELETE_EVENT_SOURCE_MAPPING] = [DeleteEventSourceMapping],
    }
    Inventory { tagged: [GET_RESOURCES] = [GetResources], }
    Workflows {
        execution_arn: [] = [],
        start: [START_EXECUTION] = [StartExecution],
        describe: [DESCRIBE_EXECUTION] = [DescribeExecution],
        history: [GET_EXECUTION_HISTORY] = [GetExecutionHistory],
    }
    Notifier { notify: [PUBLISH] = [Publish], }
    Costs { month_to_date: [GET_COST_AND_USAGE] = [GetCostAndUsage], }
    Traffic { connections: [GET_METRIC_DATA] = [GetMetricData], }
    Alarms {
        alarms: [DESCRIBE_ALARMS] = [DescribeAlarms],
        alarm: [DESCRIBE_ALARMS] = [DescribeAlarms],
        set_alarm_state: [SET_ALARM_STATE] = [SetAlarmState],
        alarm_actions: [DESCRIBE_ALARM_HISTORY] = [DescribeAlarmHistory],
    }
    Subscriptions {
        subscriptions: [LIST_SUBSCRIPTIONS_BY_TOPIC] = [ListSubscriptionsByTopic],
        subscribe: [SUBSCRIBE] = [Subscribe],
        unsubscribe: [UNSUBSCRIBE] = [Unsubscribe],
    }
    Vitals {
        function_vitals: [GET_FUNCTION_CONFIGURATION] = [GetFunctionConfiguration],
        table_vitals: [DESCRIBE_TABLE, DESCRIBE_CONTINUOUS_BACKUPS, DESCRIBE_TIME_TO_LIVE] = [DescribeTable],
        stream_age: [GET_METRIC_DATA] = [GetMetricData],
    }
    Spending { days_billed: [GET_COST_AND_USAGE] = [GetCostAndUsage], }
    IssuerKeys { issuer_keys: [] = [GetKeys], }
    Signer { sign: [SIGN] = [Sign], public_key: [GET_PUBLIC_KEY] = [GetPublicKey], }
    Inference { infer: [INVOKE_ENDPOINT] = [InvokeEndpoint], }
    Objects {
        object_uri: [] = [],
        object: [GET_OBJECT] = [GetObject],
        object_size: [HEAD_OBJECT] = [HeadObject],
        put_object: [PUT_OBJECT] = [PutObject],
    }
    Clock { now: [] = [], wall: [] = [], }
    Entropy { random: [] = [], }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_call_belongs_to_a_method_and_no_method_is_listed_twice() {
        let used: BTreeSet<Call> = METHODS.iter().flat_map(|method| method.calls.iter().copied()).collect();
        assert_eq!(used, CALLS.iter().copied().collect());
        let names: BTreeSet<(&str, &str)> = METHODS.iter().map(|method| (method.port, method.name)).collect();
        assert_eq!(names.len(), METHODS.len());
        assert!(method("Store", "get").is_some() && method("Store", "scan").is_none());
    }
}
