//! Sending a request again: one that acts when it is not known whether it was carried out, one that looks when it came too
//! early.
//!
//! One that acts goes out under the same idempotency key each time, so it is carried out once, however often it arrives.

use super::client::{Answer, NoAnswer};
use std::time::Duration;

/// How long is waited before each further try, where the answer does not say.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// The longest that an answer may make us wait.
const LONGEST: Duration = Duration::from_mins(1);
/// How long a request that looks is put off in all.
const PATIENCE: Duration = Duration::from_mins(5);

/// Sends until there is an answer that says what is. `wait` is told for how long, and why.
pub(super) fn until_clear(
    mut send: impl FnMut() -> Result<Answer, NoAnswer>,
    mut wait: impl FnMut(Duration, &str),
) -> Result<Answer, NoAnswer> {
    let mut begun = false;
    for pause in PAUSES {
        let answer = send();
        match unclear(&answer, begun) {
            None => return answer,
            Some((why, asked)) => wait(asked.unwrap_or(pause).min(LONGEST), &why),
        }
        begun = true;
    }
    send()
}

/// Asks until the limit on requests lets it through, or patience ends: then the refusal is the answer. `wait` is told for how
/// long, and why.
pub(super) fn until_let_in(
    mut send: impl FnMut() -> Result<Answer, NoAnswer>,
    mut wait: impl FnMut(Duration, &str),
) -> Result<Answer, NoAnswer> {
    let mut waited = Duration::ZERO;
    loop {
        let answer = send();
        let early = answer.as_ref().ok().filter(|answer| answer.status == 429);
        let Some(asked) = early.and_then(|answer| answer.retry_after) else { return answer };
        let pause = Duration::from_secs(asked).clamp(PAUSES[0], LONGEST);
        if waited + pause > PATIENCE {
            return answer;
        }
        waited += pause;
        wait(pause, "the limit on requests is reached (HTTP 429)");
    }
}

/// Why it is to be sent again, and how long the answer asks to wait; `None` if it says what is.
fn unclear(answer: &Result<Answer, NoAnswer>, begun: bool) -> Option<(String, Option<Duration>)> {
    match answer {
        // Nobody is there: nothing was sent, and who waits for nothing should be told so.
        Err(NoAnswer::Unreachable { connected: false, .. }) if !begun => None,
        Err(NoAnswer::Unreachable { reason, .. }) => Some((format!("no answer ({reason})"), None)),
        Err(NoAnswer::Url(_)) => None,
        Ok(answer) => {
            let code = answer.body["code"].as_str().unwrap_or_default();
            let open = matches!(answer.status, 429 | 502..=504) || code == "REQUEST_IN_PROGRESS";
            let why = format!("HTTP {} {code}", answer.status);
            open.then(|| (why.trim_end().to_owned(), answer.retry_after.map(Duration::from_secs)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::unnecessary_wraps, reason = "as the other kind of answer has it")]
    fn answer(status: u16, code: &str, retry_after: Option<u64>) -> Result<Answer, NoAnswer> {
        Ok(Answer { status, text: String::new(), body: json!({ "code": code }), retry_after })
    }

    fn lost(connected: bool) -> Result<Answer, NoAnswer> {
        Err(NoAnswer::Unreachable { base: String::new(), reason: "reset".to_owned(), connected })
    }

    /// How often it is sent, how long is waited in between, and the status in the end (0: no answer).
    fn of(answers: Vec<Result<Answer, NoAnswer>>) -> (usize, Vec<u64>, u16) {
        let (mut sent, mut waited) = (0, Vec::new());
        let mut answers = answers.into_iter();
        let end = until_clear(
            || {
                sent += 1;
                answers.next().unwrap()
            },
            |pause, _| waited.push(pause.as_secs()),
        );
        (sent, waited, end.map_or(0, |answer| answer.status))
    }

    #[test]
    fn what_is_unclear_is_sent_again_and_what_is_clear_is_not() {
        assert_eq!(of(vec![answer(200, "", None)]), (1, vec![], 200));
        assert_eq!(of(vec![answer(409, "TOO_LATE", None)]), (1, vec![], 409));
        assert_eq!(of(vec![answer(400, "REJECTED", None)]), (1, vec![], 400));
        let unknown = || answer(503, "OUTCOME_UNKNOWN", None);
        assert_eq!(of(vec![unknown(), lost(true), answer(200, "", None)]), (3, vec![1, 2], 200));
        assert_eq!(
            of(vec![answer(409, "REQUEST_IN_PROGRESS", Some(35)), answer(200, "", None)]),
            (2, vec![35], 200)
        );
        assert_eq!(
            of(vec![answer(429, "TOO_MANY_REQUESTS", Some(9_999)), answer(200, "", None)]),
            (2, vec![60], 200)
        );
        assert_eq!(of((0..5).map(|_| unknown()).collect()), (5, vec![1, 2, 4, 8], 503));
    }

    #[test]
    fn who_looks_too_early_waits_as_long_as_it_is_told_and_not_for_ever() {
        let of = |answers: Vec<Result<Answer, NoAnswer>>| {
            let (mut waited, mut answers) = (Vec::new(), answers.into_iter());
            let end = until_let_in(|| answers.next().unwrap(), |pause, _| waited.push(pause.as_secs()));
            (waited, end.map_or(0, |answer| answer.status))
        };
        let early = |seconds| answer(429, "TOO_MANY_REQUESTS", seconds);
        assert_eq!(of(vec![early(Some(3)), early(Some(1)), answer(200, "", None)]), (vec![3, 1], 200));
        assert_eq!(of(vec![early(Some(0)), answer(200, "", None)]), (vec![1], 200));
        assert_eq!(of((0..9).map(|_| early(Some(9_999))).collect()), (vec![60; 5], 429));
        assert_eq!(of(vec![early(None)]), (vec![], 429), "no word of when");
        assert_eq!(of(vec![answer(503, "", Some(1))]), (vec![], 503));
        assert_eq!(of(vec![lost(true)]), (vec![], 0));
    }

    #[test]
    fn nobody_there_is_told_at_once_but_somebody_gone_is_waited_for() {
        assert_eq!(of(vec![lost(false)]), (1, vec![], 0));
        assert_eq!(of(vec![lost(true), lost(false), answer(200, "", None)]), (3, vec![1, 2], 200));
    }
}
