//! A JSON object in which every name is meant to stand once.
//!
//! `serde_json` keeps the last of two values with the same name and says nothing. Of two target tiers neither is what
//! is meant.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// How many names are named at most.
const MOST_NAMED: usize = 16;

/// An object, and which of its names were given more than once; no members: it is other JSON.
pub(super) struct Once {
    pub(super) members: Option<Map<String, Value>>,
    pub(super) twice: Vec<String>,
}

const NO_OBJECT: Once = Once { members: None, twice: Vec::new() };

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Once, A::Error> {
        let mut members = Map::new();
        let mut twice = Vec::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.insert(name.clone(), value).is_some() && twice.len() < MOST_NAMED {
                twice.push(name.chars().take(64).collect());
            }
        }
        Ok(Once { members: Some(members), twice })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Once, A::Error> {
        while access.next_element::<IgnoredAny>()?.is_some() {}
        Ok(NO_OBJECT)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
        Ok(NO_OBJECT)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
        Ok(NO_OBJECT)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
        Ok(NO_OBJECT)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
        Ok(NO_OBJECT)
    }
    fn visit_str<E>(self, _: &str) -> Result<Once, E> {
        Ok(NO_OBJECT)
    }
    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(NO_OBJECT)
    }
}
