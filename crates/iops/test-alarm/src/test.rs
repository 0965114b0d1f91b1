//! One test, from the first look to the reset.

use crate::LEFT_AFTER;
use api::{Problem, Reply, Request};
use capstan_core::iops::watch::TEST_MARK;
use capstan_core::ports::{
    Alarm, AlarmAction, AlarmState, Alarms, Clock, CloudErrorKind, CloudResult, Entropy, Store,
};
use capstan_core::time::{Millis, Timestamp};
use iops_records::{ActKind, ActRow};
use serde_json::{Value, json};
use tier_steps::StepError;

/// Looks for what the actions came to; with the pauses of the functions about six seconds in all.
const LOOKS: u32 = 8;
/// Tries of the reset.
const RESETS: u32 = 4;
/// The clocks of the service and of a function differ a little.
const SKEW: Millis = Millis::seconds(1);

/// What a test came to, as far as it came.
struct Seen {
    actions: Vec<AlarmAction>,
    reset: Reset,
}

/// How the alarm was left.
enum Reset {
    /// In `OK`.
    Done,
    /// As `CloudWatch` itself had it meanwhile.
    LeftAs(AlarmState),
}

pub(crate) async fn test<P: Future<Output = ()>>(
    ports: &(impl Alarms + Store + Clock + Entropy),
    pause: impl Fn(u32) -> P,
    request: &Request,
    name: &str,
    reason: &str,
) -> Result<Reply, Problem> {
    let alarm = ports.alarm(name).await.map_err(StepError::of_cloud)?;
    let alarm = alarm.ok_or_else(|| {
        Problem::not_found(
            "there is no alarm of this name: their names stand in docs/runbooks/iops-dashboard.md",
        )
    })?;
    let left = free(&alarm, ports.now())?;
    let caller = (request.caller.subject.as_str(), &request.caller.tenant);
    let act = ActRow::begin(ports, ActKind::AlarmTested, name, caller, reason).await?;
    let done = ring_and_reset(ports, pause, &alarm, left, &words(caller.0, reason)).await;
    let outcome = match &done {
        Ok(seen) if seen.actions.is_empty() => "no action was seen".to_owned(),
        Ok(seen) => format!("{} of {} actions went well", well(&seen.actions), seen.actions.len()),
        Err(problem) => problem.code.to_owned(),
    };
    // What happened to the alarm is what the caller must hear, also where it could not be written down.
    let recorded = act.end(ports, &outcome).await.is_ok();
    Ok(Reply::ok(report(&alarm, &done?, recorded)))
}

fn well(actions: &[AlarmAction]) -> usize {
    actions.iter().filter(|action| action.succeeded).count()
}

/// What stands in the notice that people get. The service takes 1023 bytes.
fn words(by: &str, reason: &str) -> String {
    let mut text = format!("{TEST_MARK}, nothing is wrong. Asked for by {by}: {reason}");
    while text.len() > 1_000 {
        text.pop();
    }
    text
}

/// Whether the alarm may be tested now; true where a test that was cut off has left it ringing.
fn free(alarm: &Alarm, now: Timestamp) -> Result<bool, Problem> {
    if alarm.state != AlarmState::Alarm {
        return Ok(false);
    }
    let mut problem = if !alarm.reason.starts_with(TEST_MARK) {
        Problem::conflict(
            "ALARM_RINGS",
            format!(
                "it really rings since {}, so people are told as it is, and a reset would hide the trouble: {}",
                alarm.since, alarm.reason
            ),
        )
    } else if now.since(alarm.since) < LEFT_AFTER {
        Problem::conflict("TEST_UNDER_WAY", "somebody tests it right now: try again in a minute")
            .after(LEFT_AFTER)
    } else {
        return Ok(true);
    };
    problem.more.insert("since".to_owned(), json!(alarm.since));
    Err(problem)
}

