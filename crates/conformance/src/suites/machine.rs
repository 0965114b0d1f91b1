//! What [`Clock`] and [`Entropy`] promise.

use crate::case::{Case, Checked, cases, holds};
use crate::stage::Stage;
use capstan_core::ports::{Clock, Entropy};

pub(super) fn cases<P: Clock + Entropy>() -> Vec<Case<P>> {
    let mut all = cases! { "Clock": time_goes_on [now, wall], };
    all.extend(cases! { "Entropy": no_two_are_alike [random], });
    all
}

async fn time_goes_on<P: Clock + Entropy>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (now, wall) = (ports.now(), ports.wall());
    stage.pass().await?;
    holds("no clock goes back", ports.now() >= now && ports.wall() >= wall)
}

async fn no_two_are_alike<P: Clock + Entropy>(ports: &P, _: &Stage<'_>) -> Checked {
    let drawn: std::collections::BTreeSet<[u8; 16]> = (0..1_000).map(|_| ports.random()).collect();
    holds("a thousand draws, a thousand values", drawn.len() == 1_000)
}
