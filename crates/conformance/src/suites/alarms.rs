//! What [`Alarms`] promises.

use crate::case::{Case, Checked, cases, equal, holds, refused, there};
use crate::stage::Stage;
use capstan_core::ports::{AlarmState, Alarms, Clock, CloudErrorKind};
use capstan_core::time::Timestamp;

pub(super) fn cases<P: Alarms + Clock>() -> Vec<Case<P>> {
    cases! { "Alarms":
        an_alarm_that_is_not_there_is_none [alarm, alarms, set_alarm_state],
        an_alarm_is_found_by_its_name_and_the_beginning_of_it [alarm, alarms],
        a_state_that_is_set_is_told_with_its_reason [set_alarm_state, alarm],
        what_an_alarm_calls_is_in_its_history [set_alarm_state, alarm_actions],
    }
}

async fn an_alarm_that_is_not_there_is_none<P: Alarms>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("silent");
    equal("the alarm", &ports.alarm(&name).await?, &None)?;
    equal("alarms of this name", &ports.alarms(&name).await?, &Vec::new())?;
    let set = ports.set_alarm_state(&name, AlarmState::Alarm, "to see").await;
    refused("a state for no alarm", CloudErrorKind::NotFound, set)
}

async fn an_alarm_is_found_by_its_name_and_the_beginning_of_it<P: Alarms>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("rings");
    stage.backstage().make_alarm(&name).await?;
    let one = there("the alarm", ports.alarm(&name).await?)?;
    holds("it calls one thing", one.actions.len() == 1)?;
    let beginning = name.get(..name.len() - 1).unwrap_or_default();
    let found = ports.alarms(beginning).await?;
    holds("it is among those that begin so", found.iter().any(|alarm| alarm.name == name))?;
    holds("all of those begin so", found.iter().all(|alarm| alarm.name.starts_with(beginning)))
}

async fn a_state_that_is_set_is_told_with_its_reason<P: Alarms>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("rings");
    stage.backstage().make_alarm(&name).await?;
    for state in [AlarmState::Alarm, AlarmState::Ok, AlarmState::InsufficientData] {
        ports.set_alarm_state(&name, state, "Größe & \"Grund\"").await?;
        let seen = there("the alarm", ports.alarm(&name).await?)?;
        equal("the state", &seen.state, &state)?;
        equal("the reason", &seen.reason.as_str(), &"Größe & \"Grund\"")?;
        holds("since when", seen.since > Timestamp::from_millis(0))?;
    }
    Ok(())
}

async fn what_an_alarm_calls_is_in_its_history<P: Alarms + Clock>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("rings");
    stage.backstage().make_alarm(&name).await?;
    ports.set_alarm_state(&name, AlarmState::Ok, "before").await?;
    let since = ports.now();
    ports.set_alarm_state(&name, AlarmState::Alarm, "to see").await?;
    let seen = stage
        .until("it was called", async || ports.alarm_actions(&name, since).await, |seen| !seen.is_empty())
        .await?;
    holds("it went well", seen.iter().all(|action| action.succeeded && action.at >= since))
}
