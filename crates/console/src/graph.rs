//! A workflow drawn as a graph, on the server: layers from the start down, a box for each state, its colour its status.
//!
//! The layers are those of the longest way to each state, loops left out, so that every line but a loop's goes down. What is
//! drawn is what the API says of the workflow; nothing here knows one of its states.

use crate::show::{duration, sentence, text};
use capstan_core::time::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const WIDE: usize = 186;
const HIGH: usize = 30;
const ACROSS: usize = 12;
const DOWN: usize = 26;

/// A state's box.
struct Node<'a> {
    state: &'a Value,
    name: &'a str,
    /// How far down.
    layer: usize,
    /// Its left upper corner.
    at: (usize, usize),
}

/// The graph, or nothing where there are no states.
pub(crate) fn draw(workflow: &Value) -> Markup {
    let states = workflow["states"].as_array().map(Vec::as_slice).unwrap_or_default();
    let edges = workflow["edges"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ways: Vec<(&str, &str, &str)> =
        edges.iter().map(|edge| (text(edge, "from"), text(edge, "to"), text(edge, "kind"))).collect();
    let shown: Vec<&Value> = states.iter().filter(|state| !is_aside(state, &ways)).collect();
    let nodes = placed(&shown, &ways);
    let right = nodes.iter().map(|node| node.at.0 + WIDE).max().unwrap_or_default() + ACROSS;
    let bottom = nodes.iter().map(|node| node.at.1 + HIGH).max().unwrap_or_default() + ACROSS;
    let place: BTreeMap<&str, &Node<'_>> = nodes.iter().map(|node| (node.name, node)).collect();
    // All lines of a kind are one path: this is fetched again and again.
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for (from, to, kind) in &ways {
        if let (Some(from), Some(to)) = (place.get(from), place.get(to)) {
            lines.entry(kind).or_default().push_str(&line(from, to));
        }
    }
    html! {
        @if !nodes.is_empty() {
            div .scroll tabindex="0" role="region" aria-label="The workflow" {
                svg .graph role="img" viewBox={ "0 0 " (right) " " (bottom) } width=(right) height=(bottom) {
                    title { "The workflow, each state with its status" }
                    @for (kind, lines) in &lines { path class=(kind) d=(lines) {} }
                    @for node in &nodes {
                        g class=(colour(text(node.state, "status"))) transform={ "translate(" (node.at.0) " " (node.at.1) ")" } {
                            title { (node.name) ": " (told(node.state)) }
                            rect width=(WIDE) height=(HIGH) rx="6" {}
                            text x="8" y="19" { (sign(text(node.state, "status"))) " " (node.name) }
                        }
                    }
                }
            }
            (told_in_turn(states))
        }
    }
}

/// The same as words: the states that it has come to, in their turn.
fn told_in_turn(states: &[Value]) -> Markup {
    let mut met: Vec<&Value> = states.iter().filter(|state| state["enteredAt"].is_string()).collect();
    met.sort_by_key(|state| text(state, "enteredAt"));
    html! {
        @if !met.is_empty() {
            details { summary { "The states it has come to, as a list" }
                ol { @for state in met { li { (text(state, "name")) ": " (told(state)) (when(state)) } } }
            }
        }
    }
}

/// What a branch comes to only when it fails, and has not.
fn is_aside(state: &Value, ways: &[(&str, &str, &str)]) -> bool {
    let name = text(state, "name");
    let mut into = ways.iter().filter(|(_, to, _)| *to == name).peekable();
    let met = !matches!(text(state, "status"), "PENDING" | "SKIPPED" | "UNKNOWN");
    !met && !text(state, "parent").is_empty()
        && into.peek().is_some()
        && into.all(|(.., kind)| *kind == "catch")
}

fn placed<'a>(states: &[&'a Value], ways: &[(&str, &str, &str)]) -> Vec<Node<'a>> {
    let layers = layers(states, ways);
    let mut count: BTreeMap<usize, usize> = BTreeMap::new();
    for layer in layers.values() {
        *count.entry(*layer).or_default() += 1;
    }
    let widest = count.values().max().copied().unwrap_or_default();
    let mut met: BTreeMap<usize, usize> = BTreeMap::new();
    let node = |state: &&'a Value| {
        let name = text(state, "name");
        let layer = layers.get(name).copied().unwrap_or_default();
        let nth = met.entry(layer).or_default();
        // Each layer stands in the middle.
        let free = (widest - count.get(&layer).copied().unwrap_or_default()) * (WIDE + ACROSS) / 2;
        let at = (ACROSS + free + *nth * (WIDE + ACROSS), ACROSS + layer * (HIGH + DOWN));
        *nth += 1;
        Node { state, name, layer, at }
    };
    states.iter().map(node).collect()
}

