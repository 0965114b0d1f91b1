//! Every event of `events/`, spoiled and fed to its function in its world: bodies, query parameters, cursors, tokens, steps'
//! payloads, announcements of the end of executions, schedules.

use capstan_fuzz::Edits;
use capstan_tests::cases::{self, Case};
use capstan_tests::scenario::Scenario;
use capstan_tests::workspace;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How many events a world takes before it is made anew: what some of them change must not lead too far away.
const USES: u32 = 48;

struct World {
    scenario: Scenario,
    uses: u32,
}

thread_local! {
    static CASES: Vec<(Case, Value)> = cases::all()
        .into_iter()
        // In some worlds the store is away: there a 503 is right.
        .filter(|case| !case.file.ends_with("store-away"))
        .map(|case| (case, workspace::json(&format!("events/{}.json", case.file))))
        .collect();
    static WORLDS: RefCell<BTreeMap<usize, World>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn spoiled(mut edits: Edits<'_>) {
    CASES.with(|cases| {
        let chosen = edits.below(cases.len());
        let (case, whole) = &cases[chosen];
        let mut event = whole.clone();
        while edits.more() {
            edits.document(&mut event);
        }
        WORLDS.with_borrow_mut(|worlds| {
            let world = worlds.entry(chosen).or_insert_with(|| World { scenario: (case.place)(), uses: 0 });
            world.uses += 1;
            super::in_time(case.file, || check(case, &world.scenario, event));
            if world.uses >= USES {
                worlds.remove(&chosen);
            }
        });
    });
}

fn check(case: &Case, scenario: &Scenario, event: Value) {
    let shown = event.to_string();
    match scenario.call(case.function(), event) {
        // A panic comes out as the end of the process; running out of the function's time is a hang.
        Err(error) => assert!(
            !["Runtime.ExitError", "Sandbox.Timedout"].contains(&error.name.as_str()),
            "{}: {error}: {shown}",
            case.function()
        ),
        Ok(answer) if case.function().starts_with("tier-") => {
            let status = answer["statusCode"].as_u64().expect("a status");
            assert!((200..500).contains(&status), "{}: {answer}: {shown}", case.function());
            let body: Value = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
            assert!(status < 400 || body["code"].is_string(), "an error has a stable code: {answer}");
        }
        Ok(answer) => assert!(answer.is_object(), "{}: {answer}: {shown}", case.function()),
    }
}
