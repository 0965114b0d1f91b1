//! What [`Workflows`] promises. The machine that the suites are given waits while its input has `hold`, and else ends well
//! at once, or badly where its input has `fail`. It chooses in the state `Which`, and goes on to `Hold`, `Good` or `Bad`,
//! which fails with `Asked`.

use crate::case::{Case, Checked, cases, equal, holds, refused, there};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, ExecutionStatus, ExecutionView, VisitStatus, Workflows};
use serde_json::{Value, json};

pub(super) fn cases<P: Workflows>() -> Vec<Case<P>> {
    cases! { "Workflows":
        started_twice_is_started_once [start, describe],
        a_name_that_runs_with_other_input_is_taken [start],
        a_name_that_ended_is_taken [start, describe],
        an_execution_comes_to_its_end [start, describe],
        an_unknown_execution_is_none [describe],
        a_history_tells_how_each_state_went [start, history],
        what_is_stopped_ends_in_its_history [start, history],
        an_unknown_executions_history_is_none [history],
        an_executions_arn_names_it [execution_arn],
        a_name_has_80_characters_at_most [start],
    }
}

/// The input of an execution that waits until it is stopped.
fn holding() -> Value {
    json!({ "hold": true, "tenantId": "t", "fail": false })
}

const RUNNING: ExecutionView = ExecutionView { status: ExecutionStatus::Running, stopped_at: None };

async fn started_twice_is_started_once<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("run");
    ports.start(&name, &holding()).await?;
    equal("it runs", &ports.describe(&name).await?, &Some(RUNNING))?;
    ports.start(&name, &holding()).await?;
    equal("it still runs", &ports.describe(&name).await?, &Some(RUNNING))
}

async fn a_name_that_runs_with_other_input_is_taken<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("run");
    ports.start(&name, &holding()).await?;
    let other = json!({ "hold": true, "tenantId": "another", "fail": false });
    refused("other input", CloudErrorKind::AlreadyExists, ports.start(&name, &other).await)
}

async fn a_name_that_ended_is_taken<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("run");
    ports.start(&name, &holding()).await?;
    stage.backstage().stop_execution(&name).await?;
    let seen = there("the execution", ports.describe(&name).await?)?;
    equal("it was stopped", &seen.status, &ExecutionStatus::Aborted)?;
    holds("it is known when", seen.stopped_at.is_some())?;
    refused("the same again", CloudErrorKind::AlreadyExists, ports.start(&name, &holding()).await)
}

async fn an_execution_comes_to_its_end<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    for (fail, stem, expected) in
        [(false, "good", ExecutionStatus::Succeeded), (true, "bad", ExecutionStatus::Failed)]
    {
        let name = stage.name(stem);
        ports.start(&name, &json!({ "hold": false, "tenantId": "t", "fail": fail })).await?;
        let ended = stage
            .until_there(
                "it has ended",
                async || ports.describe(&name).await,
                |seen| seen.status != ExecutionStatus::Running,
            )
            .await?;
        equal("how it ended", &ended.status, &expected)?;
        holds("it is known when", ended.stopped_at.is_some())?;
    }
    Ok(())
}

async fn an_unknown_execution_is_none<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("nothing", &ports.describe(&stage.name("run")).await?, &None)
}

/// The state, how it went and what error it had.
type Went<'a> = (&'a str, VisitStatus, Option<&'a str>);

async fn a_history_tells_how_each_state_went<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let which: Went<'_> = ("Which", VisitStatus::Succeeded, None);
    for (fail, stem, status, last) in [
        (false, "good", ExecutionStatus::Succeeded, ("Good", VisitStatus::Succeeded, None)),
        (true, "bad", ExecutionStatus::Failed, ("Bad", VisitStatus::Failed, Some("Asked"))),
    ] {
        let name = stage.name(stem);
        ports.start(&name, &json!({ "hold": false, "tenantId": "t", "fail": fail })).await?;
        let seen = stage
            .until_there(
                "it has ended",
                async || ports.history(&name).await,
                |seen| seen.status != ExecutionStatus::Running,
            )
            .await?;
        equal("how it ended", &seen.status, &status)?;
        let went: Vec<Went<'_>> = seen
            .visits
            .iter()
            .map(|visit| (visit.state.as_str(), visit.status, visit.error.as_deref()))
            .collect();
        equal("how the states went", &went, &vec![which, last])?;
        let once = seen.visits.iter().all(|visit| (visit.visits, visit.attempts) == (1, 1));
        holds("each was entered once", once)?;
        let in_order =
            seen.visits.iter().all(|visit| visit.exited_at.is_some_and(|left| left >= visit.entered_at));
        holds("none was left before it was entered", in_order)?;
    }
    Ok(())
}

async fn what_is_stopped_ends_in_its_history<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("run");
    ports.start(&name, &holding()).await?;
    let in_hold = async |status: VisitStatus| {
        stage
            .until_there(
                "it is in Hold",
                async || ports.history(&name).await,
                |seen| seen.visits.iter().any(|visit| visit.state == "Hold" && visit.status == status),
            )
            .await
    };
    equal("it runs", &in_hold(VisitStatus::Running).await?.status, &ExecutionStatus::Running)?;
    stage.backstage().stop_execution(&name).await?;
    let seen = in_hold(VisitStatus::Failed).await?;
    equal("it was stopped", &seen.status, &ExecutionStatus::Aborted)?;
    holds("nothing is open", seen.visits.iter().all(|visit| visit.exited_at.is_some()))
}

async fn an_unknown_executions_history_is_none<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("nothing", &ports.history(&stage.name("run")).await?, &None)
}

async fn an_executions_arn_names_it<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("run");
    let arn = ports.execution_arn(&name);
    let pieces: Vec<&str> = arn.split(':').collect();
    let form = matches!(pieces.as_slice(), ["arn", "aws", "states", _, _, "execution", machine, last]
        if !machine.is_empty() && *last == name);
    holds(&format!("`{arn}` has the form of an execution's ARN"), form)
}

async fn a_name_has_80_characters_at_most<P: Workflows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = format!("{}-{}", stage.name("run"), "x".repeat(70));
    refused("too long", CloudErrorKind::Invalid, ports.start(&name, &holding()).await)
}
