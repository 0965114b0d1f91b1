//! The template: its functions, routes and tables against the code and the facts page.

use crate::functions_by_crate;
use capstan_core::access;
use capstan_core::ports::{SortKind, Table};
use capstan_tests::cases::{self, Case, Outcome};
use capstan_tests::scenario::{GRACE, Scenario};
use capstan_tests::template::{self, Template};
use capstan_tests::workspace;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn every_function_crate_is_in_the_template_and_the_reverse() {
    let functions = functions_by_crate();
    let crates = workspace::functions();
    for name in &crates {
        let function = functions.get(name);
        let function =
            function.unwrap_or_else(|| panic!("template.yaml: add a function with `Binary: {name}`"));
        let wanted = format!("{}{name}-${{Environment}}", workspace::family_of(name).1);
        assert_eq!(function.name, wanted, "template.yaml: the FunctionName of {}", function.logical_id);
    }
    let unknown: Vec<_> = functions.keys().filter(|name| !crates.contains(*name)).collect();
    assert!(unknown.is_empty(), "template.yaml has functions without a crate under crates/: {unknown:?}");
}

#[test]
fn every_function_crate_has_a_handler_and_the_reverse() {
    let handlers: BTreeSet<String> =
        local::functions::registry().iter().map(|function| function.name.to_owned()).collect();
    assert_eq!(
        handlers,
        workspace::functions(),
        "crates/local/src/functions.rs: `registry` (left) must list every function (right)"
    );
}

#[test]
fn every_function_has_an_event_that_succeeds_and_one_that_is_refused() {
    let files = workspace::events();
    for function in workspace::functions() {
        let there = |case: &Case| case.function() == function && files.contains(case.file);
        let outcomes: Vec<Outcome> =
            cases::all().into_iter().filter(there).map(|case| case.outcome).collect();
        let good = |outcome: &Outcome| match outcome {
            Outcome::Status(status) => *status < 400,
            Outcome::Verdict(_) | Outcome::Answer => true,
            Outcome::Failure(_) => false,
        };
        let how = "add one, with its case in tests/src/cases";
        assert!(outcomes.iter().any(good), "events/{function} has no event that succeeds: {how}");
        assert!(!outcomes.iter().all(good), "events/{function} has no event that is refused: {how}");
    }
}

#[test]
fn the_routes_are_those_of_the_access_table() {
    let of_roles = access::TABLE.iter().map(|rule| (rule.method.to_owned(), rule.path()));
    let wanted: BTreeSet<(String, String)> = of_roles.chain(public()).collect();
    let routes: BTreeSet<(String, String)> =
        functions_by_crate().into_values().flat_map(|f| f.routes).collect();
    let missing: Vec<_> = wanted.difference(&routes).collect();
    assert!(missing.is_empty(), "template.yaml: add an Api event for {missing:?}");
    let surplus: Vec<_> = routes.difference(&wanted).collect();
    assert!(
        surplus.is_empty(),
        "nobody may call {surplus:?}: take the event out, or add a line to crates/core/src/access.rs"
    );
}

#[test]
fn every_route_is_known_to_its_function() {
    for access::Rule { method, route: path, .. } in access::TABLE {
        let (status, answer) =
            Scenario::empty().request(GRACE, method, path, &json!({"tier": "DEV"}), &json!({}));
        let unknown = answer["detail"].as_str().is_some_and(|detail| detail.starts_with("there is no "));
        assert!(
            status < 500 && !(status == 404 && unknown),
            "{method} {path}: the function behind it does not have it: {answer}"
        );
    }
}

/// The routes that take no token.
fn public() -> impl Iterator<Item = (String, String)> {
    access::PUBLIC.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
}

/// One that does not go through the authorizer is named in the list of those, and those named do not.
#[test]
fn every_route_is_guarded_but_those_with_a_reason() {
    let mut open = BTreeSet::new();
    for route in &Scenario::empty().system().description().routes {
        match route.authorizer.as_deref() {
            Some("AuthorizerFunction") => {}
            Some(other) => panic!("template.yaml: {} {} goes through {other}", route.method, route.path),
            None => drop(open.insert((route.method.clone(), route.path.clone()))),
        }
    }
    let named: BTreeSet<(String, String)> = public().collect();
    assert_eq!(
        open, named,
        "template.yaml: routes without the authorizer (left) must be those of PUBLIC in crates/core/src/access.rs (right)"
    );
    for (method, path) in named {
        let function = functions_by_crate()
            .into_iter()
            .find(|(_, function)| function.routes.contains(&(method.clone(), path.clone())));
        assert_eq!(function.map(|(name, _)| name).as_deref(), Some("console"), "{method} {path}");
    }
}

fn kind(table: Table) -> &'static str {
    match table.sort_kind() {
        SortKind::Text => "S",
        SortKind::Number => "N",
    }
}

#[test]
fn the_tables_are_those_of_the_store() {
    let found = Template::read().tables();
    for table in Table::ALL {
        let wanted = template::Table {
            name: format!("{}-${{Environment}}", table.name()),
            partition: table.partition_key().to_owned(),
            sort: table.sort_key().map(ToOwned::to_owned),
            types: ["S"]
                .into_iter()
                .chain(table.sort_key().map(|_| kind(table)))
                .map(str::to_owned)
                .collect(),
        };
        assert!(found.contains(&wanted), "template.yaml: {table:?} must be a table {wanted:?}");
    }
    assert_eq!(
        found.len(),
        Table::ALL.len(),
        "template.yaml has a table that `Table` (crates/core/src/ports/store.rs) lacks"
    );
}

/// What one tenant may ask at once and in the long run leaves room in what the API takes of all of them.
#[test]
fn a_tenant_s_limit_fits_into_the_api_s() {
    let template: serde_norway::Value = serde_norway::from_str(&workspace::text("template.yaml")).unwrap();
    let default = |name: &str| template["Parameters"][name]["Default"].as_u64().unwrap();
    let tenant = u32::try_from(default("TenantRequestsPerMinute")).unwrap();
    let (rate, burst) = (default("ApiRateLimit"), default("ApiBurstLimit"));
    let at_once = api::most_at_once(tenant);
    assert!(2 * at_once <= burst, "a tenant's burst of {at_once} takes more than half of the API's {burst}");
    let a_minute = api::tenths_a_minute(tenant) / 10;
    assert!(
        4 * a_minute <= rate * 60,
        "a tenant's {a_minute} a minute are more than a quarter of {rate} a second"
    );
}
