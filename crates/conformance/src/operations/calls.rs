//! The operations of AWS that the adapters call, and what a role must be allowed for each.
//!
//! The service is its name in botocore. The actions are those that AWS checks for the request as it is sent: tags that go
//! with a creation are an action of their own, and so is what the service does in the caller's name.

use super::Call;

macro_rules! calls {
    ($($service:literal { $($constant:ident = $operation:literal [$($action:literal),+ $(,)?],)+ })+) => {
        $($(pub(super) const $constant: Call =
            Call { service: $service, operation: $operation, actions: &[$($action),+] };)+)+
        /// Every operation that is called.
        pub const CALLS: &[Call] = &[$($($constant),+),+];
    };
}

calls! {
    "dynamodb" {
        GET_ITEM = "GetItem" ["dynamodb:GetItem"],
        QUERY = "Query" ["dynamodb:Query"],
        TRANSACT_WRITE_ITEMS = "TransactWriteItems" ["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"],
        PUT_ITEM = "PutItem" ["dynamodb:PutItem"],
        BATCH_WRITE_ITEM = "BatchWriteItem" ["dynamodb:BatchWriteItem"],
        DESCRIBE_TABLE = "DescribeTable" ["dynamodb:DescribeTable"],
        DESCRIBE_TIME_TO_LIVE = "DescribeTimeToLive" ["dynamodb:DescribeTimeToLive"],
        DESCRIBE_CONTINUOUS_BACKUPS = "DescribeContinuousBackups" ["dynamodb:DescribeContinuousBackups"],
        LIST_TABLE_TAGS = "ListTagsOfResource" ["dynamodb:ListTagsOfResource"],
        UPDATE_TABLE = "UpdateTable" ["dynamodb:UpdateTable"],
        UPDATE_TIME_TO_LIVE = "UpdateTimeToLive" ["dynamodb:UpdateTimeToLive"],
        UPDATE_CONTINUOUS_BACKUPS = "UpdateContinuousBackups" ["dynamodb:UpdateContinuousBackups"],
        TAG_TABLE = "TagResource" ["dynamodb:TagResource"],
        DELETE_TABLE = "DeleteTable" ["dynamodb:DeleteTable"],
        LIST_BACKUPS = "ListBackups" ["dynamodb:ListBackups"],
        RESTORE_TABLE_TO_POINT_IN_TIME = "RestoreTableToPointInTime" ["dynamodb:RestoreTableToPointInTime", "dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"],
        RESTORE_TABLE_FROM_BACKUP = "RestoreTableFromBackup" ["dynamodb:RestoreTableFromBackup"],
        SCAN = "Scan" ["dynamodb:Scan"],
    }
    "sagemaker" {
        DESCRIBE_ENDPOINT = "DescribeEndpoint" ["sagemaker:DescribeEndpoint"],
        LIST_ENDPOINT_TAGS = "ListTags" ["sagemaker:ListTags"],
        CREATE_ENDPOINT = "CreateEndpoint" ["sagemaker:CreateEndpoint", "sagemaker:AddTags"],
        UPDATE_ENDPOINT = "UpdateEndpoint" ["sagemaker:UpdateEndpoint"],
        UPDATE_ENDPOINT_WEIGHTS_AND_CAPACITIES = "UpdateEndpointWeightsAndCapacities" ["sagemaker:UpdateEndpointWeightsAndCapacities"],
        DELETE_ENDPOINT = "DeleteEndpoint" ["sagemaker:DeleteEndpoint", "application-autoscaling:DeregisterScalableTarget"],
        DESCRIBE_ENDPOINT_CONFIG = "DescribeEndpointConfig" ["sagemaker:DescribeEndpointConfig"],
        LIST_ENDPOINT_CONFIGS = "ListEndpointConfigs" ["sagemaker:ListEndpointConfigs"],
        CREATE_ENDPOINT_CONFIG = "CreateEndpointConfig" ["sagemaker:CreateEndpointConfig", "sagemaker:AddTags"],
        DELETE_ENDPOINT_CONFIG = "DeleteEndpointConfig" ["sagemaker:DeleteEndpointConfig"],
        DESCRIBE_TRAINING_JOB = "DescribeTrainingJob" ["sagemaker:DescribeTrainingJob"],
        CREATE_TRAINING_JOB = "CreateTrainingJob" ["sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"],
        STOP_TRAINING_JOB = "StopTrainingJob" ["sagemaker:StopTrainingJob"],
        DESCRIBE_MODEL = "DescribeModel" ["sagemaker:DescribeModel"],
        CREATE_MODEL = "CreateModel" ["sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole"],
        DELETE_MODEL = "DeleteModel" ["sagemaker:DeleteModel"],
        ADD_ENDPOINT_TAGS = "AddTags" ["sagemaker:AddTags"],
        DELETE_ENDPOINT_TAGS = "DeleteTags" ["sagemaker:DeleteTags"],
    }
    "apigateway" {
        GET_USAGE_PLANS = "GetUsagePlans" ["apigateway:GET"],
        UPDATE_USAGE_PLAN = "UpdateUsagePlan" ["apigateway:PATCH"],
    }
    "application-autoscaling" {
        DESCRIBE_SCALABLE_TARGETS = "DescribeScalableTargets" ["application-autoscaling:DescribeScalableTargets"],
        DESCRIBE_SCALING_POLICIES = "DescribeScalingPolicies" ["application-autoscaling:DescribeScalingPolicies"],
        REGISTER_SCALABLE_TARGET = "RegisterScalableTarget" ["application-autoscaling:RegisterScalableTarget"],
        PUT_SCALING_POLICY = "PutScalingPolicy" ["application-autoscaling:PutScalingPolicy"],
        DEREGISTER_SCALABLE_TARGET = "DeregisterScalableTarget" ["application-autoscaling:DeregisterScalableTarget"],
    }
    "opensearch" {
        DESCRIBE_DOMAIN = "DescribeDomain" ["es:DescribeDomain"],
        LIST_DOMAIN_TAGS = "ListTags" ["es:ListTags"],
        CREATE_DOMAIN = "CreateDomain" ["es:CreateDomain", "es:AddTags"],
        UPDATE_DOMAIN_CONFIG = "UpdateDomainConfig" ["es:UpdateDomainConfig"],
        DELETE_DOMAIN = "DeleteDomain" ["es:DeleteDomain"],
        ADD_DOMAIN_TAGS = "AddTags" ["es:AddTags"],
        REMOVE_DOMAIN_TAGS = "RemoveTags" ["es:RemoveTags"],
    }
    "opensearchserverless" {
        BATCH_GET_COLLECTION = "BatchGetCollection" ["aoss:BatchGetCollection"],
        LIST_COLLECTION_TAGS = "ListTagsForResource" ["aoss:ListTagsForResource"],
        CREATE_SECURITY_POLICY = "CreateSecurityPolicy" ["aoss:CreateSecurityPolicy"],
        CREATE_ACCESS_POLICY = "CreateAccessPolicy" ["aoss:CreateAccessPolicy"],
        CREATE_COLLECTION = "CreateCollection" ["aoss:CreateCollection", "aoss:TagResource"],
        DELETE_COLLECTION = "DeleteCollection" ["aoss:DeleteCollection"],
        DELETE_ACCESS_POLICY = "DeleteAccessPolicy" ["aoss:DeleteAccessPolicy"],
        DELETE_SECURITY_POLICY = "DeleteSecurityPolicy" ["aoss:DeleteSecurityPolicy"],
        GET_ACCOUNT_SETTINGS = "GetAccountSettings" ["aoss:GetAccountSettings"],
        UPDATE_ACCOUNT_SETTINGS = "UpdateAccountSettings" ["aoss:UpdateAccountSettings"],
        TAG_COLLECTION = "TagResource" ["aoss:TagResource"],
        UNTAG_COLLECTION = "UntagResource" ["aoss:UntagResource"],
    }
    "elasticache" {
        DESCRIBE_REPLICATION_GROUPS = "DescribeReplicationGroups" ["elasticache:DescribeReplicationGroups"],
        LIST_CACHE_TAGS = "ListTagsForResource" ["elasticache:ListTagsForResource"],
        CREATE_REPLICATION_GROUP = "CreateReplicationGroup" ["elasticache:CreateReplicationGroup", "elasticache:AddTagsToResource"],
        MODIFY_REPLICATION_GROUP = "ModifyReplicationGroup" ["elasticache:ModifyReplicationGroup"],
        MODIFY_SHARDS = "ModifyReplicationGroupShardConfiguration" ["elasticache:ModifyReplicationGroupShardConfiguration"],
        INCREASE_REPLICA_COUNT = "IncreaseReplicaCount" ["elasticache:IncreaseReplicaCount"],
        DECREASE_REPLICA_COUNT = "DecreaseReplicaCount" ["elasticache:DecreaseReplicaCount"],
        DELETE_REPLICATION_GROUP = "DeleteReplicationGroup" ["elasticache:DeleteReplicationGroup", "elasticache:CreateSnapshot"],
        DESCRIBE_SERVERLESS_CACHES = "DescribeServerlessCaches" ["elasticache:DescribeServerlessCaches"],
        CREATE_SERVERLESS_CACHE = "CreateServerlessCache" ["elasticache:CreateServerlessCache", "elasticache:AddTagsToResource"],
        MODIFY_SERVERLESS_CACHE = "ModifyServerlessCache" ["elasticache:ModifyServerlessCache"],
        DELETE_SERVERLESS_CACHE = "DeleteServerlessCache" ["elasticache:DeleteServerlessCache", "elasticache:CreateServerlessCacheSnapshot"],
        ADD_CACHE_TAGS = "AddTagsToResource" ["elasticache:AddTagsToResource"],
        REMOVE_CACHE_TAGS = "RemoveTagsFromResource" ["elasticache:RemoveTagsFromResource"],
    }
    "neptune" {
        DESCRIBE_DB_CLUSTERS = "DescribeDBClusters" ["rds:DescribeDBClusters"],
        DESCRIBE_DB_INSTANCES = "DescribeDBInstances" ["rds:DescribeDBInstances"],
        LIST_GRAPH_TAGS = "ListTagsForResource" ["rds:ListTagsForResource"],
        CREATE_DB_CLUSTER = "CreateDBCluster" ["rds:CreateDBCluster", "rds:AddTagsToResource"],
        MODIFY_DB_CLUSTER = "ModifyDBCluster" ["rds:ModifyDBCluster"],
        FAILOVER_DB_CLUSTER = "FailoverDBCluster" ["rds:FailoverDBCluster"],
        DELETE_DB_CLUSTER = "DeleteDBCluster" ["rds:DeleteDBCluster", "rds:CreateDBClusterSnapshot"],
        CREATE_DB_INSTANCE = "CreateDBInstance" ["rds:CreateDBInstance", "rds:AddTagsToResource"],
        DELETE_DB_INSTANCE = "DeleteDBInstance" ["rds:DeleteDBInstance"],
        ADD_GRAPH_TAGS = "AddTagsToResource" ["rds:AddTagsToResource"],
        REMOVE_GRAPH_TAGS = "RemoveTagsFromResource" ["rds:RemoveTagsFromResource"],
    }
    "kinesis" {
        DESCRIBE_STREAM_SUMMARY = "DescribeStreamSummary" ["kinesis:DescribeStreamSummary"],
        LIST_STREAM_TAGS = "ListTagsForStream" ["kinesis:ListTagsForStream"],
        CREATE_STREAM = "CreateStream" ["kinesis:CreateStream", "kinesis:AddTagsToStream", "kinesis:TagResource"],
        UPDATE_SHARD_COUNT = "UpdateShardCount" ["kinesis:UpdateShardCount"],
        UPDATE_STREAM_MODE = "UpdateStreamMode" ["kinesis:UpdateStreamMode"],
        DELETE_STREAM = "DeleteStream" ["kinesis:DeleteStream"],
        ADD_STREAM_TAGS = "AddTagsToStream" ["kinesis:AddTagsToStream"],
        REMOVE_STREAM_TAGS = "RemoveTagsFromStream" ["kinesis:RemoveTagsFromStream"],
    }
    "resourcegroupstaggingapi" {
        GET_RESOURCES = "GetResources" ["tag:GetResources"],
    }
    "stepfunctions" {
        START_EXECUTION = "StartExecution" ["states:StartExecution"],
        DESCRIBE_EXECUTION = "DescribeExecution" ["states:DescribeExecution"],
        GET_EXECUTION_HISTORY = "GetExecutionHistory" ["states:GetExecutionHistory"],
    }
    "lambda" {
        GET_FUNCTION_CONFIGURATION = "GetFunctionConfiguration" ["lambda:GetFunctionConfiguration"],
        UPDATE_FUNCTION_CONFIGURATION = "UpdateFunctionConfiguration" ["lambda:UpdateFunctionConfiguration"],
        GET_FUNCTION_CONCURRENCY = "GetFunctionConcurrency" ["lambda:GetFunctionConcurrency"],
        GET_LAMBDA_ACCOUNT = "GetAccountSettings" ["lambda:GetAccountSettings"],
        PUT_FUNCTION_CONCURRENCY = "PutFunctionConcurrency" ["lambda:PutFunctionConcurrency"],
        DELETE_FUNCTION_CONCURRENCY = "DeleteFunctionConcurrency" ["lambda:DeleteFunctionConcurrency"],
        LIST_EVENT_SOURCE_MAPPINGS = "ListEventSourceMappings" ["lambda:ListEventSourceMappings"],
        GET_EVENT_SOURCE_MAPPING = "GetEventSourceMapping" ["lambda:GetEventSourceMapping"],
        CREATE_EVENT_SOURCE_MAPPING = "CreateEventSourceMapping" ["lambda:CreateEventSourceMapping"],
        DELETE_EVENT_SOURCE_MAPPING = "DeleteEventSourceMapping" ["lambda:DeleteEventSourceMapping"],
    }
    "kms" {
        SIGN = "Sign" ["kms:Sign"],
        GET_PUBLIC_KEY = "GetPublicKey" ["kms:GetPublicKey"],
    }
    "sagemaker-runtime" {
        INVOKE_ENDPOINT = "InvokeEndpoint" ["sagemaker:InvokeEndpoint"],
    }
    "s3" {
        // Whoever may not list is told of an absent key that it is forbidden.
        GET_OBJECT = "GetObject" ["s3:GetObject", "s3:ListBucket"],
        HEAD_OBJECT = "HeadObject" ["s3:GetObject", "s3:ListBucket"],
        PUT_OBJECT = "PutObject" ["s3:PutObject"],
    }
    "sns" {
        PUBLISH = "Publish" ["sns:Publish"],
        LIST_SUBSCRIPTIONS_BY_TOPIC = "ListSubscriptionsByTopic" ["sns:ListSubscriptionsByTopic"],
        SUBSCRIBE = "Subscribe" ["sns:Subscribe"],
        UNSUBSCRIBE = "Unsubscribe" ["sns:Unsubscribe"],
    }
    "ce" {
        GET_COST_AND_USAGE = "GetCostAndUsage" ["ce:GetCostAndUsage"],
    }
    "cloudwatch" {
        GET_METRIC_DATA = "GetMetricData" ["cloudwatch:GetMetricData"],
        DESCRIBE_ALARMS = "DescribeAlarms" ["cloudwatch:DescribeAlarms"],
        SET_ALARM_STATE = "SetAlarmState" ["cloudwatch:SetAlarmState"],
        DESCRIBE_ALARM_HISTORY = "DescribeAlarmHistory" ["cloudwatch:DescribeAlarmHistory"],
    }
}
