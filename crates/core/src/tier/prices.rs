//! The price book: data, not code (`data/prices.json`, with its source and date).
//!
//! Two kinds of figures are in it. The owners' reckoning by part is what a tier as delivered costs a month, traffic and
//! all; no list price yields it. Unit prices say what one resource costs an hour at its least capacity, and so
//! what an edit or a plan adds or takes. An estimate is the first, moved by the second.

use super::{Service, Spec, Tier, TierConfig};
use crate::money::Usd;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceBook {
    date: String,
    source: String,
    hours_per_month: f64,
    instance_hour: BTreeMap<String, Usd>,
    gp3_gb_month: Usd,
    ocu_hour: Usd,
    ncu_hour: Usd,
    ecpu_million: Usd,
    kinesis_on_demand_stream_hour: Usd,
    kinesis_shard_hour: Usd,
    monthly_by_part: BTreeMap<String, Reckoning>,
}

#[derive(Deserialize)]
struct Reckoning {
    parts: BTreeMap<String, Usd>,
}

#[expect(clippy::expect_used, reason = "the book is compiled in; a test reads it")]
static BOOK: LazyLock<PriceBook> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/prices.json")).expect("data/prices.json is a price book")
});

/// Where the prices come from and of what day they are.
pub fn provenance() -> (&'static str, &'static str) {
    (&BOOK.source, &BOOK.date)
}

/// The instance types of a family (`ml.g5.`, `t3.`, `r6g.`, …) that have a price, and so may be chosen.
pub fn instance_types(families: &[&str]) -> Vec<&'static str> {
    BOOK.instance_hour
        .keys()
        .map(String::as_str)
        .filter(|name| families.iter().any(|family| name.starts_with(family)))
        .collect()
}

/// USD an hour of a resource at its least capacity. An unpriced type costs nothing here; a test sees to it that
/// every type that can be chosen is priced.
pub fn hourly(spec: &Spec) -> Usd {
    let instances = |kind: &str, count: u32| {
        BOOK.instance_hour.get(kind).copied().unwrap_or_default().times(f64::from(count))
    };
    match spec {
        Spec::Endpoint { instance_type, min, .. } => instances(instance_type, *min),
        Spec::Domain(domain) => {
            let storage = f64::from(domain.ebs_gb * domain.instance_count) / BOOK.hours_per_month;
            instances(&domain.instance_type, domain.instance_count) + BOOK.gp3_gb_month.times(storage)
        }
        Spec::Collection { min_ocus, .. } => BOOK.ocu_hour.times(f64::from(*min_ocus)),
        Spec::CacheGroup(group) => instances(&group.node_type, group.nodes),
        Spec::ServerlessCache { min_ecpu, .. } => {
            BOOK.ecpu_million.times(f64::from(*min_ecpu) * 3_600.0 / 1e6)
        }
        Spec::GraphServerless(range) => BOOK.ncu_hour.times(f64::from(range.min_milli_ncu) / 1e3),
        Spec::GraphProvisioned { class, instances: count } => instances(class, *count),
        Spec::StreamOnDemand => BOOK.kinesis_on_demand_stream_hour,
        Spec::StreamProvisioned { shards } => BOOK.kinesis_shard_hour.times(f64::from(*shards)),
    }
}

/// USD a month of a resource at its least capacity, in whole cents.
pub fn monthly(spec: &Spec) -> Usd {
    hourly(spec).times(BOOK.hours_per_month).to_cents()
}

/// One line of a tier's cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CostPart {
    /// `sagemaker`, `bedrock`, … `other`.
    pub part: String,
    /// USD a month.
    pub monthly: Usd,
}

/// A tier's cost by part: the owners' reckoning, each part moved by what the configuration differs from the default at
/// list price (never below zero).
pub fn breakdown(tier: Tier, config: &TierConfig) -> Vec<CostPart> {
    let Some(reckoning) = BOOK.monthly_by_part.get(tier.as_str()) else { return Vec::new() };
    let default = TierConfig::default_for(tier);
    reckoning
        .parts
        .iter()
        .map(|(part, reckoned)| {
            let service = Service::ALL.into_iter().find(|service| service.as_str() == part);
            let moved = service.map_or(Usd::ZERO, |service| {
                let price =
                    |config: &TierConfig| config.spec(service).map_or(Usd::ZERO, |spec| monthly(&spec));
                price(config) - price(&default)
            });
            CostPart { part: part.clone(), monthly: (*reckoned + moved).max(Usd::ZERO) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_resource_has_a_price() {
        for tier in Tier::ALL {
            let config = TierConfig::default_for(tier);
            for spec in Service::ALL.into_iter().filter_map(|service| config.spec(service)) {
                assert!(hourly(&spec) > Usd::ZERO, "{spec:?}");
            }
        }
    }

    #[test]
    fn an_edit_moves_the_estimate_by_its_list_price() {
        let mut dev = TierConfig::default_for(Tier::Dev);
        dev.sagemaker.min_instances = 1;
        // One ml.g5.xlarge at 1.006 an hour for 730 hours.
        assert_eq!(dev.estimated_monthly_cost(Tier::Dev), Usd::dollars(350) + Usd::micros(734_380_000));
    }

    #[test]
    fn the_book_says_where_its_prices_come_from() {
        let (source, date) = provenance();
        assert!(source.contains("AWS"));
        assert!(crate::time::Timestamp::parse(&format!("{date}T00:00:00Z")).is_some());
    }
}
