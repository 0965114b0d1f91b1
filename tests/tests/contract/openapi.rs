//! `docs/openapi.yaml` and the routes of the template: each has what the other has. The pages for people are no part of the
//! API: what they are for can be done by its routes alone.

use capstan_core::access;
use capstan_tests::template::Template;
use capstan_tests::workspace;
use serde_norway::Value;
use std::collections::BTreeSet;

#[test]
fn the_document_has_the_routes_and_no_others() {
    let document: Value = serde_norway::from_str(&workspace::text("docs/openapi.yaml")).unwrap();
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_mapping().unwrap() {
        for (method, operation) in operations.as_mapping().unwrap() {
            let method = method.as_str().unwrap();
            if method == "parameters" {
                continue;
            }
            described.insert(format!("{} {}", method.to_uppercase(), path.as_str().unwrap()));
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "docs/openapi.yaml: the operationId {id} is given twice");
        }
    }
    let functions = Template::read().functions();
    let page =
        |method: &str, path: &str| access::PUBLIC.iter().any(|(of, at, _)| (*of, *at) == (method, path));
    let routes = functions.iter().flat_map(|function| &function.routes);
    let routes = routes.filter(|(method, path)| !page(method, path));
    let given: BTreeSet<String> = routes.map(|(method, path)| format!("{method} {path}")).collect();
    assert!(!given.is_empty());
    let missing: Vec<_> = given.difference(&described).collect();
    assert!(missing.is_empty(), "in template.yaml and not in docs/openapi.yaml: {missing:?}");
    let surplus: Vec<_> = described.difference(&given).collect();
    assert!(surplus.is_empty(), "in docs/openapi.yaml and not in template.yaml: {surplus:?}");
}
