//! Rotation, outage, floods, on a clock that the test holds.

use super::*;
use sim::{Invocation, Outcome, Stepper};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const ISSUER: &str = "https://login.example.com";

/// An issuer on a clock.
struct World {
    now: AtomicU64,
    answer: Mutex<Result<KeysDocument, IssuerError>>,
    asked: AtomicU32,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed))
    }
}

impl IssuerKeys for World {
    async fn issuer_keys(&self, _: &str) -> Result<KeysDocument, IssuerError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        give_way().await;
        self.answer.lock().unwrap().clone()
    }
}

impl World {
    fn with(kids: &[&str]) -> Self {
        let world = Self {
            now: AtomicU64::new(1_767_225_600_000),
            answer: Mutex::new(Err(IssuerError::Unavailable("away".to_owned()))),
            asked: AtomicU32::new(0),
        };
        world.publishes(kids, None);
        world
    }
    fn publishes(&self, kids: &[&str], max_age: Option<Millis>) {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let keys: Vec<_> = kids
            .iter()
            .map(|kid| serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid}))
            .collect();
        let text = serde_json::json!({ "keys": keys }).to_string();
        *self.answer.lock().unwrap() = Ok(KeysDocument { text, max_age });
    }
    fn goes_away(&self) {
        *self.answer.lock().unwrap() = Err(IssuerError::Unavailable("away".to_owned()));
    }
    fn passes(&self, length: Millis) {
        self.now.fetch_add(length.0, Ordering::Relaxed);
    }
    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// `Ok`: the key is there; else the reason.
fn ask(cache: &KeyCache, world: &World, kid: &str) -> Result<(), &'static str> {
    match sim::run(cache.find(world, ISSUER, Some(kid)), &Invocation::unlimited()) {
        Outcome::Done(answer, _) => answer.map(drop).map_err(|refusal| refusal.reason()),
        other => panic!("{other:?}"),
    }
}

const UNKNOWN: Result<(), &str> = Err("unknown-key");
const AWAY: Result<(), &str> = Err("issuer-unavailable");

#[test]
fn a_set_is_fetched_once_while_it_is_fresh() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    for _ in 0..100 {
        assert_eq!(ask(&cache, &world, "a"), Ok(()));
        world.passes(Millis::seconds(2));
    }
    assert_eq!(world.asked(), 1);
    world.passes(FRESH_BY_DEFAULT);
    assert_eq!(ask(&cache, &world, "a"), Ok(()));
    assert_eq!(world.asked(), 2);
}

#[test]
fn how_long_it_is_fresh_is_the_issuer_s_to_say_within_bounds() {
    for (said, kept) in [
        (Some(Millis(0)), FRESH.0),
        (Some(Millis::minutes(10)), Millis::minutes(10)),
        (Some(Millis::days(365)), FRESH.1),
        (None, FRESH_BY_DEFAULT),
    ] {
        let (cache, world) = (KeyCache::default(), World::with(&[]));
        world.publishes(&["a"], said);
        assert_eq!(ask(&cache, &world, "a"), Ok(()));
        world.passes(Millis(kept.0 - 1));
        assert_eq!((ask(&cache, &world, "a"), world.asked()), (Ok(()), 1), "{said:?}");
        world.passes(Millis(1));
        assert_eq!((ask(&cache, &world, "a"), world.asked()), (Ok(()), 2), "{said:?}");
    }
}

#[test]
fn a_new_key_counts_at_once_and_a_removed_one_no_more_with_the_next_fetch() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    assert_eq!(ask(&cache, &world, "a"), Ok(()));
    world.passes(PAUSE_UNKNOWN);
    world.publishes(&["a", "b"], None);
    assert_eq!(
        (ask(&cache, &world, "b"), world.asked()),
        (Ok(()), 2),
        "its name is new, so the set is fetched"
    );
    assert_eq!(ask(&cache, &world, "a"), Ok(()), "both count while both are published");
    world.publishes(&["b"], None);
    world.passes(FRESH_BY_DEFAULT);
    assert_eq!((ask(&cache, &world, "a"), ask(&cache, &world, "b")), (UNKNOWN, Ok(())));
    world.publishes(&[], None);
    world.passes(FRESH_BY_DEFAULT);
    assert_eq!(ask(&cache, &world, "b"), UNKNOWN, "an empty set is an answer too");
}

