//! A rehearsal of tier transitions: the real functions and workflow, in a cloud that lives in memory on virtual time.
//!
//! It goes in by the same door as anyone: a token, a route, a function. So what a drill shows is what a user gets. What
//! it reports about resources comes from the cloud's own log, not from what the functions say they did.

mod door;
mod watch;

use crate::engine::{Engine, Options};
use crate::functions::Function;
use crate::issuer::{self, ISSUER, Issuer};
use crate::key_file::KeyError;
use crate::template::{Description, Source, TemplateError};
use crate::{StartError, System, clock::Stopwatch};
use capstan_core::ids::TenantId;
use capstan_core::tier::{Tier, prices};
use capstan_core::time::{Millis, Timestamp};
use door::Door;
use serde::Serialize;
use serde_json::{Value, json};
use sim::{Fault, SharedWorld, WorldConfig};
use std::sync::Arc;
use watch::Watch;

/// The tenant that is moved about.
const TENANT: &str = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b";

/// The tenant of drills and measurements.
#[expect(clippy::expect_used, reason = "it is a constant, and every drill reads it")]
pub(crate) fn tenant() -> TenantId {
    TenantId::parse(TENANT).expect("a UUID")
}

/// Longer than any transition with all its recoveries.
const LONGEST: Millis = Millis::hours(24);

/// Why a drill can't be held.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// The template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The system does not fit together.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A request that must be answered was not.
    #[error("{what} was answered by {status}: {detail}")]
    Unanswered {
        /// The request.
        what: String,
        /// The status.
        status: u16,
        /// What was said.
        detail: String,
    },
}

/// How one transition went.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// The tier before.
    pub from: Tier,
    /// The tier wanted.
    pub to: Tier,
    /// `COMPLETED`, `ROLLED_BACK`, `FAILED`, `STUCK`, or `REJECTED` if it was not even begun.
    pub status: String,
    /// From the request to the recorded end.
    pub virtual_seconds: f64,
    /// From the request until the last life cycle among the resources it touched ended, says the cloud.
    pub slowest_resource_seconds: f64,
    /// What it took on this machine.
    pub wall_millis: f64,
    /// Resources made.
    pub created: Vec<String>,
    /// Resources changed that were there before and still are.
    pub changed: Vec<String>,
    /// Stores replaced and kept for their days of grace.
    pub retired: Vec<String>,
    /// Resources deleted.
    pub deleted: Vec<String>,
    /// The tenant's estimated monthly cost before, in USD.
    pub cost_before: Value,
    /// And after.
    pub cost_after: Value,
    /// Resources that nothing accounts for: there must be none.
    pub orphans: Vec<String>,
    /// What went wrong on the way.
    pub errors: Vec<String>,
}

impl Leg {
    /// Whether it did what was asked, and left nothing behind.
    pub fn good(&self) -> bool {
        self.status == "COMPLETED" && self.orphans.is_empty()
    }
}

/// A system in memory, on virtual time, and a door to it.
#[derive(Debug)]
pub struct Drill {
    engine: Engine,
    door: Door,
}

impl Drill {
    /// A system with an empty cloud. The same seed gives the same drill.
    pub fn new(source: &Source, registry: &[Function], seed: u64) -> Result<Self, DrillError> {
        let issuer = Issuer::passing()?;
        let mut parameters = issuer::parameters();
        // A rehearsal is of the procedure; and its time is not people's.
        parameters.insert("TenantRequestsPerMinute".to_owned(), "0".to_owned());
        let description = source.read(&parameters)?;
        let world = SharedWorld::in_memory(config(&description, seed));
        world.with(|world| world.set_issuer_keys(ISSUER, issuer.document()));
        let system = System::new(description, registry, world)?;
        let options = Options { seed, shuffle: true, interleave: false, speed: 1 };
        let engine = Engine::new(Arc::clone(&system), options);
        Ok(Self { engine, door: Door::new(system, issuer) })
    }

    /// The engine, and through it the world.
    pub const fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Makes the cloud misbehave from now on.
    pub fn misbehave(&self, faults: &[Fault]) {
        self.world().with(|world| faults.iter().for_each(|fault| world.add_fault(fault.clone())));
    }

    fn world(&self) -> &SharedWorld {
        self.engine.system().world()
    }

    /// Sends a request as a super admin of the tenant; status and body.
    pub fn request(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.door.request(self.engine.now(), method, path, body)
    }

    fn get(&self, path: &str) -> Result<Value, DrillError> {
        self.door.get(self.engine.now(), path)
    }

    /// The tier the tenant is in.
    pub fn tier(&self) -> Result<Tier, DrillError> {
        let tier = self.get("/tier")?;
        Ok(tier["currentTier"].as_str().and_then(Tier::parse).unwrap_or(Tier::Dev))
    }

