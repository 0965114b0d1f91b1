//! `capstan drill tier`.

use super::table::{Table, money};
use super::{Failure, print};
use crate::drill::{Drill, Leg};
use crate::functions::registry;
use crate::template::Source;
use capstan_core::tier::Tier;
use sim::Fault;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tiers to go through
    #[arg(long, value_name = "TIER,TIER…", default_value = "DEV,STAGING,PRODUCTION,STAGING,DEV", value_parser = parse_path)]
    path: Route,
    /// What chance comes from; the same number gives the same drill
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Make the cloud misbehave, such as opensearch:CreateDomain:1:throttled (several times for several faults)
    #[arg(long, value_name = "SERVICE:OPERATION:NTH:KIND")]
    fault: Vec<Fault>,
    /// The template of the system [default: ./template.yaml, else the one compiled in]
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Print JSON: one array with an object for each transition
    #[arg(long)]
    json: bool,
}

/// At least two tiers, neighbours different.
#[derive(Debug, Clone)]
struct Route(Vec<Tier>);

fn parse_path(text: &str) -> Result<Route, String> {
    let tier = |name: &str| {
        let unknown = || format!("`{name}` is not a tier; there are DEV, STAGING and PRODUCTION");
        Tier::parse(name.trim()).ok_or_else(unknown)
    };
    let tiers = text.split(',').map(tier).collect::<Result<Vec<Tier>, String>>()?;
    if tiers.len() < 2 {
        return Err("a path has at least two tiers: where it begins and where it goes".to_owned());
    }
    if tiers.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("two neighbours on the path must differ".to_owned());
    }
    Ok(Route(tiers))
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut drill = Drill::new(&Source::choose(args.template.clone()), &registry(), args.seed)?;
    let first = args.path.0[0];
    // Getting to where the path begins is not part of it.
    if drill.tier()? != first && !drill.transition(first)?.good() {
        return Err(Failure::failed(format!(
            "the tenant could not be brought to {first}, where the path begins"
        )));
    }
    drill.misbehave(&args.fault);
    let mut legs: Vec<Leg> = Vec::new();
    for tier in &args.path.0[1..] {
        let leg = drill.transition(*tier)?;
        let good = leg.good();
        legs.push(leg);
        // From here on the path is another one.
        if !good {
            break;
        }
    }
    print(&if args.json { serde_json::to_string_pretty(&legs)? } else { shown(&legs) });
    if legs.iter().all(Leg::good) { Ok(()) } else { Err(Failure::told()) }
}

fn shown(legs: &[Leg]) -> String {
    let mut table = Table::new(&[
        "from",
        "to",
        "status",
        ">virtual s",
        ">slowest s",
        ">wall ms",
        ">created",
        ">changed",
        ">retired",
        ">deleted",
        ">cost before",
        ">after",
        ">orphans",
    ]);
    for leg in legs {
        table.row([
            leg.from.to_string(),
            leg.to.to_string(),
            leg.status.clone(),
            format!("{:.1}", leg.virtual_seconds),
            format!("{:.1}", leg.slowest_resource_seconds),
            format!("{:.1}", leg.wall_millis),
            leg.created.len().to_string(),
            leg.changed.len().to_string(),
            leg.retired.len().to_string(),
            leg.deleted.len().to_string(),
            money(&leg.cost_before),
            money(&leg.cost_after),
            leg.orphans.len().to_string(),
        ]);
    }
    let mut text = table.text();
    for leg in legs {
        for error in &leg.errors {
            text.push_str(&format!("\n{} to {}: {error}", leg.from, leg.to));
        }
        for orphan in &leg.orphans {
            text.push_str(&format!("\n{} to {}: nothing accounts for {orphan}", leg.from, leg.to));
        }
    }
    text
}
