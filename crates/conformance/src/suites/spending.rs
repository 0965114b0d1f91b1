//! What [`Spending`] promises.

use crate::case::{Case, Checked, cases, holds};
use crate::stage::Stage;
use capstan_core::money::Usd;
use capstan_core::ports::{Clock, Spending};
use capstan_core::time::Millis;

pub(super) fn cases<P: Spending + Clock>() -> Vec<Case<P>> {
    cases! { "Spending":
        days_are_told_in_order_and_no_others [days_billed],
        what_was_billed_today_is_told [days_billed],
    }
}

async fn days_are_told_in_order_and_no_others<P: Spending + Clock>(ports: &P, _: &Stage<'_>) -> Checked {
    let (from, until) = (ports.now() - Millis::days(2), ports.now());
    let days = ports.days_billed(from, until).await?;
    holds("they are in order", days.is_sorted_by(|one, next| one.day < next.day))?;
    let within = |day: &capstan_core::ports::DayBill| day.day + Millis::days(1) > from && day.day <= until;
    holds("they are those asked for", days.iter().all(within))?;
    holds("at most one a day", days.len() <= 3)
}

async fn what_was_billed_today_is_told<P: Spending + Clock>(ports: &P, stage: &Stage<'_>) -> Checked {
    let before = ports.now() - Millis::days(1);
    let billed = stage.backstage().bill(&stage.tenant(1)?).await?;
    let days = ports.days_billed(before, ports.now()).await?;
    let all: Usd = days.iter().flat_map(|day| day.by_service.values()).copied().sum();
    // Others are billed too.
    holds("it is in the sum", billed > Usd::ZERO && all >= billed)
}
