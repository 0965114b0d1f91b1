//! The world as keys and values, and back.
//!
//! Every part has a key of its own, so that a change writes what changed and nothing else. Values are JSON: a
//! store of a thousand tenants is a few megabytes, and anyone can read what it says.

use crate::chance::Chance;
use crate::changes::Entry;
use crate::cloud::Part;
use crate::config::WorldConfig;
use crate::homes::Homes;
use crate::tables::SEPARATOR;
use crate::world::World;
use capstan_core::ports::{Item, Key, Table};
use capstan_core::tier::ResourceKind;
use capstan_core::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;

/// The version of the stored form. One that reads differently gets the next number.
const FORMAT: u32 = 1;

/// A key and its new value, or `None` where it is gone.
pub type Change = (String, Option<Vec<u8>>);

/// Where changes are made durable.
pub trait Journal {
    /// Writes all of these or none, and returns once they would survive a loss of power.
    fn append(&mut self, changes: &[Change]) -> io::Result<()>;
}

/// Why stored entries are not a world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Written by a later version of this program.
    #[error("it is in format {found}, written by a newer version; this one knows formats up to {known}")]
    Newer {
        /// The format found.
        found: u32,
        /// The format known.
        known: u32,
    },
    /// An entry is not what it should be.
    #[error("the entry `{key}` is damaged: {reason}")]
    Damaged {
        /// The entry's key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    // Plain data with string keys: it always has a JSON form.
    serde_json::to_vec(value).unwrap_or_default()
}

fn row_key(key: &Key) -> String {
    format!("table/{}/{}{SEPARATOR}{}", key.table.name(), key.partition, key.sort)
}

impl World {
    /// Collects changes from now on, for a journal.
    pub(crate) const fn keep_changes(&mut self) {
        self.changes.want();
    }

    /// What must be written before the answer is given, if anything.
    pub(crate) fn take_changes(&mut self) -> Option<Vec<Change>> {
        let entries = self.changes.take()?;
        let mut changes: Vec<Change> = entries.iter().map(|entry| self.stored(entry)).collect();
        changes.extend(self.meta());
        Some(changes)
    }

    /// Everything, as it would be stored: two worlds of the same history are equal here, byte by byte.
    pub fn dump(&self) -> BTreeMap<String, Vec<u8>> {
        let cloud = &self.cloud;
        let mut entries: Vec<Entry> = Vec::new();
        for table in Table::ALL {
            entries.extend(self.items(table).map(|item| Entry::Row(key_of(table, item))));
        }
        let mut add = |part, name: &str| entries.push(Entry::Cloud(part, name.to_owned()));
        for kind in ResourceKind::ALL {
            cloud.names(kind).into_iter().for_each(|name| add(Part::Resource(kind), name));
        }
        cloud.sagemaker.configs.keys().for_each(|name| add(Part::EndpointConfig, name));
        cloud.sagemaker.scaling.keys().for_each(|name| add(Part::Scaling, name));
        cloud.training.models.keys().for_each(|name| add(Part::Model, name));
        cloud.training.jobs.0.keys().for_each(|name| add(Part::TrainingJob, name));
        cloud.sagemaker.behaviours.keys().for_each(|name| add(Part::Behaviour, name));
        cloud.objects.keys().for_each(|name| add(Part::Object, name));
        cloud.collections.policies.iter().for_each(|(name, _)| add(Part::Policies, name));
        cloud.snapshots.keys().for_each(|(kind, name)| add(Part::Snapshot(*kind), name));
        add(Part::Limits, "account");
        cloud.tables.tables.0.keys().for_each(|name| add(Part::Table, name));
        cloud.functions.0.keys().for_each(|name| add(Part::Function, name));
        cloud.feeds.keys().for_each(|name| add(Part::Feed, name));
        cloud.tables.backups.keys().for_each(|name| add(Part::Backup, name));
        cloud.tables.scaling.keys().for_each(|name| add(Part::TableScaling, name));
        cloud.usage_plans.keys().for_each(|name| add(Part::UsagePlan, name));
        entries.extend(self.executions.keys().cloned().map(Entry::Execution));
        entries.extend((0..self.notices.len()).map(Entry::Notice));
        entries.extend(self.drains.keys().cloned().map(Entry::Drain));
        entries.extend(self.meter.0.keys().cloned().map(|(kind, name)| Entry::Meter(kind, name)));
        entries.push(Entry::Watch);
        let stored = entries.iter().map(|entry| self.stored(entry)).chain(self.meta());
        stored.filter_map(|(key, value)| Some((key, value?))).collect()
    }

