//! `test-alarm`: makes an alarm ring, sees whether its actions are carried out, and resets it.
//!
//! An alarm that really rings is never touched: setting it to OK would hide the trouble until it is reckoned anew. What this
//! sets it resets, whatever fails between; an alarm that was reckoned anew meanwhile is left as it is. A test that died with
//! its process leaves an alarm ringing with a reason by which the next test knows it, and takes it over after
//! [`LEFT_AFTER`]; one of a metric is reckoned anew by `CloudWatch` before that.

mod test;

use api::{Fields, Problem, Reply, Request};
use capstan_core::iops::watch::is_ours;
use capstan_core::ports::{Alarms, Clock, Entropy, Store};
use capstan_core::tier::reason_objection;
use capstan_core::time::Millis;
use tier_steps::{Environment, SettingError};

/// After this a test counts as cut off. One takes 25 s at most, which is what a function behind the API has.
pub const LEFT_AFTER: Millis = Millis::minutes(1);

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whose alarms may be tested.
    pub environment: String,
}

impl Config {
    /// Reads `ENVIRONMENT`.
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        match environment.get("ENVIRONMENT") {
            Some(name) if !name.is_empty() => Ok(Self { environment: name.clone() }),
            _ => Err(SettingError {
                name: "ENVIRONMENT",
                problem: "is missing: give dev, staging or prod".to_owned(),
            }),
        }
    }
}

/// Answers a request. `pause` waits before the n-th look.
pub async fn handle<P: Future<Output = ()>>(
    ports: &(impl Alarms + Store + Clock + Entropy),
    pause: impl Fn(u32) -> P,
    config: &Config,
    request: Request,
) -> Result<Reply, Problem> {
    if (request.method.as_str(), request.route.as_str()) != ("POST", "/alarms/{name}/test") {
        return Err(request.no_such_route());
    }
    request.only_query(&[])?;
    let reason = reason(&request)?;
    let name = request.path.get("name").map(String::as_str).unwrap_or_default();
    if !is_ours(name, &config.environment) {
        return Err(Problem::not_found(format!(
            "this is no alarm of IOps in {}: their names stand in docs/runbooks/iops-dashboard.md",
            config.environment
        )));
    }
    test::test(ports, pause, &request, name, &reason).await
}

/// The reason that every act by a person bears.
fn reason(request: &Request) -> Result<String, Problem> {
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    fields.finish()?;
    let reason = reason.unwrap_or_default();
    match reason_objection(&reason) {
        Some(objection) => Err(Problem::invalid_field("reason", objection.message)),
        None => Ok(reason.trim().to_owned()),
    }
}
