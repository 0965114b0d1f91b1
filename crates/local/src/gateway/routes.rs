//! Which route a request is for.
//!
//! A handful of routes are compared one by one, segment by segment; API Gateway's order holds: a literal segment
//! goes before a parameter, a parameter before a greedy one.

use crate::template::Route;
use capstan_core::web::decode;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    /// `{name+}`: this and all that follow.
    Greedy(String),
}

#[derive(Debug)]
struct Entry {
    segments: Vec<Segment>,
    route: Route,
}

/// The routes of an API.
#[derive(Debug)]
pub(super) struct Routes(Vec<Entry>);

pub(super) type Parameters = BTreeMap<String, String>;

/// What was found.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Route(&'a Route, Parameters),
    /// There is such a path, but only with these methods.
    WrongMethod(String),
    Nothing,
}

impl Routes {
    pub(super) fn new(routes: &[Route]) -> Self {
        let entry = |route: &Route| Entry { segments: segments(&route.path), route: route.clone() };
        let mut entries: Vec<Entry> = routes.iter().map(entry).collect();
        // In the order of `Segment`, what is more exact comes first.
        entries.sort_by(|a, b| a.segments.cmp(&b.segments));
        Self(entries)
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Found<'_> {
        let mut allowed = BTreeSet::new();
        for entry in &self.0 {
            let Some(parameters) = fits(&entry.segments, path) else { continue };
            if entry.route.method == method || entry.route.method == "ANY" {
                return Found::Route(&entry.route, parameters);
            }
            allowed.insert(entry.route.method.as_str());
        }
        if allowed.is_empty() {
            return Found::Nothing;
        }
        Found::WrongMethod(allowed.into_iter().collect::<Vec<_>>().join(", "))
    }
}

fn segments(path: &str) -> Vec<Segment> {
    let segment = |text: &str| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        None => Segment::Literal(text.to_owned()),
        Some(name) => match name.strip_suffix('+') {
            None => Segment::Parameter(name.to_owned()),
            Some(name) => Segment::Greedy(name.to_owned()),
        },
    };
    path.trim_start_matches('/').split('/').map(segment).collect()
}

fn fits(segments: &[Segment], path: &str) -> Option<Parameters> {
    let path = path.strip_prefix('/')?;
    let mut parameters = Parameters::new();
    let mut parts = path.split('/');
    for segment in segments {
        let part = parts.next()?;
        match segment {
            Segment::Literal(text) => {
                if text != part {
                    return None;
                }
            }
            Segment::Parameter(_) | Segment::Greedy(_) if part.is_empty() => return None,
            Segment::Parameter(name) => drop(parameters.insert(name.clone(), decode(part, false))),
            Segment::Greedy(name) => {
                let rest: Vec<&str> = std::iter::once(part).chain(parts.by_ref()).collect();
                parameters.insert(name.clone(), decode(&rest.join("/"), false));
            }
        }
    }
    parts.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let route = |method: &str, path: &str| Route {
            method: method.to_owned(),
            path: path.to_owned(),
            function: format!("{method} {path}"),
            authorizer: None,
            wants_header: false,
        };
        Routes::new(&[
            route("GET", "/tier/{any+}"),
            route("GET", "/tier/configs/{tier}"),
            route("PUT", "/tier/configs/{tier}"),
            route("GET", "/tier/configs/all"),
            route("ANY", "/any"),
        ])
    }

    fn found(method: &str, path: &str) -> String {
        match routes().find(method, path) {
            Found::Route(route, parameters) => format!("{} {parameters:?}", route.function),
            Found::WrongMethod(allowed) => format!("allowed {allowed}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn the_more_exact_route_wins() {
        assert_eq!(found("GET", "/tier/configs/all"), "GET /tier/configs/all {}");
        assert_eq!(found("GET", "/tier/configs/D%45V"), r#"GET /tier/configs/{tier} {"tier": "DEV"}"#);
        assert_eq!(found("GET", "/tier/a/b%2Fc"), r#"GET /tier/{any+} {"any": "a/b/c"}"#);
        assert_eq!(found("DELETE", "/any"), "ANY /any {}");
    }

    #[test]
    fn another_method_is_told_apart_from_another_path() {
        assert_eq!(found("DELETE", "/tier/configs/DEV"), "allowed GET, PUT");
        for path in ["/", "", "/tier", "/tier/", "/any/", "/any/x", "//any", "/ANY"] {
            assert_eq!(found("GET", path), "nothing", "{path}");
        }
    }
}
