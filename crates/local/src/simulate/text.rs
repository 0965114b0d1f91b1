//! A case as one line: `START/SEED/ORDER/PACE; +SECONDS WHAT; …`, such as
//! `STAGING/7/turns/quick; +0 A ask DEV; +30 fault *:*:@12:crash; +200 abort A`.

use super::history::{Act, Case, Doing, Event, Lengths, Start, Tenant};
use super::mishap::Mishap;
use crate::engine::Delivery;
use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use std::fmt;
use std::str::FromStr;

/// A text that is no case, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is not part of a history: {why}")]
pub struct CaseParseError {
    /// The part that can't be read.
    pub part: String,
    /// Why.
    pub why: String,
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["A", "B", "C"].get(self.0).copied().unwrap_or("?"))
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("NEW"),
            Self::In(tier) => write!(f, "{tier}"),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask { to, bypass: false } => write!(f, "ask {to}"),
            Self::Ask { to, bypass: true } => write!(f, "bypass {to}"),
            Self::Race { to: [one, other], turns } => write!(f, "race {one} {other} {turns}"),
            Self::Replay { turns } => write!(f, "replay {turns}"),
            Self::Cancel => f.write_str("cancel"),
            Self::Reset => f.write_str("reset"),
            Self::Edit { tier, most } => write!(f, "edit {tier} {most}"),
            Self::Cooldown { hours } => write!(f, "cooldown {hours}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{} ", self.after.as_seconds_ceil())?;
        match &self.what {
            Doing::Act(tenant, act) => write!(f, "{tenant} {act}"),
            Doing::Mishap(mishap) => write!(f, "{mishap}"),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.interleave { "turns" } else { "rows" };
        let pace = match self.lengths {
            Lengths::Brief => "brief",
            Lengths::Quick => "quick",
            Lengths::Slow => "slow",
        };
        write!(f, "{}/{}/{order}/{pace}", self.start, self.seed)?;
        for event in &self.events {
            write!(f, "; {event}")?;
        }
        Ok(())
    }
}

impl Event {
    /// How long it takes with the wait before it.
    fn seconds(&self) -> u64 {
        let jump = if let Doing::Mishap(Mishap::Jump(length)) = self.what { length } else { 0 };
        self.after.as_seconds_ceil() + jump
    }
}

fn wrong<T>(part: &str, why: impl Into<String>) -> Result<T, CaseParseError> {
    Err(CaseParseError { part: part.to_owned(), why: why.into() })
}

fn number(part: &str) -> Result<u64, CaseParseError> {
    part.parse().or_else(|_| wrong(part, "not a number"))
}

/// A year: no tale is longer, and what is further off would be waited for in vain.
const LONGEST: u64 = 366 * 24 * 3_600;

/// A length of time in seconds.
fn seconds(part: &str) -> Result<u64, CaseParseError> {
    match number(part)? {
        length if length <= LONGEST => Ok(length),
        _ => wrong(part, format!("a tale takes {LONGEST} seconds at most, which is a year")),
    }
}

/// Which of what is counted, from 1.
fn place(part: &str) -> Result<u64, CaseParseError> {
    match number(part)? {
        place if (1..=u64::from(u32::MAX)).contains(&place) => Ok(place),
        _ => wrong(part, format!("what is counted is counted from 1 to {}", u32::MAX)),
    }
}

fn tier(part: &str) -> Result<Tier, CaseParseError> {
    Tier::parse(part).map_or_else(|| wrong(part, "not a tier"), Ok)
}

fn tenant(part: &str) -> Result<Tenant, CaseParseError> {
    let known = ["A", "B", "C"].iter().position(|name| *name == part);
    known.map_or_else(|| wrong(part, "the tenants are A, B and C"), |at| Ok(Tenant(at)))
}

