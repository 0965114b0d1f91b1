//! `kill -9` of `capstan up`, two hundred times at random moments under load, also while it starts: nothing that was
//! acknowledged is lost, and everything under way finishes.
//!
//! The clients note what they were told and nothing else. After each start that is let through, the history, the
//! configurations and the audit are held against those notes, before any client goes on. The audit is read from a copy
//! of the store's file, taken while no process holds it: exactly what the killed process left.
#![expect(clippy::expect_used, clippy::panic, reason = "a test")]

mod check;
mod clients;
mod server;

use clients::{Notes, Shared};
use server::{Server, folder};
use std::sync::Arc;
use std::time::Duration;

const ROUNDS: u32 = 200;
const SEED: u64 = 0x0cab_57a7;
/// A change of a tier takes some minutes of virtual time: about as long as a round.
const SPEED: &str = "1800";

/// In the end what waits for a day waits ten seconds.
const LAST_SPEED: &str = "10000";

/// What is random here, from a seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "make test-outside runs it, optimised")]
fn nothing_acknowledged_is_lost_and_everything_finishes() {
    let folder = folder("kill-load");
    let mut random = Random::new(SEED);
    let first = Server::start(&folder, SPEED);
    let notes: Vec<Arc<Notes>> = (0..6).map(|number| Arc::new(Notes::new(&folder, number))).collect();
    for tenant in &notes {
        tenant.no_cooldown(&first.url);
    }
    drop(first);
    let shared = Arc::new(Shared::default());
    let threads = clients::start(&notes, &shared, SEED);
    let (mut early, mut let_through) = (0, 0);
    for _ in 0..ROUNDS {
        if random.below(10) < 4 {
            // Also before it says that it is ready: while it opens the store, or before.
            Server::spawn(&folder, SPEED).kill_after(random.below(60));
            early += 1;
            continue;
        }
        check::audit(&folder, &notes);
        let server = Server::start(&folder, SPEED);
        check::answers(&server.url, &notes);
        shared.open(&server.url);
        pause(random.below(300));
        // The clients are not told: they notice.
        drop(server);
        shared.close();
        let_through += 1;
    }
    check::audit(&folder, &notes);
    let server = Server::start(&folder, LAST_SPEED);
    shared.stop();
    for thread in threads {
        thread.join().expect("a client that saw nothing wrong");
    }
    check::answers(&server.url, &notes);
    let ends = check::everything_ends(&server.url, &notes);
    drop(server);
    check::audit(&folder, &notes);
    let (changes, edits, cancels) = check::counts(&notes);
    println!(
        "{ROUNDS} kills, {early} of them while it started; acknowledged in {let_through} rounds: {changes} changes, \
         {edits} edits, {cancels} cancellations; ends: {ends:?}"
    );
    assert!(changes > 50 && edits > 500 && cancels > 5, "that is too little to say anything");
}

/// The first start of all: whatever is left of a store that was being made, the next start makes it whole.
#[test]
#[cfg_attr(debug_assertions, ignore = "make test-outside runs it, optimised")]
fn a_store_whose_making_was_killed_is_made_by_the_next_start() {
    let mut random = Random::new(SEED + 1);
    let mut unmade = 0;
    for number in 0..25 {
        let folder = folder(&format!("kill-first-{number}"));
        for _ in 0..2 {
            Server::spawn(&folder, SPEED).kill_after(random.below(40));
        }
        unmade += u32::from(!folder.join("store.redb").exists());
        let server = Server::start(&folder, SPEED);
        let notes = Notes::new(&folder, number);
        notes.no_cooldown(&server.url);
        drop(server);
        let left: Vec<_> = std::fs::read_dir(&folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name())
            .filter(|name| name.to_string_lossy().starts_with(".store"))
            .collect();
        assert!(left.is_empty(), "drafts are swept up: {left:?}");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
    println!("{unmade} of 25 were killed before there was a store");
}
