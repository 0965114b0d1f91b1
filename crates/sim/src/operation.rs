//! The calls that can be made, under the names AWS has for them.
//!
//! A method of a port is one operation here, the one that matters, even where the real one makes several
//! (making a collection makes its policies first). So "the n-th call" counts what a handler does.

/// What a call does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Looks.
    Read,
    /// Changes something at once.
    Write,
    /// Starts the life cycle of a creation or a change.
    Cycle,
    /// Starts the life cycle of a deletion.
    End,
}

macro_rules! operations {
    ($($variant:ident = $service:literal $name:literal $nature:ident,)*) => {
        /// An operation of a service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation { $(#[doc = concat!("`", $service, ":", $name, "`")] $variant,)* }

        impl Operation {
            /// Every operation.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];
            /// The service's name as its API has it.
            pub const fn service(self) -> &'static str {
                match self { $(Self::$variant => $service,)* }
            }
            /// The operation's name as its API has it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
            pub(crate) const fn nature(self) -> Nature {
                match self { $(Self::$variant => Nature::$nature,)* }
            }
        }
    };
}

operations! {
    DescribeEndpoint = "sagemaker" "DescribeEndpoint" Read,
    CreateEndpoint = "sagemaker" "CreateEndpoint" Cycle,
    UpdateEndpoint = "sagemaker" "UpdateEndpoint" Cycle,
    UpdateEndpointWeightsAndCapacities = "sagemaker" "UpdateEndpointWeightsAndCapacities" Cycle,
    DeleteEndpoint = "sagemaker" "DeleteEndpoint" End,
    DescribeEndpointConfig = "sagemaker" "DescribeEndpointConfig" Read,
    ListEndpointConfigs = "sagemaker" "ListEndpointConfigs" Read,
    CreateEndpointConfig = "sagemaker" "CreateEndpointConfig" Write,
    DeleteEndpointConfig = "sagemaker" "DeleteEndpointConfig" Write,
    DescribeTrainingJob = "sagemaker" "DescribeTrainingJob" Read,
    CreateTrainingJob = "sagemaker" "CreateTrainingJob" Cycle,
    StopTrainingJob = "sagemaker" "StopTrainingJob" Cycle,
    DescribeModel = "sagemaker" "DescribeModel" Read,
    CreateModel = "sagemaker" "CreateModel" Write,
    DeleteModel = "sagemaker" "DeleteModel" Write,
    DescribeScalableTargets = "application-autoscaling" "DescribeScalableTargets" Read,
    RegisterScalableTarget = "application-autoscaling" "RegisterScalableTarget" Write,
    DeregisterScalableTarget = "application-autoscaling" "DeregisterScalableTarget" Write,
    DescribeDomain = "opensearch" "DescribeDomain" Read,
    CreateDomain = "opensearch" "CreateDomain" Cycle,
    UpdateDomainConfig = "opensearch" "UpdateDomainConfig" Cycle,
    DeleteDomain = "opensearch" "DeleteDomain" End,
    BatchGetCollection = "opensearchserverless" "BatchGetCollection" Read,
    CreateCollection = "opensearchserverless" "CreateCollection" Cycle,
    DeleteCollection = "opensearchserverless" "DeleteCollection" End,
    GetAccountSettings = "opensearchserverless" "GetAccountSettings" Read,
    UpdateAccountSettings = "opensearchserverless" "UpdateAccountSettings" Write,
    DescribeReplicationGroups = "elasticache" "DescribeReplicationGroups" Read,
    CreateReplicationGroup = "elasticache" "CreateReplicationGroup" Cycle,
    ModifyReplicationGroup = "elasticache" "ModifyReplicationGroup" Cycle,
    IncreaseReplicaCount = "elasticache" "IncreaseReplicaCount" Cycle,
    DecreaseReplicaCount = "elasticache" "DecreaseReplicaCount" Cycle,
    ModifyReplicationGroupShardConfiguration = "elasticache" "ModifyReplicationGroupShardConfiguration" Cycle,
    DeleteReplicationGroup = "elasticache" "DeleteReplicationGroup" End,
    DescribeServerlessCaches = "elasticache" "DescribeServerlessCaches" Read,
    CreateServerlessCache = "elasticache" "CreateServerlessCache" Cycle,
    ModifyServerlessCache = "elasticache" "ModifyServerlessCache" Cycle,
    DeleteServerlessCache = "elasticache" "DeleteServerlessCache" End,
    DescribeDBClusters = "neptune" "DescribeDBClusters" Read,
    CreateDBCluster = "neptune" "CreateDBCluster" Cycle,
    ModifyDBCluster = "neptune" "ModifyDBCluster" Cycle,
    FailoverDBCluster = "neptune" "FailoverDBCluster" Cycle,
    DeleteDBCluster = "neptune" "DeleteDBCluster" End,
    CreateDBInstance = "neptune" "CreateDBInstance" Cycle,
    DeleteDBInstance = "neptune" "DeleteDBInstance" End,
    DescribeStreamSummary = "kinesis" "DescribeStreamSummary" Read,
    CreateStream = "kinesis" "CreateStream" Cycle,
    UpdateShardCount = "kinesis" "UpdateShardCount" Cycle,
    UpdateStreamMode = "kinesis" "UpdateStreamMode" Cycle,
    DeleteStream = "kinesis" "DeleteStream" End,
    TagResources = "tagging" "TagResources" Write,
    UntagResources = "tagging" "UntagResources" Write,
    GetResources = "tagging" "GetResources" Read,
    GetItem = "dynamodb" "GetItem" Read,
    Query = "dynamodb" "Query" Read,
    TransactWriteItems = "dynamodb" "TransactWriteItems" Write,
    PutItem = "dynamodb" "PutItem" Write,
    BatchWriteItem = "dynamodb" "BatchWriteItem" Write,
    UpdateTable = "dynamodb" "UpdateTable" Write,
    DeleteTable = "dynamodb" "DeleteTable" End,
    ListBackups = "dynamodb" "ListBackups" Read,
    RestoreTable = "dynamodb" "RestoreTable" Cycle,
    Scan = "dynamodb" "Scan" Read,
    UpdateFunctionConfiguration = "lambda" "UpdateFunctionConfiguration" Write,
    GetFunctionConcurrency = "lambda" "GetFunctionConcurrency" Read,
    GetLambdaAccount = "lambda" "GetAccountSettings" Read,
    PutFunctionConcurrency = "lambda" "PutFunctionConcurrency" Write,
    ListEventSourceMappings = "lambda" "ListEventSourceMappings" Read,
    CreateEventSourceMapping = "lambda" "CreateEventSourceMapping" Write,
    DeleteEventSourceMapping = "lambda" "DeleteEventSourceMapping" Write,
    InvokeEndpoint = "sagemaker-runtime" "InvokeEndpoint" Read,
    GetObject = "s3" "GetObject" Read,
    HeadObject = "s3" "HeadObject" Read,
    PutObject = "s3" "PutObject" Write,
    Sign = "kms" "Sign" Read,
    GetPublicKey = "kms" "GetPublicKey" Read,
    StartExecution = "states" "StartExecution" Write,
    DescribeExecution = "states" "DescribeExecution" Read,
    GetExecutionHistory = "states" "GetExecutionHistory" Read,
    Publish = "sns" "Publish" Write,
    GetCostAndUsage = "ce" "GetCostAndUsage" Read,
    GetMetricData = "cloudwatch" "GetMetricData" Read,
    DescribeAlarms = "cloudwatch" "DescribeAlarms" Read,
    SetAlarmState = "cloudwatch" "SetAlarmState" Write,
    DescribeAlarmHistory = "cloudwatch" "DescribeAlarmHistory" Read,
    ListSubscriptionsByTopic = "sns" "ListSubscriptionsByTopic" Read,
    Subscribe = "sns" "Subscribe" Write,
    Unsubscribe = "sns" "Unsubscribe" Write,
    GetFunctionConfiguration = "lambda" "GetFunctionConfiguration" Read,
    DescribeTable = "dynamodb" "DescribeTable" Read,
    GetUsagePlans = "apigateway" "GetUsagePlans" Read,
    UpdateUsagePlan = "apigateway" "UpdateUsagePlan" Write,
    GetKeys = "issuer" "GetKeys" Read,
}

impl Operation {
    /// Whether it is about models, what serves them, or what they are made of.
    pub(crate) fn is_of_models(self) -> bool {
        let services = ["sagemaker", "sagemaker-runtime", "application-autoscaling", "s3", "tagging"];
        services.contains(&self.service())
    }
    /// Whether it changes the world.
    pub const fn mutates(self) -> bool {
        !matches!(self.nature(), Nature::Read)
    }
}
