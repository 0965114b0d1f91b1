//! What all runs share: the system, and the worlds in which they begin.

use super::history::{Case, Doing, Start, TENANTS, Tenant};
use super::mishap::Mishap;
use super::operator::Operator;
use crate::Blueprint;
use crate::drill::DrillError;
use crate::engine::{Engine, Options};
use crate::functions::Function;
use crate::issuer;
use crate::template::{Description, Source};
use capstan_core::tier::{Tier, prices};
use capstan_core::time::Millis;
use sim::{Pace, SharedWorld, Tamper, World, WorldConfig};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// How long a change without mishaps may take.
const CLEAN: Millis = Millis::hours(2);

/// The system, and the worlds in which runs begin. It never changes.
#[derive(Debug)]
pub struct Stage {
    blueprint: Arc<Blueprint>,
    /// The template, where it is not the one compiled in.
    template: Option<PathBuf>,
    worlds: BTreeMap<Start, World>,
}

impl Stage {
    /// Builds the system from the template and brings tenants to where runs begin.
    pub fn new(source: &Source, registry: &[Function]) -> Result<Self, DrillError> {
        Self::tampered(source, registry, |_| {}, &Tamper::default())
    }

    /// The same with a description that something was done to, or a world that does less than a cloud: for tests that take a
    /// safeguard away. The worlds in which
    /// runs begin are made by the untouched system.
    pub fn tampered(
        source: &Source,
        registry: &[Function],
        tamper: impl FnOnce(&mut Description),
        world: &Tamper,
    ) -> Result<Self, DrillError> {
        let mut parameters = issuer::parameters();
        // How often a tenant may ask is a matter of people's time, and there is none here.
        parameters.insert("TenantRequestsPerMinute".to_owned(), "0".to_owned());
        let mut description = source.read(&parameters)?;
        let sound = Blueprint::new(description.clone(), crate::functions::registry())?;
        let mut worlds = BTreeMap::new();
        for start in Start::ALL {
            worlds.insert(start, opening(&sound, start)?);
        }
        tamper(&mut description);
        for start in worlds.values_mut() {
            start.tamper(world.clone());
        }
        let template = match source {
            Source::BuiltIn => None,
            Source::File(file) => Some(file.clone()),
        };
        Ok(Self { blueprint: Blueprint::new(description, registry)?, template, worlds })
    }

    /// Why this case can't be played with this system, if so.
    pub fn refusal(&self, case: &Case) -> Option<String> {
        let schedules = self.blueprint.description().schedules.len();
        case.events.iter().find_map(|event| match event.what {
            Doing::Mishap(Mishap::Fire(which)) if which >= schedules => Some(format!(
                "`fire {which}`: {} has {schedules} schedules, counted from 0",
                self.blueprint.description().source
            )),
            _ => None,
        })
    }

    /// The command that plays a case again.
    pub fn replay(&self, case: &str) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let template = self.template.as_ref().map(|file| file.display().to_string());
        let template = template.map(|file| format!("--template {} ", quoted(&file))).unwrap_or_default();
        format!("capstan simulate {template}--replay {}", quoted(case))
    }

    /// The engine over a copy of the world in which a case begins.
    pub(super) fn set(&self, case: &Case) -> Engine {
        let mut world =
            self.worlds.get(&case.start).cloned().unwrap_or_else(|| World::new(config(&self.blueprint)));
        world.reseed(case.seed);
        world.set_pace(case.lengths.pace());
        let system = self.blueprint.on(SharedWorld::new(world));
        Engine::new(system, Options { seed: case.seed, shuffle: true, interleave: case.interleave, speed: 1 })
    }
}

fn config(blueprint: &Blueprint) -> WorldConfig {
    let mut config =
        WorldConfig { hourly: Some(prices::hourly), pace: Pace::QUICK, ..WorldConfig::default() };
    if let Some(machine) = blueprint.description().state_machines.first() {
        config.state_machine.clone_from(&machine.name);
    }
    config
}

/// The world in which the first tenant is where the run begins, and the second in STAGING, all of it days ago.
fn opening(blueprint: &Arc<Blueprint>, start: Start) -> Result<World, DrillError> {
    let world = SharedWorld::in_memory(config(blueprint));
    let mut engine = Engine::new(blueprint.on(world.clone()), Options::default());
    let path: &[Tier] = match start {
        Start::Fresh => &[],
        Start::In(Tier::Dev) => &[Tier::Staging, Tier::Dev],
        Start::In(Tier::Staging) => &[Tier::Staging],
        Start::In(Tier::Production) => &[Tier::Production],
    };
    for (tenant, path) in [(Tenant(1), &[Tier::Staging][..]), (Tenant(0), path)] {
        for tier in path {
            Operator::of(tenant).ask(&engine, *tier, true);
            let by = engine.now() + CLEAN;
            engine.run_until_idle(by);
            engine.skip(Millis::hours(25));
            if Operator::of(tenant).tier(&engine) != Some(*tier) {
                let what = format!("the opening move of {} to {tier}", TENANTS[tenant.0]);
                let detail = "it did not end well".to_owned();
                return Err(DrillError::Unanswered { what, status: 0, detail });
            }
        }
    }
    engine.skip(Millis::days(9));
    engine.run_until(engine.now() + Millis::hours(2), |_| false);
    let mut world = world.fork();
    world.clear_records();
    world.leave_out_calls();
    Ok(world)
}
