//! The issuer's keys, kept for a while.
//!
//! Four rules. A fresh set is believed, also in what it no longer has: a key that was taken back is refused with the first
//! fetch that lacks it. A key that is not in it may be newer than it, so the set is fetched again, but once in a while and
//! not for every name that somebody makes up. An issuer that does not answer does not close the door: the last good set
//! serves on, for a bounded time. And where it can't be told whether a token is good, the answer is that, not "no".
//!
//! Requests that come in together fetch together: one asks, the others wait for it or go on with what is there. The lock is
//! held for a look, never over a call.

use crate::keys::{Key, KeySet};
use crate::reason::{Reason, Refusal};
use capstan_core::ports::{Clock, IssuerError, IssuerKeys, KeysDocument};
use capstan_core::time::{Millis, Timestamp};
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// The least and the most that a set is fresh, whatever its issuer says.
pub const FRESH: (Millis, Millis) = (Millis::minutes(1), Millis::hours(1));
/// How long it is fresh where its issuer does not say.
pub const FRESH_BY_DEFAULT: Millis = Millis::minutes(5);
/// How old a set may be and serve on while the issuer does not answer.
pub const LONGEST_OUTAGE: Millis = Millis::hours(4);
/// Between two fetches because of names that a fresh set lacks.
pub const PAUSE_UNKNOWN: Millis = Millis::seconds(30);
/// Between two tries of an issuer that does not answer.
pub const PAUSE_OUTAGE: Millis = Millis::seconds(5);

/// The keys of one issuer.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    good: Option<Good>,
    /// When the issuer was last asked, and why it did not answer if it did not.
    tried: Option<(Timestamp, Option<IssuerError>)>,
    fetching: bool,
}

/// A set as it was fetched.
#[derive(Debug)]
struct Good {
    keys: KeySet,
    fetched: Timestamp,
    fresh_until: Timestamp,
}

enum Look {
    Found(Key),
    Refused(Refusal),
    /// Somebody else is fetching.
    Wait,
    Fetch,
}

impl State {
    fn look(&mut self, kid: Option<&str>, now: Timestamp) -> Look {
        // A set from the future was fetched under a clock that has been set back since.
        let good = self.good.as_ref().filter(|good| good.fetched <= now);
        let fresh = good.is_some_and(|good| now < good.fresh_until);
        let servable = good.filter(|good| now.since(good.fetched) <= LONGEST_OUTAGE);
        let key = servable.and_then(|good| good.keys.find(kid)).cloned();
        match key {
            Some(key) if fresh || self.fetching => return Look::Found(key),
            _ if self.fetching => return Look::Wait,
            _ => {}
        }
        if self.may_fetch(fresh, now) {
            self.fetching = true;
            return Look::Fetch;
        }
        let failure = self.tried.as_ref().and_then(|(_, failure)| failure.clone());
        match (key, failure) {
            (Some(key), _) => Look::Found(key),
            (None, None) => Look::Refused(Refusal::Token(Reason::UnknownKey)),
            // It may be a key of today that we could not hear of.
            (None, Some(failure)) => Look::Refused(Refusal::Keys(failure)),
        }
    }

    fn may_fetch(&self, fresh: bool, now: Timestamp) -> bool {
        let Some((at, failure)) = &self.tried else { return true };
        let pause = match (fresh, failure) {
            (true, _) => PAUSE_UNKNOWN,
            (false, Some(_)) => PAUSE_OUTAGE,
            (false, None) => Millis(0),
        };
        now < *at || now.since(*at) >= pause
    }
}

/// Whoever fetches; dropped in the middle, the next one may.
struct Fetching<'a>(&'a KeyCache);

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        self.0.lock().fetching = false;
    }
}

impl KeyCache {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of this name, or the only one where a token names none.
    pub(crate) async fn find(
        &self,
        ports: &(impl IssuerKeys + Clock),
        issuer: &str,
        kid: Option<&str>,
    ) -> Result<Key, Refusal> {
        loop {
            let look = self.lock().look(kid, ports.wall());
            match look {
                Look::Found(key) => return Ok(key),
                Look::Refused(refusal) => return Err(refusal),
                Look::Wait => give_way().await,
                Look::Fetch => self.fetch(ports, issuer).await,
            }
        }
    }

    async fn fetch(&self, ports: &(impl IssuerKeys + Clock), issuer: &str) {
        let fetching = Fetching(self);
        let began = ports.wall();
        let answer = ports.issuer_keys(issuer).await;
        let ended = ports.wall();
        let fetched = answer.and_then(|document| Good::read(&document, began, ended));
        {
            let mut state = self.lock();
            match fetched {
                Ok(good) => {
                    state.good = Some(good);
                    state.tried = Some((ended, None));
                }
                Err(failure) => state.tried = Some((ended, Some(failure))),
            }
        }
        drop(fetching);
    }
}

impl Good {
    fn read(document: &KeysDocument, fetched: Timestamp, ended: Timestamp) -> Result<Self, IssuerError> {
        let keys = KeySet::read(&document.text).map_err(|why| IssuerError::Malformed(why.to_owned()))?;
        let fresh = document.max_age.unwrap_or(FRESH_BY_DEFAULT).clamp(FRESH.0, FRESH.1);
        Ok(Self { keys, fetched, fresh_until: ended + fresh })
    }
}

/// Lets others go on, and is woken at once.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests;
