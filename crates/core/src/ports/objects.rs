//! Objects in the bucket of `IOps`: what models are trained on, and what comes of it.

use super::CloudResult;
use std::future::Future;

/// Objects by key, in one bucket. A key is 1 to 1024 bytes, such as `releases/r-1/train.csv`; what is read was written as a
/// whole.
pub trait Objects: Sync {
    /// Where a key is, as other services are told (`s3://<bucket>/<key>`).
    fn object_uri(&self, key: &str) -> String;
    /// The object; `None`: there is none.
    fn object(&self, key: &str) -> impl Future<Output = CloudResult<Option<Vec<u8>>>> + Send;
    /// Its length in bytes, without reading it; `None`: there is none.
    fn object_size(&self, key: &str) -> impl Future<Output = CloudResult<Option<u64>>> + Send;
    /// Puts an object in the place of what is there. The same twice is the same once.
    fn put_object(&self, key: &str, body: Vec<u8>) -> impl Future<Output = CloudResult<()>> + Send;
}
