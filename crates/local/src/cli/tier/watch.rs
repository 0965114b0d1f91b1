//! `capstan tier watch`: a change as it goes, until its end.
//!
//! On a terminal the picture is drawn anew at each look; elsewhere there is a line for each change of it. A system that
//! stops answering for a while is waited for, since a change goes on after a restart.

use super::show;
use crate::cli::client::{Answer, Client, NoAnswer};
use crate::cli::{Failure, print};
use serde_json::Value;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(400);
/// How many looks may fail in a row: a minute or so.
const PATIENCE: u32 = 150;

pub(super) fn run(client: &Client, json: bool) -> Result<(), Failure> {
    let mut picture = Picture::new(json);
    let mut silent = 0;
    let mut seen = false;
    loop {
        match client.get("/tier/transition-status") {
            Ok(answer) if answer.good() => {
                silent = 0;
                seen = true;
                if !under_way(&answer.body) {
                    if picture.nothing_seen() && !json {
                        picture.note("nothing is under way; this is how the last change ended:");
                    }
                    return end(&mut picture, json, &answer);
                }
                picture.draw(&answer);
            }
            // A gateway that is just coming up, or overburdened.
            Ok(answer) if seen && matches!(answer.status, 429 | 502 | 503) => silent += 1,
            Ok(answer) => return Err(answer.refusal()),
            Err(error @ NoAnswer::Unreachable { .. }) if seen && silent < PATIENCE => {
                if silent == 0 {
                    picture.note(&format!("{error}; waiting for it to come back"));
                }
                silent += 1;
            }
            Err(error) => return Err(error.into()),
        }
        thread::sleep(PAUSE);
    }
}

fn under_way(body: &Value) -> bool {
    body["status"].as_str().is_some_and(|status| status.starts_with("SCALING_") || status == "ROLLING_BACK")
}

fn end(picture: &mut Picture, json: bool, answer: &Answer) -> Result<(), Failure> {
    picture.clear();
    let (text, good) = show::outcome(&answer.body);
    print(if json { &answer.text } else { &text });
    if good { Ok(()) } else { Err(Failure::told()) }
}

/// What is on the screen.
struct Picture {
    json: bool,
    terminal: bool,
    /// Lines of the picture that stands there now.
    lines: usize,
    last: String,
}

impl Picture {
    fn new(json: bool) -> Self {
        Self { json, terminal: !json && io::stdout().is_terminal(), lines: 0, last: String::new() }
    }

    fn draw(&mut self, answer: &Answer) {
        if self.terminal {
            let mut lines = vec![show::progress(&answer.body)];
            lines.extend(show::progress_rows(&answer.body));
            self.clear();
            self.lines = lines.len();
            print(&lines.join("\n"));
            return;
        }
        let text = if self.json { answer.text.clone() } else { line(&answer.body) };
        if text != self.last {
            print(&text);
            self.last = text;
        }
    }

    /// Whether no change was seen under way.
    fn nothing_seen(&self) -> bool {
        self.lines == 0 && self.last.is_empty()
    }

    /// Takes the picture away.
    fn clear(&mut self) {
        if self.lines > 0 {
            // Up to its first line, and everything below away.
            print_raw(&format!("\x1b[{}A\x1b[J", self.lines));
            self.lines = 0;
        }
    }

    fn note(&mut self, text: &str) {
        self.clear();
        // Nobody to tell if this fails.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn print_raw(text: &str) {
    let mut out = io::stdout().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// The bar, and how many resources are done; without what changes at every look.
fn line(body: &Value) -> String {
    let resources = body["resources"].as_array().map_or(&[][..], Vec::as_slice);
    let done =
        resources.iter().filter(|one| matches!(one["state"].as_str(), Some("DONE" | "UNDONE"))).count();
    let bar = show::progress(body);
    let bar = bar.rsplit_once("  about ").map_or(bar.as_str(), |(bar, _)| bar);
    format!("{bar}  {done} of {} resources", resources.len())
}