async fn ring_and_reset<P: Future<Output = ()>>(
    ports: &(impl Alarms + Clock),
    pause: impl Fn(u32) -> P,
    alarm: &Alarm,
    left: bool,
    words: &str,
) -> Result<Seen, Problem> {
    let name = alarm.name.as_str();
    if left {
        // Actions are carried out on a change of state only.
        reset(ports, &pause, name).await?;
    }
    let since = ports.now() - SKEW;
    let seen = match ports.set_alarm_state(name, AlarmState::Alarm, words).await {
        Ok(()) => watch(ports, &pause, alarm, since).await,
        // Where it may have happened it is reset as well.
        Err(error) if error.kind == CloudErrorKind::Unknown => Err(error),
        Err(error) => return Err(StepError::of_cloud(error).into()),
    };
    let reset = reset(ports, &pause, name).await?;
    let actions = seen.map_err(|error| {
        let mut problem = Problem::from(StepError::of_cloud(error));
        "the alarm was made to ring and was reset, but what its actions came to could not be seen"
            .clone_into(&mut problem.detail);
        problem
    })?;
    Ok(Seen { actions, reset })
}

/// What the actions come to, until all are there or there were looks enough.
async fn watch<P: Future<Output = ()>>(
    ports: &impl Alarms,
    pause: &impl Fn(u32) -> P,
    alarm: &Alarm,
    since: Timestamp,
) -> CloudResult<Vec<AlarmAction>> {
    let mut look = 0;
    loop {
        let seen = ports.alarm_actions(&alarm.name, since).await;
        let all = seen.as_ref().is_ok_and(|seen| seen.len() >= alarm.actions.len());
        if all || look == LOOKS {
            return seen;
        }
        pause(look).await;
        look += 1;
    }
}

/// Resets what this test has set, and nothing else.
async fn reset<P: Future<Output = ()>>(
    ports: &impl Alarms,
    pause: &impl Fn(u32) -> P,
    name: &str,
) -> Result<Reset, Problem> {
    let mut attempt = 0;
    loop {
        let done = reset_once(ports, name).await;
        match done {
            Ok(done) => return Ok(done),
            Err(error) if attempt + 1 == RESETS => {
                let mut problem = Problem::new(
                    503,
                    "ALARM_LEFT",
                    format!(
                        "the alarm was made to ring and could not be reset. If it is of a metric, CloudWatch reckons it anew \
                         within minutes; or reset it by: aws cloudwatch set-alarm-state --alarm-name \"{name}\" --state-value \
                         OK --state-reason \"Test complete\""
                    ),
                );
                problem.more.insert("cause".to_owned(), json!(StepError::of_cloud(error).name()));
                return Err(problem);
            }
            Err(_) => pause(attempt).await,
        }
        attempt += 1;
    }
}

async fn reset_once(ports: &impl Alarms, name: &str) -> CloudResult<Reset> {
    // Gone meanwhile: nothing is left to reset.
    let Some(alarm) = ports.alarm(name).await? else { return Ok(Reset::Done) };
    match alarm.state {
        AlarmState::Alarm if alarm.reason.starts_with(TEST_MARK) => {
            ports.set_alarm_state(name, AlarmState::Ok, "Test complete").await.map(|()| Reset::Done)
        }
        AlarmState::Ok => Ok(Reset::Done),
        other => Ok(Reset::LeftAs(other)),
    }
}

fn report(alarm: &Alarm, seen: &Seen, recorded: bool) -> Value {
    let (all, well) = (alarm.actions.len(), well(&seen.actions));
    let said = match (all, well) {
        (0, _) => {
            "The alarm has no actions, or they are switched off: nobody is told by it alone. A composite alarm over it may."
                .to_owned()
        }
        (all, well) if well == all => "Every action was carried out: who is subscribed has been told.".to_owned(),
        (all, well) => format!(
            "Of {all} actions {well} are known to have gone well. CloudWatch may show them later; if it does not, see that \
             the topic's policy lets cloudwatch.amazonaws.com publish."
        ),
    };
    let left_as = match &seen.reset {
        Reset::Done => AlarmState::Ok,
        Reset::LeftAs(state) => *state,
    };
    json!({
        "alarm": alarm.name,
        "before": alarm.state,
        "after": left_as,
        "reckonedMeanwhile": matches!(seen.reset, Reset::LeftAs(_)),
        "actions": alarm.actions,
        "carriedOut": seen.actions,
        "notified": all > 0 && well == all,
        "recorded": recorded,
        "message": said,
    })
}
