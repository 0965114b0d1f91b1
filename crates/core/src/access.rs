//! Who may do what: one table of routes, each with the least role that it takes.
//!
//! The authorizer, the functions behind the API, the tests and the documentation all read this table; nobody has another.
//! A new route is a new line in [`TABLE`]. What is not in it is nobody's. No route names a tenant: a caller acts on the
//! tenant of the token and on no other, so there is no column for that.

use crate::tier::Role;

/// What every route of the tier API begins with.
pub const BASE_PATH: &str = "/api/admin/infrastructure";
/// What every route of the IOps API begins with: nothing, as in the runbook's lines.
pub const IOPS_BASE: &str = "";
/// The route by which hosts report, method and path. Where the stack says so, it takes no token.
pub const INGEST: (&str, &str) = ("POST", "/metrics");
/// Whom a report without a token comes from.
pub const AGENT: &str = "agent";

/// A route and who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// HTTP method.
    pub method: &'static str,
    /// What the API's routes begin with.
    pub base: &'static str,
    /// The route as the template has it, without its base.
    pub route: &'static str,
    /// Who may, at least.
    pub least: Role,
    /// What it does, in a few words.
    pub meaning: &'static str,
}

impl Rule {
    /// The whole path, as the template has it.
    pub fn path(&self) -> String {
        format!("{}{}", self.base, self.route)
    }
}

const fn rule(method: &'static str, route: &'static str, least: Role, meaning: &'static str) -> Rule {
    Rule { method, base: BASE_PATH, route, least, meaning }
}

const fn iops(method: &'static str, route: &'static str, least: Role, meaning: &'static str) -> Rule {
    Rule { method, base: IOPS_BASE, route, least, meaning }
}

/// Every route there is.
pub const TABLE: &[Rule] = &[
    rule("GET", "/tier", Role::Viewer, "where the tenant stands"),
    rule("GET", "/tier/compare", Role::Viewer, "the three tiers side by side"),
    rule("GET", "/tier/transition-status", Role::Viewer, "how far the change under way has come"),
    rule("GET", "/tier/workflow", Role::Viewer, "how each state of a change's workflow has fared"),
    rule("GET", "/tier/change-history", Role::Viewer, "changes, newest first"),
    rule("GET", "/tier/audit", Role::Viewer, "what was done, by whom and why"),
    rule("GET", "/tier/audit/key", Role::Viewer, "the public key of the audit's seals"),
    rule("GET", "/tier/resources", Role::Viewer, "what the ledger says there is"),
    rule("GET", "/tier/orphans", Role::Viewer, "what the ledger does not explain"),
    rule("GET", "/tier/configs", Role::Viewer, "the three configurations"),
    rule("GET", "/tier/configs/{tier}", Role::Viewer, "one configuration"),
    rule("POST", "/tier/plan", Role::Viewer, "what a change would do; changes nothing"),
    rule("POST", "/tier/cancel", Role::Operator, "stops a change and undoes it"),
    rule("POST", "/tier/change", Role::Admin, "starts a change, or asks for confirmation"),
    rule("POST", "/tier/confirm", Role::Admin, "starts what was asked for"),
    rule("PUT", "/tier/configs/{tier}", Role::Admin, "edits a configuration"),
    rule("POST", "/tier/bypass-cooldown", Role::SuperAdmin, "a change in spite of the cooldown"),
    rule("POST", "/tier/reset", Role::SuperAdmin, "declares a stuck tier stable"),
    rule("PUT", "/tier/cooldown", Role::SuperAdmin, "sets the cooldown"),
    iops("POST", "/metrics", Role::Operator, "takes in what hosts report"),
    iops("GET", "/metrics", Role::Viewer, "what a host reported"),
    iops("GET", "/metrics/series", Role::Viewer, "one series of a host, with what was expected"),
    iops("GET", "/hosts", Role::Viewer, "the hosts at a glance, the worst first"),
    iops("GET", "/insights", Role::Viewer, "what was found, newest first"),
    iops("GET", "/insights/summary", Role::Viewer, "how much was found, by type and severity"),
    iops("GET", "/insights/{insightId}", Role::Viewer, "one finding"),
    iops("POST", "/insights/{insightId}/acknowledge", Role::Operator, "somebody sees to a finding"),
    iops("POST", "/insights/{insightId}/dismiss", Role::Operator, "a finding is none"),
    iops("GET", "/scale", Role::Viewer, "what may be scaled, how it is set, and the last changes"),
    iops("GET", "/scale/{scaleId}", Role::Viewer, "how far a change of scale has come"),
    iops("POST", "/scale", Role::Admin, "scales a function, a table, the endpoint or the API"),
    iops("POST", "/scale/{scaleId}/undo", Role::Operator, "puts the former setting back"),
    iops("GET", "/tables", Role::Viewer, "which tables can be restored, and from what"),
    iops("GET", "/restores", Role::Viewer, "restores of tables, newest first"),
    iops("GET", "/restores/{restoreId}", Role::Viewer, "how far a restore has come"),
    iops("POST", "/restores/{restoreId}/cancel", Role::Operator, "stops a restore and undoes it"),
    iops(
        "POST",
        "/restores",
        Role::Admin,
        "restores a table and puts it in the place of the one that serves",
    ),
    iops("POST", "/restores/{restoreId}/swap-back", Role::Admin, "puts the former table back"),
    iops("POST", "/canary", Role::Admin, "rolls a model out to more and more hosts"),
    iops("GET", "/canary", Role::Viewer, "the canary under way, and the last ones"),
    iops("GET", "/canary/{canaryId}", Role::Viewer, "one canary with its numbers"),
    iops("GET", "/canary/{canaryId}/measurements", Role::Viewer, "what was measured of a canary"),
    iops("POST", "/canary/{canaryId}/rollback", Role::Operator, "rolls a canary back at once"),
    iops("GET", "/traffic", Role::Viewer, "for which hosts a model answers"),
    iops("PUT", "/traffic", Role::Admin, "sets for how many hosts a model answers"),
    iops("GET", "/models", Role::Viewer, "which version of the model serves, and those there are"),
    iops("GET", "/models/releases", Role::Viewer, "releases of models, newest first"),
    iops("POST", "/models/releases", Role::Admin, "trains a new version of the model and deploys it"),
    iops("GET", "/models/releases/{releaseId}", Role::Viewer, "one release with all it did"),
    iops("POST", "/models/releases/{releaseId}/cancel", Role::Operator, "stops a release and undoes it"),
    iops("GET", "/models/ab", Role::Viewer, "the two versions that are compared, and what was measured"),
    iops("PUT", "/models/ab", Role::Admin, "has two versions answer, each for its share of the hosts"),
    iops("DELETE", "/models/ab", Role::Operator, "ends a comparison"),
    iops("POST", "/models/{version}/restore", Role::Admin, "deploys a version again that is there already"),
    iops("GET", "/health", Role::Viewer, "how every part of IOps is, and what to do about it"),
    iops("GET", "/cost", Role::Viewer, "what the month costs, and whether a day runs away"),
    iops("GET", "/subscriptions", Role::Operator, "who gets the critical alerts"),
    iops("POST", "/subscriptions", Role::Admin, "has somebody get them"),
    iops("DELETE", "/subscriptions/{subscriptionId}", Role::Admin, "has somebody get them no more"),
    iops("POST", "/alarms/{name}/test", Role::Admin, "makes an alarm ring, and resets it"),
];

