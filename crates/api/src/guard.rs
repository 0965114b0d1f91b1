//! What stands before every handler: the tenant's rate, the caller's role, then the request's idempotency key.
//!
//! The rate comes first, so that a request turned away for it leaves nothing behind but its answer.

use crate::rate::Rate;
use crate::{Problem, Reply, Request, admit, idempotency};
use capstan_core::access::INGEST;
use capstan_core::ports::{Clock, Store};
use tier_steps::{Environment, SettingError};

/// The guard of one instance of a function. What it remembers between requests is what it has leased of the tenants' rates.
#[derive(Debug)]
pub struct Guard {
    rate: Rate,
}

impl Guard {
    /// Reads `TENANT_REQUESTS_PER_MINUTE` (0: no limit).
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        const NAME: &str = "TENANT_REQUESTS_PER_MINUTE";
        const MOST: u32 = 1_000_000;
        let per_minute = match environment.get(NAME) {
            None => return Err(SettingError { name: NAME, problem: "is missing".to_owned() }),
            Some(text) => text.parse().ok().filter(|number| *number <= MOST).ok_or_else(|| SettingError {
                name: NAME,
                problem: format!("`{text}` is not a whole number of requests from 0 (no limit) to {MOST}"),
            })?,
        };
        Ok(Self { rate: Rate::new(per_minute) })
    }

    /// Has the request handled, if the tenant may ask now and the caller may ask for this, and once if it bears a key.
    pub async fn answer<F>(
        &self,
        ports: &(impl Store + Clock),
        request: Request,
        handle: impl FnOnce(Request) -> F,
    ) -> Result<Reply, Problem>
    where
        F: Future<Output = Result<Reply, Problem>>,
    {
        // What hosts report is no tenant's, and the same is stored once however often it is sent: neither a tenant's rate nor
        // a key has anything to do with it.
        if (request.method.as_str(), request.resource.as_str()) == INGEST {
            admit(ports, &request).await?;
            return handle(request).await;
        }
        self.rate.take(ports, &request).await?;
        admit(ports, &request).await?;
        idempotency::once(ports, request, handle).await
    }
}
