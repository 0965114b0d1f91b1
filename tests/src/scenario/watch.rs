//! Who watches the system: subscriptions, and alarms that ring.

use super::{ADA, Scenario};
use capstan_core::iops::watch::TEST_MARK;
use capstan_core::ports::AlarmState;
use capstan_core::time::Millis;
use serde_json::{Value, json};

/// The alarm of the runbook's lines, as it is called in the environment of the events.
pub const ALARM: &str = "IOps-Lambda-HighErrorRate-dev";

impl Scenario {
    fn subscribe(self, protocol: &str, endpoint: &str) -> Self {
        let wish =
            json!({"protocol": protocol, "endpoint": endpoint, "reason": "she is on call from now on"});
        let (status, answer) = self.request(ADA, "POST", "/subscriptions", &Value::Null, &wish);
        assert_eq!(status, 202, "{answer}");
        self
    }

    fn with_alarm(self, state: AlarmState, reason: &str) -> Self {
        assert!(
            self.world().with(|world| world.set_alarm(ALARM, state, reason)),
            "template.yaml has no {ALARM}"
        );
        self
    }

    fn after(mut self, length: Millis) -> Self {
        self.engine.skip(length);
        self
    }
}

/// One is subscribed and has confirmed.
pub fn subscribed() -> Scenario {
    Scenario::empty().subscribe("email", "oncall@example.com").after(Millis::minutes(3))
}

/// Another one too, and a third has not yet.
pub fn subscribed_by_some() -> Scenario {
    subscribed()
        .subscribe("https", "https://pager.example.com/hook")
        .after(Millis::minutes(3))
        .subscribe("email", "newcomer@example.com")
}

/// The alarm rings, and something is wrong.
pub fn ringing() -> Scenario {
    subscribed()
        .with_alarm(AlarmState::Alarm, "Threshold Crossed: 2 datapoints [7.1, 9.4] were greater than 5")
}

/// The alarm is being tested right now.
pub fn being_tested() -> Scenario {
    subscribed().with_alarm(AlarmState::Alarm, TEST_MARK)
}

/// The alarm was being tested two minutes ago, and the test died.
pub fn left_by_a_test() -> Scenario {
    being_tested().after(Millis::minutes(2))
}

/// The alarm's state can't be set back: the service refuses every call about it but the first.
pub fn not_to_be_reset() -> Scenario {
    (2..=8).fold(subscribed(), |scenario, nth| {
        scenario.with_fault(&format!("cloudwatch:SetAlarmState:{nth}:denied"))
    })
}

/// Nothing may be looked at but alarms.
pub fn blind() -> Scenario {
    ["lambda:*", "dynamodb:DescribeTable", "sns:*", "sagemaker:*"]
        .into_iter()
        .fold(Scenario::empty(), |scenario, call| scenario.with_fault(&format!("{call}:*:denied")))
}
