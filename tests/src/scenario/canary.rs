//! Canaries in the middle of their way.

use super::{ADA, Scenario, is_in};
use capstan_core::time::Millis;
use local::engine::Engine;
use local::fleet::Fleet;
use local::seedling;
use serde_json::{Value, json};
use sim::Behaviour;

const ENDPOINT: &str = "iops-model";
const FLEET: Fleet = Fleet::new(120, 7);
/// Between two reports of a host.
const PERIOD: Millis = Millis::seconds(10);

impl Scenario {
    /// Every host reports and ten seconds go by, so often; or until this is so.
    fn hosts_report(mut self, times: usize, until: impl Fn(&Engine) -> bool) -> Self {
        for _ in 0..times {
            let now = self.now().as_millis() / 1_000;
            let metrics: Vec<Value> = (0..FLEET.hosts())
                .filter_map(|host| FLEET.metric(host, now, None))
                .map(|metric| {
                    let mut report = metric.to_api();
                    drop(report.as_object_mut().map(|fields| fields.remove("metricId")));
                    report
                })
                .collect();
            let (status, answer) =
                self.request(ADA, "POST", "/metrics", &Value::Null, &json!({ "metrics": metrics }));
            assert_eq!(status, 200, "a report is a step of a scenario and must go well: {answer}");
            let by = self.now() + PERIOD;
            self.engine.run_until(by, &until);
            if until(&self.engine) {
                break;
            }
        }
        self
    }

    fn behaves(self, behaviour: Behaviour) -> Self {
        self.world().with(|world| world.set_behaviour(ENDPOINT, behaviour));
        self
    }

    fn canary_asked_for(mut self) -> Self {
        let wish = json!({"reason": "the model of this week"});
        let (status, answer) = self.request(ADA, "POST", "/canary", &Value::Null, &wish);
        assert_eq!(status, 202, "{answer}");
        self.engine.look();
        self
    }

    /// The id of the canary that was asked for last.
    pub fn canary_id(&self) -> String {
        let (_, answer) = self.request(ADA, "GET", "/canary", &Value::Null, &Value::Null);
        answer["canaries"][0]["canaryId"].as_str().unwrap_or_default().to_owned()
    }
}

/// A model is behind an endpoint in service, and hosts report.
pub fn canary_ready() -> Scenario {
    let scenario = Scenario::empty();
    let planted = scenario.world().with(|world| seedling::plant(world, ENDPOINT));
    assert_eq!(planted, Ok(true), "a world that has no endpoint");
    scenario.hosts_report(2, |_| false)
}

/// A canary was asked for a moment ago, and its execution is about to begin.
pub fn canary_asked() -> Scenario {
    canary_ready().canary_asked_for()
}

/// The same, and hosts have been measured since.
pub fn canary_measured() -> Scenario {
    let mut scenario = canary_asked();
    // Once it has looked in vain.
    let by = scenario.now() + Millis::seconds(5);
    scenario.engine.run_until(by, |_| false);
    let again = |engine: &Engine| is_in(engine, "StartCanary");
    let scenario = scenario.hosts_report(1, again);
    assert!(again(&scenario.engine), "it looks again");
    scenario
}

/// The first stage is due.
pub fn canary_due() -> Scenario {
    canary_measured().run_to("SetTraffic", 1)
}

/// The first stage is in force for a while.
pub fn canary_running() -> Scenario {
    canary_due().hosts_report(5, |_| false).run_to("JudgeCanary", 1)
}

/// The model fails, the judge has seen it, and the canary is about to be ended.
pub fn canary_condemned() -> Scenario {
    let ending = |engine: &Engine| is_in(engine, "EndCanary");
    let scenario = canary_running().behaves(Behaviour::Failing).hosts_report(60, ending);
    assert!(ending(&scenario.engine), "a model that fails is condemned");
    scenario
}

/// It was rolled back, and people were told.
pub fn canary_rolled_back() -> Scenario {
    canary_condemned().run_to_end()
}

/// Somebody has stopped the execution of a canary in the console, and nobody has looked at it yet.
pub fn canary_stopped() -> Scenario {
    let scenario = canary_running();
    let id = scenario.canary_id();
    scenario.world().with(|world| {
        if let Some(mut row) = world.execution(&id).cloned() {
            row.status = capstan_core::ports::ExecutionStatus::Aborted;
            row.stopped_at = Some(world.now());
            row.state = None;
            world.put_execution(row);
        }
    });
    scenario
}

/// A canary was asked for, and no host reports any more.
pub fn canary_in_silence() -> Scenario {
    let mut scenario = canary_ready().canary_asked_for();
    let by = scenario.now() + Millis::seconds(170);
    scenario.engine.run_until(by, |_| false);
    scenario.skip(Millis::seconds(30))
}
