//! The simulated cloud, told how to behave: what no API of the system is for, and what there is on one machine alone.
//!
//! `POST /_sim/endpoints/NAME/BEHAVIOUR` has an endpoint answer slowly, wrongly, with failures, or well again.

use super::problem::Problem;
use super::{Gateway, Reply, Request};
use serde_json::json;
use sim::Behaviour;

/// What these paths begin with.
pub(super) const PATH: &str = "/_sim/";
/// The header that a request must have: a page of somebody else's, open in a browser on this machine, can't send it.
const HEADER: &str = "x-capstan-sim";

impl Gateway {
    pub(super) fn set_the_stage(
        &self,
        method: &str,
        path: &str,
        request: &Request,
    ) -> Result<Reply, Problem> {
        let rest = path.strip_prefix(PATH).unwrap_or_default();
        let Some((endpoint, word)) = rest.strip_prefix("endpoints/").and_then(|rest| rest.split_once('/'))
        else {
            return Err(Problem::no_such_path());
        };
        let (Some(behaviour), true) = (Behaviour::parse(word), request.header(HEADER).is_some()) else {
            return Err(Problem::no_such_path());
        };
        if request.header("host").is_some() && !self.is_meant(request) {
            return Err(Problem::no_such_path());
        }
        if method != "POST" {
            return Err(Problem::wrong_method(method, "POST"));
        }
        self.system.world().wait_until_made(&endpoint);
        let known = self.system.world().with(|world| {
            let known = world.has_endpoint(endpoint);
            if known {
                world.set_behaviour(endpoint, behaviour);
            }
            known
        });
        if !known {
            return Err(Problem::no_such_path());
        }
        let answer = json!({"endpoint": endpoint, "behaviour": behaviour});
        Ok(Reply::new(200, "application/json", answer.to_string().into_bytes()))
    }
}
