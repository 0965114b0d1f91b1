//! A model to begin with: an endpoint in service from the first moment, so that a newcomer can start a canary at once.
//!
//! It is trained as every other one is, on rows of the made-up fleet, whose scores are what the built-in model says of them.
//! Rejected: a stored model in the repository; it would go on saying what the rules said when it was made.

use crate::fleet::{Fleet, Incident, Trouble};
use capstan_core::iops::assess;
use capstan_core::ports::EndpointConfig;
use model::{Row, Rows, Trained};
use sim::{SharedWorld, World};
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use watch::{Watch, Window};

/// The model's name, and its configuration's: those of a model that was made at the beginning of time.
const MODEL: &str = "iops-model-seedling";
const CONFIG: &str = "iops-config-seedling";
const HOSTS: u32 = 24;
/// Minutes of which each host's rows are; trouble begins in the middle.
const MINUTES: u64 = 160;
/// Minutes of which no row is made: a detector that has seen nothing yet finds everything odd, or nothing.
const WARM_UP: u64 = 40;
const SEED: u64 = 11;
/// 2026-01-01T00:00:00Z
const BEGINS: u64 = 1_767_225_600;

/// So long after a start the model is trained though nobody has asked for it.
const AT_THE_LATEST: Duration = Duration::from_secs(10);

/// Trained once a process.
static TRAINED: OnceLock<Result<String, String>> = OnceLock::new();

/// Puts the endpoint into a world that has none of this name, in service. Whether it did.
pub fn plant(world: &mut World, endpoint: &str) -> Result<bool, String> {
    if world.has_endpoint(endpoint) {
        return Ok(false);
    }
    let artifact = TRAINED.get_or_init(train).clone()?;
    let config = EndpointConfig {
        name: CONFIG.to_owned(),
        model: MODEL.to_owned(),
        instance_type: "ml.t2.medium".to_owned(),
        initial_instances: 1,
        second_model: None,
    };
    world.plant_endpoint(endpoint, config, artifact.into_bytes());
    Ok(true)
}

/// The same for these endpoints of a world that is in use, on a thread of its own: to train takes longer than all the rest of
/// a start, and is begun when somebody asks for the endpoint or its model, or when the start is over. Who asks before it is
/// done waits for it. Killed before that, the world has no endpoint, and the next start plants it.
pub fn plant_beside(world: &SharedWorld, endpoints: BTreeSet<String>) -> io::Result<()> {
    let missing = |name: &String| !world.with(|world| world.has_endpoint(name));
    let missing: Vec<String> = endpoints.into_iter().filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().cloned().chain([MODEL.to_owned(), CONFIG.to_owned()]);
    let (making, world) = (world.making(names.collect()), world.clone());
    let plant_all = move || {
        making.until_asked(AT_THE_LATEST);
        // Outside of the world's lock: others need it.
        let trained = TRAINED.get_or_init(train).as_ref().map(drop).map_err(String::clone);
        let planted = |name: &String| world.with(|world| plant(world, name)).map(drop);
        if let Err(reason) = trained.and_then(|()| missing.iter().try_for_each(planted)) {
            // Nobody to tell if this fails.
            let _ = writeln!(io::stderr(), "capstan: there is no model to begin with: {reason}");
        }
        drop(making);
    };
    thread::Builder::new().name("seedling".to_owned()).spawn(plant_all).map(drop)
}

fn train() -> Result<String, String> {
    let rows = Rows::new((0..HOSTS).flat_map(rows_of).collect()).map_err(|error| error.to_string())?;
    let trained = Trained::on(&rows, SEED).map_err(|error| error.to_string())?;
    trained.model.to_json().map_err(|error| error.to_string())
}

/// The rows of a host: a third of them are calm, the others have trouble of some kind in their second half.
fn rows_of(host: u32) -> Vec<Row> {
    let fleet = Fleet::new(HOSTS, SEED);
    let incident = Incident::ALL.get(usize::try_from(host % 9).unwrap_or(0)).copied();
    let since = BEGINS + MINUTES / 2 * 60;
    let trouble = incident.map(|incident| Trouble { incident, hosts: HOSTS, since });
    let (mut watch, mut window) = (Watch::default(), Window::default());
    let mut last_alert = None;
    let mut rows = Vec::new();
    for minute in 0..MINUTES {
        let Some(metric) = fleet.metric(host, BEGINS + minute * 60, trouble) else { continue };
        let seen = watch.observe(&metric);
        let found = assess(&metric, &seen);
        window.push(&metric);
        let features = window.features(&seen, last_alert);
        if found.score >= 40 {
            last_alert = Some(metric.at);
        }
        if let (Ok(features), true) = (features, minute >= WARM_UP) {
            let score = (f64::from(found.score) / 33.33).min(model::HIGHEST);
            rows.push(Row { at: metric.at, host: metric.hostname.to_string(), features, score });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::WorldConfig;

    #[test]
    fn it_is_planted_once_and_serves() {
        let mut world = World::new(WorldConfig::default());
        assert_eq!(plant(&mut world, "iops-model"), Ok(true));
        let dump = world.dump();
        assert_eq!(plant(&mut world, "iops-model"), Ok(false));
        assert_eq!(world.dump(), dump);
        assert!(world.has_endpoint("iops-model") && !world.has_endpoint("other"));
        let again = World::load(WorldConfig::default(), dump.clone()).unwrap();
        assert_eq!(again.dump(), dump);
    }

    /// It would be rolled back by its disagreement otherwise.
    #[test]
    fn it_says_what_the_built_in_model_says() {
        let model = model::Model::from_json(&train().unwrap()).unwrap();
        let rows: Vec<Row> = (0..HOSTS).flat_map(rows_of).collect();
        let risk = |score: f64| capstan_core::iops::answer::risk_of(score);
        let kind = |score| capstan_core::iops::InsightType::of(risk(score));
        let alike = rows.iter().filter(|row| kind(model.score(&row.features)) == kind(row.score)).count();
        assert!(alike * 100 >= rows.len() * 95, "{alike} of {}", rows.len());
        let bad = rows.iter().filter(|row| risk(row.score) >= 40).count();
        assert!(bad * 20 > rows.len(), "{bad} of {} rows are bad", rows.len());
    }
}