/// The routes that take no token at the door, each method and path as the template has it, with the reason. They are in no
/// table of roles, since nobody's role is known there; a route that is in neither list can't be deployed.
pub const PUBLIC: &[(&str, &str, &str)] = &[
    (
        "GET",
        "/console",
        "a browser sends no token: the console asks the API with the token that the session's cookies hold, and that API \
         decides",
    ),
    (
        "GET",
        "/console/{proxy+}",
        "the same; signing in begins and ends here, and style and script are there before it",
    ),
    ("POST", "/console/{proxy+}", "the same; a form without a session, or of another site, is not looked at"),
];

/// What the table says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The role is enough.
    Allow,
    /// It takes at least this role.
    Deny {
        /// The least role.
        least: Role,
    },
    /// There is no such route, so nobody may.
    NoSuchRoute,
}

/// The rule of this method and path, as the template has it.
pub fn rule_of(method: &str, path: &str) -> Option<&'static Rule> {
    TABLE.iter().find(|rule| rule.method == method && path.strip_prefix(rule.base) == Some(rule.route))
}

/// Whether a role may call a path, as the template has it.
pub fn decide(role: Role, method: &str, path: &str) -> Decision {
    match rule_of(method, path) {
        None => Decision::NoSuchRoute,
        Some(Rule { least, .. }) if role >= *least => Decision::Allow,
        Some(Rule { least, .. }) => Decision::Deny { least: *least },
    }
}

/// A path without its API's base.
pub fn route_of<'a>(method: &str, path: &'a str) -> &'a str {
    rule_of(method, path).map_or_else(|| path.strip_prefix(BASE_PATH).unwrap_or(path), |rule| rule.route)
}

/// Why, in words for the caller.
pub fn denial(role: Role, least: Role) -> String {
    format!("this takes the role {}; yours is {}", least.as_str(), role.as_str())
}

/// The table as the documentation shows it, in Markdown.
pub fn to_markdown() -> String {
    let mut page = "| Method, path | What it does |".to_owned();
    page.extend(Role::ALL.map(|role| format!(" {} |", role.as_str())));
    page.push_str("\n|---|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    for Rule { method, route, least, meaning, .. } in TABLE {
        page.push_str(&format!("\n| {method} `{route}` | {meaning} |"));
        for role in Role::ALL {
            page.push_str(if role >= *least { " yes |" } else { " – |" });
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_stands_once_and_a_higher_role_never_may_less() {
        for (index, rule) in TABLE.iter().enumerate() {
            let first = TABLE.iter().position(|one| (one.method, one.route) == (rule.method, rule.route));
            assert_eq!(first, Some(index), "{} {} is there twice", rule.method, rule.route);
            let may = Role::ALL.map(|role| decide(role, rule.method, &rule.path()) == Decision::Allow);
            assert!(may.is_sorted() && may[3], "{} {}: {may:?}", rule.method, rule.route);
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_nobody_s() {
        for (method, route) in [
            ("GET", ""),
            ("GET", "/tier/"),
            ("get", "/tier"),
            ("DELETE", "/tier"),
            ("GET", "/tier"),
            ("GET", "/api/admin/infrastructure"),
            ("GET", "/api/admin/infrastructure/tier/"),
            ("get", "/api/admin/infrastructure/tier"),
            ("DELETE", "/api/admin/infrastructure/tier"),
            ("GET", "/api/admin/infrastructure/tier/configs/DEV"),
            ("GET", "/api/admin/infrastructure/metrics"),
            ("PUT", "/metrics"),
            ("GET", "/metrics/"),
        ] {
            assert_eq!(decide(Role::SuperAdmin, method, route), Decision::NoSuchRoute, "{method} {route}");
        }
    }
}
