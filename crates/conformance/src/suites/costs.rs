//! What [`Costs`] promises.

use crate::case::{Case, Checked, cases, equal};
use crate::stage::Stage;
use capstan_core::money::Usd;
use capstan_core::ports::{Clock, Costs};

pub(super) fn cases<P: Costs + Clock>() -> Vec<Case<P>> {
    cases! { "Costs":
        a_tenant_that_was_not_billed_cost_nothing [month_to_date],
        what_was_billed_is_told [month_to_date],
    }
}

async fn a_tenant_that_was_not_billed_cost_nothing<P: Costs + Clock>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    equal("nothing", &ports.month_to_date(&stage.tenant(9)?, ports.now()).await?, &Usd::ZERO)
}

async fn what_was_billed_is_told<P: Costs + Clock>(ports: &P, stage: &Stage<'_>) -> Checked {
    let tenant = stage.tenant(1)?;
    let billed = stage.backstage().bill(&tenant).await?;
    equal("the bill", &ports.month_to_date(&tenant, ports.now()).await?, &billed)
}
