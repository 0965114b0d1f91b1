//! What is still to be done, and what may not be done.

use super::{Seen, Setting};
use crate::iops::bill;
use crate::money::Usd;
use crate::ports::{Capacity, ScalingRange, TableScaling, Throttle, UnitRange};
use crate::tier::{Spec, prices};
use crate::time::{Millis, Timestamp};

/// Of an account's concurrency, what can't be kept for a function ("the unreserved concurrency can't go below 100").
const SHARED: u32 = 100;
/// A table is switched to being paid by the request once in this time; newer accounts have four switches, and no call tells
/// which an account is.
const SWITCHED: Millis = Millis::hours(24);
/// Units a second of a table, by an account's quota.
const MOST_UNITS: u32 = 40_000;
/// Instances of an endpoint's variant, for lack of a call that tells the quota: what nobody means.
const MOST_INSTANCES: u32 = 100;
/// Requests a second, and at once, of all APIs of an account together, unless its quota was raised.
const ACCOUNT: Throttle = Throttle { rate: 10_000, burst: 5_000 };

/// One change of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Keeps so much concurrency for the function; `None`: none.
    Reserve(Option<u32>),
    /// Sets how a table is paid for.
    Capacity(Capacity),
    /// Sets between what a table is moved by itself; `None`: it is not.
    TableScaling(Option<TableScaling>),
    /// Asks for so many instances.
    Instances(u32),
    /// Sets between what an endpoint is moved by itself; `None`: it is not.
    EndpointScaling(Option<ScalingRange>),
    /// Sets the limits of a usage plan.
    Throttle(Throttle),
}

/// What is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is so, and in force.
    Reached,
    /// The service is at it.
    Wait,
    /// This.
    Do(Action),
}

/// What is still to be done to come from what is there to a setting. Of another kind of resource: nothing ever.
pub fn next(seen: &Seen, to: &Setting) -> Next {
    match (seen.setting, *to) {
        (Setting::Function { reserved: is }, Setting::Function { reserved }) if is != reserved => {
            Next::Do(Action::Reserve(reserved))
        }
        (Setting::UsagePlan(is), Setting::UsagePlan(throttle)) if is != throttle => {
            Next::Do(Action::Throttle(throttle))
        }
        (Setting::Table { capacity: is, scaling: moved }, Setting::Table { capacity, scaling }) => {
            let action = table((is, moved), (capacity, scaling));
            // Auto scaling alone is taken off while the table is being changed, too.
            when(seen.ready || action == Some(Action::TableScaling(None)), action)
        }
        (Setting::Endpoint { instances: is, scaling: moved }, Setting::Endpoint { instances, scaling }) => {
            let action = endpoint((is, moved), (instances, scaling));
            let there = scaling.is_some() || seen.serving.is_none_or(|serving| serving == is);
            when(seen.ready && (there || action.is_some()), action)
        }
        _ => Next::Reached,
    }
}

fn when(ready: bool, action: Option<Action>) -> Next {
    match action {
        _ if !ready => Next::Wait,
        None => Next::Reached,
        Some(action) => Next::Do(action),
    }
}

type OfTable = (Capacity, Option<TableScaling>);

fn table((is, moved): OfTable, (capacity, scaling): OfTable) -> Option<Action> {
    let within = |range: UnitRange, units: u32| (range.min..=range.max).contains(&units);
    match (is, capacity, scaling) {
        // Before the switch: it would go on registered, and be in force again one day.
        (_, Capacity::OnDemand, _) if moved.is_some() => Some(Action::TableScaling(None)),
        (_, Capacity::OnDemand, _) => (is != capacity).then_some(Action::Capacity(capacity)),
        (Capacity::OnDemand, ..) => Some(Action::Capacity(capacity)),
        (Capacity::Provisioned { read, write }, _, Some(wanted)) if moved == scaling => {
            // What moves by itself may be anywhere within.
            let well = within(wanted.read, read) && within(wanted.write, write);
            (!well).then_some(Action::Capacity(capacity))
        }
        _ if moved.is_some() && scaling.is_none() => Some(Action::TableScaling(None)),
        _ if is != capacity => Some(Action::Capacity(capacity)),
        _ => (moved != scaling).then_some(Action::TableScaling(scaling)),
    }
}

type OfEndpoint = (u32, Option<ScalingRange>);

fn endpoint((is, moved): OfEndpoint, (instances, scaling): OfEndpoint) -> Option<Action> {
    match scaling {
        Some(range) if moved == scaling => {
            (!(range.min..=range.max).contains(&is)).then_some(Action::Instances(instances))
        }
        None if moved.is_some() => Some(Action::EndpointScaling(None)),
        _ if is != instances => Some(Action::Instances(instances)),
        _ => (moved != scaling).then_some(Action::EndpointScaling(scaling)),
    }
}

