//! The bucket of `IOps`, in S3.

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use capstan_core::ports::{CloudError, CloudErrorKind, CloudResult, Objects};

const SERVICE: Service = Service { name: "s3", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        // `HeadObject` has no body to say more in.
        "NoSuchKey" | "NotFound" => CloudErrorKind::NotFound,
        // The bucket is the stack's: without it nothing can be done here.
        "NoSuchBucket" | "KeyTooLong" | "KeyTooLongError" | "EntityTooLarge" => CloudErrorKind::Invalid,
        "InternalError" | "OperationAborted" => CloudErrorKind::Unavailable,
        _ => return None,
    })
}

/// A client. Clouds at an address of their own have no name for every bucket, so the bucket goes into the path there.
pub(crate) fn client(sdk: &SdkConfig) -> Client {
    let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let own = key.build().ok().zip(sdk.service_config()).and_then(|(key, urls)| urls.load_config(key));
    let elsewhere = sdk.endpoint_url().is_some() || own.is_some();
    Client::from_conf(Builder::from(sdk).force_path_style(elsewhere).build())
}

impl Aws {
    fn bucket<'a>(
        &'a self,
        operation: &'static str,
        key: &'a str,
    ) -> Result<(Call<'a>, &'a str), CloudError> {
        let call = Call { service: SERVICE, operation, resource: key };
        let missing = || call.refuse(CloudErrorKind::Invalid, "environment variable ML_BUCKET is missing");
        Ok((call, self.config.ml_bucket.as_deref().ok_or_else(missing)?))
    }
}

impl Objects for Aws {
    fn object_uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.config.ml_bucket.as_deref().unwrap_or_default())
    }

    async fn object(&self, key: &str) -> CloudResult<Option<Vec<u8>>> {
        let (call, bucket) = self.bucket("GetObject", key)?;
        let Some(found) = absent(look!(call, self.s3().get_object().bucket(bucket).key(key)))? else {
            return Ok(None);
        };
        match found.body.collect().await {
            Ok(body) => Ok(Some(body.to_vec())),
            // Half an object is none; to read changes nothing.
            Err(error) => {
                Err(call.refuse(CloudErrorKind::Unavailable, format!("the answer was cut: {error}")))
            }
        }
    }

    async fn object_size(&self, key: &str) -> CloudResult<Option<u64>> {
        let (call, bucket) = self.bucket("HeadObject", key)?;
        let found = absent(look!(call, self.s3().head_object().bucket(bucket).key(key)))?;
        let length = |length: i64| u64::try_from(length).ok();
        found.map(|found| call.need(found.content_length().and_then(length), "content length")).transpose()
    }

    /// A lost answer leaves a doubt, which putting it again ends.
    async fn put_object(&self, key: &str, body: Vec<u8>) -> CloudResult<()> {
        let (call, bucket) = self.bucket("PutObject", key)?;
        let request = self.s3().put_object().bucket(bucket).key(key).body(ByteStream::from(body));
        change!(call, request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, NotFound, Throttled, Unavailable};

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, kind) in [
            ("GetObject", 404, "NoSuchKey", NotFound),
            ("HeadObject", 404, "NotFound", NotFound),
            ("GetObject", 404, "NoSuchBucket", Invalid),
            ("PutObject", 400, "KeyTooLongError", Invalid),
            ("GetObject", 403, "AccessDenied", Denied),
            ("GetObject", 503, "SlowDown", Throttled),
            ("GetObject", 500, "InternalError", Unavailable),
        ] {
            assert_eq!(told(SERVICE, operation, status, code, ""), kind, "{code}");
        }
    }
}
