//! Prints the table of operations, the cases and the known differences, as JSON: what the page about the simulation's
//! fidelity is made from.

use conformance::{differences, operations, suites};
use serde_json::{Value, json};

fn main() {
    let methods = operations::METHODS.iter().map(|method| {
        let calls = method.calls.iter().map(
            |call| json!({ "service": call.service, "operation": call.operation, "actions": call.actions }),
        );
        let simulated =
            method.simulated.iter().map(|one| json!({ "service": one.service(), "operation": one.name() }));
        json!({
            "port": method.port,
            "method": method.name,
            "calls": calls.collect::<Vec<Value>>(),
            "simulated": simulated.collect::<Vec<Value>>(),
        })
    });
    let cases = suites::all::<sim::Ports>();
    let cases =
        cases.iter().map(|case| json!({ "port": case.port, "case": case.name, "methods": case.methods }));
    let differences = differences::ALL.iter().map(|known| {
        json!({
            "backend": known.backend.as_str(),
            "port": known.port,
            "case": known.case,
            "kind": known.kind.as_str(),
            "why": known.why,
        })
    });
    let unpeered = differences::UNPEERED
        .iter()
        .map(|(service, operation, why)| json!({ "service": service, "operation": operation, "why": why }));
    println!(
        "{:#}",
        json!({
            "methods": methods.collect::<Vec<Value>>(),
            "cases": cases.collect::<Vec<Value>>(),
            "differences": differences.collect::<Vec<Value>>(),
            "operationsOfNoPeer": unpeered.collect::<Vec<Value>>(),
        })
    );
}
