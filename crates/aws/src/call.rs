//! Making a call: what only looks, and what changes something.

/// Sends a request that only looks.
#[cfg(any(
    feature = "apigateway",
    feature = "cloudwatch",
    feature = "costexplorer",
    feature = "elasticache",
    feature = "functions",
    feature = "kinesis",
    feature = "kms",
    feature = "neptune",
    feature = "opensearch",
    feature = "opensearchserverless",
    feature = "s3",
    feature = "sagemaker",
    feature = "sfn",
    feature = "tables",
))]
macro_rules! look {
    ($call:expr, $request:expr) => {{ $request.send().await.map_err(|error| $call.unseen(&error)) }};
}

/// Sends a request that changes something, watched for tries whose outcome nobody knows.
#[cfg(any(
    feature = "apigateway",
    feature = "autoscaling",
    feature = "cloudwatch",
    feature = "elasticache",
    feature = "functions",
    feature = "kinesis",
    feature = "neptune",
    feature = "opensearch",
    feature = "opensearchserverless",
    feature = "s3",
    feature = "sagemaker",
    feature = "sfn",
    feature = "sns",
    feature = "tables",
))]
macro_rules! change {
    ($call:expr, $request:expr) => {{
        let doubt = $crate::doubt::Doubt::default();
        let sent = $request.customize().interceptor(doubt.clone()).send().await;
        sent.map_err(|error| $call.undone(&error, &doubt))
    }};
}