fn act(words: &[&str]) -> Result<Act, CaseParseError> {
    Ok(match *words {
        ["ask", to] => Act::Ask { to: tier(to)?, bypass: false },
        ["bypass", to] => Act::Ask { to: tier(to)?, bypass: true },
        ["race", one, other, turns] => Act::Race { to: [tier(one)?, tier(other)?], turns: number(turns)? },
        ["replay", turns] => Act::Replay { turns: number(turns)? },
        ["cancel"] => Act::Cancel,
        ["reset"] => Act::Reset,
        ["edit", of, most] => Act::Edit { tier: tier(of)?, most: number(most)? },
        ["cooldown", hours] => Act::Cooldown { hours: number(hours)? },
        _ => {
            let known =
                "ask TIER, bypass TIER, race TIER TIER N, replay N, cancel, reset, edit TIER N, cooldown N";
            return wrong(&words.join(" "), format!("operators do: {known}"));
        }
    })
}

fn mishap(words: &[&str]) -> Result<Mishap, CaseParseError> {
    Ok(match *words {
        ["fault", fault] => Mishap::Fault(fault.parse().or_else(|error| wrong(fault, format!("{error}")))?),
        ["heal"] => Mishap::Heal,
        ["duplicate", nth] => Mishap::Deliver(place(nth)?, Delivery::Duplicate),
        ["at-once", nth] => Mishap::Deliver(place(nth)?, Delivery::AtOnce),
        ["late", nth, by] => Mishap::Deliver(place(nth)?, Delivery::Late(Millis::seconds(seconds(by)?))),
        ["abort", whose] => Mishap::Abort(tenant(whose)?),
        ["time-out", whose] => Mishap::TimeOut(tenant(whose)?),
        ["fire", which] => Mishap::Fire(usize::try_from(number(which)?).unwrap_or(usize::MAX)),
        ["orphan", whose] => Mishap::Orphan(tenant(whose)?),
        ["jump", length] => Mishap::Jump(seconds(length)?),
        _ => {
            let known = "fault F, heal, duplicate N, at-once N, late N SECONDS, abort T, time-out T, fire N, \
                         orphan T, jump SECONDS";
            return wrong(&words.join(" "), format!("what goes wrong: {known}"));
        }
    })
}

fn event(part: &str) -> Result<Event, CaseParseError> {
    let words: Vec<&str> = part.split_whitespace().collect();
    let [after, rest @ ..] = &words[..] else { return wrong(part, "it is empty") };
    let Some(length) = after.strip_prefix('+') else { return wrong(after, "`+SECONDS` comes first") };
    let after = Millis::seconds(seconds(length)?);
    let what = match rest {
        [whose @ ("A" | "B" | "C"), words @ ..] => Doing::Act(tenant(whose)?, act(words)?),
        words => Doing::Mishap(mishap(words)?),
    };
    Ok(Event { after, what })
}

impl FromStr for Case {
    type Err = CaseParseError;

    fn from_str(text: &str) -> Result<Self, CaseParseError> {
        let mut parts = text.split(';').map(str::trim);
        let head = parts.next().unwrap_or_default();
        let [start, seed, order, pace] = head.split('/').collect::<Vec<_>>()[..] else {
            return wrong(head, "it begins with START/SEED/ORDER/PACE, such as STAGING/7/rows/quick");
        };
        let start = if start == "NEW" { Start::Fresh } else { Start::In(tier(start)?) };
        let interleave = match order {
            "turns" => true,
            "rows" => false,
            _ => return wrong(order, "what is due at once comes in `turns` or in `rows`"),
        };
        let lengths = match pace {
            "brief" => Lengths::Brief,
            "quick" => Lengths::Quick,
            "slow" => Lengths::Slow,
            _ => return wrong(pace, "life cycles are `brief`, `quick` or `slow`"),
        };
        let events: Vec<Event> =
            parts.filter(|part| !part.is_empty()).map(event).collect::<Result<_, _>>()?;
        let whole: u64 = events.iter().map(Event::seconds).sum();
        if whole > LONGEST {
            return wrong(&format!("+{whole}"), format!("in all it takes {LONGEST} seconds at most"));
        }
        Ok(Self { start, seed: number(seed)?, lengths, interleave, events })
    }
}
