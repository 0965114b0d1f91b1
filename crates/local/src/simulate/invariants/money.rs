//! Nothing is billed that no entry of the register accounts for, and nobody pays for another.

use super::Promise;
use crate::simulate::watch::Watch;
use sim::World;

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    let mut wrong = None;
    for bill in world.bills() {
        let resource = format!("{}/{}", bill.kind, bill.name);
        let until = bill.until.unwrap_or_else(|| world.now());
        if until < watch.began || watch.orphans.has(&resource) {
            continue;
        }
        let from = bill.from.max(watch.began);
        let spans = watch.registered.get(&resource).map(Vec::as_slice).unwrap_or_default();
        let covered = spans.iter().any(|span| {
            Some(span.tenant.as_str()) == bill.tenant
                && span.from <= from
                && span.until.is_none_or(|end| end >= until)
        });
        if !covered {
            wrong = Some(format!(
                "{resource} was billed to {:?} from {from} to {until}, and the register had it {spans:?}",
                bill.tenant
            ));
        }
    }
    if let Some(what) = wrong {
        watch.violated(Promise::Money, world.now(), what);
    }
}
