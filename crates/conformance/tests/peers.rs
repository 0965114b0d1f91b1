//! The suites on clouds that others wrote, through the AWS SDK.
//!
//! `python3 tools/peers.py run -- cargo test -p conformance --features aws` starts both and runs this.

#[cfg(test)]
#[path = "peers/called.rs"]
mod called;
#[cfg(test)]
#[path = "peers/cloud.rs"]
mod cloud;

use called::{Called, called};
use cloud::Cloud;
use conformance::operations::CALLS;
use conformance::run::{self, Backend, Ran};
use conformance::{differences, suites};
use std::collections::BTreeSet;

/// What came of a peer.
struct Report {
    surprises: Vec<String>,
    called: BTreeSet<Called>,
}

fn play(backend: Backend, url: &str) -> std::io::Result<Report> {
    let wire = run::evidence_folder().join(format!("wire-{backend}.jsonl"));
    // A record of an earlier run would pass for this one.
    let _ = std::fs::remove_file(&wire);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let all: Vec<Ran> = runtime.block_on(async {
        let cloud = Cloud::new(backend, url, &wire).await;
        run::run(backend, &suites::all(), cloud.ports(), &cloud, cloud.run()).await
    });
    run::write(&run::evidence_folder(), backend, &all)?;
    Ok(Report { surprises: run::surprises(backend, &all), called: called(&wire) })
}

#[test]
fn the_adapters_keep_every_promise_on_clouds_that_others_wrote() {
    let url = |name: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "tools/peers.py tells by the environment where the peers are"
        )]
        let told = std::env::var(name);
        told.ok()
    };
    let (Some(moto), Some(ministack)) = (url("MOTO_URL"), url("MINISTACK_URL")) else {
        println!("skipped: run `python3 tools/peers.py run -- cargo test -p conformance --features aws`");
        return;
    };
    let reports = std::thread::scope(|scope| {
        let moto = scope.spawn(|| play(Backend::Moto, &moto));
        let ministack = scope.spawn(|| play(Backend::Ministack, &ministack));
        [moto.join().unwrap().unwrap(), ministack.join().unwrap().unwrap()]
    });
    let mut wrong: Vec<String> = reports.iter().flat_map(|report| report.surprises.clone()).collect();
    let all: BTreeSet<Called> = reports.iter().flat_map(|report| report.called.clone()).collect();
    wrong.extend(unlisted(&all));
    wrong.extend(never_answered(&all));
    assert!(wrong.is_empty(), "{} surprises\n{}", wrong.len(), wrong.join("\n"));
}

/// Nothing goes over the wire that the table of operations does not have.
fn unlisted(all: &BTreeSet<Called>) -> Vec<String> {
    let listed = |one: &&Called| CALLS.iter().any(|call| one.is(call.service, call.operation));
    let new = all.iter().filter(|one| !listed(one));
    new.map(|one| format!("{}:{} is called but not in the table of operations", one.service, one.operation))
        .collect()
}

/// Every operation of the table was answered well by a peer, unless it is known that none has it.
fn never_answered(all: &BTreeSet<Called>) -> Vec<String> {
    let mut wrong = Vec::new();
    for call in CALLS {
        let answered = all.iter().any(|one| one.good && one.is(call.service, call.operation));
        let (service, operation) = (call.service, call.operation);
        match (answered, differences::unpeered(service, operation)) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => wrong.push(format!("no peer ever answered {service}:{operation} well")),
            (true, Some(why)) => {
                wrong.push(format!(
                    "a peer answers {service}:{operation}, but it is listed as in none: {why}"
                ));
            }
        }
    }
    wrong
}