    /// Moves the tenant and sees how that goes, to its end.
    pub fn transition(&mut self, to: Tier) -> Result<Leg, DrillError> {
        self.sit_out_cooldown()?;
        let wall = Stopwatch::start();
        let before = self.get("/tier")?;
        let from = before["currentTier"].as_str().and_then(Tier::parse).unwrap_or(Tier::Dev);
        let watch = Watch::new(self.world(), self.engine.now());
        let refused = self.ask(from, to);
        let watch = if refused.is_none() { self.run(watch)? } else { watch };
        let after = self.get("/tier")?;
        let history = self.get("/tier/change-history?limit=1")?;
        let change = &history["changes"][0];
        let status = match (&refused, after["transitionStatus"].as_str()) {
            (Some(_), _) => "REJECTED".to_owned(),
            (None, Some("STUCK")) => "STUCK".to_owned(),
            (None, _) => change["status"].as_str().unwrap_or("UNKNOWN").to_owned(),
        };
        let ended =
            change["completedAt"].as_str().and_then(Timestamp::parse).unwrap_or_else(|| self.engine.now());
        let ended = if refused.is_some() { watch.asked_at } else { ended };
        let errors = refused.unwrap_or_else(|| messages(&change["errors"]));
        let touched = watch.touched(self.world());
        let orphans =
            self.get("/tier/orphans")?["orphans"].as_array().map(|all| all.iter().map(name).collect());
        Ok(Leg {
            from,
            to,
            status,
            virtual_seconds: ended.since(watch.asked_at).as_seconds_f64(),
            slowest_resource_seconds: watch.last_settled.since(watch.asked_at).as_seconds_f64(),
            wall_millis: (wall.millis() * 10.0).round() / 10.0,
            created: touched.created,
            changed: touched.changed,
            retired: touched.retired,
            deleted: touched.deleted,
            cost_before: before["estimatedMonthlyCost"].clone(),
            cost_after: after["estimatedMonthlyCost"].clone(),
            orphans: orphans.unwrap_or_default(),
            errors,
        })
    }

    /// Lets the time pass in which no change is allowed.
    fn sit_out_cooldown(&mut self) -> Result<(), DrillError> {
        let tier = self.get("/tier")?;
        let allowed = tier["nextChangeAllowedAt"].as_str().and_then(Timestamp::parse);
        if let Some(allowed) = allowed.filter(|allowed| *allowed > self.engine.now()) {
            self.engine.skip(allowed.since(self.engine.now()) + Millis::seconds(1));
        }
        Ok(())
    }

    /// Asks for the change, and confirms it where that is wanted; why not, if it is refused.
    fn ask(&self, from: Tier, to: Tier) -> Option<Vec<String>> {
        let wish = json!({ "targetTier": to, "reason": format!("drill: from {from} to {to}") });
        let (mut status, mut answer) = self.request("POST", "/tier/change", &wish);
        if answer["status"] == "REQUIRES_CONFIRMATION" {
            let token = json!({ "confirmationToken": answer["confirmationToken"] });
            (status, answer) = self.request("POST", "/tier/confirm", &token);
        }
        if answer["status"] == "INITIATED" {
            return None;
        }
        let mut reasons = messages(&answer["errors"]);
        if reasons.is_empty() {
            reasons.push(answer["detail"].as_str().map_or_else(|| format!("HTTP {status}"), str::to_owned));
        }
        Some(reasons)
    }

    /// Lets everything run until the change has ended.
    fn run(&mut self, mut watch: Watch) -> Result<Watch, DrillError> {
        let mut failed = None;
        let door = &self.door;
        let by = self.engine.now() + LONGEST;
        self.engine.run_until(by, |engine| {
            watch.look(engine.system().world());
            if !engine.idle() {
                return false;
            }
            match door.get(engine.now(), "/tier") {
                Ok(tier) => !under_way(&tier),
                Err(error) => {
                    failed = Some(error);
                    true
                }
            }
        });
        failed.map_or(Ok(watch), Err)
    }
}

/// Whether a change is.
fn under_way(tier: &Value) -> bool {
    tier["transitionStatus"]
        .as_str()
        .is_some_and(|status| status.starts_with("SCALING_") || status == "ROLLING_BACK")
}

fn name(row: &Value) -> String {
    format!("{}/{}", row["kind"].as_str().unwrap_or("resource"), row["name"].as_str().unwrap_or_default())
}

/// What stands in a list of errors, whatever form each has.
fn messages(errors: &Value) -> Vec<String> {
    let message = |error: &Value| match error {
        Value::String(text) => text.clone(),
        _ => match (error["name"].as_str(), error["message"].as_str()) {
            (Some(name), Some(message)) => format!("{name}: {message}"),
            (None, Some(message)) => message.to_owned(),
            _ => error.to_string(),
        },
    };
    errors.as_array().map(|errors| errors.iter().map(message).collect()).unwrap_or_default()
}

fn config(description: &Description, seed: u64) -> WorldConfig {
    let mut config = WorldConfig { seed, hourly: Some(prices::hourly), ..WorldConfig::default() };
    if let Some(machine) = description.state_machines.first() {
        config.state_machine.clone_from(&machine.name);
    }
    config
}

#[cfg(test)]
mod tests;
