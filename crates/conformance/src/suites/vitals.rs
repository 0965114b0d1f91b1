//! What [`Vitals`] promises.

use crate::case::{Case, Checked, cases, equal, there};
use crate::stage::Stage;
use capstan_core::ports::{Table, Vitals};

pub(super) fn cases<P: Vitals>() -> Vec<Case<P>> {
    cases! { "Vitals":
        a_function_that_is_not_there_is_none [function_vitals],
        a_table_is_active [table_vitals],
        a_stream_that_nobody_reads_has_no_age [stream_age],
    }
}

async fn a_function_that_is_not_there_is_none<P: Vitals>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("the function", &ports.function_vitals(&stage.name("none")).await?, &None)
}

async fn a_table_is_active<P: Vitals>(ports: &P, _: &Stage<'_>) -> Checked {
    for table in [Table::IopsMetrics, Table::IopsInsights, Table::IopsControl] {
        let seen = there(table.name(), ports.table_vitals(table).await?)?;
        equal(table.name(), &seen.status.as_str(), &"ACTIVE")?;
    }
    Ok(())
}

async fn a_stream_that_nobody_reads_has_no_age<P: Vitals>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("the age", &ports.stream_age(&stage.name("none")).await?, &None)
}
