//! How values are shown: money, times, sizes, states.

use capstan_core::time::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

/// Dollars with thousands; cents where there are any.
pub(crate) fn money(dollars: &Value) -> String {
    let Some(amount) = dollars.as_f64() else { return "unknown".to_owned() };
    let cents = (amount.abs() * 100.0).round();
    let (whole, rest) = ((cents / 100.0).floor(), cents % 100.0);
    let sign = if amount < 0.0 && cents > 0.0 { "−" } else { "" };
    let rest = if rest > 0.0 { format!(".{rest:02.0}") } else { String::new() };
    format!("{sign}${}{rest}", thousands(&format!("{whole:.0}")))
}

/// A rate an hour: small sums need their fractions.
pub(crate) fn hourly(dollars: &Value) -> String {
    let Some(amount) = dollars.as_f64() else { return "unknown".to_owned() };
    if amount == 0.0 || amount.abs() >= 10.0 { money(dollars) } else { format!("${amount:.3}") }
}

/// A whole number with its thousands set apart.
pub(crate) fn thousands(digits: &str) -> String {
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number of JSON as people read it.
pub(crate) fn number(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_u64() => thousands(&number.to_string()),
        Value::Number(number) => {
            let text = format!("{:.3}", number.as_f64().unwrap_or_default());
            let text = text.trim_end_matches('0').trim_end_matches('.');
            let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
            match text.split_once('.') {
                Some((whole, rest)) => format!("{sign}{}.{rest}", thousands(whole)),
                None => format!("{sign}{}", thousands(text)),
            }
        }
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Seconds in the two largest units: `2 h 5 min`.
pub(crate) fn duration(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let mut parts = parts.into_iter().skip_while(|(count, _)| *count == 0);
    let shown = |(count, unit): (u64, &str)| format!("{count} {unit}");
    match (parts.next(), parts.next().filter(|(count, _)| *count > 0)) {
        (None, _) => "0 s".to_owned(),
        (Some(first), None) => shown(first),
        (Some(first), Some(second)) => format!("{} {}", shown(first), shown(second)),
    }
}

/// A time as people say it; the exact one shows when one points at it.
pub(crate) fn time(value: &Value, now: Timestamp) -> Markup {
    let text = value.as_str().unwrap_or_default();
    let Some(at) = Timestamp::parse(text) else { return html! { "–" } };
    let words = relative(at, now);
    html! { time datetime=(text) title=(text) { (words) } }
}

/// `3 min ago`, `in 2 h 5 min`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.as_millis() / 1_000, now.as_millis() / 1_000);
    if at > now {
        return format!("in {}", duration(at - now));
    }
    match now - at {
        0..5 => "just now".to_owned(),
        seconds => format!("{} ago", coarse(seconds)),
    }
}

/// The largest unit alone.
fn coarse(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "s"));
    format!("{} {}", seconds / unit.0, unit.1)
}

/// A closed word of the API (`SCALING_UP`) as a label; its colour says how it is, its text says it too.
pub(crate) fn badge(word: &str) -> Markup {
    let kind = match word {
        "STABLE" | "COMPLETED" | "DONE" | "SUCCEEDED" | "SERVING" | "VERIFIED" | "PROMOTED" | "OK"
        | "healthy" => "good",
        "STUCK" | "FAILED" | "BROKEN" | "critical" | "REFUSED" => "bad",
        "ROLLED_BACK" | "ROLLING_BACK" | "CANCELLED" | "CANCELLING" | "warning" | "RETIRED" | "ORPHAN"
        | "UNDONE" => "warn",
        "SCALING_UP" | "SCALING_DOWN" | "IN_PROGRESS" | "RUNNING" | "WAITING" | "PENDING_CONFIRMATION" => {
            "busy"
        }
        _ => "plain",
    };
    let words = sentence(word);
    html! { span class={ "badge " (kind) } { (words) } }
}

/// `SCALING_UP` as `Scaling up`; tiers and short names stay.
pub(crate) fn sentence(word: &str) -> String {
    if matches!(word, "DEV" | "STAGING" | "PRODUCTION" | "OK") {
        return word.to_owned();
    }
    let words = word.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A text member, or nothing.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A list member, or an empty one.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn money_has_thousands_and_only_cents_that_are_there() {
        for (amount, shown) in [
            (json!(0), "$0"),
            (json!(350), "$350"),
            (json!(35000), "$35,000"),
            (json!(1_234_567.5), "$1,234,567.50"),
            (json!(1.41), "$1.41"),
            (json!(-20.0), "−$20"),
            (json!(null), "unknown"),
        ] {
            assert_eq!(money(&amount), shown);
        }
        assert_eq!((hourly(&json!(0.075)).as_str(), hourly(&json!(120))), ("$0.075", "$120".to_owned()));
    }

    #[test]
    fn times_are_relative() {
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1_000);
        for (then, now, words) in [
            (100, 103, "just now"),
            (100, 190, "1 min ago"),
            (100, 90_000, "1 d ago"),
            (7_300, 100, "in 2 h"),
            (200, 100, "in 1 min 40 s"),
        ] {
            assert_eq!(relative(at(then), at(now)), words);
        }
        assert_eq!(duration(0), "0 s");
    }

    #[test]
    fn numbers_and_words_are_for_people() {
        assert_eq!(
            (number(&json!(1_000_000)), number(&json!(2.50)), number(&json!(null))),
            ("1,000,000".to_owned(), "2.5".to_owned(), "–".to_owned())
        );
        assert_eq!(
            (number(&json!(120_000.0)), number(&json!(-1_234.5)), number(&json!(0.0))),
            ("120,000".to_owned(), "-1,234.5".to_owned(), "0".to_owned())
        );
        assert_eq!((sentence("SCALING_UP"), sentence("DEV")), ("Scaling up".to_owned(), "DEV".to_owned()));
    }
}
