//! The world's rows as typed facts: the only place that knows how they are kept.

use super::history::{TENANTS, Tenant};
use capstan_core::audit::{ENTRIES, Entry, HEAD, Head, SEALS, entry_key};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Item, Table};
use capstan_core::tier::ledger::{EffectRow, RESOURCE_ENTRIES, Registered, resource_entry};
use capstan_core::tier::{
    Change, Confirmation, Desired, ResourceRef, Tier, TierState, TransitionStatus, names,
};
use capstan_core::time::Timestamp;
use serde_json::{Value, json};
use sim::{Still, World};
use std::sync::{Arc, LazyLock};
use tier_records::{
    AUDIT_BROKEN, AUDIT_UNSEALED, Act, AppConfigRow, ConfigRow, EntryRow, HeadRow, Record as _, SealRow,
    UNDER_WAY,
};

/// An act in the audit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Audited(Arc<EntryRow>);

impl Audited {
    /// Its place in the tenant's chain, with all that it says.
    pub(super) fn entry(&self) -> &Entry {
        &self.0.chained
    }
    /// Whether it is this act.
    pub(super) fn is(&self, act: Act) -> bool {
        self.entry().action == act.name()
    }
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// All changes there ever were, oldest first for each tenant.
pub(super) fn changes(world: &World) -> Vec<Arc<Change>> {
    world.records(Table::TierChangeLog, "").collect()
}

/// One change.
pub(super) fn change(world: &World, id: &str) -> Option<Arc<Change>> {
    let (tenant, _) = world.keys(Table::TierChangeLog).find(|(_, known)| *known == id)?;
    world.record_at(Table::TierChangeLog, tenant, id)
}

/// Every change that has not ended.
pub(super) fn open_changes(world: &World) -> Vec<Arc<Change>> {
    world.records(Table::TierChangeLog, "").filter(|change: &Arc<Change>| !change.ended()).collect()
}

/// Every tenant's state.
pub(super) fn states(world: &World) -> Vec<Arc<TierState>> {
    world.records(Table::InfrastructureTier, "").collect()
}

fn state(world: &World, tenant: &str) -> Option<Arc<TierState>> {
    world.record_at(Table::InfrastructureTier, tenant, "")
}

/// Whether a tenant's tier is stuck.
pub(super) fn is_stuck(world: &World, tenant: &str) -> bool {
    state(world, tenant).is_some_and(|state| state.transition_status == TransitionStatus::Stuck)
}

/// The change that a tenant's state names.
pub(super) fn named_change(world: &World, tenant: &str) -> Option<String> {
    state(world, tenant)?.transition_id.as_ref().map(ToString::to_string)
}

/// The register of all tenants.
pub(super) fn register(world: &World) -> Vec<Arc<Registered>> {
    world.records(Table::TierLedger, RESOURCE_ENTRIES).collect()
}

/// Tenant and `kind/name` of every resource in the register.
pub(super) fn registered(world: &World) -> impl Iterator<Item = (&str, &str)> {
    let rows = world.keys(Table::TierLedger);
    rows.filter_map(|(tenant, entry)| Some((tenant, entry.strip_prefix(RESOURCE_ENTRIES)?)))
}

/// The entry of one resource.
pub(super) fn entry(world: &World, resource: &ResourceRef) -> Option<Arc<Registered>> {
    let wanted = resource_entry(resource);
    let (tenant, _) = world.keys(Table::TierLedger).find(|(_, entry)| *entry == wanted)?;
    world.record_at(Table::TierLedger, tenant, &wanted)
}

/// What every tenant's application reads.
pub(super) fn app_configs(world: &World) -> Vec<Arc<AppConfigRow>> {
    world.records(Table::AppConfig, "").collect()
}

/// The audit of all tenants: the entries of each chain, in their order.
pub(super) fn audit(world: &World) -> Vec<Audited> {
    world.records(Table::TierAudit, ENTRIES).map(Audited).collect()
}

/// The place and hash at which the records say that a tenant's chain ends.
pub(super) fn audit_head(world: &World, tenant: &str) -> Option<Head> {
    let row: Arc<HeadRow> = world.record_at(Table::TierAudit, tenant, HEAD)?;
    row.head()
}

/// How often a tenant's configurations were edited.
pub(super) fn edits(world: &World, tenant: &str) -> u64 {
    let rows = world.records(Table::TierConfig, "");
    rows.filter(|row: &Arc<ConfigRow>| row.tenant_id.as_str() == tenant).map(|row| row.version).sum()
}

/// How many confirmations were asked of a tenant.
pub(super) fn confirmations(world: &World, tenant: &str) -> usize {
    let rows = world.records(Table::TierConfirmation, "");
    rows.filter(|row: &Arc<Confirmation>| row.tenant_id.as_str() == tenant).count()
}

/// The version of a tier's configuration; 0 where it was never edited.
pub(super) fn config_version(world: &World, tenant: &str, tier: Tier) -> u64 {
    let mut rows = world.records(Table::TierConfig, "");
    let row = rows.find(|row: &Arc<ConfigRow>| row.tenant_id.as_str() == tenant && row.tier == tier);
    row.map_or(0, |row| row.version)
}

/// The version of a tenant's state, which moves with every write; 0 where there is none.
pub(super) fn state_version(world: &World, tenant: &str) -> u64 {
    state(world, tenant).map_or(0, |state| state.version)
}

/// The effects of all changes there ever were.
pub(super) fn effects(world: &World) -> Vec<Arc<EffectRow>> {
    world.records(Table::TierLedger, "effect#").collect()
}

/// Up to which entry a tenant's audit is sealed.
pub(super) fn sealed(world: &World, tenant: &str) -> u64 {
    let seals = world.keys(SealRow::TABLE).filter(|(of, sort)| *of == tenant && sort.starts_with(SEALS));
    let last = seals.last().and_then(|(_, sort)| world.record_at::<SealRow>(SealRow::TABLE, tenant, sort));
    last.map_or(0, |row| row.seal.seq)
}

/// A tenant's entries after this one.
pub(super) fn entries_after(world: &World, tenant: &str, seq: u64) -> Vec<Arc<Entry>> {
    let after = entry_key(seq);
    let keys = world
        .keys(Table::TierAudit)
        .filter(|(of, sort)| *of == tenant && sort.starts_with(ENTRIES) && *sort > after.as_str());
    keys.filter_map(|(of, sort)| world.record_at(Table::TierAudit, of, sort)).collect()
}

/// The stores that the register has as retired, and when they are to be deleted.
pub(super) fn retired(world: &World) -> Vec<(ResourceRef, Timestamp)> {
    let date = |entry: Arc<Registered>| match &entry.desired {
        Desired::Retired { delete_after, .. } => Some((entry.resource.clone(), *delete_after)),
        Desired::Absent | Desired::Serving { .. } => None,
    };
    register(world).into_iter().filter_map(date).collect()
}

/// The tenants that are looked after.
pub(super) fn tenants_known(world: &World) -> Vec<&str> {
    let rows = world.keys(Table::TierIndex);
    rows.filter(|(index, _)| *index == TENANTS_KNOWN).map(|(_, tenant)| tenant).collect()
}

/// Whether any change is on the list of those to be looked after.
pub(super) fn any_under_way(world: &World) -> bool {
    world.keys(Table::TierIndex).any(|(index, _)| index == UNDER_WAY)
}

/// The tenant's part of every name.
pub(super) fn prefix(tenant: Tenant) -> &'static str {
    static PREFIXES: LazyLock<[String; TENANTS.len()]> = LazyLock::new(|| {
        TENANTS.map(|tenant| TenantId::parse(tenant).map(|id| names::prefix(&id)).unwrap_or_default())
    });
    &PREFIXES[tenant.0]
}

