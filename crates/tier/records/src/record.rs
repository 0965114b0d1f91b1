//! Records: types with a key and a version.

use capstan_core::ids::TenantId;
use capstan_core::iops::Insight;
use capstan_core::ports::{Key, StoreError, Table};
use capstan_core::tier::ledger::{EffectRow, Registered};
use capstan_core::tier::{AppConfig, Change, Confirmation, Tier, TierConfig, TierState};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Why records could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// The store said no.
    #[error("the store could not do it")]
    Store(#[source] StoreError),
    /// Somebody else wrote one of the records first. Nothing was written: read again and decide again.
    #[error("{table} {key} was changed by somebody else meanwhile")]
    Stale {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
    },
    /// What is stored is not what this version of the code understands.
    #[error("{table} {key} can't be read: {message}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
        /// Why.
        message: String,
    },
}

/// Something kept in a table under a key, with a version that moves with every write. Version 0 was never stored.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The table.
    const TABLE: Table;
    /// Whether what is read back from its item is the same record, bit by bit. A store in memory keeps such a record as it
    /// is; where tests run, each one put is held against its item.
    const EXACT: bool = false;
    /// Partition and sort key.
    fn keys(&self) -> (String, String);
    /// The version it was read at.
    fn version(&self) -> u64;
    /// Sets the version.
    fn set_version(&mut self, version: u64);
    /// Where it is kept.
    fn key(&self) -> Key {
        let (partition, sort) = self.keys();
        Key { table: Self::TABLE, partition, sort }
    }
}

/// Makes a record of a type with a field `version`. `exact: false` where not every one is read back bit by bit as it was.
macro_rules! record {
    ($type:ty, $table:ident, |$it:ident| $keys:expr) => {
        $crate::record::record!($type, $table, exact: true, |$it| $keys);
    };
    ($type:ty, $table:ident, exact: $exact:literal, |$it:ident| $keys:expr) => {
        impl $crate::record::Record for $type {
            const TABLE: capstan_core::ports::Table = capstan_core::ports::Table::$table;
            const EXACT: bool = $exact;
            fn keys(&self) -> (String, String) {
                let $it = self;
                $keys
            }
            fn version(&self) -> u64 {
                self.version
            }
            fn set_version(&mut self, version: u64) {
                self.version = version;
            }
        }
    };
}
pub(crate) use record;

/// The edited configuration of one tier of one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfigRow {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which tier's.
    pub tier: Tier,
    /// The configuration.
    pub config: TierConfig,
    /// Moves with every write; 0: the default, never edited.
    pub version: u64,
}

impl ConfigRow {
    /// The configuration as the API shows it: flat, with its tier, its cost and its version.
    pub fn to_api(&self) -> Value {
        let mut config = json!(self.config);
        if let Value::Object(fields) = &mut config {
            fields.insert("tier".to_owned(), json!(self.tier));
            fields.insert(
                "estimatedMonthlyCost".to_owned(),
                json!(self.config.estimated_monthly_cost(self.tier)),
            );
            fields.insert("version".to_owned(), json!(self.version));
        }
        config
    }
}

/// What the tenant's application reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppConfigRow {
    /// Whose.
    pub tenant_id: TenantId,
    /// The content; `None` where a rollback took away what was not there before.
    pub config: Option<AppConfig>,
    /// The same as in `config`, where it is easy to find for those who only ask that.
    pub draining: bool,
    /// Moves with every write.
    pub version: u64,
}

record!(TierState, InfrastructureTier, |it| (it.tenant_id.to_string(), String::new()));
record!(Change, TierChangeLog, |it| (it.tenant_id.to_string(), it.transition_id.to_string()));
record!(ConfigRow, TierConfig, |it| (it.tenant_id.to_string(), it.tier.to_string()));
record!(Registered, TierLedger, |it| (it.tenant_id.to_string(), it.entry.clone()));
record!(EffectRow, TierLedger, |it| (it.tenant_id.to_string(), it.entry.clone()));
record!(Confirmation, TierConfirmation, |it| (it.token_hash.clone(), String::new()));
record!(AppConfigRow, AppConfig, |it| (it.tenant_id.to_string(), String::new()));
record!(Insight, IopsInsights, |it| (it.bucket.clone(), it.entry.clone()));
