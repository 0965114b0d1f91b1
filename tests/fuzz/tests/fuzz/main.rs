//! Everything that parses what comes from outside, fed with what is spoiled.
//!
//! For each: no panic, no bad input answered by 5xx, an end within the time of one look, and what is read is written as it is
//! read. `make test` runs each for some seconds from a fixed seed, `make fuzz` for longer from other ones. What fails is
//! shrunk and printed with its seed: `BOLERO_RANDOM_SEED=… cargo test --manifest-path tests/fuzz/Cargo.toml <target>` shows it again.
#![expect(clippy::expect_used, clippy::panic, reason = "a test")]

mod events;
mod gateway;
mod machine;
mod store;
mod texts;

use local::gateway::Request;
use std::time::Duration;

/// The longest that one input may take, on a machine that does other things too.
const LONGEST: Duration = Duration::from_secs(5);

/// Does it, and fails if that took too long.
fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let watch = local::clock::Stopwatch::start();
    let done = work();
    assert!(watch.elapsed() < LONGEST, "{what} took {:?}", watch.elapsed());
    done
}

/// Runs a target over lists of edits.
macro_rules! fuzz {
    ($name:ident, $target:expr) => {
        #[test]
        fn $name() {
            bolero::check!()
                .with_generator(bolero::produce::<Vec<u8>>().with().len(0_usize..=96))
                .for_each(|bytes: &Vec<u8>| $target(capstan_fuzz::Edits::new(bytes)));
        }
    };
}

fuzz!(every_event, events::spoiled);
fuzz!(requests_through_the_gateway, gateway::spoiled);
fuzz!(state_machines, machine::spoiled);
fuzz!(templates, texts::template);
fuzz!(faults, texts::fault);
fuzz!(ids_times_and_roles, texts::words);
fuzz!(edits_of_configurations, texts::config_edit);
fuzz!(entries_of_the_store, store::spoiled);

/// That edits do spoil: without this, all targets could be fed with what is whole.
#[test]
fn edits_change_what_they_are_given() {
    let whole = serde_json::json!({"a": [1, {"b": "text"}], "c": "{\"d\": 1}"});
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..=255_u8 {
        for second in 0..=15_u8 {
            let bytes: Vec<u8> = (0..40)
                .map(|at: u8| seed.wrapping_mul(31).wrapping_add(at.wrapping_mul(second * 16 + 7)))
                .collect();
            let mut document = whole.clone();
            capstan_fuzz::Edits::new(&bytes).document(&mut document);
            seen.insert(document.to_string());
        }
    }
    assert!(seen.len() > 300, "only {} different documents", seen.len());
}

fn request(method: &str, target: &str, body: Vec<u8>) -> Request {
    Request::new(method, target, body)
}
