//! Simulation: many drawn histories, every single fault, all pairs of faults, tales that once went wrong, and whether it would
//! find anything if something were wrong.
#![expect(clippy::expect_used, clippy::panic, reason = "a test")]

/// A test of each of the six moves.
macro_rules! of_every_move {
    ($act:ident) => {
        $crate::of_every_move! { $act:
            dev_to_staging: "DEV" "STAGING",
            dev_to_production: "DEV" "PRODUCTION",
            staging_to_production: "STAGING" "PRODUCTION",
            staging_to_dev: "STAGING" "DEV",
            production_to_staging: "PRODUCTION" "STAGING",
            production_to_dev: "PRODUCTION" "DEV",
        }
    };
    ($act:ident: $($name:ident: $from:literal $to:literal,)*) => {
        $(#[test] fn $name() { $act($from, $to); })*
    };
}
pub(crate) use of_every_move;

#[path = "simulate/pairs.rs"]
mod pairs;
#[path = "simulate/random.rs"]
mod random;
#[path = "simulate/replays.rs"]
mod replays;
#[path = "simulate/singles.rs"]
mod singles;
#[path = "simulate/stalls.rs"]
mod stalls;
#[path = "simulate/teeth.rs"]
mod teeth;
#[path = "simulate/teeth_upkeep.rs"]
mod teeth_upkeep;
#[path = "simulate/words.rs"]
mod words;

use local::functions::registry;
use local::simulate::{Case, Played, Stage, play};
use local::template::Source;
use std::thread;

/// As in the binary `capstan`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn stage() -> Stage {
    Stage::new(&Source::BuiltIn, &registry()).expect("a system and worlds to begin in")
}

fn case(text: &str) -> Case {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Plays all of these on all processors, and panics with the first that breaks a promise; in the order given.
fn play_all(stage: &Stage, cases: &[String]) -> Vec<Played> {
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let part = cases.len().div_ceil(jobs).max(1);
    thread::scope(|scope| {
        let runs: Vec<_> = cases
            .chunks(part)
            .map(|part| scope.spawn(|| part.iter().map(|text| kept(stage, text)).collect::<Vec<Played>>()))
            .collect();
        runs.into_iter()
            .flat_map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn kept(stage: &Stage, text: &str) -> Played {
    let played = play(stage, &case(text));
    assert!(played.violations.is_empty(), "capstan simulate --replay '{text}'\n{:#?}", played.violations);
    played
}