/// How far down each state is: under everything that leads to it, loops left out.
fn layers<'a>(states: &[&'a Value], ways: &[(&str, &str, &str)]) -> BTreeMap<&'a str, usize> {
    let names: Vec<&'a str> = states.iter().map(|state| text(state, "name")).collect();
    let known = |name: &str| names.iter().copied().find(|known| *known == name);
    let mut after: BTreeMap<&'a str, Vec<&'a str>> = BTreeMap::new();
    for (from, to, _) in ways {
        if let (Some(from), Some(to)) = (known(from), known(to)) {
            after.entry(from).or_default().push(to);
        }
    }
    // What comes after a Parallel comes after all that is in it.
    for state in states {
        let next: Vec<&'a str> = ways
            .iter()
            .filter(|(from, _, kind)| *from == text(state, "parent") && *kind != "branch" && !from.is_empty())
            .filter_map(|(_, to, _)| known(to))
            .collect();
        after.entry(text(state, "name")).or_default().extend(next);
    }
    let mut order = Vec::new();
    let (mut done, mut open) = (BTreeSet::new(), BTreeSet::new());
    let mut forward: BTreeSet<(&str, &str)> = BTreeSet::new();
    for name in &names {
        visit(name, &after, &mut done, &mut open, &mut forward, &mut order);
    }
    let mut layers: BTreeMap<&'a str, usize> = names.iter().map(|name| (*name, 0)).collect();
    // Those that come first, first.
    for name in order.iter().rev() {
        let below = layers.get(name).copied().unwrap_or_default() + 1;
        for to in after.get(name).into_iter().flatten().filter(|to| forward.contains(&(*name, **to))) {
            let layer = layers.entry(to).or_default();
            *layer = (*layer).max(below);
        }
    }
    layers
}

fn visit<'a>(
    name: &'a str,
    after: &BTreeMap<&'a str, Vec<&'a str>>,
    done: &mut BTreeSet<&'a str>,
    open: &mut BTreeSet<&'a str>,
    forward: &mut BTreeSet<(&'a str, &'a str)>,
    order: &mut Vec<&'a str>,
) {
    if !done.insert(name) {
        return;
    }
    open.insert(name);
    for to in after.get(name).into_iter().flatten() {
        if !open.contains(to) {
            forward.insert((name, to));
            visit(to, after, done, open, forward, order);
        }
    }
    open.remove(name);
    order.push(name);
}

/// From the lower edge of one box to the upper edge of the other; a loop goes back by the side.
fn line(from: &Node<'_>, to: &Node<'_>) -> String {
    let (x, y) = (from.at.0 + WIDE / 2, from.at.1 + HIGH);
    let (to_x, to_y) = (to.at.0 + WIDE / 2, to.at.1);
    if to.layer > from.layer {
        // As short as it can be said, from where it begins: there are many.
        let down = to_y - y;
        if x == to_x {
            return format!("M{x} {y}v{down}");
        }
        let (half, aside) = (down / 2, to_x.cast_signed() - x.cast_signed());
        return format!("M{x} {y}c0 {half} {aside} {half} {aside} {down}");
    }
    let (left, height) = (from.at.0.min(to.at.0), to.at.1 + HIGH / 2);
    let out = left.saturating_sub(2 * ACROSS);
    format!(
        "M{} {}C{out} {} {out} {height} {} {height}",
        from.at.0,
        from.at.1 + HIGH / 2,
        from.at.1 + HIGH / 2,
        to.at.0
    )
}

fn colour(status: &str) -> &'static str {
    match status {
        "SUCCEEDED" => "good",
        "RUNNING" => "busy",
        "FAILED" => "bad",
        _ => "plain",
    }
}

/// Colour alone would tell not everybody.
fn sign(status: &str) -> &'static str {
    match status {
        "SUCCEEDED" => "✓",
        "RUNNING" => "▶",
        "FAILED" => "✗",
        _ => "·",
    }
}

