//! What a case is played on: names nobody else has, time that passes, and hands behind the scene for what no port can do.

use crate::case::{Failure, Run};
use capstan_core::ids::TenantId;
use capstan_core::money::Usd;
use capstan_core::ports::{CloudResult, TagKey, Tags};
use capstan_core::tier::ResourceRef;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// A side job on its way, with what it tells.
pub type Job<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

/// What a cloud is made to do behind the port's back: what people, customers and other services do to it.
pub trait Backstage {
    /// Lets time pass: virtual time until something happens, or a moment of real time.
    fn pass(&self) -> Run<'_>;
    /// How often a case looks before it gives up waiting.
    fn patience(&self) -> u32;
    /// Stops an execution from outside, as a person does in the console.
    fn stop_execution<'a>(&'a self, name: &'a str) -> Run<'a>;
    /// Has the resource used by somebody, so that it is measured.
    fn use_resource<'a>(&'a self, resource: &'a ResourceRef) -> Run<'a>;
    /// Makes an alarm of this name, which calls the topic of alerts.
    fn make_alarm<'a>(&'a self, name: &'a str) -> Run<'a>;
    /// Makes an empty table of this name: paid by the request, with nothing switched on.
    fn make_table<'a>(&'a self, name: &'a str) -> Run<'a>;
    /// Makes a backup of the table.
    fn make_backup<'a>(&'a self, table: &'a str) -> Run<'a>;
    /// Makes a function of this name with an empty environment.
    fn make_function<'a>(&'a self, name: &'a str) -> Run<'a>;
    /// Feeds the function from the stream of the table, which has one.
    fn make_feed<'a>(&'a self, function: &'a str, table: &'a str, stream_arn: &'a str) -> Run<'a>;
    /// Makes a usage plan of this name, of 10 requests a second and 20 at once.
    fn make_usage_plan<'a>(&'a self, name: &'a str) -> Run<'a>;
    /// Has the tenant billed for something since the start of the month; tells how much.
    fn bill<'a>(&'a self, tenant: &'a TenantId) -> Job<'a, Usd>;
}

/// What one case is played on.
pub struct Stage<'a> {
    backstage: &'a dyn Backstage,
    run: u32,
    case: u32,
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("run", &self.run).field("case", &self.case).finish_non_exhaustive()
    }
}

impl<'a> Stage<'a> {
    /// The stage of the `case`-th case of a run; no two have the same names.
    pub fn new(backstage: &'a dyn Backstage, run: u32, case: u32) -> Self {
        Self { backstage, run, case }
    }

    /// A name of our own: lower-case letters, digits and hyphens, at most 28 characters where the stem has at most 10.
    /// That is what every service takes.
    pub fn name(&self, stem: &str) -> String {
        format!("cato-{stem}-{:08x}-{:03}", self.run, self.case)
    }

    /// The `nth` tenant of this case.
    pub fn tenant(&self, nth: u8) -> Result<TenantId, Failure> {
        let text = format!("{:08x}-0000-4000-8000-{:06x}0000{nth:02x}", self.run, self.case);
        TenantId::parse(&text).map_err(|error| Failure(error.to_string()))
    }

    /// Tags of the first tenant.
    pub fn tags(&self) -> Result<Tags, Failure> {
        Ok(Tags::from([
            (TagKey::TenantId, self.tenant(1)?.as_str().to_owned()),
            (TagKey::Project, "RADIANT".to_owned()),
            (TagKey::Tier, "STAGING".to_owned()),
            (TagKey::ManagedBy, "capstan".to_owned()),
        ]))
    }

    /// Lets time pass.
    pub async fn pass(&self) -> Result<(), Failure> {
        self.backstage.pass().await
    }

    /// Looks until it is good, and tells what was seen then.
    pub async fn until<T: Debug>(
        &self,
        what: &str,
        look: impl AsyncFn() -> CloudResult<T>,
        good: impl Fn(&T) -> bool,
    ) -> Result<T, Failure> {
        let mut seen = look().await?;
        for _ in 0..self.backstage.patience() {
            if good(&seen) {
                return Ok(seen);
            }
            self.pass().await?;
            seen = look().await?;
        }
        Err(Failure(format!("waited in vain until {what}; last seen: {seen:?}")))
    }

    /// Looks until nothing is there.
    pub async fn until_gone<T: Debug>(
        &self,
        look: impl AsyncFn() -> CloudResult<Option<T>>,
    ) -> Result<(), Failure> {
        self.until("it is gone", look, Option::is_none).await.map(drop)
    }

    /// Looks until something is there that is good.
    pub async fn until_there<T: Debug>(
        &self,
        what: &str,
        look: impl AsyncFn() -> CloudResult<Option<T>>,
        good: impl Fn(&T) -> bool,
    ) -> Result<T, Failure> {
        let seen = self.until(what, look, |seen| seen.as_ref().is_some_and(&good)).await?;
        crate::case::there(what, seen)
    }

    /// What happens behind the port's back.
    pub fn backstage(&self) -> &dyn Backstage {
        self.backstage
    }
}
