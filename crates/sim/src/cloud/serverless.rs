//! `OpenSearch` Serverless collections, their policies, and the account's OCU limits.

use super::{Answer, Cx, Refusal, check_lower_name, require};
use crate::life::{Resource, Shelf, Stage};
use crate::timing::Cycle;
use capstan_core::ports::{Collection, CollectionLimits, CollectionStatus, Tags};
use capstan_core::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The policies of one collection; each kind has its own names, Capstan gives them the collection's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PolicyKind {
    Encryption,
    Network,
    DataAccess,
}

impl PolicyKind {
    pub(crate) const ALL: [Self; 3] = [Self::Encryption, Self::Network, Self::DataAccess];
}

/// The most OCUs an account can ask for without a person at AWS.
const MOST_OCUS: u32 = 1_700;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CollectionService {
    pub(crate) collections: Shelf<()>,
    pub(crate) policies: BTreeSet<(String, PolicyKind)>,
    pub(crate) limits: CollectionLimits,
}

impl Default for CollectionService {
    /// An account starts with 10 OCUs for indexing and 10 for search.
    fn default() -> Self {
        let limits = CollectionLimits { max_indexing_ocus: 10, max_search_ocus: 10 };
        Self { collections: Shelf::default(), policies: BTreeSet::new(), limits }
    }
}

impl CollectionService {
    pub(crate) fn collection(&self, name: &str) -> Option<Collection> {
        let found = self.collections.get(name)?;
        let status = match found.life.stage {
            Stage::Creating => CollectionStatus::Creating,
            Stage::Ready | Stage::Changing => CollectionStatus::Active,
            Stage::Deleting => CollectionStatus::Deleting,
            Stage::Failed => CollectionStatus::Failed,
        };
        Some(Collection { status, tags: found.tags.clone() })
    }

    /// Makes a policy; there already is `AlreadyExists`.
    pub(crate) fn create_policy(&mut self, name: &str, kind: PolicyKind) -> Answer<()> {
        check_lower_name(name, 32)?;
        if self.policies.insert((name.to_owned(), kind)) { Ok(()) } else { Err(Refusal::exists(name)) }
    }

    pub(crate) fn create(&mut self, cx: &Cx<'_>, name: &str, tags: &Tags) -> Answer<()> {
        check_lower_name(name, 32)?;
        self.collections.free(name)?;
        require(self.policies.contains(&(name.to_owned(), PolicyKind::Encryption)), || {
            format!("no encryption policy matches the collection `{name}`: make one first")
        })?;
        Refusal::above("collections", self.collections.0.len() + 1, cx.quotas.collections)?;
        self.collections.put(name, Resource::new(cx, Cycle::CollectionCreate, name, (), tags));
        Ok(())
    }

    pub(crate) fn delete(&mut self, cx: &Cx<'_>, name: &str) -> Answer<()> {
        self.collections.at_rest(name)?.delete(cx, Cycle::CollectionDelete, name, Millis(0));
        Ok(())
    }

    pub(crate) fn delete_policies(&mut self, name: &str) {
        self.policies.retain(|(of, _)| of != name);
    }

    pub(crate) fn set_limits(&mut self, limits: CollectionLimits) -> Answer<()> {
        let fits = |ocus| (2..=MOST_OCUS).contains(&ocus);
        require(fits(limits.max_indexing_ocus) && fits(limits.max_search_ocus), || {
            format!("OCU limits must be between 2 and {MOST_OCUS}")
        })?;
        self.limits = limits;
        Ok(())
    }
}
