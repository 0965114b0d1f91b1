//! Looks again and again at what goes on by itself, until it has ended: a line for each change.
//!
//! A system that stops answering for a while is waited for: what was begun goes on after a restart.

use super::client::{Answer, NoAnswer};
use super::{Failure, print};
use serde_json::Value;
use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// How many looks may fail in a row: a minute.
const PATIENCE: u32 = 120;

/// What is to be said of a look.
pub(super) struct Look {
    /// In a line.
    pub(super) line: String,
    /// Whether it has ended, and well.
    pub(super) ended: Option<bool>,
}

/// Looks until it has ended. What ended otherwise than was wished is a failure, for scripts.
pub(super) fn until_ended(
    as_json: bool,
    look: impl Fn() -> Result<Answer, NoAnswer>,
    read: impl Fn(&Value) -> Look,
) -> Result<(), Failure> {
    let (mut last, mut silent) = (String::new(), 0);
    loop {
        match look() {
            Ok(answer) if answer.good() => {
                silent = 0;
                let Look { line, ended } = read(&answer.body);
                if line != last && !as_json {
                    print(&line);
                }
                if as_json && ended.is_some() {
                    print(&answer.text);
                }
                match ended {
                    Some(true) => return Ok(()),
                    Some(false) => return Err(Failure::told()),
                    None => last = line,
                }
            }
            Ok(answer)
                if silent < PATIENCE && !last.is_empty() && matches!(answer.status, 429 | 502 | 503) =>
            {
                silent += 1;
            }
            Ok(answer) => return Err(answer.refusal()),
            Err(error @ NoAnswer::Unreachable { .. }) if silent < PATIENCE && !last.is_empty() => {
                if silent == 0 {
                    // Nobody to tell if this fails.
                    let _ = writeln!(io::stderr(), "{error}; waiting for it to come back");
                }
                silent += 1;
            }
            Err(error) => return Err(error.into()),
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::cell::Cell;

    fn answer(status: u16, body: Value) -> Answer {
        Answer { status, text: body.to_string(), body, retry_after: None }
    }

    fn watched(answers: Vec<Result<Answer, NoAnswer>>) -> (Result<(), Failure>, usize) {
        let looks = Cell::new(0);
        let answers = std::cell::RefCell::new(answers.into_iter());
        let look = || {
            looks.set(looks.get() + 1);
            answers.borrow_mut().next().unwrap_or_else(|| Ok(answer(500, json!({}))))
        };
        let done = until_ended(false, look, |body| Look {
            line: body["status"].to_string(),
            ended: body["good"].as_bool(),
        });
        (done, looks.get())
    }

    #[test]
    fn it_looks_until_it_has_ended_and_a_bad_end_is_a_failure() {
        let under_way = || Ok(answer(200, json!({"status": "RUNNING"})));
        let (done, looks) = watched(vec![under_way(), Ok(answer(200, json!({"good": true})))]);
        assert!(done.is_ok() && looks == 2);
        let (done, _) = watched(vec![Ok(answer(200, json!({"good": false})))]);
        assert_eq!(done.map_err(|failure| failure.code), Err(1));
    }

    #[test]
    fn who_was_there_is_waited_for_and_who_never_was_is_not() {
        let gone =
            || Err(NoAnswer::Unreachable { base: "b".to_owned(), reason: "r".to_owned(), connected: false });
        let (done, looks) = watched(vec![gone()]);
        assert!(done.is_err() && looks == 1);
        let (done, looks) = watched(vec![
            Ok(answer(200, json!({"status": "RUNNING"}))),
            gone(),
            Ok(answer(503, json!({}))),
            Ok(answer(200, json!({"good": true}))),
        ]);
        assert!(done.is_ok() && looks == 4);
    }
}
