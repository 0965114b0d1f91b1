//! Whether simulation finds what is wrong: safeguards are taken away, one at a time and from outside, and the promise that
//! each keeps must be seen to be broken; with the safeguard in its place the same histories are clean.

use super::stage;
use capstan_core::ports::{Clock, Effect, Item, Key, Store, Streams, Table, Write};
use capstan_core::tier::recovery::REST;
use capstan_core::time::{Millis, Timestamp};
use local::functions::{Function, Handler, registry};
use local::simulate::{Case, Promise, Stage, play};
use local::template::{Description, Source};
use serde_json::{Value, json};
use sim::Tamper;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Histories that are tried before it is said that nothing is found.
const MOST: u64 = 1_500;
const SEED: u64 = 77;

/// A safeguard taken away, and the promises of which one must be broken.
pub(super) struct Tooth {
    what: &'static str,
    broken: &'static [Promise],
    stage: Stage,
    /// The histories in which it must be noticed, by number; drawn ones if there are none.
    told: Option<fn(u64) -> String>,
}

impl Tooth {
    fn case(&self, run: u64) -> Case {
        self.told.map_or_else(|| Case::draw(SEED, run), |told| super::case(&told(run)))
    }

    /// Drawn histories hardly ever hold what it takes; these do.
    pub(super) fn told(self, told: fn(u64) -> String) -> Self {
        Self { told: Some(told), ..self }
    }
}

fn tooth(
    what: &'static str,
    broken: &'static [Promise],
    registry: &[Function],
    description: impl FnOnce(&mut Description),
    world: &Tamper,
) -> Tooth {
    let stage = Stage::tampered(&Source::BuiltIn, registry, description, world).expect("a system");
    Tooth { what, broken, stage, told: None }
}

fn of_world(what: &'static str, broken: &'static [Promise], world: &Tamper) -> Tooth {
    tooth(what, broken, &registry(), |_| {}, world)
}

fn losing(what: &'static str, broken: &'static [Promise], lost: fn(&Key) -> bool) -> Tooth {
    of_world(what, broken, &Tamper { lost: Some(lost), ..Tamper::default() })
}

pub(super) fn of_template(
    what: &'static str,
    broken: &'static [Promise],
    edit: impl FnOnce(&mut Description),
) -> Tooth {
    tooth(what, broken, &registry(), edit, &Tamper::default())
}

/// The registry with one function replaced by what this makes of it.
pub(super) fn replaced(
    name: &str,
    replace: impl Fn(Handler) -> Handler + Send + Sync + 'static,
) -> Vec<Function> {
    let mut functions = registry();
    let found = functions.iter_mut().find(|function| function.name == name).expect("a function");
    let build = Arc::clone(&found.build);
    found.build = Arc::new(move |env| Ok(replace(build(env)?)));
    functions
}

pub(super) fn answers(answer: Value) -> impl Fn(Handler) -> Handler + Send + Sync {
    move |_| {
        let answer = answer.clone();
        Box::new(move |_, _| Box::pin(std::future::ready(Ok(answer.clone()))))
    }
}

