//! Scenarios that take place at another time: the same seed and the same deeds, all of them later by one length.
//!
//! A bootstrap reads its machine's clock, so a world for it has to end in the present. Chance comes from the seed alone, so
//! ids differ only in the time they begin with, and an event's ids can be made to fit. Rejected: shifting the times in
//! finished rows; which attribute is a time is known to the handlers alone.

use super::tokens::tokens_later;
use super::{Place, Scenario};
use capstan_core::time::Millis;
use std::cell::Cell;

thread_local! {
    static SHIFT: Cell<Millis> = const { Cell::new(Millis(0)) };
}

/// A UUID's length.
const ID: usize = 36;
/// Digits of a version-7 UUID that are its time, with the hyphen between them.
const TIME: usize = 13;

/// By how much everything is later, in the scenario that is being run up on this thread.
pub(super) fn shift() -> Millis {
    SHIFT.get()
}

/// The same scenario, everything in it later by so much.
pub fn shifted(place: Place, by: Millis) -> Scenario {
    SHIFT.set(by);
    let scenario = place();
    SHIFT.set(Millis(0));
    scenario
}

/// A version-7 UUID made so much later, by the same chance; `None` for what is no such id.
pub fn id_later(id: &str, by: Millis) -> Option<String> {
    let hyphens = |(at, byte): (usize, u8)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23);
    let well_formed = id.len() == ID
        && id.bytes().enumerate().all(hyphens)
        && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if !well_formed || id.as_bytes()[TIME + 1] != b'7' {
        return None;
    }
    let time = u64::from_str_radix(&id[..TIME].replace('-', ""), 16).ok()?.saturating_add(by.0);
    let digits = format!("{time:012x}");
    Some(format!("{}-{}{}", &digits[..8], &digits[8..], &id[TIME..]))
}

/// A text with every version-7 UUID and every token in it made so much later.
pub fn text_later(text: &str, by: Millis) -> String {
    ids_later(&tokens_later(text, by), by)
}

fn ids_later(text: &str, by: Millis) -> String {
    let (mut later, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let id = rest.get(..ID).and_then(|id| id_later(id, by));
        let length = if id.is_some() { ID } else { first.len_utf8() };
        later.push_str(id.as_deref().unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    later
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{TENANT, ways};

    #[test]
    fn ids_are_later_and_nothing_else_is() {
        let day = Millis::days(1);
        let id = "019b76da-a800-73cb-a1e4-59320dd7044c";
        assert_eq!(id_later(id, day).as_deref(), Some("019b7c01-0400-73cb-a1e4-59320dd7044c"));
        assert_eq!(id_later(TENANT, day), None);
        assert_eq!(text_later(&format!("é{id}, {TENANT}"), Millis(0)), format!("é{id}, {TENANT}"));
        assert_eq!(text_later(&format!("({id})"), day), "(019b7c01-0400-73cb-a1e4-59320dd7044c)");
    }

    #[test]
    fn a_shifted_scenario_is_the_same_one_later() {
        let day = Millis::days(1);
        let (one, other) = (ways::initiated(), shifted(ways::initiated, day));
        assert_eq!(one.now() + day, other.now());
        let ids = |scenario: &Scenario| scenario.facts()["transitionIds"].to_string();
        assert_eq!(text_later(&ids(&one), day), ids(&other));
        assert_eq!(ways::initiated().now(), one.now());
    }
}
