//! The bucket of `IOps`.

use super::{Ports, named};
use crate::cloud::{Answer, Part, require};
use crate::operation::Operation;
use capstan_core::ports::{CloudResult, Objects};
use std::sync::Arc;

const BUCKET: &str = "iops-ml-data-000000000000";
/// S3 takes no longer key.
const LONGEST_KEY: usize = 1_024;
/// S3 takes 5 GB at once. Here they are kept in memory.
const LARGEST: usize = 256 * 1024 * 1024;

impl Ports {
    async fn look_at<T>(
        &self,
        operation: Operation,
        key: &str,
        look: impl FnOnce(&Arc<[u8]>) -> T + Send,
    ) -> CloudResult<Option<T>> {
        let answer = self
            .call(operation, key, |world, _| {
                check(key)?;
                Ok(world.cloud.objects.get(key).map(look))
            })
            .await;
        named(operation, key, answer)
    }
}

fn check(key: &str) -> Answer<()> {
    require((1..=LONGEST_KEY).contains(&key.len()), || {
        format!("a key of {} bytes is not one of 1 to {LONGEST_KEY}", key.len())
    })
}

impl Objects for Ports {
    fn object_uri(&self, key: &str) -> String {
        format!("s3://{BUCKET}/{key}")
    }

    async fn object(&self, key: &str) -> CloudResult<Option<Vec<u8>>> {
        self.look_at(Operation::GetObject, key, |body| body.to_vec()).await
    }

    async fn object_size(&self, key: &str) -> CloudResult<Option<u64>> {
        self.look_at(Operation::HeadObject, key, |body| body.len() as u64).await
    }

    async fn put_object(&self, key: &str, body: Vec<u8>) -> CloudResult<()> {
        self.change(Operation::PutObject, key, &[(Part::Object, key)], |_, cloud| {
            check(key)?;
            require(body.len() <= LARGEST, || {
                format!("an object of {} bytes is larger than {LARGEST}", body.len())
            })?;
            cloud.objects.insert(key.to_owned(), body.into());
            Ok(())
        })
        .await
    }
}