/// A key that vanished is not brought back by the issuer's going away afterwards.
#[test]
fn a_removed_key_stays_removed_in_an_outage() {
    let (cache, world) = (KeyCache::default(), World::with(&["a", "b"]));
    assert_eq!(ask(&cache, &world, "a"), Ok(()));
    world.publishes(&["b"], None);
    world.passes(FRESH_BY_DEFAULT);
    assert_eq!(ask(&cache, &world, "a"), UNKNOWN);
    world.goes_away();
    world.passes(FRESH_BY_DEFAULT);
    assert_eq!((ask(&cache, &world, "a"), ask(&cache, &world, "b")), (AWAY, Ok(())));
}

#[test]
fn names_that_somebody_makes_up_do_not_hammer_the_issuer() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    assert_eq!(ask(&cache, &world, "a"), Ok(()));
    let began = world.wall();
    for n in 0..6_000 {
        assert_eq!(ask(&cache, &world, &format!("made-up-{n}")), UNKNOWN);
        assert_eq!(ask(&cache, &world, "a"), Ok(()), "those with a good key do not notice");
        world.passes(Millis(10));
    }
    assert_eq!(world.wall().since(began), Millis::minutes(1));
    assert!(world.asked() <= 3, "asked {} times in a minute", world.asked());
}

#[test]
fn in_an_outage_the_last_good_set_serves_on_and_not_for_ever() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    let began = world.wall();
    assert_eq!(ask(&cache, &world, "a"), Ok(()));
    world.goes_away();
    while world.wall().since(began) < LONGEST_OUTAGE {
        world.passes(Millis::minutes(1));
        assert_eq!(ask(&cache, &world, "a"), Ok(()), "after {:?}", world.wall().since(began));
    }
    // Nobody can say whether this one is good.
    assert_eq!(ask(&cache, &world, "b"), AWAY);
    world.passes(Millis(1));
    assert_eq!(ask(&cache, &world, "a"), AWAY);
    world.publishes(&["a"], None);
    world.passes(PAUSE_OUTAGE);
    assert_eq!(ask(&cache, &world, "a"), Ok(()), "it is back");
}

#[test]
fn an_issuer_that_is_away_from_the_start_is_not_asked_by_every_request() {
    let (cache, world) = (KeyCache::default(), World::with(&[]));
    world.goes_away();
    for _ in 0..600 {
        assert_eq!(ask(&cache, &world, "a"), AWAY);
        world.passes(Millis(100));
    }
    assert!((10..=13).contains(&world.asked()), "asked {} times in a minute", world.asked());
}

#[test]
fn an_answer_that_is_no_set_is_as_none() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    assert_eq!(ask(&cache, &world, "a"), Ok(()));
    for text in ["<html>Bad gateway</html>", "{}", r#"{"keys": [], "keys": []}"#] {
        *world.answer.lock().unwrap() = Ok(KeysDocument { text: text.to_owned(), max_age: None });
        world.passes(FRESH_BY_DEFAULT);
        assert_eq!(ask(&cache, &world, "a"), Ok(()), "{text}");
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_make_a_set_last_longer() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    assert_eq!(ask(&cache, &world, "a"), Ok(()));
    world.now.fetch_sub(Millis::hours(2).0, Ordering::Relaxed);
    assert_eq!((ask(&cache, &world, "a"), world.asked()), (Ok(()), 2));
    world.goes_away();
    world.passes(LONGEST_OUTAGE + Millis::minutes(1));
    assert_eq!(ask(&cache, &world, "a"), AWAY);
}

#[test]
fn requests_that_come_in_together_fetch_once() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    let mut runs: Vec<_> = (0..20)
        .map(|_| Stepper::new(cache.find(&world, ISSUER, Some("a")), &Invocation::unlimited()))
        .collect();
    let mut done = 0;
    while done < 20 {
        runs.retain_mut(|run| match run.step() {
            None => true,
            Some(Outcome::Done(answer, _)) => {
                assert!(answer.is_ok());
                done += 1;
                false
            }
            Some(other) => panic!("{other:?}"),
        });
    }
    assert_eq!(world.asked(), 1);
}

#[test]
fn whoever_dies_while_fetching_does_not_stop_the_others() {
    let (cache, world) = (KeyCache::default(), World::with(&["a"]));
    let mut dies = Stepper::new(cache.find(&world, ISSUER, Some("a")), &Invocation::unlimited());
    assert!(dies.step().is_none());
    assert_eq!(world.asked(), 1);
    drop(dies);
    assert_eq!((ask(&cache, &world, "a"), world.asked()), (Ok(()), 2));
}
