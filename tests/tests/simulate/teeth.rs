//! Whether simulation finds what is wrong: safeguards are taken away, one at a time and from outside, and the promise that
//! each keeps must be seen to be broken; with the safeguard in its place the same histories are clean.

use super::stage;
use capstan_core::ports::{Key, Streams, Table};
use local::functions::{Function, Handler, registry};
use local::simulate::{Case, Promise, Stage, play};
use local::template::{Description, Source};
use serde_json::{Value, json};
use sim::Tamper;
use std::sync::Arc;

/// Histories that are tried before it is said that nothing is found.
const MOST: u64 = 1_500;
const SEED: u64 = 77;

/// A safeguard taken away, and the promises of which one must be broken.
struct Tooth {
    what: &'static str,
    broken: &'static [Promise],
    stage: Stage,
}

fn tooth(
    what: &'static str,
    broken: &'static [Promise],
    registry: &[Function],
    description: impl FnOnce(&mut Description),
    world: &Tamper,
) -> Tooth {
    let stage = Stage::tampered(&Source::BuiltIn, registry, description, world).expect("a system");
    Tooth { what, broken, stage }
}

fn of_world(what: &'static str, broken: &'static [Promise], world: &Tamper) -> Tooth {
    tooth(what, broken, &registry(), |_| {}, world)
}

fn losing(what: &'static str, broken: &'static [Promise], lost: fn(&Key) -> bool) -> Tooth {
    of_world(what, broken, &Tamper { lost: Some(lost), ..Tamper::default() })
}

fn of_template(what: &'static str, broken: &'static [Promise], edit: impl FnOnce(&mut Description)) -> Tooth {
    tooth(what, broken, &registry(), edit, &Tamper::default())
}

/// The registry with one function replaced by what this makes of it.
fn replaced(name: &str, replace: impl Fn(Handler) -> Handler + Send + Sync + 'static) -> Vec<Function> {
    let mut functions = registry();
    let found = functions.iter_mut().find(|function| function.name == name).expect("a function");
    let build = Arc::clone(&found.build);
    found.build = Arc::new(move |env| Ok(replace(build(env)?)));
    functions
}

fn answers(answer: Value) -> impl Fn(Handler) -> Handler + Send + Sync {
    move |_| {
        let answer = answer.clone();
        Box::new(move |_, _| Box::pin(std::future::ready(Ok(answer.clone()))))
    }
}

fn of_function(what: &'static str, broken: &'static [Promise], functions: &[Function]) -> Tooth {
    tooth(what, broken, functions, |_| {}, &Tamper::default())
}

/// Deletes a stream of another tenant on its way, as a function would that goes by names alone.
fn meddling() -> Vec<Function> {
    replaced("provision-kinesis", |inner| {
        let inner = Arc::new(inner);
        Box::new(move |ports, event| {
            let inner = Arc::clone(&inner);
            Box::pin(async move {
                let streams: Vec<String> = ports.world().with(|world| {
                    let names =
                        world.names().filter(|(_, name)| name.starts_with("cato-events-8d3c7a52k72j"));
                    names.map(|(_, name)| name.to_owned()).collect()
                });
                for stream in streams {
                    drop(ports.delete_stream(&stream).await);
                }
                inner(ports, event).await
            })
        })
    })
}

fn records() -> Vec<Tooth> {
    use Promise::{Audit, Ended, Explained, Money, Notices, OneChange, Rollback, Serving, Stores};
    vec![
        of_world(
            "the condition on the tenant's state when a change starts",
            &[OneChange],
            &Tamper { unconditional: vec![Table::InfrastructureTier], ..Tamper::default() },
        ),
        losing("intent before effect", &[Rollback, Ended], |key| key.sort.starts_with("effect#")),
        losing("the register of resources", &[Explained, Money], |key| key.sort.starts_with("resource#")),
        losing("the audit in the transaction of the act", &[Audit], |key| key.table == Table::TierAudit),
        losing("the list of changes under way", &[Ended, Notices], |key| key.partition == "UNDER_WAY"),
        losing("the switch of the application before cleanup", &[Serving], |key| {
            key.table == Table::AppConfig
        }),
        of_world("word to people", &[Notices], &Tamper { mute: true, ..Tamper::default() }),
        of_world("the final snapshot", &[Stores], &Tamper { no_snapshots: true, ..Tamper::default() }),
    ]
}

fn machinery() -> Vec<Tooth> {
    use Promise::{Ended, Explained, Rollback, Stores};
    let states = |description: &mut Description, edit: fn(&mut Value)| {
        description.state_machines.iter_mut().for_each(|machine| edit(&mut machine.definition["States"]));
    };
    vec![
        of_template("the reconciler", &[Ended], |description| {
            description.rules.clear();
            description.schedules.retain(|schedule| !schedule.function.starts_with("Reconcile"));
        }),
        of_template("the reconciler's schedule", &[Ended], |description| {
            description.schedules.retain(|schedule| !schedule.function.starts_with("Reconcile"));
        }),
        of_template("the days of grace", &[Stores], |description| {
            for function in &mut description.functions {
                function.env.insert("GRACE_DAYS".to_owned(), "1".to_owned());
            }
        }),
        of_template("waiting until all is undone", &[Ended], move |description| {
            states(description, |states| {
                let choices = &mut states["IsRolledBack"]["Choices"];
                // The state that waits stays, for a verdict that never comes.
                let mut never = choices[0].clone();
                never["StringEquals"] = json!("NEVER");
                choices[0]["Next"] = json!("TransitionFailed");
                if let Value::Array(choices) = choices {
                    choices.push(never);
                }
            });
        }),
        of_function(
            "undoing",
            &[Ended, Rollback],
            &replaced("rollback-provisioning", answers(json!({"verdict": "ROLLED_BACK"}))),
        ),
        of_function(
            "the reconciler's recovery",
            &[Ended],
            &replaced("reconcile-transitions", answers(json!({"seen": 0}))),
        ),
        of_function("the look at whose a resource is", &[Explained], &meddling()),
    ]
}

/// The first history in which one of the promises is broken.
fn found(tooth: &Tooth) -> Option<(u64, Promise)> {
    (0..MOST).find_map(|run| {
        let played = play(&tooth.stage, &Case::draw(SEED, run));
        let broken = played.violations.iter().find(|one| tooth.broken.contains(&one.promise))?;
        Some((run, broken.promise))
    })
}

fn all_found(teeth: &[Tooth]) {
    let sound = stage();
    let mut last = 0;
    for tooth in teeth {
        let (run, promise) =
            found(tooth).unwrap_or_else(|| panic!("without {}: nothing was found", tooth.what));
        println!("without {}: {promise} is broken in run {run}", tooth.what);
        last = last.max(run);
    }
    for run in 0..=last {
        let case = Case::draw(SEED, run);
        let played = play(&sound, &case);
        assert!(played.violations.is_empty(), "capstan simulate --replay '{case}'\n{:?}", played.violations);
    }
}

#[test]
fn a_safeguard_of_the_records_that_is_gone_is_noticed() {
    all_found(&records());
}

#[test]
fn a_safeguard_of_the_machinery_that_is_gone_is_noticed() {
    all_found(&machinery());
}
