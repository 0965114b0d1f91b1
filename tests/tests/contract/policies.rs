//! Each role allows what its function calls, and what else it allows has its reason here.

use crate::actions;
use crate::calls::{self, Use};
use crate::roles::{self, Right};
use std::collections::{BTreeMap, BTreeSet};

/// What is allowed though no run calls it: of which functions (by the beginning of the name), which actions (by their
/// beginning), and why.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "cleanup-",
        "dynamodb:",
        "the rows of the ledger and of retired stores are kept by the same code for all services",
    ),
    ("provision-elasticache", "elasticache:Modify", SIZES),
    ("provision-elasticache", "elasticache:IncreaseReplicaCount", SIZES),
    ("provision-elasticache", "elasticache:DecreaseReplicaCount", SIZES),
    ("cleanup-elasticache", "elasticache:Modify", SIZES),
    ("cleanup-elasticache", "elasticache:IncreaseReplicaCount", SIZES),
    ("cleanup-elasticache", "elasticache:DecreaseReplicaCount", SIZES),
    (
        "rollback-provisioning",
        "",
        "what is undone depends on where a change stopped, and whatever steps do may have to be",
    ),
    ("scale-resource", "", WHEREVER),
    ("scales", "", WHEREVER),
    ("end-restore", "lambda:", "it goes on with putting a former table back, where nobody asks again"),
    ("reap-retired", "cloudwatch:", "the alarms of an endpoint go with its scaling"),
    (
        "reap-retired",
        "aoss:GetAccountSettings",
        "it stands in what all functions that look share; it reveals two numbers",
    ),
];

const WHEREVER: &str =
    "either goes on where the other stopped, so both do whatever a change of scale may take";
const SIZES: &str = "sizes of caches can't be edited, but a release may give a tier others";

#[test]
fn each_role_allows_what_its_function_calls_and_nothing_else() {
    let needed = needed();
    let (roles, _) = roles::read();
    let none = BTreeSet::new();
    let mut wrong = Vec::new();
    for (function, needed) in &needed {
        let allowed = roles.get(*function).unwrap_or(&none);
        wrong.extend(needed.difference(allowed).map(|right| format!("{function} needs {right}")));
    }
    let mut used = BTreeSet::new();
    for (function, allowed) in &roles {
        for right in allowed.difference(needed.get(function.as_str()).unwrap_or(&none)) {
            let reasons = REASONS.iter().enumerate();
            let mut reasons = reasons
                .filter(|(_, (of, action, _))| function.starts_with(of) && right.action.starts_with(action));
            match reasons.next() {
                Some((index, _)) => drop(used.insert(index)),
                None => wrong
                    .push(format!("{function} never uses {right}: take it away, or say in REASONS why not")),
            }
        }
    }
    let idle = REASONS.iter().enumerate().filter(|(index, _)| !used.contains(index));
    wrong.extend(
        idle.map(|(_, (of, action, _))| format!("REASONS: nothing needs the reason for {action} of {of}")),
    );
    assert!(wrong.is_empty(), "template.yaml, Policies:\n{}", wrong.join("\n"));
}

#[test]
fn every_statement_is_about_its_own_service() {
    let (_, misfits) = roles::read();
    assert!(misfits.is_empty(), "template.yaml: these statements allow nothing: {misfits:#?}");
}

/// IAM attaches ten managed policies to a role at most, and SAM adds two: for logs and for tracing.
#[test]
fn no_role_has_more_managed_policies_than_iam_takes() {
    for (function, count) in roles::attached() {
        assert!(count <= 8, "template.yaml: {function} has {count} managed policies");
    }
}

/// A page that anybody can ask for has nothing that it could be talked into.
#[test]
fn the_console_may_do_nothing_itself() {
    let (roles, _) = roles::read();
    assert_eq!(roles.get("console"), Some(&BTreeSet::new()), "template.yaml: ConsoleFunction has Policies");
    assert_eq!(roles::attached().get("ConsoleFunction"), Some(&0));
}

fn needed() -> BTreeMap<&'static str, BTreeSet<Right>> {
    let mut needed: BTreeMap<&str, BTreeSet<Right>> = BTreeMap::new();
    for (function, uses) in calls::everything() {
        let rights = needed.entry(function).or_default();
        for one in uses {
            match one {
                Use::Table(action, table) => {
                    rights.insert(Right { action: action.to_owned(), table: table.name().to_owned() });
                }
                Use::Call(service, operation, kind) => {
                    let actions = actions::of(service, operation, &kind);
                    let actions = actions
                        .unwrap_or_else(|| panic!("conformance::operations lacks {service}:{operation}"));
                    let right = |action: &str| Right { action: action.to_owned(), table: String::new() };
                    rights.extend(actions.into_iter().map(right));
                }
            }
        }
    }
    needed
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}{}", self.action, if self.table.is_empty() { "" } else { " on " }, self.table)
    }
}
