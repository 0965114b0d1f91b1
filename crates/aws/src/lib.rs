#![doc = include_str!("../README.md")]

mod config;
mod machine;

#[cfg(feature = "calls")]
#[macro_use]
mod call;
#[cfg(feature = "calls")]
mod client;
#[cfg(feature = "calls")]
pub mod doubt;
#[cfg(feature = "calls")]
mod reached;
#[cfg(feature = "calls")]
pub mod refusal;
#[cfg(feature = "calls")]
mod sdk;
#[cfg(feature = "calls")]
pub mod tags;

#[cfg(feature = "cloudwatch")]
mod alarms;
#[cfg(feature = "apigateway")]
mod apigateway;
#[cfg(feature = "autoscaling")]
mod autoscaling;
#[cfg(feature = "cloudwatch")]
mod cloudwatch;
#[cfg(feature = "costexplorer")]
mod costexplorer;
#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(feature = "elasticache")]
mod elasticache;
#[cfg(feature = "issuer")]
mod front_door;
#[cfg(feature = "functions")]
mod functions;
#[cfg(feature = "issuer")]
mod http;
#[cfg(feature = "sagemakerruntime")]
mod inference;
#[cfg(feature = "tagging")]
mod inventory;
#[cfg(feature = "issuer")]
mod issuer;
#[cfg(feature = "kinesis")]
mod kinesis;
#[cfg(feature = "kms")]
mod kms;
#[cfg(feature = "neptune")]
mod neptune;
#[cfg(feature = "opensearch")]
mod opensearch;
#[cfg(feature = "opensearchserverless")]
mod opensearchserverless;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "sagemaker")]
mod sagemaker;
#[cfg(feature = "sfn")]
mod sfn;
#[cfg(feature = "sns")]
mod sns;
#[cfg(feature = "costexplorer")]
mod spending;
#[cfg(feature = "sns")]
mod subscriptions;
#[cfg(feature = "autoscaling")]
mod table_scaling;
#[cfg(feature = "tables")]
mod tables;
#[cfg(all(feature = "sagemaker", feature = "s3"))]
mod training;
#[cfg(feature = "vitals")]
mod vitals;

#[cfg(feature = "calls")]
pub use aws_types::SdkConfig;
#[cfg(feature = "calls")]
pub use client::Aws;
pub use config::{AwsConfig, ConfigError, Environment};
pub use machine::Machine;
#[cfg(feature = "calls")]
pub use sdk::{Patience, sdk_config, sdk_config_with};

#[cfg(test)]
#[cfg(all(feature = "resources", feature = "dynamodb"))]
mod wire_tests;

#[cfg(test)]
#[cfg(feature = "issuer")]
mod heard;
