//! Hosts that have had incidents, and a release of a model that is under way.

use super::{ADA, GRACE, PATIENCE, Scenario, shifted};
use crate::releases::{metric, quick};
use capstan_core::time::{Millis, Timestamp};
use serde_json::{Value, json};

/// Three hosts have reported for four hours, each with two incidents of its own.
pub fn had_incidents() -> Scenario {
    let mut scenario = Scenario::empty();
    let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a time") + shifted::shift();
    for host in 0..3_u64 {
        let metrics: Vec<Value> = (0..240_u64)
            .map(|minute| {
                let begun = [40 + host * 30, 130 + host * 40];
                let broken = begun.iter().any(|begun| (*begun..begun + 9).contains(&minute));
                metric(&format!("db-{host}"), now - Millis::minutes(240 - minute), broken)
            })
            .collect();
        let body = json!({ "metrics": metrics });
        let (status, answer) = scenario.request(GRACE, "POST", "/metrics", &Value::Null, &body);
        assert_eq!(status, 200, "{answer}");
        let by = scenario.now() + PATIENCE;
        assert!(scenario.engine.run_until_idle(by), "the analysis comes to no end");
    }
    scenario
}

impl Scenario {
    fn release(self) -> Self {
        let body = json!({"days": 2, "reason": "the fleet has new disks", "canary": quick()});
        let (status, answer) = self.request(ADA, "POST", "/models/releases", &Value::Null, &body);
        assert_eq!(status, 202, "{answer}");
        self
    }

    fn cancel_release(self) -> Self {
        let (_, list) = self.request(ADA, "GET", "/models/releases", &Value::Null, &Value::Null);
        let id = json!({"releaseId": list["releases"][0]["releaseId"]});
        let wish = json!({"reason": "it was not to be today"});
        let (status, answer) = self.request(ADA, "POST", "/models/releases/{releaseId}/cancel", &id, &wish);
        assert_eq!(status, 202, "{answer}");
        self
    }
}

/// A release was asked for, and nothing of it is done.
pub fn release_asked() -> Scenario {
    had_incidents().release()
}
/// The same where no host has ever reported.
pub fn release_asked_without_data() -> Scenario {
    Scenario::empty().release()
}
/// Rows are exported.
pub fn release_exported() -> Scenario {
    release_asked().run_to("StartTraining", 1)
}
/// The same, and somebody does not want it any more.
pub fn release_exported_and_cancelled() -> Scenario {
    release_exported().cancel_release()
}
/// A job trains.
pub fn release_training() -> Scenario {
    release_asked().run_to("CheckTraining", 1)
}
/// The job can't be looked at.
pub fn release_training_unseen() -> Scenario {
    release_training().with_fault("sagemaker:DescribeTrainingJob:*:denied")
}
/// It has trained.
pub fn release_trained() -> Scenario {
    release_asked().run_to("RegisterModel", 1)
}
/// The version is a candidate.
pub fn release_registered() -> Scenario {
    release_asked().run_to("DeployModel", 1)
}
/// The endpoint is being made.
pub fn release_deploying() -> Scenario {
    release_asked().run_to("CheckEndpoint", 1)
}
/// It is about to be undone.
pub fn release_undoing() -> Scenario {
    release_exported_and_cancelled().run_to("UndoRelease", 1)
}
/// All is as it was.
pub fn release_undone() -> Scenario {
    release_exported_and_cancelled().run_to_end()
}
