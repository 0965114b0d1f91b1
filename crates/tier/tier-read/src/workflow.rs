//! The workflow of a change, state by state.

use crate::Ports;
use api::{Problem, Reply, Request};
use capstan_core::tier::Change;
use capstan_core::tier::workflow::{Graph, Known};
use serde_json::json;
use tier_steps::StepError;

pub(crate) async fn workflow(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["transitionId"])?;
    let graph = Graph::tier_transition();
    let Some(change) = asked_for(ports, request).await? else {
        return Ok(Reply::ok(json!({
            "transitionId": null,
            "status": null,
            "executionArn": null,
            "execution": null,
            "startAt": graph.start_at,
            "states": graph.standing(Known::NotStarted),
            "edges": graph.edges,
        })));
    };
    // The execution that works on it now, or did last: a recovery goes on where another was lost.
    let name = change.execution_name();
    let history = ports.history(&name).await.map_err(StepError::of_cloud)?;
    let known = match &history {
        Some(history) => Known::History(history),
        None if change.ended() => Known::Gone,
        None => Known::NotStarted,
    };
    Ok(Reply::ok(json!({
        "transitionId": change.transition_id,
        "status": change.status,
        "executionArn": ports.execution_arn(&name),
        "execution": history.as_ref().map(|history| history.status.as_str()),
        "startAt": graph.start_at,
        "states": graph.standing(known),
        "edges": graph.edges,
    })))
}

/// The change that the request names: the tenant's own, and without a name the one under way or the last. `None` where
/// there never was one.
async fn asked_for(ports: &impl Ports, request: &Request) -> Result<Option<Change>, Problem> {
    let tenant = &request.caller.tenant;
    let Some(given) = request.query.get("transitionId") else {
        let state = tier_records::state(ports, tenant).await?;
        if let Some(transition) = &state.transition_id
            && let Some(change) = tier_records::change(ports, tenant, transition).await?
        {
            return Ok(Some(change));
        }
        return Ok(tier_records::changes(ports, tenant, None, 1).await?.0.pop());
    };
    crate::history::by_id(ports, request, given).await.map(Some)
}
