//! Tables beside those of the stack: where a function's rows are, once its environment names another table.

use crate::world::World;
use capstan_core::ports::{StoreError, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of the tables that a run works on in the place of the stack's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Homes(Option<Arc<BTreeMap<Table, Arc<str>>>>);

impl Homes {
    /// The name of the table in the place of the stack's; `None`: the stack's own.
    pub(crate) fn of(&self, table: Table) -> Option<&Arc<str>> {
        self.0.as_ref()?.get(&table)
    }
}

/// What a home is called where rows are kept: the stack's own bears the table's name without its environment.
pub(crate) fn name_of(home: Option<&Arc<str>>, table: Table) -> &str {
    home.map_or(table.name(), |home| home)
}

/// Which table a home is one of.
pub(crate) fn table_of(home: &str) -> Option<Table> {
    let is = |table: &Table| {
        home.strip_prefix(table.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    Table::ALL.into_iter().find(is)
}

impl World {
    /// The tables that a function works on, by its environment as it is now.
    pub(crate) fn homes_of(&self, function: &str) -> Homes {
        // While nothing was changed, there is nothing to look up.
        let Some(changed) = self.cloud.functions.0.get(function) else { return Homes::default() };
        let named = Table::ALL.into_iter().filter_map(|table| {
            let name = changed.current.environment.get(table.variable()?)?;
            let own = self.deployment.tables.get(name).is_some_and(|(known, _)| *known == table);
            (!own).then(|| (table, Arc::from(name.as_str())))
        });
        let named: BTreeMap<Table, Arc<str>> = named.collect();
        Homes(Some(named).filter(|named| !named.is_empty()).map(Arc::new))
    }

    /// Refuses a table that is not there.
    pub(crate) fn check_home(&self, homes: &Homes, table: Table) -> Result<(), StoreError> {
        match homes.of(table) {
            Some(home) if !self.cloud.tables.serves(home) => {
                Err(StoreError::Invalid(format!("there is no table {home}, or it is not active")))
            }
            _ => Ok(()),
        }
    }

    /// Whether a function is fed from the stream of this table.
    pub fn feeds_from(&self, function: &str, home: Option<&str>) -> bool {
        home.is_none_or(|home| {
            self.cloud.feeds.values().any(|feed| feed.function == function && feed.table == home)
        })
    }

    /// The tables that restores made, by name, for those who look from outside.
    pub fn restored_tables(&self) -> Vec<String> {
        let restored = self.cloud.tables.tables.0.iter().filter(|(_, found)| found.current.restored);
        restored.map(|(name, _)| name.clone()).collect()
    }

    /// A function's environment as it is now.
    pub fn environment_of(&self, function: &str) -> BTreeMap<String, String> {
        let changed = self.cloud.functions.0.get(function).map(|found| &found.current.environment);
        changed.or_else(|| self.deployment.functions.get(function)).cloned().unwrap_or_default()
    }

    /// The tables, beside those of the stack, from whose streams functions are fed.
    pub fn fed_from(&self) -> Vec<(String, String)> {
        self.cloud.feeds.values().map(|feed| (feed.function.clone(), feed.table.clone())).collect()
    }

    /// The time in which people live, which rows and their backups are of.
    pub(crate) fn wall(&self) -> capstan_core::time::Timestamp {
        self.config.wall.map_or(self.now, |wall| wall())
    }
}
