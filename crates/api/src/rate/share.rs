//! Which of a tenant's buckets a request takes from.

use crate::Request;
use capstan_core::access::{self, Decision};

/// What a request is, to the tenant's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// It changes nothing, or its caller may not.
    Look,
    /// It changes something.
    Act,
    /// It stops something or puts it in order again.
    Stop,
}

/// What a route that stops or puts back ends in.
const STOPS: [&str; 5] = ["cancel", "reset", "rollback", "swap-back", "undo"];

impl Share {
    /// Of a request by a caller who may make it; whoever may not has no share in acting.
    pub(super) fn of(request: &Request) -> Self {
        match access::decide(request.caller.role, &request.method, &request.resource) {
            Decision::Allow => Self::of_route(&request.method, &request.route),
            Decision::Deny { .. } | Decision::NoSuchRoute => Self::Look,
        }
    }

    fn of_route(method: &str, route: &str) -> Self {
        let last = route.rsplit('/').next().unwrap_or_default();
        match (method, route) {
            ("GET" | "HEAD", _) | ("POST", "/tier/plan") => Self::Look,
            ("POST", _) if STOPS.contains(&last) => Self::Stop,
            _ => Self::Act,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use access::TABLE;

    /// Said by hand, so that a route which gets another name is missed.
    #[test]
    fn what_stops_or_puts_back_has_a_share_of_its_own() {
        let stops: Vec<&str> = TABLE
            .iter()
            .filter(|rule| Share::of_route(rule.method, rule.route) == Share::Stop)
            .map(|rule| rule.route)
            .collect();
        assert_eq!(
            stops,
            [
                "/tier/cancel",
                "/tier/reset",
                "/scale/{scaleId}/undo",
                "/restores/{restoreId}/cancel",
                "/restores/{restoreId}/swap-back",
                "/canary/{canaryId}/rollback",
                "/models/releases/{releaseId}/cancel",
            ]
        );
    }

    #[test]
    fn whoever_only_looks_acts_on_nothing() {
        let acts = |rule: &&access::Rule| Share::of_route(rule.method, rule.route) != Share::Look;
        for rule in TABLE.iter().filter(acts) {
            assert_ne!(rule.method, "GET", "{}", rule.route);
        }
        assert_eq!(Share::of_route("POST", "/tier/plan"), Share::Look);
        assert_eq!(Share::of_route("POST", "/tier/change"), Share::Act);
    }
}
