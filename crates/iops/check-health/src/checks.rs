//! The checks, in the order of the runbook's `validate-deployment.sh`.

use crate::{Check, Config, Verdict};
use capstan_core::iops::watch::{ALARM_PREFIXES, FUNCTIONS, TEST_MARK, function_name, is_ours};
use capstan_core::ports::{
    Alarm, AlarmState, Alarms, Clock, CloudError, CloudResult, Endpoint, EndpointStatus, Endpoints,
    FunctionVitals, Store, Subscription, Subscriptions, Table, TableVitals, Vitals,
};
use capstan_core::time::Millis;
use capstan_core::together;

/// The tables of IOps.
const TABLES: [Table; 4] = [Table::IopsMetrics, Table::IopsInsights, Table::IopsAnalysis, Table::IopsControl];
/// The function that the stream feeds.
const ANALYSIS: &str = "analyze-metrics";
/// How old the stream's records may be: what `iops-analysis-behind` rings at.
const STREAM_AGE: Millis = Millis::seconds(60);

/// What is said of a part.
type Said = (Verdict, String, Option<String>);

fn well(seen: impl Into<String>) -> Said {
    (Verdict::Ok, seen.into(), None)
}

fn ill(verdict: Verdict, seen: impl Into<String>, remedy: impl Into<String>) -> Said {
    (verdict, seen.into(), Some(remedy.into()))
}

fn check(kind: &'static str, name: impl Into<String>, (verdict, seen, remedy): Said) -> Check {
    Check { kind, name: name.into(), verdict, seen, remedy }
}

/// A part that could not be looked at.
fn unseen(error: &CloudError) -> Said {
    ill(
        Verdict::Unknown,
        format!("it could not be looked at: {}:{} is {:?}", error.service, error.operation, error.kind),
        "ask again; if it stays so, see that the role of iops-check-health allows it",
    )
}

fn said<T>(seen: CloudResult<T>, say: impl FnOnce(T) -> Said) -> Said {
    seen.map_or_else(|error| unseen(&error), say)
}

pub(crate) async fn all(
    ports: &(impl Vitals + Alarms + Subscriptions + Endpoints + Store + Clock),
    config: &Config,
) -> Vec<Check> {
    let mut checks = vec![check(
        "api",
        format!("iops-api-{}", config.environment),
        well("this request came in by it, with its authorizer and its throttling"),
    )];
    checks.extend(together(FUNCTIONS.iter().map(|name| function(ports, config, name))).await);
    checks.extend(together(TABLES.map(|table| table_of(ports, config, table))).await);
    checks.push(stream(ports, config).await);
    checks.push(alarms(ports, config).await);
    checks.push(check(
        "subscriptions",
        "critical alerts",
        said(ports.subscriptions().await, |seen| subscribed(&seen)),
    ));
    checks.push(match &config.endpoint {
        None => {
            check("endpoint", "none", well("none is configured: the built-in model answers for every host"))
        }
        Some(name) => {
            check("endpoint", name, said(ports.endpoint(name).await, |seen| serving(seen.as_ref())))
        }
    });
    checks
}

async fn function(ports: &impl Vitals, config: &Config, function: &str) -> Check {
    let name = function_name(function, &config.environment);
    let seen = said(ports.function_vitals(&name).await, |seen| running(seen.as_ref()));
    check("function", name, seen)
}

fn running(seen: Option<&FunctionVitals>) -> Said {
    let Some(seen) = seen else {
        return ill(Verdict::Failed, "there is none", "deploy the stack again: sam build && sam deploy");
    };
    let why = seen.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let shown = format!("{}, last update {}{why}", seen.state, seen.last_update);
    match (seen.state.as_str(), seen.last_update.as_str()) {
        ("Active", "Successful") => well(shown),
        // It serves what it served before.
        ("Active" | "Inactive", "InProgress") | ("Inactive" | "Pending", _) => {
            ill(Verdict::Warning, shown, "wait a minute and ask again; the first request may be slow")
        }
        ("Active", _) => ill(Verdict::Warning, shown, "the last update failed: deploy the stack again"),
        _ => ill(Verdict::Failed, shown, "deploy the stack again: sam build && sam deploy"),
    }
}

async fn table_of(ports: &impl Vitals, config: &Config, table: Table) -> Check {
    let seen = said(ports.table_vitals(table).await, |seen| kept(seen.as_ref()));
    check("table", format!("{}-{}", table.name(), config.environment), seen)
}

