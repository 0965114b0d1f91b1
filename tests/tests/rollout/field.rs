//! A fleet that reports to a lab every ten seconds, and a model that can be rolled out to it.

use capstan_core::ports::NoticeKind;
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::scenario::GRACE;
use local::engine::Options;
use local::fleet::{Fleet, Incident, Trouble};
use local::functions::Function;
use local::seedling;
use serde_json::{Value, json};
use sim::{Behaviour, Operation, SharedWorld};

pub(crate) const ENDPOINT: &str = "iops-model";
/// Seconds between two reports of a host.
const PERIOD: u64 = 10;

pub(crate) struct Field {
    pub(crate) lab: Lab,
    fleet: Fleet,
    trouble: Option<Trouble>,
}

/// Settings by which a canary is over in a minute: for tests of the workflow, not of the judge.
pub(crate) fn quick() -> Value {
    json!({
        "stages": [{"percent": 50, "seconds": 20}, {"percent": 100, "seconds": 20}],
        "minimumRequests": 2, "holdLimitSeconds": 120, "falsePromotion": 0.9,
        "errors": {"share": 0.45, "tolerated": 0.3, "margin": 0.9, "marginRatio": 90},
        "latency": {"share": 0.45, "marginRatio": 90, "floorMillis": 5000},
        "disagreement": {"share": 0.1, "tolerated": 0.5, "margin": 0.9},
    })
}

impl Field {
    /// So many hosts.
    pub(crate) fn new(hosts: u32, seed: u64) -> Self {
        let lab = Lab::new(seed);
        lab.world().with(|world| seedling::plant(world, ENDPOINT)).unwrap();
        let mut field = Self { lab, fleet: Fleet::new(hosts, seed), trouble: None };
        field.ticks(2);
        field
    }

    /// Another one on a copy of this world, with these functions: as after a kill, nothing is in any instance's mind.
    pub(crate) fn fork(&self, functions: &[Function]) -> Self {
        let world = SharedWorld::new(self.lab.world().fork());
        Self { lab: Lab::on(world, functions, Options::default()), fleet: self.fleet, trouble: self.trouble }
    }

    fn now(&mut self) -> u64 {
        self.lab.engine().now().as_millis() / 1_000
    }

    /// Every host reports, and ten seconds go by; so often.
    pub(crate) fn ticks(&mut self, times: u64) {
        for _ in 0..times {
            let now = self.now();
            let metrics: Vec<Value> = (0..self.fleet.hosts())
                .filter_map(|host| self.fleet.metric(host, now, self.trouble))
                .map(|metric| {
                    let mut report = metric.to_api();
                    report.as_object_mut().unwrap().remove("metricId");
                    report
                })
                .collect();
            for batch in metrics.chunks(500) {
                let (status, answer) = self.lab.call("POST", "/metrics", &json!(batch));
                assert_eq!(status, 200, "{answer}");
            }
            self.rest(PERIOD);
        }
    }

    /// Time goes by, in silence.
    pub(crate) fn rest(&mut self, seconds: u64) {
        let until = self.lab.engine().now() + Millis::seconds(seconds);
        self.lab.engine().run_until(until, |_| false);
    }

    /// The first hosts have broken disks from now on; long enough to be found.
    pub(crate) fn trouble(&mut self) {
        let since = self.now();
        self.trouble = Some(Trouble { incident: Incident::DiskFull, hosts: 10, since });
        self.ticks(2);
    }

    pub(crate) fn get(&mut self, path: &str) -> Value {
        self.lab.get(path)
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Value) -> (u64, Value) {
        self.lab.call(method, path, body)
    }

    pub(crate) fn behave(&mut self, behaviour: Behaviour) {
        self.lab.world().with(|world| world.set_behaviour(ENDPOINT, behaviour));
    }

    /// Asks for a canary; its id.
    pub(crate) fn start(&mut self, settings: &Value) -> String {
        let wish = json!({"reason": "a new model is to be tried", "settings": settings});
        let (status, answer) = self.call("POST", "/canary", &wish);
        assert_eq!(status, 202, "{answer}");
        assert_eq!(answer["by"], GRACE.sub);
        answer["canaryId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn set_traffic(&mut self, percent: u8) {
        let wish = json!({"percent": percent, "reason": "set by hand for a test"});
        let (status, answer) = self.call("PUT", "/traffic", &wish);
        assert_eq!(status, 200, "{answer}");
    }

    /// Hosts report until the canary has ended and its execution too; the canary.
    pub(crate) fn until_ended(&mut self, id: &str, seconds: u64) -> Value {
        self.until(id, seconds, |field| field.ticks(1))
    }

    /// The same while no host reports.
    pub(crate) fn until_ended_in_silence(&mut self, id: &str, seconds: u64) -> Value {
        self.until(id, seconds, |field| field.rest(PERIOD))
    }

    fn until(&mut self, id: &str, seconds: u64, mut go_on: impl FnMut(&mut Self)) -> Value {
        for _ in 0..seconds / PERIOD {
            go_on(self);
            let canary = self.get(&format!("/canary/{id}"));
            let over = !matches!(canary["status"].as_str(), Some("WAITING" | "RUNNING"));
            if over && self.lab.engine().running().next().is_none() {
                return canary;
            }
        }
        panic!("the canary came to no end: {}", self.get(&format!("/canary/{id}")));
    }

    /// What people were told of canaries.
    pub(crate) fn notices(&self) -> Vec<NoticeKind> {
        let of_canaries =
            |kind: &NoticeKind| matches!(kind, NoticeKind::CanaryPromoted | NoticeKind::CanaryRolledBack);
        let kinds = self
            .lab
            .world()
            .with(|world| world.notices().iter().map(|notice| notice.kind).collect::<Vec<_>>());
        kinds.into_iter().filter(of_canaries).collect()
    }

    /// How often the model was asked.
    pub(crate) fn asked(&self) -> usize {
        self.lab.world().with(|world| {
            world.calls().iter().filter(|call| call.operation == Operation::InvokeEndpoint).count()
        })
    }
}