/// Which tenant's name a resource bears.
pub(super) fn named_after(name: &str) -> Option<&'static str> {
    (0..TENANTS.len()).find(|tenant| name.contains(prefix(Tenant(*tenant)))).map(|tenant| TENANTS[tenant])
}

/// That a tenant is known is not taken back.
const TENANTS_KNOWN: &str = tier_records::TENANTS;
const DIFFERING: [&str; 5] = ["version", "mode_switched_at", "resharded_at", "made_at", "made_by"];

/// What [`slate`] needs of a world. It is taken whenever a change begins, and few changes are undone.
pub(super) fn still(world: &World) -> Still {
    world.still(&[Table::AppConfig, Table::TierLedger, Table::TierIndex])
}

/// What a change of a tenant must leave as it was when it is undone: its resources with their settings and tags, and what
/// the records say of them. What is being deleted is on its way out whatever the change does.
pub(super) fn slate(still: &Still, tenant: &str) -> Value {
    let id = TENANTS.iter().position(|known| *known == tenant).unwrap_or(0);
    let prefix = prefix(Tenant(id));
    let mut cloud = still.snapshot();
    if let Value::Object(kinds) = &mut cloud {
        for members in kinds.values_mut() {
            match members {
                Value::Object(named) => {
                    named.retain(|name, one| name.contains(prefix) && one["stage"] != "Deleting");
                }
                Value::Array(all) => all.retain(|one| one.to_string().contains(prefix)),
                _ => {}
            }
        }
    }
    // How many instances there are within the range is the scaler's affair.
    if let Some(Value::Object(endpoints)) = cloud.get_mut("endpoint") {
        for settings in endpoints.values_mut().filter_map(|one| one.get_mut("settings")) {
            let bound = |name: &str| settings["scaling"][name].as_u64();
            let instances = settings["instances"].as_u64();
            if instances >= bound("min") && instances <= bound("max") {
                settings["instances"] = json!("in range");
            }
        }
    }
    let rows = |table: Table, prefix: &str| -> Vec<Value> {
        let mine = |item: &&Item| {
            text(item, "tenant_id") == tenant
                && text(item, "entry").starts_with(prefix)
                && ![TENANTS_KNOWN, UNDER_WAY, AUDIT_UNSEALED, AUDIT_BROKEN]
                    .contains(&text(item, "index_name"))
        };
        let kept = |item: &Item| {
            let kept = item.iter().filter(|(name, _)| !DIFFERING.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        };
        still.items(table).filter(mine).map(kept).collect()
    };
    json!({
        "cloud": cloud,
        "app": rows(Table::AppConfig, ""),
        "register": rows(Table::TierLedger, "resource#"),
        "index": rows(Table::TierIndex, ""),
    })
}

/// In what two slates differ, by place.
pub(super) fn difference(one: &Value, other: &Value, place: &str) -> String {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort();
            names.dedup();
            let parts = names.into_iter().map(|name| {
                let (one, other) = (one.get(name), other.get(name));
                let null = Value::Null;
                difference(one.unwrap_or(&null), other.unwrap_or(&null), &format!("{place}/{name}"))
            });
            parts.collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.map(|(at, (one, other))| difference(one, other, &format!("{place}[{at}]"))).collect()
        }
        (one, other) if one == other => String::new(),
        (one, other) => format!("{place}: {one} → {other}; "),
    }
}
