//! The one type that carries out the ports, and its clients.

use crate::config::AwsConfig;
use crate::machine::Machine;
use aws_types::SdkConfig;
use capstan_core::ports::{Clock, Entropy};
use capstan_core::time::Timestamp;
use std::sync::OnceLock;

macro_rules! clients {
    // A client from the configuration that all share, or the way that its module knows.
    (@made $sdk:expr, $client:path) => {
        <$client>::new($sdk)
    };
    (@made $sdk:expr, $client:path, $make:path) => {
        $make($sdk)
    };
    ($($feature:literal $name:ident: $client:path $(= $make:path)?,)+) => {
        /// The ports, carried out with the AWS SDK. A client is made when it is first called for, and then kept.
        #[derive(Debug)]
        pub struct Aws {
            /// What the adapters are told from outside.
            pub(crate) config: AwsConfig,
            sdk: SdkConfig,
            #[cfg(feature = "issuer")]
            pub(crate) http: OnceLock<crate::http::Http>,
            $(#[cfg(feature = $feature)] $name: OnceLock<$client>,)+
        }

        impl Aws {
            /// The ports over this configuration. Nothing is called yet.
            pub fn new(config: AwsConfig, sdk: SdkConfig) -> Self {
                Self { config, sdk, #[cfg(feature = "issuer")] http: OnceLock::new(), $(#[cfg(feature = $feature)] $name: OnceLock::new(),)+ }
            }

            /// What the adapters were told from outside.
            pub const fn config(&self) -> &AwsConfig {
                &self.config
            }

            /// What the clients are made from.
            pub const fn sdk(&self) -> &SdkConfig {
                &self.sdk
            }
            $(
                #[cfg(feature = $feature)]
                pub(crate) fn $name(&self) -> &$client {
                    self.$name.get_or_init(|| clients!(@made &self.sdk, $client $(, $make)?))
                }
            )+
        }
    };
}

clients! {
    "apigateway" apigateway: aws_sdk_apigateway::Client,
    "autoscaling" autoscaling: aws_sdk_applicationautoscaling::Client,
    "cloudwatch" cloudwatch: aws_sdk_cloudwatch::Client,
    "costexplorer" costexplorer: aws_sdk_costexplorer::Client,
    "dynamodb" dynamodb: aws_sdk_dynamodb::Client,
    "elasticache" elasticache: aws_sdk_elasticache::Client,
    "functions" functions: aws_sdk_lambda::Client,
    "kinesis" kinesis: aws_sdk_kinesis::Client,
    "kms" kms: aws_sdk_kms::Client,
    "neptune" neptune: aws_sdk_neptune::Client,
    "opensearch" opensearch: aws_sdk_opensearch::Client,
    "opensearchserverless" serverless: aws_sdk_opensearchserverless::Client,
    "s3" s3: aws_sdk_s3::Client = crate::s3::client,
    "sagemakerruntime" inference: aws_sdk_sagemakerruntime::Client,
    "sagemaker" sagemaker: aws_sdk_sagemaker::Client,
    "sfn" sfn: aws_sdk_sfn::Client,
    "sns" sns: aws_sdk_sns::Client,
    "tagging" inventory: aws_sdk_resourcegroupstagging::Client,
}

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        Machine.now()
    }
    fn wall(&self) -> Timestamp {
        Machine.wall()
    }
}

impl Entropy for Aws {
    fn random(&self) -> [u8; 16] {
        Machine.random()
    }
}