/// Whether a resource is set so, in force or not yet.
pub fn reached(seen: &Seen, to: &Setting) -> bool {
    let settled = Seen { ready: true, serving: None, ..seen.clone() };
    next(&settled, to) == Next::Reached
}

/// What will be done, in order, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Each action in a sentence.
    pub steps: Vec<String>,
    /// USD a month before and after; `None`: it depends on traffic, or has no price of its own.
    pub monthly: (Option<Usd>, Option<Usd>),
    /// From when on it can be undone, where not at once.
    pub undoable_from: Option<Timestamp>,
    /// What else whoever asks should know.
    pub notes: Vec<String>,
}

/// Why it may not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// A word for machines.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// From when on it may be, where that is all there is to it.
    pub again_at: Option<Timestamp>,
}

fn objection(code: &'static str, message: impl Into<String>) -> Objection {
    Objection { code, message: message.into(), again_at: None }
}

/// The way from what is there to a setting, or why there is none. `now` is the cloud's time.
pub fn plan(seen: &Seen, to: &Setting, now: Timestamp) -> Result<Plan, Objection> {
    check(seen, to, now)?;
    if reached(seen, to) {
        return Err(objection("NOTHING_TO_CHANGE", "it is set so already"));
    }
    if !seen.ready {
        let words = "the service is still at another change of it: try again when that is over";
        return Err(objection("RESOURCE_BUSY", words));
    }
    let (mut imagined, mut steps) = (Seen { serving: None, ..seen.clone() }, Vec::new());
    while let Next::Do(action) = next(&imagined, to) {
        steps.push(sentence(action));
        imagined.setting = after(imagined.setting, action);
    }
    let leaves_on_demand = matches!(
        (seen.setting, to),
        (
            Setting::Table { capacity: Capacity::OnDemand, .. },
            Setting::Table { capacity: Capacity::Provisioned { .. }, .. }
        )
    );
    let undoable_from = seen
        .on_demand_since
        .filter(|_| leaves_on_demand)
        .map(|since| since + SWITCHED)
        .filter(|from| *from > now);
    Ok(Plan {
        steps,
        monthly: (monthly(seen, &seen.setting), monthly(seen, to)),
        undoable_from,
        notes: notes(to, undoable_from),
    })
}

fn check(seen: &Seen, to: &Setting, now: Timestamp) -> Result<(), Objection> {
    match (seen.setting, *to) {
        (Setting::Function { reserved: is }, Setting::Function { reserved }) => {
            let Some(wanted) = reserved else { return Ok(()) };
            if wanted == 0 {
                let words = "a function with nothing reserved for it but 0 answers nobody: give at least 1";
                return Err(objection("OUT_OF_RANGE", words));
            }
            let free = seen.unreserved.unwrap_or(u32::MAX).saturating_add(is.unwrap_or(0));
            let most = free.saturating_sub(SHARED);
            if wanted > most {
                let words = format!(
                    "of the account's concurrency {free} could be kept for this function, and {SHARED} must stay for all \
                     others: give at most {most}, or have the account's limit raised"
                );
                return Err(objection("CONCURRENCY_LIMIT", words));
            }
            Ok(())
        }
        (Setting::UsagePlan(_), Setting::UsagePlan(throttle)) => {
            if throttle.rate == 0 || throttle.burst == 0 {
                let words = "a plan with a limit of 0 lets nobody in: give at least 1";
                return Err(objection("OUT_OF_RANGE", words));
            }
            Ok(())
        }
        (Setting::Table { capacity: is, .. }, Setting::Table { capacity, scaling }) => {
            check_units(capacity, scaling)?;
            let switches = capacity == Capacity::OnDemand && is != capacity;
            let again_at = seen.on_demand_since.map(|since| since + SWITCHED).filter(|at| *at > now);
            match again_at.filter(|_| switches) {
                None => Ok(()),
                Some(at) => Err(Objection {
                    code: "SWITCHED_TODAY",
                    message: format!(
                        "a table is switched to being paid by the request once in 24 hours: from {at} on again. Until then give \
                         it more units"
                    ),
                    again_at: Some(at),
                }),
            }
        }
        (Setting::Endpoint { .. }, Setting::Endpoint { instances, scaling }) => {
            let range = scaling.map_or(1..=MOST_INSTANCES, |range| range.min.max(1)..=range.max);
            let well = range.contains(&instances) && *range.end() <= MOST_INSTANCES;
            if well && scaling.is_none_or(|range| range.min >= 1) {
                return Ok(());
            }
            let words = format!(
                "an endpoint has from 1 to {MOST_INSTANCES} instances, and where it is scaled by itself, from its least to its most"
            );
            Err(objection("OUT_OF_RANGE", words))
        }
        _ => Err(objection("OUT_OF_RANGE", "this is no setting of such a resource")),
    }
}

