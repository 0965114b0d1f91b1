//! The suites on the simulation, and that they leave nothing out.

use conformance::front_door::{self, Heard, Place};
use conformance::run::{self, Backend};
use conformance::simulated::Simulated;
use conformance::{operations, suites};
use sim::{Invocation, Knock, Operation, Outcome};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The issuer of tokens is no service of AWS and has no peer: its adapter is tested in crates/aws/src/issuer/tests.rs.
const NO_SERVICE: (&str, &str) = ("IssuerKeys", "issuer");
/// What the console asks is no service either: its suite is run below, and on `aws` in `front_door.rs`.
const NO_PEER: [&str; 2] = ["ApiClient", "SignIn"];
/// Where the door of the simulation is said to be.
const URL: &str = "http://127.0.0.1:3000";
/// What stands beside the ports and is none: records that can be put.
const NO_PORT: &str = "Stored";

#[test]
fn the_simulation_keeps_every_promise_and_every_operation_is_called() {
    let cases = suites::all();
    let cloud = Simulated::default();
    let future = run::run(Backend::Sim, &cases, cloud.ports(), &cloud, 0x5eed);
    let Outcome::Done(all, _) = sim::run(future, &Invocation::unlimited()) else {
        panic!("a case waits for what never comes");
    };
    run::write(&run::evidence_folder(), Backend::Sim, &all).unwrap();
    let surprises = run::surprises(Backend::Sim, &all);
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));

    let called: BTreeSet<Operation> =
        cloud.world().with(|world| world.calls().iter().map(|call| call.operation).collect());
    let services = Operation::ALL.iter().filter(|one| one.service() != NO_SERVICE.1);
    let left_out: Vec<_> = services.filter(|one| !called.contains(one)).collect();
    assert!(left_out.is_empty(), "no case calls {left_out:?}");
}

#[test]
fn the_suites_and_the_table_of_operations_have_the_same_methods() {
    let cases = suites::all::<sim::Ports>();
    let exercised: BTreeSet<(&str, &str)> =
        cases.iter().flat_map(|case| case.methods.iter().map(|method| (case.port, *method))).collect();
    let listed: BTreeSet<(&str, &str)> =
        operations::METHODS.iter().map(|method| (method.port, method.name)).collect();
    let without = |port: &str| port == NO_SERVICE.0 || NO_PEER.contains(&port);
    let listed: BTreeSet<_> = listed.into_iter().filter(|(port, _)| !without(port)).collect();
    assert_eq!(exercised, listed, "exercised, and listed in the table of operations");
    let ports: BTreeSet<&str> = listed.iter().map(|(port, _)| *port).collect();
    assert_eq!(ports, suites::PORTS.iter().copied().collect::<BTreeSet<_>>());
    let named: BTreeSet<(&str, &str)> = cases.iter().map(|case| (case.port, case.name)).collect();
    assert_eq!(named.len(), cases.len(), "a case's name is unique within its port");
}

#[test]
fn the_simulation_s_door_keeps_every_promise_and_every_method_is_called() {
    let (open, shut) = (Simulated::default(), Simulated::default());
    open.world().set_door(Arc::new(|knock: &Knock<'_>| {
        let headers = knock.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        front_door::answer(
            URL,
            &Heard { method: knock.method, target: knock.target, headers, body: knock.body },
        )
    }));
    let all =
        front_door::all(Place { ports: open.ports(), url: URL }, Place { ports: shut.ports(), url: URL });
    let Outcome::Done(all, _) = sim::run(all, &Invocation::unlimited()) else {
        panic!("a case waits for what never comes");
    };
    assert_eq!(front_door::broken(&all), Vec::<String>::new());
    let called: BTreeSet<(&str, &str)> =
        all.iter().flat_map(|kept| kept.methods.iter().map(|method| (kept.port, *method))).collect();
    let listed = operations::METHODS.iter().filter(|method| NO_PEER.contains(&method.port));
    assert_eq!(called, listed.map(|method| (method.port, method.name)).collect());
}

/// The ports' sources are read for it, so that a new method can't be forgotten here.
#[test]
fn every_method_of_every_port_is_in_the_table_of_operations() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/ports");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut port = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("pub trait ") {
                port = rest.split([':', ' ', '{']).next().filter(|name| *name != NO_PORT).map(str::to_owned);
            } else if line == "}" {
                port = None;
            } else if let (Some(port), Some(rest)) = (&port, line.strip_prefix("    fn ")) {
                found.insert((port.clone(), rest.split(['(', '<']).next().unwrap().to_owned()));
            }
        }
    }
    let listed: BTreeSet<(String, String)> =
        operations::METHODS.iter().map(|one| (one.port.to_owned(), one.name.to_owned())).collect();
    assert!(found.len() > 50, "the ports' sources were read: {found:?}");
    assert_eq!(found, listed);
}

#[test]
fn every_simulated_operation_stands_for_a_call_of_a_method() {
    let listed: BTreeSet<Operation> =
        operations::METHODS.iter().flat_map(|method| method.simulated.iter().copied()).collect();
    assert_eq!(listed, Operation::ALL.into_iter().collect());
}
