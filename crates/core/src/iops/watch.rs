//! What belongs to this environment, by its name: several environments may be in one account.

/// The functions of IOps, by the crate each is made from. A test holds this list against the workspace.
pub const FUNCTIONS: &[&str] = &[
    "analyze-metrics",
    "canary",
    "check-cost",
    "check-endpoint",
    "check-health",
    "check-training",
    "deploy-model",
    "end-canary",
    "end-release",
    "end-restore",
    "export-training-data",
    "ingest-metrics",
    "judge-canary",
    "manage-subscriptions",
    "models",
    "read-insights",
    "read-metrics",
    "register-model",
    "restore-table",
    "restores",
    "scale-resource",
    "scales",
    "set-traffic",
    "start-canary",
    "start-training",
    "test-alarm",
];

/// The environment whose alarms bear the names that the runbook has.
pub const PRODUCTION: &str = "prod";
/// The others, whose alarms bear their names at the end.
const OTHERS: [&str; 2] = ["dev", "staging"];

/// What the names of all alarms about IOps begin with.
pub const ALARM_PREFIXES: [&str; 2] = ["IOps-", "iops-"];

/// What an alarm's reason begins with while it is being tested.
pub const TEST_MARK: &str = "Capstan tests this alarm";

/// The function's name in the cloud.
pub fn function_name(function: &str, environment: &str) -> String {
    format!("iops-{function}-{environment}")
}

/// Whether an alarm is one of IOps in this environment. `IOps-…` of production has no suffix, so that the runbook's lines work
/// there as they stand; every other name ends with the environment's (docs/decisions/0032).
pub fn is_ours(alarm: &str, environment: &str) -> bool {
    let ends = |environment: &str| {
        alarm.strip_suffix(environment).is_some_and(|rest| rest.ends_with('-') && rest.len() > 6)
    };
    let [new, old] = ALARM_PREFIXES;
    if alarm.starts_with(new) && environment == PRODUCTION {
        return alarm.len() > new.len() && !OTHERS.iter().any(|other| ends(other));
    }
    (alarm.starts_with(new) || alarm.starts_with(old)) && ends(environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_of_one_environment() {
        for (alarm, of) in [
            ("IOps-Lambda-HighErrorRate", Some("prod")),
            ("IOps-Lambda-HighErrorRate-dev", Some("dev")),
            ("IOps-Lambda-HighErrorRate-staging", Some("staging")),
            ("iops-analysis-behind-prod", Some("prod")),
            ("iops-analysis-behind-dev", Some("dev")),
            ("iops-analysis-behind", None),
            ("IOps-", None),
            ("iops--dev", None),
            ("cato-tier-stuck-dev", None),
            ("", None),
        ] {
            let found: Vec<&str> = ["dev", "staging", "prod"]
                .into_iter()
                .filter(|environment| is_ours(alarm, environment))
                .collect();
            assert_eq!(found, of.into_iter().collect::<Vec<_>>(), "{alarm}");
        }
    }
}