    fn meta(&self) -> [Change; 3] {
        [
            ("meta/format".to_owned(), Some(json(&FORMAT))),
            ("meta/now".to_owned(), Some(json(&self.now))),
            ("meta/chance".to_owned(), Some(json(&self.chance.state()))),
        ]
    }

    fn stored(&self, entry: &Entry) -> Change {
        match entry {
            Entry::Row(key) => {
                let item = self.tables.item(key.table, &key.partition, &key.sort);
                (row_key(key), item.map(json))
            }
            Entry::Cloud(part, name) => (format!("cloud/{}", part.path(name)), self.cloud.store(*part, name)),
            Entry::Execution(name) => (format!("execution/{name}"), self.executions.get(name).map(json)),
            Entry::Notice(index) => (format!("notice/{index:010}"), self.notices.get(*index).map(json)),
            Entry::Drain(tenant) => (format!("drain/{tenant}"), self.drains.get(tenant).map(json)),
            Entry::Meter(kind, name) => {
                let trail = self.meter.0.get(&(*kind, name.clone()));
                (format!("meter/{kind}/{name}"), trail.map(json))
            }
            Entry::Watch => ("watch/account".to_owned(), (!self.watch.is_empty()).then(|| json(&self.watch))),
        }
    }

    /// A world from what was stored; nothing stored is a new one.
    pub fn load(
        config: WorldConfig,
        entries: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, LoadError> {
        let mut world = Self::new(config);
        let entries: BTreeMap<String, Vec<u8>> = entries.into_iter().collect();
        let Some(format) = entries.get("meta/format") else {
            return match entries.into_keys().next() {
                None => Ok(world),
                Some(key) => {
                    Err(LoadError::Damaged { key, reason: "the store has no format version".to_owned() })
                }
            };
        };
        let found: u32 = read("meta/format", format)?;
        if found > FORMAT {
            return Err(LoadError::Newer { found, known: FORMAT });
        }
        for (key, value) in &entries {
            world.load_entry(key, value)?;
        }
        world.foresee();
        Ok(world)
    }

    fn load_entry(&mut self, key: &str, value: &[u8]) -> Result<(), LoadError> {
        let damaged = |reason: &str| LoadError::Damaged { key: key.to_owned(), reason: reason.to_owned() };
        let (kind, rest) = key.split_once('/').ok_or_else(|| damaged("its key is of no known form"))?;
        match kind {
            "meta" => match rest {
                "now" => self.now = read(key, value)?,
                "chance" => self.chance = Chance::new(read(key, value)?),
                _ => {}
            },
            "table" => {
                let name = rest.split('/').next().unwrap_or_default();
                let table = Table::ALL.into_iter().find(|table| table.name() == name);
                let table = table.ok_or_else(|| damaged("there is no such table"))?;
                let item: Item = read(key, value)?;
                let item_key = key_of(table, &item);
                if row_key(&item_key) != key {
                    return Err(damaged("the item does not hold the key it is stored under"));
                }
                self.tables.put(&Homes::default(), item_key, item, Timestamp::from_millis(0));
            }
            "cloud" => {
                let (part, name) = Part::parse(rest).ok_or_else(|| damaged("there is no such kind"))?;
                let restored = self.cloud.restore(part, name, value);
                restored.map_err(|error| damaged(&error.to_string()))?;
            }
            "execution" => drop(self.executions.insert(rest.to_owned(), read(key, value)?)),
            // Keys come in order, and a notice's key is its place.
            "notice" => self.notices.push(read(key, value)?),
            "drain" => drop(self.drains.insert(rest.to_owned(), read(key, value)?)),
            "meter" => {
                let (kind, name) =
                    rest.split_once('/').ok_or_else(|| damaged("its key is of no known form"))?;
                let kind = ResourceKind::ALL.into_iter().find(|known| known.as_str() == kind);
                let kind = kind.ok_or_else(|| damaged("there is no such kind"))?;
                self.meter.0.insert((kind, name.to_owned()), read(key, value)?);
            }
            "watch" => self.watch = read(key, value)?,
            _ => return Err(damaged("its key is of no known form")),
        }
        Ok(())
    }
}

fn key_of(table: Table, item: &Item) -> Key {
    let text = |name: &str| match item.get(name) {
        Some(Value::String(text)) => text.clone(),
        // The port has numbers with ten digits.
        Some(Value::Number(number)) => format!("{number:0>10}"),
        _ => String::new(),
    };
    Key {
        table,
        partition: text(table.partition_key()),
        sort: table.sort_key().map_or_else(String::new, text),
    }
}

fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, LoadError> {
    let damaged =
        |error: serde_json::Error| LoadError::Damaged { key: key.to_owned(), reason: error.to_string() };
    serde_json::from_slice(bytes).map_err(damaged)
}