fn check_units(capacity: Capacity, scaling: Option<TableScaling>) -> Result<(), Objection> {
    let wrong = |words: String| Err(objection("OUT_OF_RANGE", words));
    let Capacity::Provisioned { read, write } = capacity else {
        return match scaling {
            None => Ok(()),
            Some(_) => {
                wrong("a table that is paid by the request is not scaled: leave scaling out".to_owned())
            }
        };
    };
    for (what, units, range) in
        [("read", read, scaling.map(|all| all.read)), ("write", write, scaling.map(|all| all.write))]
    {
        let range = range.unwrap_or(UnitRange { min: 1, max: MOST_UNITS });
        if !(1 <= range.min && range.min <= units && units <= range.max && range.max <= MOST_UNITS) {
            return wrong(format!(
                "{what} units are from 1 to {MOST_UNITS}, and where the table is scaled by itself, from its least to its most"
            ));
        }
    }
    match scaling {
        Some(scaling) if !(20..=90).contains(&scaling.target) => {
            wrong("the target is from 20 to 90 of 100 units in use".to_owned())
        }
        _ => Ok(()),
    }
}

fn after(setting: Setting, action: Action) -> Setting {
    match (setting, action) {
        (_, Action::Reserve(reserved)) => Setting::Function { reserved },
        (_, Action::Throttle(throttle)) => Setting::UsagePlan(throttle),
        (Setting::Table { scaling, .. }, Action::Capacity(capacity)) => Setting::Table { capacity, scaling },
        (Setting::Table { capacity, .. }, Action::TableScaling(scaling)) => {
            Setting::Table { capacity, scaling }
        }
        (Setting::Endpoint { scaling, .. }, Action::Instances(instances))
        | (Setting::Endpoint { instances, .. }, Action::EndpointScaling(scaling)) => {
            Setting::Endpoint { instances, scaling }
        }
        (setting, _) => setting,
    }
}

fn sentence(action: Action) -> String {
    match action {
        Action::Reserve(Some(reserved)) => format!("keep {reserved} concurrent runs for the function alone"),
        Action::Reserve(None) => "keep nothing for the function alone".to_owned(),
        Action::Capacity(Capacity::OnDemand) => "have the table paid by the request".to_owned(),
        Action::Capacity(Capacity::Provisioned { read, write }) => {
            format!("keep {read} read and {write} write units a second ready")
        }
        Action::TableScaling(None) | Action::EndpointScaling(None) => "end auto scaling".to_owned(),
        Action::TableScaling(Some(TableScaling { read, write, target })) => format!(
            "scale reads from {} to {} and writes from {} to {} units, at {target} of 100 in use",
            read.min, read.max, write.min, write.max
        ),
        Action::Instances(instances) => format!("ask for {instances} instances"),
        Action::EndpointScaling(Some(range)) => {
            format!("scale from {} to {} instances", range.min, range.max)
        }
        Action::Throttle(Throttle { rate, burst }) => {
            format!("let in {rate} requests a second, {burst} at once")
        }
    }
}

fn monthly(seen: &Seen, setting: &Setting) -> Option<Usd> {
    match *setting {
        Setting::Table { capacity: Capacity::Provisioned { read, write }, .. } => {
            Some(bill::provisioned_month(read, write))
        }
        Setting::Endpoint { instances, .. } => {
            let instance_type = seen.instance_type.clone()?;
            let spec = Spec::Endpoint { instance_type, min: instances, max: instances, scale_in_cooldown: 0 };
            Some(prices::monthly(&spec)).filter(|cost| *cost > Usd::ZERO)
        }
        _ => None,
    }
}

fn notes(to: &Setting, undoable_from: Option<Timestamp>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(from) = undoable_from {
        notes.push(format!("it can be undone from {from} on: a table goes to on-demand once in 24 hours"));
    }
    match to {
        Setting::UsagePlan(throttle) => {
            if throttle.rate > ACCOUNT.rate || throttle.burst > ACCOUNT.burst {
                notes.push(format!(
                    "all APIs of an account together get {} requests a second, {} at once, unless its quota was raised",
                    ACCOUNT.rate, ACCOUNT.burst
                ));
            }
            notes.push(
                "the next deployment with another IopsApiRateLimit or IopsApiBurstLimit sets it anew"
                    .to_owned(),
            );
        }
        Setting::Table { scaling: Some(_), .. } | Setting::Endpoint { scaling: Some(_), .. } => {
            notes.push(
                "what it costs moves with its scaling: said is what the setting asked for costs".to_owned(),
            );
        }
        _ => {}
    }
    notes
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
