//! What a world and a call cost. Not a test of anything: run it by name, optimised, to see the figures.

use crate::setting::*;
use capstan_core::ports::Streams;
use sim::{Invocation, Ports, SharedWorld, WorldConfig, run};
use std::hint::black_box;

#[expect(clippy::disallowed_methods, reason = "this measures")]
fn nanos(times: u32, mut work: impl FnMut()) -> u128 {
    let from = std::time::Instant::now();
    for _ in 0..times {
        work();
    }
    from.elapsed().as_nanos() / u128::from(times)
}

#[test]
#[ignore = "prints figures; run with --release -- --ignored --nocapture cost"]
fn figures() {
    let config = WorldConfig { record: false, ..WorldConfig::default() };
    let fresh = nanos(200_000, || drop(black_box(SharedWorld::in_memory(config.clone()))));
    let world = SharedWorld::in_memory(config);
    let invocation = Invocation::unlimited();
    let p = Ports::for_invocation(&world, invocation.clone());
    let absent = nanos(1_000_000, || drop(black_box(run(p.stream("s"), &invocation))));
    ok(p.create_stream("s", None, &tags()));
    let present = nanos(1_000_000, || drop(black_box(run(p.stream("s"), &invocation))));
    let stepped = nanos(200_000, || drop(black_box(world.fork())));
    println!("world {fresh} ns, call {absent} ns, call with an answer {present} ns, fork {stepped} ns");
}
