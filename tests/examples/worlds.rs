//! Answers each line `function/case 2026-11-21T03:00:00Z` on its input with that case and its world, as one line of JSON;
//! the world's time is the one given. `tools/runtime/invoke_all.py` has the bootstraps run in these worlds.
//!
//! A server and not a file, so that a world is seconds old when a function is called in it: confirmations expire.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use capstan_core::time::Timestamp;
use capstan_tests::{cases, export};
use std::io::{BufRead, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let cases = cases::all();
    if std::env::args().any(|argument| argument == "--list") {
        for case in &cases {
            println!("{}", case.file);
        }
        return Ok(());
    }
    for line in stdin().lock().lines() {
        let line = line?;
        let (file, now) = line.split_once(' ').unwrap_or((&line, ""));
        let case = cases.iter().find(|case| case.file == file);
        let case = case.ok_or_else(|| std::io::Error::other(format!("tests/src/cases has no `{file}`")))?;
        let now = Timestamp::parse(now);
        let now = now.ok_or_else(|| std::io::Error::other(format!("`{line}` has no RFC 3339 time")))?;
        println!("{}", export::at(case, now));
        stdout().flush()?;
    }
    Ok(())
}
