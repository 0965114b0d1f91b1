//! What stands after `?`: numbers, closed words, times. One rule for all routes.

use crate::{Problem, Request};
use capstan_core::time::Timestamp;
use std::fmt::Display;
use std::str::FromStr;

/// The longest text of a time.
const MAX_TIME: usize = 64;

impl Request {
    /// A whole number from 1 to `most`; `unsaid` where it is not given.
    pub fn whole_number<N>(&self, name: &str, unsaid: N, most: N) -> Result<N, Problem>
    where
        N: FromStr + PartialOrd + From<u8> + Display + Copy,
    {
        let Some(text) = self.query.get(name) else { return Ok(unsaid) };
        text.parse().ok().filter(|number| *number >= N::from(1) && *number <= most).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            Problem::invalid_field(name, format!("`{shown}` is not a whole number from 1 to {most}"))
        })
    }

    /// One of several words, each as `named` spells it; `None` where it is not given.
    pub fn word<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        named: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(None) };
        let known = all.iter().copied().find(|one| named(*one) == text);
        known.map(Some).ok_or_else(|| {
            let words: Vec<&str> = all.iter().map(|one| named(*one)).collect();
            Problem::invalid_field(name, format!("is not one of {}", words.join(", ")))
        })
    }

    /// A time by RFC 3339; `None` where it is not given.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(None) };
        let read = Some(text).filter(|text| text.len() <= MAX_TIME).and_then(|text| Timestamp::parse(text));
        read.map(Some).ok_or_else(|| {
            Problem::invalid_field(name, "is not a time by RFC 3339, such as 2026-11-21T18:00:00Z")
        })
    }

    /// The times `since` and `until`, in their order where both are given.
    pub fn period(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
        let (since, until) = (self.time("since")?, self.time("until")?);
        match since.zip(until) {
            Some((since, until)) if since > until => {
                Err(Problem::invalid_field("since", "is later than `until`"))
            }
            _ => Ok((since, until)),
        }
    }
}
