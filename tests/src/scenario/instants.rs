//! The times in an event of IOps, which hosts and people tell, made later.
//!
//! Hosts say when something was, and what is stored of them goes by it: metrics and insights have seconds in their keys, versions
//! of a model are instants. So in a world that is later the event is later too. What has the form of a time and lies near the
//! worlds' own is one; everything else stays.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::iops::models::ModelVersion;
use capstan_core::time::{Millis, Timestamp};

/// Every world is at the beginning of 2026, some weeks more or less, in seconds since 1970.
const NEAR: std::ops::Range<u64> = 1_760_000_000..1_775_000_000;
/// What the base64 of such seconds begins with.
const ENCODED: &str = "MTc2";

/// The text with every time in it so much later.
pub fn instants_later(text: &str, by: Millis) -> String {
    let (mut later, mut rest, mut within) = (String::with_capacity(text.len()), text, false);
    while let Some(first) = rest.chars().next() {
        let found = if within { None } else { one(rest, by) };
        let (length, made) = found.unwrap_or_else(|| (first.len_utf8(), first.to_string()));
        within = rest[..length].ends_with(|last: char| last.is_ascii_alphanumeric());
        later.push_str(&made);
        rest = &rest[length..];
    }
    later
}

/// The time that the text begins with: how long it is, and the later one.
fn one(text: &str, by: Millis) -> Option<(usize, String)> {
    version(text, by)
        .or_else(|| rfc_3339(text, by))
        .or_else(|| seconds(text, by))
        .or_else(|| cursor(text, by))
}

fn near(at: Timestamp) -> bool {
    NEAR.contains(&(at.as_millis() / 1_000))
}

/// Such as `2026-01-01T00:00:00Z`, also with milliseconds.
fn rfc_3339(text: &str, by: Millis) -> Option<(usize, String)> {
    let end = text.char_indices().take(30).find(|(_, char)| *char == 'Z')?.0 + 1;
    let at = Timestamp::parse(&text[..end]).filter(|at| near(*at))?;
    let later = (at + by).to_string();
    // As it was written.
    let later = if text[..end].contains('.') { later } else { format!("{}Z", &later[..19]) };
    Some((end, later))
}

/// Such as `1767225600`.
fn seconds(text: &str, by: Millis) -> Option<(usize, String)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let at: u64 = text[..length].parse().ok().filter(|at| length == 10 && NEAR.contains(at))?;
    Some((length, (at + by.0 / 1_000).to_string()))
}

/// Such as `20260101-000000-000`.
fn version(text: &str, by: Millis) -> Option<(usize, String)> {
    let given = text.get(..19).filter(|given| ModelVersion::parse(given).is_ok())?;
    let part = |from: usize, to: usize| given.get(from..to).unwrap_or_default();
    let instant = format!(
        "{}-{}-{}T{}:{}:{}.{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15),
        part(16, 19)
    );
    let at = Timestamp::parse(&instant).filter(|at| near(*at))?;
    Some((given.len(), ModelVersion::at(at + by).to_string()))
}

/// Seconds and what follows them, as a cursor has them.
fn cursor(text: &str, by: Millis) -> Option<(usize, String)> {
    if !text.starts_with(ENCODED) {
        return None;
    }
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
    let inside = String::from_utf8(URL_SAFE_NO_PAD.decode(&text[..length]).ok()?).ok()?;
    let (digits, later) = seconds(&inside, by)?;
    Some((length, URL_SAFE_NO_PAD.encode(format!("{later}{}", &inside[digits..]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_form_are_later_and_nothing_else_is() {
        let day = Millis::days(1);
        for (text, later) in [
            (r#"{"timestamp":"2026-01-01T00:01:00Z"}"#, r#"{"timestamp":"2026-01-02T00:01:00Z"}"#),
            ("2026-01-01T00:01:00.250Z", "2026-01-02T00:01:00.250Z"),
            ("{\"N\": \"1767225600\"}", "{\"N\": \"1767312000\"}"),
            ("1767225780-06-7b6804672aa2e741", "1767312180-06-7b6804672aa2e741"),
            ("iops-model-20260101-000500-123", "iops-model-20260102-000500-123"),
            ("\"cursor\": \"MTc2NzIyNTY2MA\"", "\"cursor\": \"MTc2NzMxMjA2MA\""),
        ] {
            assert_eq!(instants_later(text, day), later);
            assert_eq!(instants_later(text, Millis(0)), text);
        }
        for other in [
            "é 1767225600000",
            "4421584500000000017450439091",
            "a1767225600",
            "yesterday",
            "2020-01-01T00:00:00Z",
        ] {
            assert_eq!(instants_later(other, day), other);
        }
    }
}