pub(super) fn of_function(what: &'static str, broken: &'static [Promise], functions: &[Function]) -> Tooth {
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

/// A step is lost to its workflow before some changing call, and goes on so much later.
fn lost(run: u64, seconds: u64) -> String {
    format!("DEV/7/rows/quick; +0 fault *:*:!{}:lost={seconds}; +0 A bypass STAGING", run + 1)
}

/// What makes a resource is lost to its workflow each time it is about to: twice it is killed at its limit, and the third time
/// it goes on when the change is being undone.
fn never_found(run: u64) -> String {
    let makes = [
        "kinesis:CreateStream",
        "opensearch:CreateDomain",
        "sagemaker:CreateEndpoint",
        "neptune:CreateDBCluster",
    ];
    let call = makes[usize::try_from(run).unwrap_or(0) % makes.len()];
    let faults = format!("+0 fault {call}:1:lost=70; +0 fault {call}:2:lost=70; +0 fault {call}:3:lost=59");
    format!("NEW/{run}/rows/quick; {faults}; +0 A bypass STAGING")
}

/// Every repetition comes after 2 s.
fn hurry(definition: &mut Value) {
    match definition {
        Value::Object(fields) => {
            if fields.contains_key("IntervalSeconds") {
                fields.insert("IntervalSeconds".to_owned(), json!(2));
            }
            fields.values_mut().for_each(hurry);
        }
        Value::Array(values) => values.iter_mut().for_each(hurry),
        _ => {}
    }
}

/// A change is confirmed and stopped; when it has been undone, its token is presented again within its ten minutes.
fn replayed(run: u64) -> String {
    format!("STAGING/{run}/rows/quick; +0 A bypass PRODUCTION; +20 A cancel; +300 A replay 1")
}

fn times_and_tokens() -> Vec<Tooth> {
    use Promise::{Audit, Ended, Explained, Money, Rollback};
    vec![
        of_function(
            "the rest before undoing",
            &[Rollback, Explained, Money],
            &replaced("rollback-provisioning", hasty),
        )
        .told(never_found),
        of_template(
            "the wait before a step is begun again that was lost",
            &[Rollback, Explained, Money],
            |description| {
                for machine in &mut description.state_machines {
                    hurry(&mut machine.definition);
                }
            },
        )
        .told(|run| lost(run, 59)),
        of_template("the time limit of functions", &[Rollback, Explained, Money], |description| {
            for function in &mut description.functions {
                function.timeout = Millis::minutes(15);
            }
        })
        .told(|run| lost(run, 300)),
        // Each of the three is enough: the token's mark, its binding to the state, and the change's own id.
        tooth(
            "the token's single use",
            &[Audit, Ended],
            &replaced("tier-change", renewing),
            |_| {},
            &Tamper { unconditional: vec![Table::TierChangeLog], ..Tamper::default() },
        )
        .told(replayed),
    ]
}

/// Rewrites rows of a table past all conditions.
pub(super) async fn rewrite(ports: &sim::Ports, table: Table, edit: impl Fn(&mut Item) -> bool) {
    let items: Vec<Item> = ports.world().with(|world| world.items(table).cloned().collect());
    for mut item in items {
        if edit(&mut item) {
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (partition, sort) =
                (text(table.partition_key()), table.sort_key().map(text).unwrap_or_default());
            let key = Key { table, partition, sort };
            let write = Write { key, effect: Effect::Put(item), condition: None };
            drop(ports.transact(vec![write]).await);
        }
    }
}

/// Puts the beginning of an undoing back to before its rest.
fn hasty(inner: Handler) -> Handler {
    let inner = Arc::new(inner);
    Box::new(move |ports, event| {
        let inner = Arc::clone(&inner);
        Box::pin(async move {
            drop(inner(ports.clone(), event.clone()).await);
            let now = ports.now();
            rewrite(&ports, Table::TierChangeLog, |change| {
                let Some(milestones) = change.get_mut("milestones") else { return false };
                let began = milestones["rollback_started_at"].as_str().and_then(Timestamp::parse);
                let rests = began.is_some_and(|at| now.since(at) < REST);
                if rests {
                    milestones["rollback_started_at"] = json!(now - REST);
                }
                rests
            })
            .await;
            inner(ports, event).await
        })
    })
}

/// Makes tokens good again, on whatever state, before one is presented.
fn renewing(inner: Handler) -> Handler {
    let inner = Arc::new(inner);
    Box::new(move |ports, event| {
        let inner = Arc::clone(&inner);
        Box::pin(async move {
            if event["resource"].as_str().is_some_and(|path| path.ends_with("/tier/confirm")) {
                let versions: BTreeMap<String, Value> = ports.world().with(|world| {
                    let states = world.items(Table::InfrastructureTier);
                    states.map(|state| (state["tenant_id"].to_string(), state["version"].clone())).collect()
                });
                rewrite(&ports, Table::TierConfirmation, |token| {
                    let version = versions.get(&token["tenant_id"].to_string()).cloned();
                    token.insert("used_at".to_owned(), Value::Null);
                    token.insert("state_version".to_owned(), version.unwrap_or_default());
                    true
                })
                .await;
            }
            inner(ports, event).await
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
        let tiers = |machine: &&mut local::template::StateMachine| {
            machine.definition["States"].get("IsRolledBack").is_some()
        };
        description
            .state_machines
            .iter_mut()
            .filter(tiers)
            .for_each(|machine| edit(&mut machine.definition["States"]));
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
        let played = play(&tooth.stage, &tooth.case(run));
        let broken = played.violations.iter().find(|one| tooth.broken.contains(&one.promise))?;
        Some((run, broken.promise))
    })
}

pub(super) fn all_found(teeth: &[Tooth]) {
    let sound = stage();
    let mut last = 0;
    for tooth in teeth {
        let (run, promise) =
            found(tooth).unwrap_or_else(|| panic!("without {}: nothing was found", tooth.what));
        println!("without {}: {promise} is broken in run {run}", tooth.what);
        match tooth.told {
            None => last = last.max(run),
            Some(_) => (0..=run).for_each(|run| clean(&sound, &tooth.case(run))),
        }
    }
    (0..=last).for_each(|run| clean(&sound, &Case::draw(SEED, run)));
}

fn clean(sound: &Stage, case: &Case) {
    let played = play(sound, case);
    assert!(played.violations.is_empty(), "capstan simulate --replay '{case}'\n{:?}", played.violations);
}

#[test]
fn a_safeguard_of_the_records_that_is_gone_is_noticed() {
    all_found(&records());
}

#[test]
fn a_safeguard_of_the_machinery_that_is_gone_is_noticed() {
    all_found(&machinery());
}

#[test]
fn a_safeguard_of_time_or_tokens_that_is_gone_is_noticed() {
    all_found(&times_and_tokens());
}
