//! Which model answers for which hosts: one row.

use crate::{Record, RecordError, get};
use capstan_core::ids::TenantId;
use capstan_core::iops::Hostname;
use capstan_core::iops::routing::{GROUPS, group_of, is_routed};
use capstan_core::ports::{Store, Table, Variant};
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A model behind an endpoint, and for which percentage of hosts it answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The endpoint; none, where the built-in model answers for all.
    pub endpoint: Option<String>,
    /// The model, by name.
    pub model: Option<String>,
    /// Its version: the endpoint's configuration.
    pub model_version: Option<String>,
    /// For how many of 100 hosts it answers. For the others the built-in one does.
    pub percent: u8,
}

/// A second model behind the same endpoint, while two are compared. Of the hosts that the endpoint answers for, those of the
/// last groups are its.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Second {
    /// The release that compares them.
    pub release_id: String,
    /// The model, by name.
    pub model: String,
    /// For how many of 100 hosts it answers.
    pub percent: u8,
}

/// Which model answers for which hosts. There is one; without it the built-in model answers for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// Always [`Routing::SUBJECT`].
    pub subject: String,
    /// Always [`Routing::ENTRY`].
    pub entry: String,
    /// What is in force.
    pub share: Share,
    /// The second model, while two are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
    /// Whether the last 5 % of the hosts are held back, to compare with.
    pub holdback: bool,
    /// The canary that has hold of the routing.
    pub canary_id: Option<String>,
    /// What was in force before the canary, and is again when it is rolled back.
    pub before: Option<Share>,
    /// Since when it is so.
    pub since: Timestamp,
    /// By whose wish.
    pub by: String,
    /// Of which tenant that was; none, where it was the system.
    pub tenant: Option<TenantId>,
    /// Why.
    pub reason: String,
    /// The release that took the hosts off its endpoint and gives them back when it is undone, unless somebody has set the
    /// traffic by hand since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_by: Option<String>,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Routing {
    /// Its partition key.
    pub const SUBJECT: &'static str = "routing";
    /// Its sort key.
    pub const ENTRY: &'static str = "current";

    /// The built-in model for all.
    pub fn built_in() -> Self {
        Self {
            subject: Self::SUBJECT.to_owned(),
            entry: Self::ENTRY.to_owned(),
            share: Share::default(),
            second: None,
            holdback: false,
            canary_id: None,
            before: None,
            since: Timestamp::default(),
            by: capstan_core::subject::SYSTEM.to_owned(),
            tenant: None,
            reason: String::new(),
            left_by: None,
            version: 0,
        }
    }

    /// Which of the models behind the endpoint a group is of. A host stays with its model; other weights move hosts one way only.
    pub fn variant_of(&self, group: u16) -> Variant {
        let percent = self.second.as_ref().map_or(0, |second| second.percent.min(100));
        if group >= GROUPS - u16::from(percent) * (GROUPS / 100) { Variant::Second } else { Variant::First }
    }

    /// The name of the model that answers for a variant.
    pub fn model_of(&self, variant: Variant) -> Option<&str> {
        match (variant, &self.second) {
            (Variant::Second, Some(second)) => Some(&second.model),
            _ => self.share.model.as_deref(),
        }
    }

    /// The group of a host, and the endpoint that answers for it; `None`: the built-in model does.
    pub fn of(&self, host: &Hostname) -> (u16, Option<&str>) {
        let group = group_of(host);
        let routed = is_routed(group, self.share.percent, self.holdback);
        (group, self.share.endpoint.as_deref().filter(|_| routed))
    }
}

impl Record for Routing {
    const TABLE: Table = Table::IopsControl;
    const EXACT: bool = true;
    fn keys(&self) -> (String, String) {
        (self.subject.clone(), self.entry.clone())
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
}

/// What is in force.
pub async fn routing(store: &impl Store) -> Result<Routing, RecordError> {
    let found = get(store, Routing::SUBJECT, Routing::ENTRY).await?;
    Ok(found.unwrap_or_else(Routing::built_in))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_models_have_as_many_hosts_as_their_weights_say_and_a_host_stays_where_it_is() {
        let of = |percent| Routing {
            second: Some(Second { release_id: "r".to_owned(), model: "b".to_owned(), percent }),
            ..Routing::built_in()
        };
        for percent in 0..=100 {
            let seconds = (0..GROUPS).filter(|group| of(percent).variant_of(*group) == Variant::Second);
            assert_eq!(seconds.count(), usize::from(percent) * 10);
            for group in 0..GROUPS {
                let (now, more) =
                    (of(percent).variant_of(group), of(percent.saturating_add(1)).variant_of(group));
                assert!(now == Variant::First || more == Variant::Second, "group {group} at {percent} %");
            }
        }
        assert_eq!(Routing::built_in().variant_of(GROUPS - 1), Variant::First);
        assert_eq!(of(50).model_of(Variant::Second), Some("b"));
        assert_eq!(of(50).model_of(Variant::First), None);
    }

    #[test]
    fn a_routing_without_a_second_model_is_stored_as_it_always_was() {
        let stored = serde_json::to_value(Routing::built_in()).unwrap();
        assert!(stored.get("second").is_none());
        assert_eq!(serde_json::from_value::<Routing>(stored).unwrap(), Routing::built_in());
    }
}