fn kept(seen: Option<&TableVitals>) -> Said {
    let Some(seen) = seen else {
        return ill(Verdict::Failed, "there is none", "bring it back from its last backup: POST /restores");
    };
    let on = |is: bool| if is { "on" } else { "off" };
    let shown = format!(
        "{}, point-in-time recovery {}, TTL {}",
        seen.status,
        on(seen.point_in_time_recovery),
        on(seen.time_to_live)
    );
    match seen.status.as_str() {
        "ACTIVE" | "UPDATING" if !seen.point_in_time_recovery => ill(
            Verdict::Failed,
            shown,
            "what is lost now can't be brought back: aws dynamodb update-continuous-backups --table-name … \
             --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true, then deploy the stack again",
        ),
        "ACTIVE" | "UPDATING" if !seen.time_to_live => ill(
            Verdict::Warning,
            shown,
            "it grows for ever: aws dynamodb update-time-to-live --table-name … --time-to-live-specification \
             Enabled=true,AttributeName=expires_at",
        ),
        "ACTIVE" => well(shown),
        "UPDATING" => {
            ill(Verdict::Warning, shown, "it serves while it is changed: ask again in some minutes")
        }
        _ => ill(Verdict::Failed, shown, "it does not serve: wait if it is being made, or POST /restores"),
    }
}

async fn stream(ports: &impl Vitals, config: &Config) -> Check {
    let name = function_name(ANALYSIS, &config.environment);
    let seen = said(ports.stream_age(&name).await, |age| match age {
        None => well("nothing was read from it in the last ten minutes"),
        Some(age) if age <= STREAM_AGE => {
            well(format!("read {:.1} s late at the worst", age.as_seconds_f64()))
        }
        Some(age) => ill(
            Verdict::Failed,
            format!("read {:.0} s late", age.as_seconds_f64()),
            format!(
                "analysis is behind: look into the log of {name} for level ERROR, and whether it is throttled; a batch that \
                 fails again and again ends in iops-analyze-metrics-dead-letters-{}",
                config.environment
            ),
        ),
    });
    check("stream", "of the metrics", seen)
}

async fn alarms(ports: &impl Alarms, config: &Config) -> Check {
    let mut all: Vec<Alarm> = Vec::new();
    for seen in together(ALARM_PREFIXES.map(|prefix| ports.alarms(prefix))).await {
        match seen {
            Ok(seen) => {
                all.extend(seen.into_iter().filter(|alarm| is_ours(&alarm.name, &config.environment)));
            }
            Err(error) => return check("alarms", "all", unseen(&error)),
        }
    }
    check("alarms", "all", quiet(&all))
}

fn quiet(all: &[Alarm]) -> Said {
    let names = |state: AlarmState, test: bool| {
        let such =
            all.iter().filter(|alarm| alarm.state == state && alarm.reason.starts_with(TEST_MARK) == test);
        such.map(|alarm| alarm.name.as_str()).collect::<Vec<_>>()
    };
    let (ringing, tested) = (names(AlarmState::Alarm, false), names(AlarmState::Alarm, true));
    let no_data = all.iter().filter(|alarm| alarm.state == AlarmState::InsufficientData).count();
    if all.is_empty() {
        return ill(Verdict::Failed, "there are none", "deploy the stack again: nobody is told of anything");
    }
    if !ringing.is_empty() {
        let seen = format!("{} of {} ring: {}", ringing.len(), all.len(), ringing.join(", "));
        return ill(
            Verdict::Failed,
            seen,
            "each says in its description what to do: docs/runbooks/iops-dashboard.md",
        );
    }
    if !tested.is_empty() {
        let seen = format!("being tested: {}", tested.join(", "));
        return ill(
            Verdict::Warning,
            seen,
            "ask again in a minute; POST /alarms/{name}/test takes over one that was left",
        );
    }
    if no_data > 0 {
        return well(format!("none of {} rings; {no_data} have nothing to tell by yet", all.len()));
    }
    well(format!("none of {} rings", all.len()))
}

fn subscribed(all: &[Subscription]) -> Said {
    let confirmed = all.iter().filter(|one| one.arn.is_some()).count();
    let waiting = all.len() - confirmed;
    let seen = format!("{confirmed} confirmed, {waiting} not");
    match (confirmed, waiting) {
        (0, 0) => {
            ill(Verdict::Failed, seen, "nobody hears of critical alerts: POST /subscriptions adds somebody")
        }
        (0, _) => ill(
            Verdict::Failed,
            seen,
            "nobody hears of critical alerts until the link in the mail is followed",
        ),
        (_, 0) => well(seen),
        _ => ill(
            Verdict::Warning,
            seen,
            "who has not confirmed hears of nothing: the link in the mail does it",
        ),
    }
}

fn serving(seen: Option<&Endpoint>) -> Said {
    let Some(seen) = seen else {
        return well("there is none: the built-in model answers for every host");
    };
    let why = seen.failure_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let shown = format!(
        "{:?} by {}, {} of {} instances{why}",
        seen.status, seen.config_name, seen.current_instances, seen.desired_instances
    );
    match seen.status {
        EndpointStatus::InService => well(shown),
        EndpointStatus::Creating | EndpointStatus::Updating => ill(
            Verdict::Warning,
            shown,
            "wait until it is InService; the built-in model answers where it does not",
        ),
        EndpointStatus::Deleting | EndpointStatus::Failed => ill(
            Verdict::Failed,
            shown,
            "PUT /traffic with percent 0 has the built-in model answer for all; then POST /models/{version}/restore",
        ),
    }
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
