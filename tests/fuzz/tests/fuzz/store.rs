//! The entries of a store file, spoiled: a world is brought up or refused, and what is brought up is stored as it is.

use capstan_fuzz::Edits;
use capstan_tests::scenario;
use serde_json::Value;
use sim::{World, WorldConfig};
use std::collections::BTreeMap;

thread_local! {
    static WHOLE: BTreeMap<String, Vec<u8>> = scenario::draining().world().with(|world| world.dump());
}

pub(crate) fn spoiled(mut edits: Edits<'_>) {
    WHOLE.with(|whole| {
        let mut entries = whole.clone();
        let key = entries.keys().nth(edits.below(entries.len())).expect("one of so many").clone();
        let value = entries.remove(&key).unwrap_or_default();
        let mut document: Value = serde_json::from_slice(&value).expect("entries are JSON");
        let way = edits.byte();
        let key = if way % 4 == 1 { edits.text(&key) } else { key };
        let value = match way % 4 {
            2 => edits.text(&String::from_utf8_lossy(&value)).into_bytes(),
            3 => {
                edits.document(&mut document);
                document.to_string().into_bytes()
            }
            _ => value,
        };
        if !way.is_multiple_of(4) {
            entries.insert(key, value);
        }
        let loaded = super::in_time("a store", || World::load(WorldConfig::default(), entries));
        match loaded {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(world) => {
                let stored = world.dump();
                let again =
                    World::load(WorldConfig::default(), stored.clone()).expect("what was stored is read");
                assert_eq!(again.dump(), stored);
            }
        }
    });
}
