//! Handlers interleaved call by call: what a scheduler over simulated ports can do.

use crate::setting::*;
use capstan_core::ports::*;
use serde_json::json;
use sim::{Invocation, Outcome, Ports, SharedWorld, Stepper, WorldConfig};

/// Reads the version and writes the next one, if it is still that.
async fn bump(ports: &Ports) -> Result<(), StoreError> {
    let key = put(Table::InfrastructureTier, "t", "", json!({})).key;
    let version = ports.get(&key).await?.and_then(|item| item["version"].as_u64()).unwrap_or(0);
    let mut write = put(Table::InfrastructureTier, "t", "", json!({ "version": version + 1 }));
    write.condition = Some(if version == 0 { Condition::Absent } else { Condition::VersionIs(version) });
    ports.transact(vec![write]).await
}

fn interleaved(order: &[usize]) -> (Vec<Result<(), StoreError>>, SharedWorld) {
    let world = world();
    let both = [ports(&world), ports(&world)];
    let mut steppers: Vec<_> = both.iter().map(|p| Some(Stepper::new(bump(p), p.invocation()))).collect();
    let mut results = vec![Ok(()); 2];
    for &who in order {
        if let Some(stepper) = &mut steppers[who]
            && let Some(outcome) = stepper.step()
        {
            let Outcome::Done(result, _) = outcome else { panic!("killed") };
            results[who] = result;
            steppers[who] = None;
        }
    }
    assert!(steppers.iter().all(Option::is_none));
    drop(steppers);
    (results, world)
}

#[test]
fn one_after_the_other_both_write_and_interleaved_one_is_refused() {
    let (results, _) = interleaved(&[0, 0, 0, 1, 1, 1]);
    assert_eq!(results, [Ok(()), Ok(())]);
    let (results, _) = interleaved(&[0, 1, 0, 1, 1, 0]);
    assert_eq!(results, [Err(StoreError::ConditionFailed(0)), Ok(())]);
    let (results, _) = interleaved(&[0, 1, 0, 1, 0, 1]);
    assert_eq!(results, [Ok(()), Err(StoreError::ConditionFailed(0))]);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let story = |seed: u64| {
        let world = SharedWorld::in_memory(WorldConfig { seed, ..WorldConfig::default() });
        let p = ports(&world);
        ok(p.create_stream("s", None, &tags()));
        ok(p.create_domain("dom", &small_domain(), &tags()));
        let chance = p.random();
        (chance, world.with(|world| world.dump()))
    };
    assert_eq!(story(1), story(1));
    assert_ne!(story(1).0, story(2).0);
    assert_ne!(story(1).1, story(2).1);
}

#[test]
fn a_fork_goes_its_own_way() {
    let world = world();
    ok(ports(&world).create_stream("s", None, &tags()));
    let fork = SharedWorld::new(world.fork());
    rest(&fork);
    ok(ports(&fork).delete_stream("s"));
    assert_eq!(ok(ports(&world).stream("s")).unwrap().status, StreamStatus::Creating);
}

#[test]
fn wall_time_and_entropy_come_from_outside_where_they_are_given() {
    let wall = || capstan_core::time::Timestamp::from_millis(5);
    let entropy = || [7; 16];
    let config = WorldConfig { wall: Some(wall), entropy: Some(entropy), ..WorldConfig::default() };
    let p = ports(&SharedWorld::in_memory(config));
    assert_eq!((p.wall().as_millis(), p.random()), (5, [7; 16]));
    let p = ports(&world());
    assert_eq!(p.wall(), p.now());
    assert_ne!(p.random(), p.random());
}

#[test]
fn ports_are_send_and_so_are_their_futures() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let p = send(Ports::for_invocation(&world(), Invocation::unlimited()));
    let none = ask(send(p.stream("s"))).unwrap();
    assert_eq!(none, None);
}