/// When it was entered, to the second, and how long it was there.
fn when(state: &Value) -> String {
    let at = |name: &str| state[name].as_str().and_then(Timestamp::parse);
    let Some(entered) = at("enteredAt") else { return String::new() };
    let said = entered.to_string();
    let said = said.get(..19).unwrap_or_default().replace('T', " ");
    let stayed = at("exitedAt").map(|left| left.since(entered).as_seconds_ceil());
    let stayed = stayed.filter(|seconds| *seconds > 0).map(|seconds| format!(" for {}", duration(seconds)));
    format!(", entered {said}Z{}", stayed.unwrap_or_default())
}

fn told(state: &Value) -> String {
    let mut told = sentence(text(state, "status")).to_lowercase();
    if let Some(attempts) = state["attempts"].as_u64().filter(|attempts| *attempts > 1) {
        told.push_str(&format!(", {attempts} times"));
    }
    if let Some(error) = state["error"].as_str() {
        told.push_str(&format!(", {error}"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workflow() -> Value {
        let state = |name: &str, parent: &str, status: &str| json!({"name": name, "parent": parent, "status": status});
        let edge = |from: &str, to: &str, kind: &str| json!({"from": from, "to": to, "kind": kind});
        json!({
            "states": [
                state("Start", "", "SUCCEEDED"), state("Both", "", "RUNNING"), state("One", "Both", "RUNNING"),
                state("Two", "Both", "FAILED"), state("OneFailed", "Both", "PENDING"), state("Wait", "", "PENDING"),
                state("Again", "", "PENDING"), state("End", "", "PENDING"), state("Undo", "", "PENDING"),
            ],
            "edges": [
                edge("Start", "Both", "next"), edge("Both", "One", "branch"), edge("Both", "Two", "branch"),
                edge("One", "OneFailed", "catch"), edge("Both", "Wait", "next"), edge("Wait", "Again", "next"),
                edge("Again", "Wait", "choice"), edge("Again", "End", "default"), edge("Wait", "Undo", "catch"),
            ],
        })
    }

    #[test]
    fn every_line_goes_down_but_a_loop_s() {
        let workflow = workflow();
        let states: Vec<&Value> = workflow["states"].as_array().unwrap().iter().collect();
        let ways: Vec<(&str, &str, &str)> = workflow["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| (text(edge, "from"), text(edge, "to"), text(edge, "kind")))
            .collect();
        let layers = layers(&states, &ways);
        for (from, to, _) in ways.iter().filter(|way| way.0 != "Again" || way.1 != "Wait") {
            assert!(layers[to] > layers[from], "{from} → {to}: {layers:?}");
        }
        assert!(layers["Wait"] > layers["One"], "after all that is in the Parallel");
        let nodes = placed(&states, &ways);
        let places: BTreeSet<_> = nodes.iter().map(|node| node.at).collect();
        assert_eq!(places.len(), nodes.len(), "no two are in one place");
    }

    #[test]
    fn a_state_shows_how_it_is_and_what_never_happened_is_left_out() {
        let drawn = draw(&workflow()).into_string();
        assert!(drawn.contains("✗ Two") && drawn.contains("▶ One") && drawn.contains("✓ Start"), "{drawn}");
        assert!(!drawn.contains("OneFailed") && drawn.contains("Undo"), "{drawn}");
        assert_eq!(draw(&json!({})).into_string(), "");
    }

    #[test]
    fn who_can_not_see_it_reads_the_states_in_their_turn() {
        let mut workflow = workflow();
        for (name, at) in [("Both", "2026-01-01T00:00:02.000Z"), ("Start", "2026-01-01T00:00:01.000Z")] {
            let states = workflow["states"].as_array_mut().unwrap();
            states.iter_mut().find(|state| state["name"] == name).unwrap()["enteredAt"] = json!(at);
        }
        let drawn = draw(&workflow).into_string();
        let list = drawn.split_once("<ol>").unwrap().1;
        let items: Vec<&str> = list.split("<li>").skip(1).collect();
        assert!(items[0].starts_with("Start: succeeded, entered 2026-01-01 00:00:01Z"), "{items:?}");
        assert!(items[1].starts_with("Both: running") && items.len() == 2, "{items:?}");
    }
}
