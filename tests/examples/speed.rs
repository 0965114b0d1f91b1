//! How fast the simulation is: single transitions on copies of a world, move by move.
//!
//! `cargo run --release --package capstan-tests --example speed -- [RUNS] [cloud|quick] [digest|plain]`
//!
//! Times are those the processor spent on this thread (`/proc/thread-self/schedstat`), so that what else the machine does
//! does not count. `digest` also prints one number for all that the worlds hold, half-way and at the end, at some faults: a change
//! that is only to make things faster leaves it as it is.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "it prints figures, or says in a word why it can't"
)]

use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::{Lab, moves};
use local::engine::{Engine, Options};
use sim::{Pace, SharedWorld, World};
use std::hash::{DefaultHasher, Hasher};

/// As in the binary `capstan`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Processor time of this thread so far, in milliseconds.
fn spent() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: u32 = text
        .split(' ')
        .next()
        .and_then(|n| n.parse::<u64>().ok())
        .map_or(0, |n| u32::try_from(n / 1_000).unwrap_or(u32::MAX));
    f64::from(nanos) / 1e3
}

fn digest(world: &World, hasher: &mut DefaultHasher) {
    for (key, value) in world.dump() {
        hasher.write(key.as_bytes());
        hasher.write(&value);
    }
}

/// One move on a copy of a world; how many port calls it took.
fn run(lab: &Lab, to: Tier, seed: u64, pace: Pace, mut hasher: Option<&mut DefaultHasher>) -> u32 {
    let mut world = lab.world().fork();
    world.reseed(seed);
    world.record(false);
    world.set_pace(pace);
    if hasher.is_some() && !seed.is_multiple_of(3) {
        let fault =
            if seed % 3 == 1 { format!("*:*:@{}:crash", 40 + seed) } else { "neptune:*:3:error".to_owned() };
        world.add_fault(fault.parse().expect("a fault"));
    }
    let before = world.call_count();
    let mut lab =
        lab.on_world(SharedWorld::new(world), Options { seed, shuffle: true, interleave: true, speed: 1 });
    let answer = lab.ask(to);
    if hasher.is_none() {
        assert_eq!(answer["status"], "INITIATED", "{answer}");
    }
    let by = lab.engine().now() + Millis::hours(24);
    let mut steps = 0_u32;
    let done = lab.engine().run_until(by, |engine: &Engine| {
        steps += 1;
        if let Some(hasher) = hasher.as_deref_mut().filter(|_| steps.is_multiple_of(64)) {
            engine.system().world().with(|world| digest(world, hasher));
        }
        engine.idle()
    });
    lab.world().with(|world| {
        if let Some(hasher) = hasher {
            digest(world, hasher);
        } else {
            assert!(done, "it came to an end");
        }
        world.call_count() - before
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let runs: u32 = arguments.next().map_or(100, |text| text.parse().expect("a number of runs"));
    let pace = match arguments.next().as_deref() {
        Some("cloud") => Pace::AsInTheCloud,
        _ => Pace::QUICK,
    };
    let digests = arguments.next().as_deref() == Some("digest");
    // What the tenant did to come where it is need not be copied into every run.
    let labs: Vec<(Tier, Lab)> = Tier::ALL.into_iter().map(|tier| (tier, Lab::at(tier, 1))).collect();
    for (_, lab) in &labs {
        lab.world().with(World::clear_records);
    }
    let mut total = 0.0;
    let mut hasher = DefaultHasher::new();
    for (from, to) in moves() {
        let (_, lab) = labs.iter().find(|(tier, _)| *tier == from).expect("a lab for each tier");
        let began = spent();
        let calls: u32 = (0..runs).map(|seed| run(lab, to, seed.into(), pace, None)).sum();
        let each = (spent() - began) / f64::from(runs);
        total += each;
        println!("{from:>10} → {to:<10} {each:8.3} ms {:6} calls", calls / runs);
        for seed in (0..10_u64).filter(|_| digests) {
            run(lab, to, seed, pace, Some(&mut hasher));
        }
    }
    println!("{:>23} {:8.3} ms, {:.0} runs/s", "on average", total / 6.0, 6000.0 / total);
    if digests {
        println!("{:>23} {:016x}", "digest", hasher.finish());
    }
}
