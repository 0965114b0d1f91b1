//! What an endpoint answers, and what it means.

use serde_json::Value;

/// The highest score of a model: critical.
const HIGHEST: f64 = 3.0;
/// What a score of 1 is of 100.
const POINTS: f64 = 33.33;

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not a score from 0 to 3: `{0}`")]
pub struct Malformed(String);

/// Reads the three forms of an answer: a bare number, `{"score":x}`, `{"predictions":[{"score":x}]}`, with x from 0 to 3.
pub fn score(answer: &str) -> Result<f64, Malformed> {
    let malformed = || Malformed(answer.trim().chars().take(64).flat_map(char::escape_debug).collect());
    let value: Value = serde_json::from_str(answer.trim()).map_err(|_| malformed())?;
    let found = match &value {
        Value::Number(_) => Some(&value),
        Value::Object(fields) => fields.get("score").or_else(|| match fields.get("predictions") {
            Some(Value::Array(all)) if all.len() == 1 => all[0].get("score"),
            _ => None,
        }),
        _ => None,
    };
    let score = found.and_then(Value::as_f64).filter(|score| (0.0..=HIGHEST).contains(score));
    score.ok_or_else(malformed)
}

/// The risk of a score, from 0 to 100.
pub fn risk_of(score: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let risk = (score.clamp(0.0, HIGHEST) * POINTS).round() as u8;
    risk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read() {
        for (answer, expected) in [
            ("2", 2.0),
            (" 2.5\n", 2.5),
            ("0", 0.0),
            (r#"{"score":3}"#, 3.0),
            (r#"{"score": 1.25, "model": "x"}"#, 1.25),
            (r#"{"predictions":[{"score":0.5}]}"#, 0.5),
        ] {
            assert_eq!(score(answer), Ok(expected), "{answer}");
        }
    }

    #[test]
    fn nothing_else_is() {
        let long = "9".repeat(500);
        for answer in [
            "",
            "high",
            "-0.1",
            "3.01",
            "NaN",
            "1e999",
            "null",
            "[2]",
            "\"2\"",
            r#"{"score":"2"}"#,
            r#"{"score":null}"#,
            r#"{"predictions":[]}"#,
            r#"{"predictions":[{"score":1},{"score":2}]}"#,
            r#"{"risk":2}"#,
            "2 3",
            &long,
            "\u{7}",
        ] {
            let error = score(answer).unwrap_err().to_string();
            assert!(error.len() < 200 && !error.contains(char::is_control), "{answer}: {error}");
        }
    }

    #[test]
    fn a_class_is_a_third_of_the_risk() {
        assert_eq!([0.0, 1.0, 2.0, 3.0].map(risk_of), [0, 33, 67, 100]);
        assert_eq!([1.2, 1.21, 2.4, 9.0, -1.0].map(risk_of), [40, 40, 80, 100, 0]);
    }
}
