//! Spoils what is whole: a few bytes from the fuzzer say where and how.
//!
//! Bytes alone, fed to a parser of JSON, die at its first character. So every input here begins as one that the project
//! keeps anyway (events, the state machine, the template), and the bytes are a list of edits of it. What the fuzzer
//! varies, mixes and shrinks is that list. Rejected: generators for each type of input; they make what their author
//! thought of.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "this library is for tests alone")]

use serde_json::{Map, Value, json};

/// Texts that have broken something somewhere.
const TEXTS: &[&str] = &[
    "",
    " ",
    "\0",
    "\u{1f}",
    "\u{7f}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "\u{1f980}",
    "\r\n",
    "'",
    "\"",
    "\\",
    "%00",
    "%zz",
    "..",
    "/",
    "*",
    "null",
    "true",
    "-0",
    "1e999",
    "NaN",
    "0x10",
    "99999999999999999999",
    "2026-02-30T25:61:61Z",
    "+999999-01-01T00:00:00Z",
    "1970-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "$",
    "$.",
    "$$",
    "$..",
    "$[*]",
    "$[-1]",
    "$[0:9999999]",
    "$['",
    "$.a[?(@.b==1)]",
    "States.ALL",
    "States.Format('{}{}', $)",
    "States.ArrayRange(0,9223372036854775807,1)",
    "States.MathRandom(1,0)",
    "States.StringSplit('', '')",
    "States.Base64Decode('%')",
    "${Nothing}",
    "!Ref",
    "<<",
    "&a *a",
    "{{",
    "Bearer ",
    "Bearer a.b.c",
    "eyJhbGciOiJub25lIn0.e30.",
    "DEV",
    "STAGING",
    "PRODUCTION",
    "[EMERGENCY]",
    "rate(0 minutes)",
    "cron(* * * * ? *)",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
];

/// The fuzzer's bytes, taken one by one; zeros when they are used up.
#[derive(Debug, Clone)]
pub struct Edits<'a> {
    bytes: &'a [u8],
}

impl<'a> Edits<'a> {
    /// Edits from bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether there are more.
    pub const fn more(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        number.checked_rem(end).unwrap_or(0)
    }

    /// One of these texts, or what is left of the bytes, as far as it is text.
    fn piece(&mut self) -> String {
        match self.below(TEXTS.len() + 4) {
            known if known < TEXTS.len() => TEXTS[known].to_owned(),
            long if long == TEXTS.len() => TEXTS[self.below(TEXTS.len())].repeat(self.below(5_000)),
            _ => {
                let length = self.below(12).min(self.bytes.len());
                let (taken, rest) = self.bytes.split_at(length);
                self.bytes = rest;
                String::from_utf8_lossy(taken).into_owned()
            }
        }
    }

    /// Spoils a text in one place: puts in, takes out, doubles, cuts off, replaces.
    pub fn text(&mut self, text: &str) -> String {
        let edges: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (from, to) = (edges[self.below(edges.len())], edges[self.below(edges.len())]);
        let (from, to) = (from.min(to), from.max(to));
        match self.byte() % 6 {
            0 => self.piece(),
            1 => format!("{}{}{}", &text[..from], self.piece(), &text[from..]),
            2 => format!("{}{}", &text[..from], &text[to..]),
            3 => format!("{}{}", &text[..to], &text[from..]),
            4 => text[..from].to_owned(),
            _ => format!("{}{}{}", &text[..from], self.piece(), &text[to..]),
        }
    }

    fn number(&mut self) -> Value {
        let numbers = [
            json!(0),
            json!(-1),
            json!(1),
            json!(0.5),
            json!(-0.0),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!(4_294_967_296_u64),
            json!(255),
            json!(9_007_199_254_740_993_u64),
        ];
        numbers[self.below(numbers.len())].clone()
    }

    fn value(&mut self) -> Value {
        match self.byte() % 8 {
            0 => Value::Null,
            1 => json!(self.byte().is_multiple_of(2)),
            2 => self.number(),
            3 => json!([]),
            4 => json!({}),
            5 => {
                let depth = self.below(200);
                (0..depth).fold(Value::Null, |inner, level| {
                    if level.is_multiple_of(2) { json!([inner]) } else { json!({"a": inner}) }
                })
            }
            _ => json!(self.piece()),
        }
    }

    /// Spoils a document in one place, however deep; text that holds JSON is gone into.
    pub fn document(&mut self, document: &mut Value) {
        let mut at = document;
        while !self.byte().is_multiple_of(8) {
            let length = at.as_object().map_or(0, Map::len) + at.as_array().map_or(0, Vec::len);
            if length == 0 {
                break;
            }
            let chosen = self.below(length);
            at = match at {
                Value::Object(members) => members.values_mut().nth(chosen).expect("one of so many"),
                Value::Array(items) => &mut items[chosen],
                _ => break,
            };
        }
        self.node(at);
    }

    fn node(&mut self, node: &mut Value) {
        let choice = self.byte() % 4;
        match node {
            Value::Object(members) if choice > 0 && !members.is_empty() => {
                let chosen = self.below(members.len());
                let name = members.keys().nth(chosen).expect("one of so many").clone();
                match choice {
                    1 => drop(members.remove(&name)),
                    2 => {
                        let value = members[&name].clone();
                        members.insert(self.text(&name), value);
                    }
                    _ => drop(members.insert(self.piece(), self.value())),
                }
            }
            Value::Array(items) if choice > 0 && !items.is_empty() => {
                let chosen = self.below(items.len());
                match choice {
                    1 => drop(items.remove(chosen)),
                    2 => items.insert(chosen, items[chosen].clone()),
                    _ => items.push(self.value()),
                }
            }
            Value::String(text) if choice > 0 => {
                let inner: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
                *text = match inner {
                    Some(mut inner) if choice > 1 => {
                        self.document(&mut inner);
                        inner.to_string()
                    }
                    _ => self.text(text),
                };
            }
            Value::Number(_) if choice > 0 => *node = self.number(),
            other => *other = self.value(),
        }
    }
}
